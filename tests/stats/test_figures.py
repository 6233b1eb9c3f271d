"""Figures of merit and intervals against loops, other programs and printed numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.stats.calibration import logistic_recalibration
from overread.stats.merit.roc import roc_auc
from overread.stats.proportions import clopper_pearson
from overread.stats.resampling import cluster_bootstrap

pytestmark = pytest.mark.light

ratings = st.lists(st.integers(0, 5), min_size=1, max_size=30)


@given(ratings, ratings)
def test_auc_counts_pairs_with_ties_as_half(diseased: list[int], healthy: list[int]) -> None:
    pairs = [1.0 if d > h else 0.5 if d == h else 0.0 for d in diseased for h in healthy]
    assert roc_auc(diseased, healthy) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


def test_auc_of_an_empty_class_is_unknown() -> None:
    assert np.isnan(roc_auc([], [1, 2]))


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        # SEEDS section 5, row 1: intervals printed by Zhen
        (77, 110, 60.5, 78.4),
        (75, 110, 58.6, 76.7),
        (63, 77, 71.4, 89.7),
        (63, 90, 59.4, 79.2),
        (66, 90, 63.0, 82.1),
        (28, 32, 71.0, 96.5),
        (29, 40, 56.1, 85.4),
        (30, 40, 58.8, 87.3),
        (99, 104, 89.1, 98.4),
        (102, 104, 93.2, 99.8),
    ],
)
def test_clopper_pearson_gives_the_printed_intervals(hits: int, total: int, low: float, high: float) -> None:
    assert [round(100 * v, 1) for v in clopper_pearson(hits, total)] == [low, high]


def test_clopper_pearson_reaches_the_ends() -> None:
    assert clopper_pearson(0, 10)[0] == 0
    assert clopper_pearson(10, 10)[1] == 1
    assert clopper_pearson(0, 0) == (0, 1)


def test_whole_clusters_are_drawn() -> None:
    values = np.array([0.0] * 50 + [1.0] * 50)
    rng = np.random.default_rng(3)
    low, high = cluster_bootstrap(["a"] * 50 + ["b"] * 50, lambda i: float(values[i].mean()), rng, draws=400)
    assert (low, high) == (0.0, 1.0)  # of two patients, both draws can be the same one
    low, high = cluster_bootstrap(list(range(100)), lambda i: float(values[i].mean()), rng, draws=400)
    assert 0.35 < low < 0.45
    assert 0.55 < high < 0.65


def test_recalibration_finds_the_slope_that_made_the_labels() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(0, 2, 20_000)
    labels = rng.random(x.size) < 1 / (1 + np.exp(-(-0.7 + 0.5 * x)))
    intercept, slope = logistic_recalibration(1 / (1 + np.exp(-x)), labels)
    # standard errors about 0.016 and 0.010 at this size: four of them
    assert intercept == pytest.approx(-0.7, abs=0.065)
    assert slope == pytest.approx(0.5, abs=0.04)


def test_recalibration_of_parted_classes_stays_finite() -> None:
    assert all(np.isfinite(logistic_recalibration([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])))
