"""How vessel trees grow: smooth trunks, and recursive bisection of point clouds with Murray tapering (PHANTOM 2.1).

A tree is an array of straight pieces [n, 8]: x, y, z and radius of one end, then of the other, in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import STEP_MM, Field, Lattice

Points = NDArray[np.float64]

SMALLEST_MM = 0.55
"""Branches thinner than this are not followed (PHANTOM 2.1 step 3)."""


_STEPS = tuple(np.linspace(0, 1, count + 1)[:, None] for count in range(12))


@dataclass(frozen=True, slots=True)
class Rule:
    """How one system branches: Murray exponent, reach of a branch, and its split."""

    gamma: float
    reach: float
    is_trunk: bool

    def share(self, part: int, whole: int) -> float:
        """Radius of a branch for ``part`` of ``whole`` terminals, relative to the parent."""
        return float((part / max(whole, 1)) ** (1 / self.gamma))


PORTAL, HEPATIC = Rule(2.75, 0.42, False), Rule(2.6, 0.34, True)


def smooth_path(knots: Points, step_mm: float = 4.0) -> Points:
    """Points every ``step_mm`` on a smooth curve through ``knots`` [n, 3]."""
    from scipy.interpolate import PchipInterpolator

    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    at = np.linspace(0, length[-1], max(int(length[-1] / step_mm), 2) + 1)
    return np.asarray(PchipInterpolator(length, knots)(at))


def pieces_along(path: Points, radii: Points) -> Points:
    """Tapered pieces between consecutive points of a path [n, 3] with its radii [n]."""
    ends = np.concatenate([path, radii[:, None]], axis=1)
    return np.concatenate([ends[:-1], ends[1:]], axis=1)


def tube_through(knots: Points, radii: tuple[float, ...], step_mm: float = 4.0) -> Points:
    """Pieces of a smooth tube through ``knots`` whose radius runs evenly through ``radii``."""
    path = smooth_path(np.asarray(knots, dtype=np.float64), step_mm)
    at = np.linspace(0, len(radii) - 1, len(path))
    return pieces_along(path, np.interp(at, np.arange(len(radii)), radii))


def bend(start: Points, middle: Points, end: Points, radii: tuple[float, float], count: int) -> Points:
    """A quadratic Bezier curve in ``count`` tapered pieces."""
    t = _STEPS[count] if count < len(_STEPS) else np.linspace(0, 1, count + 1)[:, None]
    path = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    return pieces_along(path, radii[0] + (radii[1] - radii[0]) * t[:, 0])


def depth(lattice: Lattice, field: Field, points_mm: Points) -> Points:
    """Distance below the surface of a field at ``points_mm`` [n, 3], between lattice points; negative outside."""
    from scipy.ndimage import map_coordinates

    at = ((points_mm - np.array(lattice.origin_mm)) / STEP_MM)[:, ::-1] - np.array(field.start)
    return -np.asarray(map_coordinates(field.values, at.T, order=1, mode="nearest"), dtype=np.float64)


def terminals(lattice: Lattice, liver: Field, rng: np.random.Generator, count: int, deep_mm: float = 4.5) -> Points:
    """About ``count`` jittered grid points deeper than ``deep_mm`` in the liver: blue enough, and quick."""
    ml = np.count_nonzero(liver.values < -deep_mm) * STEP_MM**3
    spacing = max(float(np.cbrt(max(ml, 1) / count)), 8.0)
    inside = np.argwhere(liver.values < -deep_mm)
    if len(inside) == 0:
        return np.zeros((0, 3))
    low = inside.min(axis=0)[::-1] * STEP_MM + np.array(lattice.origin_mm)
    high = inside.max(axis=0)[::-1] * STEP_MM + np.array(lattice.origin_mm)
    axes = [
        np.arange(a + rng.uniform(0, spacing) - spacing / 2, b + spacing, spacing)
        for a, b in zip(low, high, strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = grid + rng.uniform(-0.36, 0.36, grid.shape) * spacing
    return grid[depth(lattice, liver, grid) > deep_mm]


def branch(
    out: list[Points],
    root: Points,
    heading: Points,
    cloud: Points,
    radius: float,
    *,
    rng: np.random.Generator,
    rule: Rule,
) -> None:
    """Grow towards the middle of ``cloud``, split it across its longest axis, go on with both parts.

    Parameters
    ----------
    out
        Receives the pieces.
    root, heading
        Where the branch leaves its parent, and in which direction, both [3].
    cloud
        Points [n, 3] that it has to supply.
    radius
        Radius at the root.
    """
    if radius < SMALLEST_MM or len(cloud) == 0:
        return
    middle = cloud.mean(axis=0)
    to_middle = middle - root
    length = float(np.sqrt(to_middle @ to_middle))
    share = 0.9 if len(cloud) == 1 else rule.reach
    span = share * length
    end = root + share * to_middle + rng.normal(0, 0.04 * span + 0.3, 3)
    turn = root + heading / (float(np.sqrt(heading @ heading)) + 1e-6) * span * 0.45
    last = radius * (0.85 if len(cloud) == 1 else 0.98)
    out.append(bend(root, turn, end, (radius, last), int(min(max(span / 4.5, 2), 7))))
    if len(cloud) == 1:
        return
    centred = cloud - middle
    along = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
    if rule.is_trunk:
        quantile = rng.uniform(0.12, 0.38)
        along = along if rng.random() < 0.5 else -along
    else:
        quantile = min(max(rng.normal(0.5, 0.16), 0.22), 0.78)
    order = np.argsort(along)
    cut = int(min(max(round(quantile * len(cloud)), 1), len(cloud) - 1))
    for part in (cloud[order[:cut]], cloud[order[cut:]]):
        thin = last * rule.share(len(part), len(cloud))
        branch(out, end, end - turn, part, thin, rng=rng, rule=rule)


def keep_inside(lattice: Lattice, liver: Field, tree: Points, gap_mm: float = 3.0, thick_mm: float = 1.3) -> Points:
    """The tree without thin pieces that come closer than ``gap_mm`` to the surface (PHANTOM 10)."""
    if len(tree) == 0:
        return tree
    near = depth(lattice, liver, tree[:, 4:7]) < gap_mm
    return tree[~(near & (tree[:, 7] < thick_mm))]
