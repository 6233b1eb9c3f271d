"""Readers that know nothing of HCC."""

from __future__ import annotations

import numpy as np
import pytest

from overread.evaluation.trivial import darkest_of_largest_bright_organ, middle_of_the_stack


def _slice(hole: float | None) -> np.ndarray:
    image = np.zeros((64, 64), np.float32)
    image[8:56, 8:40] = 0.8  # the liver
    image[20:30, 50:60] = 1.0  # something smaller and brighter
    if hole is not None:
        image[20:32, 16:28] = hole
    return image


def test_a_dark_hole_in_the_largest_bright_organ_is_suspicious() -> None:
    healthy, grey, dark = (darkest_of_largest_bright_organ(_slice(h)) for h in (None, 0.4, 0.1))
    assert healthy < grey < dark
    assert dark == pytest.approx(-0.1, abs=0.02)


def test_a_slice_without_a_bright_organ_is_the_least_suspicious() -> None:
    assert darkest_of_largest_bright_organ(np.full((32, 32), 0.2, np.float32)) == -1.0


def test_the_middle_of_the_series_is_the_most_suspicious() -> None:
    scores = [middle_of_the_stack(k, 101) for k in range(101)]
    assert max(scores) == scores[50] == 0
    assert scores[0] == scores[100] == -1
    assert middle_of_the_stack(0, 1) <= 0
