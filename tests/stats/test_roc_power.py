"""Power of one area and of two."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.curves import roc_curve
from overread.stats.delong import Areas, delong
from overread.stats.roc_power import (
    area_variance,
    cases_needed,
    fitted_area_variance,
    one_area,
    power,
    two_areas,
)

pytestmark = pytest.mark.light


@settings(deadline=None, max_examples=25)
@given(st.floats(0.55, 0.98), st.floats(0.25, 4), st.floats(0.5, 0.99))
def test_the_cases_needed_have_the_power_wanted(area: float, ratio: float, wanted: float) -> None:
    spread = one_area(area, ratio)
    assert power(spread, cases_needed(spread, wanted)) == pytest.approx(wanted)


def test_power_of_two_areas_is_what_delongs_test_finds_in_new_samples() -> None:
    rng = np.random.default_rng(4)
    pilot = _areas(rng, 40_000)
    spread = two_areas(pilot, 40_000)
    found = []
    for _ in range(600):
        areas = _areas(rng, 60)
        variance = areas.covariance[0, 0] + areas.covariance[1, 1] - 2 * areas.covariance[0, 1]
        found.append(abs(areas.values[0] - areas.values[1]) > 1.96 * math.sqrt(variance))
    assert power(spread, 60) == pytest.approx(np.mean(found), abs=0.08)


def _areas(rng: np.random.Generator, cases: int) -> Areas:
    """Two readers of whom the second is better, their ratings tied to each other by the case."""
    of_case = rng.normal(size=(2, 1, cases))
    diseased, healthy = of_case * 0.8 + 0.6 * rng.normal(size=(2, 2, cases))
    return delong(diseased + np.array([[1.0], [1.4]]), healthy)


def test_no_effect_needs_endless_cases() -> None:
    assert cases_needed(one_area(0.5)) == math.inf


def test_the_normal_approximation_is_near_the_variance_of_delong() -> None:
    rng = np.random.default_rng(6)
    diseased, healthy = rng.normal(size=4000) + 1.2, rng.normal(size=4000)
    areas = delong(diseased, healthy)
    curve = roc_curve([*diseased, *healthy], [True] * 4000 + [False] * 4000)
    true = float(areas.covariance[0, 0]) * 4000
    assert fitted_area_variance(curve, 1.0) == pytest.approx(true, rel=0.1)
    # made for ratings in few steps, and on the safe side for these
    assert true < area_variance(float(areas.values[0]), 1.0) < 1.35 * true


def test_a_curve_of_one_point_has_no_fitted_variance() -> None:
    assert math.isnan(fitted_area_variance(roc_curve([1, 0, 1, 0], [True, True, False, False]), 1.0))
