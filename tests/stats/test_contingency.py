"""Tables of counts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats import contingency
from overread.stats.contingency import chi_square, fisher, fisher_larger, g_test

pytestmark = pytest.mark.light

tables2x2 = st.lists(st.lists(st.integers(0, 12), min_size=2, max_size=2), min_size=2, max_size=2)


def test_chi_square_by_hand() -> None:
    result = chi_square([[10, 20], [20, 10]])
    assert result.statistic == pytest.approx(4 * 25 / 15)
    assert result.df == 1
    assert result.expected.tolist() == [[15, 15], [15, 15]]
    assert chi_square([[10, 20], [20, 10]], corrected=True).statistic == pytest.approx(4 * 4.5**2 / 15)


def test_g_is_twice_the_log_likelihood_ratio() -> None:
    table = np.array([[10, 20], [20, 10]])
    assert g_test(table).statistic == pytest.approx(2 * (table * np.log(table / 15)).sum())


def test_tea_is_told_from_milk_with_one_in_seventy() -> None:
    assert fisher([[4, 0], [0, 4]], "greater").p == pytest.approx(1 / 70)
    assert fisher([[4, 0], [0, 4]]).p == pytest.approx(2 / 70)


@settings(deadline=None, max_examples=25)
@given(tables2x2)
def test_the_test_of_larger_tables_is_fishers_for_two_by_two(table: list[list[int]]) -> None:
    counts = np.array(table)
    if counts.sum(axis=0).all() and counts.sum(axis=1).all():
        assert fisher_larger(counts) == pytest.approx(fisher(counts).p, rel=1e-6)


def _by_hand(table: np.ndarray) -> float:
    """All tables of 2 by 3 with these margins, one by one."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)

    def chance(first: tuple[int, ...]) -> float:
        ways = math.prod(math.comb(int(c), a) for c, a in zip(columns, first, strict=True))
        return ways / math.comb(int(table.sum()), int(rows[0]))

    firsts = [f for f in itertools.product(*(range(c + 1) for c in columns)) if sum(f) == rows[0]]
    seen = chance(tuple(table[0]))
    return sum(c for c in map(chance, firsts) if c <= seen * (1 + 1e-7))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=2, max_size=2))
def test_a_larger_exact_test_adds_the_tables_that_are_no_likelier(table: list[list[int]]) -> None:
    counts = np.array(table)
    expected = _by_hand(counts)
    assert fisher_larger(counts) == pytest.approx(expected, rel=1e-9)
    assert fisher_larger(counts.T) == pytest.approx(expected, rel=1e-9)
    assert fisher_larger(counts[::-1, ::-1]) == pytest.approx(expected, rel=1e-9)


def test_too_many_tables_are_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contingency, "MOST_TABLES", 100)
    assert math.isnan(fisher_larger([[20, 15, 30], [25, 20, 10], [9, 9, 9]]))


@settings(deadline=None, max_examples=25)
@given(tables2x2)
def test_the_interval_holds_the_conditional_odds_ratio(table: list[list[int]]) -> None:
    counts = np.array(table)
    if counts.sum(axis=0).all() and counts.sum(axis=1).all():
        result = fisher(counts)
        assert 0 <= result.low <= result.conditional <= result.high
        assert 0 < result.p <= 1
        turned = fisher(counts[::-1])
        assert turned.p == pytest.approx(result.p, rel=1e-9)
        if 0 < result.conditional < math.inf:
            assert turned.conditional == pytest.approx(1 / result.conditional, rel=1e-6)


def test_an_empty_column_leaves_the_odds_ratio_open() -> None:
    result = fisher([[3, 0], [5, 0]])
    assert (result.p, result.low, result.high) == (1.0, 0.0, math.inf)
    assert math.isnan(result.conditional)


def test_what_is_no_table_of_counts_is_refused() -> None:
    tables: tuple[list[list[float]], ...] = ([[1, 2]], [[1, -1], [2, 3]], [[0.5, 1], [2, 3]])
    for table in tables:
        with pytest.raises(ValueError, match="no table of counts"):
            chi_square(table)
    with pytest.raises(ValueError, match="take fisher_larger"):
        fisher([[1, 2, 3], [3, 4, 5]])
