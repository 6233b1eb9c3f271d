"""A mean that readers and cases both sway: closed form, likelihood, and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.crossed_effects import crossed_mean, fitted_mean

pytestmark = pytest.mark.light


def _table(
    seed: int, readers: int = 5, cases: int = 15, sd: tuple[float, float, float] = (0.5, 0.5, 0.6)
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    of_readers, of_cases = sd[0] * rng.normal(size=(readers, 1)), sd[1] * rng.normal(size=(1, cases))
    return 1 + of_readers + of_cases + sd[2] * rng.normal(size=(readers, cases))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000))
def test_the_closed_form_is_the_restricted_likelihoods_best(seed: int) -> None:
    table = _table(seed)
    closed, fitted = crossed_mean(table), fitted_mean(table)
    assert fitted.mean == pytest.approx(closed.mean, abs=1e-9)
    if min(closed.components.values()) > 0.01:
        assert fitted.variance == pytest.approx(closed.variance, rel=1e-3)
        assert dict(fitted.components) == pytest.approx(dict(closed.components), rel=5e-3)
        assert fitted.df == pytest.approx(closed.df, rel=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("holes", [0, 12])
def test_the_mixed_model_is_that_of_statsmodels(holes: int) -> None:
    statsmodels = pytest.importorskip("statsmodels.regression.mixed_linear_model")
    table = _table(7, 6, 12)
    table.ravel()[np.random.default_rng(2).permutation(table.size)[:holes]] = np.nan
    there = np.isfinite(table).ravel()
    readers, cases = table.shape
    designs = {
        "reader": np.kron(np.eye(readers), np.ones((cases, 1)))[there],
        "case": np.kron(np.ones((readers, 1)), np.eye(cases))[there],
    }
    parts = statsmodels.VCSpec(
        list(designs),
        [[[f"{name}{n}" for n in range(design.shape[1])]] for name, design in designs.items()],
        [[design] for design in designs.values()],
    )
    n = int(there.sum())
    model = statsmodels.MixedLM(table.ravel()[there], np.ones((n, 1)), np.zeros(n), exog_vc=parts)
    fit = model.fit(reml=True)
    result = crossed_mean(table)
    assert min(result.components.values()) > 0
    assert fit.fe_params[0] == pytest.approx(result.mean, abs=1e-4)
    assert fit.bse_fe[0] == pytest.approx(math.sqrt(result.variance), rel=2e-3)
    theirs = dict(zip(model.exog_vc.names, fit.vcomp, strict=True)) | {"residual": fit.scale}
    assert theirs == pytest.approx(dict(result.components), rel=1e-2)


def _likelihood(table: np.ndarray, variances: tuple[float, float, float]) -> tuple[float, float]:
    """Restricted likelihood (-2 log) and variance of the mean, written out with the whole covariance matrix."""
    j, k = (place[np.isfinite(table)] for place in np.indices(table.shape))
    y = table[np.isfinite(table)]
    v = variances[0] * (j[:, None] == j) + variances[1] * (k[:, None] == k) + variances[2] * np.eye(y.size)
    inverse = np.linalg.inv(v)
    weight = inverse.sum()
    rest = y - (inverse.sum(axis=0) @ y) / weight
    return float(np.linalg.slogdet(v)[1] + math.log(weight) + rest @ inverse @ rest), 1 / float(weight)


def test_with_holes_no_other_variances_are_likelier() -> None:
    table = _table(3, 4, 9)
    table[[0, 1, 3, 3], [2, 5, 0, 8]] = np.nan
    result = crossed_mean(table)
    found = tuple(result.components.values())
    best, variance = _likelihood(table, (found[0], found[1], found[2]))
    assert result.variance == pytest.approx(variance, rel=1e-8)
    for n in range(3):
        for factor in (0.97, 1.03):
            moved = [v * factor if m == n else v for m, v in enumerate(found)]
            assert _likelihood(table, (moved[0], moved[1], moved[2]))[0] > best


def test_readers_who_do_not_differ_drop_out_of_the_fit() -> None:
    table = _table(4, 4, 30, sd=(0.0, 0.8, 0.3))
    table -= table.mean(axis=1, keepdims=True) - table.mean()
    result = fitted_mean(table)
    assert result.components["reader"] == 0
    assert result.variance == pytest.approx(np.var(table.mean(axis=0), ddof=1) / 30, rel=0.02)
    assert crossed_mean(table).components["reader"] < 0


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_order_and_origin_do_not_matter(seed: int) -> None:
    table = _table(seed, 3, 8)
    table[1, 2] = np.nan
    usual, moved = crossed_mean(table), crossed_mean(table[::-1, ::-1] + 5)
    assert moved.mean == pytest.approx(usual.mean + 5, abs=1e-4)
    assert moved.variance == pytest.approx(usual.variance, rel=1e-2)


def test_one_reader_is_no_sample() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        crossed_mean([[1.0, 2.0, 3.0]])
