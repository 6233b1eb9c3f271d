"""Intervals of a proportion."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

from overread.stats.estimate import Estimate

EXACT = "Clopper-Pearson"
WILSON = "Wilson"
Interval = Literal["exact", "wilson"]


def clopper_pearson(hits: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Exact (Clopper-Pearson) interval of ``hits`` out of ``total``; (0, 1) when there are none.

    References
    ----------
    Clopper and Pearson 1934, through the beta distribution.
    """
    two_sided = (1 + level) / 2
    return exact_lower(hits, total, two_sided), exact_upper(hits, total, two_sided)


def exact_lower(hits: int, total: int, level: float = 0.95) -> float:
    """One-sided exact limit: at this ``level`` the proportion is not below it. 0 for no hits, and of nothing.

    References
    ----------
    Clopper and Pearson 1934. For all of n it is (1 - level) ** (1 / n).
    """
    _check(hits, total)
    if hits == 0:
        return 0.0
    from scipy.special import betaincinv

    return float(betaincinv(hits, total - hits + 1, 1 - level))


def exact_upper(hits: int, total: int, level: float = 0.95) -> float:
    """One-sided exact limit: at this ``level`` the proportion is not above it. 1 when all hit, and of nothing.

    References
    ----------
    Clopper and Pearson 1934. For none of n it is 1 - (1 - level) ** (1 / n), about 3 / n at 95 %.
    """
    _check(hits, total)
    if hits == total:
        return 1.0
    from scipy.special import betaincinv

    return float(betaincinv(hits + 1, total - hits, level))


def wilson(hits: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Score interval of ``hits`` out of ``total``, without continuity correction; (0, 1) of nothing.

    References
    ----------
    Wilson 1927. Nearer to its level on average than the exact one, which is never below it.
    """
    _check(hits, total)
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = hits / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    reach = z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    # at the ends the limit is exact; rounding would put it a hair inside
    return 0.0 if hits == 0 else middle - reach, 1.0 if hits == total else middle + reach


def proportion(hits: int, total: int, level: float = 0.95, interval: Interval = "exact") -> Estimate:
    """A share with its interval; of nothing it is NaN and could be anything."""
    low, high = (clopper_pearson if interval == "exact" else wilson)(hits, total, level)
    method = EXACT if interval == "exact" else WILSON
    if total == 0:
        return Estimate(float("nan"), low, high, method, "nothing to take a share of")
    return Estimate(hits / total, low, high, method)


def binomial_test(hits: int, total: int, null: float = 0.5) -> float:
    """Two-sided exact p of a share being ``null``: all outcomes that are no likelier than this one.

    1 of nothing.
    """
    _check(hits, total)
    if total == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(hits, total, null).pvalue)


def _check(hits: int, total: int) -> None:
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} of {total} is no proportion")
