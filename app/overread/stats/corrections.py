"""Several tests at once: p-values that allow for their number."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Correction = Literal["bonferroni", "sidak", "holm", "hommel", "bh", "by"]


def corrected_p(p_values: ArrayLike, method: Correction = "holm") -> Floats:
    """Adjusted p-values, in the order given; one at or below alpha is significant at alpha.

    Parameters
    ----------
    p_values
        (n,), 0 to 1; NaN is no test, is not counted and stays NaN.
    method
        ``bonferroni``, ``holm``, ``hommel`` and ``sidak`` keep the chance of any false positive at alpha (the last
        for independent tests, ``hommel`` for independent or positively dependent ones); ``bh`` and ``by`` the
        expected share of false ones among the positive.

    References
    ----------
    Holm 1979; Hommel 1988 in the form of Wright 1992; Sidak 1967; Benjamini and Hochberg 1995; Benjamini and
    Yekutieli 2001.
    """
    given = np.asarray(p_values, dtype=np.float64)
    there = ~np.isnan(given)
    p = given[there]
    if given.ndim != 1 or (p < 0).any() or (p > 1).any():
        raise ValueError("a p-value outside 0 to 1")
    out = np.full(given.shape, np.nan)
    if p.size:
        order = np.argsort(p, kind="stable")
        adjusted = np.empty(p.size)
        adjusted[order] = np.clip(_RULES[method](p[order]), 0, 1)
        out[there] = adjusted
    return out


def _bonferroni(p: Floats) -> Floats:
    return p * p.size


def _sidak(p: Floats) -> Floats:
    return np.asarray(-np.expm1(p.size * np.log1p(-np.minimum(p, 1 - 1e-16))))


def _holm(p: Floats) -> Floats:
    return np.maximum.accumulate(p * np.arange(p.size, 0, -1))


def _hommel(p: Floats) -> Floats:
    adjusted = p.copy()
    for m in range(p.size, 1, -1):
        least = float((m * p[-m:] / np.arange(1, m + 1)).min())
        adjusted[-m:] = np.maximum(adjusted[-m:], least)
        adjusted[:-m] = np.maximum(adjusted[:-m], np.minimum(m * p[:-m], least))
    return adjusted


def _benjamini_hochberg(p: Floats) -> Floats:
    scaled = p * p.size / np.arange(1, p.size + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


def _benjamini_yekutieli(p: Floats) -> Floats:
    return _benjamini_hochberg(p) * float((1 / np.arange(1, p.size + 1)).sum())


_RULES = {
    "bonferroni": _bonferroni,
    "sidak": _sidak,
    "holm": _holm,
    "hommel": _hommel,
    "bh": _benjamini_hochberg,
    "by": _benjamini_yekutieli,
}
