"""Mean and deviation over folds."""

from __future__ import annotations

import math

import pytest

from overread.stats.folds import over_folds

pytestmark = pytest.mark.light


def test_folds_are_printed_as_mean_and_empirical_deviation() -> None:
    summary = over_folds([0.66, 0.70, 0.68, 0.65, 0.71])
    assert summary.mean == pytest.approx(0.68)
    assert summary.deviation == pytest.approx(math.sqrt((4 + 4 + 0 + 9 + 9) / 4) / 100)
    assert summary.text() == "0.68 ± 0.03"


def test_one_fold_has_no_deviation_and_a_fold_without_the_metric_is_told() -> None:
    assert over_folds([0.7]).text() == "0.70 ± -"
    summary = over_folds([0.7, math.nan, 0.9])
    assert (summary.folds, summary.without) == (2, 1)
    assert summary.mean == pytest.approx(0.8)
    assert math.isnan(over_folds([]).mean)
