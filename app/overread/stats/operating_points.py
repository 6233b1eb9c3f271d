"""Single points of an operating curve: Youden's, at a fixed threshold, at a wanted specificity or sensitivity.

A rating at or above the threshold counts as positive, as in `curves`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    Youden 1950; the rule among ties is SEEDS section 5, row 6 [A]. J is compared in whole numbers, so that equal ones
    are equal.
    """
    ratings, truth = np.asarray(values, dtype=np.float64), np.asarray(is_diseased, dtype=bool)
    diseased, healthy = int(truth.sum()), int((~truth).sum())
    if diseased == 0 or healthy == 0:
        raise ValueError(f"{diseased} diseased and {healthy} healthy: no threshold to choose")
    if np.isnan(ratings).any():
        raise ValueError("a rating is no number")
    thresholds = np.unique(ratings)
    hits = diseased - np.searchsorted(np.sort(ratings[truth]), thresholds, side="left")
    false = healthy - np.searchsorted(np.sort(ratings[~truth]), thresholds, side="left")
    j = hits.astype(np.int64) * healthy - false.astype(np.int64) * diseased
    best = int(np.lexsort((hits, j))[-1])
    return RocPoint(float(thresholds[best]), float(hits[best] / diseased), float((healthy - false[best]) / healthy))


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
