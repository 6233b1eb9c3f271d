"""Variance of an area under the ROC curve, and the test of two areas on the same cases, after DeLong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Areas (r,) of r readers on the same cases, and their covariance (r, r); NaN where a class has one case."""

    values: NDArray[np.float64]
    covariance: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedTest:
    """First area minus second, its standard error and interval, z and two-sided p; NaN where nothing varies."""

    first: float
    second: float
    difference: float
    error: float
    interval: tuple[float, float]
    z: float
    p: float


def delong(diseased: ArrayLike, healthy: ArrayLike) -> Areas:
    """Areas and their covariance from placement values.

    Parameters
    ----------
    diseased, healthy
        Ratings of one reader (n,), or of r readers on the same cases (r, n); higher is more suspicious.

    Returns
    -------
    Areas
        With NaN areas when a class is empty.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, equations 2 to 6; ranks instead of pairs as in Sun and Xu 2014.
    """
    positive = np.atleast_2d(np.asarray(diseased, dtype=np.float64))
    negative = np.atleast_2d(np.asarray(healthy, dtype=np.float64))
    if positive.shape[0] != negative.shape[0]:
        raise ValueError(f"{positive.shape[0]} readers of the diseased, {negative.shape[0]} of the healthy")
    readers = positive.shape[0]
    if positive.shape[1] == 0 or negative.shape[1] == 0:
        return Areas(np.full(readers, np.nan), np.full((readers, readers), np.nan))
    of_diseased = np.stack([_share_below(n, p) for p, n in zip(positive, negative, strict=True)])
    of_healthy = np.stack([1 - _share_below(p, n) for p, n in zip(positive, negative, strict=True)])
    covariance = _covariance(of_diseased) + _covariance(of_healthy)
    return Areas(of_diseased.mean(axis=1), covariance)


def area_interval(
    value: float, variance: float, level: float = 0.95, convention: Literal["own", "proc"] = "own"
) -> tuple[float, float]:
    """Normal interval of an area, cut at 0 and 1.

    (NaN, NaN) without a variance, and where it is 0: ratings that part the classes wholly do not make an area certain.
    ``proc`` has an interval of no width there.
    """
    if not math.isfinite(variance) or (variance <= 0 and convention == "own"):
        return math.nan, math.nan
    reach = _normal(level) * math.sqrt(max(variance, 0.0))
    return max(0.0, value - reach), min(1.0, value + reach)


def paired_test(
    diseased: Sequence[ArrayLike], healthy: Sequence[ArrayLike], level: float = 0.95, null: float = 0.0
) -> PairedTest:
    """Whether two readers of the same cases differ in area.

    Parameters
    ----------
    diseased, healthy
        Two rows of ratings each: of the first and of the second reader, cases in the same order.
    null
        Difference under the hypothesis.
    """
    areas = delong(np.stack([np.asarray(d) for d in diseased]), np.stack([np.asarray(h) for h in healthy]))
    first, second = (float(v) for v in areas.values)
    variance = float(areas.covariance[0, 0] + areas.covariance[1, 1] - 2 * areas.covariance[0, 1])
    error = math.sqrt(max(variance, 0.0)) if math.isfinite(variance) else math.nan
    difference = first - second
    reach = _normal(level) * error
    z = (difference - null) / error if error > 0 else math.nan
    p = math.nan if math.isnan(z) else 2 * NormalDist().cdf(-abs(z))
    return PairedTest(first, second, difference, error, (difference - reach, difference + reach), z, p)


@dataclass(frozen=True, slots=True)
class UnpairedTest:
    """First area minus second on different cases, its standard error, t with ``df`` and two-sided p."""

    difference: float
    error: float
    t: float
    df: float
    p: float


def unpaired_test(
    first: tuple[ArrayLike, ArrayLike], second: tuple[ArrayLike, ArrayLike], null: float = 0.0
) -> UnpairedTest:
    """Whether two areas measured on different cases differ.

    Parameters
    ----------
    first, second
        Ratings of the diseased and of the healthy, of each.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988; degrees of freedom after Satterthwaite, with all cases of an area less one
    for its variance, as pROC has them.
    """
    areas = [delong(*ratings) for ratings in (first, second)]
    cases = [np.size(ratings[0]) + np.size(ratings[1]) for ratings in (first, second)]
    variances = [float(area.covariance[0, 0]) for area in areas]
    difference, variance = float(areas[0].values[0] - areas[1].values[0]), sum(variances)
    if not variance > 0:
        return UnpairedTest(difference, math.sqrt(variance), math.nan, math.nan, math.nan)
    from scipy.special import stdtr

    df = variance**2 / sum(v**2 / (n - 1) for v, n in zip(variances, cases, strict=True))
    t = (difference - null) / math.sqrt(variance)
    return UnpairedTest(difference, math.sqrt(variance), t, df, 2 * float(stdtr(df, -abs(t))))


def _share_below(others: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each value the share of the others that lie below it, equal ones counted half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(below / (2.0 * ordered.size), dtype=np.float64)


def _covariance(placements: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of the means of placement values (r, n)."""
    readers, count = placements.shape
    if count < 2:
        return np.full((readers, readers), np.nan)
    centred = placements - placements.mean(axis=1, keepdims=True)
    return np.asarray(centred @ centred.T / (count - 1) / count, dtype=np.float64)


def _normal(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)
