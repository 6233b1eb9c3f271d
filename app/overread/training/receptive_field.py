"""Where a cell of a trained network really looks: the centre of its squared input gradient.

Even kernels look half a pixel aside; what is left of that after alternating the padding is measured here, goes
into the manifest and is used for placing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from overread.systems.hbp_detection.network import CELL_PX, Kim11
from overread.training.batches import as_input, three_channels

INNER = (5, 15)
"""Cells whose receptive field of 109 pixels lies wholly inside 320 are rows and columns 5 to 14."""


def measure_offset(
    network: Kim11,
    images: NDArray[np.uint8],
    cells: Sequence[tuple[int, int, int]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of (rows, columns), in pixels, from a cell's nominal centre 16 n + 7.5.

    Parameters
    ----------
    images
        uint8 (n, 320, 320).
    cells
        (image, cell row, cell column), at least 50 for a figure that stands.
    """
    offsets = []
    for n, row, column in cells:
        x = three_channels(as_input(images[n : n + 1])).requires_grad_(True)
        _, maps = network(x)
        (maps[0, 1, row, column] - maps[0, 0, row, column]).backward()
        assert x.grad is not None
        weight = x.grad[0].double().pow(2).sum(dim=0)
        total = float(weight.sum())
        if total <= 0:
            continue
        at = torch.arange(weight.shape[0], dtype=torch.float64) - (CELL_PX - 1) / 2
        offsets.append(
            (
                float((weight.sum(dim=1) * at).sum()) / total - CELL_PX * row,
                float((weight.sum(dim=0) * at).sum()) / total - CELL_PX * column,
            )
        )
    found = np.array(offsets)
    return found.mean(axis=0), found.std(axis=0)


def hottest_cells(maps: NDArray[np.float32], count: int) -> list[tuple[int, int, int]]:
    """The hottest inner cell of each map (n, rows, columns), for the ``count`` hottest maps.

    Where a network fires is where its places come from; what a cell over background looks at places nothing.
    """
    low, high = INNER
    inner = maps[:, low:high, low:high].reshape(len(maps), -1)
    order = np.argsort(-inner.max(axis=1), kind="stable")[:count]
    at = inner.argmax(axis=1)
    return [(int(n), low + int(at[n]) // (high - low), low + int(at[n]) % (high - low)) for n in order]
