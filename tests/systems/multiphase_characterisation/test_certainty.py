"""From the spread of dropout passes to a confidence and its words (SEEDS 2.4)."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.errors import BundleError
from overread.systems.multiphase_characterisation.certainty import aggregate_of, confidence_of, variance_of

SAMPLES = np.array(
    [
        [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]],
        [[0.5, 0.5, 0.0], [0.5, 0.1, 0.4]],
    ]
)
"""Two regions, two passes, three classes."""


def test_variance_is_over_passes_then_summed_over_classes_then_meant_over_regions() -> None:
    first = 0.1**2 + 0.1**2 + 0
    second = 0 + 0.2**2 + 0.2**2
    assert variance_of(SAMPLES) == pytest.approx((first + second) / 2)


def test_classes_can_be_brought_together_by_mean_or_largest() -> None:
    assert variance_of(SAMPLES, "mean") == pytest.approx(variance_of(SAMPLES) / 3)
    assert variance_of(SAMPLES, "max") == pytest.approx((0.1**2 + 0.2**2) / 2)


def test_equal_passes_are_fully_confident() -> None:
    assert variance_of(np.repeat(SAMPLES[:, :1], 5, axis=1)) == 0
    assert confidence_of(0.0, {}, "phantoms").value == 1


def test_confidence_says_what_was_kept_and_how_much_of_it_was_right() -> None:
    table = {"validation": [[0.99, 1], [0.95, 1], [0.9, 0], [0.8, 0]]}
    found = confidence_of(0.07, table, "phantoms")
    assert found.value == pytest.approx(0.93)
    assert (
        found.words == "At least as sure on 50% of 4 validation phantoms, of which 100% were called right; of all 50%."
    )
    assert "Surer than on any of 4" in confidence_of(0.001, table, "phantoms").words


def test_without_validation_the_number_stands_for_nothing_and_that_is_said() -> None:
    assert "has not been measured" in confidence_of(0.1, {}, "phantoms").words


def test_another_rule_than_the_three_is_no_bundle_of_this_version() -> None:
    assert aggregate_of({}, "x") == "sum"
    with pytest.raises(BundleError, match="'median'"):
        aggregate_of({"aggregate": "median"}, "x")
    with pytest.raises(ValueError, match="sum, mean, max"):
        variance_of(SAMPLES, "median")
