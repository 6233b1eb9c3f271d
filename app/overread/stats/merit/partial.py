"""Figures of a part or a point of the ROC curve: partial areas, sensitivity at a specificity, expected utility.

Those at a sensitivity are those at a specificity of the study turned round: the classes change places and the ratings
their sign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells, Floats, Placements
from overread.stats.merit.kernel import each_cell
from overread.stats.merit.left_out_curve import LeftOutCurve, left_out_curve
from overread.stats.partial_auc import mcclish

Scale = Literal["plain", "normalised", "corrected"]
Closing = Literal["own", "mrmcaov"]


def partial_area_cells(
    data: ReaderData,
    name: str,
    limits: tuple[float, float],
    by_sensitivity: bool,
    scale: Scale,
    closing: Closing = "own",
) -> Cells:
    """Area of the ROC curve between two specificities, or beside it between two sensitivities.

    Parameters
    ----------
    limits
        The lower and the upper one, from 0 to 1.
    scale
        ``normalised``: divided by the width. ``corrected``: 1/2 for a curve along the diagonal, 1 for a perfect one.
    closing
        ``own``: the area of the polygon, which pROC takes too. ``mrmcaov``: that program's outer trapezia end at its
        own heights (`specificity_at_cells`), which differ where the curve is upright or level near a limit.

    References
    ----------
    McClish 1989 for the correction; Jiang, Metz and Nishikawa 1996 for the area by sensitivity.
    """
    low, high = limits
    worst = mcclish(0.0, low, high)

    def area(curve: LeftOutCurve) -> Floats:
        plain = curve.area_between(1 - high, 1 - low)
        if closing == "mrmcaov":
            plain = plain + _excess(curve, 1 - high, 1 - low, by_sensitivity)
        if scale == "normalised":
            return np.asarray(plain / (high - low))
        return np.asarray(worst + (1 - worst) * plain / (high - low)) if scale == "corrected" else plain

    return curve_cells(data, name, area, by_sensitivity)


def sensitivity_at_cells(data: ReaderData, name: str, specificity: float, closing: Closing = "own") -> Cells:
    """Sensitivity at a specificity, on the line between its neighbours, top of a step; see `specificity_at_cells`."""
    return curve_cells(data, name, _height(1 - specificity, closing, is_turned=False))


def specificity_at_cells(data: ReaderData, name: str, sensitivity: float, closing: Closing = "own") -> Cells:
    """Specificity at a sensitivity, likewise.

    Parameters
    ----------
    closing
        ``own``: on the polygon of all points, the better end of a level or upright part. ``mrmcaov``: of the points
        that share a sensitivity that program keeps the worst, of those that share a specificity the best, and draws
        the line between these.
    """
    return curve_cells(data, name, _height(1 - sensitivity, closing, is_turned=True), is_turned=True)


def expected_utility_cells(data: ReaderData, name: str, slope: float) -> Cells:
    """Largest sensitivity - slope * (1 - specificity) of all thresholds (Abbey, Samuelson and Gallas 2013)."""
    return curve_cells(data, name, lambda curve: curve.utility(slope))


def curve_cells(
    data: ReaderData, name: str, figure: Callable[[LeftOutCurve], Floats], is_turned: bool = False
) -> Cells:
    """A figure of the ROC curve of the cases' ratings.

    Parameters
    ----------
    figure
        From a curve and its left-out curves to a number of each (n + 1,).
    is_turned
        Of the study turned round.
    """
    read, truth = data.was_read, ~data.is_diseased if is_turned else data.is_diseased
    ratings = -data.ratings if is_turned else data.ratings

    def one(i: int, j: int) -> tuple[float, Floats, Placements | None]:
        healthy, diseased = np.flatnonzero(read[i, j] & ~truth), np.flatnonzero(read[i, j] & truth)
        found = figure(left_out_curve(ratings[i, j, healthy], ratings[i, j, diseased], True))
        without = np.full(truth.shape, np.nan)
        without[np.concatenate([healthy, diseased])] = found[1:]
        return float(found[0]), without, None

    return each_cell(name, data.ratings.shape, read, np.arange(truth.size), one)


def _height(share: float, closing: Closing, is_turned: bool) -> Callable[[LeftOutCurve], Floats]:
    if closing == "mrmcaov":
        return lambda curve: curve.height_by_ends(share, is_foot=is_turned)
    return lambda curve: curve.height(share)


def _excess(curve: LeftOutCurve, low: float, high: float, is_turned: bool) -> Floats:
    """What the area of MRMCaov has more than the polygon's: its two outer trapezia end at its own heights."""
    after = np.minimum(curve.reached(low) + 1, curve.last)
    before = np.maximum(curve.reached(high, is_strict=True), 0)
    at_low = (curve.height_by_ends(low, is_turned) - curve.height(low)) * (np.minimum(curve.x(after), high) - low)
    at_high = (curve.height_by_ends(high, is_turned) - curve.foot(high)) * (high - np.maximum(curve.x(before), low))
    return np.asarray((at_low + at_high) / 2)
