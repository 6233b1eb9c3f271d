"""Operating points: three scores from the slices of validation patients."""

from __future__ import annotations

import numpy as np
import pytest

from overread.training.operating import HIGH_SPECIFICITY, USUAL_SPECIFICITY, SliceRows, choose_thresholds


def _rows(positive: list[float], negative: list[float]) -> SliceRows:
    scores = np.array(positive + negative)
    labels = np.array([True] * len(positive) + [False] * len(negative))
    return SliceRows(scores, labels, np.array(["a"] * scores.size))


@pytest.fixture
def overlapping() -> SliceRows:
    rng = np.random.default_rng(4)
    return _rows(list(rng.normal(1.5, 1, 80)), list(rng.normal(0, 1, 900)))


def test_the_points_keep_their_specificities_and_no_lower_score_would(overlapping: SliceRows) -> None:
    points = choose_thresholds(overlapping)
    negative = overlapping.scores[~overlapping.labels]
    for name, wanted in (("default", USUAL_SPECIFICITY), ("high-precision", HIGH_SPECIFICITY)):
        assert np.mean(negative < points[name]) >= wanted
        lower = overlapping.scores[overlapping.scores < points[name]].max()
        assert np.mean(negative < lower) < wanted


def test_the_sensitive_point_has_the_largest_sum(overlapping: SliceRows) -> None:
    def total(threshold: float) -> float:
        above = overlapping.scores >= threshold
        return float(above[overlapping.labels].mean() + (~above)[~overlapping.labels].mean())

    chosen = choose_thresholds(overlapping)["high-sensitivity"]
    assert total(chosen) == pytest.approx(max(total(t) for t in overlapping.scores))


def test_of_equal_sums_the_more_sensitive_is_taken() -> None:
    rows = _rows([0.4, 0.9], [0.1, 0.5])
    assert choose_thresholds(rows)["high-sensitivity"] == 0.4


def test_the_points_never_change_their_order() -> None:
    perfect = choose_thresholds(_rows([0.8, 0.9], [0.1, 0.2]))
    assert perfect["high-sensitivity"] <= perfect["default"] <= perfect["high-precision"]
    useless = choose_thresholds(_rows([0.1, 0.2], [0.8, 0.9]))
    assert useless["high-sensitivity"] <= useless["default"] <= useless["high-precision"]
