"""Metrics as rows of one form: level, subset, reader, metric, value, interval, method, n."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.stats.merit.roc import roc_auc
from overread.stats.resampling import cluster_bootstrap
from overread.systems.hbp_detection.measure import CaseResult

DRAWS = 2000
METHOD = f"bootstrap over patients, {DRAWS} draws"
Statistic = Callable[[NDArray[np.intp]], float]


def slice_auc_row(
    reader: str, results: Sequence[CaseResult], scores: Sequence[NDArray[np.float64]], seed: int
) -> dict[str, Any]:
    """AUC over the slices that count, for any reader's scores."""
    labels, values, cases = _flatten(results, scores)

    def auc(index: NDArray[np.intp]) -> float:
        return roc_auc(values[index][labels[index]], values[index][~labels[index]])

    return _row(
        "slice",
        "all",
        reader,
        "roc-auc",
        auc,
        cases,
        seed,
        {"positive": int(labels.sum()), "negative": int((~labels).sum()), "patients": len(results)},
    )


def slice_rows(
    reader: str, results: Sequence[CaseResult], points: Mapping[str, float], seed: int
) -> list[dict[str, Any]]:
    """Sensitivity and specificity of slices at each operating point."""
    labels, values, cases = _flatten(results, [r.scores for r in results])
    rows = []
    for name, threshold in points.items():
        for metric, right in (("sensitivity", labels), ("specificity", ~labels)):
            correct = (values >= threshold) == labels
            rows.append(
                _row(
                    "slice",
                    name,
                    reader,
                    metric,
                    _share_of(correct, right),
                    cases,
                    seed,
                    {"slices": int(right.sum()), "patients": len(results)},
                )
            )
    return rows


def lesion_rows(
    reader: str, results: Sequence[CaseResult], points: Mapping[str, float], seed: int
) -> list[dict[str, Any]]:
    """Lesions found and false marks per case, at the floor and at each operating point; the hot spot's distance."""
    rows = []
    patients = np.array([r.case for r in results])
    lesions = np.array([len(r.truth.lesions) for r in results], dtype=np.float64)
    for name, threshold in {"floor": 0.0, **points}.items():
        found = np.array([_count(r, "hit", threshold) for r in results], dtype=np.float64)
        false = np.array([_count(r, "false", threshold) for r in results], dtype=np.float64)
        rows.append(
            _row(
                "lesion",
                name,
                reader,
                "sensitivity",
                _ratio_of(found, lesions),
                patients,
                seed,
                {"lesions": int(lesions.sum()), "patients": len(results)},
            )
        )
        rows.append(
            _row(
                "lesion",
                name,
                reader,
                "false-marks-per-case",
                _ratio_of(false, np.ones_like(false)),
                patients,
                seed,
                {"patients": len(results)},
            )
        )
    spots = [np.array(r.hot_spot_mm) for r in results]
    cases = np.concatenate([np.full(s.size, r.case) for s, r in zip(spots, results, strict=True)])
    distances = np.concatenate(spots)
    if distances.size:
        n = {"slices": int(distances.size), "patients": len(results)}
        rows.append(
            _row(
                "slice",
                "positive",
                reader,
                "hot-spot-mm-median",
                lambda i: float(np.median(distances[i])),
                cases,
                seed,
                n,
            )
        )
        rows.append(
            _row(
                "slice",
                "positive",
                reader,
                "hot-spot-within-15-mm",
                lambda i: float(np.mean(distances[i] <= 15)),
                cases,
                seed,
                n,
            )
        )
    return rows


def patient_rows(reader: str, results: Sequence[CaseResult], seed: int) -> list[dict[str, Any]]:
    """AUC of case ratings, where there are both diseased and healthy cases."""
    ratings = np.array([r.scores.max() for r in results])
    diseased = np.array([r.is_diseased for r in results])
    if diseased.all() or not diseased.any():
        return []
    return [
        _row(
            "patient",
            "all",
            reader,
            "roc-auc",
            lambda i: roc_auc(ratings[i][diseased[i]], ratings[i][~diseased[i]]),
            np.array([r.case for r in results]),
            seed,
            {"diseased": int(diseased.sum()), "healthy": int((~diseased).sum())},
        )
    ]


def _row(
    level: str,
    subset: str,
    reader: str,
    metric: str,
    statistic: Statistic,
    clusters: NDArray[Any],
    seed: int,
    n: Mapping[str, int],
) -> dict[str, Any]:
    value = statistic(np.arange(clusters.size))
    low, high = cluster_bootstrap(list(clusters), statistic, np.random.default_rng(seed), DRAWS)
    return {
        "level": level,
        "subset": subset,
        "reader": reader,
        "metric": metric,
        "value": _number(value),
        "ci": [_number(low), _number(high)],
        "method": METHOD,
        "n": dict(n),
    }


def _flatten(
    results: Sequence[CaseResult],
    scores: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[Any]]:
    counts = [r.truth.slice_labels >= 0 for r in results]
    labels = np.concatenate([r.truth.slice_labels[c] == 1 for r, c in zip(results, counts, strict=True)])
    values = np.concatenate([s[c] for s, c in zip(scores, counts, strict=True)])
    cases = np.concatenate([np.full(int(c.sum()), r.case) for r, c in zip(results, counts, strict=True)])
    return labels, values, cases


def _count(result: CaseResult, kind: str, threshold: float) -> int:
    return sum(h.kind == kind and (m.score or 0) >= threshold for m, h in zip(result.marks, result.hits, strict=True))


def _share_of(correct: NDArray[np.bool_], relevant: NDArray[np.bool_]) -> Statistic:
    """Share of the relevant observations that are correct."""
    return _ratio_of((correct & relevant).astype(np.float64), relevant.astype(np.float64))


def _ratio_of(part: NDArray[np.float64], whole: NDArray[np.float64]) -> Statistic:
    """Sum of the parts over the sum of the wholes."""

    def statistic(index: NDArray[np.intp]) -> float:
        total = float(whole[index].sum())
        return float(part[index].sum()) / total if total else float("nan")

    return statistic


def _number(value: float) -> float | None:
    """Rounded for print; None where there is no number."""
    return None if not np.isfinite(value) else round(float(value), 4)
