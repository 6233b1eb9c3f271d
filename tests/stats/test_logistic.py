"""Logistic regression against scikit-learn, against two-by-two tables, and where there is no fit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.logistic import logistic_regression

pytestmark = pytest.mark.light


def _patients(seed: int, n: int = 309) -> tuple[np.ndarray, np.ndarray]:
    """Sex, age, diameter and AFP with its five orders of magnitude, and an outcome that hangs on two of them."""
    rng = np.random.default_rng(seed)
    factors = np.column_stack(
        [rng.random(n) < 0.7, rng.normal(60, 10, n), rng.lognormal(1, 0.6, n), rng.lognormal(3, 2.5, n)]
    )
    logits = -2.2 + 0.32 * factors[:, 2] + 7.5e-5 * factors[:, 3]
    return factors, rng.random(n) < 1 / (1 + np.exp(-logits))


NAMES = ("sex", "age", "diameter", "afp")


def _by_two(a: int, b: int, c: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Exposed and ill a, exposed and well b, not exposed and ill c, neither d."""
    exposed = np.repeat([1.0, 1.0, 0.0, 0.0], [a, b, c, d])
    return exposed[:, None], np.repeat([1.0, 0.0, 1.0, 0.0], [a, b, c, d])


def test_coefficients_are_those_of_scikit_learn_without_penalty() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    factors, outcome = _patients(1)
    fit = logistic_regression(factors, outcome, NAMES)
    size = factors.std(axis=0)
    other = linear_model.LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(factors / size, outcome)
    assert fit.has_converged
    mine = np.array([fit[name].coefficient for name in NAMES])
    np.testing.assert_allclose(mine * size, other.coef_[0], atol=2e-5)  # its solver stops at 1e-10 of the loss
    assert fit["intercept"].coefficient == pytest.approx(other.intercept_[0], abs=2e-4)


def test_at_the_fit_the_likelihood_is_level_and_its_curvature_gives_the_errors() -> None:
    factors, outcome = _patients(2)
    fit = logistic_regression(factors, outcome, NAMES)
    design = np.column_stack([np.ones(len(factors)), factors])
    beta = np.array([c.coefficient for c in fit.coefficients])
    chance = 1 / (1 + np.exp(-design @ beta))
    np.testing.assert_allclose(design.T @ (outcome - chance) / np.abs(design).sum(axis=0), 0, atol=1e-9)
    information = (design * (chance * (1 - chance))[:, None]).T @ design
    size = np.sqrt(np.diag(information))
    errors = np.sqrt(np.diag(np.linalg.inv(information / np.outer(size, size)))) / size
    np.testing.assert_allclose([c.error for c in fit.coefficients], errors, rtol=1e-8)
    assert fit.log_likelihood == pytest.approx(np.log(np.where(outcome, chance, 1 - chance)).sum())
    assert (fit.cases, fit.events) == (309, int(outcome.sum()))


@settings(deadline=None, max_examples=30)
@given(*[st.integers(1, 30)] * 4)
def test_one_yes_or_no_factor_gives_the_odds_ratio_of_its_table(a: int, b: int, c: int, d: int) -> None:
    fit = logistic_regression(*_by_two(a, b, c, d), ["exposed"])
    factor = fit["exposed"]
    error = math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)  # Woolf
    assert factor.odds_ratio.value == pytest.approx(a * d / (b * c), rel=1e-6)
    assert factor.error == pytest.approx(error, rel=1e-6)
    assert factor.odds_ratio.low == pytest.approx(a * d / (b * c) * math.exp(-1.959963984540054 * error), rel=1e-6)
    assert factor.p == pytest.approx(math.erfc(abs(math.log(a * d / (b * c))) / error / math.sqrt(2)), abs=1e-6)


def test_the_order_of_patients_decides_nothing() -> None:
    factors, outcome = _patients(3)
    turned = np.random.default_rng(0).permutation(len(factors))
    first = logistic_regression(factors, outcome, NAMES)
    second = logistic_regression(factors[turned], outcome[turned], NAMES)
    for name in NAMES:
        assert first[name].coefficient == pytest.approx(second[name].coefficient, rel=1e-7)


def test_the_unit_of_a_factor_changes_neither_z_nor_p() -> None:
    factors, outcome = _patients(6)
    units = np.array([1.0, 1e-6, 1e4, 1e9])
    plain, other = (logistic_regression(x, outcome, NAMES) for x in (factors, factors * units))
    for name, unit in zip(NAMES, units, strict=True):
        assert other[name].coefficient * unit == pytest.approx(plain[name].coefficient, rel=1e-6)
        assert other[name].z == pytest.approx(plain[name].z, rel=1e-6)


def test_all_indicators_of_a_factor_stand_together_only_without_an_intercept() -> None:
    # Liu's table has Child-Pugh A, B and C side by side (SEEDS 4.5)
    rng = np.random.default_rng(4)
    grade = rng.integers(0, 3, 200)
    indicators, outcome = np.eye(3)[grade], rng.random(200) < np.array([0.2, 0.4, 0.5])[grade]
    with_it = logistic_regression(indicators, outcome, ["A", "B", "C"])
    assert not with_it.has_converged
    assert "collinear" in with_it.problem
    without = logistic_regression(indicators, outcome, ["A", "B", "C"], intercept=False)
    for k, name in enumerate("ABC"):
        share = outcome[grade == k].mean()
        assert without[name].odds_ratio.value == pytest.approx(share / (1 - share), rel=1e-6)


def test_a_factor_that_separates_the_outcomes_is_named() -> None:
    rng = np.random.default_rng(5)
    other = rng.random(40)
    outcome = np.arange(40) >= 15
    fit = logistic_regression(np.column_stack([other, np.arange(40)]), outcome, ["other", "size"])
    assert not fit.has_converged
    assert "separated" in fit.problem
    assert "size" in fit.problem
    assert math.isnan(fit["size"].coefficient)
    assert fit["size"].odds_ratio.note == fit.problem


def test_an_empty_cell_is_a_separation_too() -> None:
    fit = logistic_regression(*_by_two(6, 0, 5, 9), ["exposed"])
    assert "separated by exposed" in fit.problem


def test_outcomes_that_barely_overlap_have_a_fit() -> None:
    x = np.concatenate([np.arange(20.0), np.arange(18.0, 40.0)])
    fit = logistic_regression(x[:, None], np.repeat([0.0, 1.0], [20, 22]), ["x"])
    assert fit.has_converged
    assert fit["x"].odds_ratio.value > 1


def test_one_outcome_alone_has_no_fit() -> None:
    fit = logistic_regression(np.arange(5.0)[:, None], np.ones(5), ["x"])
    assert "same outcome" in fit.problem


def test_missing_factors_and_odd_outcomes_are_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        logistic_regression([[1.0], [np.nan]], [0, 1], ["x"])
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        logistic_regression([[1.0], [2.0]], [0, 2], ["x"])
    with pytest.raises(ValueError, match="names"):
        logistic_regression([[1.0], [2.0]], [0, 1], ["x", "y"])
