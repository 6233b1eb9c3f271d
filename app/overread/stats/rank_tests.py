"""Tests by ranks: two groups, pairs, several groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Zeros = Literal["wilcox", "pratt", "zsplit"]


@dataclass(frozen=True, slots=True)
class RankTest:
    """A statistic with its two-sided p; NaN, and a note, where there is nothing to rank."""

    method: str
    statistic: float
    p: float
    df: int | None = None
    note: str = ""


def mann_whitney(first: ArrayLike, second: ArrayLike, exact: bool = False, corrected: bool = True) -> RankTest:
    """Whether one of two groups tends to larger values.

    Parameters
    ----------
    first, second
        Values (n,), (m,). The statistic U counts pairs in which the first is larger, equal ones half:
        U / (n m) is the area under the ROC curve.
    exact
        From all orders of the values; it knows no ties, and with ties is not exact. Otherwise normal, with the
        variance less for ties and, unless ``corrected`` is false, half a step towards no difference.
    """
    x, y = _values(first), _values(second)
    name = f"Mann-Whitney, {'exact' if exact else 'normal' + (' with continuity correction' if corrected else '')}"
    if not (x.size and y.size):
        return RankTest(name, math.nan, math.nan, note="a group is empty")
    if not exact and np.ptp(np.concatenate([x, y])) == 0:
        return RankTest(name, x.size * y.size / 2, math.nan, note="all values are equal")
    from scipy.stats import mannwhitneyu

    result = mannwhitneyu(x, y, use_continuity=corrected, method="exact" if exact else "asymptotic")
    return RankTest(name, float(result.statistic), float(result.pvalue))


def signed_rank(first: ArrayLike, second: ArrayLike, zeros: Zeros = "wilcox", exact: bool = False) -> RankTest:
    """Whether pairs tend to one side (Wilcoxon); the statistic is the smaller sum of ranks.

    Parameters
    ----------
    first, second
        (n,), the same cases in the same order.
    zeros
        Pairs without a difference: left out (``wilcox``), ranked and then left out (``pratt``), or half to each
        side (``zsplit``).
    exact
        From all signs; otherwise normal without continuity correction.
    """
    x, y = _values(first), _values(second)
    if x.size != y.size:
        raise ValueError(f"{x.size} and {y.size} values are no pairs")
    name = f"Wilcoxon signed rank, {'exact' if exact else 'normal'}"
    if not (x != y).any():
        return RankTest(name, 0.0, math.nan, note="no pair differs")
    from scipy.stats import wilcoxon

    method: Literal["exact", "approx"] = "exact" if exact else "approx"
    result = wilcoxon(x, y, zero_method=zeros, correction=False, method=method)
    return RankTest(name, float(result.statistic), float(result.pvalue))


def kruskal_wallis(groups: Sequence[ArrayLike]) -> RankTest:
    """Whether several groups differ in location; the statistic H allows for ties."""
    name = "Kruskal-Wallis"
    full = [values for values in map(_values, groups) if values.size]
    if len(full) < 2:
        return RankTest(name, math.nan, math.nan, note="fewer than two groups with values")
    if np.ptp(np.concatenate(full)) == 0:
        return RankTest(name, math.nan, math.nan, len(full) - 1, "all values are equal")
    from scipy.stats import kruskal

    result = kruskal(*full)
    return RankTest(name, float(result.statistic), float(result.pvalue), len(full) - 1)


def _values(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64).ravel()
