"""The five series on one grid: T2's slices set upright on square pixels, every series a plane of 0 to 1.

References
----------
Wang (SEEDS 2.2, 2.3): detectors look at a series beside T2, the classifier at all five. [A] A plane runs from the 1st
to the 99.5th percentile of its volume's body voxels, since no outline of the liver is known; series are brought
together by where their headers place them, without registration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.progress import SILENT, Progress
from overread.core.study import Pixels
from overread.systems.hbp_detection.prepare import Preparation, plan
from overread.systems.intensities import body_range, normalise
from overread.systems.resampling import crossed, onto_grid

GAMMA = 0.5
"""[A] Planes are raised to this power: beside fluid, the liver and what grows in it are all of one darkness on T2."""
T2 = "t2"
"""The role on whose slices everything is laid."""
SIZE = 256
STAGE = "Bringing the series together"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A volume and how bright it is: values [k, j, i], their grid, and the values that become 0 and 1."""

    values: NDArray[np.float32]
    grid: Grid
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes of all roles on T2's slices.

    ``planes`` is float32 (slices, roles, rows, columns), 0 to 1, 0 where a series does not reach. ``grid`` places its
    pixels, ``roles`` names its planes. ``uncovered`` counts for each role the slices it does not reach at all.
    """

    planes: NDArray[np.float32]
    grid: Grid
    roles: tuple[str, ...]
    uncovered: Mapping[str, int]

    def channels(self, k: int, roles: Sequence[str]) -> NDArray[np.float32]:
        """Planes of some roles on one slice, (roles, rows, columns)."""
        return self.planes[k, [self.roles.index(role) for role in roles]]


def common_plan(grid: Grid, low: float, high: float, size: int = SIZE) -> tuple[Preparation, Grid]:
    """How T2's slices are set upright on ``size`` x ``size`` square pixels, and the grid of those pixels."""
    preparation = plan(grid, low, high, size)
    return preparation, Grid((grid.shape[0], size, size), preparation.affine)


def slice_grid(grid: Grid, k: int) -> Grid:
    """Slice k of a grid as a grid of its own."""
    moved = np.eye(4)
    moved[2, 3] = k
    return Grid((1, *grid.shape[1:]), grid.affine.then(Affine(moved)))


def plane(series: Series, target: Grid, k: int) -> NDArray[np.float32]:
    """A series on slice k of the common grid, (rows, columns), 0 to 1: linear between its voxels, 0 beyond them.

    Only the slices that ``crossed`` names are looked at.
    """
    needed = crossed(series.grid, target, k)
    if not needed:
        return np.zeros(target.shape[1:], dtype=np.float32)
    part = Grid((len(needed), *series.grid.shape[1:]), slice_grid(series.grid, needed.start).affine)
    values = normalise(series.values[needed.start : needed.stop], series.low, series.high)
    return shaded(onto_grid(values, part, slice_grid(target, k))[0])


def shaded(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values of 0 to 1 with the dark ones drawn apart, 0 to 1; what resampling took beyond is cut off."""
    return np.asarray(np.clip(image, 0, 1) ** np.float32(GAMMA), dtype=np.float32)


def t2_plane(preparation: Preparation, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """A slice of T2 itself on the common grid: bicubic where it is enlarged, area means where it shrinks."""
    return shaded(preparation.image(values))


def series_of(pixels: Pixels, grid: Grid) -> Series:
    """A decoded volume as a series; slices that could not be decoded stay as dark as they are."""
    low, high = body_range(pixels)
    return Series(pixels.values(), grid, low, high)


def stack_of(volumes: Mapping[str, Series], size: int = SIZE, progress: Progress = SILENT) -> Stack:
    """All series on T2's slices.

    Parameters
    ----------
    volumes
        By role, in the order of the planes; ``t2`` is among them.
    size
        Pixels along an edge of the common grid.
    """
    reference = volumes[T2]
    preparation, grid = common_plan(reference.grid, reference.low, reference.high, size)
    planes = np.empty((grid.shape[0], len(volumes), size, size), dtype=np.float32)
    for k in range(grid.shape[0]):
        progress.step(STAGE, k, grid.shape[0])
        for n, (role, series) in enumerate(volumes.items()):
            planes[k, n] = t2_plane(preparation, series.values[k]) if role == T2 else plane(series, grid, k)
    uncovered = {
        role: sum(not crossed(series.grid, grid, k) for k in range(grid.shape[0])) for role, series in volumes.items()
    }
    return Stack(planes, grid, tuple(volumes), uncovered)
