"""From a region to squares: which slices, how large, and the same pixels as another program finds."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.geometry import Affine, Grid
from overread.core.region import Circle, LesionRegion
from overread.systems.noncontrast_triage.prepare import (
    Cut,
    Plane,
    Source,
    crop,
    planes_of,
    sampling_of,
    side_of,
    slices_needed,
)

CUT = Cut(size=107)


def grid_of(shape=(20, 60, 60), spacing=(6.0, 2.0, 2.0), corner=(-60.0, -60.0, 0.0)) -> Grid:
    matrix = np.diag([spacing[2], spacing[1], spacing[0], 1.0])
    matrix[:3, 3] = corner
    return Grid(shape, Affine(matrix))


def tilted(degrees: float, shape=(24, 50, 56), spacing=(5.0, 2.3, 2.1)) -> Grid:
    """A stack turned about the patient's long axis and nodded a little."""
    a, b = np.radians(degrees), np.radians(4.0)
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ nod @ np.diag([spacing[2], spacing[1], spacing[0]])
    matrix[:3, 3] = -58, -52, -6
    return Grid(shape, Affine(matrix))


def column(*heights: float, radius: float = 20.0) -> LesionRegion:
    return LesionRegion("L1", tuple(Circle((0.0, 0.0, z), radius) for z in heights), "mask", 10.0)


def test_planes_lie_every_ten_millimetres_and_on_slices_of_t2() -> None:
    planes = planes_of(column(*np.arange(24.0, 73.0, 6.0)), grid_of(), CUT)  # slices 4 to 12, 48 mm
    assert [p.k for p in planes] == [5, 6, 8, 10, 11]
    assert [p.centre_mm[2] for p in planes] == [30.0, 36.0, 48.0, 60.0, 66.0]


def test_a_small_lesion_between_two_planes_is_still_looked_at() -> None:
    assert [p.k for p in planes_of(column(42.0), grid_of(), CUT)] == [7]
    assert [p.k for p in planes_of(column(42.0, 48.0), grid_of(), CUT)] == [7]


def test_a_circle_between_slices_goes_to_the_nearest() -> None:
    assert [p.k for p in planes_of(column(44.0), grid_of(), CUT)] == [7]


def test_circles_outside_the_volume_are_left_out() -> None:
    assert planes_of(column(-40.0, -34.0), grid_of(), CUT) == ()
    outside = LesionRegion("L1", (Circle((300.0, 0.0, 42.0), 20.0),), "circle", 0.0)
    assert planes_of(outside, grid_of(), CUT) == ()


def test_the_square_is_the_circle_ten_millimetres_beyond_the_edge_enlarged_by_a_fifth() -> None:
    (tight,) = planes_of(LesionRegion("L1", (Circle((0.0, 0.0, 42.0), 12.0),), "detector", 0.0), grid_of(), CUT)
    (wide,) = planes_of(LesionRegion("L1", (Circle((0.0, 0.0, 42.0), 22.0),), "mask", 10.0), grid_of(), CUT)
    assert tight.side_mm == wide.side_mm == pytest.approx(2 * 22 * 1.2, abs=0.35)


def test_the_edge_is_a_whole_number_of_pixels() -> None:
    assert side_of(22.0, CUT) == pytest.approx(75 * 0.7)
    assert side_of(0.01, CUT) == pytest.approx(1.4)


@pytest.mark.parametrize("source_grid", [grid_of((15, 64, 60), (8.0, 1.8, 1.9), (-57, -58, -8)), tilted(11.0)])
def test_a_square_has_the_pixels_that_simpleitk_finds(source_grid: Grid) -> None:
    sitk = pytest.importorskip("SimpleITK")
    rng = np.random.default_rng(3)
    k, j, i = np.meshgrid(*(np.arange(n) for n in source_grid.shape), indexing="ij")
    values = (200 + 90 * np.sin(j / 5) + 60 * np.cos(i / 4) + 8 * k + rng.normal(0, 5, k.shape)).astype(np.float32)
    reference = tilted(-3.0, (18, 70, 66), (6.5, 1.6, 1.7))
    middle = tuple(float(v) for v in reference.affine.to_mm((9, 36, 31)))
    plane = Plane(9, middle, 56.0)
    where, count = sampling_of(reference, plane, CUT)
    cut = Cut(size=count, gamma=1.0)  # as many pixels as samples: nothing is enlarged
    image, inside = crop(Source(source_grid, lambda n: values[n], 100.0, 500.0), where, count, cut)
    expected = resampled_by_simpleitk(sitk, values, source_grid, where, count)
    assert inside == 1.0
    assert np.abs(image - np.clip((expected - 100) / 400, 0, 1)).max() < 2e-4  # float32 and its order of sums


def resampled_by_simpleitk(sitk, values, grid: Grid, where: Affine, count: int):
    def placed(image, affine: Affine):
        lengths = np.linalg.norm(affine.matrix[:3, :3], axis=0)
        image.SetSpacing([float(v) for v in lengths])
        image.SetDirection((affine.matrix[:3, :3] / lengths).ravel().tolist())
        image.SetOrigin(affine.matrix[:3, 3].tolist())
        return image

    normal = np.array(where.matrix)
    normal[:3, 2] = np.cross(normal[:3, 0], normal[:3, 1])  # a patch is flat: SimpleITK wants an orthogonal frame
    target = placed(sitk.GetImageFromArray(np.zeros((1, count, count), dtype=np.float32)), Affine(normal))
    source = placed(sitk.GetImageFromArray(values), grid.affine)
    return sitk.GetArrayFromImage(sitk.Resample(source, target, sitk.Transform(), sitk.sitkLinear, 0.0))[0]


def test_only_the_slices_a_square_lies_between_are_asked_for() -> None:
    asked: list[int] = []
    source = grid_of((40, 60, 60), (3.0, 2.0, 2.0))

    def slice_values(k: int):
        asked.append(k)
        return np.full((60, 60), 10.0 * k, dtype=np.float32)

    where, count = sampling_of(grid_of(), Plane(7, (0.0, 0.0, 43.0), 28.0), CUT)
    image, _ = crop(Source(source, slice_values, 0.0, 400.0), where, count, Cut(size=count, gamma=1.0))
    assert asked == [14] == list(slices_needed(source, where, count))
    assert image == pytest.approx(140 / 400)


def test_what_lies_outside_a_series_is_black_and_counted() -> None:
    where, count = sampling_of(grid_of(), Plane(7, (60.0, 0.0, 42.0), 56.0), CUT)
    values = np.full((60, 60), 300.0, dtype=np.float32)
    image, inside = crop(Source(grid_of(), lambda k: values, 0.0, 400.0), where, count, Cut(size=count, gamma=1.0))
    assert inside == pytest.approx(0.49, abs=0.03)
    assert image[:, 0] == pytest.approx(0.75)
    assert not image[:, -1].any()
    beyond = grid_of(corner=(-60.0, -60.0, 500.0))
    image, inside = crop(Source(beyond, lambda k: values, 0.0, 400.0), where, count, CUT)
    assert inside == 0.0
    assert image.shape == (107, 107)
    assert not image.any()


def test_dark_values_are_drawn_apart() -> None:
    where, count = sampling_of(grid_of(), Plane(7, (0.0, 0.0, 42.0), 28.0), CUT)
    values = np.full((60, 60), 4.0, dtype=np.float32)
    image, _ = crop(Source(grid_of(), lambda k: values, 0.0, 100.0), where, count, CUT)
    assert image == pytest.approx(0.2)
