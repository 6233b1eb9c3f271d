"""Sums over pairs of a healthy and a diseased case that the moments of areas under ROC curves are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.reader_data import ReaderData

Floats = NDArray[np.float64]
_HEALTHY, _DISEASED = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """Sums of products of the success scores of two readings, and how many terms each sum has.

    A reading is what one reader rated under one condition. The success score of a pair of cases is 1 where the
    diseased case is rated higher, 1/2 in a tie, 0 otherwise; it is missing where either case was not read.

    Attributes
    ----------
    products, counts
        (4, i, j, i, j): over the same pair of cases; over one diseased and any two healthy cases; over one healthy and
        any two diseased cases; over any two pairs.
    totals, pairs
        (i, j): sum of the scores of one reading, and how many they are.
    shared_healthy, shared_diseased
        (i, j, i, j): cases that were read in both readings.
    """

    products: Floats
    counts: Floats
    totals: Floats
    pairs: Floats
    shared_healthy: Floats
    shared_diseased: Floats


def pair_sums(data: ReaderData) -> PairSums:
    """All sums of a study, by sorting and by matrix products: never over more than one case at a time."""
    shape = (len(data.conditions), len(data.readers))
    ratings = data.ratings.reshape(shape[0] * shape[1], -1)
    healthy, diseased = ratings[:, ~data.is_diseased], ratings[:, data.is_diseased]
    per_diseased = np.stack([_shares(h, d) for h, d in zip(healthy, diseased, strict=True)])
    per_healthy = np.stack([_shares(-d, -h) for h, d in zip(healthy, diseased, strict=True)])
    reads_healthy, reads_diseased = _mask(healthy), _mask(diseased)
    shared_healthy, shared_diseased = reads_healthy @ reads_healthy.T, reads_diseased @ reads_diseased.T
    of_healthy, of_diseased = np.diag(shared_healthy), np.diag(shared_diseased)
    totals, pairs = per_diseased.sum(axis=1), of_healthy * of_diseased
    products = (
        _same_pair(healthy, diseased),
        per_diseased @ per_diseased.T,
        per_healthy @ per_healthy.T,
        np.outer(totals, totals),
    )
    counts = (
        shared_healthy * shared_diseased,
        np.outer(of_healthy, of_healthy) * shared_diseased,
        np.outer(of_diseased, of_diseased) * shared_healthy,
        np.outer(pairs, pairs),
    )
    both = (*shape, *shape)
    return PairSums(
        np.stack(products).reshape(4, *both),
        np.stack(counts).reshape(4, *both),
        totals.reshape(shape),
        pairs.reshape(shape),
        shared_healthy.reshape(both),
        shared_diseased.reshape(both),
    )


def _mask(ratings: Floats) -> Floats:
    return (~np.isnan(ratings)).astype(np.float64)


def _shares(lower: Floats, upper: Floats) -> Floats:
    """For each of ``upper`` how many of ``lower`` it exceeds, ties counted half; 0 for what was not read."""
    ordered = np.sort(lower[~np.isnan(lower)])
    below = np.searchsorted(ordered, upper, side="left") + np.searchsorted(ordered, upper, side="right")
    return np.where(np.isnan(upper), 0.0, below / 2)


def _same_pair(healthy: Floats, diseased: Floats) -> Floats:
    """Sum over pairs of cases of the product of two readings' scores, for every two readings (r, r).

    The one sum that does not part into sums over each class: the cases of a pair must be in order in both readings.
    Twice a score is how often they are, once with ties counted as in order and once not.
    """
    count = len(diseased)
    classes = np.concatenate((np.full(healthy.shape[1], _HEALTHY), np.full(diseased.shape[1], _DISEASED)))
    was_read = ~np.isnan(np.concatenate((healthy, diseased), axis=1))
    ranks = [_ranks(h, d) for h, d in zip(healthy, diseased, strict=True)]
    result = np.zeros((count, count))
    for a in range(count):
        for b in range(a, count):
            kinds = np.where(was_read[a] & was_read[b], classes, 0)
            found = [_in_order(of_a, of_b, kinds) for of_a in ranks[a] for of_b in ranks[b]]
            result[a, b] = result[b, a] = sum(found) / len(found)
    return result


def _ranks(healthy: Floats, diseased: Floats) -> tuple[NDArray[np.intp], ...]:
    """Ranks of all cases, healthy ones first in the list: with the diseased before equal healthy ones, then after.

    Once only where no two of different classes are equal. Cases that were not read come last.
    """
    split = len(healthy)
    after = _rank(np.concatenate((healthy, diseased)))
    before = np.roll(_rank(np.concatenate((diseased, healthy))), split)
    return (after,) if np.array_equal(after, before) else (before, after)


def _rank(values: Floats) -> NDArray[np.intp]:
    rank = np.empty(len(values), dtype=np.intp)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return rank


def _in_order(first: NDArray[np.intp], second: NDArray[np.intp], kinds: NDArray[np.intp]) -> int:
    """How many pairs have the healthy case below the diseased one by both ranks.

    The cases stand by their second rank and are parted by one bit of the first after the other, from the highest. Two
    cases are in order by the first rank exactly if in the block where they part the healthy one goes to the lower
    half; by the second if it stands before the other. As the ranks fill a power of two, all blocks are of one size.
    """
    levels = max(1, (len(kinds) - 1).bit_length())
    cases = np.arange(1 << levels, dtype=np.int64) << 2
    cases[second] = (first << 2) | kinds
    total = 0
    for level in reversed(range(levels)):
        is_upper = (cases & (4 << level)) != 0
        kind = cases & 3
        below = np.cumsum((kind == _HEALTHY) & ~is_upper)
        is_counted = (kind == _DISEASED) & is_upper
        counted = np.cumsum(is_counted)
        ends = slice((2 << level) - 1, None, 2 << level)
        of_block = np.diff(counted[ends], prepend=0)
        total += int(below[is_counted].sum()) - int(of_block[1:] @ below[ends][:-1])
        halves = (cases[~is_upper].reshape(-1, 1 << level), cases[is_upper].reshape(-1, 1 << level))
        cases = np.stack(halves, axis=1).ravel()
    return total
