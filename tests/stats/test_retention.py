"""Confidence and what it is worth: curves over the surest cases, and the 70 % line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats import multiclass
from overread.stats.multiclass import confusion
from overread.stats.retention import kept_weights, retention_curve, retention_gain, surest

pytestmark = pytest.mark.light


def _study(seed: int, helps: bool, n: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, call and confidence; where it helps, the unsure cases are guessed."""
    rng = np.random.default_rng(seed)
    truth, confidence = rng.integers(0, 3, n), rng.random(n)
    chance = 0.3 + 0.7 * confidence if helps else np.full(n, 0.6)
    calls = np.where(rng.random(n) < chance, truth, (truth + rng.integers(1, 3, n)) % 3)
    return truth, calls, confidence


def test_the_surest_seven_of_ten_are_kept() -> None:
    confidence = [0.1, 0.9, 0.5, 0.7, 0.3, 0.8, 0.2, 0.6, 0.4, 1.0]
    assert surest(confidence).tolist() == [1, 2, 3, 5, 7, 8, 9]
    assert surest(confidence, 1.0).tolist() == list(range(10))


def test_equal_confidence_is_kept_or_left_together() -> None:
    assert surest([5, 4, 4, 4, 1], 0.4).tolist() == [0, 1, 2, 3]
    assert retention_curve([5, 4, 4, 4, 1], len).shares.tolist() == [0.2, 0.8, 1.0]


def test_a_case_without_confidence_is_the_first_to_go_and_infinite_confidence_keeps_it() -> None:
    assert surest([0.5, np.nan, 0.6, 0.7], 0.75).tolist() == [0, 2, 3]
    assert surest([0.5, np.inf, 0.6, 0.7], 0.75).tolist() == [1, 2, 3]


def test_the_curve_ends_at_all_cases() -> None:
    truth, calls, confidence = _study(1, helps=True)
    curve = retention_curve(confidence, lambda index: float((truth == calls)[index].mean()))
    assert curve.shares[-1] == 1
    assert curve.values[-1] == pytest.approx((truth == calls).mean())
    assert curve.values[:40].mean() > curve.values[-1]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.sampled_from([0.1, 0.48, 0.7, 1.0]))
def test_no_case_that_was_left_is_as_sure_as_one_that_was_kept(confidence: list[int], share: float) -> None:
    kept = set(surest(confidence, share).tolist())
    left = [c for k, c in enumerate(confidence) if k not in kept]
    lowest = min(confidence[k] for k in kept)
    assert len(kept) >= share * len(confidence) - 1e-9
    assert all(c < lowest for c in left)
    assert len([k for k in kept if confidence[k] > lowest]) < share * len(confidence)


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(12)))
def test_the_order_of_cases_decides_nothing(order: list[int]) -> None:
    confidence = np.array([3, 1, 2, 2, 2, 5, 4, 4, 1, 0, 6, 3])
    kept = {order[k] for k in surest(confidence[order]).tolist()}
    assert kept == set(surest(confidence).tolist())


def test_a_confidence_that_tells_right_from_wrong_is_shown_to_help() -> None:
    truth, calls, confidence = _study(2, helps=True)

    def macro_f1(index: np.ndarray) -> float:
        return float(multiclass.macro_f1(confusion(truth[index], calls[index], 3)))

    gain = retention_gain(confidence, macro_f1, range(200), np.random.default_rng(1), draws=300)
    assert (gain.kept, gain.total) == (140, 200)
    assert gain.difference.value == pytest.approx(gain.surest.value - gain.everyone.value)
    assert gain.helps
    assert gain.difference.includes(0) is False


def test_a_confidence_that_says_nothing_is_not_shown_to_help() -> None:
    truth, calls, confidence = _study(3, helps=False)
    is_right = truth == calls
    gain = retention_gain(
        confidence, lambda index: float(is_right[index].mean()), range(200), np.random.default_rng(1), draws=300
    )
    assert not gain.helps
    assert gain.difference.includes(0)


def test_patients_are_drawn_whole() -> None:
    truth, calls, confidence = _study(4, helps=True, n=60)
    is_right = truth == calls
    one = retention_gain(
        confidence, lambda i: float(is_right[i].mean()), ["p"] * 60, np.random.default_rng(1), draws=20
    )
    assert np.isnan(one.difference.low)
    assert not one.helps
    assert "fewer than two patients" in one.difference.note
    assert one.difference.includes(0) is None


def test_shares_and_confidences_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="no share"):
        surest([0.1, 0.2], 0.0)
    with pytest.raises(ValueError, match="confidences"):
        surest([])


def test_ordinal_confidence_is_cut_inside_a_step_by_parts() -> None:
    """Six of ten would be kept: two of the surest and four parts of the five that share the next step."""
    weights = kept_weights([5, 5, 4, 4, 4, 4, 4, 2, 2, 1], 0.6)
    assert weights.tolist() == pytest.approx([1, 1, 0.8, 0.8, 0.8, 0.8, 0.8, 0, 0, 0])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=30), st.sampled_from([0.1, 0.48, 0.7, 1.0]))
def test_parts_add_up_to_the_share_and_none_falls_below_a_less_sure_one(confidence: list[int], share: float) -> None:
    weights = kept_weights(confidence, share)
    assert weights.sum() == pytest.approx(share * len(confidence))
    assert ((weights >= -1e-12) & (weights <= 1 + 1e-12)).all()
    order = np.argsort(confidence, kind="stable")
    assert (np.diff(weights[order]) >= 0).all()
    if len(set(confidence)) == len(confidence):
        assert set(np.flatnonzero(weights > 1e-9)) == set(surest(confidence, share))


def test_parts_give_the_mean_over_all_ways_to_break_ties() -> None:
    rng = np.random.default_rng(2)
    confidence, right = rng.integers(1, 4, 20), rng.random(20) < 0.6
    weights = kept_weights(confidence, 0.7)
    drawn = []
    for _ in range(3000):
        order = np.lexsort((rng.random(20), -confidence))[:14]
        drawn.append(right[order].mean())
    assert np.average(right, weights=weights) == pytest.approx(np.mean(drawn), abs=0.005)
    table = multiclass.resampled_confusion(np.zeros(20, int), 1 - right, 2, np.arange(20), weights[None])
    assert float(multiclass.accuracy(table)[0]) == pytest.approx(np.average(right, weights=weights))
