"""The segments against the rules of PHANTOM 2.2."""

from __future__ import annotations

import numpy as np
import pytest

from overread.phantom.segments import NAMES, Plane, Segments

pytestmark = pytest.mark.light

SQUARE = Segments(
    middle=Plane((-1.0, 0.0, 0.0), 20.0),
    right=Plane((0.0, 1.0, 0.0), 0.0),
    left=Plane((1.0, 0.0, 0.0), 10.0),
    lateral=Plane((0.0, 0.0, 1.0), 15.0),
    fork_z=5.0,
    solids=(((0.0, -10.0, 20.0), (10.0, 10.0, 15.0)),),
)
"""Planes along the axes: middle x = -20, left x = 10, right y = 0, segment 2 above z = 15."""


@pytest.mark.parametrize(
    ("point", "name"),
    [
        ((0, -10, 20), "S1"),
        ((40, -60, 40), "S2"),
        ((40, -60, 0), "S3"),
        ((-5, -60, 0), "S4"),
        ((-60, -60, -20), "S5"),
        ((-60, 30, -20), "S6"),
        ((-60, 30, 40), "S7"),
        ((-60, -60, 40), "S8"),
    ],
)
def test_each_region_has_its_segment(point: tuple[float, float, float], name: str) -> None:
    assert SQUARE.name(point) == name


def test_many_points_get_what_each_gets_alone() -> None:
    points = np.random.default_rng(5).uniform(-100, 100, (200, 3))
    alone = [NAMES.index(SQUARE.name((float(x), float(y), float(z)))) for x, y, z in points]
    assert np.array_equal(SQUARE.of(points), alone)


def test_of_gives_bytes_between_one_and_eight() -> None:
    numbers = SQUARE.of(np.random.default_rng(6).uniform(-150, 150, (500, 3)))
    assert numbers.dtype == np.uint8
    assert numbers.min() >= 1
    assert numbers.max() <= 8


def test_boundary_between_upper_and_lower_right_segments_rises_to_the_left() -> None:
    low, high = np.array([[-120.0, -60.0, 2.0]]), np.array([[-25.0, -60.0, 2.0]])
    assert SQUARE.of(low)[0] == 8
    assert SQUARE.of(high - [0, 0, -3.0])[0] == 5
