"""Tables of counts: whether rows and columns have to do with each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Alternative = Literal["two-sided", "greater", "less"]
MOST_TABLES = 2_000_000
"""So many tables with the margins seen are looked at one by one; beyond that the exact test is not made."""
EQUALLY_LIKELY = 1e-7
"""Tables whose probabilities differ by less than this share are equally likely (the margin that R leaves)."""


@dataclass(frozen=True, slots=True, eq=False)
class CountTest:
    """A statistic with chi-square's distribution, and the counts (r, c) expected if nothing depended on anything."""

    statistic: float
    df: int
    p: float
    expected: Floats


@dataclass(frozen=True, slots=True)
class Fisher:
    """Fisher's exact test of a table of two by two.

    Attributes
    ----------
    odds_ratio
        ad / bc of the sample; infinite or NaN with empty cells.
    conditional
        The odds ratio likeliest given the margins, and ``low`` to ``high``, its exact interval.
    """

    p: float
    odds_ratio: float
    conditional: float
    low: float
    high: float


def chi_square(table: ArrayLike, corrected: bool = False) -> CountTest:
    """Pearson's test of independence.

    Parameters
    ----------
    table
        Counts (r, c), r and c at least 2, no empty row or column.
    corrected
        Yates' correction; it touches tables of two by two only.
    """
    return _count_test(table, corrected, "pearson")


def g_test(table: ArrayLike) -> CountTest:
    """The likelihood ratio test of independence, without correction."""
    return _count_test(table, False, "log-likelihood")


def fisher(table: ArrayLike, alternative: Alternative = "two-sided", level: float = 0.95) -> Fisher:
    """Exact test of a table of two by two given its margins.

    References
    ----------
    Fisher 1935; two-sided p adds the tables that are no likelier than the one seen; interval after Cornfield 1956.
    """
    from scipy.stats import fisher_exact
    from scipy.stats.contingency import odds_ratio

    counts = _counts(table)
    if counts.shape != (2, 2):
        raise ValueError(f"a table of {counts.shape[0]} by {counts.shape[1]}: take fisher_larger")
    seen, p = fisher_exact(counts, alternative)
    if not (counts.sum(axis=0).all() and counts.sum(axis=1).all()):
        return Fisher(float(p), float(seen), math.nan, 0.0, math.inf)
    conditional = odds_ratio(counts, kind="conditional")
    limits = conditional.confidence_interval(confidence_level=level, alternative=alternative)
    return Fisher(float(p), float(seen), float(conditional.statistic), float(limits.low), float(limits.high))


def fisher_larger(table: ArrayLike) -> float:
    """Exact p of a table of any shape: the share of all tables with these margins that are no likelier than it.

    Returns
    -------
    float
        NaN where there are too many tables to look at (``MOST_TABLES``).

    References
    ----------
    Freeman and Halton 1951.
    """
    counts = _counts(table)
    if counts.shape[0] > counts.shape[1]:
        counts = counts.T  # fewer rows: fewer sums to keep
    columns = np.sort(counts.sum(axis=0))
    left = counts.sum(axis=1)[None, :]
    likelihood = np.zeros(1)
    for total in columns[:-1]:
        step = _column_fillings(left, int(total))
        if step is None:
            return math.nan
        parent, filling = step
        likelihood = likelihood[parent] - _log_factorial(filling).sum(axis=1)
        left = left[parent] - filling
    likelihood = likelihood - _log_factorial(left).sum(axis=1)
    constant = (
        _log_factorial(counts.sum(axis=0)).sum()
        + _log_factorial(counts.sum(axis=1)).sum()
        - _log_factorial(counts.sum()[None]).sum()
    )
    chances = np.exp(likelihood + constant)
    seen = math.exp(constant - _log_factorial(counts).sum())
    return float(min(1.0, chances[chances <= seen * (1 + EQUALLY_LIKELY)].sum()))


def _column_fillings(left: Counts, total: int) -> tuple[NDArray[np.intp], Counts] | None:
    """Every way to put ``total`` into rows that can still take ``left`` (n, r): which row of left, and the column."""
    parent = np.arange(len(left))
    filling = np.zeros((len(left), 0), dtype=np.int64)
    rest = np.full(len(left), total)
    room_after = left[:, ::-1].cumsum(axis=1)[:, ::-1] - left
    for row in range(left.shape[1]):
        least = np.maximum(0, rest - room_after[parent, row])
        ways = np.maximum(0, np.minimum(rest, left[parent, row]) - least + 1)
        if ways.sum() > MOST_TABLES:
            return None
        kept = np.repeat(np.arange(len(parent)), ways)
        value = np.arange(ways.sum()) - np.repeat(ways.cumsum() - ways, ways) + least[kept]
        parent, filling = parent[kept], np.column_stack([filling[kept], value])
        rest = rest[kept] - value
    return parent, filling


def _log_factorial(counts: Counts) -> Floats:
    from scipy.special import gammaln

    return np.asarray(gammaln(counts + 1.0))


def _count_test(table: ArrayLike, corrected: bool, kind: Literal["pearson", "log-likelihood"]) -> CountTest:
    from scipy.stats import chi2_contingency

    counts = _counts(table)
    result = chi2_contingency(counts, correction=corrected, lambda_=kind)
    return CountTest(float(result.statistic), int(result.dof), float(result.pvalue), np.asarray(result.expected_freq))


def _counts(table: ArrayLike) -> Counts:
    counts = np.asarray(table)
    if counts.ndim != 2 or min(counts.shape) < 2 or (counts < 0).any() or (counts != np.floor(counts)).any():
        raise ValueError(f"no table of counts: {counts.tolist()}")
    return counts.astype(np.int64)
