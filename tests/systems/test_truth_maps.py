"""Masks of others as lesions: one rule for training and evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.core.geometry import Affine, Grid
from overread.io.segmentation_reader import SegmentInfo
from overread.phantom import FIRST_LESION
from overread.systems.truth_maps import LARGEST_BESIDE_OTHERS_ML, lesion_segments, lesions_of_mask

GRID = Grid((20, 40, 40), Affine(np.diag([5.0, 5.0, 5.0, 1.0])))


def _mask(*boxes: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(GRID.shape, dtype=np.uint8)
    for n, (value, edge) in enumerate(boxes):
        mask[:edge, :edge, 20 * n : 20 * n + edge] = value
    return mask


def test_every_value_is_a_lesion_and_of_one_value_every_part() -> None:
    several = lesions_of_mask(_mask((7, 2), (3, 3)), GRID, "Case a")
    assert sorted(np.unique(several[several > 0])) == [FIRST_LESION, FIRST_LESION + 1]
    parts = lesions_of_mask(_mask((7, 2), (7, 3)), GRID, "Case a")
    assert sorted(np.unique(parts[parts > 0])) == [FIRST_LESION, FIRST_LESION + 1]


def test_an_organ_beside_a_tumour_is_not_taken_for_a_lesion() -> None:
    organ = _mask((1, 18), (2, 3))
    assert LARGEST_BESIDE_OTHERS_ML < 18**3 * 0.125
    with pytest.raises(InputError, match="value 1 of its mask covers 729 mL"):
        lesions_of_mask(organ, GRID, "Case a cannot be evaluated")


def test_one_large_tumour_alone_is_a_lesion() -> None:
    assert (lesions_of_mask(_mask((1, 18)), GRID, "Case a") == FIRST_LESION).sum() == 18**3


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("liver", "liver_tumor"), [2]),
        (("Hepatocellular carcinoma", "cystic lesion"), [1]),
        (("region 1",), [1]),
        (("liver",), []),
        (("liver", "spleen"), []),
        (("Left Kidney",), []),
        (("Liver without tumor", "x"), []),
    ],
)
def test_segments_are_chosen_by_what_they_are_called(labels: tuple[str, ...], wanted: list[int]) -> None:
    assert lesion_segments([SegmentInfo(n, label, "") for n, label in enumerate(labels, start=1)]) == wanted
