"""Boxes from a detector's maps, and cells for boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.engines.backbones.dla import STRIDE
from overread.systems.multiphase_characterisation.boxes import CELL_PX, Boxes, boxes_of, cells_of

Maps = tuple[np.ndarray, np.ndarray, np.ndarray]


def _quiet(rows: int = 16, columns: int = 24) -> Maps:
    """Maps that answer nothing: a heat that falls from the first cell, so that nowhere else is a maximum."""
    heat = -10 - np.add.outer(np.arange(rows), np.arange(columns)).astype(np.float32)
    return heat[None], np.zeros((2, rows, columns), np.float32), np.zeros((2, rows, columns), np.float32)


def _logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


def test_a_cell_is_as_large_as_the_detectors_stride() -> None:
    assert CELL_PX == STRIDE


def test_a_peak_becomes_a_box_in_input_pixels() -> None:
    heat, size, offset = _quiet()
    heat[0, 5, 7] = _logit(0.9)
    size[:, 5, 7], offset[:, 5, 7] = (3.0, 4.5), (0.25, 0.75)
    boxes = boxes_of(heat, size, offset, at_least=0.5)
    np.testing.assert_allclose(boxes.centres, [[4 * 5.25 - 0.5, 4 * 7.75 - 0.5]])
    np.testing.assert_allclose(boxes.sizes, [[12, 18]])
    np.testing.assert_allclose(boxes.scores, [0.9], rtol=1e-6)
    np.testing.assert_allclose(boxes.edges, [[14.5, 21.5, 26.5, 39.5]])


def test_a_neighbour_of_a_higher_peak_is_no_box() -> None:
    heat, size, offset = _quiet()
    heat[0, 5, 7], heat[0, 6, 8], heat[0, 5, 9] = _logit(0.9), _logit(0.8), _logit(0.7)
    assert len(boxes_of(heat, size, offset, at_least=0.5)) == 1  # each has a higher neighbour but the first
    heat[0, 6, 8] = -30
    np.testing.assert_allclose(boxes_of(heat, size, offset, at_least=0.5).scores, [0.9, 0.7], rtol=1e-6)


def test_boxes_come_by_falling_score_and_no_more_than_asked_for() -> None:
    heat, size, offset = _quiet()
    scores = {(2, 2): 0.6, (9, 20): 0.95, (15, 0): 0.7, (0, 23): 0.8}
    for cell, score in scores.items():
        heat[0][cell] = _logit(score)
    np.testing.assert_allclose(boxes_of(heat, size, offset, most=3).scores, [0.95, 0.8, 0.7], rtol=1e-6)
    assert len(boxes_of(heat, size, offset, at_least=0.65)) == 3


def test_maxima_are_those_that_a_loop_over_cells_finds() -> None:
    heat = np.random.default_rng(4).normal(size=(1, 13, 17)).astype(np.float32)
    zeros = np.zeros((2, 13, 17), np.float32)
    boxes = boxes_of(heat, zeros, zeros, most=1000)
    expected = sorted(
        (
            (float(heat[0, r, c]), r, c)
            for r in range(13)
            for c in range(17)
            if heat[0, r, c] == heat[0, max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2].max()
        ),
        reverse=True,
    )
    np.testing.assert_allclose(boxes.centres, [[4 * r - 0.5, 4 * c - 0.5] for _, r, c in expected])


def test_a_size_below_nothing_is_nothing_and_extreme_logits_are_scores() -> None:
    heat, size, offset = _quiet()
    heat[0, 3, 3], heat[0, 9, 9] = 1e6, -1e6
    size[:, 3, 3] = -2
    boxes = boxes_of(heat, size, offset, most=1)
    np.testing.assert_array_equal(boxes.sizes, [[0, 0]])
    assert boxes.scores[0] == 1.0


def test_no_peak_gives_no_box() -> None:
    boxes = boxes_of(*_quiet(), at_least=0.5)
    assert len(boxes) == 0
    assert boxes.edges.shape == (0, 4)


@given(st.lists(st.tuples(st.floats(-0.5, 60), st.floats(-0.5, 90)), min_size=1, max_size=8))
def test_cells_and_offsets_lead_back_to_the_centre(centres: list[tuple[float, float]]) -> None:
    cells, offsets = cells_of(np.array(centres))
    assert ((offsets >= 0) & (offsets < 1)).all()
    np.testing.assert_allclose(CELL_PX * (cells + offsets) - 0.5, centres, atol=1e-9)
    (row, column), (down, right) = cells[0], offsets[0]
    heat, size, offset = _quiet()
    if 0 <= row < 16 and 0 <= column < 24:
        heat[0, row, column], offset[:, row, column] = 5.0, (down, right)
        np.testing.assert_allclose(boxes_of(heat, size, offset, most=1).centres[0], centres[0], atol=1e-5)


def test_boxes_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        Boxes(np.zeros((2, 2)), np.zeros((1, 2)), np.zeros(2))
