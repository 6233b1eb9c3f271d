"""Activation maps of patches, laid together as one coarse map of the volume they were cut from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.heatmap import Heatmap, linear_weights

MOST_CELLS = 256
"""Along an edge of the map: finer cells than this are laid together."""


@dataclass(frozen=True, slots=True, eq=False)
class PatchMap:
    """Activation (rows, columns) of a patch that was cut from slice ``k`` round ``centre_mm`` with edge ``side_mm``.

    The patch stands upright (``systems.resampling.patch``), so row 0 is in front and column 0 on the patient's right.
    """

    k: int
    centre_mm: tuple[float, float, float]
    side_mm: float
    activation: NDArray[np.float32]


def laid_together(patches: Sequence[PatchMap], grid: Grid, volume: str, scale: float) -> Heatmap:
    """One map for all patches of a volume; where they overlap the larger activation stands, elsewhere 0.

    Parameters
    ----------
    grid
        Of the volume; its slices must be axial or nearly so.
    scale
        Activation shown as full colour.
    """
    boxes = np.array([[p.centre_mm[0], p.centre_mm[1], p.side_mm / 2] for p in patches])
    left, top = (boxes[:, :2] - boxes[:, 2:]).min(axis=0)
    right, bottom = (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    cell = min(p.side_mm / max(p.activation.shape) for p in patches)
    cell = max(cell, (right - left) / MOST_CELLS, (bottom - top) / MOST_CELLS)
    columns, rows = math.ceil((right - left) / cell), math.ceil((bottom - top) / cell)
    x, y = left + cell * (np.arange(columns) + 0.5), top + cell * (np.arange(rows) + 0.5)
    values = np.zeros((grid.shape[0], rows, columns), dtype=np.float32)
    for piece in patches:
        height, width = piece.activation.shape
        across = linear_weights((x - piece.centre_mm[0]) / piece.side_mm * width + (width - 1) / 2, width)
        down = linear_weights((y - piece.centre_mm[1]) / piece.side_mm * height + (height - 1) / 2, height)
        laid = down @ piece.activation @ across.T
        np.maximum(values[piece.k], laid, out=values[piece.k])
    matrix = np.eye(4)
    matrix[0, 0] = matrix[1, 1] = cell
    matrix[:3, 2] = 0, 0, grid.affine.matrix[2, 2]  # cells lie in columns of the patient, whatever the stack's tilt
    matrix[:3, 3] = x[0], y[0], grid.affine.matrix[2, 3]
    return Heatmap(values.astype(np.float16), Affine(matrix), volume, scale)
