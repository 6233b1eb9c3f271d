"""Agreement of raters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.agreement import (
    Weights,
    cochran_q,
    cohen_kappa,
    fleiss_kappa,
    intraclass_correlations,
    pair_counts,
)
from overread.stats.mcnemar import mcnemar_chi_square

pytestmark = pytest.mark.light

square_tables = st.integers(2, 4).flatmap(
    lambda c: st.lists(st.lists(st.integers(0, 15), min_size=c, max_size=c), min_size=c, max_size=c)
)
kinds = st.sampled_from(["none", "linear", "quadratic"])


def test_kappa_by_hand() -> None:
    kappa = cohen_kappa([[20, 5], [10, 15]])
    assert kappa.value == pytest.approx((0.7 - 0.5) / 0.5)
    assert kappa.largest == pytest.approx((0.9 - 0.5) / 0.5)


@settings(deadline=None, max_examples=25)
@given(square_tables, kinds)
def test_kappa_does_not_ask_who_was_first_nor_which_way_classes_run(table: list[list[int]], kind: Weights) -> None:
    counts = np.array(table)
    if counts.sum() == 0:
        return
    kappa, swapped, turned = (cohen_kappa(c, kind) for c in (counts, counts.T, counts[::-1, ::-1]))
    for other in (swapped, turned):
        assert other.value == pytest.approx(kappa.value, nan_ok=True, abs=1e-9)
        assert other.error == pytest.approx(kappa.error, nan_ok=True, abs=1e-7)
    if not math.isnan(kappa.value):
        assert kappa.value <= 1 + 1e-12
        assert -1 <= kappa.low <= max(kappa.value, -1) <= kappa.high <= 1 or kappa.value < -1


@settings(deadline=None, max_examples=25)
@given(square_tables, kinds)
def test_full_agreement_is_one_without_error(table: list[list[int]], kind: Weights) -> None:
    diagonal = np.diag(np.diag(table) + 1)
    kappa = cohen_kappa(diagonal, kind)
    assert kappa.value == pytest.approx(1)
    assert kappa.error == pytest.approx(0, abs=1e-7)


def test_the_error_of_kappa_is_that_of_resampled_cases() -> None:
    counts = np.array([[44, 5, 1], [7, 20, 3], [9, 5, 6]])
    rng = np.random.default_rng(5)
    drawn = rng.multinomial(counts.sum(), counts.ravel() / counts.sum(), 1000).reshape(-1, 3, 3)
    kinds: tuple[Weights, ...] = ("none", "linear", "quadratic")
    for kind in kinds:
        spread = np.std([cohen_kappa(c, kind).value for c in drawn])
        assert cohen_kappa(counts, kind).error == pytest.approx(spread, rel=0.12)


def test_two_raters_who_know_one_class_have_no_kappa() -> None:
    assert math.isnan(cohen_kappa([[10, 0], [0, 0]]).value)


def test_pairs_of_classes_are_counted() -> None:
    assert pair_counts([0, 1, 1, 2], [0, 1, 2, 2], 3).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    with pytest.raises(ValueError, match="classes"):
        pair_counts([0, 3], [0, 1], 3)


def test_fleiss_of_two_raters_who_differ_wholly_is_minus_one() -> None:
    assert fleiss_kappa([[1, 1], [1, 1]]).value == pytest.approx(-1)
    assert fleiss_kappa([[2, 0], [0, 2]]).value == pytest.approx(1)


def test_the_error_of_fleiss_kappa_is_that_of_left_out_subjects() -> None:
    rng = np.random.default_rng(8)
    usual = rng.integers(0, 4, 200)
    ratings = np.where(rng.random((200, 5)) < 0.6, usual[:, None], rng.integers(0, 4, (200, 5)))
    counts = np.array([np.bincount(row, minlength=4) for row in ratings])
    left_out = np.array([fleiss_kappa(np.delete(counts, n, axis=0)).value for n in range(200)])
    jackknife = math.sqrt(199 / 200 * ((left_out - left_out.mean()) ** 2).sum())
    kappa = fleiss_kappa(counts)
    assert kappa.error == pytest.approx(jackknife, rel=0.02)
    assert kappa.low < kappa.value < kappa.high
    assert kappa.null_error == pytest.approx(
        np.std([fleiss_kappa(_shuffled(ratings, rng)).value for _ in range(150)]), rel=0.25
    )


def _shuffled(ratings: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.permutation(ratings.ravel()).reshape(ratings.shape)
    return np.array([np.bincount(row, minlength=4) for row in drawn])


def test_unequal_numbers_of_raters_are_refused() -> None:
    with pytest.raises(ValueError, match="same number of raters"):
        fleiss_kappa([[2, 0], [1, 0]])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_cochrans_q_of_two_raters_is_mcnemars_chi_square(answers: list[tuple[bool, bool]]) -> None:
    first = sum(a and not b for a, b in answers)
    second = sum(b and not a for a, b in answers)
    result, other = cochran_q(answers), mcnemar_chi_square(first, second)
    assert result.statistic == pytest.approx(other.statistic, nan_ok=True)
    assert result.p == pytest.approx(other.p, nan_ok=True)


def test_the_six_correlations_of_shrout_and_fleiss() -> None:
    """Their printed example: six targets, four judges."""
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    values = {form.name: form.value for form in intraclass_correlations(ratings)}
    printed = {"ICC1": 0.17, "ICC2": 0.29, "ICC3": 0.71, "ICC1k": 0.44, "ICC2k": 0.62, "ICC3k": 0.91}
    assert values.keys() == printed.keys()
    assert all(values[name] == pytest.approx(value, abs=0.006) for name, value in printed.items())


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(3, 12))
def test_correlations_lie_inside_their_intervals_and_shifting_all_changes_nothing(seed: int, k: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, k)) + rng.normal(size=(n, 1)) + rng.normal(size=(1, k))
    for form, other in zip(intraclass_correlations(values), intraclass_correlations(3 * values + 7), strict=True):
        assert form.low <= form.value <= form.high
        assert form.value <= 1
        assert other.value == pytest.approx(form.value, abs=1e-8)


def test_raters_who_agree_wholly_have_no_intraclass_correlation() -> None:
    with pytest.raises(ValueError, match="agree wholly"):
        intraclass_correlations([[1, 1], [2, 2], [3, 3]])
