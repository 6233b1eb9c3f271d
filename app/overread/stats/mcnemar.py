"""Two readers' yes-or-no answers on the same cases: McNemar's test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two-sided p of the exact conditional test and its mid-p; both 1 when the readers never differ."""

    first_only: int
    second_only: int
    exact_p: float
    mid_p: float


def mcnemar(first_only: int, second_only: int) -> McNemar:
    """Test whether two paired proportions are equal.

    Parameters
    ----------
    first_only, second_only
        Cases on which only the first, or only the second, reader was right. Where both agree nothing is learnt.

    References
    ----------
    McNemar 1947; mid-p as in Fagerland, Lydersen and Laake 2013 (BMC Medical Research Methodology 13:91), who
    recommend it because the exact test is too careful.
    """
    if first_only < 0 or second_only < 0:
        raise ValueError(f"{first_only} and {second_only} are no counts")
    total, fewer = first_only + second_only, min(first_only, second_only)
    if total == 0:
        return McNemar(0, 0, 1.0, 1.0)
    from scipy.special import bdtr

    just = math.exp(
        math.lgamma(total + 1) - math.lgamma(fewer + 1) - math.lgamma(total - fewer + 1) - total * math.log(2)
    )
    if first_only == second_only:
        return McNemar(first_only, second_only, 1.0, 1 - just / 2)
    exact = min(1.0, 2 * float(bdtr(fewer, total, 0.5)))
    return McNemar(first_only, second_only, exact, max(0.0, exact - just))


@dataclass(frozen=True, slots=True)
class ChiSquareMcNemar:
    """McNemar's chi square with 1 degree of freedom, and its p."""

    statistic: float
    p: float


def mcnemar_chi_square(
    first_only: int,
    second_only: int,
    corrected: bool = False,
    convention: Literal["own", "r", "statsmodels"] = "own",
) -> ChiSquareMcNemar:
    """The large-sample form of McNemar's test; the exact one is what to report.

    Parameters
    ----------
    corrected
        Take 1 off the difference (Edwards 1948).
    convention
        What programs disagree on. ``own`` and ``r``: the correction never moves a difference of 0 away from 0, and
        readers who never differ have no statistic (NaN). ``statsmodels``: 1 is taken off a difference of 0 too, which
        makes equal counts look different, and readers who never differ infinitely so.

    References
    ----------
    McNemar 1947.
    """
    if first_only < 0 or second_only < 0:
        raise ValueError(f"{first_only} and {second_only} are no counts")
    total, apart = first_only + second_only, abs(first_only - second_only)
    if corrected and (apart or convention == "statsmodels"):
        apart = abs(apart - 1)
    of_nobody = math.inf if apart else math.nan
    statistic = apart**2 / total if total else of_nobody
    return ChiSquareMcNemar(statistic, math.erfc(math.sqrt(statistic / 2)))
