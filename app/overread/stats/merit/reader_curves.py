"""The operating curves of a study: of one reader under one condition, of several readers pooled or averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from overread.core.errors import InputError
from overread.core.reader_data import ReaderData
from overread.stats.curves import Curve, afroc_curve, froc_curve, mean_curve, roc_curve
from overread.stats.merit.cells import Floats
from overread.stats.merit.froc import highest_false_marks
from overread.stats.merit.lroc import Closing, lroc_curve

CurveKind = Literal["roc", "lroc", "froc", "afroc", "afroc1", "wafroc", "wafroc1"]


def curve_kinds(data: ReaderData) -> tuple[CurveKind, ...]:
    """The curves that a study has; ROC of the highest mark of each case where marks were made."""
    if data.paradigm == "froc":
        return ("froc", "afroc", "afroc1", "wafroc", "wafroc1", "roc")
    return ("lroc", "roc") if data.paradigm == "lroc" else ("roc",)


def reader_curve(data: ReaderData, kind: CurveKind, condition: int, reader: int, closing: Closing = "own") -> Curve:
    """The operating points of one reader under one condition, from nothing called on.

    Parameters
    ----------
    closing
        Of the LROC curve, as in `lroc.lroc_curve`: there a case that was never localised caps the curve.

    Raises
    ------
    InputError
        For a curve that the study does not have.
    """
    return pooled_curve(data, kind, condition, [reader], closing)


def pooled_curve(
    data: ReaderData, kind: CurveKind, condition: int, readers: Sequence[int] | None = None, closing: Closing = "own"
) -> Curve:
    """One curve of several readers' readings taken together, as if they were one reader's; ``readers`` None for all."""
    chosen = range(len(data.readers)) if readers is None else readers
    if kind not in curve_kinds(data):
        raise InputError(
            f"A curve {kind.upper()} cannot be drawn",
            f"a study of kind {data.paradigm.upper()} does not have it",
            f"Choose one of {', '.join(curve_kinds(data))}",
        )
    if kind == "froc":
        return _froc(data, condition, chosen)
    if kind in ("roc", "lroc"):
        return _cases(data, kind == "lroc", condition, chosen, closing)
    return _afroc(data, kind.startswith("w"), kind.endswith("1"), condition, chosen)


def average_curve(
    data: ReaderData, kind: CurveKind, condition: int, readers: Sequence[int] | None = None, closing: Closing = "own"
) -> Curve:
    """Mean height of several readers' curves; its area is the mean of theirs (`curves.mean_curve`)."""
    chosen = range(len(data.readers)) if readers is None else readers
    return mean_curve([reader_curve(data, kind, condition, j, closing) for j in chosen])


def _cases(data: ReaderData, is_lroc: bool, condition: int, readers: Sequence[int], closing: Closing) -> Curve:
    read = [data.was_read[condition, j] for j in readers]
    truth = np.concatenate([data.is_diseased[r] for r in read])
    ratings = _joined(data.ratings, condition, readers, read)
    if not is_lroc:
        return roc_curve(ratings, truth)
    assert data.correct is not None
    hits = _joined(data.correct, condition, readers, read)
    return lroc_curve(np.where(truth, hits, ratings), truth, hits > -np.inf, closing=closing)


def _froc(data: ReaderData, condition: int, readers: Sequence[int]) -> Curve:
    assert data.lesion_ratings is not None
    assert data.false_marks is not None
    on_lesions = np.concatenate([data.lesion_ratings[condition, j] for j in readers])
    on_lesions = on_lesions[~np.isnan(on_lesions)]
    false = np.concatenate([data.false_marks.of(condition, j)[1] for j in readers])
    cases = sum(int(data.was_read[condition, j].sum()) for j in readers)
    return froc_curve(on_lesions[on_lesions > -np.inf], false, on_lesions.size, cases)


def _afroc(data: ReaderData, is_weighted: bool, over_all: bool, condition: int, readers: Sequence[int]) -> Curve:
    assert data.lesions is not None
    assert data.lesion_ratings is not None
    owner, read = data.lesions.case, data.was_read[condition]
    on_axis = np.ones(read.shape[1], dtype=bool) if over_all else ~data.is_diseased
    true = _joined(data.lesion_ratings, condition, readers, [read[j, owner] for j in readers])
    false = _joined(highest_false_marks(data), condition, readers, [read[j] & on_axis for j in readers])
    weights = np.concatenate([data.lesions.weight[read[j, owner]] for j in readers])
    return afroc_curve(true, false, weights if is_weighted else None)


def _joined(values: Floats, condition: int, readers: Sequence[int], kept: Sequence[np.ndarray]) -> Floats:
    return np.concatenate([values[condition, j, k] for j, k in zip(readers, kept, strict=True)])
