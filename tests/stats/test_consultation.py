"""Answers that changed, and lesions that one found and another missed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.core.errors import InputError
from overread.core.reader_data import Choices, FalseMarks, Lesions, ReaderData
from overread.stats.consultation import (
    consultations,
    consultations_between,
    consultations_of_readers,
    found_by,
    found_lesions,
    right_answers,
)

pytestmark = pytest.mark.light

answers = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def test_changes_by_hand() -> None:
    before = [True] * 10 + [False] * 6
    after = [True] * 8 + [False] * 2 + [True] * 4 + [False] * 2
    result = consultations(before, after)
    assert (result.kept_right, result.lost, result.gained, result.kept_wrong) == (8, 2, 4, 2)
    assert result.negative_ratio.value == pytest.approx(2 / 6)
    assert result.lost_share.value == 0.2
    assert result.gained_share.value == pytest.approx(4 / 6)
    assert result.p == pytest.approx(2 * (1 + 6 + 15) / 64)


@settings(deadline=None, max_examples=40)
@given(answers)
def test_counts_add_up_and_going_back_swaps_gained_and_lost(pairs: list[tuple[bool, bool]]) -> None:
    before, after = (list(column) for column in zip(*pairs, strict=True))
    there, back = consultations(before, after), consultations(after, before)
    assert there.kept_right + there.lost + there.gained + there.kept_wrong == len(pairs)
    assert (back.lost, back.gained, back.kept_right) == (there.gained, there.lost, there.kept_right)
    assert back.p == there.p
    assert sum(after) - sum(before) == there.gained - there.lost
    if there.lost + there.gained:
        assert there.negative_ratio.value + back.negative_ratio.value == pytest.approx(1)
        assert 0 <= there.negative_ratio.low <= there.negative_ratio.high <= 1


def test_nobody_who_changed_has_no_ratio() -> None:
    result = consultations([True, False], [True, False])
    assert math.isnan(result.negative_ratio.value)
    assert result.negative_ratio.note


def test_readers_together_are_drawn_by_patient() -> None:
    rng = np.random.default_rng(1)
    before = np.tile(rng.random(40) < 0.6, (3, 1))
    after = np.tile(rng.random(40) < 0.7, (3, 1))
    one = consultations_of_readers(before[:1], after[:1], range(40), np.random.default_rng(5), draws=500)
    three = consultations_of_readers(before, after, range(40), np.random.default_rng(5), draws=500)
    assert three.lost == 3 * one.lost
    # three readers who always answer alike know no more than one
    assert three.negative_ratio.interval == pytest.approx(one.negative_ratio.interval)
    assert math.isnan(three.p)


def test_a_reading_not_made_is_not_counted() -> None:
    before, after = np.array([[True, False, True]]), np.array([[False, True, True]])
    read = np.array([[True, False, True]])
    result = consultations_of_readers(before, after, "abc", np.random.default_rng(0), read, draws=50)
    assert (result.lost, result.gained, result.kept_right) == (1, 0, 1)


def test_lesions_found_by_one_and_missed_by_the_other_have_a_mean_size() -> None:
    model, reader = [True, True, True, False, False], [False, False, True, True, False]
    result = found_by(model, reader, [8.0, 12.0, 30.0, 20.0, math.nan])
    assert (result.first_only.count, result.first_only.mean_mm) == (2, 10.0)
    assert result.first_only.deviation_mm == pytest.approx(math.sqrt(8))
    assert (result.both.count, result.second_only.count, result.neither.count) == (1, 1, 1)
    assert math.isnan(result.neither.mean_mm)
    assert math.isnan(result.both.deviation_mm)


def test_a_lesion_is_found_from_a_rating_on_or_by_any_mark() -> None:
    nowhere = np.array([], dtype=np.intp)
    nothing = FalseMarks(nowhere, nowhere, nowhere, np.array([]))
    data = ReaderData(
        "froc",
        ("c",),
        ("r",),
        ("1", "2"),
        np.array([True, True]),
        np.array([[[3.0, -np.inf]]]),
        lesions=Lesions(("a", "b", "c"), np.array([0, 0, 1]), np.array([0.5, 0.5, 1.0])),
        lesion_ratings=np.array([[[3.0, 1.0, -np.inf]]]),
        false_marks=nothing,
    )
    assert found_lesions(data, 0, 0).tolist() == [True, True, False]
    assert found_lesions(data, 0, 0, at_least=2).tolist() == [True, False, False]
    assert found_lesions(data, 0, 0, at_least=-np.inf).tolist() == [True, True, False]


def test_answers_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        consultations([True], [True, False])
    with pytest.raises(ValueError, match="sizes"):
        found_by([True], [False], [1.0, 2.0])


def _study(choices: Choices | None = None) -> ReaderData:
    """Two readers, four cases, the last two diseased; the second reader did not read the last case again."""
    before = [[60.0, 10.0, 40.0, 90.0], [10.0, 10.0, 90.0, 90.0]]
    after = [[20.0, 10.0, 80.0, 40.0], [10.0, 70.0, 90.0, np.nan]]
    return ReaderData(
        "roc",
        ("unaided", "aided"),
        ("r1", "r2"),
        tuple("abcd"),
        np.array([False, False, True, True]),
        np.array([before, after]),
        choices=choices,
    )


def test_answers_of_a_study_are_cut_at_a_rating_and_counted_by_reader_and_together() -> None:
    each, together = consultations_between(_study(), 0, 1, np.random.default_rng(0), at=50, draws=50)
    assert [(c.gained, c.lost) for c in each.values()] == [(2, 1), (0, 1)]
    assert sum((each["r2"].kept_right, each["r2"].lost, each["r2"].kept_wrong)) == 3
    assert (together.gained, together.lost, together.kept_right) == (2, 2, 3)


def test_a_case_read_without_a_call_is_wrong() -> None:
    called = np.array([[[0, 1, -1, 1]] * 2] * 2)
    choices = Choices(("benign", "malignant"), np.array([0, 0, 1, 1]), called, np.full(called.shape, np.nan))
    right, read = right_answers(_study(choices), 0)
    assert right[0].tolist() == [True, False, False, True]
    assert read.all()


def test_ratings_without_a_cut_are_neither_right_nor_wrong() -> None:
    with pytest.raises(InputError, match="called no class"):
        right_answers(_study(), 0)
