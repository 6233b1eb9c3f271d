"""How many readers and cases a study needs, from the variance components of a pilot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.errors import InputError
from overread.stats.mrmc.rows import Generalisation

Floats = NDArray[np.float64]
MOST_CASES = 2000
"""Nobody reads more: the search for a number of cases stops there."""
BLOCK = 32
"""Numbers of cases that are tried at once; far beyond the first that will do, the distribution is slow to sum.
Power need not rise with every case (fewer degrees of freedom), so the first that will do is looked for in order."""
FAR = 300.0
"""Noncentrality from which the distribution of F is averaged and not summed."""


@dataclass(frozen=True, slots=True)
class Pilot:
    """Variance components of a pilot of ``cases`` cases that can change the figure.

    ``var_tr``: readers by conditions, or, of a system against readers, readers' differences from it; the rest as
    `covariance.Components` names it. A negative ``var_tr`` counts as 0.
    """

    cases: int
    var_tr: float
    variance: float
    cov1: float
    cov2: float
    cov3: float

    @classmethod
    def of(cls, components: Mapping[str, float], cases: int) -> Pilot:
        """From ``Analysis.components`` of two conditions, or from `standalone_components`.

        Raises
        ------
        InputError
            Where a component cannot be told, as of one reader.
        """
        if "cov1" in components:
            found = tuple(components[name] for name in ("var_tr", "variance", "cov1", "cov2", "cov3"))
        elif "var_r" in components:
            # readers' differences from a system, as figures of one condition
            found = components["var_r"], components["variance"], 0.0, components["cov2"], 0.0
        else:
            found = (math.nan,) * 5
        if not all(math.isfinite(value) for value in found):
            raise InputError(
                "no planning from this pilot",
                "its variance components cannot be told",
                "Take a pilot of two readers or more, read under all conditions",
            )
        return cls(cases, *found)


@dataclass(frozen=True, slots=True)
class Power:
    """Power with what it follows from; ``df`` second degrees of freedom, infinite for chi square; ``critical`` value
    of F or chi square."""

    power: float
    noncentrality: float
    df: float
    critical: float


@dataclass(frozen=True, slots=True)
class Need:
    """The fewest cases for so many readers; ``cases`` is None, and ``power`` NaN, where the search found none."""

    readers: int
    cases: int | None
    power: float


def mrmc_power(
    pilot: Pilot,
    effect: float,
    readers: int,
    cases: int,
    generalises_to: Generalisation = "rrrc",
    alpha: float = 0.05,
) -> Power:
    """Power to find a difference between two conditions.

    Parameters
    ----------
    effect
        True difference of the figure.
    cases
        Cases that can change the figure, in the pilot's proportion of the diseased.

    References
    ----------
    Hillis, Obuchowski and Berbaum 2011 (Acad Radiol 18:129); stats/REFERENCE.md section 4.
    """
    return _power_at(*_mrmc_error(pilot, effect, readers, np.array([float(cases)]), generalises_to), alpha)[0]


def pseudovalue_power(
    pilot: Pilot,
    effect: float,
    readers: int,
    cases: int,
    generalises_to: Generalisation = "rrrc",
    alpha: float = 0.05,
) -> Power:
    """Power by the 2004 formula for pseudovalues: F with cases' degrees of freedom also for fixed readers.

    References
    ----------
    Hillis and Berbaum 2004 (Acad Radiol 11:1260).
    """
    between = pilot.cov2 - pilot.cov3
    error = pilot.cases / cases * (pilot.variance - pilot.cov1 - between)
    var_tr = max(pilot.var_tr, 0.0)
    # the error keeps a negative component of conditions by cases, which the rest leaves out
    of_cases = np.array([error + pilot.cases / cases * readers * max(between, 0.0)])
    size = effect**2 * readers / 2
    noncentrality, df = _moments(size, readers, var_tr, of_cases, np.array([var_tr + error]), generalises_to)
    if generalises_to == "frrc":
        df = np.array([float(cases - 1)])
    return _power_at(1.0, noncentrality, df, alpha)[0]


def standalone_power(
    pilot: Pilot,
    effect: float,
    readers: int,
    cases: int,
    generalises_to: Generalisation = "rrrc",
    alpha: float = 0.05,
) -> Power:
    """Power to find a difference between readers and a system that works alone.

    Parameters
    ----------
    pilot
        ``Pilot.of(standalone_components(...))``.

    References
    ----------
    Hillis 2007 section 5.3 for the test; its components scaled to other cases as in Hillis et al. 2011.
    """
    return _power_at(*_standalone_error(pilot, effect, readers, np.array([float(cases)]), generalises_to), alpha)[0]


def cases_for_readers(
    pilot: Pilot,
    effect: float,
    readers: int,
    generalises_to: Generalisation = "rrrc",
    alpha: float = 0.05,
    target: float = 0.8,
    is_standalone: bool = False,
    most: int = MOST_CASES,
) -> Need:
    """The fewest cases, from two on, with which the power exceeds ``target``."""
    error = _standalone_error if is_standalone else _mrmc_error
    for start in range(2, most + 1, BLOCK):
        counts = np.arange(start, min(start + BLOCK, most + 1), dtype=np.float64)
        found = _power_at(*error(pilot, effect, readers, counts, generalises_to), alpha)
        for count, power in zip(counts, found, strict=True):
            if power.power > target:
                return Need(readers, int(count), power.power)
    return Need(readers, None, math.nan)


def power_table(
    pilot: Pilot,
    effect: float,
    readers: Sequence[int] = tuple(range(3, 101)),
    generalises_to: Generalisation = "rrrc",
    alpha: float = 0.05,
    target: float = 0.8,
    is_standalone: bool = False,
) -> tuple[Need, ...]:
    """Cases for each number of readers."""
    return tuple(
        cases_for_readers(pilot, effect, count, generalises_to, alpha, target, is_standalone) for count in readers
    )


def readers_for_cases(
    pilot: Pilot,
    effect: float,
    cases: int,
    generalises_to: Generalisation = "rrrc",
    alpha: float = 0.05,
    target: float = 0.8,
    is_standalone: bool = False,
    most: int = 100,
) -> int | None:
    """The fewest readers, from two on, with which so many cases have a power above ``target``; None if so many will
    not do."""
    power = standalone_power if is_standalone else mrmc_power
    for count in range(2, most + 1):
        if power(pilot, effect, count, cases, generalises_to, alpha).power > target:
            return count
    return None


def _mrmc_error(
    pilot: Pilot, effect: float, readers: int, cases: Floats, generalises_to: Generalisation
) -> tuple[float, Floats, Floats]:
    """First degrees of freedom, noncentrality and second degrees of freedom for each number of cases."""
    shrink = pilot.cases / cases
    var_tr = max(pilot.var_tr, 0.0)
    between = max(pilot.cov2 - pilot.cov3, 0.0)
    of_cases = shrink * (pilot.variance - pilot.cov1 + (readers - 1) * between)
    of_readers = var_tr + shrink * (pilot.variance - pilot.cov1 - between)
    return 1.0, *_moments(effect**2 * readers / 2, readers, var_tr, of_cases, of_readers, generalises_to)


def _standalone_error(
    pilot: Pilot, effect: float, readers: int, cases: Floats, generalises_to: Generalisation
) -> tuple[float, Floats, Floats]:
    """As `_mrmc_error`, for readers' differences from a system."""
    shrink = pilot.cases / cases
    var_r, between = max(pilot.var_tr, 0.0), max(pilot.cov2, 0.0)
    of_cases = shrink * (pilot.variance + (readers - 1) * between)
    of_readers = var_r + shrink * (pilot.variance - between)
    return 1.0, *_moments(effect**2 * readers, readers, var_r, of_cases, of_readers, generalises_to)


def _moments(
    size: float,
    readers: int,
    var_tr: float,
    of_cases: Floats,
    of_readers: Floats,
    generalises_to: Generalisation,
) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        if generalises_to == "frrc":
            return size / of_cases, np.full(of_cases.shape, np.inf)
        if readers < 2:
            raise InputError("no power for readers at large", "one reader was asked for", "Take two or more, or frrc")
        if generalises_to == "rrfc":
            return size / of_readers, np.full(of_cases.shape, readers - 1.0)
        denominator = var_tr + of_cases
        return size / denominator, denominator**2 * (readers - 1) / of_readers**2


def _power_at(first: float, noncentrality: ArrayLike, df: ArrayLike, alpha: float) -> list[Power]:
    from scipy.special import chdtri, chndtr, fdtri, ncfdtr

    nc, second = np.atleast_1d(np.asarray(noncentrality)), np.atleast_1d(np.asarray(df))
    is_chi = np.isinf(second)
    finite = np.where(is_chi, 1.0, second)
    critical = np.where(is_chi, chdtri(first, alpha), fdtri(first, finite, 1 - alpha))
    far = np.isfinite(nc) & (nc > FAR) & ~is_chi
    below = np.where(is_chi, chndtr(critical, first, nc), ncfdtr(first, finite, np.where(far, 0.0, nc), critical))
    below[far] = [_below(*numbers) for numbers in zip(critical[far], second[far], nc[far], strict=True)]
    return [
        Power(float(1 - b), float(n), float(d), float(c))
        for b, n, d, c in zip(below, nc, second, critical, strict=True)
    ]


def _below(critical: float, df: float, noncentrality: float) -> float:
    """Noncentral F of one and ``df`` degrees of freedom up to ``critical``, for a large noncentrality.

    There the library's sum is slow and at last gives up. A normal within the root of a chi square is averaged over 400
    of its quantiles by Gauss and Legendre, which is right to six places.
    """
    from scipy.special import chdtri, ndtr

    node, weight = np.polynomial.legendre.leggauss(400)
    reach = np.sqrt(critical * chdtri(df, (1 + node) / 2) / df)
    shift = math.sqrt(noncentrality)
    return float((weight / 2 * (ndtr(reach - shift) - ndtr(-reach - shift))).sum())
