"""McNemar's test against statsmodels, against printed mid-p values, and against the sum of the binomial."""

from __future__ import annotations

import math
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.stats.mcnemar import mcnemar, mcnemar_chi_square

pytestmark = pytest.mark.light


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [
        # statsmodels 0.15.0: mcnemar(table, exact=True, correction=False)
        (12, 5, 0.143463134765625),
        (6, 16, 0.052478790283203125),
        (0, 0, 1.0),
        (1, 0, 1.0),
        (25, 10, 0.016673847800120715),
        (15, 15, 1.0),
    ],
)
def test_the_exact_p_is_that_of_statsmodels(only_first: int, only_second: int, p: float) -> None:
    assert mcnemar(only_first, only_second).exact_p == pytest.approx(p, abs=1e-12)
    assert mcnemar(only_second, only_first).exact_p == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize(
    ("only_first", "only_second", "exact", "mid"), [(1, 7, 0.0703, 0.0391), (6, 16, 0.0525, 0.0347)]
)
def test_mid_p_is_the_printed_one(only_first: int, only_second: int, exact: float, mid: float) -> None:
    # Fagerland, Lydersen and Laake 2013, tables 1 and 2 (airway reactivity; complete response)
    test = mcnemar(only_first, only_second)
    assert (round(test.exact_p, 4), round(test.mid_p, 4)) == (exact, mid)


@given(st.integers(0, 60), st.integers(0, 60))
def test_both_p_are_sums_of_the_binomial(b: int, c: int) -> None:
    total, fewer = b + c, min(b, c)
    at = Fraction(comb(total, fewer), 2**total)
    tail = sum(Fraction(comb(total, k), 2**total) for k in range(fewer + 1))
    test = mcnemar(b, c)
    if b == c:
        assert test.exact_p == 1
        assert test.mid_p == pytest.approx(1.0 if total == 0 else float(1 - at / 2), abs=1e-10)
    else:
        assert test.exact_p == pytest.approx(float(min(Fraction(1), 2 * tail)), abs=1e-10)
        assert test.mid_p == pytest.approx(float(min(Fraction(1), 2 * tail) - at), abs=1e-10)


def test_thousands_of_slices_are_no_trouble() -> None:
    assert mcnemar(9000, 9300).exact_p == pytest.approx(0.0271, abs=2e-3)  # normal: (|d| - 1) / sqrt(n), 2 sided


def test_counts_below_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no counts"):
        mcnemar(-1, 2)


def test_mcnemars_chi_square_by_hand() -> None:
    assert mcnemar_chi_square(16, 6).statistic == pytest.approx(100 / 22)
    assert mcnemar_chi_square(16, 6, corrected=True).statistic == pytest.approx(81 / 22)
    assert mcnemar_chi_square(6, 16).p == mcnemar_chi_square(16, 6).p


def test_a_correction_makes_no_difference_of_none_unless_statsmodels_is_asked() -> None:
    assert mcnemar_chi_square(15, 15, corrected=True).p == 1
    assert mcnemar_chi_square(15, 15, True, "statsmodels").statistic == pytest.approx(1 / 30)
    assert math.isnan(mcnemar_chi_square(0, 0, corrected=True).p)
    assert mcnemar_chi_square(0, 0, True, "statsmodels").p == 0
