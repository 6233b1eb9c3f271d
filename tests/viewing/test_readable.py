"""What could be read of all that is open, and what of the shown study alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from overread.core.study import FileCounts, Scan, Study, Volume
from overread.viewing import chooser
from overread.viewing.chooser import choice_of
from overread.viewing.readable import readable, runnable
from overread.viewing.session import Session

pytestmark = pytest.mark.usefixtures("only_the_users_bundles")

POINT = '[operating.default]\nthreshold = 0.4\nchosen_on = "validation"'
HBP, TRIAGE_T2 = choice_of("hbp-detection"), choice_of("noncontrast-triage/t2")


@pytest.fixture
def opened(study: Callable[..., Study]) -> Callable[..., Session]:
    """A session with a study for each tuple of roles, the first volume of the first one shown."""
    def make(*roles: tuple[str, ...]) -> Session:
        session = Session()
        studies = tuple(_own(study(*those), n) for n, those in enumerate(roles))
        session.set_scan(Scan((), FileCounts(), studies, ()))
        session.show(next(studies[0].volumes()))
        return session

    return make


def _own(study: Study, number: int) -> Study:
    """The study with an identity of its own."""
    (series,) = study.series
    volumes = tuple(replace(v, id=f"study{number}-{v.id}") for v in series.volumes)
    return replace(study, study_uid=f"1.2.{number}", series=(replace(series, volumes=volumes),))


def test_every_open_study_is_asked_for_all_of_one_system_and_only_the_shown_one_for_all_systems(
    install: Callable[..., None], opened: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("hbp-detection", "small", ("t1-hbp",), findings="[findings]\nfloor = 0.1\nmost = 50", point=POINT)
    session = opened(("t1-hbp",), ("t1-hbp", "t1-hbp"), ("t2",))
    assert [r.volumes[0][1].id for r in readable(session, HBP)] == [
        "study0-t1-hbp-0", "study1-t1-hbp-0", "study1-t1-hbp-1"
    ]  # fmt: skip
    asked = []
    gate = chooser.gate_answer

    def ask(system: str, volume: Volume, *more: object) -> object:
        asked.append(volume.id)
        return gate(system, volume, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(chooser, "gate_answer", ask)
    assert [r.volumes[0][1].id for r in runnable(session)] == ["study0-t1-hbp-0"]
    assert set(asked) == {"study0-t1-hbp-0"}


def test_a_series_with_fat_suppression_can_be_read_as_t2(
    install: Callable[..., None], opened: Callable[..., Session]
) -> None:
    install("noncontrast-triage", "t2", ("t2",))
    session = opened(("t2-fs", "t1-pre"))
    assert readable(session, TRIAGE_T2) == []  # nothing is circled yet
    session.regions.put(0, (100.0, 100.0), 15.0)
    (request,) = readable(session, TRIAGE_T2)
    assert [(role, volume.id) for role, volume in request.volumes] == [("t2", "study0-t2-fs-0")]
