"""Reading times."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.core.errors import InputError
from overread.core.reader_data import ReaderData
from overread.stats.times import bland_altman, mixed_times, paired_times, times_between

pytestmark = pytest.mark.light


def _study(
    seed: int, readers: int = 5, cases: int = 30, sd: tuple[float, float, float] = (0.2, 0.3, 0.4)
) -> tuple[np.ndarray, np.ndarray]:
    """Times of which the second condition's are 0.8 of the first's, give or take by reader, by case and by chance."""
    rng = np.random.default_rng(seed)
    first = np.exp(4 + 0.3 * rng.normal(size=(readers, 1)) + 0.4 * rng.normal(size=(readers, cases)))
    change = sd[0] * rng.normal(size=(readers, 1)) + sd[1] * rng.normal(size=(1, cases))
    return first, first * 0.8 * np.exp(change + sd[2] * rng.normal(size=(readers, cases)))


def test_a_ratio_and_a_difference_by_hand() -> None:
    result = paired_times([10, 20, 40], [5, 10, 40])
    assert result.difference.value == pytest.approx(-5)
    assert result.ratio.value == pytest.approx(0.25 ** (1 / 3))
    assert (result.pairs, result.df) == (3, 2)
    assert result.ratio.low < result.ratio.value < result.ratio.high


def test_kims_reader_takes_more_than_five_times_as_long_as_the_system() -> None:
    assert paired_times([3.4, 3.4], [18.0, 18.0]).ratio.value == pytest.approx(5.3, abs=0.01)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.1, 100))
def test_swapping_conditions_inverts_the_ratio_and_seconds_may_be_minutes(seed: int, unit: float) -> None:
    first, second = _study(seed, 4, 8)
    usual, swapped, scaled = (
        mixed_times(*pair) for pair in ((first, second), (second, first), (first * unit, second * unit))
    )
    assert swapped.ratio.value == pytest.approx(1 / usual.ratio.value)
    assert swapped.ratio.low == pytest.approx(1 / usual.ratio.high)
    assert swapped.p == pytest.approx(usual.p)
    assert scaled.p == pytest.approx(usual.p)
    assert scaled.ratio.value == pytest.approx(usual.ratio.value)
    order = np.random.default_rng(seed).permutation(8)
    assert mixed_times(first[::-1, order], second[::-1, order]).ratio.high == pytest.approx(usual.ratio.high)


def test_a_reader_without_an_effect_of_his_own_leaves_the_cases_spread() -> None:
    first, second = _study(3, 4, 40, sd=(0.0, 0.5, 0.01))
    result = mixed_times(first, second)
    of_cases = np.log(second / first).mean(axis=0)
    assert result.se == pytest.approx(of_cases.std(ddof=1) / math.sqrt(40), rel=0.1)
    assert result.df == pytest.approx(39, rel=0.2)


def test_the_interval_holds_the_true_ratio_about_as_often_as_it_says() -> None:
    held = []
    for seed in range(300):
        ratio = mixed_times(*_study(seed, 5, 20)).ratio
        held.append(ratio.low <= 0.8 <= ratio.high)
    assert 0.92 <= np.mean(held) <= 0.985


def test_a_reading_not_timed_costs_itself_and_no_other() -> None:
    first, second = _study(5, 3, 10)
    holes = first.copy()
    holes[1, 4] = np.nan
    result = mixed_times(holes, second)
    assert (result.pairs, result.not_timed, result.cases) == (29, 1, 10)
    assert "restricted maximum likelihood" in result.ratio.method
    assert result.of_readers[1] == pytest.approx(
        mixed_times(*(np.delete(t, 4, axis=1) for t in (first, second))).of_readers[1]
    )
    assert result.ratio.value == pytest.approx(mixed_times(first, second).ratio.value, rel=0.05)


def test_one_reader_is_compared_by_pairs_and_said_to_stand_alone() -> None:
    first, second = _study(5, 1, 10)
    result, pairs = mixed_times(first, second), paired_times(first[0], second[0])
    assert (result.p, result.ratio.low) == (pairs.p, pairs.ratio.low)
    assert "one reader" in result.ratio.note


def test_times_of_a_study_are_those_of_its_conditions() -> None:
    first, second = _study(2, 3, 6)
    data = ReaderData(
        "roc",
        ("aided", "unaided"),
        ("a", "b", "c"),
        tuple("123456"),
        np.arange(6) < 3,
        np.zeros((2, 3, 6)),
        seconds=np.stack([second, first]),
    )
    assert times_between(data, 1, 0).ratio == mixed_times(first, second).ratio


def test_times_that_were_not_taken_or_are_none_are_refused() -> None:
    data = ReaderData("roc", ("a",), ("r",), ("1",), np.array([True]), np.zeros((1, 1, 1)))
    with pytest.raises(InputError, match="none were taken"):
        times_between(data, 0, 0)
    with pytest.raises(InputError, match="above 0"):
        paired_times([1.0, 0.0], [1.0, 2.0])


def test_limits_of_agreement_by_hand() -> None:
    result = bland_altman([10, 20, 30, 40], [12, 19, 33, 40])
    differences = np.array([2, -1, 3, 0])
    assert result.bias.value == pytest.approx(1)
    assert result.upper.value == pytest.approx(1 + 1.959964 * differences.std(ddof=1), rel=1e-6)
    assert result.lower.value + result.upper.value == pytest.approx(2)
    assert result.lower.low < result.lower.value < result.bias.low < result.bias.high < result.upper.high
    assert result.means.tolist() == [11, 19.5, 31.5, 40]


def test_limits_of_ratios_are_those_of_logarithms() -> None:
    first, second = _study(1, 1, 50)
    ratios, logs = bland_altman(first, second, is_ratio=True), bland_altman(np.log(first), np.log(second))
    assert ratios.bias.value == pytest.approx(math.exp(logs.bias.value))
    assert ratios.upper.high == pytest.approx(math.exp(logs.upper.high))
    assert ratios.differences == pytest.approx(second[0] / first[0])


def test_one_pair_has_no_limits() -> None:
    assert math.isnan(bland_altman([1.0], [2.0]).upper.value)
    assert math.isnan(paired_times([1.0], [2.0]).p)
