"""ROC figures of merit of plain ratings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells, Floats, Placements
from overread.stats.merit.kernel import Sample, each_cell, mean_of_pairs, pair_sums, two_sample_placements


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


def rating_cells(data: ReaderData, name: str) -> Cells:
    """Area under the ROC curve of the cases' ratings; of marks, of the highest of each case (inferred ROC).

    References
    ----------
    Bamber 1975; Chakraborty 2017 for the inferred rating. An unmarked case ties with another and loses to the rest.
    """
    read, places = data.was_read, np.arange(len(data.cases))

    def one(i: int, j: int) -> tuple[float, Floats, Placements | None]:
        healthy, diseased = (read[i, j] & side for side in (~data.is_diseased, data.is_diseased))
        sides = [Sample(data.ratings[i, j, s], places[s], np.ones(np.count_nonzero(s))) for s in (healthy, diseased)]
        sums = pair_sums(sides[0], sides[1], places.size)
        value, without = mean_of_pairs(sums, healthy.astype(np.float64), diseased.astype(np.float64))
        return value, without, two_sample_placements(sums, read[i, j], data.is_diseased)

    return each_cell(name, data.ratings.shape, read, places, one)
