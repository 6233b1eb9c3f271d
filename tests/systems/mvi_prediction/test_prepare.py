"""The square that the network sees, against Pillow and a loop; the measured difference, against a drawn one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from overread.core.geometry import Affine, Grid
from overread.core.region import Circle
from overread.systems.mvi_prediction.prepare import Preparation
from overread.systems.mvi_prediction.signs import tumour_liver_difference

SPACING = 0.75


def flat_grid(rows: int = 200, columns: int = 220, mirrored: bool = False) -> Grid:
    """One axial slice of 0.75 mm pixels; ``mirrored``: rows run to the front, columns to the right."""
    step = -SPACING if mirrored else SPACING
    matrix = np.diag([step, step, 5.0, 1.0])
    matrix[:3, 3] = (80.0, 70.0, 12.0) if mirrored else (-80.0, -70.0, 12.0)
    return Grid((1, rows, columns), Affine(matrix))


def blobs(rows: int = 200, columns: int = 220) -> np.ndarray:
    """Smooth HU from -30 to 170."""
    j, i = np.mgrid[:rows, :columns]
    return (70 + 60 * np.sin(j / 9) * np.cos(i / 13) + 40 * np.cos((i + j) / 31)).astype(np.float32)


def test_level_70_and_width_200_become_grey_0_to_255() -> None:
    values = np.array([[-500.0, -30.0, 20.0, 70.0, 170.0, 900.0, np.nan]], dtype=np.float32)
    assert Preparation().grey(values).tolist() == [[0, 0, 64, 128, 255, 255, 0]]


@pytest.mark.parametrize("margin", [0.5, 0.8, 1.0])
def test_the_square_is_pillow_s_bicubic_of_the_same_box(margin: float) -> None:
    grid, size = flat_grid(), 256
    preparation = Preparation(margin=margin, size=size)
    index = (101.25, 98.75)
    x, y, z = grid.affine.to_mm((0, *index)).tolist()
    circle = Circle((x, y, z), 31.5)
    grey = preparation.grey(blobs())
    found = preparation.image(grey, grid, circle)
    reach = 31.5 * margin / SPACING
    box = (index[1] + 0.5 - reach, index[0] + 0.5 - reach, index[1] + 0.5 + reach, index[0] + 0.5 + reach)
    expected = np.asarray(
        Image.fromarray(grey.astype(np.float32)).resize((size, size), Image.Resampling.BICUBIC, box), dtype=np.float32
    )
    assert found.shape == (3, size, size)
    np.testing.assert_allclose(found[0][4:-4, 4:-4] * 255, np.clip(expected, 0, 255)[4:-4, 4:-4], atol=0.05)
    assert (found[0] == found[2]).all()


def test_a_mirrored_slice_gives_the_same_upright_square() -> None:
    upright, mirrored = flat_grid(), flat_grid(mirrored=True)
    preparation = Preparation(size=64)
    grey = preparation.grey(blobs())
    x, y, z = upright.affine.to_mm((0, 100, 90)).tolist()
    shown = preparation.image(grey, upright, Circle((x, y, z), 25.0))
    turned = grey[::-1, ::-1]
    matrix = mirrored.affine.matrix.copy()
    matrix[:3, 3] = upright.affine.to_mm((0, 199, 219))
    again = preparation.image(turned, Grid((1, 200, 220), Affine(matrix)), Circle((x, y, z), 25.0))
    np.testing.assert_allclose(again, shown, atol=1e-6)


def test_what_lies_outside_the_slice_is_black() -> None:
    grid = flat_grid()
    corner = grid.affine.to_mm((0, 0, 0)).tolist()
    image = Preparation(margin=1.0, size=64).image(
        np.full((200, 220), 255, dtype=np.uint8), grid, Circle((corner[0], corner[1], corner[2]), 20.0)
    )
    assert image[0, :31].max() == 0
    assert image[0, 33:, 33:].min() == 1


def test_the_difference_is_that_of_tumour_and_ring() -> None:
    grid = flat_grid()
    rng = np.random.default_rng(4)
    x, y, z = grid.affine.to_mm((0, 100, 110)).tolist()
    j, i = np.mgrid[:200, :220]
    away = np.hypot(j - 100, i - 110) * SPACING
    values = np.where(away < 20, 105.0, 70.0) + rng.normal(0, 8, (200, 220))
    values[away > 28] = -100  # fat beyond
    found = tumour_liver_difference(values.astype(np.float32), grid, 0, Circle((x, y, z), 30.0), 10.0)
    assert found is not None
    assert found.difference_hu == pytest.approx(35, abs=1.5)
    assert found.noise_hu == pytest.approx(8, abs=1.5)


def test_a_circle_without_a_ring_measures_nothing() -> None:
    grid = flat_grid()
    x, y, z = grid.affine.to_mm((0, 100, 110)).tolist()
    assert tumour_liver_difference(blobs(), grid, 0, Circle((x, y, z), 30.0), 0.0) is None
