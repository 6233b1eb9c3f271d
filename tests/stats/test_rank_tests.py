"""Tests by ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.merit.roc import roc_auc
from overread.stats.rank_tests import kruskal_wallis, mann_whitney, signed_rank

pytestmark = pytest.mark.light

groups = st.lists(st.integers(0, 8), min_size=1, max_size=15)


@settings(deadline=None, max_examples=25)
@given(groups, groups)
def test_u_over_all_pairs_is_the_area_under_the_roc_curve(diseased: list[int], healthy: list[int]) -> None:
    u = mann_whitney(diseased, healthy).statistic
    assert u / (len(diseased) * len(healthy)) == pytest.approx(roc_auc(diseased, healthy))


@settings(deadline=None, max_examples=25)
@given(groups, groups)
def test_two_groups_by_kruskal_and_wallis_are_mann_and_whitney_without_correction(a: list[int], b: list[int]) -> None:
    several, two = kruskal_wallis([a, b]), mann_whitney(a, b, corrected=False)
    assert several.p == pytest.approx(two.p, nan_ok=True, abs=1e-6)
    assert mann_whitney(b, a, corrected=False).p == pytest.approx(two.p, nan_ok=True)


def test_three_below_three_are_exactly_one_in_ten() -> None:
    assert mann_whitney([1, 2, 3], [4, 5, 6], exact=True).p == pytest.approx(0.1)


def test_all_signs_alike_of_five_are_one_in_sixteen() -> None:
    result = signed_rank([1, 2, 3, 4, 5], [2, 4, 6, 8, 10], exact=True)
    assert result.statistic == 0
    assert result.p == pytest.approx(1 / 16)


def test_where_nothing_differs_there_is_no_p() -> None:
    for result in (
        signed_rank([1, 2], [1, 2]),
        mann_whitney([3, 3], [3]),
        mann_whitney([], [3]),
        kruskal_wallis([[2, 2], [2]]),
        kruskal_wallis([[1, 2], []]),
    ):
        assert math.isnan(result.p)
        assert result.note


def test_ranks_do_not_ask_for_the_scale() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=20), rng.normal(size=25) + 0.4
    assert mann_whitney(np.exp(a), np.exp(b)).p == pytest.approx(mann_whitney(a, b).p)


def test_pairs_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        signed_rank([1, 2, 3], [1, 2])
