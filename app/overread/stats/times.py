"""Reading times: of one reader under two conditions, of many readers and cases, and how far two measurements part.

Times are compared as ratios: they are skewed, and a condition saves a share of them rather than a number of seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.errors import InputError
from overread.core.reader_data import ReaderData
from overread.stats.crossed_effects import crossed_mean
from overread.stats.estimate import Estimate

Floats = NDArray[np.float64]
PAIRED = "paired t"
PAIRED_LOG = "paired t of logarithms"
MIXED = "mixed model of paired logarithms, random readers and cases"


@dataclass(frozen=True, slots=True)
class PairedTimes:
    """Times of the same readings under two conditions, second minus and over first; NaN below two pairs.

    Attributes
    ----------
    difference
        Mean of second minus first, seconds.
    ratio
        Geometric mean of the second over that of the first: below 1 the second is faster.
    t, df, p
        Two-sided test of the logarithms.
    """

    pairs: int
    first_mean_s: float
    second_mean_s: float
    difference: Estimate
    ratio: Estimate
    t: float
    df: float
    p: float


@dataclass(frozen=True, slots=True)
class MixedTimes:
    """Ratio of geometric means, second over first, carried to other readers and other cases.

    Attributes
    ----------
    pairs, not_timed
        Readings timed under both conditions, and those that were not.
    of_readers
        Each reader's own ratio.
    se, t, df, p
        Of the logarithm of the ratio; df after Satterthwaite.
    components
        Variances of the logarithm of the ratio: ``reader``, ``case``, ``residual``.
    """

    readers: int
    cases: int
    pairs: int
    not_timed: int
    ratio: Estimate
    of_readers: tuple[float, ...]
    se: float
    t: float
    df: float
    p: float
    components: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class BlandAltman:
    """Means and differences of pairs (n,), and between what limits differences lie.

    On the log scale the differences are ratios and the means geometric.
    """

    means: Floats
    differences: Floats
    bias: Estimate
    lower: Estimate
    upper: Estimate
    is_ratio: bool


def paired_times(first_s: ArrayLike, second_s: ArrayLike, level: float = 0.95) -> PairedTimes:
    """Compare two times of the same readings.

    Parameters
    ----------
    first_s, second_s
        Seconds (n,), the same reader and case at the same place; NaN for a reading not timed: the pair is left out.

    Raises
    ------
    InputError
        For a time that is not above 0.
    """
    first, second = _pairs(first_s, second_s)
    difference, *_ = _mean_t(second - first, level)
    log, t, df, p = _mean_t(np.log(second) - np.log(first), level)
    return PairedTimes(
        int(first.size),
        _mean(first),
        _mean(second),
        difference,
        _exponential(log, PAIRED_LOG),
        t,
        df,
        p,
    )


def mixed_times(first_s: ArrayLike, second_s: ArrayLike, level: float = 0.95) -> MixedTimes:
    """Compare times of several readers on the same cases, readers and cases both being samples.

    Parameters
    ----------
    first_s, second_s
        Seconds (readers, cases); NaN where a reader did not time a case.

    Notes
    -----
    The logarithm of each reading's ratio is a mean plus an effect of the reader, one of the case and a rest
    (`crossed_effects`): conditions may save more time for one reader, or on one case, than for another. One reader
    alone stands for himself: the paired t test.

    Raises
    ------
    InputError
        For a time that is not above 0.
    """
    first, second = _checked(first_s), _checked(second_s)
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"times of shape {first.shape} and {second.shape}")
    ratios = np.log(second) - np.log(first)
    there = np.isfinite(ratios)
    readers, cases = int(there.any(axis=1).sum()), int(there.any(axis=0).sum())
    counts = readers, cases, int(there.sum()), int((~there).sum())
    own = tuple(math.exp(_mean(each[timed])) for each, timed in zip(ratios, there, strict=True))
    if readers < 2 or cases < 2:
        log, t, df, p = _mean_t(ratios[there], level)
        note = "fewer than two cases" if cases < 2 else "one reader: says nothing of others"
        nothing = dict.fromkeys(("reader", "case", "residual"), math.nan)
        return MixedTimes(*counts, _exponential(log, PAIRED_LOG, note), own, _half(log, df, level), t, df, p, nothing)
    result = crossed_mean(ratios)
    se, method = math.sqrt(result.variance), f"{MIXED}, {result.method}"
    low, high, t, p = _t_test(result.mean, se, result.df, level)
    ratio = _exponential(Estimate(result.mean, low, high, MIXED), method)
    return MixedTimes(*counts, ratio, own, se, t, result.df, p, result.components)


def times_between(data: ReaderData, first: int, second: int, level: float = 0.95) -> MixedTimes:
    """`mixed_times` of two conditions of a study, by their places.

    Raises
    ------
    InputError
        When no times were taken.
    """
    if data.seconds is None:
        raise InputError("Times cannot be compared", "none were taken", "Give a column time_s with the ratings")
    return mixed_times(data.seconds[first], data.seconds[second], level)


def bland_altman(first: ArrayLike, second: ArrayLike, is_ratio: bool = False, level: float = 0.95) -> BlandAltman:
    """Bias and limits of agreement of two measurements of the same things.

    Parameters
    ----------
    first, second
        (n,), pairs with a NaN are left out.
    is_ratio
        Compare logarithms: second over first in place of second minus first; for values above 0.

    Returns
    -------
    BlandAltman
        Limits are mean -+ 1.96 SD (at 95 %) of the differences, each with its interval; NaN below two pairs.

    References
    ----------
    Bland and Altman 1986 and, for the intervals of the limits, 1999 (SD^2 (1/n + z^2 / (2 (n - 1)))), with t.
    """
    if is_ratio:
        x, y = (np.log(values) for values in _pairs(first, second))
    else:
        x, y = np.asarray(first, dtype=np.float64).ravel(), np.asarray(second, dtype=np.float64).ravel()
        there = np.isfinite(x) & np.isfinite(y)
        x, y = x[there], y[there]
    differences, means = y - x, (x + y) / 2
    bias, *_ = _mean_t(differences, level)
    n = differences.size
    spread = float(differences.std(ddof=1)) if n > 1 else math.nan
    z = NormalDist().inv_cdf((1 + level) / 2)
    reach = _t_quantile(n - 1, level) * spread * math.sqrt(1 / n + z * z / (2 * (n - 1))) if n > 1 else math.nan
    limits = [
        Estimate(at, at - reach, at + reach, "limit of agreement")
        for at in (bias.value - z * spread, bias.value + z * spread)
    ]
    if is_ratio:
        bias, *limits = (_exponential(one, f"{one.method} of logarithms") for one in (bias, *limits))
        differences, means = np.exp(differences), np.exp(means)
    return BlandAltman(means, differences, bias, limits[0], limits[1], is_ratio)


def _mean_t(values: Floats, level: float) -> tuple[Estimate, float, float, float]:
    """Mean with its t interval, t, df and p; NaN below two values or where they do not vary."""
    n = values.size
    mean = _mean(values)
    if n < 2:
        return Estimate(mean, math.nan, math.nan, PAIRED, "fewer than two pairs"), math.nan, math.nan, math.nan
    se = float(values.std(ddof=1)) / math.sqrt(n)
    low, high, t, p = _t_test(mean, se, n - 1, level)
    return Estimate(mean, low, high, PAIRED), t, float(n - 1), p


def _t_test(mean: float, se: float, df: float, level: float) -> tuple[float, float, float, float]:
    """Interval, t and two-sided p."""
    if not se > 0:
        return math.nan, math.nan, math.nan, math.nan
    from scipy.special import stdtr

    reach, t = _t_quantile(df, level) * se, mean / se
    return mean - reach, mean + reach, t, 2 * float(stdtr(df, -abs(t)))


def _t_quantile(df: float, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + level) / 2))


def _half(estimate: Estimate, df: float, level: float) -> float:
    """Standard error that an interval of t was made of."""
    return (estimate.high - estimate.low) / 2 / _t_quantile(df, level)


def _exponential(log: Estimate, method: str, note: str = "") -> Estimate:
    return Estimate(math.exp(log.value), math.exp(log.low), math.exp(log.high), method, note or log.note)


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else math.nan


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    x, y = _checked(first).ravel(), _checked(second).ravel()
    if x.size != y.size:
        raise ValueError(f"{x.size} and {y.size} times are no pairs")
    there = np.isfinite(x) & np.isfinite(y)
    return x[there], y[there]


def _checked(values: ArrayLike) -> Floats:
    times = np.asarray(values, dtype=np.float64)
    if (times <= 0).any() or np.isinf(times).any():
        raise InputError("Times cannot be compared", "one is not above 0 seconds", "Leave out readings not timed")
    return times
