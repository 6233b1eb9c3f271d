"""Likelihood ratios against the rows that Zhen prints, against epiR, and on the edge."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.likelihood_ratios import TwoByTwo, limit_likelihood_ratios, log_likelihood_ratios

pytestmark = pytest.mark.light


@pytest.mark.parametrize(
    ("hits", "diseased", "rejected", "healthy", "positive", "negative"),
    [
        # SEEDS section 3.4, any-slice rule; counts from its section 5. HZFPH t2-dwi by row 3: 66 of 77, not 89.7 %.
        pytest.param(99, 104, 75, 110, (2.99, 2.15, 4.23), (0.07, 0.02, 0.19), id="SRRSH t2"),
        pytest.param(102, 104, 77, 110, (3.27, 2.36, 4.61), (0.03, 0.00, 0.11), id="SRRSH t2-dwi"),
        pytest.param(63, 77, 63, 90, (2.73, 1.76, 4.31), (0.26, 0.13, 0.48), id="HZFPH t2"),
        pytest.param(66, 77, 66, 90, (3.21, 2.05, 5.18), (0.19, 0.09, 0.38), id="HZFPH t2-dwi"),
        pytest.param(28, 32, 29, 40, (3.18, 1.62, 6.61), (0.17, 0.04, 0.52), id="TDH t2"),
        pytest.param(28, 32, 30, 40, (3.50, 1.72, 7.60), (0.17, 0.04, 0.49), id="TDH t2-dwi"),
    ],
)
def test_ratios_of_limits_are_those_that_zhen_prints(
    hits: int, diseased: int, rejected: int, healthy: int, positive: tuple[float, ...], negative: tuple[float, ...]
) -> None:
    table = TwoByTwo.of_shares(hits, diseased, rejected, healthy)
    ratios = limit_likelihood_ratios(table)
    for ratio, printed in ((ratios.positive, positive), (ratios.negative, negative)):
        assert tuple(round(v, 2) for v in (ratio.value, *ratio.interval)) == printed
        assert "no confidence interval" in ratio.note


def test_the_printed_89_7_does_not_give_the_printed_ratios_of_its_row() -> None:
    # SEEDS section 5, row 3: 69 of 77 is 89.6 %, and its ratio is 3.36, where 3.21 is printed.
    ratio = limit_likelihood_ratios(TwoByTwo.of_shares(69, 77, 66, 90)).positive
    assert round(ratio.value, 2) != 3.21


def test_the_log_method_gives_a_narrower_interval_than_the_ratio_of_limits() -> None:
    # REFERENCE trap 17: 2.45-4.35 and 0.007-0.110 by epiR for the same counts
    ratios = log_likelihood_ratios(TwoByTwo.of_shares(101, 103, 77, 110))
    assert [round(v, 2) for v in ratios.positive.interval] == [2.45, 4.35]
    assert [round(v, 3) for v in ratios.negative.interval] == [0.007, 0.110]
    assert ratios.positive.note == ""


def test_without_false_positives_the_ratio_is_infinite_and_has_no_log_interval() -> None:
    table = TwoByTwo(20, 5, 0, 40)
    by_log, by_limits = log_likelihood_ratios(table), limit_likelihood_ratios(table)
    assert by_log.positive.value == math.inf
    assert all(math.isnan(v) for v in by_log.positive.interval)
    assert "0" in by_log.positive.note
    assert by_limits.positive.high == math.inf
    assert 0 < by_limits.positive.low < math.inf
    assert by_log.negative.value == pytest.approx(0.2)
    assert not by_log.negative.note


def test_without_misses_the_negative_ratio_is_0_and_has_no_log_interval() -> None:
    table = TwoByTwo(30, 0, 12, 50)
    by_log, by_limits = log_likelihood_ratios(table).negative, limit_likelihood_ratios(table).negative
    assert by_log.value == 0
    assert all(math.isnan(v) for v in by_log.interval)
    assert by_limits.low == 0
    assert 0 < by_limits.high < 1


def test_a_class_without_cases_has_no_ratio() -> None:
    for table in (TwoByTwo(0, 0, 3, 4), TwoByTwo(3, 4, 0, 0)):
        ratios = log_likelihood_ratios(table)
        assert math.isnan(ratios.positive.value)
        assert math.isnan(ratios.negative.value)
        assert "class" in ratios.positive.note
    nothing_called = log_likelihood_ratios(TwoByTwo(0, 5, 0, 5))
    assert math.isnan(nothing_called.positive.value)
    assert nothing_called.negative.value == 1


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative count"):
        TwoByTwo.of_shares(5, 4, 1, 2)


counts = st.integers(0, 40)


@settings(deadline=None, max_examples=60)
@given(counts, counts, counts, counts)
def test_limits_lie_around_the_ratio(a: int, b: int, c: int, d: int) -> None:
    table = TwoByTwo(a, b, c, d)
    for ratios in (log_likelihood_ratios(table), limit_likelihood_ratios(table)):
        for ratio in (ratios.positive, ratios.negative):
            if not any(math.isnan(v) for v in (ratio.value, *ratio.interval)):
                assert ratio.low <= ratio.value * (1 + 1e-9)
                assert ratio.value <= ratio.high * (1 + 1e-9)


@pytest.mark.shared
def test_log_intervals_are_those_of_epir(shared_data: Path) -> None:
    stats = shared_data.parent / "stats"
    tables = json.loads((stats / "datasets" / "tables.json").read_text())["diagnostic_2x2_TP_FP_FN_TN"]
    entries = {e["name"]: e for e in json.loads((stats / "reference" / "tables_r.json").read_text())["entries"]}
    checked = 0
    for name, (tp, fp, fn, tn) in tables.items():
        ratios = log_likelihood_ratios(TwoByTwo(tp, fn, fp, tn))
        expected = entries[f"diagnostic_{name}_exact"]["result"]
        for ratio, key in ((ratios.positive, "lr.pos"), (ratios.negative, "lr.neg")):
            want = [expected[key][k] for k in ("est", "lower", "upper")]
            if None in want:
                assert math.isnan(ratio.high)  # where epiR has none, or half of one, there is none here
            else:
                assert [ratio.value, *ratio.interval] == pytest.approx(want, abs=1e-9)
                checked += 1
    assert checked == 8
