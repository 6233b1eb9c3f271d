"""Squares to be classified: from regions that were found or given to small pictures of all series.

References
----------
Wang (SEEDS 2.1): people marked lesions by RECIST, which became boxes. [A] A region is enlarged by 1.2, made square and
brought to 128 x 128 pixels.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.geometry import Grid
from overread.core.region import Circle, LesionRegion, Region
from overread.systems.multiphase_characterisation.voting import Found
from overread.systems.resampling import resampling_weights

ENLARGED = 1.2
SIZE = 128
SMALLEST_MM = 4.0
"""A square is never cut smaller than this, whatever a mark says."""
LINK_MM = 15.0
"""Regions on neighbouring slices whose middles lie no farther apart belong to one lesion [A]."""
LINK_SLICES = 2
"""So many slices on still counts as next: a slice has one region, and a false one on it leaves a gap [A]."""


@dataclass(frozen=True, slots=True)
class Square:
    """What is cut out of slice ``k`` of the common grid: ``centre`` row and column, ``edge`` before it is enlarged.

    In pixels. ``score`` is the detectors', None where somebody told the place.
    """

    k: int
    centre: tuple[float, float]
    edge: float
    score: float | None = None


def recist_box(ends_mm: ArrayLike, grid: Grid) -> tuple[int, NDArray[np.float64]]:
    """The box of a RECIST mark: what holds the end points of its diameters.

    Parameters
    ----------
    ends_mm
        (2, 3) end points of the longest diameter, or (4, 3) with those of the short one across it; mm, LPS.
    grid
        Of the volume it was drawn on.

    Returns
    -------
    int
        The slice it lies on.
    ndarray
        Top, left, bottom, right in pixels, a pixel's middle being a whole number. One diameter alone says nothing of
        the width across it: its box is the square round the circle on that diameter.

    Raises
    ------
    ValueError
        There are neither two nor four points, or they do not lie on one slice.
    """
    points = np.asarray(ends_mm, dtype=np.float64)
    if points.shape not in ((2, 3), (4, 3)):
        raise ValueError(f"a mark has two or four end points, not an array of shape {points.shape}")
    index = grid.affine.to_index(points)
    if np.ptp(index[:, 0]) > 1:
        raise ValueError("the end points of a mark lie on one slice")
    k, places = round(float(index[:, 0].mean())), index[:, 1:]
    if len(points) == 2:
        middle, reach = places.mean(axis=0), float(np.linalg.norm(places[1] - places[0])) / 2
        return k, np.concatenate([middle - reach, middle + reach])
    return k, np.concatenate([places.min(axis=0), places.max(axis=0)])


def squares_of(found: Sequence[Found]) -> list[Square]:
    """Squares round regions that the detectors found."""
    return [Square(region.k, region.centre, region.edge, region.score) for region in found]


def squares_in(region: Region, grid: Grid) -> list[Square]:
    """Squares round given circles on the slices of the common grid, lesion by lesion; circles beyond it are left out.

    Where several circles of a lesion fall on one slice, the one that lies nearest to it is taken.
    """
    squares = []
    for lesion in region.lesions:
        nearest: dict[int, tuple[float, Square]] = {}
        for circle in lesion.circles:
            k, row, column = grid.affine.to_index([circle.centre_mm])[0].tolist()
            n = round(k)
            if not (0 <= n < grid.shape[0] and grid.contains([circle.centre_mm])):
                continue
            edge_mm = max(2 * (circle.radius_mm - lesion.margin_mm), SMALLEST_MM)
            square = Square(n, (row, column), edge_mm / grid.affine.spacing_mm[1])
            if n not in nearest or abs(k - n) < nearest[n][0]:
                nearest[n] = abs(k - n), square
        squares += [nearest[n][1] for n in sorted(nearest)]
    return squares


def region_of(found: Sequence[Found], grid: Grid, best: Collection[Found] | None = None) -> Region | None:
    """Found regions as lesions with circles, the surest first; None where there are none.

    Parameters
    ----------
    found
        All regions that were voted for: a lesion is put together before any of its slices is left out.
    best
        The most confident of them: a lesion none of whose regions is among them is left out. None keeps all.

    Returns
    -------
    Region or None
        Lesions by falling sum of their regions' scores: of many slices rather than large on one, since a single false
        box may be of any size.
    """
    lesions: list[list[Found]] = []
    for each in sorted(found, key=lambda region: region.k):
        near = [lesion for lesion in lesions if _links(lesion[-1], each, grid)]
        if near:
            near[-1].append(each)
        else:
            lesions.append([each])
    if best is not None:
        lesions = [lesion for lesion in lesions if any(each in best for each in lesion)]
    lesions.sort(key=lambda lesion: -math.fsum(each.score for each in lesion))
    named = (
        LesionRegion(f"D{n}", tuple(_circle(each, grid) for each in lesion), "detector")
        for n, lesion in enumerate(lesions, start=1)
    )
    return Region(tuple(named)) if lesions else None


def cut(
    planes: NDArray[np.float32], square: Square, size: int = SIZE, enlarged: float = ENLARGED
) -> NDArray[np.float32]:
    """The enlarged square of a slice's planes (n, rows, columns) on ``size`` x ``size`` pixels; beyond the slice 0."""
    edge = square.edge * enlarged
    step = edge / size
    down, across = (
        resampling_weights(count, size, step, middle - step * (size - 1) / 2)
        for count, middle in zip(planes.shape[1:], square.centre, strict=True)
    )
    return np.asarray(np.clip(down @ planes @ across.T, 0, 1), dtype=np.float32)


def _links(before: Found, after: Found, grid: Grid) -> bool:
    rows, columns = (a - b for a, b in zip(after.centre, before.centre, strict=True))
    distance_mm = float(np.hypot(rows, columns)) * grid.affine.spacing_mm[1]
    return 1 <= after.k - before.k <= LINK_SLICES and distance_mm <= LINK_MM


def _circle(found: Found, grid: Grid) -> Circle:
    x, y, z = grid.affine.to_mm([(found.k, *found.centre)])[0].tolist()
    return Circle((x, y, z), max(found.edge * grid.affine.spacing_mm[1], SMALLEST_MM) / 2)
