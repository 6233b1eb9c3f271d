"""Resampling by sums over clusters gives what drawing observations gives."""

from __future__ import annotations

import numpy as np
import pytest

from overread.stats.merit.roc import cluster_pairs, roc_auc
from overread.stats.resampling import auc_bootstrap, cluster_bootstrap, cluster_weights, ratio_bootstrap

pytestmark = pytest.mark.light


def _study(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    clusters = np.sort(rng.integers(0, 12, 200))
    truth = rng.random(200) < 0.2 + 0.4 * (clusters < 5)
    return rng.integers(0, 8, 200) + truth * 2.0, truth, clusters


def test_the_pairs_of_all_clusters_make_the_area() -> None:
    values, truth, clusters = _study(1)
    pairs = cluster_pairs(values, truth, clusters, 12)
    assert pairs.sum() / (truth.sum() * (~truth).sum()) == pytest.approx(
        roc_auc(values[truth], values[~truth]), abs=1e-12
    )


def test_an_area_by_pairs_has_the_interval_of_one_by_observations() -> None:
    values, truth, clusters = _study(2)
    names = [f"{c:02d}" for c in clusters]

    def area(index: np.ndarray) -> float:
        return roc_auc(values[index][truth[index]], values[index][~truth[index]])

    slow = cluster_bootstrap(names, area, np.random.default_rng(7), 300)
    count = np.unique(clusters).size
    number = np.unique(clusters, return_inverse=True)[1]
    fast = auc_bootstrap(
        cluster_pairs(values, truth, number, count),
        np.bincount(number[truth], minlength=count).astype(float),
        np.bincount(number[~truth], minlength=count).astype(float),
        cluster_weights(count, np.random.default_rng(7), 300),
    )
    assert fast == pytest.approx(slow, abs=1e-12)


def test_a_ratio_by_sums_has_the_interval_of_one_by_observations() -> None:
    _, truth, clusters = _study(3)
    number = np.unique(clusters, return_inverse=True)[1]
    count = int(number.max()) + 1
    names = [f"{c:02d}" for c in number]
    slow = cluster_bootstrap(names, lambda i: float(truth[i].mean()), np.random.default_rng(9), 300)
    parts, wholes = (np.bincount(number, weights=w, minlength=count) for w in (truth.astype(float), np.ones(200)))
    fast = ratio_bootstrap(parts, wholes, cluster_weights(count, np.random.default_rng(9), 300))
    assert fast == pytest.approx(slow, abs=1e-12)


def test_what_one_patient_alone_has_gets_no_interval() -> None:
    weights = cluster_weights(3, np.random.default_rng(1), 100)
    assert np.isnan(ratio_bootstrap(np.array([2.0, 0, 0]), np.array([3.0, 0, 0]), weights)).all()
    pairs = np.array([[0, 1.0, 1.0], [0, 0, 0], [0, 0, 0]])
    assert np.isnan(auc_bootstrap(pairs, np.array([1.0, 0, 0]), np.array([0, 1.0, 1.0]), weights)).all()
