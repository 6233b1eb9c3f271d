"""Figures of merit by name: hand-worked studies, what must not change them, and names that are refused."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stats.random_studies import study, with_choices

from overread.core.errors import InputError
from overread.core.reader_data import Choices, FalseMarks, Lesions, Paradigm, ReaderData
from overread.stats.merit.figures import FIGURES_OF_MERIT, figure_cells, figure_names
from overread.stats.merit.froc import lesion_distribution
from overread.stats.merit.roc import roc_auc

pytestmark = pytest.mark.light

NONE = -np.inf
PARADIGMS: tuple[Paradigm, ...] = ("roc", "lroc", "froc")
seeds = st.integers(0, 2**32)
RANK_FIGURES = {
    "roc": ("roc-auc", "partial-auc@0.7-0.9", "partial-auc-sens@0.8-1", "sens@0.8", "spec@0.8", "expected-utility@1"),
    "lroc": ("lroc-auc", "lroc-auc@0.3", "lroc-pcl@0.2", "inferred-roc-auc"),
    "froc": ("froc-auc", "afroc-auc", "afroc1-auc", "wafroc-auc", "wafroc1-auc", "inferred-roc-auc", "maxllf", "hr-se"),
}


def three_lesions() -> ReaderData:
    """Two healthy cases (a mark of 2, none), one of one lesion (missed), one of two (3 and 2; false marks 1 and 2)."""
    owner = np.array([2, 3, 3])
    marks = FalseMarks(np.zeros(3, int), np.zeros(3, int), np.array([0, 3, 3]), np.array([2.0, 1.0, 2.0]))
    on_lesions = np.array([[[NONE, 3.0, 2.0]]])
    truth = np.array([False, False, True, True])
    ratings = np.array([[[2.0, NONE, NONE, 3.0]]])
    lesions = Lesions(("1", "1", "2"), owner, np.array([1.0, 0.75, 0.25]))
    return ReaderData(
        "froc", ("A",), ("r",), ("a", "b", "c", "d"), truth, ratings, None, None, lesions, on_lesions, marks
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # healthy highest marks 2 and none; lesions none, 3, 2: psi 0, 1, 1/2 and 1/2, 1, 1
        ("afroc-auc", 4 / 6),
        ("wafroc-auc", (0 + 0.75 + 0.125 + 0.5 + 1.0) / 4),
        # the diseased add rows of none (as the second healthy) and of 2 (as the first)
        ("afroc1-auc", 8 / 12),
        ("wafroc1-auc", 2 * (0 + 0.75 + 0.125 + 0.5 + 1.0) / 8),
        # single marks 2, 1, 2 against none, 3, 2: 0 1 1/2, 0 1 1, 0 1 1/2
        ("froc-auc", 5 / 12),
        ("inferred-roc-auc", (0 + 1 + 0.5 + 1) / 4),
        ("maxllf", 2 / 3),
        ("maxnlf", 1 / 2),
        ("maxnlf-all", 3 / 4),
        ("hr-se", 1 / 2),
        ("hr-sp", 1 / 2),
        ("sensitivity@2", 1 / 2),
        ("specificity@2", 1 / 2),
        ("accuracy@3", 3 / 4),
        ("f1@2", 2 / 4),
    ],
)
def test_the_hand_worked_study_has_its_figures(name: str, value: float) -> None:
    assert figure_cells(three_lesions(), name).values[0, 0] == pytest.approx(value, abs=1e-15)


def test_without_healthy_cases_only_the_figures_over_all_cases_are_left() -> None:
    data = study(3, "froc", healthy=0, diseased=5)
    assert np.isnan(figure_cells(data, "wafroc-auc").values).all()
    assert np.isnan(figure_cells(data, "afroc-auc").values).all()
    assert np.isfinite(figure_cells(data, "wafroc1-auc").values).all()
    assert np.isfinite(figure_cells(data, "afroc1-auc").values).all()
    assert np.isfinite(figure_cells(data, "wafroc1-auc").left_out).all()


def test_only_the_cases_of_a_class_change_a_figure_of_that_class() -> None:
    data = study(3, "froc")
    healthy, diseased = np.flatnonzero(~data.is_diseased), np.flatnonzero(data.is_diseased)
    for name in ("hr-sp", "maxnlf", "specificity@1"):
        assert np.array_equal(figure_cells(data, name).cases, healthy)
    for name in ("hr-se", "maxllf", "sensitivity@1"):
        assert np.array_equal(figure_cells(data, name).cases, diseased)
    assert figure_cells(data, "wafroc-auc").cases.size == len(data.cases)


def test_a_case_without_a_call_is_a_miss_and_no_false_alarm() -> None:
    truth = np.array([0, 0, 1, 1])
    choices = Choices(("benign", "malignant"), truth, np.array([[[0, -1, 1, -1]]]), np.full((1, 1, 4), np.nan))
    data = ReaderData("roc", ("A",), ("r",), tuple("abcd"), truth > 0, np.array([[[1.0, 2, 3, 4]]]), choices=choices)
    expected = {"sensitivity": 0.5, "specificity": 1.0, "accuracy": 0.5, "sensitivity@benign": 0.5, "f1": 2 / 3}
    for name, value in expected.items():
        assert figure_cells(data, name).values[0, 0] == pytest.approx(value), name


def test_calls_count_where_no_rating_was_given() -> None:
    data = with_choices(study(5), 5)
    called = np.maximum(data.choices.called, 0)  # type: ignore[union-attr]
    choices = replace(data.choices, called=called)  # type: ignore[type-var]
    silent = replace(data, ratings=np.full_like(data.ratings, np.nan), choices=choices)
    heard = replace(data, choices=choices)
    for name in ("accuracy", "macro-f1", "sensitivity"):
        np.testing.assert_array_equal(figure_cells(silent, name).values, figure_cells(heard, name).values)
    assert np.isnan(figure_cells(silent, "sensitivity@2").values).all()


@settings(deadline=None, max_examples=25)
@given(seeds, st.sampled_from(PARADIGMS))
def test_a_monotone_transform_of_the_ratings_changes_nothing(seed: int, paradigm: Paradigm) -> None:
    data = study(seed, paradigm, missing=0.2)

    def lifted(values: np.ndarray | None) -> np.ndarray | None:
        return None if values is None else _lift(values)

    marks = data.false_marks
    other = replace(
        data,
        ratings=_lift(data.ratings),
        correct=lifted(data.correct),
        incorrect=lifted(data.incorrect),
        lesion_ratings=lifted(data.lesion_ratings),
        false_marks=None if marks is None else replace(marks, rating=_lift(marks.rating)),
    )
    for name in RANK_FIGURES[paradigm]:
        before, after = figure_cells(data, name), figure_cells(other, name)
        np.testing.assert_allclose(after.values, before.values, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(after.left_out, before.left_out, atol=1e-12, err_msg=name)


@settings(deadline=None, max_examples=25)
@given(seeds, st.sampled_from(PARADIGMS))
def test_the_order_of_cases_and_readers_decides_nothing(seed: int, paradigm: Paradigm) -> None:
    data = study(seed, paradigm, missing=0.2, readers=3)
    order, readers = np.random.default_rng(seed).permutation(len(data.cases)), [2, 0, 1]
    moved = _reordered(data, order).take(readers=readers)
    for name in RANK_FIGURES[paradigm]:
        before, after = figure_cells(data, name), figure_cells(moved, name)
        np.testing.assert_allclose(after.values, before.values[:, readers], atol=1e-12, err_msg=name)
        if before.cases.size == order.size:
            expected = before.left_out[:, readers][..., order]
            np.testing.assert_allclose(after.left_out, expected, atol=1e-12, err_msg=name)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_where_all_is_localised_lroc_is_roc(seed: int) -> None:
    data = study(seed, "lroc", unmarked=0.0)
    data = replace(
        data, correct=np.where(data.is_diseased, data.ratings, NONE), incorrect=np.full_like(data.ratings, NONE)
    )
    lroc, roc = figure_cells(data, "lroc-auc"), figure_cells(data, "inferred-roc-auc")
    np.testing.assert_allclose(lroc.values, roc.values, atol=1e-12)
    np.testing.assert_allclose(lroc.left_out, roc.left_out, atol=1e-12)
    whole = figure_cells(data, "lroc-auc@1")
    np.testing.assert_allclose(whole.values, roc.values, atol=1e-12)


@settings(deadline=None, max_examples=10)
@given(seeds)
def test_the_area_is_the_mann_whitney_share_of_pairs(seed: int) -> None:
    pytest.importorskip("scipy")
    from scipy.stats import mannwhitneyu

    data = study(seed)
    values = figure_cells(data, "roc-auc").values
    for i, j in np.ndindex(*values.shape):
        sides = data.ratings[i, j, data.is_diseased], data.ratings[i, j, ~data.is_diseased]
        assert values[i, j] == pytest.approx(mannwhitneyu(*sides).statistic / 25)
        assert values[i, j] == pytest.approx(roc_auc(*sides))


@settings(deadline=None, max_examples=40)
@given(seeds, st.sampled_from(PARADIGMS))
def test_every_share_lies_between_nought_and_one(seed: int, paradigm: Paradigm) -> None:
    data = study(seed, paradigm, missing=0.2)
    for name in RANK_FIGURES[paradigm]:
        if name in ("froc-auc", "expected-utility@1"):
            continue
        cells = figure_cells(data, name)
        for values in (cells.values, cells.left_out):
            told = values[np.isfinite(values)]
            assert ((told >= -1e-12) & (told <= 1 + 1e-12)).all(), name


@settings(deadline=None, max_examples=25)
@given(seeds, st.floats(0.05, 0.95))
def test_partial_areas_add_up_to_the_whole(seed: int, cut: float) -> None:
    data, at = study(seed), f"{cut:.3f}"
    for kind in ("partial-auc", "partial-auc-sens"):
        parts = [figure_cells(data, f"{kind}@{limits}") for limits in (f"0-{at}", f"{at}-1")]
        whole = figure_cells(data, "roc-auc")
        np.testing.assert_allclose(parts[0].values + parts[1].values, whole.values, atol=1e-12)
        np.testing.assert_allclose(parts[0].left_out + parts[1].left_out, whole.left_out, atol=1e-12)


def test_the_closing_of_rjafroc_is_a_convention() -> None:
    data = study(2, "lroc", 8, 8)
    own, theirs = (figure_cells(data, "lroc-auc", convention) for convention in ("own", "rjafroc"))
    assert (theirs.values < own.values).any()
    assert theirs.placements is None
    assert own.placements is not None


def test_every_kind_of_study_lists_its_figures() -> None:
    assert "roc-auc" in figure_names("roc")
    assert "lroc-pcl@FPF" in figure_names("lroc")
    assert "lroc-auc[@FPF]" in figure_names("lroc")
    assert "wafroc1-auc" in figure_names("froc")
    assert "partial-auc@LO-HI" in figure_names("froc")
    assert "roc-auc" not in figure_names("froc")
    assert all(figure.name == name for name, figure in FIGURES_OF_MERIT.items())


@pytest.mark.parametrize(
    ("paradigm", "name", "told"),
    [
        ("roc", "auc", "there is no such figure"),
        ("roc", "wafroc-auc", "a study of kind ROC does not have it"),
        ("froc", "roc-auc", "Choose one of froc-auc"),
        ("lroc", "lroc-pcl", "it is written lroc-pcl@FPF"),
        ("roc", "roc-auc@3", "it is written roc-auc"),
        ("roc", "sens@80", "80 is not between 0 and 1"),
        ("roc", "partial-auc@0.8", "'0.8' is no pair of limits"),
        ("roc", "partial-auc@0.9-0.8", "0.9-0.8 is empty"),
        ("roc", "sensitivity", "nobody chose among classes"),
        ("roc", "sensitivity@high", "'high' is no number"),
        ("roc", "macro-f1", "nobody chose among classes"),
        ("roc", "expected-utility@-1", "a slope is above 0"),
        ("roc", "spec@x", "'x' is no number"),
    ],
)
def test_a_name_that_cannot_be_told_is_refused_with_the_reason(paradigm: Paradigm, name: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        figure_cells(study(1, paradigm), name)
    assert told in str(refused.value)


def test_a_class_of_healthy_and_diseased_cases_is_refused_without_a_name() -> None:
    data = with_choices(study(1), 1)
    mixed = replace(data, is_diseased=~data.is_diseased | (np.arange(10) < 5))
    with pytest.raises(InputError, match="has healthy and diseased cases"):
        figure_cells(mixed, "sensitivity")


def test_the_share_of_cases_by_lesions_adds_to_one() -> None:
    assert lesion_distribution(three_lesions()) == {1: 0.5, 2: 0.5}


def test_a_jackknife_of_two_thousand_cases_takes_well_under_a_second() -> None:
    data = study(1, "froc", 1000, 1000, readers=8, levels=1000)
    started = time.process_time()
    cells = figure_cells(data, "wafroc-auc")
    assert cells.left_out.shape == (2, 8, 2000)
    assert time.process_time() - started < 1.0


def _lift(values: np.ndarray) -> np.ndarray:
    """A rising function that keeps -inf and NaN."""
    finite = np.where(np.isfinite(values), values, 0.0)
    return np.where(np.isfinite(values), np.exp(0.7 * finite) - 100.0, values)


def _reordered(data: ReaderData, order: np.ndarray) -> ReaderData:
    """The same study with its cases in another order."""
    place = np.argsort(order)
    lesions, marks, on_lesions = data.lesions, data.false_marks, data.lesion_ratings
    if lesions is not None:
        by_case = np.argsort(place[lesions.case], kind="stable")
        ids = tuple(lesions.ids[n] for n in by_case)
        lesions = Lesions(ids, place[lesions.case][by_case], lesions.weight[by_case])
        on_lesions = on_lesions[:, :, by_case]
        marks = replace(marks, case=place[marks.case])
    return replace(
        data,
        cases=tuple(data.cases[k] for k in order),
        is_diseased=data.is_diseased[order],
        ratings=data.ratings[..., order],
        correct=None if data.correct is None else data.correct[..., order],
        incorrect=None if data.incorrect is None else data.incorrect[..., order],
        lesions=lesions,
        lesion_ratings=on_lesions,
        false_marks=marks,
    )
