"""Exact limits of a proportion, of one side and of two, against scipy and closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from overread.stats.proportions import (
    WILSON,
    binomial_test,
    clopper_pearson,
    exact_lower,
    exact_upper,
    proportion,
    wilson,
)

pytestmark = pytest.mark.light

shares = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(deadline=None, max_examples=40)
@given(shares)
def test_exact_limits_are_those_of_scipy(share: tuple[int, int]) -> None:
    for side, limits in (
        ("two-sided", clopper_pearson(*share)),
        ("greater", (exact_lower(*share), 1.0)),
        ("less", (0.0, exact_upper(*share))),
    ):
        expected = binomtest(*share, alternative=side).proportion_ci(0.95, method="exact")  # type: ignore[arg-type]
        assert limits == pytest.approx((expected.low, expected.high), abs=1e-9)  # scipy searches for its root


@given(shares)
def test_the_limits_lie_around_the_share_and_turn_with_it(share: tuple[int, int]) -> None:
    hits, total = share
    estimate = proportion(hits, total)
    assert estimate.low <= estimate.value <= estimate.high
    low, high = clopper_pearson(total - hits, total)
    assert estimate.interval == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_none_of_n_has_the_upper_limit_of_its_closed_form() -> None:
    assert exact_upper(0, 60) == pytest.approx(1 - 0.05 ** (1 / 60), abs=1e-12)
    assert exact_lower(60, 60) == pytest.approx(0.05 ** (1 / 60), abs=1e-12)


def test_a_one_sided_limit_is_an_end_of_a_wider_two_sided_interval() -> None:
    assert (exact_lower(77, 110, 0.975), exact_upper(77, 110, 0.975)) == clopper_pearson(77, 110)


def test_of_nothing_the_share_is_unknown() -> None:
    estimate = proportion(0, 0)
    assert math.isnan(estimate.value)
    assert estimate.interval == (0, 1)
    assert estimate.note


def test_101_of_103_prints_the_same_interval_as_102_of_104() -> None:
    # SEEDS section 5, row 1: both counts fit the printed 93.2-99.8
    for share in ((101, 103), (102, 104)):
        assert [round(100 * v, 1) for v in clopper_pearson(*share)] == [93.2, 99.8]


def test_66_of_77_prints_the_sensitivity_that_the_misprint_hides() -> None:
    # SEEDS section 5, row 3: 85.7 (75.9-92.7); to one digit more the upper limit is 92.65
    assert round(100 * 66 / 77, 1) == 85.7
    low, high = clopper_pearson(66, 77)
    assert round(100 * low, 1) == 75.9
    assert 100 * high == pytest.approx(92.7, abs=0.06)


def test_more_hits_than_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        exact_upper(5, 4)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 300), st.floats(0, 1))
def test_wilsons_limits_are_the_shares_whose_score_test_just_fails(total: int, share: float) -> None:
    hits = round(share * total)
    low, high = wilson(hits, total)
    assert 0 <= low <= hits / total <= high <= 1
    for limit in (low, high):
        if 0 < limit < 1:
            z = (hits / total - limit) / math.sqrt(limit * (1 - limit) / total)
            assert abs(z) == pytest.approx(1.959964, rel=1e-5)


def test_wilson_is_named_and_mirrored() -> None:
    estimate = proportion(3, 10, interval="wilson")
    assert estimate.method == WILSON
    assert wilson(7, 10) == pytest.approx((1 - estimate.high, 1 - estimate.low))
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_binomial_test_adds_what_is_no_likelier() -> None:
    assert binomial_test(1, 5) == pytest.approx(12 / 32)
    assert binomial_test(0, 0) == 1
