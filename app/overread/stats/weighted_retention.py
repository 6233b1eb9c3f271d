"""`retention.retention_gain` for metrics of weighted cases: all resamples are one product of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.stats import multiclass
from overread.stats.estimate import Estimate
from overread.stats.resampling import cluster_weights, percentile_interval
from overread.stats.retention import SHARE, RetentionGain, surest

Floats = NDArray[np.float64]
WeightedMetric = Callable[[Floats], Floats]
"""Takes how often each case counts (draws, n) and returns a number a draw, NaN for none."""


def weighted_gain(
    confidence: ArrayLike,
    metric: WeightedMetric,
    patients: Sequence[object],
    rng: np.random.Generator,
    share: float = SHARE,
    draws: int = 2000,
    level: float = 0.95,
) -> RetentionGain:
    """Compare the surest share with all cases; the same numbers as `retention_gain` with the same generator.

    Parameters
    ----------
    confidence, patients
        Of each case (n,); NaN is the first to go.
    metric
        Of weighted cases.
    """
    sure = np.where(np.isnan(np.asarray(confidence, dtype=np.float64)), -np.inf, np.asarray(confidence))
    names, number = np.unique(np.asarray(patients).astype(str), return_inverse=True)
    generator = np.random.default_rng(int(rng.integers(2**63)))
    kept = surest(sure, share)
    one = np.zeros((1, sure.size))
    one[0, kept] = 1.0
    values = float(metric(one)[0]), float(metric(np.ones_like(one))[0])
    method = f"bootstrap over patients, {draws} draws"
    if names.size < 2:
        nothing, note = (float("nan"), float("nan")), "no interval: fewer than two patients"
        limits = [nothing] * 3
    else:
        weights, note = cluster_weights(names.size, generator, draws)[:, number], ""
        drawn = metric(weights * _is_kept(sure, weights, share)), metric(weights)
        limits = [percentile_interval(part, level) for part in (*drawn, drawn[0] - drawn[1])]
    three = (*values, values[0] - values[1])
    estimates = [Estimate(value, *ci, method, note) for value, ci in zip(three, limits, strict=True)]
    return RetentionGain(int(kept.size), int(sure.size), float(sure[kept].min()), *estimates)


def weighted_accuracy(is_right: ArrayLike) -> WeightedMetric:
    """Share of the cases (n,) that are right."""
    right = np.asarray(is_right, dtype=np.float64)

    def of(weights: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(weights @ right / weights.sum(axis=1))

    return of


def weighted_macro_f1(truth: ArrayLike, calls: ArrayLike, classes: int) -> WeightedMetric:
    """Mean F1 of the classes that all cases (n,) together hold; one that a draw lacks counts with 0."""
    true, called = np.asarray(truth, dtype=np.intp), np.asarray(calls, dtype=np.intp)
    among = multiclass.has_class(multiclass.confusion(true, called, classes))
    own = np.arange(true.size)
    return lambda weights: multiclass.macro_f1(
        multiclass.resampled_confusion(true, called, classes, own, weights), among
    )


def weighted_auc(values: ArrayLike, is_diseased: ArrayLike) -> WeightedMetric:
    """Area under the ROC curve of ratings (n,), ties counting half."""
    ratings, truth = np.asarray(values, dtype=np.float64), np.asarray(is_diseased, dtype=bool)
    above = ratings[truth][:, None] > ratings[~truth][None, :]
    pairs = above + 0.5 * (ratings[truth][:, None] == ratings[~truth][None, :])

    def of(weights: Floats) -> Floats:
        diseased, healthy = weights[:, truth], weights[:, ~truth]
        with np.errstate(invalid="ignore", divide="ignore"):
            whole = diseased.sum(axis=1) * healthy.sum(axis=1)
            return np.asarray(((diseased @ pairs) * healthy).sum(axis=1) / whole)

    return of


def _is_kept(sure: Floats, weights: Floats, share: float) -> NDArray[np.bool_]:
    """(draws, n): which cases of each resample are among its surest share, ties together."""
    order = np.argsort(-sure, kind="stable")
    running = np.cumsum(weights[:, order], axis=1)
    # as in retention: without the slack 0.7 of ten cases would be eight
    wanted = np.maximum(1.0, np.ceil(share * running[:, -1] - 1e-9))
    last = (running < wanted[:, None]).sum(axis=1)
    return np.asarray(sure[None, :] >= sure[order[last]][:, None])
