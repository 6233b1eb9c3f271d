"""Random streams that never shift each other, and smooth three-dimensional noise, one plane at a time."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CUBE = 48
"""Lattice points along each side of the periodic cube of white noise."""


def stream(seed: int, name: str) -> np.random.Generator:
    """The random source of one draw: depends on the study's seed and the stream's name, on nothing else."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])))


def pick(rng: np.random.Generator, weights: tuple[float, ...]) -> int:
    """Index drawn with the given weights, which need not add up to one."""
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, rng.random() * edges[-1], side="right").clip(0, len(weights) - 1))


def clipped_normal(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """A normal draw, drawn again while it lies outside ``low`` to ``high``."""
    for _ in range(64):
        value = float(rng.normal(mean, sd))
        if low <= value <= high:
            return value
    return float(np.clip(mean, low, high))


class NoisePlanes:
    """Smooth unit noise of several cell sizes on the pixels of a slice.

    A periodic cube of white noise is blended between two of its planes and spread over the pixels with cubic
    B-spline weights. Weights are scaled so that the standard deviation is 1 at every pixel. Each cell size
    reads the cube at an offset of its own, so that scales are unrelated.

    Parameters
    ----------
    rng
        Source of the cube and the offsets.
    x_mm, y_mm
        Positions of columns and rows.
    cells_mm
        Cell sizes that `plane` may be asked for.
    """

    def __init__(self, rng: np.random.Generator, x_mm: Floats, y_mm: Floats, cells_mm: tuple[float, ...]) -> None:
        self._cube = rng.standard_normal((CUBE, CUBE, CUBE), dtype=np.float32)
        self._offset = {cell: rng.uniform(0, CUBE, 3) for cell in cells_mm}
        self._columns = {cell: _spread(x_mm, cell, self._offset[cell][0]).T.copy() for cell in cells_mm}
        self._rows = {cell: _spread(y_mm, cell, self._offset[cell][1]) for cell in cells_mm}

    def plane(self, cell_mm: float, z_mm: float) -> Floats:
        """Noise [rows, columns] with cells of ``cell_mm`` at the height ``z_mm``."""
        height = z_mm / cell_mm + float(self._offset[cell_mm][2])
        below = int(np.floor(height))
        share = height - below
        norm = float(np.hypot(1 - share, share))
        flat = self._cube[below % CUBE] * ((1 - share) / norm) + self._cube[(below + 1) % CUBE] * (share / norm)
        plane: Floats = self._rows[cell_mm] @ flat @ self._columns[cell_mm]
        return plane


def _spread(position_mm: Floats, cell_mm: float, offset: float) -> Floats:
    """Weights [positions, CUBE] of the periodic lattice, with unit sum of squares in each row."""
    at = position_mm.astype(np.float64) / cell_mm + offset
    low = np.floor(at).astype(np.int64)
    t = at - low
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1)
    weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
    matrix = np.zeros((len(at), CUBE), dtype=np.float32)
    rows = np.arange(len(at))
    for tap in range(4):
        matrix[rows, (low + tap - 1) % CUBE] += weights[:, tap]
    return matrix
