"""U-statistics against sums over four cases and two readers written out, by hand, and under what must not matter."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from overread.core.reader_data import ReaderData
from overread.stats.delong import delong
from overread.stats.mrmc.ustat import difference_test, difference_variance, reader_pairs, ustat
from overread.stats.mrmc.ustat import ustat_tests as rows_of
from overread.stats.mrmc.ustat_sums import pair_sums

pytestmark = pytest.mark.light

RATINGS = st.one_of(st.sampled_from([-math.inf, 0.0, 1.0, 2.0, 3.0]), st.just(math.nan))


def study(ratings: np.ndarray, diseased: list[bool]) -> ReaderData:
    names = [tuple(f"{letter}{n}" for n in range(size)) for letter, size in zip("crk", ratings.shape, strict=True)]
    return ReaderData("roc", names[0], names[1], names[2], np.array(diseased), ratings)


def drawn(seed: int, shape: tuple[int, int, int], holes: float = 0.0, levels: int = 0) -> ReaderData:
    rng = np.random.default_rng(seed)
    diseased = np.arange(shape[2]) % 2 == 0
    ratings = rng.normal(size=shape) + diseased + rng.normal(size=shape[:2])[:, :, None] / 2
    if levels:
        ratings = np.round(ratings * levels / 4)
    ratings[rng.random(shape) < holes] = np.nan
    return study(ratings, list(diseased))


def scores(data: ReaderData) -> np.ndarray:
    """(i, j, k1, k2) success scores, NaN where either case was not read."""
    low = data.ratings[:, :, ~data.is_diseased][:, :, :, None]
    high = data.ratings[:, :, data.is_diseased][:, :, None, :]
    result = np.where(low < high, 1.0, np.where(low == high, 0.5, 0.0))
    return np.where(np.isnan(low) | np.isnan(high), np.nan, result)


def looped_moments(data: ReaderData, a: int, b: int) -> list[tuple[float, int]]:
    """Sum and number of terms of the eight moments: readers, healthy and diseased cases equal or different."""
    table = scores(data)
    _, readers, healthy, diseased = table.shape
    found = [[0.0, 0] for _ in range(8)]
    spots = list(itertools.product(range(readers), range(healthy), range(diseased)))
    for (r, k, m), (s, n, o) in itertools.product(spots, spots):
        term = table[a, r, k, m] * table[b, s, n, o]
        if not np.isnan(term):
            which = (k != n) + 2 * (m != o) + 4 * (r != s)
            found[which][0] += term
            found[which][1] += 1
    return [(total, count) for total, count in found]


@settings(max_examples=20, deadline=None)
@given(arrays(np.float64, (2, 2, 6), elements=RATINGS))
def test_moments_are_the_means_over_equal_and_different_cases_and_readers(ratings: np.ndarray) -> None:
    data = study(ratings, [False, True, False, True, True, False])
    moments = ustat(data).of(0, 1)
    terms = looped_moments(data, 0, 1)
    for ours, (total, count) in zip(moments.unbiased, terms, strict=True):
        assert ours == pytest.approx(total / count if count else 0.0, abs=1e-12)
    everything = sum(count for _, count in terms)
    if everything:
        shares = [count / everything for _, count in terms]
        shares[7] -= 1
        np.testing.assert_allclose(moments.weights, shares, atol=1e-12)


@pytest.mark.parametrize("levels", [0, 4])
@pytest.mark.parametrize("holes", [0.0, 0.3])
def test_sums_by_sorting_are_those_over_all_pairs(levels: int, holes: float) -> None:
    data = drawn(3, (2, 3, 61), holes, levels)
    table = np.nan_to_num(scores(data)).reshape(6, -1)
    sums = pair_sums(data)
    np.testing.assert_allclose(sums.products[0].reshape(6, 6), table @ table.T, atol=1e-9)
    np.testing.assert_allclose(sums.totals.ravel(), table.sum(axis=1), atol=1e-9)
    reads = (~np.isnan(scores(data))).reshape(6, -1).astype(float)
    np.testing.assert_allclose(sums.counts[0].reshape(6, 6), reads @ reads.T)


def test_four_cases_by_hand() -> None:
    # healthy 1, 3; diseased 2, 4: wins 1, 1, 0, 1, so the area is 3/4; of products over different cases
    # 1*1 + 1*0 + 0*1 + 1*1 = 2 over 4, which is also 9/16 less the variance 1/16
    data = study(np.array([[[1.0, 3.0, 2.0, 4.0]]]), [False, False, True, True])
    (pair,) = reader_pairs(ustat(data))
    assert pair.areas[0] == 0.75
    assert pair.covariance == pytest.approx(9 / 16 - 2 / 4)


def test_variance_of_one_reader_is_close_to_delongs_and_no_larger_on_many_cases() -> None:
    data = drawn(5, (1, 1, 400))
    (pair,) = reader_pairs(ustat(data))
    areas = delong(data.ratings[0, :, data.is_diseased].T, data.ratings[0, :, ~data.is_diseased].T)
    assert pair.areas[0] == pytest.approx(areas.values[0], abs=1e-12)
    assert pair.covariance == pytest.approx(areas.covariance[0, 0], rel=0.01)
    assert pair.covariance <= areas.covariance[0, 0]


def test_unbiased_variance_of_the_mean_over_readers_is_right_on_average() -> None:
    rng = np.random.default_rng(20)
    diseased = np.arange(16) % 2 == 0
    areas, variances = [], []
    for _ in range(120):
        skill = rng.normal(1, 0.5, size=(1, 3, 1)) * diseased
        data = study(skill + rng.normal(size=16) + rng.normal(size=(1, 3, 16)), list(diseased))
        moments = ustat(data).of(0, 0)
        areas.append(moments.areas[0])
        variances.append(moments.covariance())
    error = np.var(areas) * math.sqrt(2 / 120) + np.std(variances) / math.sqrt(120)
    assert abs(np.mean(variances) - np.var(areas, ddof=1)) < 3 * error


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.2]))
def test_orders_and_monotone_scales_do_not_matter(seed: int, holes: float) -> None:
    data = drawn(seed, (2, 3, 20), holes, levels=4)
    rng = np.random.default_rng(seed)
    readers, cases = rng.permutation(3), rng.permutation(20)
    other = study(np.exp(data.ratings)[:, readers][:, :, cases], list(data.is_diseased[cases]))
    first, second = difference_test(ustat(data), 0, 1), difference_test(ustat(other), 0, 1)
    assert second.value == pytest.approx(first.value, abs=1e-12, nan_ok=True)
    assert second.variance == pytest.approx(first.variance, abs=1e-12, nan_ok=True)
    assert second.p == pytest.approx(first.p, abs=1e-9, nan_ok=True)


def test_conditions_the_other_way_round_turn_the_sign_alone() -> None:
    both = ustat(drawn(8, (2, 4, 40)))
    forth, back = difference_test(both, 0, 1), difference_test(both, 1, 0)
    assert (back.value, back.variance, back.p) == pytest.approx((-forth.value, forth.variance, forth.p))
    assert back.interval == pytest.approx((-forth.interval[1], -forth.interval[0]))


def test_readers_of_other_cases_under_each_condition_have_independent_areas() -> None:
    data = drawn(9, (2, 3, 40))
    ratings = data.ratings.copy()
    ratings[0, :, :20] = np.nan
    ratings[1, :, 20:] = np.nan
    apart = ustat(study(ratings, list(data.is_diseased)))
    pairs = [pair for pair in reader_pairs(apart) if pair.first != pair.second]
    assert [(pair.healthy, pair.diseased, pair.covariance) for pair in pairs] == [(0, 0, 0.0)] * 3


def test_a_variance_below_zero_gives_no_test_and_says_so() -> None:
    for seed in range(200):
        data = drawn(seed, (2, 3, 12), holes=0.3)
        if difference_variance(ustat(data), 0, 1) < 0:
            break
    row = next(row for row in rows_of(data) if row.contrast == "c0 - c1")
    assert row.components["variance"] < 0
    assert all(math.isnan(value) for value in (row.se, row.statistic, row.p, *row.ci))
    assert row.df == ()
    assert "below 0" in row.note
    assert row.as_entry()["p"] is None


def test_whole_degrees_of_imrmc_and_its_normal_above_fifty() -> None:
    rng = np.random.default_rng(1)
    diseased = np.arange(200) % 2 == 0
    alike = rng.normal(size=(2, 1, 200)) + rng.normal(size=(2, 5, 200)) / 10 + diseased
    few, many = ustat(drawn(2, (2, 4, 40))), ustat(study(alike, list(diseased)))
    own, theirs = difference_test(few, 0, 1), difference_test(few, 0, 1, convention="imrmc")
    assert own.degrees == theirs.degrees != math.floor(own.degrees)
    assert own.p < theirs.p
    wide = difference_test(many, 0, 1, convention="imrmc")
    assert wide.degrees > 50
    assert wide.p == wide.p_normal < difference_test(many, 0, 1).p


def test_rows_hold_each_condition_each_difference_and_each_reader() -> None:
    rows = rows_of(drawn(4, (2, 3, 30)))
    assert [row.contrast for row in rows] == [
        "c0 against 0.5",
        "c1 against 0.5",
        "c0 - c1",
        *(f"c0 - c1 | r{j}" for j in range(3)),
    ]
    assert {row.generalises_to for row in rows[:3]} == {"rrrc"}
    assert {row.generalises_to for row in rows[3:]} == {"frrc"}
    assert all(row.ci[0] < row.difference < row.ci[1] for row in rows)


def test_one_reader_stands_for_no_others() -> None:
    rows = rows_of(drawn(6, (2, 1, 40)))
    assert [math.isnan(row.p) for row in rows] == [True, True, True, False]
    assert all("one reader" in row.note for row in rows[:3])


@pytest.mark.parametrize("class_of_all", [True, False])
def test_cases_of_one_class_give_no_number_and_no_error(class_of_all: bool) -> None:
    rows = rows_of(study(np.ones((2, 2, 3)), [class_of_all] * 3))
    assert all(math.isnan(row.p) and row.note for row in rows)
