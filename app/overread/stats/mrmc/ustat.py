"""Areas under ROC curves over random readers and random cases by U-statistics, whoever read what.

Needs no crossed design: readers may have read different cases, and readings may be missing. Where they are, the mean
over readers weights each by the pairs of cases that were read, because it is that mean whose variance this is.

References
----------
Gallas, Acad Radiol 2006;13:353-362. Gallas and Brown, Neural Netw 2008;21:387-397. Gallas, Bandos, Samuelson and
Wagner, Commun Stat Theory Methods 2009;38:2586-2603. Least degrees of freedom: Gaylor and Hopper, Technometrics
1969;11:691-706.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.reader_data import ReaderData
from overread.stats.mrmc.rows import TestRow
from overread.stats.mrmc.ustat_moments import COMPONENTS, Estimate, Moments, moments_of, reader_covariance
from overread.stats.mrmc.ustat_sums import PairSums, pair_sums

Floats = NDArray[np.float64]
UstatConvention = Literal["own", "imrmc"]
"""``own`` takes t with the degrees of freedom as they come, which is exact where they are estimated and has no step.
``imrmc`` rounds them down, takes the normal distribution above 50, and sorts the conditions by name as text."""

CHANCE = 0.5
_MANY_DEGREES = 50.0
_OF_CASES_AND_READERS = [0, 1, 3]


@dataclass(frozen=True, slots=True)
class UstatTest:
    """A mean area against chance, or a difference of two against none; NaN where the variance is not above 0.

    ``degrees`` are of ``p`` and ``interval``, as they come; ``p_normal`` and ``normal_interval`` leave them out.
    """

    value: float
    null: float
    variance: float
    degrees: float
    p: float
    interval: tuple[float, float]
    p_normal: float
    normal_interval: tuple[float, float]

    @property
    def statistic(self) -> float:
        """Distance from ``null`` in standard errors."""
        return (self.value - self.null) / math.sqrt(self.variance) if self.variance > 0 else math.nan


@dataclass(frozen=True, slots=True)
class ReaderPair:
    """One reader under one condition (``first`` equals ``second``) or under two; cases are those read in both."""

    reader: int
    first: int
    second: int
    healthy: int
    diseased: int
    areas: tuple[float, float]
    variances: tuple[float, float]
    covariance: float

    @property
    def difference(self) -> float:
        """First area minus second."""
        return self.areas[0] - self.areas[1]

    @property
    def variance(self) -> float:
        """Variance of the difference over random cases."""
        return self.variances[0] + self.variances[1] - 2 * self.covariance


@dataclass(frozen=True, slots=True, eq=False)
class Ustat:
    """Moments of a study: of each condition, then of every two, in the order of ``order``."""

    data: ReaderData
    order: tuple[int, ...]
    sums: PairSums
    moments: tuple[Moments, ...]

    def of(self, first: int, second: int) -> Moments:
        """Moments of two conditions by their places, or of one given twice."""
        return next(m for m in self.moments if {m.first, m.second} == {first, second})


def ustat(data: ReaderData, convention: UstatConvention = "own") -> Ustat:
    """Moments of the areas under the ROC curves of all conditions.

    Parameters
    ----------
    data
        Any paradigm; the rating of a case is its highest. Readings may be missing in any pattern.
    convention
        ``imrmc`` sorts the conditions by name as text; ``own`` keeps them as they stand.
    """
    order = tuple(range(len(data.conditions)))
    if convention == "imrmc":
        order = tuple(sorted(order, key=lambda i: data.conditions[i]))
    sums = pair_sums(data)
    pairs = [(i, i) for i in order] + [(a, b) for n, a in enumerate(order) for b in order[n + 1 :]]
    return Ustat(data, order, sums, tuple(moments_of(data, sums, a, b) for a, b in pairs))


def condition_test(
    study: Ustat,
    condition: int,
    estimate: Estimate = "unbiased",
    convention: UstatConvention = "own",
    level: float = 0.95,
) -> UstatTest:
    """One condition's mean area against chance."""
    moments = study.of(condition, condition)
    variance = moments.covariance(estimate)
    degrees = _degrees(variance, moments.components("biased"), moments.degrees)
    return _tested(moments.areas[0], CHANCE, variance, degrees, convention, level)


def difference_test(
    study: Ustat,
    first: int,
    second: int,
    estimate: Estimate = "unbiased",
    convention: UstatConvention = "own",
    level: float = 0.95,
) -> UstatTest:
    """First condition's mean area minus the second's."""
    one, other = study.of(first, first), study.of(second, second)
    variance = difference_variance(study, first, second, estimate)
    parts = difference_components(study, first, second, "biased")
    degrees = _degrees(variance, parts, np.minimum(one.degrees, other.degrees))
    return _tested(one.areas[0] - other.areas[0], 0.0, variance, degrees, convention, level)


def difference_variance(study: Ustat, first: int, second: int, estimate: Estimate = "unbiased") -> float:
    """Variance of the difference of two conditions' mean areas; below 0 where the estimate falls there."""
    own = study.of(first, first).covariance(estimate) + study.of(second, second).covariance(estimate)
    return own - 2 * study.of(first, second).covariance(estimate)


def difference_components(study: Ustat, first: int, second: int, estimate: Estimate = "unbiased") -> Floats:
    """(7,) components of variance of the difference, in the order of ``COMPONENTS``."""
    own = study.of(first, first).components(estimate) + study.of(second, second).components(estimate)
    return np.asarray(own - 2 * study.of(first, second).components(estimate))


def reader_pairs(study: Ustat) -> Iterator[ReaderPair]:
    """Each reader under each condition, then under every two, where both hold a pair of cases."""
    sums = study.sums
    for moments in study.moments:
        a, b = moments.first, moments.second
        for j in range(len(study.data.readers)):
            if sums.pairs[a, j] == 0 or sums.pairs[b, j] == 0:
                continue
            yield ReaderPair(
                j,
                a,
                b,
                int(sums.shared_healthy[a, j, b, j]),
                int(sums.shared_diseased[a, j, b, j]),
                (float(sums.totals[a, j] / sums.pairs[a, j]), float(sums.totals[b, j] / sums.pairs[b, j])),
                (reader_covariance(sums, a, a, j), reader_covariance(sums, b, b, j)),
                reader_covariance(sums, a, b, j),
            )


def ustat_tests(
    data: ReaderData, estimate: Estimate = "unbiased", convention: UstatConvention = "own", level: float = 0.95
) -> tuple[TestRow, ...]:
    """Rows of the table of tests: every difference of two conditions, every condition against chance, every reader.

    Parameters
    ----------
    data
        Any paradigm; the rating of a case is its highest.
    estimate
        ``unbiased`` for the U-statistic, ``biased`` for the V-statistic.
    convention
        See ``UstatConvention``.
    level
        Of the intervals.
    """
    study = ustat(data, convention)
    figure = "roc-auc" if data.paradigm == "roc" else "inferred-roc-auc"
    names = data.conditions
    rows = []
    for moments in study.moments:
        a, b = moments.first, moments.second
        if a == b:
            test = condition_test(study, a, estimate, convention, level)
            contrast, parts = f"{names[a]} against {CHANCE}", moments.components(estimate)
        else:
            test = difference_test(study, a, b, estimate, convention, level)
            contrast, parts = f"{names[a]} - {names[b]}", difference_components(study, a, b, estimate)
        rows.append(_row(figure, contrast, test, parts, estimate, _note(study, a, b, test, estimate)))
    rows.extend(_reader_row(figure, study, pair, level) for pair in reader_pairs(study) if pair.first != pair.second)
    return tuple(rows)


def _row(figure: str, contrast: str, test: UstatTest, parts: Floats, estimate: Estimate, note: str) -> TestRow:
    has_test = test.variance > 0
    named = {name: float(part) for name, part in zip(COMPONENTS, parts, strict=True)}
    return TestRow(
        figure,
        "ustat",
        "unbiased" if estimate == "unbiased" else None,
        "rrrc",
        contrast,
        test.value,
        math.sqrt(test.variance) if has_test else math.nan,
        test.statistic,
        (test.degrees,) if has_test else (),
        test.p,
        test.interval,
        {**named, "variance": test.variance, "p normal": test.p_normal},
        note,
    )


def _reader_row(figure: str, study: Ustat, pair: ReaderPair, level: float) -> TestRow:
    """A reader's two areas compared over random cases, by z."""
    names = study.data.conditions
    contrast = f"{names[pair.first]} - {names[pair.second]} | {study.data.readers[pair.reader]}"
    test = _tested(pair.difference, 0.0, pair.variance, math.inf, "own", level)
    return TestRow(
        figure,
        "ustat",
        "unbiased",
        "frrc",
        contrast,
        pair.difference,
        math.sqrt(pair.variance) if pair.variance > 0 else math.nan,
        test.statistic,
        (),
        test.p_normal,
        test.normal_interval,
        {"variance": pair.variance},
        "" if pair.variance > 0 else _no_variance(pair.variance),
    )


def _note(study: Ustat, first: int, second: int, test: UstatTest, estimate: Estimate) -> str:
    notes = ["variance by V-statistic"] if estimate == "biased" else []
    if not test.variance > 0:
        notes.append(_no_variance(test.variance))
    elif math.isnan(test.p):
        notes.append("not available: one reader or one case of a class stands for no others")
    if any(len(set(study.sums.pairs[i])) > 1 for i in (first, second)):
        notes.append("readers count by the pairs of cases they read")
    return "; ".join(notes)


def _no_variance(variance: float) -> str:
    if variance < 0:
        return "not available: the estimate of the variance is below 0"
    return "not available: nothing varies" if variance == 0 else "not available: no pair of cases was read"


def _degrees(variance: float, components: Floats, degrees: Floats) -> float:
    """Degrees of freedom of a variance by matching its own variance; NaN for a variance that is not above 0.

    Never below the least of those of healthy cases, diseased cases and readers.
    """
    if not variance > 0:
        return math.nan
    least = float(degrees.min())
    if least <= 0:
        return least
    spread = float(np.sum(components[_OF_CASES_AND_READERS] ** 2 / degrees**3))
    return max(least, variance**2 / spread) if spread > 0 else math.inf


def _tested(
    value: float, null: float, variance: float, degrees: float, convention: UstatConvention, level: float
) -> UstatTest:
    nothing = (math.nan, math.nan)
    if not variance > 0:
        return UstatTest(value, null, variance, math.nan, math.nan, nothing, math.nan, nothing)
    error = math.sqrt(variance)
    distance = abs(value - null) / error
    reach = NormalDist().inv_cdf(0.5 + level / 2) * error
    p_normal, of_normal = 2 * NormalDist().cdf(-distance), (value - reach, value + reach)
    if math.isinf(degrees) or (convention == "imrmc" and degrees > _MANY_DEGREES):
        return UstatTest(value, null, variance, degrees, p_normal, of_normal, p_normal, of_normal)
    used = math.floor(degrees) if convention == "imrmc" else degrees
    if used <= 0:
        return UstatTest(value, null, variance, degrees, math.nan, nothing, p_normal, of_normal)
    from scipy.stats import t as students_t

    reach = float(students_t.ppf(0.5 + level / 2, used)) * error
    p = 2 * float(students_t.sf(distance, used))
    return UstatTest(value, null, variance, degrees, p, (value - reach, value + reach), p_normal, of_normal)
