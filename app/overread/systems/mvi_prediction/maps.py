"""From the network's cells to a map of the square that was looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.core.heatmap import linear_weights

FINER = 2
"""So many cells of the map along each of the network's."""


def on_the_square(
    cells: NDArray[np.float32], size: int, stride: int, offset_px: tuple[float, float]
) -> NDArray[np.float32]:
    """Activation of cells whose middles do not spread evenly over the square, on a grid that does.

    Parameters
    ----------
    cells
        (rows, columns) of the network's last convolution.
    size
        Edge of the image, pixels.
    stride
        Pixels from one cell's middle to the next one's.
    offset_px
        How far the middle of all cells lies from the middle of the image, down and across.

    Returns
    -------
    ndarray
        float32 (2 rows, 2 columns), linear between the cells' middles; beyond the outermost ones they go on.
    """
    down, across = (_weights(count, size, stride, off) for count, off in zip(cells.shape, offset_px, strict=True))
    return np.asarray(down @ cells @ across.T, dtype=np.float32)


def _weights(count: int, size: int, stride: int, offset: float) -> NDArray[np.float32]:
    pixels = (np.arange(FINER * count) + 0.5) * size / (FINER * count) - 0.5
    first = (size - 1) / 2 + offset - stride * (count - 1) / 2
    return linear_weights(np.clip((pixels - first) / stride, 0, count - 1), count)
