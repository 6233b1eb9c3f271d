"""Index space to patient space and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overread.core.errors import GeometryError
from overread.core.geometry import Affine, Grid, affine_from_dicom, letters_of, orientation_of

pytestmark = pytest.mark.light


def test_voxel_centres_follow_the_equation_of_the_standard() -> None:
    affine = affine_from_dicom((-100.0, -80.0, 30.0), (1, 0, 0, 0, 0, -1), (0.7, 0.9), (0, 2.5, 0))
    k, j, i = 3, 11, 5
    # DICOM PS3.3 C.7.6.2.1.1: P = S + X * column spacing * i + Y * row spacing * j, here with the step per slice
    expected = (
        np.array([-100.0, -80.0, 30.0]) + np.array([0.9 * i, 0, 0]) + np.array([0, 0, -0.7 * j]) + [0, 2.5 * k, 0]
    )
    np.testing.assert_allclose(affine.to_mm((k, j, i)), expected, atol=1e-12)
    assert affine.spacing_mm == pytest.approx((2.5, 0.7, 0.9))


@given(st.lists(st.floats(-1, 1), min_size=9, max_size=9), st.lists(st.floats(-300, 300), min_size=3, max_size=3))
def test_there_and_back_is_the_same_place(entries: list[float], place: list[float]) -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(entries).reshape(3, 3) + 2.5 * np.eye(3)
    matrix[:3, 3] = place
    if abs(np.linalg.det(matrix[:3, :3])) < 0.5:
        return
    affine = Affine(matrix)
    points = np.array([[0, 0, 0], [7.5, 100.25, 3], [-4, 0, 319]])
    np.testing.assert_allclose(affine.to_index(affine.to_mm(points)), points, atol=1e-8)


def test_axes_that_span_no_space_are_refused() -> None:
    flat = np.eye(4)
    flat[:3, 2] = flat[:3, 0]
    with pytest.raises(GeometryError, match="do not span a space"):
        Affine(flat)


@pytest.mark.parametrize(
    ("degrees", "name"),
    [(0, "axial"), (12, "axial"), (29, "axial"), (31, "oblique"), (45, "oblique"), (61, "coronal"), (90, "coronal")],
)
def test_plane_is_named_by_its_normal(degrees: float, name: str) -> None:
    angle = np.radians(degrees)
    assert orientation_of((0, -np.sin(angle), np.cos(angle))) == name


def test_letters_name_the_edges_of_an_axial_slice() -> None:
    assert Affine(np.diag([1.0, 1, 3, 1])).letters() == ("R", "L", "A", "P")
    assert Affine(np.diag([-1.0, 1, 3, 1])).letters() == ("L", "R", "A", "P")
    assert letters_of((0.9, 0.4, 0)) == "LP"


def test_grid_contains_its_outer_voxels_faces() -> None:
    grid = Grid((4, 5, 6), Affine(np.diag([2.0, 2, 3, 1])))
    assert grid.contains((-1.0, -1.0, -1.5))
    assert grid.contains((11.0, 9.0, 10.5))
    assert not grid.contains((11.2, 0, 0))
