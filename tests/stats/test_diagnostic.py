"""A yes-or-no test by its counts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.diagnostic import diagnostic, odds_ratio
from overread.stats.likelihood_ratios import TwoByTwo, log_likelihood_ratios

pytestmark = pytest.mark.light

counts = st.integers(0, 60)


def test_figures_by_hand() -> None:
    d = diagnostic(TwoByTwo(true_positive=45, false_negative=5, false_positive=9, true_negative=41))
    assert (d.sensitivity.value, d.specificity.value) == (0.9, 0.82)
    assert d.positive_value.value == pytest.approx(45 / 54)
    assert d.negative_value.value == pytest.approx(41 / 46)
    assert d.accuracy.value == pytest.approx(0.86)
    assert (d.prevalence.value, d.called.value) == (0.5, 0.54)
    assert d.odds_ratio.value == pytest.approx(45 * 41 / (9 * 5))
    assert d.youden.value == pytest.approx(0.72)
    assert d.needed.value == pytest.approx(1 / 0.72)
    assert d.f1 == pytest.approx(90 / 104)


@settings(deadline=None, max_examples=25)
@given(counts, counts, counts, counts, st.sampled_from(["exact", "wilson"]))
def test_shares_lie_in_their_intervals_and_those_in_0_to_1(tp: int, fn: int, fp: int, tn: int, kind: str) -> None:
    d = diagnostic(TwoByTwo(tp, fn, fp, tn), interval="exact" if kind == "exact" else "wilson")
    for share in (d.sensitivity, d.specificity, d.positive_value, d.negative_value, d.accuracy, d.prevalence, d.called):
        assert 0 <= share.low <= share.high <= 1
        if not math.isnan(share.value):
            assert share.low - 1e-12 <= share.value <= share.high + 1e-12
    if not math.isnan(d.youden.value):
        assert d.youden.low <= d.youden.value + 1e-12


def test_the_odds_ratio_is_the_ratio_of_likelihood_ratios() -> None:
    table = TwoByTwo(30, 10, 5, 45)
    ratios = log_likelihood_ratios(table)
    assert odds_ratio(table).value == pytest.approx(ratios.positive.value / ratios.negative.value)


def test_an_empty_cell_leaves_no_interval() -> None:
    assert odds_ratio(TwoByTwo(20, 5, 0, 40)).value == math.inf
    assert math.isnan(odds_ratio(TwoByTwo(20, 5, 0, 40)).low)
    assert odds_ratio(TwoByTwo(0, 5, 3, 40)).value == 0
    assert math.isnan(odds_ratio(TwoByTwo(0, 5, 0, 40)).value)


def test_a_ratio_of_nothing_has_no_limit_unless_epir_is_asked() -> None:
    table = TwoByTwo(true_positive=30, false_negative=0, false_positive=12, true_negative=50)
    own = log_likelihood_ratios(table).negative
    theirs = log_likelihood_ratios(table, convention="epir").negative
    assert (own.value, theirs.value, theirs.low) == (0, 0, 0)
    assert math.isnan(own.low)
    assert math.isnan(theirs.high)


def test_a_test_no_better_than_chance_needs_endless_patients() -> None:
    d = diagnostic(TwoByTwo(5, 5, 5, 5))
    assert d.needed.value == math.inf
    assert d.needed.note
