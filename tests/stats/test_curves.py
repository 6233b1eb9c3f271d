"""Operating curves against scikit-learn and against counting."""

from __future__ import annotations

import numpy as np
import pytest

from overread.stats.curves import froc_curve, roc_band, roc_curve
from overread.stats.merit.roc import roc_auc
from overread.stats.resampling import cluster_weights

pytestmark = pytest.mark.light


def _ratings(seed: int, n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.4
    return rng.integers(0, 9, n) + 2.0 * truth, truth


def test_the_roc_curve_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    values, truth = _ratings(1)
    x, y, thresholds = metrics.roc_curve(truth, values, drop_intermediate=False)
    curve = roc_curve(values, truth)
    np.testing.assert_allclose(curve.x, x, atol=1e-12)
    np.testing.assert_allclose(curve.y, y, atol=1e-12)
    np.testing.assert_array_equal(curve.thresholds, thresholds)


def test_the_area_under_the_curve_is_the_area_of_pairs() -> None:
    values, truth = _ratings(2)
    curve = roc_curve(values, truth)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(roc_auc(values[truth], values[~truth]), abs=1e-12)


def test_a_weight_of_two_counts_an_observation_twice() -> None:
    values, truth = _ratings(3, 30)
    weights = np.where(np.arange(30) < 10, 2.0, 1.0)
    repeated = np.repeat(np.arange(30), weights.astype(int))
    heavy, twice = roc_curve(values, truth, weights), roc_curve(values[repeated], truth[repeated])
    np.testing.assert_allclose(heavy.x, twice.x, atol=1e-12)
    np.testing.assert_allclose(heavy.y, twice.y, atol=1e-12)


def test_the_band_lies_around_the_curve() -> None:
    values, truth = _ratings(4)
    clusters = np.arange(120) // 6
    at = np.linspace(0, 1, 21)
    low, high = roc_band(values, truth, clusters, cluster_weights(20, np.random.default_rng(1), 200), at)
    curve = roc_curve(values, truth)
    middle = np.interp(at[1:-1], curve.x, curve.y)
    assert np.all(low[1:-1] <= middle + 1e-9)
    assert np.all(high[1:-1] >= middle - 1e-9)


def test_the_froc_curve_counts_lesions_and_false_marks() -> None:
    curve = froc_curve([0.9, 0.4], [0.9, 0.6, 0.4], lesions=4, cases=2)
    points = list(zip(curve.thresholds, curve.x, curve.y, strict=True))
    assert points == [(np.inf, 0.0, 0.0), (0.9, 0.5, 0.25), (0.6, 1.0, 0.25), (0.4, 1.5, 0.5)]
