"""A coarse map of activation with its own place in space, and how it is laid over a volume."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid


@dataclass(frozen=True, slots=True, eq=False)
class Heatmap:
    """Activation of one volume.

    Parameters
    ----------
    values
        [slice k, cell row, cell column], float16, in the network's own unit (logits for hbp-detection).
    affine
        Place of the cell centres: indices (column, row, k) to mm, LPS. One map per slice of the volume: k agrees.
    volume
        Id of the volume it was read from.
    scale
        The activation shown as full colour, the same for all studies.
    """

    values: NDArray[np.float16]
    affine: Affine
    volume: str
    scale: float

    @property
    def sha256(self) -> str:
        """Digest of the values and their place."""
        digest = hashlib.sha256(repr(self.values.shape).encode())
        digest.update(np.ascontiguousarray(self.values, dtype="<f2").tobytes())
        digest.update(np.ascontiguousarray(self.affine.matrix, dtype="<f8").tobytes())
        return digest.hexdigest()

    def on_slice(self, grid: Grid, k: int) -> NDArray[np.float32]:
        """The map of slice k at every voxel of the volume's slice, (rows, columns), bilinear.

        Beyond the outermost cell centres the outermost cells go on for half a cell; voxels farther out are 0.
        The map may lie turned or mirrored on the slice, but its axes are parallel to the slice's.
        """
        rows, columns = grid.shape[1:]
        corners = grid.affine.to_mm([(k, 0, 0), (k, 1, 0), (k, 0, 1)])
        origin, down, right = self.affine.to_index(corners)
        step_down, step_right = (down - origin)[1:], (right - origin)[1:]
        values = self.values[k].astype(np.float32)
        if abs(step_down[0]) + abs(step_right[1]) < abs(step_down[1]) + abs(step_right[0]):
            values, origin = values.T, origin[[0, 2, 1]]
            step_down, step_right = step_down[::-1], step_right[::-1]
        row_weights = linear_weights(origin[1] + step_down[0] * np.arange(rows), values.shape[0])
        column_weights = linear_weights(origin[2] + step_right[1] * np.arange(columns), values.shape[1])
        return np.asarray(row_weights @ values @ column_weights.T, dtype=np.float32)

    def on_grid(self, grid: Grid) -> NDArray[np.float32]:
        """The map at every voxel of the volume, [k, j, i]."""
        return np.stack([self.on_slice(grid, k) for k in range(grid.shape[0])])


def linear_weights(positions: NDArray[np.float64], cells: int) -> NDArray[np.float32]:
    """Matrix (positions, cells) that interpolates linearly between cell centres; rows outside the map are 0."""
    weights = np.zeros((positions.size, cells), dtype=np.float32)
    inside = (positions >= -0.5) & (positions <= cells - 0.5)
    clipped = np.clip(positions, 0, cells - 1)
    low = np.minimum(np.floor(clipped).astype(int), max(cells - 2, 0))
    high = np.minimum(low + 1, cells - 1)
    share = (clipped - low).astype(np.float32)
    at = np.arange(positions.size)
    weights[at, low] += np.where(inside, 1 - share, 0)
    weights[at, high] += np.where(inside, share, 0)
    return weights
