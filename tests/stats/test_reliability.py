"""Calibration error and Brier scores against loops and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.reliability import brier, called_class, multiclass_brier, reliability

pytestmark = pytest.mark.light

said = st.lists(st.tuples(st.integers(0, 20).map(lambda v: v / 20), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None, max_examples=50)
@given(said)
def test_the_expected_error_is_what_a_loop_over_bins_says(pairs: list[tuple[float, bool]]) -> None:
    total = 0.0
    for b in range(10):
        inside = [(p, y) for p, y in pairs if min(int(np.floor(p * 10 + 1e-9)), 9) == b]
        if inside:
            total += abs(sum(p for p, _ in inside) - sum(y for _, y in inside))
    result = reliability([p for p, _ in pairs], [y for _, y in pairs])
    assert result.expected_error == pytest.approx(total / len(pairs), abs=1e-12)
    assert 0 <= result.expected_error <= result.largest_error + 1e-12 <= 1 + 1e-12
    assert result.counts.sum() == len(pairs)


def test_bins_of_what_was_said_and_came_true_are_those_of_scikit_learn() -> None:
    calibration = pytest.importorskip("sklearn.calibration")
    rng = np.random.default_rng(1)
    p = rng.random(500)
    y = rng.random(500) < p**2
    result = reliability(p, y, 8)
    came_true, mean = calibration.calibration_curve(y, p, n_bins=8)
    np.testing.assert_allclose(result.came_true, came_true)
    np.testing.assert_allclose(result.said, mean)


def test_probabilities_that_come_true_as_often_as_said_have_little_error() -> None:
    rng = np.random.default_rng(2)
    p = rng.random(20_000)
    assert reliability(p, rng.random(p.size) < p).expected_error < 0.02
    assert reliability(p, rng.random(p.size) < 1 - p).expected_error > 0.4


def test_the_called_class_is_the_largest() -> None:
    p, is_right = called_class([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], [0, 1])
    assert p.tolist() == [0.5, 0.7]
    assert is_right.tolist() == [True, False]


def test_brier_scores_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    p, y = rng.random(200), rng.random(200) < 0.4
    assert brier(p, y) == pytest.approx(metrics.brier_score_loss(y, p), abs=1e-12)
    scores, truth = rng.dirichlet([1, 1, 1], 200), rng.integers(0, 3, 200)
    slow = np.mean([sum((s[k] - (t == k)) ** 2 for k in range(3)) for s, t in zip(scores, truth, strict=True)])
    assert multiclass_brier(scores, truth) == pytest.approx(slow, abs=1e-12)


def test_brier_of_two_classes_is_twice_that_of_the_disease() -> None:
    p = np.array([0.1, 0.8, 0.4])
    assert multiclass_brier(np.column_stack([1 - p, p]), [0, 1, 1]) == pytest.approx(2 * brier(p, [0, 1, 1]))


def test_what_is_no_probability_is_refused_and_nothing_has_no_score() -> None:
    for bad in ([0.2, 1.2], [0.2, math.nan]):
        with pytest.raises(ValueError, match="outside 0 to 1"):
            reliability(bad, [0, 1])
    assert math.isnan(brier([], []))
    assert math.isnan(multiclass_brier(np.empty((0, 3)), []))
