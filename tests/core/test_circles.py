"""The smallest circle round points and masks, against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from overread.core.circles import circles_of_mask, smallest_circle
from overread.core.geometry import Affine, Grid

pytestmark = pytest.mark.light

POINTS = st.integers(1, 9).flatmap(
    lambda n: arrays(np.float64, (n, 2), elements=st.integers(-20, 20).map(lambda v: v / 2))
)


def brute_force(points: np.ndarray) -> float:
    """Radius of the smallest of all circles through two or three of the points that hold every one."""
    best = np.inf if len(np.unique(points, axis=0)) > 1 else 0.0
    for a, b in combinations(points, 2):
        best = min(best, _radius_if_holds(points, (a + b) / 2))
    for a, b, c in combinations(points, 3):
        matrix = 2 * np.array([b - a, c - a])
        if abs(np.linalg.det(matrix)) > 1e-9:
            centre = np.linalg.solve(matrix, [b @ b - a @ a, c @ c - a @ a])
            if np.allclose(np.linalg.norm(np.array([a, b, c]) - centre, axis=1).std(), 0, atol=1e-9):
                best = min(best, _radius_if_holds(points, centre))
    return best


def _radius_if_holds(points: np.ndarray, centre: np.ndarray) -> float:
    return float(np.linalg.norm(points - centre, axis=1).max())


@settings(max_examples=150, deadline=None)
@given(POINTS)
def test_it_is_the_smallest_that_holds_all_points(points: np.ndarray) -> None:
    centre, radius = smallest_circle(points)
    assert np.linalg.norm(points - centre, axis=1).max() <= radius + 1e-7
    assert radius == pytest.approx(brute_force(points), abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(POINTS, st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(points: np.ndarray, random: object) -> None:
    order = list(range(len(points)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert smallest_circle(points[order])[1] == pytest.approx(smallest_circle(points)[1], abs=1e-9)


def test_a_mask_gives_a_circle_a_slice_round_its_voxels_corners_and_10_mm() -> None:
    grid = Grid((3, 20, 30), Affine(np.diag([0.5, 2.0, 4.0, 1.0])))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1, 4:8, 10:14] = True  # 8 mm by 2 mm
    mask[2, 5, 11] = True
    (first, circle), (second, single) = circles_of_mask(mask, grid)
    assert (first, second) == (1, 2)
    assert circle.centre_mm == pytest.approx((5.75, 11.0, 4.0))
    assert circle.radius_mm == pytest.approx(np.hypot(4, 1) + 10)
    assert single.radius_mm == pytest.approx(np.hypot(1, 0.25) + 10)


def test_a_ragged_mask_is_held_wholly() -> None:
    rng = np.random.default_rng(3)
    grid = Grid((1, 40, 40), Affine(np.diag([0.7, 0.9, 5.0, 1.0])))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[0, 10:30, 12:33] = rng.random((20, 21)) > 0.6
    ((_, circle),) = circles_of_mask(mask, grid, margin_mm=0.0)
    k, j, i = np.nonzero(mask)
    corners = np.concatenate([np.stack([k, j + dj, i + di], axis=1) for dj in (-0.5, 0.5) for di in (-0.5, 0.5)])
    places = grid.affine.to_mm(corners)[:, :2]
    assert circle.radius_mm == pytest.approx(np.linalg.norm(places - circle.centre_mm[:2], axis=1).max(), abs=1e-9)
