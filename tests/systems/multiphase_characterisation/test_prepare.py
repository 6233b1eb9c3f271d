"""The five series on T2's slices, against SimpleITK's resampling in patient space."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.systems.multiphase_characterisation.prepare import (
    GAMMA,
    Series,
    common_plan,
    plane,
    slice_grid,
    stack_of,
)
from overread.systems.resampling import crossed


def turned(angle: float, spacing: tuple[float, float, float], corner: tuple[float, float, float]) -> Affine:
    """An axial affine turned round x by some degrees; spacing along i, j, k."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) * np.array(spacing)
    matrix[:3, 3] = corner
    return Affine(matrix)


T2 = Grid((9, 60, 72), turned(0, (2.0, 2.0, 7.0), (-70, -60, -20)))
OTHER = Grid((30, 64, 64), turned(4, (2.4, 2.4, 3.0), (-80, -75, -30)))


def values_of(grid: Grid, seed: int) -> NDArray[np.float32]:
    """Smooth structure and grain."""
    k, j, i = np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij")
    x, y, z = np.moveaxis(grid.affine.to_mm(np.stack([k, j, i], axis=-1)), -1, 0)
    grain = np.random.default_rng(seed).normal(0, 0.05, grid.shape)
    return (0.5 + 0.2 * np.sin(x / 15) + 0.2 * np.cos(y / 12) + 0.1 * np.sin(z / 9) + grain).astype(np.float32)


def image_of(values: NDArray[np.float32], grid: Grid) -> sitk.Image:
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(grid.affine.spacing_mm[::-1])
    image.SetOrigin(grid.affine.matrix[:3, 3].tolist())
    image.SetDirection(np.stack([grid.affine.direction(a) for a in "ijk"], axis=1).ravel().tolist())
    return image


def test_a_series_on_the_common_grid_is_what_simpleitk_resamples() -> None:
    values = values_of(OTHER, 1)
    _, common = common_plan(T2, 0, 1, 64)
    expected = sitk.GetArrayFromImage(
        sitk.Resample(
            image_of(np.clip(values, 0, 1), OTHER),
            image_of(np.zeros(common.shape, np.float32), common),
            sitk.Transform(),
            sitk.sitkLinear,
            0.0,
        )
    )
    inside = sitk.GetArrayFromImage(
        sitk.Resample(
            image_of(np.ones(OTHER.shape, np.float32), OTHER),
            image_of(np.zeros(common.shape, np.float32), common),
            sitk.Transform(),
            sitk.sitkNearestNeighbor,
            0.0,
        )
    )
    series = Series(values, OTHER, 0.0, 1.0)
    for k in range(common.shape[0]):
        well_inside = (inside[k] > 0) & (expected[k] > 0)
        assert well_inside.mean() > 0.3
        np.testing.assert_allclose(plane(series, common, k)[well_inside], expected[k][well_inside] ** GAMMA, atol=2e-4)


def test_only_crossed_slices_are_looked_at() -> None:
    values = values_of(OTHER, 2)
    _, common = common_plan(T2, 0, 1, 64)
    for k in (0, 4, 8):
        sparse = np.full_like(values, np.nan)
        needed = crossed(OTHER, common, k)
        sparse[needed.start : needed.stop] = values[needed.start : needed.stop]
        np.testing.assert_array_equal(
            plane(Series(sparse, OTHER, 0, 1), common, k), plane(Series(values, OTHER, 0, 1), common, k)
        )


def test_a_slice_that_a_series_does_not_reach_is_dark_and_counted() -> None:
    short = Grid((6, 64, 64), turned(0, (2.4, 2.4, 3.0), (-80, -75, -20)))
    series = {"t2": Series(values_of(T2, 3), T2, 0, 1), "dwi": Series(values_of(short, 4), short, 0, 1)}
    stack = stack_of(series, 64)
    assert stack.uncovered == {"t2": 0, "dwi": 6}
    assert stack.planes[2, 1].max() > 0.3
    assert stack.planes[5, 1].max() == 0
    np.testing.assert_array_equal(stack.channels(2, ("dwi", "t2")), stack.planes[2, [1, 0]])


@pytest.mark.parametrize("flip", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_t2_is_set_upright_whichever_way_it_is_stored(flip: tuple[int, int]) -> None:
    matrix = np.diag([2.0 * flip[0], 2.0 * flip[1], 7.0, 1.0])
    matrix[:3, 3] = -64 * flip[0], -64 * flip[1], 0
    grid = Grid((3, 65, 65), Affine(matrix))
    values = np.zeros(grid.shape, dtype=np.float32)
    values[1][tuple(np.rint(grid.affine.to_index([(-30, -40, 7)])[0, 1:]).astype(int))] = 1
    stack = stack_of({"t2": Series(values, grid, 0, 1)}, 65)
    row, column = np.unravel_index(stack.planes[1, 0].argmax(), (65, 65))
    assert stack.grid.affine.to_mm([(1, row, column)])[0] == pytest.approx([-30, -40, 7])
    assert row < 32
    assert column < 32


def test_a_slice_of_a_grid_lies_where_it_lay() -> None:
    part = slice_grid(OTHER, 7)
    np.testing.assert_allclose(part.affine.to_mm([(0, 3, 5)]), OTHER.affine.to_mm([(7, 3, 5)]))
