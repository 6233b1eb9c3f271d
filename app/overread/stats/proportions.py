"""Intervals of a proportion."""

from __future__ import annotations

from overread.stats.estimate import Estimate

EXACT = "Clopper-Pearson"


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


def proportion(hits: int, total: int, level: float = 0.95) -> Estimate:
    """A share with its exact interval; of nothing it is NaN and could be anything."""
    low, high = clopper_pearson(hits, total, level)
    if total == 0:
        return Estimate(float("nan"), low, high, EXACT, "nothing to take a share of")
    return Estimate(hits / total, low, high, EXACT)


def _check(hits: int, total: int) -> None:
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} of {total} is no proportion")
