"""Confidence retention by weights gives what the loop over resamples gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from overread.stats import multiclass
from overread.stats.merit.roc import roc_auc
from overread.stats.retention import RetentionGain, retention_gain
from overread.stats.weighted_retention import (
    WeightedMetric,
    weighted_accuracy,
    weighted_auc,
    weighted_gain,
    weighted_macro_f1,
)

pytestmark = pytest.mark.light
CASES = 40
RNG = np.random.default_rng(3)
SURE = np.where(np.arange(CASES) == 5, np.nan, RNG.integers(1, 6, CASES)).astype(np.float64)
PATIENTS = [f"p{k // 2}" for k in range(CASES)]
TRUTH, CALLED = RNG.integers(0, 3, CASES), RNG.integers(-1, 3, CASES)
DISEASED, RATINGS = np.arange(CASES) % 2 == 0, RNG.integers(0, 6, CASES).astype(np.float64)


def _accuracy(index: np.ndarray) -> float:
    return float((TRUTH == CALLED)[index].mean())


def _macro_f1(index: np.ndarray) -> float:
    among = multiclass.has_class(multiclass.confusion(TRUTH, CALLED, 3))
    return float(multiclass.macro_f1(multiclass.confusion(TRUTH[index], CALLED[index], 3), among))


def _auc(index: np.ndarray) -> float:
    is_ill = DISEASED[index]
    return roc_auc(RATINGS[index][is_ill], RATINGS[index][~is_ill])


def _numbers(gain: RetentionGain) -> list[float]:
    estimates = gain.surest, gain.everyone, gain.difference
    return [gain.kept, gain.total, gain.confidence, *(n for e in estimates for n in (e.value, e.low, e.high))]


@pytest.mark.parametrize(
    ("weighted", "plain"),
    [
        (weighted_accuracy(TRUTH == CALLED), _accuracy),
        (weighted_macro_f1(TRUTH, CALLED, 3), _macro_f1),
        (weighted_auc(RATINGS, DISEASED), _auc),
    ],
    ids=["accuracy", "macro-f1", "roc-auc"],
)
@pytest.mark.parametrize("share", [0.3, 0.7, 1.0])
def test_weights_and_the_loop_over_resamples_give_the_same(
    weighted: WeightedMetric, plain: Callable[[np.ndarray], float], share: float
) -> None:
    fast = weighted_gain(SURE, weighted, PATIENTS, np.random.default_rng(1), share, 200)
    slow = retention_gain(SURE, plain, PATIENTS, np.random.default_rng(1), share, 200)
    np.testing.assert_allclose(_numbers(fast), _numbers(slow), rtol=0, atol=1e-12)
    assert fast.difference.method == slow.difference.method


def test_one_patient_has_no_interval() -> None:
    gain = weighted_gain(SURE, weighted_accuracy(TRUTH == CALLED), ["p"] * CASES, np.random.default_rng(1))
    assert np.isnan(gain.difference.low)
    assert gain.difference.note == "no interval: fewer than two patients"
