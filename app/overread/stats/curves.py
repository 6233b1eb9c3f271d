"""Operating curves: ROC of single ratings, FROC and AFROC of marks, means of curves, bands by resampling patients."""

from __future__ import annotations

from collections.abc import Sequence
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

    The unmarked (-inf) are a last point of their own; NaN stands for the axis of a class without a case.

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
    if ratings.size == 0:
        return Curve(np.array([0.0, np.nan]), np.array([0.0, np.nan]), np.array([np.inf, -np.inf]))
    order = np.argsort(-ratings, kind="stable")
    last = np.append(np.flatnonzero(ratings[order][1:] != ratings[order][:-1]), ratings.size - 1)
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
    y = _called(found, np.ones(found.size), thresholds) / max(lesions, 1)
    x = _called(wrong, np.ones(wrong.size), thresholds) / max(cases, 1)
    return Curve(np.append(0.0, x), np.append(0.0, y), np.append(np.inf, thresholds))


def afroc_curve(lesion_ratings: ArrayLike, highest_false: ArrayLike, weights: ArrayLike | None = None) -> Curve:
    """Share of the lesions found against the share of cases with a false mark; a straight line closes it at (1, 1).

    Parameters
    ----------
    lesion_ratings
        Highest mark on each lesion (l,), -inf unmarked.
    highest_false
        Highest mark on no lesion of each case of the axis (k,), -inf without one.
    weights
        What each lesion counts (l,), for the weighted curve; None for all alike.

    Returns
    -------
    Curve
        NaN without a lesion, or without a case on the axis. The area is ``wafroc-auc`` and its kin.

    References
    ----------
    Chakraborty and Winter 1990; weighted: Chakraborty 2017.
    """
    true, false = np.asarray(lesion_ratings, dtype=np.float64), np.asarray(highest_false, dtype=np.float64)
    weight = np.ones(true.size) if weights is None else np.asarray(weights, dtype=np.float64)
    values = np.concatenate([true, false])
    thresholds = np.unique(values[values > -np.inf])[::-1]
    if values.size == 0 or (values == -np.inf).any():
        thresholds = np.append(thresholds, -np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        x = _called(false, np.ones(false.size), thresholds) / np.float64(false.size)
        y = _called(true, weight, thresholds) / weight.sum()
    return Curve(np.append(0.0, x), np.append(0.0, y), np.append(np.inf, thresholds))


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Mean height of several curves at each place, uprights kept; it ends where the shortest of them ends.

    Curves that cannot be told (NaN) are left out of the mean.

    Returns
    -------
    Curve
        Its area is the mean of theirs, as far as it goes. Thresholds are NaN: readers share none.

    References
    ----------
    Chen and Samuelson 2014 (Br J Radiol 87:20140016) on averages of ROC curves that keep the mean area.
    """
    known = [curve for curve in curves if np.isfinite(curve.x).all() and np.isfinite(curve.y).all()]
    if not known:
        return Curve(np.array([0.0, np.nan]), np.array([0.0, np.nan]), np.array([np.nan, np.nan]))
    places = np.unique(np.concatenate([curve.x for curve in known]))
    places = places[places <= min(float(curve.x[-1]) for curve in known)]
    sides = [np.mean([_heights(curve, places, is_top) for curve in known], axis=0) for is_top in (False, True)]
    x, y = np.repeat(places, 2), np.stack(sides, axis=-1).ravel()
    is_new = np.append(True, (np.diff(x) > 0) | (np.diff(y) > 0))[: x.size]
    return Curve(x[is_new], y[is_new], np.full(np.count_nonzero(is_new), np.nan))


def _called(values: Floats, weights: Floats, thresholds: Floats) -> Floats:
    """Weight of the values at or above each threshold."""
    order = np.argsort(values, kind="stable")
    below = np.append(0.0, np.cumsum(weights[order]))
    return np.asarray(below[-1] - below[np.searchsorted(values[order], thresholds, side="left")])


def _heights(curve: Curve, places: Floats, is_top: bool) -> Floats:
    """Height at places within the curve: foot or top of an upright, else on the line."""
    after = np.clip(np.searchsorted(curve.x, places, side="left"), 0, curve.x.size - 1)
    before = np.clip(np.searchsorted(curve.x, places, side="right") - 1, 0, curve.x.size - 1)
    run = curve.x[after] - curve.x[before]
    share = np.divide(places - curve.x[before], run, out=np.zeros_like(places), where=run > 0)
    between = curve.y[before] + share * (curve.y[after] - curve.y[before])
    return np.asarray(np.where(run > 0, between, curve.y[before if is_top else after]))
