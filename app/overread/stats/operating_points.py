"""Single points of an operating curve: Youden's, at a fixed threshold, at a wanted specificity or sensitivity.

A rating at or above the threshold counts as positive, as in `curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from overread.stats.curves import Curve

SLACK = 1e-12
"""1 - 0.8 and 20 / 100 are not the same float; shares closer than this are equal."""


@dataclass(frozen=True, slots=True)
class RocPoint:
    """A threshold and the shares it gives; NaN for a class without cases."""

    threshold: float
    sensitivity: float
    specificity: float

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1."""
        return self.sensitivity + self.specificity - 1


def youden_point(values: ArrayLike, is_diseased: ArrayLike) -> RocPoint:
    """The threshold with the largest J = sensitivity + specificity - 1; among equal ones the more sensitive.

    Parameters
    ----------
    values
        Ratings (n,).
    is_diseased
        Truth (n,).

    Returns
    -------
    RocPoint
        Its threshold is an observed rating. Where no threshold does better than chance it is the lowest rating,
        at which all are called.

    Raises
    ------
    ValueError
        When a class has no case, or a rating is no number.

    References
    ----------
    Youden 1950; the rule among ties is SEEDS section 5, row 6 [A].
    """
    return best_points(values, is_diseased)[0]


def best_points(
    values: ArrayLike,
    is_diseased: ArrayLike,
    rule: Literal["youden", "closest"] = "youden",
    cost: float = 1.0,
    prevalence: float = 0.5,
    convention: Literal["own", "proc"] = "own",
) -> tuple[RocPoint, ...]:
    """All thresholds that a rule finds best, the most sensitive first.

    Parameters
    ----------
    values, is_diseased
        As in `youden_point`.
    rule
        ``youden``: the largest sensitivity + r specificity; ``closest``: the smallest
        (1 - sensitivity)^2 + r (1 - specificity)^2, nearest to the corner of a perfect test.
    cost, prevalence
        Of a false negative over a false positive, and of the disease: r = (1 - prevalence) / (cost prevalence).

    convention
        ``own`` compares in whole numbers where r is 1, and otherwise takes points closer than ``SLACK`` for equal.
        ``proc`` compares rounded sums of shares, and so passes over thresholds whose sums differ in the last bit.

    References
    ----------
    Perkins and Schisterman 2006 for the weights.
    """
    thresholds, hits, false, diseased, healthy = _counts(values, is_diseased)
    r = (1 - prevalence) / (cost * prevalence)
    sensitivities, specificities = hits / diseased, (healthy - false) / healthy
    if convention == "proc":
        slack = 0.0
        if rule == "youden":
            loss = -(sensitivities + r * specificities)
        else:
            loss = (1 - sensitivities) ** 2 + r * (1 - specificities) ** 2
    else:
        missed, wrong = (diseased - hits) * healthy, false * diseased
        power, whole = (1, diseased * healthy) if rule == "youden" else (2, (diseased * healthy) ** 2)
        loss = missed**power + wrong**power if r == 1 else missed**power + r * wrong**power
        slack = 0.0 if r == 1 else SLACK * whole
    best = np.flatnonzero(loss <= loss.min() + slack)
    return tuple(RocPoint(float(thresholds[n]), float(sensitivities[n]), float(specificities[n])) for n in best)


def halfway_below(values: ArrayLike, threshold: float) -> float:
    """A threshold as programs print it that cut between ratings: halfway down to the next lower one.

    -inf for the lowest rating, infinite above the highest; it calls the same cases positive.
    """
    ratings = np.unique(np.asarray(values, dtype=np.float64))
    n = int(np.searchsorted(ratings, threshold, side="left"))
    if n == 0:
        return -math.inf
    return math.inf if n == ratings.size else float(ratings[n - 1] + ratings[n]) / 2


def point_at_threshold(values: ArrayLike, is_diseased: ArrayLike, threshold: float) -> RocPoint:
    """What a threshold that was fixed elsewhere gives on these cases."""
    called = np.asarray(values, dtype=np.float64) >= threshold
    truth = np.asarray(is_diseased, dtype=bool)
    return RocPoint(threshold, _share(called[truth]), _share(~called[~truth]))


def sensitivity_at(curve: Curve, specificity: float, interpolate: bool = False) -> float:
    """Height of a curve where at least this specificity holds.

    Parameters
    ----------
    curve
        From `curves.roc_curve`, or from `merit.lroc.lroc_curve`: then the share found and localised.
    interpolate
        False: the best point that a threshold reaches (step curve). True: on the straight line between the points on
        both sides, top of the step where the curve rises there (MRMCaov's ``empirical_sens``).

    Returns
    -------
    float
        NaN when the curve has none.
    """
    if math.isnan(curve.x[-1]) or math.isnan(curve.y[-1]):
        return math.nan
    return _height(curve.x, curve.y, 1 - specificity, interpolate)


def specificity_at(curve: Curve, sensitivity: float, interpolate: bool = False) -> float:
    """Highest specificity at which a curve has at least this sensitivity; NaN where it never reaches it.

    Parameters
    ----------
    interpolate
        As in `sensitivity_at`.
    """
    if math.isnan(curve.x[-1]) or math.isnan(curve.y[-1]) or curve.y[-1] < sensitivity - SLACK:
        return math.nan
    return _height(1 - curve.y[::-1], 1 - curve.x[::-1], 1 - sensitivity, interpolate)


def _counts(values: ArrayLike, is_diseased: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """Rising thresholds with true and false positives at each, and how many diseased and healthy there are."""
    ratings, truth = np.asarray(values, dtype=np.float64), np.asarray(is_diseased, dtype=bool)
    diseased, healthy = int(truth.sum()), int((~truth).sum())
    if diseased == 0 or healthy == 0:
        raise ValueError(f"{diseased} diseased and {healthy} healthy: no threshold to choose")
    if np.isnan(ratings).any():
        raise ValueError("a rating is no number")
    thresholds = np.unique(ratings)
    hits = diseased - np.searchsorted(np.sort(ratings[truth]), thresholds, side="left")
    false = healthy - np.searchsorted(np.sort(ratings[~truth]), thresholds, side="left")
    return thresholds, hits.astype(np.int64), false.astype(np.int64), diseased, healthy


def _height(x: np.ndarray, y: np.ndarray, at: float, interpolate: bool) -> float:
    """Largest y with x <= at, or the line from there to the next point."""
    before = int(np.searchsorted(x, at + SLACK, side="right")) - 1
    if before < 0:
        return math.nan
    low = float(y[before])
    if not interpolate or before + 1 == x.size or x[before] >= at - SLACK:
        return low
    share = (at - x[before]) / (x[before + 1] - x[before])
    return low + float(share) * float(y[before + 1] - low)


def _share(is_right: np.ndarray) -> float:
    return float(is_right.mean()) if is_right.size else math.nan
