"""Bootstrap over clusters: patients are drawn, their slices and lesions come along."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def cluster_bootstrap(
    clusters: Sequence[object],
    statistic: Callable[[NDArray[np.intp]], float],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of any statistic under resampling of whole clusters.

    Parameters
    ----------
    clusters
        The cluster (patient) of each observation.
    statistic
        Takes indices of observations (repeats allowed) and returns a number; NaN draws are left out.
    draws
        Number of resamples.

    Returns
    -------
    tuple of float
        Lower and upper limit; NaN when fewer than two clusters are there.
    """
    names, inverse = np.unique(np.asarray(clusters).astype(str), return_inverse=True)
    if names.size < 2:
        return float("nan"), float("nan")
    order = np.argsort(inverse, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    chosen = _chosen(names.size, rng, draws)
    values = np.array([statistic(np.concatenate([members[c] for c in row])) for row in chosen])
    return percentile_interval(values, level)


def cluster_weights(count: int, rng: np.random.Generator, draws: int) -> Floats:
    """How often each of ``count`` clusters comes in each resample, (draws, count).

    The resamples of ``cluster_bootstrap`` with the same generator, for statistics that are made of sums over
    clusters: those need no list of observations, and thousands of resamples are one product of matrices.
    """
    return np.array([np.bincount(row, minlength=count) for row in _chosen(count, rng, draws)], dtype=np.float64)


def ratio_bootstrap(parts: Floats, wholes: Floats, weights: Floats, level: float = 0.95) -> tuple[float, float]:
    """Interval of sum(parts) / sum(wholes), both given per cluster (count,); NaN where one cluster makes up the whole:
    drawing it again and again shows no spread, and an interval of no width would claim to know."""
    if np.count_nonzero(wholes) < 2:
        return float("nan"), float("nan")
    with np.errstate(invalid="ignore", divide="ignore"):
        return percentile_interval((weights @ parts) / (weights @ wholes), level)


def auc_bootstrap(
    pairs: Floats, diseased: Floats, healthy: Floats, weights: Floats, level: float = 0.95
) -> tuple[float, float]:
    """Interval of an area under the ROC curve when whole clusters are drawn.

    Parameters
    ----------
    pairs
        (count, count): how many pairs of a diseased one from cluster p and a healthy one from cluster q are in the
        right order (`merit.roc.cluster_pairs`).
    diseased, healthy
        (count,): how many of them each cluster has. NaN where one cluster has all of a class.
    """
    if min(np.count_nonzero(diseased), np.count_nonzero(healthy)) < 2:
        return float("nan"), float("nan")
    right = ((weights @ pairs) * weights).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return percentile_interval(right / ((weights @ diseased) * (weights @ healthy)), level)


def percentile_interval(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Middle ``level`` of the values that are numbers; NaN when none is."""
    values = values[np.isfinite(values)]
    if values.size == 0:
        return float("nan"), float("nan")
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def _chosen(count: int, rng: np.random.Generator, draws: int) -> NDArray[np.intp]:
    return np.asarray(rng.integers(0, count, (draws, count)), dtype=np.intp)
