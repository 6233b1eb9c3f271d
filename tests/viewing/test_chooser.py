"""What can run on a study before anything runs: roles, guesses, regions, facts, and the sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from overread.core.facts import Facts
from overread.core.region import Circle, LesionRegion, Region
from overread.core.study import Study
from overread.viewing.chooser import CHOICES, Choice, choice_of, readiness, slots_of

ROLES = ("t2", "t1-pre", "t1-arterial", "t1-portal", "dwi")
REGION = Region((LesionRegion("L1", (Circle((0.0, 0.0, 0.0), 20.0),), "circle", 10.0),))


pytestmark = pytest.mark.usefixtures("only_the_users_bundles")
TRIAGE, MVI = choice_of("noncontrast-triage/t2-dwi"), choice_of("mvi-prediction/image-factors")
POINT = '[operating.default]\nthreshold = 0.4\nchosen_on = "validation"'


def test_every_system_stands_in_the_list_with_every_variant() -> None:
    assert [choice.key for choice in CHOICES] == [
        "hbp-detection", "multiphase-characterisation", "noncontrast-triage/t2-dwi", "noncontrast-triage/t2",
        "noncontrast-triage/tri", "noncontrast-triage/six", "mvi-prediction/image-factors", "mvi-prediction/image",
        "mvi-prediction/svm-factors", "mvi-prediction/svm-both",
    ]  # fmt: skip


def _ready(choice: Choice, study: Study, region: Region | None = REGION, **more: object):  # type: ignore[no-untyped-def]
    return readiness(choice, study, slots_of(choice, study), region, **more)  # type: ignore[arg-type]


def test_without_a_bundle_it_says_that_none_is_installed(own_home: Path, study: Callable[..., Study]) -> None:
    ready = _ready(TRIAGE, study("t2", "dwi"))
    assert not ready.can_run
    assert ready.line == "Cannot run: no bundle of it is installed."


def test_sure_series_take_their_roles_and_it_can_run(install: Callable[..., None], study: Callable[..., Study]) -> None:
    install("noncontrast-triage", "t2-dwi", ("t2", "dwi"))
    ready = _ready(TRIAGE, study("t1-pre", "dwi", "t2"))
    assert ready.line == "Can run"
    assert ready.request is not None
    assert [(role, volume.id) for role, volume in ready.request.volumes] == [("t2", "t2-2"), ("dwi", "dwi-1")]
    assert ready.request.region == REGION
    assert ready.request.variant == "t2-dwi"


def test_every_missing_series_is_named(install: Callable[..., None], study: Callable[..., Study]) -> None:
    install("noncontrast-triage", "t2-dwi", ("t2", "dwi"))
    assert _ready(TRIAGE, study("t1-pre")).reasons == ("No series is known to be T2 and diffusion.",)
    assert _ready(TRIAGE, study("t2")).line == "Cannot run: no series is known to be diffusion."


def test_a_guess_is_put_there_but_needs_a_persons_word(
    install: Callable[..., None], study: Callable[..., Study]
) -> None:
    install("noncontrast-triage", "t2-dwi", ("t2", "dwi"))
    asked = study("t2", "dwi?")
    slots = slots_of(TRIAGE, asked)
    assert [(slot.volume is not None, slot.is_sure) for slot in slots] == [(True, True), (True, False)]
    assert _ready(TRIAGE, asked).line == "Can run once you confirm diffusion"
    chosen = slots_of(TRIAGE, asked, {"dwi": next(v for v in asked.volumes() if v.id == "dwi-1")})
    assert all(slot.is_sure for slot in chosen)


def test_of_two_sure_series_none_is_taken(install: Callable[..., None], study: Callable[..., Study]) -> None:
    install("noncontrast-triage", "t2-dwi", ("t2", "dwi"))
    slots = slots_of(TRIAGE, study("t2", "t2", "dwi"))
    assert slots[0].volume is None


def test_fat_suppressed_t2_stands_in_for_t2(install: Callable[..., None], study: Callable[..., Study]) -> None:
    install("noncontrast-triage", "t2-dwi", ("t2", "dwi"))
    assert _ready(TRIAGE, study("t2-fs", "dwi")).line == "Can run"


def test_the_gates_sentence_stands_there_before_the_run(
    install: Callable[..., None], study: Callable[..., Study]
) -> None:
    install("mvi-prediction", "image-factors", ("ct-arterial",), "CT", point=POINT)
    ready = _ready(MVI, study("ct-arterial", modality="MR"))
    assert not ready.can_run
    assert any("MR" in reason for reason in ready.reasons)


def test_a_system_that_is_told_where_to_look_needs_a_circle(
    install: Callable[..., None], study: Callable[..., Study]
) -> None:
    install("mvi-prediction", "image-factors", ("ct-arterial",), "CT", point=POINT)
    asked = study("ct-arterial", modality="CT")
    assert _ready(MVI, asked, None).reasons == (
        "No lesion is circled on this study: circle it in the Lesion panel (Shift+S).",
    )
    ready = _ready(MVI, asked)
    assert ready.can_run
    assert ready.remarks == ("7 of 7 clinical facts are unknown; training means stand for them.",)


def test_facts_go_with_the_request_and_an_impossible_one_stops_it(
    install: Callable[..., None], study: Callable[..., Study]
) -> None:
    install("mvi-prediction", "image-factors", ("ct-arterial",), "CT", point=POINT)
    asked = study("ct-arterial", modality="CT")
    ready = _ready(MVI, asked, facts=Facts(age_y=60.0))
    assert ready.request is not None
    assert ready.request.facts == Facts(age_y=60.0)
    stopped = _ready(MVI, asked, facts=Facts(), form_error=True)
    assert stopped.reasons == ("The clinical form holds a value that cannot be used.",)
