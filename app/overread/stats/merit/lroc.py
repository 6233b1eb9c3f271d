"""LROC figures of merit: the diseased count only where the place was right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from overread.core.reader_data import ReaderData
from overread.stats.curves import Curve
from overread.stats.merit.cells import Cells, Floats, Placements
from overread.stats.merit.kernel import Places, Sample, each_cell, mean_of_pairs, pair_sums, two_sample_placements
from overread.stats.merit.left_out_curve import LeftOutCurve, left_out_curve
from overread.stats.operating_points import SLACK

Closing = Literal["own", "rjafroc"]


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


def localised_pair_cells(data: ReaderData, name: str) -> Cells:
    """Area under the whole LROC curve, own closing: a mean over pairs, nought where the place was not found."""
    assert data.correct is not None
    correct, read, places = data.correct, data.was_read, np.arange(len(data.cases))

    def one(i: int, j: int) -> tuple[float, Floats, Placements | None]:
        healthy, diseased = read[i, j] & ~data.is_diseased, read[i, j] & data.is_diseased
        hit = diseased & (correct[i, j] > -np.inf)
        false = Sample(data.ratings[i, j, healthy], places[healthy], np.ones(np.count_nonzero(healthy)))
        true = Sample(correct[i, j, hit], places[hit], np.ones(np.count_nonzero(hit)))
        sums = pair_sums(false, true, places.size)
        value, without = mean_of_pairs(sums, healthy.astype(np.float64), diseased.astype(np.float64))
        return value, without, two_sample_placements(sums, read[i, j], data.is_diseased)

    return each_cell(name, data.ratings.shape, read, places, one)


def lroc_area_cells(data: ReaderData, name: str, to_fpf: float, closing: Closing) -> Cells:
    """`lroc_auc` of every reader and without each case."""

    def area(curve: LeftOutCurve) -> Floats:
        before, last = _strictly_before(curve, to_fpf, closing)
        at = np.maximum(before, 0)
        tip = (to_fpf - curve.x(at)) * (curve.y(at) + _heights(curve, to_fpf, before, last)) / 2
        return np.asarray(curve.area_to(at) + tip if to_fpf > 0 else np.zeros(at.shape) * curve.y(at))

    return _lroc_cells(data, name, area)


def lroc_height_cells(data: ReaderData, name: str, fpf: float, closing: Closing) -> Cells:
    """`lroc_height` of every reader and without each case."""
    return _lroc_cells(data, name, lambda curve: _heights(curve, fpf, *_strictly_before(curve, fpf, closing)))


def _lroc_cells(data: ReaderData, name: str, figure: Callable[[LeftOutCurve], Floats]) -> Cells:
    assert data.correct is not None
    correct, read = data.correct, data.was_read

    def one(i: int, j: int) -> tuple[float, Floats, Placements | None]:
        healthy, diseased = (np.flatnonzero(read[i, j] & side) for side in (~data.is_diseased, data.is_diseased))
        found = figure(left_out_curve(data.ratings[i, j, healthy], correct[i, j, diseased], False))
        without = np.full(data.is_diseased.shape, np.nan)
        without[np.concatenate([healthy, diseased])] = found[1:]
        return float(found[0]), without, None

    return each_cell(name, data.ratings.shape, read, np.arange(len(data.cases)), one)


def _strictly_before(curve: LeftOutCurve, fpf: float, closing: Closing) -> tuple[Places, Places]:
    """The last step of each curve with x < ``fpf``, -1 for none, and the last step that is a point of it."""
    last = curve.last
    if closing == "rjafroc":
        steps = curve.false + curve.true
        is_alone = (curve.step == last) & (np.diff(steps, prepend=0)[-1] == 1)
        last = np.maximum(last - 1 - is_alone, 0)
    return np.minimum(curve.reached(fpf, is_strict=True), last), last


def _heights(curve: LeftOutCurve, fpf: float, before: Places, last: Places) -> Floats:
    low, high = np.maximum(before, 0), np.minimum(before + 1, last)
    is_closing = before >= last
    x, y = curve.x(low), curve.y(low)
    run = np.where(is_closing, 1.0, curve.x(high)) - x
    rise = np.divide(fpf - x, run, out=np.zeros_like(x), where=run > 0) * (curve.y(high) - y)
    at_nought = curve.y(np.minimum(curve.reached(0.0), last))
    heights = np.where(before < 0, at_nought, np.where(is_closing, curve.y(last), y + rise))
    return np.asarray(np.where(np.isnan(curve.healthy), np.nan, heights))
