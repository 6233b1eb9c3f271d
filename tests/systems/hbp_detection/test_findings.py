"""From maps to candidates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.systems.hbp_detection.findings import find_peaks, group_peaks, sigmoid, to_marks

AFFINE = Affine(np.array([[18.0, 0, 0, -100], [0, 18, 0, -90], [0, 0, 3, 10], [0, 0, 0, 1]]))


def _map(*cells: tuple[int, int, float]) -> np.ndarray:
    values = np.full((20, 20), -2.0, dtype=np.float32)
    for row, column, height in cells:
        values[row, column] = height
    return values


def test_a_single_cell_is_found_at_its_centre_with_its_area() -> None:
    (peak,) = find_peaks(4, 0.9, _map((5, 8, 3.0)), AFFINE)
    assert peak.centre_mm == pytest.approx((-100 + 18 * 8, -90 + 18 * 5, 22.0))
    assert peak.extent_mm == pytest.approx(2 * math.sqrt(18 * 18 / math.pi))
    assert peak.score == 0.9


def test_the_place_is_the_weighted_centroid_above_four_fifths() -> None:
    (peak,) = find_peaks(0, 0.9, _map((5, 8, 4.0), (5, 9, 3.6), (6, 8, 3.0)), AFFINE)
    assert peak.centre_mm[0] == pytest.approx(-100 + 18 * (8 * 4.0 + 9 * 3.6) / 7.6, abs=1e-5)
    assert peak.centre_mm[1] == pytest.approx(-90 + 18 * 5)


def test_a_weaker_peak_carries_its_share_of_the_score() -> None:
    strong, weak = find_peaks(0, 0.8, _map((5, 5, 4.0), (12, 12, 3.0), (15, 3, 2.3)), AFFINE)
    assert (strong.score, weak.score) == (pytest.approx(0.8), pytest.approx(0.6))
    assert weak.centre_mm[0] == pytest.approx(-100 + 18 * 12)


def test_neighbouring_cells_are_one_peak() -> None:
    assert len(find_peaks(0, 0.8, _map((5, 5, 4.0), (6, 6, 3.9)), AFFINE)) == 1


def test_a_map_without_activation_still_has_a_place_but_no_extent() -> None:
    (peak,) = find_peaks(0, 0.1, _map((3, 3, -0.5)), AFFINE)
    assert peak.extent_mm is None
    assert peak.centre_mm[:2] == pytest.approx((-46, -36))


def _runs(
    cells_by_slice: list[list[tuple[int, int, float]]], scores: list[float], floor: float = 0.3
) -> list[list[int]]:
    peaks = [
        find_peaks(k, s, _map(*cells), AFFINE) if cells else []
        for k, (cells, s) in enumerate(zip(cells_by_slice, scores, strict=True))
    ]
    return sorted([p.k for p in run] for run in group_peaks(peaks, floor, 18.0))


def test_consecutive_slices_at_one_place_are_one_candidate() -> None:
    assert _runs([[(5, 5, 3.0)], [(5, 6, 3.0)], [(5, 6, 3.0)]], [0.9, 0.8, 0.7]) == [[0, 1, 2]]


def test_a_slice_below_the_floor_parts_two_candidates() -> None:
    assert _runs([[(5, 5, 3.0)]] * 3, [0.9, 0.2, 0.7]) == [[0], [2]]


def test_a_jump_of_more_than_a_cell_parts_two_candidates() -> None:
    assert _runs([[(5, 5, 3.0)], [(5, 7, 3.0)]], [0.9, 0.9]) == [[0], [1]]


def test_two_places_side_by_side_stay_two_candidates() -> None:
    assert _runs([[(5, 5, 3.0), (12, 12, 3.0)]] * 2, [0.9, 0.9]) == [[0, 1], [0, 1]]


def test_an_oblique_stack_does_not_part_a_candidate() -> None:
    """Slices 12 degrees off: the same cell of neighbouring slices lies 0.6 mm apart in y."""
    a = math.radians(12)
    turned = Affine(
        np.array(
            [
                [18.0, 0, 0, 0],
                [0, 18 * math.cos(a), -3 * math.sin(a), 0],
                [0, 18 * math.sin(a), 3 * math.cos(a), 0],
                [0, 0, 0, 1],
            ]
        )
    )
    peaks = [find_peaks(k, 0.9, _map((5, 5, 3.0)), turned) for k in range(30)]
    (run,) = group_peaks(peaks, 0.3, 18.0)
    assert len(run) == 30


def test_candidates_are_named_by_falling_score_and_cut_at_the_most() -> None:
    peaks = [
        find_peaks(k, score, _map((5, 5, 3.0)), AFFINE) if score else []
        for k, score in enumerate([0.4, 0.0, 0.9, 0.0, 0.6])
    ]
    marks = to_marks(group_peaks(peaks, 0.3, 18.0), "v", most=2)
    assert [(m.id, m.score, m.peak_slice) for m in marks] == [("C1", 0.9, 2), ("C2", 0.6, 4)]


def test_a_candidate_has_the_score_and_place_of_its_best_slice() -> None:
    peaks = [find_peaks(k, s, _map((5, c, 3.0)), AFFINE) for k, (s, c) in enumerate([(0.5, 5), (0.8, 6), (0.6, 6)])]
    (mark,) = to_marks(group_peaks(peaks, 0.3, 18.0), "v")
    assert (mark.score, mark.peak_slice, mark.slices) == (0.8, 1, (0, 1, 2))
    assert mark.centre_mm == pytest.approx((8, 0, 13))


@pytest.mark.parametrize("logit", [-800.0, -3.0, 0.0, 2.0, 800.0])
def test_sigmoid_is_softmax_over_two_classes(logit: float) -> None:
    with np.errstate(over="ignore"):
        assert sigmoid(logit) == pytest.approx(1 / (1 + np.exp(np.float64(-logit))))
