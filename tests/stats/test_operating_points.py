"""Youden's point and fixed points of a curve, against pROC, MRMCaov and loops."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.curves import roc_curve
from overread.stats.operating_points import (
    RocPoint,
    best_points,
    halfway_below,
    point_at_threshold,
    sensitivity_at,
    specificity_at,
    youden_point,
)

pytestmark = pytest.mark.light

HEALTHY, DISEASED = [1, 1, 2, 3, 3, 4], [2, 3, 3, 4, 5, 5]
VALUES, TRUTH = [*HEALTHY, *DISEASED], [False] * 6 + [True] * 6
few = st.lists(st.integers(0, 5), min_size=1, max_size=15)


def test_of_equal_youden_points_the_most_sensitive_is_taken() -> None:
    # handmade_roc_ties: J is 1/3 at three cuts, (1, 1/3), (5/6, 1/2) and (1/2, 5/6). pROC 1.18.0 lists the last two
    # alone: in floats 1 + 1/3 - 1 comes out a hair smaller.
    cuts = [point_at_threshold(VALUES, TRUTH, t) for t in (2, 3, 4)]
    assert [cut.youden for cut in cuts] == pytest.approx([1 / 3] * 3)
    assert youden_point(VALUES, TRUTH) == cuts[0]
    assert cuts[0].sensitivity == 1


@settings(deadline=None, max_examples=50)
@given(few, few)
def test_youden_is_the_best_of_all_thresholds_by_fractions(diseased: list[int], healthy: list[int]) -> None:
    best = max(
        (
            Fraction(sum(d >= t for d in diseased), len(diseased))
            + Fraction(sum(h < t for h in healthy), len(healthy)),
            Fraction(sum(d >= t for d in diseased), len(diseased)),
        )
        for t in {*diseased, *healthy}
    )
    point = youden_point([*diseased, *healthy], [True] * len(diseased) + [False] * len(healthy))
    assert point.sensitivity == pytest.approx(float(best[1]), abs=1e-12)
    assert point.sensitivity + point.specificity == pytest.approx(float(best[0]), abs=1e-12)


def test_a_fixed_threshold_gives_on_its_own_cases_what_youden_said() -> None:
    point = youden_point(VALUES, TRUTH)
    assert point_at_threshold(VALUES, TRUTH, point.threshold) == point
    assert math.isnan(point_at_threshold([1.0], [True], 0.5).specificity)


def test_youden_of_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="no threshold"):
        youden_point([1, 2], [True, True])
    with pytest.raises(ValueError, match="no number"):
        youden_point([1, math.nan], [True, False])


@settings(deadline=None, max_examples=50)
@given(few, few, st.sampled_from([0.0, 0.25, 0.5, 0.8, 0.9, 1.0]))
def test_sensitivity_at_a_specificity_is_the_best_that_a_threshold_reaches(
    diseased: list[int], healthy: list[int], at: float
) -> None:
    curve = roc_curve([*diseased, *healthy], [True] * len(diseased) + [False] * len(healthy))
    reached = [
        (Fraction(sum(h < t for h in healthy), len(healthy)), sum(d >= t for d in diseased) / len(diseased))
        for t in [*diseased, *healthy, 99]
    ]
    wanted = Fraction(str(at))
    assert sensitivity_at(curve, at) == pytest.approx(max(s for spec, s in reached if spec >= wanted), abs=1e-12)
    assert sensitivity_at(curve, at) <= sensitivity_at(curve, at, interpolate=True) + 1e-12
    share = max(float(spec) for spec, s in reached if s >= at - 1e-12)
    assert specificity_at(curve, at) == pytest.approx(share, abs=1e-12)


def test_a_specificity_of_exactly_80_percent_is_reached() -> None:
    # 1 false of 5: 1 - 0.8 is a hair below 1 / 5 in floats
    curve = roc_curve([5, 1, 1, 1, 1, 5, 0], [False] * 5 + [True] * 2)
    assert sensitivity_at(curve, 0.8) == 0.5
    assert specificity_at(curve, 0.5) == 0.8


def test_a_curve_of_one_class_has_no_points() -> None:
    curve = roc_curve([1.0, 2.0], [True, True])
    assert math.isnan(sensitivity_at(curve, 0.8))
    assert math.isnan(specificity_at(curve, 0.8))


@pytest.mark.shared
def test_interpolated_points_are_those_of_mrmcaov(shared_data: Path) -> None:
    stats = shared_data.parent / "stats"
    study = json.loads((stats / "datasets" / "vandyke_roc.json").read_text())
    reference = json.loads((stats / "reference" / "vandyke_roc.json").read_text())["entries"]
    truth = {case["id"]: case["truth"] for case in study["cases"]}
    checked = 0
    for name, key, figure in (
        ("sensitivity_at_spec_0.8", "empirical_sens", sensitivity_at),
        ("specificity_at_sens_0.8", "empirical_spec", specificity_at),
    ):
        (entry,) = [e for e in reference if e["name"] == name]
        for row in entry["result"]["reader_metrics"].values():
            rows = [r for r in study["readings"]["rows"] if (r[0], r[1]) == (row["treatment"], row["reader"])]
            curve = roc_curve([r[3] for r in rows], [truth[r[2]] == 1 for r in rows])
            assert figure(curve, 0.8, interpolate=True) == pytest.approx(row[key], abs=1e-9)
            checked += 1
    assert checked == 20


@pytest.mark.shared
def test_youden_points_without_ties_are_those_of_proc(shared_data: Path) -> None:
    stats = shared_data.parent / "stats"
    checked = 0
    for name in ("vandyke_roc", "single_reader_asah"):
        study = json.loads((stats / "datasets" / f"{name}.json").read_text())
        truth = {case["id"]: case["truth"] == 1 for case in study["cases"]}
        for entry in json.loads((stats / "reference" / f"{name}.json").read_text())["entries"]:
            words = entry["name"].split("_")
            if entry["name"].startswith("roc_points_reader_"):
                wanted = (words[5], words[3])
            elif entry["name"].startswith("auc_"):
                wanted = (words[1], "1")
            else:
                continue
            rows = [r for r in study["readings"]["rows"] if (r[0], r[1]) == wanted]
            point = youden_point([r[3] for r in rows], [truth[r[2]] for r in rows])
            (expected,) = entry["result"]["youden"].values()
            assert point.sensitivity == pytest.approx(expected["sensitivity"], abs=1e-9)
            assert point.specificity == pytest.approx(expected["specificity"], abs=1e-9)
            checked += 1
    assert checked == 13


def test_all_best_thresholds_come_the_most_sensitive_first() -> None:
    points = best_points([1, 2, 3, 4], [False, True, False, True])
    assert [point.threshold for point in points] == [2, 4]
    assert points[0] == youden_point([1, 2, 3, 4], [False, True, False, True])


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=25),
    st.sampled_from(["youden", "closest"]),
)
def test_no_threshold_is_better_than_the_best(cases: list[tuple[int, bool]], rule: str) -> None:
    values, truth = (np.array(column) for column in zip(*cases, strict=True))
    if truth.all() or not truth.any():
        return
    kind: Any = rule
    best = best_points(values, truth, kind, cost=2, prevalence=0.3)
    r = 0.7 / 0.6

    def gain(point: RocPoint) -> float:
        if kind == "youden":
            return point.sensitivity + r * point.specificity
        return -((1 - point.sensitivity) ** 2) - r * (1 - point.specificity) ** 2

    top = max(gain(point_at_threshold(values, truth, t)) for t in np.unique(values))
    assert all(gain(point) == pytest.approx(top) for point in best)


def test_a_cut_between_ratings_lies_halfway_down() -> None:
    ratings = [1, 2, 4]
    assert [halfway_below(ratings, t) for t in (1, 2, 4, 5)] == [-math.inf, 1.5, 3.0, math.inf]
