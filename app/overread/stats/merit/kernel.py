"""Sums of the pairwise kernel psi over two samples by sorting, and what follows from them for every left-out case.

psi(a, b) is 1 where a < b, 1/2 where they are equal, 0 otherwise; -inf (unmarked) is a value like any other. Nothing
here makes a table of all pairs: with n values the work is that of sorting them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.stats.merit.cells import Cells, Floats, Placements

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Values of one side (n,), the place of the case each comes from (n,), and what each counts (n,)."""

    value: Floats
    case: Places
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """Weighted sums of psi over pairs of a false and a true value, by the cases of a study (k,).

    ``of_false`` sums the pairs whose false value is the case's, ``of_true`` those whose true value is, ``of_both``
    those of which both are.
    """

    of_false: Floats
    of_true: Floats
    of_both: Floats

    @property
    def total(self) -> float:
        """Sum over all pairs."""
        return float(self.of_true.sum())


def pair_sums(false: Sample, true: Sample, count: int, is_shared: bool = False) -> PairSums:
    """Sums of weight * weight * psi(false, true) over all pairs, for each of ``count`` cases.

    Parameters
    ----------
    is_shared
        Whether a case can have values on both sides; only then is ``of_both`` worked out.
    """
    ranks = np.unique(np.concatenate([false.value, true.value]), return_inverse=True)[1].astype(np.intp)
    lower, upper = ranks[: false.value.size], ranks[false.value.size :]
    below = _weight_below(upper, lower, false.weight)
    above = float(true.weight.sum()) - _weight_below(lower, upper, true.weight)
    both = np.zeros(count)
    if is_shared and ranks.size:
        span = int(ranks.max()) + 1
        within = _weight_below(true.case * span + upper, false.case * span + lower, false.weight)
        by_case = _by_case(false, false.weight, count)
        before = np.cumsum(by_case) - by_case
        both = _by_case(true, true.weight * (within - before[true.case]), count)
    return PairSums(
        _by_case(false, false.weight * above, count),
        _by_case(true, true.weight * below, count),
        both,
    )


def _weight_below(values: Places, others: Places, weights: Floats) -> Floats:
    """For each value the weight of the others below it, that of equal ones halved."""
    order = np.argsort(others, kind="stable")
    ordered, sums = others[order], np.append(0.0, np.cumsum(weights[order]))
    left, right = np.searchsorted(ordered, values, side="left"), np.searchsorted(ordered, values, side="right")
    return np.asarray((sums[left] + sums[right]) / 2, dtype=np.float64)


def _by_case(sample: Sample, amounts: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(sample.case, amounts, count), dtype=np.float64)


def mean_of_pairs(sums: PairSums, false_counts: Floats, true_counts: Floats) -> tuple[float, Floats]:
    """Total over (false values * true values), and the same without each case.

    Parameters
    ----------
    false_counts, true_counts
        (k,) what each case adds to the two factors of the divisor.
    """
    rows, columns = float(false_counts.sum()), float(true_counts.sum())
    if rows == 0 or columns == 0:
        return float("nan"), np.full(false_counts.shape, np.nan)
    rest = sums.total - sums.of_false - sums.of_true + sums.of_both
    pairs = (rows - false_counts) * (columns - true_counts)
    without = np.divide(rest, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0.5)
    return sums.total / (rows * columns), without


def two_sample_placements(sums: PairSums, read: NDArray[np.bool_], is_diseased: NDArray[np.bool_]) -> Placements:
    """Each read case's mean over the cases of the other class, of one cell: (k2,) and (k1,)."""
    healthy, diseased = np.count_nonzero(read & ~is_diseased), np.count_nonzero(read & is_diseased)
    with np.errstate(invalid="ignore", divide="ignore"):
        of_diseased = np.where(read, sums.of_true / healthy, np.nan)[is_diseased]
        of_healthy = np.where(read, sums.of_false / diseased, np.nan)[~is_diseased]
    return Placements(of_diseased, of_healthy)


def each_cell(
    name: str,
    shape: tuple[int, ...],
    read: NDArray[np.bool_],
    cases: Places,
    figure: Callable[[int, int], tuple[float, Floats, Placements | None]],
) -> Cells:
    """A figure of every reader under every condition.

    Parameters
    ----------
    shape
        Conditions and readers.
    read
        (i, j, k): which readings were made.
    cases
        (n,) the cases that can change it.
    figure
        Of one cell: its value, its values without each case of the study (k,), and its placements.
    """
    values, left_out = np.full(shape[:2], np.nan), np.full((*shape[:2], cases.size), np.nan)
    placements: list[Placements | None] = []
    for i, j in np.ndindex(*shape[:2]):
        values[i, j], without, placed = figure(i, j)
        left_out[i, j] = np.where(read[i, j], without, np.nan)[cases]
        placements.append(placed)
    whole = [p for p in placements if p is not None]
    if not whole or len(whole) < len(placements):
        return Cells(name, values, left_out, cases)
    diseased, healthy = (np.stack([getattr(p, side) for p in whole]) for side in ("diseased", "healthy"))
    stacked = Placements(diseased.reshape(*shape[:2], -1), healthy.reshape(*shape[:2], -1))
    return Cells(name, values, left_out, cases, stacked)
