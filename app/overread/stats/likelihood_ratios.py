"""Diagnostic likelihood ratios of a two-by-two table, with the interval of the log method and the rule of limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from overread.stats.estimate import Estimate
from overread.stats.proportions import proportion

LOG = "log method (Simel)"
LIMITS = "ratio of Clopper-Pearson limits"
NO_COVERAGE = "combines two limits: no confidence interval of stated coverage"


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Counts of a yes-or-no test against the truth."""

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int

    def __post_init__(self) -> None:
        if min(self.true_positive, self.false_negative, self.false_positive, self.true_negative) < 0:
            raise ValueError(f"a negative count: {self}")

    @classmethod
    def of_shares(cls, hits: int, diseased: int, rejected: int, healthy: int) -> TwoByTwo:
        """From sensitivity ``hits`` of ``diseased`` and specificity ``rejected`` of ``healthy``."""
        return cls(hits, diseased - hits, healthy - rejected, rejected)

    @property
    def diseased(self) -> int:
        """How many have the disease."""
        return self.true_positive + self.false_negative

    @property
    def healthy(self) -> int:
        """How many have not."""
        return self.false_positive + self.true_negative

    def sensitivity(self, level: float = 0.95) -> Estimate:
        """Share of the diseased called positive, exact interval."""
        return proportion(self.true_positive, self.diseased, level)

    def specificity(self, level: float = 0.95) -> Estimate:
        """Share of the healthy called negative, exact interval."""
        return proportion(self.true_negative, self.healthy, level)


@dataclass(frozen=True, slots=True)
class LikelihoodRatios:
    """DLR+ = sensitivity / (1 - specificity) and DLR- = (1 - sensitivity) / specificity."""

    positive: Estimate
    negative: Estimate


def log_likelihood_ratios(
    table: TwoByTwo, level: float = 0.95, convention: Literal["own", "epir"] = "own"
) -> LikelihoodRatios:
    """Both ratios with intervals that are symmetric on the log scale: the ones to report.

    Parameters
    ----------
    convention
        ``own`` reports no limit where a count of the ratio is 0. ``epir`` calls 0 the lower limit of a ratio of 0.

    Returns
    -------
    LikelihoodRatios
        With NaN limits, and a note, where one of the two counts of a ratio is 0: its logarithm has no variance
        there. The ratio itself is then 0 or infinite, NaN for 0 / 0 and when a class has no case.

    References
    ----------
    Simel, Samsa and Matchar 1991 (J Clin Epidemiol 44:763).
    """
    t = table
    return LikelihoodRatios(
        _by_logarithm(t.true_positive, t.diseased, t.false_positive, t.healthy, level, convention),
        _by_logarithm(t.false_negative, t.diseased, t.true_negative, t.healthy, level, convention),
    )


def limit_likelihood_ratios(table: TwoByTwo, level: float = 0.95) -> LikelihoodRatios:
    """Both ratios with the limits that come of dividing the exact limits of sensitivity and specificity.

    Printed by Zhen (SEEDS section 5, row 2) and here to recognise such rows. An upper limit of DLR+ is infinite where
    no false positive was seen, that of DLR- where specificity may be 0.
    """
    sensitivity, specificity = table.sensitivity(level), table.specificity(level)
    ratios = log_likelihood_ratios(table, level)
    return LikelihoodRatios(
        Estimate(
            ratios.positive.value,
            _divide(sensitivity.low, 1 - specificity.low),
            _divide(sensitivity.high, 1 - specificity.high),
            LIMITS,
            NO_COVERAGE,
        ),
        Estimate(
            ratios.negative.value,
            _divide(1 - sensitivity.high, specificity.high),
            _divide(1 - sensitivity.low, specificity.low),
            LIMITS,
            NO_COVERAGE,
        ),
    )


def _by_logarithm(part: int, diseased: int, other: int, healthy: int, level: float, convention: str) -> Estimate:
    """(part / diseased) / (other / healthy) and its interval."""
    if diseased == 0 or healthy == 0:
        return Estimate(math.nan, math.nan, math.nan, LOG, "one class has no case")
    value = _divide(part / diseased, other / healthy)
    if part == 0 or other == 0:
        low = 0.0 if convention == "epir" and value == 0 else math.nan
        return Estimate(value, low, math.nan, LOG, "no interval: a count of the ratio is 0")
    error = math.sqrt(1 / part - 1 / diseased + 1 / other - 1 / healthy)
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    return Estimate(value, value * math.exp(-reach), value * math.exp(reach), LOG)


def _divide(above: float, below: float) -> float:
    if below == 0:
        return math.nan if above == 0 else math.inf
    return above / below
