"""Unbiased covariance of figures that are means of a kernel over pairs of a healthy and a diseased case."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells
from overread.stats.mrmc.ustat_sums import pair_sums

Floats = NDArray[np.float64]
BLOCK_VALUES = 4_000_000
"""Pairs of all readers and conditions held at once (32 MB)."""
OF_RATINGS = ("roc-auc", "inferred-roc-auc")
OTHERS = ("lroc-auc", "wafroc-auc")


def kernel_covariance(data: ReaderData, cells: Cells) -> Floats:
    """Covariance (i, j, i, j) as a U-statistic: products of pairs that share both, one or no case, each averaged.

    It has no bias, hence it can be negative. Readers who have no case in common get 0.

    Raises
    ------
    InputError
        For a figure that is no such mean.

    References
    ----------
    Gallas 2006 (Acad Radiol 13:353); Gallas, Pennello and Myers 2007 (J Opt Soc Am A 24:B70).
    """
    size = cells.values.size
    read = data.was_read.reshape(size, -1)
    n1 = read[:, ~data.is_diseased].astype(np.float64)
    n2 = read[:, data.is_diseased].astype(np.float64)
    if cells.name in OF_RATINGS:
        sums = pair_sums(data)
        both, by_diseased, by_healthy = (part.reshape(size, size) for part in sums.products[:3])
        total = sums.totals.ravel()
    else:
        both, by_diseased, by_healthy, total = _sums(data, cells.name, size)
    count1, count2 = n1.sum(axis=1), n2.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / (count1 * count2)
    given = np.isfinite(cells.values.ravel())
    if not np.allclose(mean[given], cells.values.ravel()[given], rtol=0, atol=1e-9):
        raise InputError(f"no unbiased covariance of {cells.name}", _WHY, "Use the jackknife or the bootstrap")
    apart = np.outer(total, total) - by_healthy - by_diseased + both
    common1, common2 = n1 @ n1.T, n2 @ n2.T
    other1, other2 = np.outer(count1, count1) - common1, np.outer(count2, count2) - common2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.outer(count1 * count2, count1 * count2)
        joined = (by_healthy + by_diseased - both) / share
        # pairs that share no case estimate the product of the means; those that do must not
        matrix = joined + (other1 * other2 / share - 1) * apart / (other1 * other2)
    return np.asarray(matrix.reshape(*cells.values.shape, *cells.values.shape), dtype=np.float64)


_WHY = "it is no mean over pairs of a diseased and a healthy case, or follows another program's rule"


def _sums(data: ReaderData, name: str, size: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Products of the kernel over the same pair, over pairs with one diseased, with one healthy case in common (c, c),
    and the sum of the kernel (c,)."""
    both = np.zeros((size, size))
    of_healthy = np.zeros((size, int((~data.is_diseased).sum())))
    of_diseased = np.zeros((size, int(data.is_diseased.sum())))
    for rows, block in _kernel_blocks(data, name):
        kernel = np.nan_to_num(block)
        flat = kernel.reshape(size, -1)
        both += flat @ flat.T
        of_diseased[:, rows] = kernel.sum(axis=2)
        of_healthy += kernel.sum(axis=1)
    return both, of_diseased @ of_diseased.T, of_healthy @ of_healthy.T, of_diseased.sum(axis=1)


def _kernel_blocks(data: ReaderData, name: str) -> Iterator[tuple[slice, Floats]]:
    """The kernel (i * j, rows, k1) for some of the diseased cases at a time; NaN where a case was not read."""
    if name not in OTHERS:
        raise InputError(f"no unbiased covariance of {name}", _WHY, "Use the jackknife or the bootstrap")
    cells = data.ratings.shape[0] * data.ratings.shape[1]
    healthy = ~data.is_diseased
    low = _healthy_ratings(data, name)[:, :, healthy].reshape(cells, 1, -1)
    where = np.flatnonzero(data.is_diseased)
    step = max(1, BLOCK_VALUES // max(1, low.size))
    for start in range(0, len(where), step):
        rows = slice(start, min(start + step, len(where)))
        yield rows, _block(data, name, where[rows], low)


def _healthy_ratings(data: ReaderData, name: str) -> Floats:
    if name == "lroc-auc":
        return data.ratings
    marks = data.false_marks
    assert marks is not None
    highest = np.where(data.was_read, -np.inf, np.nan)
    np.maximum.at(highest, (marks.condition, marks.reader, marks.case), marks.rating)
    return highest


def _block(data: ReaderData, name: str, cases: NDArray[np.intp], low: Floats) -> Floats:
    if name == "wafroc-auc":
        lesions, ratings = data.lesions, data.lesion_ratings
        assert lesions is not None
        assert ratings is not None
        chosen = [np.flatnonzero(lesions.case == case) for case in cases]
        return np.stack(
            [
                np.tensordot(_psi(low, ratings[:, :, n].reshape(low.shape[0], -1, 1)), lesions.weight[n], ([1], [0]))
                for n in chosen
            ],
            axis=1,
        )
    assert data.correct is not None
    values = data.correct[:, :, cases].reshape(low.shape[0], -1, 1)
    # a case that was never placed rightly is a miss even against a healthy one without a mark
    return np.where(values == -np.inf, 0.0, _psi(low, values))


def _psi(low: Floats, high: Floats) -> Floats:
    """1 where ``high`` is higher, 1/2 where equal, 0 where lower, NaN where either is."""
    kernel = (high > low) + 0.5 * (high == low)
    return np.where(np.isnan(high) | np.isnan(low), np.nan, kernel)
