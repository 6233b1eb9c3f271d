"""Slices as the network sees them: whole, 320 x 320, patient's right on the left, intensities 0 to 1.

References
----------
Kim 2020 (SEEDS 1.2): no cropping, bicubic when enlarging and area when shrinking [A: which for which]; 1st to
99.5th percentile of the volume's body voxels to 0..1 [A]; matrices that are not square are padded [A].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.study import Pixels
from overread.systems.intensities import body_range, normalise
from overread.systems.resampling import resampling_weights

SIZE = 320


@dataclass(frozen=True, slots=True, eq=False)
class Preparation:
    """How the slices of one volume become network images, and where those images lie.

    ``affine`` places the 320 x 320 pixels: indices (column, row, k) to mm.
    """

    row_weights: NDArray[np.float32]
    column_weights: NDArray[np.float32]
    nearest_row: NDArray[np.intp]
    nearest_column: NDArray[np.intp]
    is_transposed: bool
    low: float
    high: float
    affine: Affine

    def image(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """One slice (rows, columns) of values as the network's image (320, 320)."""
        scaled = normalise(values, self.low, self.high)
        if self.is_transposed:
            scaled = scaled.T
        return np.asarray(self.row_weights @ scaled @ self.column_weights.T, dtype=np.float32)

    def labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A label map of one slice (rows, columns) on the network's pixels, nearest neighbour, 0 in the padding."""
        upright = labels.T if self.is_transposed else labels
        picked: NDArray[np.uint8] = upright[np.ix_(np.maximum(self.nearest_row, 0), np.maximum(self.nearest_column, 0))]
        picked[self.nearest_row < 0, :] = 0
        picked[:, self.nearest_column < 0] = 0
        return picked


def prepare(grid: Grid, pixels: Pixels, size: int = SIZE) -> Preparation:
    """Work out the preparation of a volume from its grid and its decoded pixels."""
    low, high = body_range(pixels)
    return plan(grid, low, high, size)


def plan(grid: Grid, low: float, high: float, size: int = SIZE) -> Preparation:
    """The preparation for known intensity limits. An axial grid may lie turned or mirrored; it is set upright."""
    along_rows, along_columns = grid.affine.direction("j"), grid.affine.direction("i")
    is_transposed = abs(along_columns[0]) < abs(along_rows[0])
    across, down = (along_rows, along_columns) if is_transposed else (along_columns, along_rows)
    row_axis, column_axis = (2, 1) if is_transposed else (1, 2)
    spacing = grid.affine.spacing_mm
    rows = _Axis(grid.shape[row_axis], spacing[row_axis], flipped=bool(down[1] < 0))
    columns = _Axis(grid.shape[column_axis], spacing[column_axis], flipped=bool(across[0] < 0))
    side_mm = max(rows.length_mm, columns.length_mm)
    inner = np.zeros((4, 4))
    row_step, row_start = rows.positions(side_mm, size)
    column_step, column_start = columns.positions(side_mm, size)
    i_row, i_column = (0, 1) if is_transposed else (1, 0)
    inner[i_column, 0], inner[i_column, 3] = column_step, column_start
    inner[i_row, 1], inner[i_row, 3] = row_step, row_start
    inner[2, 2] = inner[3, 3] = 1
    return Preparation(
        resampling_weights(rows.count, size, row_step, row_start),
        resampling_weights(columns.count, size, column_step, column_start),
        _nearest(rows.count, size, row_step, row_start),
        _nearest(columns.count, size, column_step, column_start),
        is_transposed,
        low,
        high,
        grid.affine.then(Affine(inner)),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    count: int
    spacing_mm: float
    flipped: bool

    @property
    def length_mm(self) -> float:
        return self.count * self.spacing_mm

    def positions(self, side_mm: float, size: int) -> tuple[float, float]:
        """Step and start, in voxels of this axis, of the centres of ``size`` pixels over a centred ``side_mm``."""
        step = side_mm / size / self.spacing_mm
        start = (self.count - 1) / 2 - step * (size - 1) / 2
        return (-step, self.count - 1 - start) if self.flipped else (step, start)


def _nearest(count: int, size: int, step: float, start: float) -> NDArray[np.intp]:
    """Nearest input index of each output pixel, -1 in the padding."""
    index = np.rint(start + step * np.arange(size)).astype(np.intp)
    return np.where((index < 0) | (index >= count), -1, index)
