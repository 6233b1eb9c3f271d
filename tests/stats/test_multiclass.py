"""Several classes: the printed readers of Wang, scikit-learn, loops, cases without a call."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats import multiclass
from overread.stats.delong import area_interval, delong
from overread.stats.multiclass import NO_CALL, class_figures, confusion, one_vs_rest_areas, resampled_confusion
from overread.stats.proportions import clopper_pearson
from overread.stats.resampling import cluster_weights

pytestmark = pytest.mark.light

NAMES = ("hcc", "icc", "metastasis")
# stats/CONFIDENCE.md: counts that give the printed figures of Wang's three readers (rows truth, columns call)
READERS = {
    "A": ([[173, 28, 6], [13, 52, 18], [7, 37, 66]], 0.73, 0.68, [(84, 90), (63, 79), (60, 92)], [86, 52, 66]),
    "B": ([[159, 44, 4], [16, 61, 6], [5, 62, 43]], 0.66, 0.61, [(77, 89), (73, 67), (39, 97)], [82, 49, 53]),
    "C": ([[113, 89, 5], [35, 42, 6], [36, 34, 40]], 0.49, 0.47, [(55, 63), (51, 61), (36, 96)], [58, 34, 50]),
}


def _cases(counts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    pairs = [(t, c) for t, row in enumerate(counts) for c, n in enumerate(row) for _ in range(n)]
    return np.array([t for t, _ in pairs]), np.array([c for _, c in pairs])


@pytest.mark.parametrize("reader", READERS)
def test_the_figures_of_wangs_readers_come_out_as_printed(reader: str) -> None:
    matrix, accuracy, macro, shares, f1 = READERS[reader]
    counts = confusion(*_cases(matrix), 3)
    assert counts[:, :3].tolist() == matrix
    assert round(float(multiclass.accuracy(counts)), 2) == accuracy
    assert round(float(multiclass.macro_f1(counts)), 2) == macro
    for figures, (sensitivity, specificity), score in zip(class_figures(counts, NAMES), shares, f1, strict=True):
        # Half to even: ICC specificity of A is 0.795 and printed .79, HCC F1 0.865 printed .86; C's ICC sensitivity
        # is 42/83 = .506, for which .50 is printed (SEEDS section 5, row 5).
        assert figures.sensitivity.value == pytest.approx(sensitivity / 100, abs=0.0051)
        assert figures.specificity.value == pytest.approx(specificity / 100, abs=0.0051)
        assert figures.f1 == pytest.approx(score / 100, abs=0.0051)


def test_hcc_f1_of_reader_a_is_exactly_0_865() -> None:
    counts = confusion(*_cases(READERS["A"][0]), 3)
    assert float(multiclass.f1(counts)[0]) == pytest.approx(346 / 400, abs=1e-15)


def test_no_count_of_83_prints_an_icc_sensitivity_of_one_half() -> None:
    # SEEDS section 5, row 5: the .50 of reader C is no share of 83 cases, 42 of them give .51
    tables = np.array([[[0, 0, 0, 0], [83 - k, k, 0, 0], [0, 0, 0, 0]] for k in range(84)], dtype=float)
    printed = [f"{share:.2f}" for share in multiclass.sensitivity(tables)[:, 1]]
    assert "0.50" not in printed
    assert printed[42] == "0.51"


def test_every_share_has_its_exact_interval() -> None:
    figures = class_figures(confusion(*_cases(READERS["A"][0]), 3), NAMES)
    assert [f.name for f in figures] == list(NAMES)
    assert figures[0].sensitivity.interval == clopper_pearson(173, 207)
    assert figures[0].specificity.interval == clopper_pearson(173, 193)
    assert [(f.cases, f.calls) for f in figures] == [(207, 193), (83, 117), (110, 90)]


@pytest.mark.parametrize("cases", [1, 2, 3, 5, 9, 20, 200])
def test_accuracy_and_f1_are_those_of_scikit_learn(cases: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, calls = np.random.default_rng(cases).integers(0, 4, (2, cases))
    counts = confusion(truth, calls, 4)
    assert float(multiclass.accuracy(counts)) == pytest.approx(metrics.accuracy_score(truth, calls), abs=1e-12)
    assert float(multiclass.macro_f1(counts)) == pytest.approx(
        metrics.f1_score(truth, calls, average="macro", zero_division=0), abs=1e-12
    )
    each = metrics.f1_score(truth, calls, average=None, labels=range(4), zero_division=np.nan)
    np.testing.assert_allclose(multiclass.f1(counts), each, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), min_size=1, max_size=30))
def test_shares_are_what_a_loop_over_cases_counts(pairs: list[tuple[int, int]]) -> None:
    counts = confusion([t for t, _ in pairs], [c for _, c in pairs], 3)
    for k in range(3):
        own, others = [c for t, c in pairs if t == k], [c for t, c in pairs if t != k]
        sensitivity = sum(c == k for c in own) / len(own) if own else math.nan
        specificity = sum(c != k for c in others) / len(others) if others else math.nan
        assert float(multiclass.sensitivity(counts)[k]) == pytest.approx(sensitivity, nan_ok=True)
        assert float(multiclass.specificity(counts)[k]) == pytest.approx(specificity, nan_ok=True)


def test_a_case_without_a_call_is_a_miss_of_its_class_and_charged_to_none() -> None:
    with_call = confusion([0, 0, 1, 1], [0, 0, 1, 1], 2)
    without = confusion([0, 0, 1, 1, 0], [0, 0, 1, 1, NO_CALL], 2)
    assert float(multiclass.accuracy(without)) == 0.8
    assert multiclass.sensitivity(without).tolist() == pytest.approx([2 / 3, 1])
    assert multiclass.specificity(without).tolist() == [1, 1]
    assert float(multiclass.f1(without)[0]) == pytest.approx(0.8)
    assert float(multiclass.macro_f1(without)) < float(multiclass.macro_f1(with_call))


def test_a_class_without_cases_and_calls_is_left_out_of_the_mean_and_one_with_calls_counts_0() -> None:
    assert float(multiclass.macro_f1(confusion([0, 1], [0, 1], 3))) == 1
    assert float(multiclass.macro_f1(confusion([0, 1, 1], [0, 1, 2], 3))) == pytest.approx((1 + 2 / 3 + 0) / 3)
    (_, _, empty) = class_figures(confusion([0, 1], [0, 1], 3), NAMES)
    assert math.isnan(empty.sensitivity.value)
    assert math.isnan(empty.f1)


def test_a_class_that_drops_out_of_a_set_as_a_whole_does_not_raise_its_mean_f1() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, calls = [0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 0, NO_CALL]
    whole = confusion(truth, calls, 4)
    assert multiclass.has_class(whole).tolist() == [True, True, True, False]
    kept = confusion(truth[:4], calls[:4], 4)
    there = multiclass.has_class(whole)
    expected = metrics.f1_score(truth[:4], calls[:4], average="macro", labels=[0, 1, 2], zero_division=0)
    assert float(multiclass.macro_f1(kept, there)) == pytest.approx(expected) == pytest.approx(2 / 3)
    assert float(multiclass.macro_f1(kept)) == 1
    assert float(multiclass.macro_f1(whole, there)) == float(multiclass.macro_f1(whole))
    assert multiclass.macro_f1(np.stack([whole, kept]), there).shape == (2,)


def test_resampled_tables_are_those_of_the_drawn_cases() -> None:
    rng = np.random.default_rng(2)
    truth, calls, patient = rng.integers(0, 3, 60), rng.integers(-1, 3, 60), rng.integers(0, 10, 60)
    weights = cluster_weights(10, rng, 20)
    tables = resampled_confusion(truth, calls, 3, patient, weights)
    for table, weight in zip(tables, weights, strict=True):
        drawn = np.repeat(np.arange(60), weight[patient].astype(int))
        np.testing.assert_array_equal(table, confusion(truth[drawn], calls[drawn], 3))
    assert multiclass.macro_f1(tables).shape == (20,)


def test_classes_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        confusion([0, 3], [0, 1], 3)
    with pytest.raises(ValueError, match="truths"):
        confusion([0], [0, 1], 3)


def test_each_class_has_the_area_of_its_score_against_the_rest() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 90)
    scores = rng.dirichlet([1, 1, 1], 90) + 0.3 * np.eye(3)[truth]
    areas = one_vs_rest_areas(scores, truth)
    for k, area in enumerate(areas):
        assert area.value == pytest.approx(metrics.roc_auc_score(truth == k, scores[:, k]), abs=1e-12)
        both = delong(scores[truth == k, k], scores[truth != k, k])
        assert area.interval == area_interval(area.value, float(both.covariance[0, 0]))


def test_a_case_without_scores_ranks_below_all_others() -> None:
    areas = one_vs_rest_areas([[0.9, 0.1], [np.nan, np.nan], [0.2, 0.8], [0.3, 0.7]], [0, 0, 1, 1])
    assert areas[0].value == pytest.approx(0.5)  # one of the two of class 0 is below both of the others
    assert areas[1].value == 1.0  # and no false alarm of class 1
    assert "no interval" in areas[1].note


def test_a_class_without_cases_has_no_area() -> None:
    (_, absent) = one_vs_rest_areas([[0.9, 0.1], [0.8, 0.2]], [0, 0])
    assert math.isnan(absent.value)
    assert absent.note


def test_predictive_values_and_correlation_by_hand() -> None:
    counts = np.array([[8.0, 2.0, 0.0], [1.0, 9.0, 0.0]])
    assert multiclass.precision(counts).tolist() == pytest.approx([8 / 9, 9 / 11])
    assert multiclass.negative_value(counts).tolist() == pytest.approx([9 / 11, 8 / 9])
    assert float(multiclass.balanced_accuracy(counts)) == pytest.approx(0.85)
    assert float(multiclass.matthews(counts)) == pytest.approx((8 * 9 - 1 * 2) / math.sqrt(9 * 11 * 10 * 10))


def test_a_case_without_a_call_is_a_call_of_its_own_to_the_correlation() -> None:
    truth, calls = [0, 0, 0, 1, 1, 1], [0, 0, NO_CALL, 1, 0, 1]
    others = confusion(truth, [2 if c == NO_CALL else c for c in calls], 3)
    assert float(multiclass.matthews(confusion(truth, calls, 2))) == pytest.approx(float(multiclass.matthews(others)))


def test_a_class_that_is_always_called_has_no_correlation() -> None:
    assert math.isnan(float(multiclass.matthews(confusion([0, 1], [0, 0], 2))))


def test_weighted_f1_counts_a_class_as_often_as_it_came() -> None:
    counts = confusion([0, 0, 0, 1], [0, 0, 1, 1], 3)
    each = multiclass.f1(counts)
    assert float(multiclass.weighted_f1(counts)) == pytest.approx(0.75 * each[0] + 0.25 * each[1])
