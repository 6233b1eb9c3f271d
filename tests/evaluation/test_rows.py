"""Slices, lesions and patients counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from overread.evaluation.lesions import lesion_rows
from overread.evaluation.measured import Measured
from overread.evaluation.patients import patient_rows
from overread.evaluation.rows import BOOTSTRAP, DELONG, EXACT, Patients
from overread.evaluation.slices import other_reader_rows, slice_rows
from overread.evaluation.timing import timing
from overread.evaluation.twins import twin_rows
from overread.stats.proportions import clopper_pearson

POINTS = {"default": 0.5}


def _patients(cases: list[Measured]) -> Patients:
    return Patients([c.patient for c in cases], seed=1)


def _row(rows: list[dict[str, Any]], metric: str, method: str = BOOTSTRAP, **wanted: object) -> dict[str, Any]:
    wanted = {"subset": "all", **wanted}
    found = [r for r in rows if r["metric"] == metric and all(r[k] == v for k, v in wanted.items())]
    (row,) = [r for r in found if r["method"].startswith(method)]
    return row


def test_slices_that_count_as_neither_are_left_out_of_the_area(three_cases: list[Measured]) -> None:
    rows = slice_rows("x", three_cases, POINTS, _patients(three_cases))
    row = _row(rows, "roc-auc", point=None)
    assert row["n"] == {"positive": 2, "negative": 6, "patients": 3}
    assert row["value"] == 1.0
    assert _row(rows, "roc-auc", DELONG, point=None)["ci"] == [None, None]  # parted wholly: no variance, no interval


def test_shares_of_slices_have_an_exact_and_a_resampled_interval(three_cases: list[Measured]) -> None:
    rows = slice_rows("x", three_cases, POINTS, _patients(three_cases))
    assert _row(rows, "sensitivity", point="default")["value"] == 1.0
    exact = _row(rows, "specificity", EXACT, point="default")
    assert exact["value"] == pytest.approx(5 / 6, abs=1e-4)
    assert exact["ci"] == [round(v, 4) for v in clopper_pearson(5, 6)]
    assert "slices taken as independent" in exact["method"]
    drawn = _row(rows, "specificity", point="default")
    assert drawn["ci"][0] <= drawn["value"] <= drawn["ci"][1]
    assert _row(rows, "accuracy", point="default")["value"] == pytest.approx(7 / 8, abs=1e-4)


def test_sizes_keep_all_negatives_and_take_their_own_positives(make_measured: Any) -> None:
    cases = [make_measured("a", [0.9, 0.2, 0.8, 0.5], [1, 1, 1, 0], [(0, 24)]), make_measured("b", [0.3], [0])]
    rows = slice_rows("x", cases, POINTS, _patients(cases))
    found = {
        r["subset"]: (r["value"], r["n"]["positive"], r["n"]["negative"])
        for r in rows
        if r["metric"] == "roc-auc" and r["method"] == BOOTSTRAP and "lesion on" in r["subset"]
    }
    # slices of 8, 16 and 24 mm scored 0.9, 0.2 and 0.8 against negatives of 0.5 and 0.3
    assert found == {
        "lesion on the slice up to 12 mm": (1.0, 1, 2),
        "lesion on the slice 12 to 20 mm": (0.0, 1, 2),
        "lesion on the slice over 20 mm": (1.0, 1, 2),
    }


def test_sites_are_told_apart_where_there_are_several(three_cases: list[Measured]) -> None:
    rows = slice_rows("x", three_cases, POINTS, _patients(three_cases))
    assert _row(rows, "specificity", EXACT, subset="site one", point="default")["value"] == 1.0
    assert _row(rows, "specificity", EXACT, subset="site two", point="default")["value"] == 0.75


def test_lesions_found_by_size_and_margin(three_cases: list[Measured]) -> None:
    rows = lesion_rows("x", three_cases, POINTS, _patients(three_cases))

    def sensitivity(subset: str, point: str) -> object:
        return _row(rows, "sensitivity", EXACT, subset=subset, point=point)["value"]

    # a: one of two found; c: its only near mark lies 12 mm off
    assert sensitivity("all", "default") == sensitivity("all", "floor") == pytest.approx(1 / 3, abs=1e-4)
    assert sensitivity("up to 1.2 cm", "default") == 1.0
    assert sensitivity("1.2 to 2 cm", "floor") == sensitivity("over 2 cm", "floor") == 0.0
    assert sensitivity("margin 15 mm", "floor") == pytest.approx(2 / 3, abs=1e-4)
    assert sensitivity("margin 15 mm", "default") == pytest.approx(1 / 3, abs=1e-4)


def test_marks_a_case_and_what_false_ones_lie_on(three_cases: list[Measured]) -> None:
    rows = lesion_rows("x", three_cases, POINTS, _patients(three_cases))

    def rate(metric: str, subset: str = "all", point: str = "default") -> object:
        return _row(rows, metric, subset=subset, point=point)["value"]

    assert rate("candidates-per-case") == pytest.approx(4 / 3, abs=1e-4)
    assert rate("false-marks-per-case") == 1.0
    assert rate("repeats-per-case") == 0.0
    assert rate("repeats-per-case", point="floor") == pytest.approx(1 / 3, abs=1e-4)
    assert rate("false-marks-per-case", "cases without a lesion") == 1.0
    assert rate("false-marks-per-case", "on vessel") == pytest.approx(1 / 3, abs=1e-4)
    assert rate("false-marks-per-case", "on other liver") == pytest.approx(2 / 3, abs=1e-4)
    assert rate("false-marks-per-case", "on gallbladder") == 0.0


def test_patients_are_ranked_by_their_highest_slice(three_cases: list[Measured]) -> None:
    rows = patient_rows("x", three_cases, POINTS, _patients(three_cases))
    assert _row(rows, "roc-auc", point=None)["value"] == 1.0  # 0.99 and 0.7 against 0.6
    assert _row(rows, "sensitivity", EXACT, point="default")["value"] == 1.0
    assert _row(rows, "specificity", EXACT, point="default")["value"] == 0.0
    assert {r["metric"] for r in patient_rows("x", three_cases[::2], POINTS, _patients(three_cases[::2]))} == {
        "sensitivity",
        "accuracy",
    }


def test_two_cases_of_one_patient_are_drawn_together(make_measured: Any) -> None:
    cases = [make_measured(n, [0.9, 0.1], [1, 0], [(0, 9)], patient="p") for n in "ab"]
    row = _row(slice_rows("x", cases, POINTS, _patients(cases)), "roc-auc", point=None)
    assert row["n"]["patients"] == 1
    assert row["ci"] == [None, None]


def test_the_hot_spot_stands_beside_a_random_place_in_the_liver(three_cases: list[Measured]) -> None:
    rows = slice_rows("x", three_cases, POINTS, _patients(three_cases))
    assert _row(rows, "hot-spot-mm-median", subset="positive")["value"] == 3.0
    assert _row(rows, "hot-spot-within-15-mm", subset="called", reader="x")["value"] == 1.0
    luck = _row(rows, "hot-spot-within-15-mm", subset="positive", reader="a random point in the liver")
    assert luck["value"] == 0.25


def test_other_readers_have_rows_of_the_same_form(make_measured: Any) -> None:
    cases = [
        make_measured("a", [0.9, 0.1], [1, 0], [(0, 9)], others={"index": [0.1, 0.9]}),
        make_measured("b", [0.2], [0], others={"index": [0.5]}),
    ]
    row = _row(other_reader_rows(["index"], cases, _patients(cases)), "roc-auc", reader="index")
    assert row["value"] == 0.0
    assert row["n"] == {"positive": 1, "negative": 2, "patients": 2}


def test_twins_are_compared_with_the_slices_they_were_drawn_from(three_cases: list[Measured]) -> None:
    twins = [{"case": "a", "slices": [0], "without": [0.1]}, {"case": "c", "slices": [0], "without": [0.8]}]
    rows = twin_rows("x", three_cases, twins, _patients(three_cases))
    assert _row(rows, "roc-auc", subset="erased twins")["value"] == 0.75  # 0.9 > 0.1, 0.9 > 0.8, 0.7 > 0.1, 0.7 < 0.8
    assert _row(rows, "lesion-scores-higher", EXACT, subset="erased twins")["value"] == 0.5


def test_time_is_per_image_without_the_loading(three_cases: list[Measured]) -> None:
    found = timing(three_cases)
    assert found["seconds_per_image"] == {"median": 0.5, "min": 0.5, "max": 0.5}
    assert found["seconds_per_100_images"]["median"] == 50.0
    assert found["images"] == 9
    assert found["seconds_of_parts"]["load"]["median"] == 1.0


def test_a_measured_case_comes_back_from_its_document(three_cases: list[Measured]) -> None:
    for case in three_cases:
        again = Measured.from_json(case.to_json())
        assert again.to_json() == case.to_json()
        assert again.marks == case.marks
        assert again.lesions == case.lesions
        np.testing.assert_array_equal(again.scores["system"], case.scores["system"])
