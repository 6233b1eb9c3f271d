"""How well raters agree: kappa of two and of many, intraclass correlation, and Cochran's Q of yes-or-no answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa of two raters; all NaN where both always give one and the same class.

    Attributes
    ----------
    value
        1 full agreement, 0 what chance gives.
    largest
        The unweighted kappa that these shares of classes allow at most.
    error, low, high
        Large-sample standard error and normal interval, cut at -1 and 1.
    null_error, z, p
        Standard error if agreement were chance's, and the two-sided test of that.
    """

    value: float
    largest: float
    error: float
    low: float
    high: float
    null_error: float
    z: float
    p: float


@dataclass(frozen=True, slots=True)
class FleissKappa:
    """Kappa of many raters, its standard error over subjects with its normal interval, and the test of chance.

    ``null_error``, ``z`` and ``p`` are NaN for chance that is not estimated from the ratings (``randolph``).
    """

    value: float
    error: float
    low: float
    high: float
    null_error: float
    z: float
    p: float


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation:
    """One of the six forms, with F test of none and interval."""

    name: str
    value: float
    f: float
    df: tuple[int, int]
    p: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CochranQ:
    """Whether several raters say yes equally often on the same cases; NaN where nobody differs."""

    statistic: float
    df: int
    p: float


def pair_counts(first: ArrayLike, second: ArrayLike, classes: int) -> Floats:
    """Table (classes, classes) of two raters' classes, 0 to ``classes`` - 1, of the same cases (n,)."""
    a, b = np.asarray(first, dtype=np.intp), np.asarray(second, dtype=np.intp)
    if a.shape != b.shape or a.ndim != 1 or (np.minimum(a, b) < 0).any() or (np.maximum(a, b) >= classes).any():
        raise ValueError(f"{a.shape} and {b.shape} classes of {classes}")
    counts = np.zeros((classes, classes))
    np.add.at(counts, (a, b), 1)
    return counts


def cohen_kappa(
    counts: ArrayLike, weights: Weights = "none", level: float = 0.95, convention: Literal["own", "psych"] = "own"
) -> Kappa:
    """Agreement of two raters beyond chance.

    Parameters
    ----------
    counts
        (c, c): rows the first rater's class, columns the second's; for ordered classes in order.
    weights
        What near misses count: nothing, or falling with the distance of the classes or with its square.
    convention
        The error of a weighted kappa. ``own``: the formula of the paper, as vcd and statsmodels have it. ``psych``: as
        that R package prints it, where the mean weights of the rows are not weighted by the other rater's shares.

    References
    ----------
    Cohen 1960 and 1968; standard errors after Fleiss, Cohen and Everitt 1969 (Psychological Bulletin 72:323).
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any() or table.sum() <= 0:
        raise ValueError(f"no table of two raters: {table.tolist()}")
    n, p = float(table.sum()), table / table.sum()
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    w = _weights(len(table), weights)
    seen, chance = float((w * p).sum()), float(rows @ w @ columns)
    if math.isclose(chance, 1.0):
        return Kappa(*[math.nan] * 8)
    plain = float(rows @ columns)
    value, largest = (seen - chance) / (1 - chance), (float(np.minimum(rows, columns).sum()) - plain) / (1 - plain)
    of_rows, of_columns = w @ columns, rows @ w
    mean_weights = of_rows[:, None] + of_columns[None, :]
    outer = np.outer(rows, columns)
    null = float((outer * (w - mean_weights) ** 2).sum()) - chance**2
    if convention == "psych" and weights != "none":
        mean_weights = (columns @ w)[:, None] + (rows * w.sum(axis=1))[None, :]
    spread = float((p * (w * (1 - chance) - mean_weights * (1 - seen)) ** 2).sum())
    spread -= (seen * chance - 2 * chance + seen) ** 2
    error = math.sqrt(max(spread, 0.0) / n) / (1 - chance) ** 2
    null_error = math.sqrt(max(null, 0.0) / n) / (1 - chance)
    return Kappa(value, largest, error, *_normal(value, error, level), null_error, *_test(value, null_error))


def fleiss_kappa(
    counts: ArrayLike, chance: Literal["fleiss", "randolph"] = "fleiss", level: float = 0.95
) -> FleissKappa:
    """Agreement of many raters on unordered classes.

    Parameters
    ----------
    counts
        (n, c): how many raters gave each class to each subject; every subject has as many raters, at least 2.
    chance
        From the shares of the classes, or all classes alike (Randolph 2005: raters were free in how many of each).

    References
    ----------
    Fleiss 1971; the error under chance Fleiss, Nee and Landis 1979; the error in general Gwet 2008 (British Journal
    of Mathematical and Statistical Psychology 61:29), subjects being the sample.
    """
    table = np.asarray(counts, dtype=np.float64)
    raters = table.sum(axis=1) if table.ndim == 2 else np.zeros(0)
    if raters.size == 0 or np.ptp(raters) != 0 or raters[0] < 2 or (table < 0).any():
        raise ValueError("every subject needs the same number of raters, at least two")
    n, r = len(table), float(raters[0])
    each = ((table**2).sum(axis=1) - r) / (r * (r - 1))
    shares = table.sum(axis=0) / (n * r)
    by_chance = float((shares**2).sum()) if chance == "fleiss" else 1 / table.shape[1]
    if math.isclose(by_chance, 1.0):
        return FleissKappa(*[math.nan] * 7)
    value = (float(each.mean()) - by_chance) / (1 - by_chance)
    of_subject = (each - by_chance) / (1 - by_chance)
    null_error = math.nan
    if chance == "fleiss":
        of_subject = of_subject - 2 * (1 - value) * (table @ shares / r - by_chance) / (1 - by_chance)
        rest = shares * (1 - shares)
        inner = rest.sum() ** 2 - (rest * (1 - 2 * shares)).sum()
        null_error = math.sqrt(2 * max(float(inner), 0.0) / (n * r * (r - 1))) / float(rest.sum())
    error = float(of_subject.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return FleissKappa(value, error, *_normal(value, error, level), null_error, *_test(value, null_error))


def cochran_q(answers: ArrayLike) -> CochranQ:
    """Whether raters differ in how often they say yes.

    Parameters
    ----------
    answers
        (n, r) yes or no of r raters, at least 2, on the same n cases.

    References
    ----------
    Cochran 1950; with two raters it is McNemar's chi square.
    """
    yes = np.asarray(answers, dtype=bool).astype(np.float64)
    if yes.ndim != 2 or yes.shape[1] < 2:
        raise ValueError(f"answers of shape {yes.shape}")
    raters, of_raters, of_cases = yes.shape[1], yes.sum(axis=0), yes.sum(axis=1)
    differing = float((of_cases * (raters - of_cases)).sum())
    if differing == 0:
        return CochranQ(math.nan, raters - 1, math.nan)
    from scipy.special import chdtrc

    q = raters * (raters - 1) * float(((of_raters - of_raters.mean()) ** 2).sum()) / differing
    return CochranQ(q, raters - 1, float(chdtrc(raters - 1, q)))


def intraclass_correlations(values: ArrayLike, level: float = 0.95) -> tuple[IntraclassCorrelation, ...]:
    """All six forms: ICC1, ICC2, ICC3 of a single rater, ICC1k, ICC2k, ICC3k of the mean of all.

    Parameters
    ----------
    values
        (n, k): k raters' numbers for n subjects, none missing, at least 2 of each. ICC1 takes raters as different
        for every subject, ICC2 as a sample of raters (absolute agreement), ICC3 as these raters (consistency).

    References
    ----------
    Shrout and Fleiss 1979; McGraw and Wong 1996 for the interval of ICC2.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2 or not np.isfinite(x).all():
        raise ValueError(f"no complete table of subjects and raters: {x.shape}")
    n, k = x.shape
    grand = x.mean()
    subjects = k * float(((x.mean(axis=1) - grand) ** 2).sum()) / (n - 1)
    raters = n * float(((x.mean(axis=0) - grand) ** 2).sum()) / (k - 1)
    within = float(((x - x.mean(axis=1, keepdims=True)) ** 2).sum()) / (n * (k - 1))
    rest = (within * n * (k - 1) - raters * (k - 1)) / ((n - 1) * (k - 1))
    if within == 0 or rest <= 0:
        raise ValueError("raters agree wholly: there is no spread to compare with")
    one = _one_way(subjects / within, (n - 1, n * (k - 1)), k, level)
    three = _one_way(subjects / rest, (n - 1, (n - 1) * (k - 1)), k, level)
    single = (subjects - rest) / (subjects + (k - 1) * rest + k * (raters - rest) / n)
    mean = _stepped_up(single, k)
    low, high = _two_way_limits(single, subjects, raters, rest, (n, k), level)
    limits = {"ICC2": (low, high), "ICC2k": (_stepped_up(low, k), _stepped_up(high, k))}
    f, df, p = three[0].f, three[0].df, three[0].p
    two = [
        IntraclassCorrelation(name, value, f, df, p, *limits[name])
        for name, value in (("ICC2", single), ("ICC2k", mean))
    ]
    names = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")
    forms = (one[0], two[0], three[0], one[1], two[1], three[1])
    return tuple(
        IntraclassCorrelation(name, form.value, form.f, form.df, form.p, form.low, form.high)
        for name, form in zip(names, forms, strict=True)
    )


def _one_way(
    f: float, df: tuple[int, int], k: int, level: float
) -> tuple[IntraclassCorrelation, IntraclassCorrelation]:
    """Single and mean form of a correlation that depends on one F alone."""
    from scipy.special import fdtrc, fdtri

    tail = (1 + level) / 2
    low, high = f / float(fdtri(df[0], df[1], tail)), f * float(fdtri(df[1], df[0], tail))
    p = float(fdtrc(df[0], df[1], f))
    single = IntraclassCorrelation("", _of_f(f, k), f, df, p, _of_f(low, k), _of_f(high, k))
    return single, IntraclassCorrelation("", 1 - 1 / f, f, df, p, 1 - 1 / low, 1 - 1 / high)


def _of_f(f: float, k: int) -> float:
    return (f - 1) / (f + k - 1)


def _stepped_up(value: float, k: int) -> float:
    """Spearman and Brown: from one rater to the mean of k; below what k raters can disagree there is no bound."""
    if 1 + value * (k - 1) <= 0:
        return -math.inf
    return value * k / (1 + value * (k - 1))


def _two_way_limits(
    value: float, subjects: float, raters: float, rest: float, shape: tuple[int, int], level: float
) -> tuple[float, float]:
    from scipy.special import fdtri

    n, k = shape
    f = raters / rest
    above = (k - 1) * (n - 1) * (k * value * f + n * (1 + (k - 1) * value) - k * value) ** 2
    df = above / ((n - 1) * k**2 * value**2 * f**2 + (n * (1 + (k - 1) * value) - k * value) ** 2)
    tail = (1 + level) / 2
    upper, lower = float(fdtri(n - 1, df, tail)), float(fdtri(df, n - 1, tail))
    other = k * raters + (k * n - k - n) * rest
    return (
        n * (subjects - upper * rest) / (upper * other + n * subjects),
        n * (lower * subjects - rest) / (other + n * lower * subjects),
    )


def _weights(classes: int, kind: Weights) -> Floats:
    apart = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes))).astype(np.float64)
    if kind == "none":
        return np.asarray(apart == 0, dtype=np.float64)
    furthest = max(classes - 1, 1)
    return 1 - (apart / furthest) ** (1 if kind == "linear" else 2)


def _normal(value: float, error: float, level: float) -> tuple[float, float]:
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    if math.isnan(reach):
        return math.nan, math.nan
    return max(-1.0, value - reach), min(1.0, value + reach)


def _test(value: float, null_error: float) -> tuple[float, float]:
    if not null_error > 0:
        return math.nan, math.nan
    z = value / null_error
    return z, math.erfc(abs(z) / math.sqrt(2))
