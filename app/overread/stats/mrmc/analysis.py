"""The result of one significance analysis, and the arithmetic that all of them share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from overread.stats.mrmc.rows import TestRow

Floats = NDArray[np.float64]
NOISE = 1e-13
"""A difference of sums of squares this small beside them is rounding, and is taken for 0."""
UNBOUNDED = ("maxnlf", "froc-auc", "expected-utility")
"""Figures, by how their names begin, that are no shares between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Square:
    """A line of an analysis of variance; NaN where there are no degrees of freedom."""

    ss: float
    df: int

    @property
    def ms(self) -> float:
        """Mean square."""
        return self.ss / self.df if self.df else math.nan


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that one analysis of one figure gives.

    Attributes
    ----------
    squares
        The table of the analysis of variance by source: T conditions, R readers, C cases and their products.
    components
        Variance components by name.
    overall
        Test of all conditions at once; None where there is one condition.
    differences
        Of every two conditions, in their order.
    means
        Of each condition over the readers.
    reader_differences, reader_values
        Of each reader alone, readers first, then pairs of conditions (conditions first for the values); for fixed
        readers only.
    """

    squares: Mapping[str, Square]
    components: Mapping[str, float]
    overall: TestRow | None
    differences: tuple[TestRow, ...]
    means: tuple[TestRow, ...]
    reader_differences: tuple[TestRow, ...] = ()
    reader_values: tuple[TestRow, ...] = ()

    @property
    def rows(self) -> tuple[TestRow, ...]:
        """All of it, from the whole to the single."""
        first = () if self.overall is None else (self.overall,)
        return (*first, *self.differences, *self.means, *self.reader_differences, *self.reader_values)


def two_way(values: Floats) -> dict[str, Square]:
    """Analysis of variance of figures (i, j) without repeats; a reader who does not work under a condition is NaN.

    With readers nested in conditions there is no product of both: ``TR`` is then readers within conditions.
    """
    works = ~np.isnan(values)
    rows = np.array([row[given].mean() for row, given in zip(values, works, strict=True)])
    per_row = works.sum(axis=1)
    grand = float((rows * per_row).sum() / per_row.sum())
    scale = float(np.nansum(values**2))
    of_rows = settled(float((per_row * (rows - grand) ** 2).sum()), scale)
    if not works.all():
        within = float(np.nansum((values - rows[:, None]) ** 2))
        return {
            "T": Square(of_rows, len(rows) - 1),
            "TR": Square(settled(within, scale), int(per_row.sum()) - len(rows)),
        }
    columns = values.mean(axis=0)
    of_columns = settled(float(len(rows) * ((columns - grand) ** 2).sum()), scale)
    rest = settled(float(((values - rows[:, None] - columns + grand) ** 2).sum()), scale)
    i, j = values.shape
    return {"T": Square(of_rows, i - 1), "R": Square(of_columns, j - 1), "TR": Square(rest, (i - 1) * (j - 1))}


def settled(value: float, scale: float) -> float:
    """The value, or 0 where it is rounding beside ``scale``."""
    return 0.0 if abs(value) <= NOISE * abs(scale) else value


def satterthwaite(denominator: float, square: float, df: float) -> float:
    """Degrees of freedom of a denominator of which one mean square is estimated; infinite where that is 0.

    References
    ----------
    Hillis 2007 (Stat Med 26:596), equation 12.
    """
    if square == 0:
        return math.inf if denominator > 0 else math.nan
    return denominator**2 / (square**2 / df) if df else math.nan


def two_sided(statistic: float, df: float | None) -> float:
    """Two-sided p of a t (``df`` degrees of freedom) or z (None)."""
    from scipy.special import ndtr, stdtr

    if math.isnan(statistic):
        return math.nan
    if df is None or math.isinf(df):
        return float(2 * ndtr(-abs(statistic)))
    return float(2 * stdtr(df, -abs(statistic)))


def quantile(level: float, df: float | None) -> float:
    """How many standard errors an interval reaches to either side."""
    from scipy.special import ndtri, stdtrit

    if df is not None and math.isnan(df):
        return math.nan
    return float(ndtri(0.5 + level / 2) if df is None or math.isinf(df) else stdtrit(df, 0.5 + level / 2))


def upper_tail(statistic: float, df: tuple[float, ...]) -> float:
    """p of an F (two degrees of freedom) or a chi square (one)."""
    from scipy.special import chdtrc, fdtrc

    if math.isnan(statistic) or any(math.isnan(d) for d in df):
        return math.nan
    if len(df) == 1 or math.isinf(df[1]):
        return float(chdtrc(df[0], statistic if len(df) == 1 else statistic * df[0]))
    return float(fdtrc(df[0], df[1], statistic))


def line(
    row: TestRow,
    difference: float,
    variance: float,
    df: float | None,
    level: float,
    is_tested: bool = True,
    is_cut: bool = False,
    null: float = 0.0,
) -> TestRow:
    """``row`` filled in with a difference or a mean: its error, statistic, p and interval.

    Parameters
    ----------
    variance
        Of ``difference``; below 0 there is no error, and the note says so.
    df
        Degrees of freedom of t; None for z.
    is_tested
        Whether there is a hypothesis: of a mean there is none.
    is_cut
        Whether the interval ends at 0 and 1.
    """
    if not variance >= 0:
        why = "the estimate of the variance is negative" if variance < 0 else "the variance cannot be told"
        return replace(row, difference=difference, note=why)
    error = math.sqrt(variance)
    reach = quantile(level, df) * error
    low, high = difference - reach, difference + reach
    ci = (max(low, 0.0), min(high, 1.0)) if is_cut else (low, high)
    statistic = (difference - null) / error if is_tested and error > 0 else math.nan
    note = "nothing varies" if is_tested and error == 0 else row.note
    p = two_sided(statistic, df)
    freedom = () if df is None else (df,)
    return replace(row, difference=difference, se=error, statistic=statistic, df=freedom, p=p, ci=ci, note=note)


def overall(row: TestRow, numerator: float, denominator: float, df: tuple[float, ...]) -> TestRow:
    """``row`` filled in with a test of all conditions: F for two degrees of freedom, chi square for one."""
    if not denominator > 0:
        return replace(row, df=df, note="the estimate of the variance is not positive")
    statistic = numerator / denominator * (df[0] if len(df) == 1 else 1)
    return replace(row, statistic=statistic, df=df, p=upper_tail(statistic, df))


def pairs(count: int) -> list[tuple[int, int]]:
    """Every two of the conditions, in order."""
    return list(combinations(range(count), 2))


def is_share(figure: str) -> bool:
    """Whether a figure lies between 0 and 1."""
    return not figure.startswith(UNBOUNDED)


def each(count: int, make: Callable[[int], TestRow]) -> tuple[TestRow, ...]:
    """A row for each place."""
    return tuple(make(n) for n in range(count))
