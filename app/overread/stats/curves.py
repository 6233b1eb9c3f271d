"""Operating curves: ROC of single ratings, FROC of marks, with a band by resampling patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Points from the strictest threshold to the laxest: (x, y) each, (n,). ROC: false against true positive share."""

    x: Floats
    y: Floats
    thresholds: Floats


def roc_curve(values: ArrayLike, is_diseased: ArrayLike, weights: ArrayLike | None = None) -> Curve:
    """The empirical ROC curve, from (0, 0) to (1, 1); a rating at or above the threshold counts as positive.

    Parameters
    ----------
    values
        Ratings (n,).
    is_diseased
        Truth (n,).
    weights
        How often each counts (n,); None for once.
    """
    ratings, truth = np.asarray(values, dtype=np.float64), np.asarray(is_diseased, dtype=bool)
    weight = np.ones(ratings.size) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(-ratings, kind="stable")
    last = np.append(np.flatnonzero(np.diff(ratings[order])), ratings.size - 1)
    true = np.cumsum((weight * truth)[order])[last]
    false = np.cumsum((weight * ~truth)[order])[last]
    with np.errstate(invalid="ignore", divide="ignore"):
        return Curve(
            np.append(0.0, false / false[-1]),
            np.append(0.0, true / true[-1]),
            np.append(np.inf, ratings[order][last]),
        )


def roc_band(
    values: ArrayLike, is_diseased: ArrayLike, clusters: ArrayLike, weights: Floats, at: Floats, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Lower and upper limit of the true positive share at each false positive share of ``at``, point by point.

    Parameters
    ----------
    clusters
        Number of the cluster of each rating.
    weights
        Resamples (draws, clusters) from `resampling.cluster_weights`.
    """
    numbers = np.asarray(clusters, dtype=np.intp)
    heights = np.empty((len(weights), at.size))
    for row, weight in zip(heights, weights, strict=True):
        curve = roc_curve(values, is_diseased, weight[numbers])
        row[:] = np.interp(at, curve.x, curve.y)
    tail = 50 * (1 - level)
    low, high = np.nanpercentile(heights, [tail, 100 - tail], axis=0)
    return low, high


def froc_curve(hits: ArrayLike, false: ArrayLike, lesions: int, cases: int) -> Curve:
    """Share of the lesions found against false marks per case.

    Parameters
    ----------
    hits, false
        Scores of the marks that hit a lesion, and of those that hit none.
    lesions, cases
        How many there are in all.

    References
    ----------
    Bunch et al. 1978; Chakraborty 2017. The curve ends at the lowest mark: nothing is known below a reader's floor.
    """
    found, wrong = np.asarray(hits, dtype=np.float64), np.asarray(false, dtype=np.float64)
    thresholds = np.unique(np.concatenate([found, wrong]))[::-1]
    y = np.array([np.count_nonzero(found >= t) for t in thresholds]) / max(lesions, 1)
    x = np.array([np.count_nonzero(wrong >= t) for t in thresholds]) / max(cases, 1)
    return Curve(np.append(0.0, x), np.append(0.0, y), np.append(np.inf, thresholds))
