"""How many cases one area, or two areas of one reader on the same cases, need; and what a number of cases can show.

Of readers as a sample: `mrmc.power`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from overread.stats.curves import Curve
from overread.stats.delong import Areas

NORMAL = NormalDist()
CHANCE_VARIANCE = 0.0792
"""Variance of an area of 0.5 per diseased case, over 1 + 1 / ratio (Obuchowski 1997)."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Variances per diseased case of a difference: if there is none, and as it is."""

    without: float
    with_it: float
    effect: float


def area_variance(area: float, ratio: float) -> float:
    """Variance of an area times the number of diseased cases, for ratings that are about binormal.

    Parameters
    ----------
    ratio
        Healthy over diseased cases.

    References
    ----------
    Obuchowski 1997 (Radiology 203:865), 1.414 for the root of 2 as printed there.
    """
    a2 = (NORMAL.inv_cdf(area) * 1.414) ** 2
    return 0.0099 * math.exp(-a2 / 2) * ((5 * a2 + 8) + (a2 + 8) / ratio)


def fitted_area_variance(curve: Curve, ratio: float, convention: Literal["own", "proc"] = "own") -> float:
    """Variance of an area times the number of diseased cases, from a binormal curve laid through the points of one.

    Parameters
    ----------
    curve
        From `curves.roc_curve`; at least two points off the edges, else NaN.
    ratio
        Healthy over diseased cases.
    convention
        ``proc`` lays the line the other way round, specificity on sensitivity, and leaves out that its height and
        slope vary together; its variance is too large.

    Notes
    -----
    The curve is the least-squares line through the points on normal paper, sensitivity on the false positive share.

    References
    ----------
    Obuchowski and McClish 1997 (Statistics in Medicine 16:1529), table 1 and equation 4.
    """
    inner = (curve.x > 0) & (curve.x < 1) & (curve.y > 0) & (curve.y < 1)
    across = np.array([NORMAL.inv_cdf(1 - v) for v in curve.x[inner]])
    up = np.array([NORMAL.inv_cdf(v) for v in curve.y[inner]])
    if min(np.unique(across).size, np.unique(up).size) < 2:
        return math.nan
    line = np.polyfit(-across, up, 1) if convention == "own" else np.polyfit(up, across, 1)
    b, a = (float(v) for v in line)
    spread = 1 + b * b
    first = math.exp(-a * a / (2 * spread)) / math.sqrt(2 * math.pi * spread)
    second = first * a * b / spread
    of_height, of_slope = 1 + b * b / ratio + a * a / 2, b * b * (1 + ratio) / (2 * ratio)
    together = a * b / 2 if convention == "own" else 0.0
    return first**2 * of_height + second**2 * of_slope - 2 * first * second * together


def one_area(area: float, ratio: float = 1.0) -> Spread:
    """An area against 0.5."""
    return Spread(CHANCE_VARIANCE * (1 + 1 / ratio), area_variance(area, ratio), area - 0.5)


def two_areas(pilot: Areas, diseased: int, convention: Literal["own", "proc"] = "own") -> Spread:
    """Two areas on the same cases, from a pilot of which ``diseased`` cases were.

    Parameters
    ----------
    convention
        Variance if there is no difference. ``own``: the same as with one, for DeLong's test, whose variance does not
        suppose that there is none. ``proc``: that of two areas like the first, so that it matters which comes first.
    """
    covariance = pilot.covariance * diseased
    first, second, both = (float(covariance[n]) for n in ((0, 0), (1, 1), (0, 1)))
    with_it = first + second - 2 * both
    without = with_it if convention == "own" else 2 * (first - both)
    return Spread(without, with_it, float(pilot.values[0] - pilot.values[1]))


def power(spread: Spread, diseased: float, alpha: float = 0.05) -> float:
    """Chance that a two-sided normal test at ``alpha`` finds the effect with this many diseased cases."""
    least = -NORMAL.inv_cdf(alpha / 2) * math.sqrt(spread.without)
    return NORMAL.cdf((math.sqrt(diseased) * abs(spread.effect) - least) / math.sqrt(spread.with_it))


def cases_needed(spread: Spread, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """Diseased cases, not rounded, for a power of ``wanted``; infinite without an effect."""
    if spread.effect == 0:
        return math.inf
    reach = -NORMAL.inv_cdf(alpha / 2) * math.sqrt(spread.without)
    reach += NORMAL.inv_cdf(wanted) * math.sqrt(spread.with_it)
    return (reach / spread.effect) ** 2
