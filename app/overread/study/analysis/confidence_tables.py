"""How sure readers were: metrics of the surest cases, and whether probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.progress import SILENT, Progress
from overread.stats.reliability import Reliability, brier, reliability
from overread.stats.retention import SHARE, kept_weights, retention_curve
from overread.stats.weighted_retention import (
    WeightedMetric,
    weighted_accuracy,
    weighted_auc,
    weighted_gain,
    weighted_macro_f1,
)
from overread.study.analysis.called_tables import answers, seats
from overread.study.analysis.entries import Cell, Table, number, table
from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question

GAIN = (
    "condition", "reader", "metric", "share", "kept", "cases", "confidence from", "surest", "surest low", "surest high",
    "all", "all low", "all high", "difference", "low", "high", "at exactly this share", "method",
)  # fmt: skip


def retention_curves(study: Prepared, question: Question) -> Iterator[dict[str, Any]]:
    """Curves of the document: [share kept, metric, confidence from]; ``figure`` names the metric."""
    if not study.has_confidence:
        return
    for i, j, condition, reader in seats(study):
        sure = _confidence(study, i, j)
        for name, metric in _metrics(study, question, i, j):
            curve = retention_curve(sure, partial(_of_part, metric, sure.size))
            rows = zip(curve.shares, curve.values, curve.confidences, strict=True)
            points = [[float(x), number(float(y)), number(float(c))] for x, y, c in rows]
            yield {"kind": "retention", "condition": condition, "reader": reader, "figure": name, "points": points}


def calibration_curves(study: Prepared) -> Iterator[dict[str, Any]]:
    """Curves of the document: [mean said, share that was so, cases] of each bin with cases."""
    for condition, reader, found, _ in _calibrated(study):
        bins = zip(found.said, found.came_true, found.counts, strict=True)
        points = [[float(said), float(true), int(count)] for said, true, count in bins if count]
        yield {"kind": "calibration", "condition": condition, "reader": reader, "points": points}


def confidence_tables(study: Prepared, question: Question, progress: Progress = SILENT) -> Iterator[Table]:
    """What the surest 70 % of the cases gain, and calibration of ratings that are probabilities."""
    yield from table("retention", GAIN, _gains(study, question, progress))
    columns = ("condition", "reader", "cases", "bins", "expected calibration error", "largest error", "Brier score")
    rows = (
        (
            condition, reader, int(found.counts.sum()), len(found.counts),
            found.expected_error, found.largest_error, score,
        )
        for condition, reader, found, score in _calibrated(study)
    )  # fmt: skip
    yield from table("calibration", columns, rows)


def _gains(study: Prepared, question: Question, progress: Progress) -> Iterator[tuple[Cell, ...]]:
    data = study.data
    wanted = [(seat, metric) for seat in seats(study) for metric in _metrics(study, question, seat[0], seat[1])]
    for n, ((i, j, condition, reader), (name, metric)) in enumerate(wanted):
        progress.step("surest cases", n, len(wanted))
        read = data.was_read[i, j]
        whose = [(data.patients or data.cases)[k] for k in np.flatnonzero(read)]
        sure, rng = _confidence(study, i, j), np.random.default_rng(question.seed)
        found = weighted_gain(sure, metric, whose, rng, SHARE, question.draws, question.level)
        estimates = [(e.value, e.low, e.high) for e in (found.surest, found.everyone, found.difference)]
        exact: Cell = None
        if name == "accuracy":
            weights = kept_weights(sure, SHARE)
            exact = float((weights * answers(data, i, question.cut)[0][j, read]).sum() / weights.sum())
        numbers = [value for estimate in estimates for value in estimate]
        yield (
            condition, reader, name, SHARE, found.kept, found.total, found.confidence, *numbers, exact,
            found.difference.method,
        )  # fmt: skip


def _confidence(study: Prepared, i: int, j: int) -> NDArray[np.float64]:
    """Of the cases that were read."""
    choices = study.data.choices
    assert choices is not None
    return np.asarray(choices.confidence[i, j, study.data.was_read[i, j]], dtype=np.float64)


def _metrics(study: Prepared, question: Question, i: int, j: int) -> list[tuple[str, WeightedMetric]]:
    """Metrics of parts of the cases that were read; none where nobody said how sure they are."""
    data = study.data
    if not study.has_confidence or not np.isfinite(_confidence(study, i, j)).any():
        return []
    read = data.was_read[i, j]
    metrics: list[tuple[str, WeightedMetric]] = []
    if study.has_calls or question.cut is not None:
        metrics.append(("accuracy", weighted_accuracy(answers(data, i, question.cut)[0][j, read])))
    if study.has_calls and data.choices is not None:
        size = len(data.choices.names)
        metrics.append(("macro-f1", weighted_macro_f1(data.choices.truth[read], data.choices.called[i, j, read], size)))
    if study.kind != "categorical":
        name = "roc-auc" if study.kind == "roc" else "inferred-roc-auc"
        metrics.append((name, weighted_auc(data.ratings[i, j, read], data.is_diseased[read])))
    return metrics


def _of_part(metric: WeightedMetric, size: int, index: NDArray[np.intp]) -> float:
    """A metric of some of the cases, each once."""
    weights = np.zeros((1, size))
    weights[0, index] = 1.0
    return float(metric(weights)[0])


def _calibrated(study: Prepared) -> Iterator[tuple[str, str, Reliability, float]]:
    """Readers whose ratings are probabilities: all between 0 and 1, and some in between."""
    data = study.data
    if study.kind == "categorical":
        return
    for i, j, condition, reader in seats(study):
        read = data.was_read[i, j]
        said, truth = data.ratings[i, j, read], data.is_diseased[read]
        if ((said >= 0) & (said <= 1)).all() and ((said > 0) & (said < 1)).any():
            yield condition, reader, reliability(said, truth), brier(said, truth)
