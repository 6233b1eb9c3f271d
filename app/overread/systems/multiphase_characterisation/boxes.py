"""From a detector's maps to boxes, and from a box's centre to its cell: the only place that knows where cells lie.

A cell covers 4 x 4 input pixels. Pixel p has its middle at p, as everywhere here, so cell c with offset o in [0, 1)
means pixel 4 (c + o) - 0.5 along each axis. Rows come before columns.

References
----------
Zhou 2019 (CenterNet): local maxima among 3 x 3 neighbours are the centres, no other suppression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CELL_PX = 4
"""As ``engines.backbones.dla.STRIDE``, which stands where torch is imported."""
MOST_BOXES = 20
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of one image by falling score.

    Parameters
    ----------
    centres
        (n, 2) row and column in input pixels, a pixel's middle being a whole number.
    sizes
        (n, 2) height and width in input pixels.
    scores
        (n,) in 0..1.
    """

    centres: _Array
    sizes: _Array
    scores: _Array

    def __post_init__(self) -> None:
        count = len(self.scores)
        if self.scores.shape != (count,) or self.centres.shape != (count, 2) or self.sizes.shape != (count, 2):
            raise ValueError("boxes need as many centres and sizes as scores")

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def edges(self) -> _Array:
        """(n, 4): top, left, bottom, right in input pixels; pixel p alone is p - 0.5 to p + 0.5."""
        return np.concatenate((self.centres - self.sizes / 2, self.centres + self.sizes / 2), axis=1)

    def at_least(self, score: float) -> Boxes:
        """Those with this score or more."""
        kept = self.scores >= score
        return Boxes(self.centres[kept], self.sizes[kept], self.scores[kept])


def boxes_of(
    heat: NDArray[np.float32],
    size: NDArray[np.float32],
    offset: NDArray[np.float32],
    most: int = MOST_BOXES,
    at_least: float = 0.0,
) -> Boxes:
    """Boxes of one image from a detector's answer.

    Parameters
    ----------
    heat
        Logits (1, rows, columns).
    size
        Height and width in cells, (2, rows, columns).
    offset
        Of the centre within its cell, down and right, in cells, (2, rows, columns).
    most
        Number of boxes at most; of equal scores those further up, then left, come first.
    at_least
        Lowest score.

    Returns
    -------
    Boxes
        By falling score; negative heights and widths count as 0.
    """
    logits = heat[0].astype(np.float64)
    rows, columns = np.nonzero(logits >= _largest_neighbour(logits))
    order = np.argsort(-logits[rows, columns], kind="stable")[:most]
    rows, columns = rows[order], columns[order]
    cells = np.stack((rows, columns), axis=1).astype(np.float64) + offset[:, rows, columns].T
    sizes: _Array = np.maximum(size[:, rows, columns].T.astype(np.float64), 0.0) * CELL_PX
    scores: _Array = 1 / (1 + np.exp(-np.clip(logits[rows, columns], -500.0, 500.0)))
    return Boxes(CELL_PX * cells - 0.5, sizes, scores).at_least(at_least)


def cells_of(centres: _Array) -> tuple[NDArray[np.intp], _Array]:
    """Cell (n, 2) and offset within it (n, 2) of centres in input pixels: what a detector is to answer for them."""
    at = (np.asarray(centres, dtype=np.float64) + 0.5) / CELL_PX
    cells = np.floor(at)
    return cells.astype(np.intp), at - cells


def _largest_neighbour(values: _Array) -> _Array:
    """The largest of the eight values around each."""
    rows, columns = values.shape
    around = np.pad(values, 1, constant_values=-np.inf)
    shifts = [(r, c) for r in range(3) for c in range(3) if (r, c) != (1, 1)]
    largest: _Array = np.max([around[r : r + rows, c : c + columns] for r, c in shifts], axis=0)
    return largest
