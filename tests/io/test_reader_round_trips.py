"""Studies written and read again are the same, in every form that can hold them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overread.core.errors import InputError
from overread.core.reader_data import Choices, FalseMarks, Lesions, Paradigm, ReaderData
from overread.io.reader_files import Kind, read_reader_data, write_reader_data

pytestmark = pytest.mark.light
UNMARKED = -np.inf
FILES: dict[Kind, str] = {
    "jafroc": "study.xlsx",
    "jafroc-old": "study.xlsx",
    "imrmc": "study.imrmc",
    "iowa": "study.csv",
    "folder": "study",
}
ONCE = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIGNS = st.sampled_from("abcXYZ0189 ,;='\"-_äßĄ中()#+.%")
TEXTS = st.text(SIGNS, min_size=1, max_size=6).map(str.strip).filter(lambda t: t not in ("", "truth"))


def names(rng: np.random.Generator, drawn: list[str], count: int, letter: str) -> tuple[str, ...]:
    """Drawn names first, then plain ones."""
    return tuple(dict.fromkeys((*drawn, *(f"{letter}{n}" for n in range(count)))))[:count]


@st.composite
def studies(draw: st.DrawFn, paradigm: Paradigm, holes: str = "none") -> ReaderData:
    """A study with odd names; holes ``any`` in any pattern, ``cases`` of whole readers by case."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(4, 9)))
    ids = [names(rng, draw(st.lists(TEXTS, max_size=2)), n, letter) for n, letter in zip(shape, "crk", strict=True)]
    diseased = np.arange(shape[2]) % 2 == 0
    rng.shuffle(diseased)
    values = np.where(rng.random(shape) < 0.5, rng.integers(-3, 4, shape), rng.normal(size=shape))
    values[rng.random(shape) < 0.2] = UNMARKED
    was_read = np.ones(shape, dtype=bool)
    if holes == "any":
        was_read = rng.random(shape) > 0.2
    elif holes == "cases":
        was_read[:, 1:, rng.random(shape[2]) < 0.4] = False
    was_read[:, :, 0] = True
    if paradigm == "roc":
        values[:, :, 0] = 1.0
        return ReaderData("roc", *ids, diseased, np.where(was_read, values, np.nan))
    if paradigm == "lroc":
        is_hit = diseased & (rng.random(shape) < 0.6)
        correct, incorrect = (np.where(was_read, np.where(w, values, UNMARKED), np.nan) for w in (is_hit, ~is_hit))
        return ReaderData("lroc", *ids, diseased, np.maximum(correct, incorrect), correct, incorrect)
    return free_response(rng, ids, diseased, was_read)


def free_response(rng: np.random.Generator, ids: list[tuple[str, ...]], diseased: Any, was_read: Any) -> ReaderData:
    counts = np.where(diseased, rng.integers(1, 4, len(diseased)), 0)
    case = np.repeat(np.arange(len(diseased)), counts)
    weight = np.concatenate([rng.dirichlet(np.ones(n)) for n in counts if n])
    lesions = Lesions(tuple(f"L{n}" for n in range(len(case))), case, weight)
    on_lesions = rng.normal(size=(*was_read.shape[:2], len(case)))
    on_lesions[rng.random(on_lesions.shape) < 0.4] = UNMARKED
    on_lesions[~was_read[:, :, case]] = np.nan
    places = np.argwhere(was_read & (rng.random(was_read.shape) < 0.5)).repeat(2, axis=0)
    marks = FalseMarks(*places.T, rng.normal(size=len(places)))
    ratings = np.where(was_read, UNMARKED, np.nan)
    for n, k in enumerate(case):
        ratings[:, :, k] = np.maximum(ratings[:, :, k], on_lesions[:, :, n])
    np.maximum.at(ratings, tuple(places.T), marks.rating)
    return ReaderData("froc", *ids, diseased, ratings, None, None, lesions, on_lesions, marks)


def again(data: ReaderData, kind: Kind) -> ReaderData:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILES[kind]
        write_reader_data(data, path, kind)
        return read_reader_data(path)


def sorted_marks(marks: FalseMarks) -> np.ndarray:
    rows = np.column_stack((marks.condition, marks.reader, marks.case, marks.rating))
    return rows[np.lexsort(rows.T[::-1])]


def assert_same(ours: ReaderData, theirs: ReaderData) -> None:
    """All that a workbook holds."""
    assert ours.paradigm == theirs.paradigm
    assert (ours.conditions, ours.readers, ours.cases) == (theirs.conditions, theirs.readers, theirs.cases)
    for name in ("is_diseased", "ratings", "correct", "incorrect", "lesion_ratings"):
        one, other = getattr(ours, name), getattr(theirs, name)
        assert (one is None) == (other is None), name
        if one is not None:
            np.testing.assert_array_equal(one, other, name)
    if ours.lesions is not None and theirs.lesions is not None:
        assert ours.lesions.ids == theirs.lesions.ids
        np.testing.assert_array_equal(ours.lesions.case, theirs.lesions.case)
        np.testing.assert_allclose(ours.lesions.weight, theirs.lesions.weight, rtol=1e-14)
        assert ours.false_marks is not None
        assert theirs.false_marks is not None
        np.testing.assert_array_equal(sorted_marks(ours.false_marks), sorted_marks(theirs.false_marks))


@ONCE
@given(studies("roc", "any"))
def test_roc_folder(data: ReaderData) -> None:
    assert_same(again(data, "folder"), data)


@ONCE
@given(studies("lroc", "any"))
def test_lroc_folder(data: ReaderData) -> None:
    assert_same(again(data, "folder"), data)


@ONCE
@given(studies("froc", "any"))
def test_froc_folder(data: ReaderData) -> None:
    assert_same(again(data, "folder"), data)


@ONCE
@given(studies("froc", "cases"))
def test_froc_workbook(data: ReaderData) -> None:
    assert_same(again(data, "jafroc"), data)


@ONCE
@given(studies("lroc", "cases"))
def test_lroc_workbook(data: ReaderData) -> None:
    assert_same(again(data, "jafroc"), data)


@ONCE
@given(studies("froc"))
def test_froc_workbook_of_the_old_layout(data: ReaderData) -> None:
    assert_same(again(data, "jafroc-old"), data)


@ONCE
@given(studies("roc", "any"), st.sampled_from(["jafroc", "imrmc", "iowa"]))
def test_roc_files_hold_ratings_and_what_was_not_read_and_an_unmarked_case_stays_the_lowest(
    data: ReaderData, kind: Kind
) -> None:
    back = again(data, kind)
    assert (set(back.conditions), set(back.readers)) == (set(data.conditions), set(data.readers))
    i, j = (
        [part.index(n) for n in of] for part, of in ((back.conditions, data.conditions), (back.readers, data.readers))
    )
    k = [back.cases.index(name) for name in data.cases if name in back.cases]
    kept = [name in back.cases for name in data.cases]
    ratings = back.ratings[np.ix_(i, j, k)]
    wanted = data.ratings[:, :, kept]
    is_marked = np.isfinite(wanted)
    np.testing.assert_array_equal(ratings[is_marked], wanted[is_marked])
    np.testing.assert_array_equal(np.isnan(ratings), np.isnan(wanted))
    lowest = np.unique(ratings[wanted == UNMARKED])
    assert len(lowest) <= 1
    assert not len(lowest) or lowest[0] < wanted[is_marked].min()
    np.testing.assert_array_equal(back.is_diseased[k], data.is_diseased[kept])


@ONCE
@given(studies("froc"))
def test_text_forms_hold_the_highest_rating_of_each_case(data: ReaderData) -> None:
    back = again(data, "imrmc")
    assert back.paradigm == "roc"
    is_marked = np.isfinite(data.ratings)
    i, j = (
        [part.index(n) for n in of] for part, of in ((back.conditions, data.conditions), (back.readers, data.readers))
    )
    np.testing.assert_array_equal(back.ratings[np.ix_(i, j)][is_marked], data.ratings[is_marked])


@ONCE
@given(studies("roc"), st.integers(0, 1000))
def test_folder_holds_calls_times_patients_and_subsets(data: ReaderData, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = data.ratings.shape
    classes = ("hcc", "icc", "none, or other")
    called = rng.integers(-1, 3, shape)
    confidence = np.where(rng.random(shape) < 0.3, np.nan, rng.random(shape))
    confidence[0, 0, 0], called[0, 0, 0] = 0.5, 1
    seconds = np.where(rng.random(shape) < 0.3, np.nan, rng.random(shape) * 100)
    seconds[0, 0, 0] = 12.25
    choices = Choices(classes, rng.integers(0, 3, shape[2]), called, confidence)
    patients, subsets = (tuple(f"{w}{n // 2}" for n in range(shape[2])) for w in "ps")
    full = replace(data, choices=choices, seconds=seconds, patients=patients, subsets=subsets)
    back = again(full, "folder")
    assert_same(back, full)
    assert (back.patients, back.subsets) == (patients, subsets)
    assert back.choices is not None
    assert back.choices.names == classes
    np.testing.assert_array_equal(back.choices.truth, choices.truth)
    np.testing.assert_array_equal(back.choices.called, called)
    np.testing.assert_array_equal(back.choices.confidence, confidence)
    np.testing.assert_array_equal(back.seconds, seconds)


def test_calls_alone_are_a_study_without_ratings() -> None:
    called = np.array([[[0, 1, 1, 0]]])
    choices = Choices(("hcc", "icc"), np.array([0, 1, 0, 0]), called, np.full((1, 1, 4), np.nan))
    nothing = np.full((1, 1, 4), np.nan)
    data = ReaderData(
        "roc", ("c",), ("r",), tuple("abcd"), np.array([1, 0, 1, 1], dtype=bool), nothing, choices=choices
    )
    back = again(data, "folder")
    assert_same(back, data)
    assert back.choices is not None
    np.testing.assert_array_equal(back.choices.called, called)


def test_lroc_reading_with_a_hit_a_miss_and_a_rating_without_place_stays_so_in_a_folder() -> None:
    correct = np.array([[[2.0, UNMARKED, UNMARKED]]])
    incorrect = np.array([[[3.0, UNMARKED, 1.0]]])
    ratings = np.array([[[4.0, 5.0, 2.0]]])
    data = ReaderData("lroc", ("c",), ("r",), tuple("abz"), np.array([True, False, True]), ratings, correct, incorrect)
    assert_same(again(data, "folder"), data)
    with pytest.raises(InputError, match="two marks"):
        again(data, "jafroc")


def test_workbook_refuses_holes_that_are_not_of_whole_readers_or_conditions(tmp_path: Path) -> None:
    ratings = np.ones((2, 2, 2))
    ratings[0, 1, 1] = np.nan
    data = ReaderData(
        "lroc", ("a", "b"), ("r", "s"), ("1", "2"), np.array([True, False]), ratings, ratings, ratings * 0
    )
    with pytest.raises(InputError, match="case 2 was not read"):
        write_reader_data(replace(data, incorrect=np.full_like(ratings, UNMARKED)), tmp_path / "x.xlsx", "jafroc")
    with pytest.raises(InputError, match="old layout"):
        write_reader_data(data, tmp_path / "x.xlsx", "jafroc-old")
    assert not list(tmp_path.iterdir())


def test_workbook_has_whole_numbers_for_cases_and_says_in_ids_what_they_are(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    ratings = np.array([[[1.0, 2.0]]])
    data = ReaderData("roc", ("a",), ("r, s",), ("liver 7", "12"), np.array([True, False]), ratings)
    write_reader_data(data, tmp_path / "x.xlsx", "jafroc")
    book = load_workbook(tmp_path / "x.xlsx")
    assert [row[0].value for row in book["TRUTH"].iter_rows(min_row=2)] == [1, 2]
    listed = [tuple(cell.value for cell in row) for row in book["ids"].iter_rows(min_row=2)]
    assert ("case", "1", "liver 7") in listed
    assert ("reader", "1", "r, s") in listed
