"""Figures of merit that are a ratio of two counts, each case adding to both: shares of cases, of lesions, of marks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells, Floats


def share_cells(
    name: str, tops: ArrayLike, bottoms: ArrayLike, read: NDArray[np.bool_], counts: NDArray[np.bool_]
) -> Cells:
    """Sum of ``tops`` over sum of ``bottoms``.

    Parameters
    ----------
    tops, bottoms
        What each case adds above and below the line, broadcast to (i, j, k).
    read
        (i, j, k): readings that were not made add nothing.
    counts
        (k,): the cases that can change it; the others add nothing.
    """
    used = read & counts
    top, bottom = (np.where(used, part, 0.0) for part in (tops, bottoms))
    whole = top.sum(axis=-1, keepdims=True), bottom.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        values = np.asarray(whole[0] / np.where(whole[1] > 0, whole[1], np.nan))[..., 0]
    cases = np.flatnonzero(counts)
    rest = (whole[1] - bottom)[..., cases]
    can_tell = used[..., cases] & (rest > 0)
    left_out = np.divide((whole[0] - top)[..., cases], rest, out=np.full(rest.shape, np.nan), where=can_tell)
    return Cells(name, values, left_out, cases)


def high_rated_diseased(data: ReaderData, name: str) -> Cells:
    """Share of the diseased cases with any mark (HrSe)."""
    return share_cells(name, data.ratings > -np.inf, 1.0, data.was_read, data.is_diseased)


def unmarked_healthy(data: ReaderData, name: str) -> Cells:
    """Share of the healthy cases without a mark (HrSp)."""
    return share_cells(name, data.ratings == -np.inf, 1.0, data.was_read, ~data.is_diseased)


def lesions_marked(data: ReaderData, name: str) -> Cells:
    """Share of the lesions with a mark (MaxLLF)."""
    assert data.lesions is not None
    assert data.lesion_ratings is not None
    owner, shape = data.lesions.case, data.ratings.shape
    found = np.zeros(shape)
    for i, j in np.ndindex(*shape[:2]):
        found[i, j] = np.bincount(owner, data.lesion_ratings[i, j] > -np.inf, shape[2])
    return share_cells(name, found, np.bincount(owner, minlength=shape[2]), data.was_read, data.is_diseased)


def false_marks_per_healthy(data: ReaderData, name: str) -> Cells:
    """Marks on no lesion per healthy case, on those alone (MaxNLF)."""
    return share_cells(name, _false_counts(data), 1.0, data.was_read, ~data.is_diseased)


def false_marks_per_case(data: ReaderData, name: str) -> Cells:
    """Marks on no lesion per case, over all cases (MaxNLFAllCases)."""
    return share_cells(name, _false_counts(data), 1.0, data.was_read, np.ones(len(data.cases), dtype=bool))


def _false_counts(data: ReaderData) -> Floats:
    assert data.false_marks is not None
    counts = np.zeros(data.ratings.shape)
    marks = data.false_marks
    np.add.at(counts, (marks.condition, marks.reader, marks.case), 1.0)
    return counts
