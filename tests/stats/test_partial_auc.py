"""Parts of an area."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.curves import roc_curve
from overread.stats.merit.roc import roc_auc
from overread.stats.partial_auc import Between, average_precision, mcclish, partial_area, partial_auc

pytestmark = pytest.mark.light

studies = st.tuples(st.lists(st.integers(0, 6), min_size=1, max_size=20), st.lists(st.integers(0, 6), min_size=1))


def _joined(diseased: list[int], healthy: list[int]) -> tuple[list[int], list[bool]]:
    return [*diseased, *healthy], [True] * len(diseased) + [False] * len(healthy)


@settings(deadline=None, max_examples=25)
@given(studies)
def test_the_whole_part_is_the_area(study: tuple[list[int], list[int]]) -> None:
    values, truth = _joined(*study)
    assert partial_auc(values, truth, 0, 1) == pytest.approx(roc_auc(*study))
    assert partial_auc(values, truth, 0, 1, "sensitivity") == pytest.approx(roc_auc(*study))


@settings(deadline=None, max_examples=25)
@given(studies, st.floats(0.01, 0.99), st.sampled_from(["specificity", "sensitivity"]))
def test_parts_add_up(study: tuple[list[int], list[int]], at: float, between: str) -> None:
    curve = roc_curve(*_joined(*study))
    kind: Between = "specificity" if between == "specificity" else "sensitivity"
    low, high = partial_area(curve, 0, at, kind), partial_area(curve, at, 1, kind)
    assert low + high == pytest.approx(roc_auc(*study))
    assert 0 <= low <= at + 1e-12
    assert 0 <= high <= 1 - at + 1e-12


def test_a_part_is_what_a_fine_sum_gives() -> None:
    rng = np.random.default_rng(2)
    truth = rng.random(60) < 0.5
    values = rng.normal(size=60) + truth
    curve = roc_curve(values, truth)
    x = (np.arange(200_000) + 0.5) / 200_000 * 0.3
    assert partial_area(curve, 0.7, 1.0) == pytest.approx(0.3 * np.interp(x, curve.x, curve.y).mean(), abs=1e-5)


def test_stretched_chance_is_a_half_and_the_best_is_one() -> None:
    assert mcclish(0.2**2 / 2, 0.8, 1.0) == pytest.approx(0.5)
    assert mcclish(0.2, 0.8, 1.0) == pytest.approx(1.0)
    assert mcclish(0.5, 0.0, 1.0) == pytest.approx(0.5)


def test_a_single_class_has_no_part() -> None:
    assert np.isnan(partial_auc([1, 2], [True, True], 0.8, 1))
    assert np.isnan(average_precision([1, 2], [False, False]))


def test_precision_over_the_steps_by_hand() -> None:
    assert average_precision([3, 2, 1], [True, False, True]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="no range"):
        partial_auc([1, 2], [True, False], 0.9, 0.9)
