"""LROC against RJafroc, against a loop over pairs, with cases that were never localised."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.curves import roc_curve
from overread.stats.merit.lroc import lroc_auc, lroc_curve, lroc_height
from overread.stats.merit.roc import roc_auc
from overread.stats.operating_points import sensitivity_at

pytestmark = pytest.mark.light

# rating (None: no region), class is HCC, a region was found, the first place hit the lesion
CASES = [
    (0.9, True, True, True),
    (0.8, True, True, False),
    (0.6, True, True, True),
    (None, True, False, False),
    (0.7, False, True, False),
    (0.4, False, True, False),
    (0.3, False, True, False),
    (0.2, False, True, False),
    (None, False, False, False),
]
RATINGS = np.array([np.nan if r is None else r for r, *_ in CASES])
IS_HCC, IS_FOUND, IS_HIT = (np.array([case[k] for case in CASES]) for k in (1, 2, 3))
rated = st.lists(st.tuples(st.integers(-1, 4), st.booleans(), st.booleans()), min_size=2, max_size=25)


def test_a_never_localised_case_caps_the_curve() -> None:
    curve = lroc_curve(RATINGS, IS_HCC, IS_FOUND)
    assert curve.y.max() == 0.75
    assert (curve.x[-1], curve.y[-1]) == (1.0, 0.75)
    # pairs: 0.9 and 0.8 above all five others, 0.6 above four of five, the missing one above none
    assert lroc_auc(curve) == pytest.approx((5 + 5 + 4) / 20)
    assert sensitivity_at(curve, 0.8) == 0.75


def test_counting_only_true_hits_is_stricter() -> None:
    lax, strict = lroc_curve(RATINGS, IS_HCC, IS_FOUND), lroc_curve(RATINGS, IS_HCC, IS_HIT)
    assert strict.y[-1] == 0.5
    assert lroc_auc(strict) == pytest.approx((5 + 4) / 20)
    assert sensitivity_at(strict, 0.8) < sensitivity_at(lax, 0.8)


def test_when_every_case_is_localised_lroc_is_roc() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(80) < 0.5
    values = rng.integers(0, 9, 80) + truth * 1.0
    curve, roc = lroc_curve(values, truth, np.ones(80, bool)), roc_curve(values, truth)
    np.testing.assert_allclose(curve.x[:-1], roc.x)
    np.testing.assert_allclose(curve.y[:-1], roc.y)
    assert lroc_auc(curve) == pytest.approx(roc_auc(values[truth], values[~truth]), abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(rated)
def test_the_area_counts_pairs_in_which_the_place_is_right(cases: list[tuple[int, bool, bool]]) -> None:
    values = np.array([np.nan if r < 0 else float(r) for r, _, _ in cases])
    truth = np.array([t for _, t, _ in cases])
    found = np.array([f and r >= 0 for r, _, f in cases])
    curve = lroc_curve(values, truth, found)
    if truth.all() or not truth.any():
        assert math.isnan(lroc_auc(curve))
        return
    ranked = np.where(np.isnan(values), -np.inf, values)
    pairs = [
        0.0 if not found[i] else 1.0 if ranked[i] > ranked[j] else 0.5 * (ranked[i] == ranked[j])
        for i in np.flatnonzero(truth)
        for j in np.flatnonzero(~truth)
    ]
    assert lroc_auc(curve) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)
    assert lroc_auc(curve) <= roc_auc(ranked[truth], ranked[~truth]) + 1e-12
    assert (np.diff(curve.x) >= 0).all()
    assert (np.diff(curve.y) >= 0).all()


@settings(deadline=None, max_examples=50)
@given(rated, st.randoms(use_true_random=False))
def test_the_order_of_cases_decides_nothing(cases: list[tuple[int, bool, bool]], random: object) -> None:
    curves = []
    for rows in (cases, random.sample(cases, len(cases))):  # type: ignore[attr-defined]
        ratings, truth, found = zip(*rows, strict=True)
        curves.append(lroc_curve([float(r) for r in ratings], truth, found))
    np.testing.assert_allclose(curves[0].x, curves[1].x)
    np.testing.assert_allclose(curves[0].y, curves[1].y)


def test_a_weight_of_two_counts_a_case_twice() -> None:
    twice = np.repeat(np.arange(9), [2, 1, 1, 2, 1, 2, 1, 1, 1])
    heavy = lroc_curve(RATINGS, IS_HCC, IS_FOUND, [2, 1, 1, 2, 1, 2, 1, 1, 1])
    plain = lroc_curve(RATINGS[twice], IS_HCC[twice], IS_FOUND[twice])
    np.testing.assert_allclose(heavy.x, plain.x)
    np.testing.assert_allclose(heavy.y, plain.y)


def test_nothing_rated_gives_a_curve_along_the_floor() -> None:
    curve = lroc_curve([np.nan, np.nan], [True, False], [False, False])
    assert lroc_auc(curve) == 0
    assert lroc_height(curve, 0.2) == 0


def test_the_closing_of_rjafroc_drops_the_lowest_rating() -> None:
    # handmade_lroc, modality A, reader r1 (unmarked healthy cases are NaN): RJafroc 2.1.3
    healthy = [1, 2, np.nan, 3, 2, np.nan, 4, 1]
    diseased, found = [5, 3, 4, 3, 4, 5, 2], [True, False, True, True, False, True, True]
    arguments = [*healthy, *diseased], [False] * 8 + [True] * 7, [False] * 8 + found
    curve = lroc_curve(*arguments, closing="rjafroc")
    assert curve.x.tolist() == [0, 0, 0.125, 0.25, 0.5, 1]
    assert curve.y.tolist() == pytest.approx([0, 2 / 7, 3 / 7, 4 / 7, 5 / 7, 5 / 7])
    assert lroc_height(curve, 0.2) == pytest.approx(0.514285714285714, abs=1e-12)
    assert lroc_auc(curve, 0.2) == pytest.approx(0.08, abs=1e-12)
    own = lroc_curve(*arguments)
    assert 0.75 in own.x.tolist()  # the lowest rating is a point of the curve


@pytest.mark.shared
@pytest.mark.parametrize("name", ["handmade_lroc", "cad_lroc"])
def test_every_height_and_area_is_that_of_rjafroc(shared_data: Path, name: str) -> None:
    stats = shared_data.parent / "stats"
    study = json.loads((stats / "datasets" / f"{name}.json").read_text())
    entries = json.loads((stats / "reference" / f"{name}.json").read_text())["entries"]
    truth = {case["id"]: case["truth"] == 1 for case in study["cases"]}
    figures = [e for e in entries if e["name"].startswith(("PCL_at_", "ALROC_at_"))]
    checked = 0
    for condition, modality in enumerate(study["modalities"]):
        for number, reader in enumerate(study["readers"]):
            rows = [r for r in study["readings"]["rows"] if (r[0], r[1]) == (modality, reader)]
            marks = {r[2]: float(r[3]) for r in rows if r[4] != "incorrect"}
            cases = list(truth)
            curve = lroc_curve(
                [marks.get(c, np.nan) for c in cases],
                [truth[c] for c in cases],
                [c in marks for c in cases],
                closing="rjafroc",
            )
            for entry in figures:
                kind, _, at = entry["name"].rpartition("_at_")
                by_condition = list(entry["result"].values())[condition]
                expected = list(by_condition.values())[number]
                got = lroc_height(curve, float(at)) if kind == "PCL" else lroc_auc(curve, float(at))
                assert got == pytest.approx(expected, abs=1e-9), (entry["name"], modality, reader)
                checked += 1
    assert checked == len(figures) * len(study["modalities"]) * len(study["readers"])
