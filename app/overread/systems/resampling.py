"""Slices and volumes on other pixels: matrices of weights for one axis, patches round a place, other grids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid

_CUBIC_A = -0.5


def resampling_weights(count: int, size: int, step: float, start: float) -> NDArray[np.float32]:
    """Matrix (size, count): output pixel n is centred on input position ``start + n * step``.

    Bicubic (Keys, a = -0.5) when enlarging, area when shrinking; output pixels centred outside the
    input are 0 (padding).
    """
    weights = np.zeros((size, count))
    width = abs(step)
    index = np.arange(count)
    for n in range(size):
        centre = start + n * step
        if not -0.5 - 1e-9 <= centre <= count - 0.5 + 1e-9:
            continue
        if width > 1:
            overlap = np.minimum(index + 0.5, centre + width / 2) - np.maximum(index - 0.5, centre - width / 2)
            row = np.clip(overlap, 0, None)
            weights[n] = row / row.sum()
        else:
            first = int(np.floor(centre)) - 1
            for tap in range(first, first + 4):
                weights[n, min(max(tap, 0), count - 1)] += _cubic(centre - tap)
    return weights.astype(np.float32)


def patch(
    values: NDArray[np.float32], grid: Grid, centre_mm: tuple[float, float, float], side_mm: float, size: int
) -> NDArray[np.float32]:
    """A square of a slice, set upright: patient's right on the left, front at the top.

    Parameters
    ----------
    values
        The slice, (rows, columns) of the grid.
    centre_mm
        Middle of the square, mm; its place along the slice's normal does not matter.
    side_mm
        Its edge.
    size
        Pixels along the edge of the result; what lies outside the slice is 0.

    Returns
    -------
    ndarray
        float32 (size, size): bicubic where it enlarges, area means where it shrinks.
    """
    view = upright(grid)
    turned = values.T if view.is_transposed else values
    index = grid.affine.to_index([centre_mm])[0]
    weights = []
    for axis, count, direction in zip(view.axes, turned.shape, view.signs, strict=True):
        step = direction * side_mm / size / grid.affine.spacing_mm[axis]
        weights.append(resampling_weights(count, size, step, index[axis] - step * (size - 1) / 2))
    return np.asarray(weights[0] @ turned @ weights[1].T, dtype=np.float32)


def patch_affine(grid: Grid, k: int, centre_mm: tuple[float, float, float], side_mm: float, size: int) -> Affine:
    """Where the pixels of ``patch`` on slice k lie: indices (column, row, 0) to mm."""
    view = upright(grid)
    down, across = view.signs[0] * view.down, view.signs[1] * view.across
    index = grid.affine.to_index([centre_mm])[0]
    middle = grid.affine.to_mm([(k, index[1], index[2])])[0]
    step = side_mm / size
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = across * step, down * step, grid.affine.matrix[:3, 2]
    matrix[:3, 3] = middle - (size - 1) / 2 * step * (across + down)
    return Affine(matrix)


def onto_grid(values: NDArray[np.float32], source: Grid, target: Grid, outside: float = 0.0) -> NDArray[np.float32]:
    """A volume on the voxels of another grid of the same patient space, linear between voxel centres.

    Parameters
    ----------
    values
        [k, j, i] of ``source``.
    outside
        For voxels that lie outside the source's outermost voxels by more than half a voxel.

    Returns
    -------
    ndarray
        float32 [k, j, i] of ``target``.
    """
    from scipy import ndimage

    result = np.empty(target.shape, dtype=np.float32)
    rows, columns = (axis.ravel() for axis in np.meshgrid(*(np.arange(n) for n in target.shape[1:]), indexing="ij"))
    limits = np.array(source.shape) - 0.5
    for k in range(target.shape[0]):
        mm = target.affine.to_mm(np.stack([np.full(rows.shape, k), rows, columns], axis=1))
        index = source.affine.to_index(mm)
        inside = np.all((index > -0.5 - 1e-6) & (index < limits + 1e-6), axis=1)
        taken = ndimage.map_coordinates(values, index.T, order=1, mode="nearest", prefilter=False)
        result[k] = np.where(inside, taken, outside).reshape(target.shape[1:])
    return result


def crossed(source: Grid, target: Grid, k: int, slack: float = 0.0) -> range:
    """Slices of ``source`` that slice k of ``target`` lies between; empty where it lies beyond them.

    Parameters
    ----------
    slack
        In slices: what reaches past a slice by no more than this does not cross the next one.
    """
    rows, columns = target.shape[1] - 1, target.shape[2] - 1
    corners = target.affine.to_mm([(k, j, i) for j in (0, rows) for i in (0, columns)])
    heights = source.affine.to_index(corners)[:, 0]
    last = source.shape[0] - 1
    if heights.max() < -0.5 or heights.min() > last + 0.5:
        return range(0)
    low, high = np.clip([np.floor(heights.min() + slack), np.ceil(heights.max() - slack)], 0, last).astype(int)
    return range(int(low), int(high) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Upright:
    """How a slice is set upright: which index axes (0 k, 1 j, 2 i) run down and across, and whither they point.

    ``signs`` (down, across) are -1 where the index falls towards the back or towards the patient's left.
    """

    is_transposed: bool
    axes: tuple[int, int]
    down: NDArray[np.float64]
    across: NDArray[np.float64]

    @property
    def signs(self) -> tuple[int, int]:
        return (-1 if self.down[1] < 0 else 1), (-1 if self.across[0] < 0 else 1)


def upright(grid: Grid) -> Upright:
    """How the slices of a grid are set upright."""
    along_j, along_i = grid.affine.direction("j"), grid.affine.direction("i")
    if abs(along_i[0]) < abs(along_j[0]):
        return Upright(True, (2, 1), along_i, along_j)
    return Upright(False, (1, 2), along_j, along_i)


def _cubic(distance: float) -> float:
    """Cubic convolution kernel (Keys 1981), a = -0.5, which keeps straight ramps straight."""
    x = abs(distance)
    if x <= 1:
        return (_CUBIC_A + 2) * x**3 - (_CUBIC_A + 3) * x**2 + 1
    if x < 2:
        return _CUBIC_A * (x**3 - 5 * x**2 + 8 * x - 4)
    return 0.0
