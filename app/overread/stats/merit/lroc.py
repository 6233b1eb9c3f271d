"""LROC figures of merit: the diseased count only where the place was right."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from overread.stats.curves import Curve

Closing = Literal["own", "rjafroc"]
SLACK = 1e-12
"""Shares of false positives closer than this are equal."""


def lroc_curve(
    values: ArrayLike,
    is_diseased: ArrayLike,
    is_localised: ArrayLike,
    weights: ArrayLike | None = None,
    closing: Closing = "own",
) -> Curve:
    """Share of the diseased rated at or above a threshold and rightly placed, against the share of healthy rated so.

    Parameters
    ----------
    values
        Rating of each case (n,), higher is more suspicious: of one class against the others the score of that class.
        NaN or -inf: the case got no place and no rating (``no-region``); a miss at every threshold if it is diseased,
        never called if it is healthy.
    is_diseased
        Truth (n,): of one class against the others, whether it is of that class.
    is_localised
        Whether the place of a diseased case counts (n,); of the healthy it is not looked at. With "any region was
        found" a never localised case caps the curve; with "the first place hit a target" the figure is stricter.
    weights
        How often each case counts (n,); None for once.
    closing
        ``own``: after the lowest rating the curve goes level to (1, share localised). ``rjafroc``: as that program,
        the lowest rating never counts and the curve goes level from the point before it.

    Returns
    -------
    Curve
        From (0, 0) to (1, ...); NaN without a diseased or without a healthy case. The last threshold is -inf.

    References
    ----------
    Swensson 1996 (Med Phys 23:1709); RJafroc 2.1.3 for the other closing.
    """
    ratings = np.asarray(values, dtype=np.float64)
    ratings = np.where(np.isnan(ratings), -np.inf, ratings)
    truth = np.asarray(is_diseased, dtype=bool)
    found = truth & np.asarray(is_localised, dtype=bool)
    weight = np.ones(ratings.size) if weights is None else np.asarray(weights, dtype=np.float64)
    diseased, healthy = weight[truth].sum(), weight[~truth].sum()
    rated = np.flatnonzero((ratings > -np.inf) & (weight > 0))
    order = rated[np.argsort(-ratings[rated], kind="stable")]
    last = np.flatnonzero(np.append(ratings[order][1:] != ratings[order][:-1], order.size > 0))
    if closing == "rjafroc":
        last = last[:-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        x = np.cumsum((weight * ~truth)[order])[last] / healthy
        y = np.cumsum((weight * found)[order])[last] / diseased
    top = y[-1] if y.size else 0.0
    edge = np.nan if diseased == 0 or healthy == 0 else 1.0
    return Curve(
        np.concatenate([[0.0], x, [edge]]),
        np.concatenate([[0.0], y, [top * edge]]),
        np.concatenate([[np.inf], ratings[order][last], [-np.inf]]),
    )


def lroc_auc(curve: Curve, to_fpf: float = 1.0) -> float:
    """Area under an LROC curve from 0 to ``to_fpf``, by trapezia, not divided by ``to_fpf``.

    Returns
    -------
    float
        NaN for a curve of one class alone. Up to ``to_fpf`` = 1 it is P(diseased placed rightly and rated above
        healthy) + P(placed rightly and rated equal) / 2.

    References
    ----------
    stats/REFERENCE.md section 3 (RJafroc's ALROC).
    """
    if np.isnan(curve.x[-1]):
        return float("nan")
    inside = curve.x < to_fpf - SLACK
    x = np.append(curve.x[inside], to_fpf)
    y = np.append(curve.y[inside], lroc_height(curve, to_fpf))
    return float(np.trapezoid(y, x))


def lroc_height(curve: Curve, fpf: float) -> float:
    """Share of the diseased that are found and placed rightly (PCL) at a share of false positives, interpolated.

    Notes
    -----
    On the line from the highest point before ``fpf`` to the lowest one at or after it. Where the curve rises straight
    up at ``fpf`` that is the foot of the step, except at 0; `operating_points.sensitivity_at` takes the top.

    References
    ----------
    stats/REFERENCE.md section 3 (RJafroc's PCL).
    """
    if np.isnan(curve.x[-1]) or not 0 <= fpf <= 1:
        return float("nan")
    before = int(np.searchsorted(curve.x, fpf - SLACK, side="left")) - 1
    if before < 0:
        return float(curve.y[curve.x <= SLACK].max())
    after = before + 1
    share = (fpf - curve.x[before]) / (curve.x[after] - curve.x[before])
    return float(curve.y[before] + share * (curve.y[after] - curve.y[before]))
