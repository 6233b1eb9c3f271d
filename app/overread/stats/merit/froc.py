"""Areas of free-response studies: lesions against the highest false mark of a case, or against every false mark.

References
----------
Chakraborty 2017 for AFROC, wAFROC and their forms over all cases; Bunch et al. 1978 for FROC.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells, Floats, Placements
from overread.stats.merit.kernel import Sample, each_cell, mean_of_pairs, pair_sums, two_sample_placements


def afroc_cells(data: ReaderData, name: str, is_weighted: bool, over_all: bool) -> Cells:
    """P(lesion rated above the highest false mark of a case) + P(equal) / 2.

    Parameters
    ----------
    is_weighted
        True: lesions by their weights, so that each diseased case counts as much (wAFROC). False: all lesions
        pooled, and their number is the divisor (AFROC).
    over_all
        True: false marks of all cases (AFROC1, wAFROC1); that is defined without healthy cases too. False: of the
        healthy alone.

    Notes
    -----
    Placements go with the weighted figure over the healthy alone: pooled, the number of lesions belongs to the sample,
    and over all cases a case stands on both sides.
    """
    assert data.lesions is not None
    assert data.lesion_ratings is not None
    read, owner, places = data.was_read, data.lesions.case, np.arange(len(data.cases))
    ratings, highest = data.lesion_ratings, highest_false_marks(data)
    lesion_weights = data.lesions.weight if is_weighted else np.ones(owner.size)
    per_case = data.is_diseased.astype(np.float64) if is_weighted else np.bincount(owner, minlength=places.size) * 1.0
    is_row = np.ones(places.size, dtype=bool) if over_all else ~data.is_diseased

    def one(i: int, j: int) -> tuple[float, Floats, Placements | None]:
        rows, kept = read[i, j] & is_row, read[i, j, owner]
        false = Sample(highest[i, j, rows], places[rows], np.ones(np.count_nonzero(rows)))
        true = Sample(ratings[i, j, kept], owner[kept], lesion_weights[kept])
        sums = pair_sums(false, true, places.size, is_shared=over_all)
        value, without = mean_of_pairs(sums, rows.astype(np.float64), np.where(read[i, j], per_case, 0.0))
        is_kernel = is_weighted and not over_all
        return value, without, two_sample_placements(sums, read[i, j], data.is_diseased) if is_kernel else None

    return each_cell(name, data.ratings.shape, read, places, one)


def froc_cells(data: ReaderData, name: str) -> Cells:
    """Sum over single false marks and lesions of psi, over (cases * lesions): not bounded by 1."""
    assert data.lesions is not None
    assert data.lesion_ratings is not None
    read, owner, places = data.was_read, data.lesions.case, np.arange(len(data.cases))
    lesions = np.bincount(owner, minlength=places.size)
    ratings, by_cell = data.lesion_ratings, false_marks_by_cell(data)

    def one(i: int, j: int) -> tuple[float, Floats, Placements | None]:
        case, rating = by_cell[i, j]
        kept = read[i, j, owner]
        true = Sample(ratings[i, j, kept], owner[kept], np.ones(np.count_nonzero(kept)))
        sums = pair_sums(Sample(rating, case, np.ones(case.size)), true, places.size, is_shared=True)
        value, without = mean_of_pairs(sums, read[i, j].astype(np.float64), np.where(read[i, j], lesions, 0.0))
        return value, without, None

    return each_cell(name, data.ratings.shape, read, places, one)


def highest_false_marks(data: ReaderData) -> Floats:
    """(i, j, k): the highest mark on no lesion of each case, -inf without one."""
    assert data.false_marks is not None
    marks, highest = data.false_marks, np.full(data.ratings.shape, -np.inf)
    np.maximum.at(highest, (marks.condition, marks.reader, marks.case), marks.rating)
    return highest


def false_marks_by_cell(data: ReaderData) -> dict[tuple[int, int], tuple[np.ndarray, Floats]]:
    """Cases and ratings of the marks on no lesion, of every condition and reader; one pass over the list."""
    assert data.false_marks is not None
    marks, (conditions, readers, _) = data.false_marks, data.ratings.shape
    cell = marks.condition * readers + marks.reader
    order = np.argsort(cell, kind="stable")
    ends = np.searchsorted(cell[order], np.arange(conditions * readers + 1))
    parts = [order[first:last] for first, last in pairwise(ends)]
    return {divmod(n, readers): (marks.case[part], marks.rating[part]) for n, part in enumerate(parts)}


def lesion_distribution(data: ReaderData) -> dict[int, float]:
    """Share of the diseased cases that have 1, 2, ... lesions."""
    assert data.lesions is not None
    counts = np.bincount(data.lesions.case, minlength=len(data.cases))[data.is_diseased]
    number, cases = np.unique(counts, return_counts=True)
    return {int(n): float(c / counts.size) for n, c in zip(number, cases, strict=True)}
