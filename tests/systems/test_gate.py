"""What hbp-detection does not read, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from overread.core.errors import GateRefusal, InputError
from overread.core.geometry import Affine
from overread.core.roles import Role
from overread.core.study import FrameRef, Series, Study, Volume, VolumeWarning
from overread.systems import choose_volumes
from overread.systems.gate import cautions, refusals

LIMITS = {
    "modality": ["MR"],
    "orientation": ["axial"],
    "slices": {"refuse_below": 8, "warn_below": 30},
    "spacing_mm": {"warn_above": 8.0},
}


def _every(step_mm: float) -> Affine:
    return Affine(np.diag([1.0, 1.0, step_mm, 1.0]))


def _volume(**change: object) -> Volume:
    volume = Volume(
        id="0123456789ab",
        kind="volume",
        shape=(40, 64, 64),
        affine=Affine(np.diag([1.0, 1, 3, 1])),
        orientation="axial",
        slices=tuple(FrameRef(f"f{k}") for k in range(40)),
        role=Role("t1-hbp", 0.95),
        modality="MR",
    )
    return replace(volume, **change)  # type: ignore[arg-type]


def test_an_axial_mr_volume_is_let_in() -> None:
    assert refusals(_volume(), LIMITS) == []
    assert cautions(_volume(), LIMITS) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modality": "CT"}, "it is CT, not MR"),
        ({"modality": None}, "it is of unknown modality, not MR"),
        ({"orientation": "sagittal"}, "its slices are sagittal, not axial"),
        ({"shape": (3, 64, 64)}, "it has 3 slices, fewer than 8"),
        ({"shape": (1, 64, 64)}, "it has 1 slice, fewer than 8"),
        ({"kind": "image", "affine": None}, "its slices have no position in the patient"),
        (
            {"kind": "stack", "warnings": (VolumeWarning("missing-slices", "2 slices are missing after slice 17."),)},
            "its slices form no regular volume (2 slices are missing after slice 17)",
        ),
    ],
)
def test_what_is_not_read_is_said(change: dict[str, object], words: str) -> None:
    assert words in refusals(_volume(**change), LIMITS)


def test_a_volume_file_is_let_in_with_a_caution() -> None:
    volume = _volume(
        modality=None, file_format="volume-file", shape=(20, 64, 64), affine=Affine(np.diag([1.0, 1, 9, 1]))
    )
    assert refusals(volume, LIMITS) == []
    said = " ".join(cautions(volume, LIMITS))
    assert "Only 20 slices" in said
    assert "9.0 mm apart" in said
    assert "does not say whether it is MR" in said


def _study(*volumes: Volume) -> Study:
    return Study("1.2", None, None, (Series("1.2.3", "MR", 1, "x", volumes),))


def test_the_one_sure_volume_is_taken() -> None:
    chosen = choose_volumes(_study(_volume(), _volume(id="other0000000", role=Role("t2", 0.9))), "hbp-detection", {})
    assert [(r, v.id) for r, v in chosen] == [("t1-hbp", "0123456789ab")]


@pytest.mark.parametrize(
    ("volumes", "words"),
    [
        ((_volume(role=Role("t1-hbp", 0.5), description="late"),), r"only a guess \(late\)"),
        ((_volume(role=Role(None)),), r"no volume of this study \(it is MR\) is known to be t1-hbp"),
        ((_volume(), _volume(id="other0000000")), "2 volumes of this study are t1-hbp"),
    ],
)
def test_no_system_starts_on_a_guess(volumes: tuple[Volume, ...], words: str) -> None:
    with pytest.raises(GateRefusal, match=words):
        choose_volumes(_study(*volumes), "hbp-detection", {})


def test_a_persons_word_counts() -> None:
    guess = _volume(role=Role("t1-hbp", 0.5))
    assert choose_volumes(_study(guess), "hbp-detection", {"t1-hbp": guess}) == (("t1-hbp", guess),)


def test_a_role_the_system_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="hbp-detection reads t1-hbp"):
        choose_volumes(_study(_volume()), "hbp-detection", {"t2": _volume()})
