"""Marching squares against what is known of circles and of single cells."""

import numpy as np
import pytest

from overread.viewing.contour import contour_segments, joined


def test_circle_has_the_length_and_radius_of_a_circle():
    rows, columns = np.mgrid[:101, :101]
    distance = np.hypot(rows - 50, columns - 50).astype(np.float32)
    segments = contour_segments(60 - distance, 30.0)
    radii = np.hypot(segments[..., 0] - 50, segments[..., 1] - 50)
    assert radii == pytest.approx(30, abs=0.05)  # linear interpolation of a cone between whole places
    assert np.linalg.norm(segments[:, 0] - segments[:, 1], axis=1).sum() == pytest.approx(2 * np.pi * 30,
                                                                                          rel=0.01)


def test_every_end_meets_another_end():
    values = np.random.default_rng(3).normal(size=(20, 30)).astype(np.float32)
    ends = np.round(contour_segments(values, 0.2).reshape(-1, 2), 4)
    _, counts = np.unique(ends, axis=0, return_counts=True)
    assert np.all(counts % 2 == 0)


def test_map_that_is_high_at_the_border_is_closed_there():
    segments = contour_segments(np.ones((3, 4), dtype=np.float32), 0.5)
    assert len(segments) > 0
    assert segments[..., 0].min() < 0


def test_nothing_above_the_level_has_no_contour():
    assert contour_segments(np.zeros((5, 5), dtype=np.float32), 0.5).shape == (0, 2, 2)


def test_two_islands_become_two_closed_lines_with_every_piece_once():
    values = np.zeros((12, 20), dtype=np.float32)
    values[3:6, 3:6] = values[4:9, 12:17] = 1
    segments = contour_segments(values, 0.5)
    lines = joined(segments)
    assert len(lines) == 2
    assert all(np.array_equal(line[0], line[-1]) for line in lines)
    assert sum(len(line) - 1 for line in lines) == len(segments)


def test_no_pieces_are_no_lines():
    assert joined(np.zeros((0, 2, 2), dtype=np.float32)) == []
