"""The smallest circle round points or round a mask on each of its slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Grid
from overread.core.region import MASK_MARGIN_MM, Circle

_TOLERANCE = 1e-9
_CORNERS = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)])


def smallest_circle(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Centre (2,) and radius of the smallest circle that holds all points (n, 2), n at least 1.

    References
    ----------
    Welzl 1991, in its form of three nested loops: a point outside the circle so far lies on the edge of the next one.
    """
    places = np.asarray(points, dtype=np.float64)
    middle = places.mean(axis=0)
    order = np.argsort(-((places - middle) ** 2).sum(axis=1), kind="stable")  # the farthest first: few turns
    places = places[order]
    centre, radius = places[0], 0.0
    for i in range(1, len(places)):
        if _outside(places[i], centre, radius):
            centre, radius = _through_one(places[:i], places[i])
    return centre, radius


def circles_of_mask(
    mask: NDArray[np.bool_], grid: Grid, margin_mm: float = MASK_MARGIN_MM
) -> tuple[tuple[int, Circle], ...]:
    """For every slice that the mask touches its index and the smallest circle round its voxels, widened by a margin.

    Parameters
    ----------
    mask
        [k, j, i] of the grid's shape.
    margin_mm
        How far the circle goes beyond the outer corners of the voxels.
    """
    found = []
    _, step_j, step_i = grid.affine.spacing_mm
    for k in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
        corners = (_edge_voxels(mask[k])[:, None, :] + _CORNERS).reshape(-1, 2)
        steps = np.array([step_j, step_i])
        centre, radius = smallest_circle(corners * steps)
        x, y, z = grid.affine.to_mm((k, *(centre / steps).tolist())).tolist()
        found.append((int(k), Circle((x, y, z), radius + margin_mm)))
    return tuple(found)


def _edge_voxels(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """First and last voxel (row, column) of every row: whatever else there is lies between two of them."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows][:, ::-1].argmax(axis=1)
    return np.concatenate([np.stack([rows, first], axis=1), np.stack([rows, last], axis=1)])


def _through_one(points: NDArray[np.float64], edge: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The smallest circle round points with one more on its edge."""
    centre, radius = edge, 0.0
    for i in range(len(points)):
        if _outside(points[i], centre, radius):
            centre, radius = _through_two(points[:i], edge, points[i])
    return centre, radius


def _through_two(
    points: NDArray[np.float64], one: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """The smallest circle round points with two more on its edge."""
    centre = (one + other) / 2
    radius = float(np.linalg.norm(one - centre))
    for point in points:
        if _outside(point, centre, radius):
            centre = _equally_far(one, other, point)
            radius = float(np.linalg.norm(one - centre))
    return centre, radius


def _equally_far(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre of the circle through three points; of three in a row the middle of the two farthest."""
    u, v = b - a, c - a
    twice_area = 2 * (u[0] * v[1] - u[1] * v[0])
    if abs(twice_area) < _TOLERANCE:
        pairs = ((a, b), (a, c), (b, c))
        far = max(pairs, key=lambda pair: float(np.linalg.norm(pair[0] - pair[1])))
        return np.asarray((far[0] + far[1]) / 2)
    squares = np.array([u @ u, v @ v])
    offset = np.array([v[1] * squares[0] - u[1] * squares[1], u[0] * squares[1] - v[0] * squares[0]])
    return np.asarray(a + offset / twice_area)


def _outside(point: NDArray[np.float64], centre: NDArray[np.float64], radius: float) -> bool:
    return float(np.linalg.norm(point - centre)) > radius * (1 + _TOLERANCE) + _TOLERANCE
