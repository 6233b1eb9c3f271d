"""Everything one table of two by two says about a yes-or-no test, each figure with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from overread.stats.estimate import Estimate
from overread.stats.likelihood_ratios import NO_COVERAGE, LikelihoodRatios, TwoByTwo, log_likelihood_ratios
from overread.stats.proportions import Interval, proportion

LOG_ODDS = "log method (Woolf)"
LIMITS = "limits of sensitivity and specificity added"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Figures of a yes-or-no test.

    Attributes
    ----------
    prevalence, called
        Share that has the disease, and share that is called positive.
    youden
        Sensitivity + specificity - 1, and ``needed``, its inverse: how many must be tested to tell one more diseased
        rightly. Their limits are put together from two intervals.
    odds_ratio
        DLR+ / DLR-.
    f1
        2 TP / (2 TP + FP + FN); an interval for it is a bootstrap's.
    """

    sensitivity: Estimate
    specificity: Estimate
    positive_value: Estimate
    negative_value: Estimate
    accuracy: Estimate
    prevalence: Estimate
    called: Estimate
    ratios: LikelihoodRatios
    odds_ratio: Estimate
    youden: Estimate
    needed: Estimate
    f1: float


def diagnostic(
    table: TwoByTwo, level: float = 0.95, interval: Interval = "exact", convention: Literal["own", "epir"] = "own"
) -> Diagnostic:
    """Describe a test by its counts.

    Parameters
    ----------
    interval
        Of the shares: exact (Clopper-Pearson) or Wilson's.
    convention
        Of likelihood ratios with a zero count, as in `log_likelihood_ratios`.
    """
    t = table
    cases, positive = t.diseased + t.healthy, t.true_positive + t.false_positive

    def share(hits: int, total: int) -> Estimate:
        return proportion(hits, total, level, interval)

    sensitivity, specificity = share(t.true_positive, t.diseased), share(t.true_negative, t.healthy)
    youden = Estimate(
        sensitivity.value + specificity.value - 1,
        sensitivity.low + specificity.low - 1,
        sensitivity.high + specificity.high - 1,
        LIMITS,
        NO_COVERAGE,
    )
    judged = 2 * t.true_positive + t.false_positive + t.false_negative
    return Diagnostic(
        sensitivity,
        specificity,
        share(t.true_positive, positive),
        share(t.true_negative, cases - positive),
        share(t.true_positive + t.true_negative, cases),
        share(t.diseased, cases),
        share(positive, cases),
        log_likelihood_ratios(t, level, convention),
        odds_ratio(t, level),
        youden,
        _inverse(youden),
        2 * t.true_positive / judged if judged else math.nan,
    )


def odds_ratio(table: TwoByTwo, level: float = 0.95) -> Estimate:
    """Odds of a positive call in the diseased over those in the healthy; no interval with an empty cell.

    References
    ----------
    Woolf 1955.
    """
    t = table
    above, below = t.true_positive * t.true_negative, t.false_positive * t.false_negative
    if above == 0 or below == 0:
        value = math.nan if above == below else math.inf if above else 0.0
        return Estimate(value, math.nan, math.nan, LOG_ODDS, "no interval: a cell is empty")
    value = above / below
    error = math.sqrt(1 / t.true_positive + 1 / t.true_negative + 1 / t.false_positive + 1 / t.false_negative)
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    return Estimate(value, value * math.exp(-reach), value * math.exp(reach), LOG_ODDS)


def _inverse(share: Estimate) -> Estimate:
    """1 over a share of which the whole interval is above 0; else without limits."""
    value = 1 / share.value if share.value else math.inf
    if not share.low > 0:
        return Estimate(value, math.nan, math.nan, share.method, "no limits: the index may be 0")
    return Estimate(value, 1 / share.high, 1 / share.low, share.method, share.note)
