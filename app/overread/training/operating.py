"""Floor, thresholds and calibration, chosen on validation phantoms and then fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.stats.calibration import logistic_recalibration
from overread.stats.merit.roc import roc_auc
from overread.stats.resampling import cluster_bootstrap
from overread.systems.hbp_detection.measure import CaseResult

KEEP_SHARE = 0.99
FLOORS = tuple(float(1 / (1 + np.exp(-x))) for x in np.arange(1.0, -6.1, -0.5))
"""Floors that are tried, from the highest: logits 1 down to -6 by halves."""
USUAL_SPECIFICITY, HIGH_SPECIFICITY = 0.95, 0.99
"""Slice specificities of the points ``default`` and ``high-precision`` [A: operating]. At the best sum of sensitivity
and specificity a reader meets a dozen false marks a study, too many for a second reader; that is the sensitive end."""
BOOTSTRAP_SEED = 801


@dataclass(frozen=True, slots=True, eq=False)
class SliceRows:
    """Scores, labels (1, 0) and case names of all slices that count."""

    scores: NDArray[np.float64]
    labels: NDArray[np.bool_]
    cases: NDArray[np.str_]


def slice_rows(results: Sequence[CaseResult]) -> SliceRows:
    """The slices of all cases, without those that count as neither."""
    scores, labels, cases = [], [], []
    for result in results:
        counts = result.truth.slice_labels >= 0
        scores.append(result.scores[counts])
        labels.append(result.truth.slice_labels[counts] == 1)
        cases.append(np.full(int(counts.sum()), result.case))
    return SliceRows(np.concatenate(scores), np.concatenate(labels), np.concatenate(cases))


def choose_floor(read_at: Callable[[float], Sequence[CaseResult]]) -> tuple[float, float, Sequence[CaseResult]]:
    """The highest floor that keeps at least 99 % of the lesions, the share it misses, and the cases read at it.

    When none keeps so many, the highest of those that keep the most: a lower one would only add marks.
    """
    best: tuple[float, float, Sequence[CaseResult]] | None = None
    for floor in FLOORS:
        results = read_at(floor)
        missed = missed_share(results)
        if best is None or missed < best[1]:
            best = floor, missed, results
        if missed <= 1 - KEEP_SHARE:
            break
    assert best is not None
    return best


def missed_share(results: Sequence[CaseResult]) -> float:
    """Share of lesions that no mark hits."""
    total = sum(len(r.truth.lesions) for r in results)
    hit = sum(h.kind == "hit" for r in results for h in r.hits)
    return 1 - hit / total if total else float("nan")


def operating_points(results: Sequence[CaseResult], chosen_on: str) -> dict[str, Any]:
    """The three named thresholds with what they mean, as manifest tables."""
    rows = slice_rows(results)
    chosen = choose_thresholds(rows)
    return {name: _point(float(t), rows, results, chosen_on) for name, t in chosen.items()}


def choose_thresholds(rows: SliceRows) -> dict[str, float]:
    """Thresholds of the three points, from the lowest to the highest.

    ``high-sensitivity``: the largest sum of sensitivity and specificity (Youden), of equal ones the more sensitive;
    ``default`` and ``high-precision``: the lowest score that keeps the slice specificity each stands for.
    """
    thresholds = np.unique(rows.scores)
    positive, negative = np.sort(rows.scores[rows.labels]), np.sort(rows.scores[~rows.labels])
    sensitivity = 1 - np.searchsorted(positive, thresholds, side="left") / max(positive.size, 1)
    specificity = np.searchsorted(negative, thresholds, side="left") / max(negative.size, 1)
    best = np.flatnonzero(sensitivity + specificity >= (sensitivity + specificity).max() - 1e-12)
    usual, precise = (
        float(reached.min()) if reached.size else float(thresholds.max())
        for reached in (thresholds[specificity >= wanted] for wanted in (USUAL_SPECIFICITY, HIGH_SPECIFICITY))
    )
    sensitive = float(thresholds[best[np.argmax(sensitivity[best])]])
    return {"high-sensitivity": min(sensitive, usual), "default": usual, "high-precision": precise}


def slice_auc(results: Sequence[CaseResult]) -> list[float]:
    """AUC over slices with its interval by bootstrap over patients."""
    rows = slice_rows(results)
    return _with_interval(rows, lambda i: roc_auc(rows.scores[i][rows.labels[i]], rows.scores[i][~rows.labels[i]]))


def calibration(results: Sequence[CaseResult], noun: str = "phantoms") -> dict[str, Any] | None:
    """The ``[calibration]`` table, or None when there are not both diseased and healthy cases."""
    labels = [r.is_diseased for r in results]
    if all(labels) or not any(labels):
        return None
    intercept, slope = logistic_recalibration([r.scores.max() for r in results], labels)
    return {
        "method": "logistic",
        "intercept": intercept,
        "slope": slope,
        "chosen_on": f"{len(labels)} validation {noun}, {sum(labels)} with HCC",
    }


def _point(threshold: float, rows: SliceRows, results: Sequence[CaseResult], chosen_on: str) -> dict[str, Any]:
    above = rows.scores >= threshold
    shown = [sum((m.score or 0) >= threshold for m in r.marks) for r in results]
    hit = sum(
        h.kind == "hit" and (m.score or 0) >= threshold for r in results for m, h in zip(r.marks, r.hits, strict=True)
    )
    lesions = sum(len(r.truth.lesions) for r in results)
    return {
        "threshold": threshold,
        "chosen_on": chosen_on,
        "slice": {
            "sensitivity": _with_interval(rows, lambda i: _mean(above[i][rows.labels[i]])),
            "specificity": _with_interval(rows, lambda i: _mean(~above[i][~rows.labels[i]])),
        },
        "marks_per_case": float(np.mean(shown)),
        "lesion_sensitivity": hit / lesions if lesions else float("nan"),
    }


def _with_interval(rows: SliceRows, statistic: Callable[[NDArray[np.intp]], float]) -> list[float]:
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    low, high = cluster_bootstrap(list(rows.cases), statistic, rng, draws=1000)
    return [round(float(v), 4) for v in (statistic(np.arange(rows.scores.size)), low, high)]


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else float("nan")
