"""Rows of a baseline table: a property of the patients by group, and whether the groups differ in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.stats.contingency import chi_square, fisher
from overread.stats.rank_tests import kruskal_wallis

KRUSKAL = "Kruskal-Wallis"
CHI_SQUARE = "chi-square without continuity correction"
FISHER = "Fisher's exact test"
SMALLEST_EXPECTED = 5
"""Below this expected count in any cell a table of two by two goes to Fisher's test (Cochran 1954)."""


@dataclass(frozen=True, slots=True)
class GroupTest:
    """Test of no difference between groups; NaN with a note where there is nothing to test."""

    method: str
    statistic: float
    p: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class NumberCell:
    """A number in one group: how many know it, how many do not, median with quartiles, mean and SD (divisor n - 1)."""

    known: int
    missing: int
    median: float
    lower_quartile: float
    upper_quartile: float
    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number by group."""

    name: str
    cells: Mapping[str, NumberCell]
    test: GroupTest


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category by group: counts[group][level] of those known[group]; missing[group] are in neither."""

    name: str
    levels: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    known: Mapping[str, int]
    missing: Mapping[str, int]
    test: GroupTest

    def share(self, group: str, level: str) -> float:
        """Of the known ones of a group; NaN when none is known."""
        return self.counts[group][level] / self.known[group] if self.known[group] else math.nan


def number_row(name: str, groups: Mapping[str, ArrayLike]) -> NumberRow:
    """Describe a number by group and compare the groups by ranks (Kruskal-Wallis).

    Parameters
    ----------
    groups
        Values of each group (n,); NaN is unknown and left out.
    """
    cells, known = {}, []
    for group, values in groups.items():
        each = np.asarray(values, dtype=np.float64)
        there = each[np.isfinite(each)]
        cells[group] = _number_cell(there, each.size - there.size)
        known.append(there)
    return NumberRow(name, cells, _by_ranks(known))


def category_row(
    name: str, groups: Mapping[str, Sequence[object | None]], levels: Sequence[str] | None = None
) -> CategoryRow:
    """Count a category by group and compare the groups.

    Parameters
    ----------
    groups
        Value of each patient of each group, None for unknown; compared as text.
    levels
        In the order of print; None for those that come, sorted. A value outside them is an error.

    Notes
    -----
    Chi-square, without continuity correction; for two by two with an expected count below 5 Fisher's exact test. A
    larger table with such counts keeps chi-square, and its note says so. Levels that nobody has do not enter the test.
    """
    texts = {group: [None if v is None else str(v) for v in values] for group, values in groups.items()}
    there = {v for values in texts.values() for v in values if v is not None}
    order = tuple(sorted(there)) if levels is None else tuple(levels)
    if there - set(order):
        raise ValueError(f"{sorted(there - set(order))} of {name} is none of {list(order)}")
    counts = {group: {level: values.count(level) for level in order} for group, values in texts.items()}
    table = np.array([[counts[group][level] for group in texts] for level in order], dtype=np.intp)
    return CategoryRow(
        name,
        order,
        counts,
        {group: sum(of.values()) for group, of in counts.items()},
        {group: values.count(None) for group, values in texts.items()},
        compare_counts(table),
    )


def compare_counts(table: ArrayLike) -> GroupTest:
    """Test a table of counts (levels, groups) by the rule of `category_row`; empty rows and columns are left out."""
    counts = np.asarray(table, dtype=np.intp)
    if counts.ndim != 2:
        return GroupTest(CHI_SQUARE, math.nan, math.nan, "nothing to compare")
    counts = counts[counts.any(axis=1)][:, counts.any(axis=0)]
    if min(counts.shape) < 2:
        return GroupTest(CHI_SQUARE, math.nan, math.nan, "nothing to compare")
    result = chi_square(counts)
    is_sparse = bool((result.expected < SMALLEST_EXPECTED).any())
    if is_sparse and counts.shape == (2, 2):
        exact = fisher(counts)
        return GroupTest(FISHER, exact.odds_ratio, exact.p)
    note = f"expected counts below {SMALLEST_EXPECTED}: rough" if is_sparse else ""
    return GroupTest(CHI_SQUARE, result.statistic, result.p, note)


def _by_ranks(groups: Sequence[NDArray[np.float64]]) -> GroupTest:
    result = kruskal_wallis(groups)
    return GroupTest(KRUSKAL, result.statistic, result.p, result.note)


def _number_cell(values: NDArray[np.float64], missing: int) -> NumberCell:
    if values.size == 0:
        return NumberCell(0, missing, *[math.nan] * 5)
    low, middle, high = (float(q) for q in np.percentile(values, [25, 50, 75]))
    deviation = float(values.std(ddof=1)) if values.size > 1 else math.nan
    return NumberCell(int(values.size), missing, middle, low, high, float(values.mean()), deviation)
