"""Slices, lesions and patients counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.hits import Target, match_marks
from overread.core.reading import Mark
from overread.evaluation.rows import lesion_rows, patient_rows, slice_auc_row, slice_rows
from overread.systems.hbp_detection.measure import CaseResult, CaseTruth


def _case(
    name: str, scores: list[float], labels: list[int], lesions: list[float], marks: list[tuple[float, float]]
) -> CaseResult:
    """Lesions and marks on a line: place in mm, and the mark's score."""
    targets = tuple(Target(f"L{n}", np.array([[x, 0.0, 0.0]])) for n, x in enumerate(lesions))
    made = tuple(Mark(f"C{n}", (x, 0.0, 0.0), s) for n, (x, s) in enumerate(marks))
    hits = match_marks([m.centre_mm for m in made], [s for _, s in marks], targets)
    truth = CaseTruth(np.array(labels, dtype=np.int8), targets)
    return CaseResult(name, np.array(scores), truth, made, tuple(hits), tuple(3.0 for k in labels if k == 1))


RESULTS = [
    _case("a", [0.9, 0.2, 0.4, 0.99], [1, 0, 0, -1], [0.0, 50.0], [(2.0, 0.9), (80.0, 0.6), (4.0, 0.4)]),
    _case("b", [0.3, 0.6, 0.1], [0, 0, 0], [], [(10.0, 0.6)]),
    _case("c", [0.7, 0.3], [1, 0], [0.0], [(30.0, 0.7), (1.0, 0.3)]),
]
POINTS = {"default": 0.5}


def _value(rows: list[dict[str, object]], level: str, subset: str, metric: str) -> object:
    (row,) = [r for r in rows if (r["level"], r["subset"], r["metric"]) == (level, subset, metric)]
    return row["value"]


def test_slices_that_count_as_neither_are_left_out_of_the_auc() -> None:
    row = slice_auc_row("x", RESULTS, [r.scores for r in RESULTS], 1)
    assert row["n"] == {"positive": 2, "negative": 6, "patients": 3}
    assert row["value"] == 1.0
    low, high = row["ci"]
    assert low <= row["value"] <= high


def test_sensitivity_and_specificity_of_slices() -> None:
    rows = slice_rows("x", RESULTS, POINTS, 1)
    assert _value(rows, "slice", "default", "sensitivity") == 1.0
    assert _value(rows, "slice", "default", "specificity") == pytest.approx(5 / 6, abs=1e-4)


def test_lesions_found_and_false_marks() -> None:
    rows = lesion_rows("x", RESULTS, POINTS, 1)
    # a: one of two lesions found, one false mark, one repeat; b: one false; c: found below the threshold, one false
    assert _value(rows, "lesion", "default", "sensitivity") == pytest.approx(1 / 3, abs=1e-4)
    assert _value(rows, "lesion", "floor", "sensitivity") == pytest.approx(2 / 3, abs=1e-4)
    assert _value(rows, "lesion", "default", "false-marks-per-case") == 1.0
    assert _value(rows, "slice", "positive", "hot-spot-mm-median") == 3.0


def test_patients_are_ranked_by_their_highest_slice() -> None:
    (row,) = patient_rows("x", RESULTS, 1)
    assert row["value"] == 1.0  # 0.99 and 0.7 against 0.6
    assert patient_rows("x", [RESULTS[0], RESULTS[2]], 1) == []
