"""Operating curves of whole studies: their areas are the figures, pooled and averaged over readers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stats.random_studies import study

from overread.core.errors import InputError
from overread.core.reader_data import Paradigm, ReaderData
from overread.stats.curves import Curve, afroc_curve, froc_curve, mean_curve, roc_curve
from overread.stats.merit.figures import figure_cells
from overread.stats.merit.reader_curves import CurveKind, average_curve, curve_kinds, pooled_curve, reader_curve

pytestmark = pytest.mark.light

FIGURES: dict[CurveKind, str] = {
    "lroc": "lroc-auc",
    "afroc": "afroc-auc",
    "afroc1": "afroc1-auc",
    "wafroc": "wafroc-auc",
    "wafroc1": "wafroc1-auc",
    "froc": "froc-auc",
}
seeds = st.integers(0, 2**32)
paradigms = st.sampled_from(["roc", "lroc", "froc"])


def area(curve: Curve) -> float:
    return float(np.trapezoid(curve.y, curve.x))


@settings(deadline=None, max_examples=40)
@given(seeds, paradigms, st.sampled_from([0.0, 0.2]))
def test_the_area_under_each_curve_is_its_figure_of_merit(seed: int, paradigm: Paradigm, missing: float) -> None:
    data = study(seed, paradigm, missing=missing)
    for kind in curve_kinds(data):
        roc = "roc-auc" if paradigm == "roc" else "inferred-roc-auc"
        values = figure_cells(data, FIGURES.get(kind, roc)).values
        for i, j in np.argwhere(np.isfinite(values)):
            curve = reader_curve(data, kind, int(i), int(j))
            assert area(curve) == pytest.approx(values[i, j], abs=1e-12), kind
            assert (np.diff(curve.x) >= 0).all()
            assert (np.diff(curve.y) >= 0).all()
            assert (np.diff(curve.thresholds) < 0).all()


@settings(deadline=None, max_examples=25)
@given(seeds, paradigms)
def test_the_area_under_the_average_curve_is_the_mean_area(seed: int, paradigm: Paradigm) -> None:
    data = study(seed, paradigm, readers=3)
    for kind in curve_kinds(data):
        if kind == "froc":
            continue
        each = [area(reader_curve(data, kind, 0, j)) for j in range(3)]
        assert area(average_curve(data, kind, 0)) == pytest.approx(np.mean(each), abs=1e-12), kind


@settings(deadline=None, max_examples=25)
@given(seeds, paradigms)
def test_readers_pooled_are_one_reader_of_all_their_cases(seed: int, paradigm: Paradigm) -> None:
    data = study(seed, paradigm)
    for kind in curve_kinds(data):
        twice = pooled_curve(data, kind, 1, [1, 1])
        once = reader_curve(data, kind, 1, 1)
        np.testing.assert_allclose(twice.x, once.x, atol=1e-12)
        np.testing.assert_allclose(twice.y, once.y, atol=1e-12)
        assert pooled_curve(data, kind, 1).x[-1] <= 1 or kind == "froc"


def test_a_pooled_roc_curve_is_that_of_the_ratings_one_after_the_other() -> None:
    data = study(4, "roc", missing=0.3, readers=3)
    kept = ~np.isnan(data.ratings[0])
    truth = np.broadcast_to(data.is_diseased, kept.shape)[kept]
    expected, pooled = roc_curve(data.ratings[0][kept], truth), pooled_curve(data, "roc", 0)
    np.testing.assert_array_equal(pooled.x, expected.x)
    np.testing.assert_array_equal(pooled.y, expected.y)


def test_unmarked_cases_are_a_last_point_of_the_roc_curve() -> None:
    curve = roc_curve([3.0, -np.inf, 2.0, -np.inf], [True, True, False, False])
    assert curve.x.tolist() == [0, 0, 0.5, 1]
    assert curve.y.tolist() == [0, 0.5, 0.5, 1]
    assert curve.thresholds.tolist() == [np.inf, 3, 2, -np.inf]


def test_a_case_that_was_never_localised_caps_the_lroc_curve() -> None:
    truth = np.array([False, False, True, True])
    correct, wrong = (np.array([[row]]) for row in ([-np.inf, -np.inf, 4.0, -np.inf], [1.0, 2.0, -np.inf, 5.0]))
    data = ReaderData("lroc", ("A",), ("r",), tuple("abcd"), truth, np.maximum(correct, wrong), correct, wrong)
    curve = reader_curve(data, "lroc", 0, 0)
    assert curve.y.tolist() == [0, 0.5, 0.5, 0.5, 0.5]
    assert curve.x.tolist() == [0, 0, 0.5, 1, 1]
    assert reader_curve(data, "lroc", 0, 0, closing="rjafroc").x.tolist() == [0, 0, 0.5, 1]


def test_the_afroc_curve_is_closed_by_a_straight_line() -> None:
    curve = afroc_curve([3.0, -np.inf], [1.0, -np.inf], [0.75, 0.25])
    assert curve.x.tolist() == [0, 0, 0.5, 1]
    assert curve.y.tolist() == [0, 0.75, 0.75, 1]


def test_the_froc_curve_counts_marks_at_or_above_each_rating() -> None:
    curve = froc_curve([3.0, 2.0], [3.0, 1.0, 1.0], lesions=4, cases=2)
    assert curve.thresholds.tolist() == [np.inf, 3, 2, 1]
    assert curve.x.tolist() == [0, 0.5, 0.5, 1.5]
    assert curve.y.tolist() == [0, 0.25, 0.5, 0.5]


def test_the_mean_curve_keeps_uprights_and_ends_with_the_shortest() -> None:
    first = Curve(np.array([0.0, 0, 0.5, 1]), np.array([0.0, 0.4, 0.6, 1]), np.zeros(4))
    second = Curve(np.array([0.0, 0.5, 0.5]), np.array([0.0, 0.2, 0.8]), np.zeros(3))
    mean = mean_curve([first, second])
    np.testing.assert_allclose(mean.x, [0, 0, 0.5, 0.5])
    np.testing.assert_allclose(mean.y, [0, 0.2, 0.4, 0.7])
    assert np.isnan(mean.thresholds).all()


def test_a_reader_who_read_nothing_has_no_curve_and_is_left_out_of_the_mean() -> None:
    for paradigm in ("roc", "lroc", "froc"):
        data = study(1, paradigm)  # type: ignore[arg-type]
        empty = study(1, paradigm, missing=1.0)  # type: ignore[arg-type]
        ratings = data.ratings.copy()
        ratings[:, 1] = np.nan
        for kind in curve_kinds(data):
            curve = reader_curve(empty, kind, 0, 0)
            assert kind == "froc" or np.isnan(curve.x[-1])
        if paradigm == "roc":
            half = replace(data, ratings=ratings)
            alone, mean = reader_curve(half, "roc", 0, 0), average_curve(half, "roc", 0)
            assert area(mean) == pytest.approx(area(alone))
            assert np.isnan(mean_curve([reader_curve(half, "roc", 0, 1)]).x[-1])


def test_a_curve_that_the_study_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="a study of kind ROC does not have it"):
        reader_curve(study(1), "wafroc", 0, 0)
