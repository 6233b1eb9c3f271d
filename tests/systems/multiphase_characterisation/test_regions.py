"""Boxes of RECIST marks, squares round given regions, regions of what was found, and what is cut out."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.geometry import Affine, Grid
from overread.core.region import Circle, LesionRegion, Region
from overread.systems.multiphase_characterisation.regions import (
    Square,
    cut,
    recist_box,
    region_of,
    squares_in,
    squares_of,
)
from overread.systems.multiphase_characterisation.voting import Found, most_confident

GRID = Grid((10, 64, 64), Affine(np.array([[2.0, 0, 0, -64], [0, 2.0, 0, -64], [0, 0, 8.0, 0], [0, 0, 0, 1]])))


def mm(k: float, row: float, column: float) -> list[float]:
    return GRID.affine.to_mm([(k, row, column)])[0].tolist()


def test_two_diameters_become_the_box_of_their_end_points() -> None:
    k, box = recist_box([mm(3, 10, 20), mm(3, 30, 24), mm(3, 18, 12), mm(3, 20, 33)], GRID)
    assert k == 3
    assert box == pytest.approx([10, 12, 30, 33])


def test_one_diameter_becomes_the_square_round_its_circle() -> None:
    k, box = recist_box([mm(5, 10, 20), mm(5, 18, 26)], GRID)
    assert k == 5
    assert box == pytest.approx([9, 18, 19, 28])


def test_ends_on_slices_far_apart_or_of_another_number_are_no_mark() -> None:
    with pytest.raises(ValueError, match="one slice"):
        recist_box([mm(1, 10, 20), mm(4, 18, 26)], GRID)
    with pytest.raises(ValueError, match="two or four"):
        recist_box([mm(1, 10, 20)], GRID)


def test_given_circles_become_squares_of_the_lesion_itself() -> None:
    lesion = LesionRegion(
        "L1", (Circle(tuple(mm(2, 20, 30)), 26.0), Circle(tuple(mm(3.2, 21, 30)), 24.0)), "mask", 10.0
    )
    squares = squares_in(Region((lesion,)), GRID)
    assert [(s.k, s.score) for s in squares] == [(2, None), (3, None)]
    assert squares[0].centre == pytest.approx((20, 30))
    assert [s.edge for s in squares] == pytest.approx([16, 14])


def test_of_circles_that_fall_on_one_slice_the_nearest_is_taken_and_those_beyond_are_left_out() -> None:
    circles = tuple(Circle(tuple(mm(k, 20, 30)), 10.0 + k) for k in (1.7, 2.1, 2.4, 40.0))
    squares = squares_in(Region((LesionRegion("L1", circles, "circle"),)), GRID)
    assert [s.k for s in squares] == [2]
    assert squares[0].edge == pytest.approx(12.1)
    far = LesionRegion("L1", (Circle((500.0, 0.0, 8.0), 10.0),), "circle")
    assert squares_in(Region((far,)), GRID) == []


def test_found_regions_become_lesions_over_neighbouring_slices_the_surest_first() -> None:
    found = [
        Found(2, (20.0, 30.0), (8.0, 6.0), 0.9, 3),
        Found(3, (22.0, 30.0), (9.0, 6.0), 0.8, 3),
        Found(6, (22.0, 30.0), (20.0, 6.0), 0.8, 3),
    ]
    region = region_of(found, GRID)
    assert region is not None
    assert [lesion.id for lesion in region.lesions] == ["D1", "D2"]
    assert [len(lesion.circles) for lesion in region.lesions] == [2, 1]
    assert region.lesions[1].diameter_mm == pytest.approx(40)
    assert region.lesions[0].circles[0].centre_mm == pytest.approx(tuple(mm(2, 20, 30)))
    assert region_of([], GRID) is None


def test_a_lesion_of_which_few_slices_are_among_the_best_stays_one_and_comes_before_a_false_box() -> None:
    scores = (0.55, 0.8, 0.6, 0.58, 0.9, 0.56, 0.85)
    lesion = [Found(k, (20.0, 30.0), (8.0, 6.0), score, 3) for k, score in enumerate(scores) if k != 3]
    false, faint = Found(3, (50.0, 10.0), (22.0, 22.0), 0.95, 2), Found(9, (50.0, 50.0), (9.0, 9.0), 0.51, 2)
    found = [*lesion, false, faint]
    region = region_of(found, GRID, most_confident(found))
    assert region is not None
    assert [len(lesion.circles) for lesion in region.lesions] == [6, 1]
    assert region.lesions[1].diameter_mm == pytest.approx(44)


def test_a_square_takes_the_longer_edge_of_a_region() -> None:
    (square,) = squares_of([Found(2, (20.0, 30.0), (8.0, 6.0), 0.9, 3)])
    assert square == Square(2, (20.0, 30.0), 8.0, 0.9)


def test_a_ramp_stays_a_ramp_in_the_enlarged_square() -> None:
    rows, columns = np.mgrid[:64, :64].astype(np.float32)
    planes = np.stack([rows / 64, columns / 64])
    found = cut(planes, Square(0, (30.0, 20.0), 10.0), size=24, enlarged=1.2)
    step = 12 / 24
    expected = (30 + step * (np.arange(24) - 11.5)) / 64
    np.testing.assert_allclose(found[0][:, 7], expected, atol=1e-6)
    np.testing.assert_allclose(found[1][5], expected - 10 / 64, atol=1e-6)


def test_what_lies_beyond_the_slice_is_dark() -> None:
    found = cut(np.ones((1, 64, 64), dtype=np.float32), Square(0, (0.0, 32.0), 20.0), size=20, enlarged=1.0)
    assert found[0, :9].max() == 0
    assert found[0, 11:].min() == pytest.approx(1)
