"""Figures of merit by their definitions, one reader at a time and all pairs in a table; left-out values by leaving out.

The slow twin of `overread.stats.merit`: what its tests compare with and what its benchmark is measured against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from overread.core.reader_data import Choices, FalseMarks, Lesions, ReaderData
from overread.stats.curves import Curve, roc_curve
from overread.stats.merit.lroc import lroc_auc, lroc_curve, lroc_height
from overread.stats.operating_points import sensitivity_at, specificity_at
from overread.stats.partial_auc import mcclish, partial_area


@dataclass(frozen=True, slots=True)
class Cell:
    """What one reader read under one condition; places of lesions and marks count among the read cases."""

    truth: np.ndarray
    rating: np.ndarray
    correct: np.ndarray
    lesion_case: np.ndarray
    lesion_weight: np.ndarray
    lesion: np.ndarray
    mark_case: np.ndarray
    mark: np.ndarray
    class_: np.ndarray
    called: np.ndarray

    @property
    def healthy(self) -> np.ndarray:
        return self.rating[~self.truth]

    @property
    def diseased(self) -> np.ndarray:
        return self.rating[self.truth]

    def highest(self, is_kept: np.ndarray) -> np.ndarray:
        """Highest mark on no lesion of each kept case."""
        highest = np.full(self.truth.size, -np.inf)
        np.maximum.at(highest, self.mark_case, self.mark)
        return highest[is_kept]

    def marks_of(self, is_kept: np.ndarray) -> int:
        return int(np.count_nonzero(is_kept[self.mark_case]))


def psi(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(len(a), len(b)): 1 where a < b, 1/2 where equal."""
    first, second = a[:, None], b[None, :]
    return (first < second) + 0.5 * (first == second)


def cell_of(data: ReaderData, i: int, j: int) -> Cell:
    """One reader's under one condition; nothing of cases that were not read."""
    read = data.was_read[i, j]
    if data.choices is not None:
        read = read | (data.choices.called[i, j] >= 0)
    place = np.cumsum(read) - 1
    none, whole = np.zeros(0), np.zeros(0, dtype=np.intp)
    lesion_case, weight, lesion, mark_case, mark = whole, none, none, whole, none
    if data.lesions is not None:
        kept = read[data.lesions.case]
        lesion_case, weight = place[data.lesions.case[kept]], data.lesions.weight[kept]
        lesion = data.lesion_ratings[i, j, kept]
        case, mark = data.false_marks.of(i, j)
        mark_case = place[case]
    correct = none if data.correct is None else data.correct[i, j, read]
    choices = data.choices
    class_, called = (whole, whole) if choices is None else (choices.truth[read], choices.called[i, j, read])
    truth, rating = data.is_diseased[read], data.ratings[i, j, read]
    return Cell(truth, rating, correct, lesion_case, weight, lesion, mark_case, mark, class_, called)


def without_case(data: ReaderData, k: int) -> ReaderData:
    """The study as if a case had never been in it."""

    def cut(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else np.delete(values, k, axis=-1)

    lesions, on_lesions, marks, choices = data.lesions, data.lesion_ratings, data.false_marks, data.choices
    if lesions is not None:
        kept = lesions.case != k
        ids = tuple(name for name, is_kept in zip(lesions.ids, kept, strict=True) if is_kept)
        lesions = Lesions(ids, lesions.case[kept] - (lesions.case[kept] > k), lesions.weight[kept])
        on_lesions = on_lesions[:, :, kept]
        rest = marks.case != k
        case = marks.case[rest] - (marks.case[rest] > k)
        marks = FalseMarks(marks.condition[rest], marks.reader[rest], case, marks.rating[rest])
    if choices is not None:
        choices = Choices(choices.names, cut(choices.truth), cut(choices.called), cut(choices.confidence))
    return replace(
        data,
        cases=data.cases[:k] + data.cases[k + 1 :],
        is_diseased=cut(data.is_diseased),
        ratings=cut(data.ratings),
        correct=cut(data.correct),
        incorrect=cut(data.incorrect),
        lesions=lesions,
        lesion_ratings=on_lesions,
        false_marks=marks,
        choices=choices,
        patients=(),
        subsets=(),
    )


def plain_values(data: ReaderData, name: str, convention: str = "own", like: ReaderData | None = None) -> np.ndarray:
    """(i, j): a figure of every reader.

    Parameters
    ----------
    like
        The whole study where this is one without a case: it says which classes there are.
    """
    values = np.full(data.ratings.shape[:2], np.nan)
    for i, j in np.ndindex(*values.shape):
        cell, whole = cell_of(data, i, j), cell_of(data if like is None else like, i, j)
        values[i, j] = plain_figure(cell, whole, name, convention, (data if like is None else like).choices)
    return values


def plain_left_out(data: ReaderData, name: str, cases: np.ndarray, convention: str = "own") -> np.ndarray:
    """(i, j, n): the figure of the study without each of these cases, NaN where a reader had not read the case."""
    left_out = np.stack([plain_values(without_case(data, int(k)), name, convention, data) for k in cases], axis=-1)
    read = data.was_read if data.choices is None else data.was_read | (data.choices.called >= 0)
    return np.where(read[..., cases], left_out, np.nan)


def plain_figure(cell: Cell, whole: Cell, name: str, convention: str, choices: Choices | None) -> float:
    """A figure by its definition; NaN where it divides by nothing."""
    base, _, at = name.partition("@")
    with np.errstate(invalid="ignore", divide="ignore"):
        if base == "macro-f1":
            return _macro_f1(cell, whole)
        if base in ("sensitivity", "specificity", "accuracy", "f1"):
            return _of_calls(cell, base, at, choices)
        if base in PLAIN:
            return float(PLAIN[base](cell))
        if base.startswith("lroc"):
            return _lroc(cell, base, at, "rjafroc" if convention == "rjafroc" else "own")
        return _of_curve(cell, base, at, convention == "mrmcaov")


def _share(top: float, bottom: float) -> float:
    return float(np.float64(top) / bottom) if bottom else float("nan")


def _afroc(cell: Cell, is_weighted: bool, over_all: bool) -> float:
    kept = np.ones(cell.truth.size, dtype=bool) if over_all else ~cell.truth
    weight = cell.lesion_weight if is_weighted else np.ones(cell.lesion.size)
    divisor = int(cell.truth.sum()) if is_weighted else cell.lesion.size
    return _share(float((psi(cell.highest(kept), cell.lesion) * weight).sum()), kept.sum() * divisor)


def _pairs(cell: Cell) -> float:
    return _share(float(psi(cell.healthy, cell.diseased).sum()), cell.healthy.size * cell.diseased.size)


PLAIN: dict[str, Callable[[Cell], float]] = {
    "roc-auc": _pairs,
    "inferred-roc-auc": _pairs,
    "afroc-auc": lambda cell: _afroc(cell, is_weighted=False, over_all=False),
    "afroc1-auc": lambda cell: _afroc(cell, is_weighted=False, over_all=True),
    "wafroc-auc": lambda cell: _afroc(cell, is_weighted=True, over_all=False),
    "wafroc1-auc": lambda cell: _afroc(cell, is_weighted=True, over_all=True),
    "froc-auc": lambda cell: _share(float(psi(cell.mark, cell.lesion).sum()), cell.truth.size * cell.lesion.size),
    "maxllf": lambda cell: _share(np.count_nonzero(cell.lesion > -np.inf), cell.lesion.size),
    "maxnlf": lambda cell: _share(cell.marks_of(~cell.truth), cell.healthy.size),
    "maxnlf-all": lambda cell: _share(cell.mark.size, cell.truth.size),
    "hr-se": lambda cell: _share(np.count_nonzero(cell.diseased > -np.inf), cell.diseased.size),
    "hr-sp": lambda cell: _share(np.count_nonzero(cell.healthy == -np.inf), cell.healthy.size),
}


def _lroc(cell: Cell, base: str, at: str, closing: str) -> float:
    values = np.where(cell.truth, cell.correct, cell.rating)
    curve = lroc_curve(values, cell.truth, cell.correct > -np.inf, closing=closing)
    return lroc_height(curve, float(at)) if base == "lroc-pcl" else lroc_auc(curve, float(at or 1))


def _of_curve(cell: Cell, base: str, at: str, is_mrmcaov: bool) -> float:
    if not cell.healthy.size or not cell.diseased.size:
        return float("nan")
    curve = roc_curve(cell.rating, cell.truth)
    if base == "expected-utility":
        return float(np.max(curve.y - float(at) * curve.x))
    if base in ("sens", "spec"):
        if is_mrmcaov:
            return _mrmcaov_height(curve, float(at), by_sensitivity=base == "spec")
        height = sensitivity_at if base == "sens" else specificity_at
        return height(curve, float(at), interpolate=True)
    low, high = (float(part) for part in at.split("-"))
    between = "sensitivity" if "-sens" in base else "specificity"
    area = partial_area(curve, low, high, between)
    if is_mrmcaov:
        area = _mrmcaov_area(curve, low, high, by_sensitivity="-sens" in base)
    if base.endswith("normalised"):
        return area / (high - low)
    return mcclish(area, low, high) if base.endswith("corrected") else area


def _mrmcaov_height(curve: Curve, at: float, by_sensitivity: bool) -> float:
    """R's approx(..., ties = max) of false positives by sensitivity, or of sensitivity by false positives."""
    x, y = (curve.y, curve.x) if by_sensitivity else (curve.x, curve.y)
    places = np.unique(x)
    tops = [y[x == place].max() for place in places]
    height = float(np.interp(at if by_sensitivity else 1 - at, places, tops))
    return 1 - height if by_sensitivity else height


def _mrmcaov_area(curve: Curve, low: float, high: float, by_sensitivity: bool) -> float:
    """Trapezia over the points strictly inside the limits and that program's heights at them."""
    x, y = (curve.y, 1 - curve.x) if by_sensitivity else (curve.x, curve.y)
    start, end = (low, high) if by_sensitivity else (1 - high, 1 - low)
    inside = (x > start + 1e-12) & (x < end - 1e-12)
    ends = [_mrmcaov_height(curve, at if by_sensitivity else 1 - at, by_sensitivity) for at in (start, end)]
    return float(np.trapezoid([ends[0], *y[inside], ends[1]], [start, *x[inside], end]))


def _of_calls(cell: Cell, base: str, at: str, choices: Choices | None) -> float:
    if choices is None or (at and at not in choices.names):
        rated = ~np.isnan(cell.rating)
        truth, called = cell.truth[rated], cell.rating[rated] >= float(at)
    elif at:
        truth, called = (side == choices.names.index(at) for side in (cell.class_, cell.called))
    elif base == "accuracy":
        return _share(np.count_nonzero(cell.class_ == cell.called), cell.class_.size)
    else:
        truth, called = cell.truth, np.isin(cell.called, np.unique(choices.truth[_is_diseased_class(choices)]))
    hits = np.count_nonzero(truth & called)
    if base == "sensitivity":
        return _share(hits, truth.sum())
    if base == "specificity":
        return _share(np.count_nonzero(~truth & ~called), (~truth).sum())
    if base == "accuracy":
        return _share(np.count_nonzero(truth == called), truth.size)
    return _share(2 * hits, truth.sum() + called.sum())


def _is_diseased_class(choices: Choices) -> np.ndarray:
    """Cases of the classes that the tests' studies call a disease: all but the first class."""
    return choices.truth > 0


def _macro_f1(cell: Cell, whole: Cell) -> float:
    classes = sorted({*whole.class_, *whole.called} - {-1})
    each = []
    for n in classes:
        hits = np.count_nonzero((cell.class_ == n) & (cell.called == n))
        sides = np.count_nonzero(cell.class_ == n) + np.count_nonzero(cell.called == n)
        each.append(2 * hits / sides if sides else 0.0)
    return float(np.mean(each)) if each else float("nan")
