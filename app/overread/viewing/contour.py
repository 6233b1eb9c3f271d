"""The line at which a map crosses a level (marching squares)."""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
from numpy.typing import NDArray

Segments = NDArray[np.float32]


def contour_segments(values: NDArray[np.float32], level: float) -> Segments:
    """Straight pieces of the contour of ``values`` at ``level``.

    Returns
    -------
    segments
        (n, 2, 2) float32: both ends of each piece as (row, column), whole at the places of ``values``.
        Outside
        counts as below the level, so every contour is closed.

    References
    ----------
    Lorensen and Cline, SIGGRAPH 1987, in two dimensions; in ambiguous squares the high corners are kept
    apart.
    """
    below = np.float32(min(level - 1, float(values.min(initial=level)) - 1))
    padded = np.pad(values.astype(np.float32), 1, constant_values=below)
    high = padded >= level
    corners = (high[:-1, :-1], high[:-1, 1:], high[1:, 1:], high[1:, :-1])
    code = sum((corner.astype(np.uint8) << n for n, corner in enumerate(corners)),
               np.zeros_like(corners[0], np.uint8))
    row, column = np.nonzero((code > 0) & (code < 15))
    if row.size == 0:
        return np.zeros((0, 2, 2), dtype=np.float32)
    ends = _edge_points(padded, row, column, level)
    found = code[row, column]
    pieces = [ends[edges][:, found == kind] for kind, pairs in _PIECES.items() for edges in pairs]
    return np.ascontiguousarray(np.concatenate(pieces, axis=1).transpose(1, 0, 2)) - 1


def joined(segments: Segments) -> list[NDArray[np.float32]]:
    """The pieces joined to lines from end to end; closed ones end where they begin.

    Returns
    -------
    lines
        Each (points, 2) float32 as (row, column).
    """
    ends = [(tuple(a), tuple(b)) for a, b in np.round(segments, 3).tolist()]
    at: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for n, pair in enumerate(ends):
        for end in pair:
            at[end].append(n)
    is_free = [True] * len(ends)
    lines = []
    for start, (first, last) in enumerate(ends):
        if not is_free[start]:
            continue
        is_free[start] = False
        line = deque((first, last))
        for grow, tip in ((line.append, -1), (line.appendleft, 0)):
            while (following := next((n for n in at[line[tip]] if is_free[n]), None)) is not None:
                is_free[following] = False
                near, far = ends[following]
                grow(far if near == line[tip] else near)
        lines.append(np.array(line, dtype=np.float32))
    return lines


def _edge_points(padded: NDArray[np.float32], row: NDArray[np.intp], column: NDArray[np.intp],
                 level: float) -> NDArray[np.float32]:
    """Where the level crosses the top, right, bottom and left edge of each square: (4, squares, 2)."""
    a, b = padded[row, column], padded[row, column + 1]
    d, c = padded[row + 1, column], padded[row + 1, column + 1]

    def share(first: NDArray[np.float32], last: NDArray[np.float32]) -> NDArray[np.float32]:
        span = last - first
        return np.clip((np.float32(level) - first) / np.where(span == 0, 1, span), 0, 1).astype(np.float32)

    top, right, bottom, left = share(a, b), share(b, c), share(d, c), share(a, d)
    return np.stack([
        np.stack([row + 0 * top, column + top], axis=1),
        np.stack([row + right, column + 1 + 0 * right], axis=1),
        np.stack([row + 1 + 0 * bottom, column + bottom], axis=1),
        np.stack([row + left, column + 0 * left], axis=1),
    ]).astype(np.float32)


_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)
_PIECES: dict[int, tuple[list[int], ...]] = {
    1: ([_TOP, _LEFT],), 2: ([_TOP, _RIGHT],), 3: ([_LEFT, _RIGHT],), 4: ([_RIGHT, _BOTTOM],),
    5: ([_TOP, _LEFT], [_RIGHT, _BOTTOM]), 6: ([_TOP, _BOTTOM],), 7: ([_LEFT, _BOTTOM],),
    8: ([_LEFT, _BOTTOM],), 9: ([_TOP, _BOTTOM],), 10: ([_TOP, _RIGHT], [_LEFT, _BOTTOM]),
    11: ([_RIGHT, _BOTTOM],), 12: ([_LEFT, _RIGHT],), 13: ([_TOP, _RIGHT],), 14: ([_TOP, _LEFT],),
}
"""By which corners are high (bit 0 top left, then clockwise): the edges that each piece joins."""
