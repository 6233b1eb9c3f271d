"""Activation maps of patches, laid together as one coarse map of the volume they were cut from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.heatmap import Heatmap, linear_weights
from overread.systems.resampling import upright

FINER = 4
"""Cells of the map along one of a patch: patches lie anywhere, and none may be moved by as much as its cell."""
MOST_CELLS = 256
"""Along an edge of the map; it is coarser rather than larger."""


@dataclass(frozen=True, slots=True, eq=False)
class PatchMap:
    """Activation (rows, columns) of a patch that was cut from slice ``k`` round ``centre_mm`` with edge ``side_mm``.

    The patch stands upright (``systems.resampling.patch``), so row 0 is in front and column 0 on the patient's right.
    ``beside_mm``: how far, down and across, the cells' middle lies from the patch's.
    """

    k: int
    centre_mm: tuple[float, float, float]
    side_mm: float
    activation: NDArray[np.float32]
    beside_mm: tuple[float, float] = (0.0, 0.0)


def laid_together(patches: Sequence[PatchMap], grid: Grid, volume: str, scale: float) -> Heatmap:
    """One map for all patches of a volume; where they overlap the larger activation stands, elsewhere 0.

    The map's axes are those of the slices set upright, however they lie turned in the patient: patches are cut along
    them.

    Parameters
    ----------
    grid
        Of the volume; its slices must be axial or nearly so.
    scale
        Activation shown as full colour.
    """
    view = upright(grid)
    down_mm, across_mm = (sign * grid.affine.spacing_mm[axis] for sign, axis in zip(view.signs, view.axes, strict=True))
    middles = grid.affine.to_index([p.centre_mm for p in patches])[:, view.axes] * (down_mm, across_mm)
    middles += np.array([p.beside_mm for p in patches])
    halves = np.array([[p.side_mm / 2] for p in patches])
    first, last = (middles - halves).min(axis=0), (middles + halves).max(axis=0)
    cell = min(p.side_mm / max(p.activation.shape) for p in patches) / FINER
    cell = max(cell, *((last - first) / MOST_CELLS))
    rows, columns = (math.ceil(length / cell - 1e-6) for length in last - first)
    y, x = first[0] + cell * (np.arange(rows) + 0.5), first[1] + cell * (np.arange(columns) + 0.5)
    values = np.zeros((grid.shape[0], rows, columns), dtype=np.float32)
    for piece, middle in zip(patches, middles, strict=True):
        height, width = piece.activation.shape
        down = linear_weights((y - middle[0]) / piece.side_mm * height + (height - 1) / 2, height)
        across = linear_weights((x - middle[1]) / piece.side_mm * width + (width - 1) / 2, width)
        np.maximum(values[piece.k], down @ piece.activation @ across.T, out=values[piece.k])
    inner = np.zeros((4, 4))  # column, row and slice of the map to i, j and k of the volume
    i_down, i_across = (2 - axis for axis in view.axes)
    inner[i_across, 0], inner[i_across, 3] = cell / across_mm, x[0] / across_mm
    inner[i_down, 1], inner[i_down, 3] = cell / down_mm, y[0] / down_mm
    inner[2, 2] = inner[3, 3] = 1
    return Heatmap(values.astype(np.float16), grid.affine.then(Affine(inner)), volume, scale)
