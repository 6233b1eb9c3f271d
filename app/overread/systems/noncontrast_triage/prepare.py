"""From a region to what the network sees: slices of T2 every 10 mm, and the same squares of the other series.

A square is sampled every 0.7 mm in patient space, so that series on other voxels are brought together by origin and
spacing alone, and then enlarged or shrunk to the network's size.

References
----------
Zhen (SEEDS 3.1, 3.2): 0.7 x 0.7 x 10 mm, region drawn on T2 and carried over by origin and spacing, bicubic to the
network's size; [A] square crop, region enlarged by 1.2, 1st to 99.5th percentile per series and volume. [A] The planes
are slices of T2 themselves, those nearest to every 10 mm: no two thick slices are blended. [A] Values are raised to
0.5: beside fluid, the liver and most of what grows in it are of one darkness on T2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.region import MASK_MARGIN_MM, LesionRegion
from overread.systems.intensities import normalise
from overread.systems.resampling import crossed, patch_affine, resampling_weights

_SLACK = 1e-6
"""Of a slice: what rounding leaves of a square that lies on a slice of another series."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How regions are cut: the manifest's ``[region]`` table and the network's size.

    ``enlarge`` is the factor on a circle's diameter, ``margin_mm`` how far every circle is made to reach beyond the
    lesion's edge, ``pixel_mm`` and ``step_mm`` the sampling within and across slices, ``gamma`` the power of values
    0 to 1, ``size`` the edge of an image, px.
    """

    size: int
    enlarge: float = 1.2
    margin_mm: float = MASK_MARGIN_MM
    pixel_mm: float = 0.7
    step_mm: float = 10.0
    gamma: float = 0.5

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Cut:
        """That of a bundle."""
        table = manifest.get("region", {})
        known = {
            name: float(table[name])
            for name in ("enlarge", "margin_mm", "pixel_mm", "step_mm", "gamma")
            if name in table
        }
        return cls(int(manifest["input"]["size"][0]), **known)


@dataclass(frozen=True, slots=True)
class Plane:
    """A square on slice ``k`` of T2: its middle and its edge in mm."""

    k: int
    centre_mm: tuple[float, float, float]
    side_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A series to cut from: where it lies, its slices (rows, columns) by their number, its darkest and brightest."""

    grid: Grid
    slice_values: Callable[[int], NDArray[np.float32]]
    low: float
    high: float


def planes_of(lesion: LesionRegion, grid: Grid, cut: Cut) -> tuple[Plane, ...]:
    """The squares in which a lesion is looked at, evenly from end to end, about every ``step_mm``.

    Parameters
    ----------
    lesion
        Its circles may lie between slices: each goes to the nearest one.
    grid
        Of T2.

    Returns
    -------
    tuple of Plane
        By slice; empty where the whole region lies outside the volume.
    """
    known: dict[int, Plane] = {}
    for circle in lesion.circles:
        if not grid.contains(circle.centre_mm):
            continue
        k = int(np.clip(round(float(grid.affine.to_index(circle.centre_mm)[0])), 0, grid.shape[0] - 1))
        beyond_mm = cut.margin_mm - lesion.margin_mm
        plane = Plane(k, circle.centre_mm, side_of(circle.radius_mm + beyond_mm, cut))
        if k not in known or plane.side_mm > known[k].side_mm:
            known[k] = plane
    if not known:
        return ()
    spacing_mm, slices = grid.affine.spacing_mm[0], np.array(sorted(known))
    extent_mm = float(slices[-1] - slices[0]) * spacing_mm
    count = math.floor(extent_mm / cut.step_mm + 1e-6) + 1
    wanted = slices.mean() if count == 1 else (slices[0] + slices[-1]) / 2
    places = wanted + (np.arange(count) - (count - 1) / 2) * cut.step_mm / spacing_mm
    chosen = {int(slices[np.argmin(np.abs(slices - place))]) for place in places}
    return tuple(known[k] for k in sorted(chosen))


def side_of(radius_mm: float, cut: Cut) -> float:
    """Edge of the square round a circle, in whole pixels of ``pixel_mm``, as mm."""
    return round(max(2, round(2 * radius_mm * cut.enlarge / cut.pixel_mm)) * cut.pixel_mm, 6)


def sampling_of(grid: Grid, plane: Plane, cut: Cut) -> tuple[Affine, int]:
    """Where the square's samples lie, indices (column, row, 0) to mm, and how many there are along its edge."""
    count = round(plane.side_mm / cut.pixel_mm)
    return patch_affine(grid, plane.k, plane.centre_mm, plane.side_mm, count), count


def slices_needed(source: Grid, where: Affine, count: int) -> range:
    """Which slices of a series a square is sampled from; empty where it lies outside."""
    return crossed(source, Grid((1, count, count), where), 0, _SLACK)


def crop(source: Source, where: Affine, count: int, cut: Cut) -> tuple[NDArray[np.float32], float]:
    """The square of a series as the network sees it.

    Parameters
    ----------
    where, count
        As ``sampling_of`` gives them; linear between the series' voxels.

    Returns
    -------
    ndarray
        float32 (size, size), 0 to 1, bicubic where it enlarges, area means where it shrinks; samples outside the
        series are 0.
    float
        The share of samples that lie inside the series.
    """
    from scipy import ndimage

    needed = slices_needed(source.grid, where, count)
    if not needed:
        return np.zeros((cut.size, cut.size), dtype=np.float32), 0.0
    slab = np.stack([source.slice_values(k) for k in needed])
    rows, columns = np.divmod(np.arange(count * count), count)
    mm = where.to_mm(np.stack([np.zeros(rows.shape, dtype=np.intp), rows, columns], axis=1))
    index = source.grid.affine.to_index(mm)
    limits = np.array(source.grid.shape) - 0.5
    inside = np.all((index > -0.5 - 1e-6) & (index < limits + 1e-6), axis=1)
    index[:, 0] -= needed.start
    taken = ndimage.map_coordinates(slab, index.T, order=1, mode="nearest", prefilter=False)
    sampled = np.where(inside, normalise(taken, source.low, source.high), 0).reshape(count, count)
    step = count / cut.size
    weights = resampling_weights(count, cut.size, step, (step - 1) / 2)
    image = np.clip(weights @ sampled.astype(np.float32) @ weights.T, 0, 1) ** np.float32(cut.gamma)
    return np.asarray(image, dtype=np.float32), float(inside.mean())
