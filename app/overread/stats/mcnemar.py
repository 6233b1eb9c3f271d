"""Two readers' yes-or-no answers on the same cases: McNemar's test."""

from __future__ import annotations

import math
from dataclasses import dataclass


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
