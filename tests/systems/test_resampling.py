"""Patches and volumes on other pixels: what lies where, whichever way the slice is stored."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.systems.region_maps import PatchMap, laid_together
from overread.systems.resampling import onto_grid, patch, patch_affine

CENTRE = (12.0, -7.0, 40.0)


def _grid(columns_run: tuple[float, float], shape: tuple[int, int, int] = (5, 90, 110)) -> Grid:
    """An axial grid whose columns run along x or y, one way or the other."""
    x, y = columns_run
    matrix = np.eye(4)
    matrix[:3, 0] = 0.9 * x, 0.9 * y, 0
    matrix[:3, 1] = (0, 1.3 * np.sign(x + y), 0) if x else (1.3 * np.sign(x + y), 0, 0)
    matrix[:3, 2] = 0, 0, 4.0
    middle = matrix[:3, :3] @ (np.array([shape[2], shape[1], shape[0]]) / 2)
    matrix[:3, 3] = np.array(CENTRE) - middle
    return Grid(shape, Affine(matrix))


def _ramp(mm: NDArray[np.float64]) -> NDArray[np.float64]:
    return mm[..., 0] + 3 * mm[..., 1] + 7 * mm[..., 2]


def _filled(grid: Grid) -> NDArray[np.float32]:
    k, j, i = np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij")
    return _ramp(grid.affine.to_mm(np.stack([k, j, i], axis=-1))).astype(np.float32)


@pytest.mark.parametrize("columns_run", [(1, 0), (-1, 0), (0, 1), (0, -1)])
@pytest.mark.parametrize("size", [20, 77])
def test_a_patch_of_a_ramp_shows_the_ramp_at_its_own_places(columns_run: tuple[float, float], size: int) -> None:
    grid = _grid(columns_run)
    found = patch(_filled(grid)[2], grid, CENTRE, 41.0, size)
    affine = patch_affine(grid, 2, CENTRE, 41.0, size)
    j, i = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    wanted = _ramp(affine.to_mm(np.stack([np.zeros_like(j), j, i], axis=-1)))
    np.testing.assert_allclose(found, wanted, atol=1e-2 if size == 77 else 0.5)  # means of whole voxels when shrinking
    assert affine.direction("i")[0] == pytest.approx(1)
    assert affine.direction("j")[1] == pytest.approx(1)


def test_a_patch_beyond_the_slice_is_padded_with_zero() -> None:
    grid = _grid((1, 0))
    ones = np.ones(grid.shape[1:], dtype=np.float32)
    edge = tuple(grid.affine.to_mm([(2, 45, 0)])[0].tolist())
    found = patch(ones, grid, edge, 30.0, 30)
    assert not found[:, :14].any()
    np.testing.assert_allclose(found[:, 16:], 1, atol=1e-5)


def test_a_ramp_is_the_same_ramp_on_another_grid_and_nothing_lies_outside() -> None:
    source, target = _grid((1, 0)), _grid((0, -1), (9, 30, 40))
    found = onto_grid(_filled(source), source, target, outside=-1000)
    wanted = _filled(target)
    inside = np.array([source.contains(p) for p in target.affine.to_mm([(0, 15, 20), (4, 15, 20), (8, 29, 39)])])
    np.testing.assert_array_equal(inside, [found[0, 15, 20] > -999, found[4, 15, 20] > -999, found[8, 29, 39] > -999])
    kept = found > -999
    edge = 0.5 * (0.9 + 3 * 1.3 + 7 * 4)  # in the outer half voxel the outermost value goes on
    assert np.abs(found - wanted)[kept].max() <= edge
    np.testing.assert_allclose(found[4, 10:20, 15:25], wanted[4, 10:20, 15:25], rtol=1e-4, atol=1e-2)


def test_the_map_of_a_patch_lies_where_the_patch_was_cut() -> None:
    grid = _grid((-1, 0))
    activation = np.zeros((8, 8), dtype=np.float32)
    activation[1, 6] = 5
    heatmap = laid_together([PatchMap(3, CENTRE, 40.0, activation)], grid, "v", 5.0)
    hot = np.unravel_index(np.argmax(heatmap.on_grid(grid)), grid.shape)
    place = grid.affine.to_mm([hot])[0]
    assert hot[0] == 3
    np.testing.assert_allclose(place[:2], [CENTRE[0] + 12.5, CENTRE[1] - 12.5], atol=1.0)


def test_overlapping_patches_keep_the_larger_activation() -> None:
    grid = _grid((1, 0))
    low, high = np.full((4, 4), 1, np.float32), np.full((4, 4), 3, np.float32)
    heatmap = laid_together([PatchMap(1, CENTRE, 40.0, high), PatchMap(1, CENTRE, 40.0, low)], grid, "v", 1.0)
    assert heatmap.values.max() == 3
    assert heatmap.values[1].min() == 3
    assert not heatmap.values[0].any()


@pytest.mark.parametrize("degrees", [-20, -3, 10, 80, 95, 170])
def test_the_map_of_a_patch_follows_slices_that_lie_turned_in_the_patient(degrees: float) -> None:
    """A head or a belly is seldom straight in the coil: rows turned by 10 degrees put a map 46 mm off once."""
    turn = np.eye(4)
    turn[:2, :2] = [
        [np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))],
        [np.sin(np.radians(degrees)), np.cos(np.radians(degrees))],
    ]
    grid = Grid((5, 300, 320), Affine(turn @ np.diag([0.8, 0.8, 5.0, 1.0])))
    lesion = (2, 250, 90)
    values = np.zeros(grid.shape[1:], dtype=np.float32)
    values[248:253, 88:93] = 1
    centre = tuple(grid.affine.to_mm([(2, 240, 100)])[0].tolist())
    seen = patch(values, grid, centre, 60.0, 60)
    heatmap = laid_together([PatchMap(2, centre, 60.0, seen)], grid, "v", 1.0)
    shown = np.argwhere(heatmap.on_slice(grid, 2) > 0.5).mean(axis=0)
    np.testing.assert_allclose(shown, lesion[1:], atol=1.0)
