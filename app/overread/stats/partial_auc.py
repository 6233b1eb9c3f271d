"""Areas under a part of an operating curve, and the summaries that go with it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.stats.curves import Curve, roc_curve

Floats = NDArray[np.float64]
Between = Literal["specificity", "sensitivity"]


def partial_area(curve: Curve, low: float, high: float, between: Between = "specificity") -> float:
    """Area under a ROC curve between two specificities, or right of it between two sensitivities.

    Parameters
    ----------
    curve
        From `curves.roc_curve`: points joined by straight lines.
    low, high
        0 <= low < high <= 1.

    Returns
    -------
    float
        At most ``high`` - ``low``; not divided by it. NaN for a curve without points.

    References
    ----------
    McClish 1989; Jiang, Metz and Nishikawa 1996 for high sensitivities.
    """
    if not 0 <= low < high <= 1:
        raise ValueError(f"no range of {between}: {low} to {high}")
    if math.isnan(curve.x[-1]) or math.isnan(curve.y[-1]):
        return math.nan
    if between == "specificity":
        return _under(curve.x, curve.y, 1 - high, 1 - low)
    return _under(1 - curve.y[::-1], 1 - curve.x[::-1], 1 - high, 1 - low)


def mcclish(area: float, low: float, high: float) -> float:
    """A partial area between two specificities, stretched so that chance has 0.5 and the best test 1.

    References
    ----------
    McClish 1989, equation 7.
    """
    width = high - low
    chance = width * (2 - low - high) / 2
    return (1 + (area - chance) / (width - chance)) / 2


def average_precision(values: ArrayLike, is_diseased: ArrayLike) -> float:
    """Mean of the positive predictive value over the steps of sensitivity; NaN without diseased cases.

    Parameters
    ----------
    values
        Ratings (n,).
    is_diseased
        Truth (n,).
    """
    ratings, truth = np.asarray(values, dtype=np.float64), np.asarray(is_diseased, dtype=bool)
    if not truth.any():
        return math.nan
    thresholds = np.unique(ratings)[::-1]
    hits = np.array([np.count_nonzero(ratings[truth] >= t) for t in thresholds])
    called = np.array([np.count_nonzero(ratings >= t) for t in thresholds])
    return float((np.diff(hits, prepend=0) * hits / called).sum() / truth.sum())


def partial_auc(
    values: ArrayLike, is_diseased: ArrayLike, low: float, high: float, between: Between = "specificity"
) -> float:
    """`partial_area` of the empirical curve of ratings (n,)."""
    return partial_area(roc_curve(values, is_diseased), low, high, between)


def _under(x: Floats, y: Floats, start: float, end: float) -> float:
    """Area under the polyline of rising x from ``start`` to ``end``; at a vertical step the inner side counts."""
    inside = (x > start) & (x < end)
    heights = _right_of(x, y, start), *y[inside], _left_of(x, y, end)
    return float(np.trapezoid(heights, (start, *x[inside], end)))


def _right_of(x: Floats, y: Floats, at: float) -> float:
    """Limit of the height from the right: the top of a step there."""
    n = int(np.searchsorted(x, at, side="right"))
    return float(y[-1]) if n == x.size else _line(x, y, n, at)


def _left_of(x: Floats, y: Floats, at: float) -> float:
    """Limit of the height from the left: the foot of a step there."""
    n = int(np.searchsorted(x, at, side="left"))
    return float(y[0]) if n == 0 else _line(x, y, n, at)


def _line(x: Floats, y: Floats, n: int, at: float) -> float:
    return float(y[n - 1] + (y[n] - y[n - 1]) * (at - x[n - 1]) / (x[n] - x[n - 1]))
