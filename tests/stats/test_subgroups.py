"""Figures in parts of the cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

from overread.stats.subgroups import subgroups

pytestmark = pytest.mark.light


def _shares(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    sites = np.array(["north", "south", ""])[rng.integers(0, 3, n)]
    return sites, rng.random(n) < np.where(sites == "north", 0.9, 0.5)


def test_each_part_has_its_own_figure_and_its_distance_from_all_others() -> None:
    sites, right = _shares()
    found = subgroups(sites.tolist(), range(120), lambda index: float(right[index].mean()), np.random.default_rng(1))
    assert set(found) == {"north", "south"}
    north = found["north"]
    assert north.cases == np.count_nonzero(sites == "north")
    assert north.value.value == pytest.approx(right[sites == "north"].mean())
    assert north.from_others.value == pytest.approx(north.value.value - right[sites != "north"].mean())
    assert north.from_others.low > 0
    assert found["south"].value.includes(0.5)


def test_a_part_that_is_everything_has_nothing_to_be_compared_with() -> None:
    found = subgroups(["a"] * 5, range(5), lambda index: float(index.size), np.random.default_rng(1), draws=20)
    assert found["a"].value.value == 5
    assert math.isnan(found["a"].from_others.value)


def test_names_and_cases_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="names of 3 cases"):
        subgroups(["a", "b"], range(3), len, np.random.default_rng(0))
