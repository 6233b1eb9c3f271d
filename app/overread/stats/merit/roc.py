"""ROC figures of merit of plain ratings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def roc_auc(diseased: ArrayLike, healthy: ArrayLike) -> float:
    """Area under the empirical ROC curve: P(diseased > healthy) + P(equal) / 2.

    Parameters
    ----------
    diseased, healthy
        Ratings of the two classes, higher is more suspicious. Ties count half.

    Returns
    -------
    float
        NaN when a class is empty.
    """
    positive = np.asarray(diseased, dtype=np.float64)
    negative = np.sort(np.asarray(healthy, dtype=np.float64))
    if positive.size == 0 or negative.size == 0:
        return float("nan")
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    return float((below + not_above).sum() / (2.0 * positive.size * negative.size))


def cluster_pairs(values: ArrayLike, is_diseased: ArrayLike, clusters: ArrayLike, count: int) -> NDArray[np.float64]:
    """Rightly ordered pairs by the clusters they come from; their sum over all pairs is ``roc_auc``.

    Parameters
    ----------
    values
        Ratings (n,).
    is_diseased
        Truth (n,).
    clusters
        Number of the cluster of each, 0 to ``count`` - 1.

    Returns
    -------
    ndarray
        (count, count): diseased of cluster p rated above healthy of cluster q, equal ones half.
    """
    ratings, truth = np.asarray(values, dtype=np.float64), np.asarray(is_diseased, dtype=bool)
    numbers = np.asarray(clusters, dtype=np.intp)
    positive, of_positive = ratings[truth], numbers[truth]
    pairs = np.zeros((count, count))
    for q in np.unique(numbers[~truth]):
        negative = np.sort(ratings[~truth & (numbers == q)])
        below = np.searchsorted(negative, positive, side="left") + np.searchsorted(negative, positive, side="right")
        pairs[:, q] = np.bincount(of_positive, weights=below / 2.0, minlength=count)
    return pairs
