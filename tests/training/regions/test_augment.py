"""Augmentation: where a dot ends up, against a loop-free twin in scipy, and what stays as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from overread.training.regions.augment import affine_moves, augmented, moved, seen
from overread.training.regions.recipe import Augmentation, ClassifierRecipe, classifier_recipe

SIZE = 32
CORNERS = [(2, 2), (2, 29), (29, 2), (29, 29)]


def _dot(row: int, column: int, rows: int = SIZE, columns: int = SIZE) -> torch.Tensor:
    image = torch.zeros(1, 1, rows, columns)
    image[0, 0, row, column] = 1
    return image


def _place(image: torch.Tensor) -> tuple[int, int]:
    row, column = np.unravel_index(int(image[0, 0].argmax()), image.shape[-2:])
    return int(row), int(column)


def _recipe(**changes: object) -> ClassifierRecipe:
    return classifier_recipe({"seed": 1, "batch": 2, "steps": 1, "learning_rate": 0.1, **changes}, "test")


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def test_nothing_to_do_leaves_every_bit() -> None:
    images = torch.rand(2, 3, SIZE, SIZE, generator=_generator())
    assert torch.equal(seen(images, _recipe()), images)
    assert torch.equal(augmented(images, _recipe(), _generator()), images)


@pytest.mark.parametrize("corner", CORNERS)
def test_moves_of_no_extent_keep_a_dot_in_its_corner(corner: tuple[int, int]) -> None:
    still = affine_moves(Augmentation(), torch.rand(1, 11, generator=_generator()))
    found = moved(_dot(*corner), still, 1.0, (SIZE, SIZE))
    assert torch.allclose(found, _dot(*corner), atol=1e-5)


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("how", ["plain view", "augmented"])
def test_the_middle_share_of_an_image_fills_the_field(corner: tuple[int, int], how: str) -> None:
    row, column = (8 + n // 2 for n in corner)  # the corner of the middle half
    recipe = _recipe(margin=0.5, input_size=SIZE)
    image = _dot(row, column)
    if how == "augmented":
        still = affine_moves(Augmentation(), torch.zeros(1, 11))
        found = moved(image, still, recipe.margin, (SIZE, SIZE))
    else:
        found = seen(image, recipe)
    assert found.shape[-2:] == (SIZE, SIZE)
    assert max(abs(a - b) for a, b in zip(_place(found), corner, strict=True)) <= 1  # two pixels from one


def test_a_flip_mirrors_columns_and_another_rows() -> None:
    for key, wanted in (("flip_horizontal", (2, 31 - 5)), ("flip_vertical", (31 - 2, 5))):
        found = augmented(_dot(2, 5), _recipe(augmentation={key: 1.0}), _generator())
        assert _place(found) == wanted


def test_a_turned_image_is_not_stretched_where_it_is_wider_than_high() -> None:
    moves = torch.full((1, 11), 0.5)
    moves[0, 5] = 1.0  # the whole angle
    turned = affine_moves(Augmentation(rotation_deg=90), moves)
    found = moved(_dot(16, 40, 33, 65), turned, 1.0, (33, 65))
    assert _place(found) in [(16 - 8, 32), (16 + 8, 32)]  # eight pixels from the middle before and after


def test_it_agrees_with_a_resampling_of_scipy() -> None:
    how = Augmentation(rotation_deg=30, scale=0.2, aspect=0.1, shear=0.2, shift=0.1, crop=(0.7, 1.0))
    images = torch.rand(4, 2, 30, 40, generator=_generator())
    matrices = affine_moves(how, torch.rand(4, 11, generator=_generator()))
    found = moved(images, matrices, 0.8, (24, 24)).numpy()
    ends = np.arange(24) * 2 / 24 - 1 + 1 / 24
    y, x = np.meshgrid(ends, ends, indexing="ij")
    for n, matrix in enumerate(matrices.numpy().astype(np.float64)):
        # in pixels from the middle of the stored image, the field being 0.8 of it
        out = np.stack([x * 0.8 * 40 / 2, y * 0.8 * 30 / 2])
        inside = np.einsum("ab,bij->aij", matrix[:, :2], out)
        across = inside[0] + matrix[0, 2] * 0.8 * 40 / 2 + 40 / 2 - 0.5
        down = inside[1] + matrix[1, 2] * 0.8 * 30 / 2 + 30 / 2 - 0.5
        for plane in range(2):
            wanted = ndimage.map_coordinates(images[n, plane].numpy(), [down, across], order=1, mode="reflect")
            assert np.abs(found[n, plane] - wanted).max() < 1e-4  # float32 places


def test_a_window_stays_inside_the_image() -> None:
    matrices = affine_moves(Augmentation(crop=(0.5, 1.0)), torch.rand(200, 11, generator=_generator()))
    reach = matrices[:, :, :2].abs().sum(dim=2) + matrices[:, :, 2].abs()
    assert float(reach.max()) <= 1 + 1e-6
    area = matrices[:, 0, 0] * matrices[:, 1, 1]
    assert 0.5 - 1e-6 <= float(area.min()) < 0.55
    assert 0.95 < float(area.max()) <= 1


def test_each_image_and_plane_changes_by_itself_and_stays_in_range() -> None:
    images = torch.full((2, 2, 8, 8), 0.5)
    found = augmented(images, _recipe(augmentation={"gain": 0.2, "gamma": 0.3}), _generator())
    levels = {round(float(v), 6) for v in found.flatten()}
    assert len(levels) == 4
    noisy = augmented(torch.ones(1, 1, 8, 8), _recipe(augmentation={"noise": 0.2, "gain": 0.5}), _generator())
    assert 0 <= float(noisy.min()) < float(noisy.max()) <= 1


def test_the_rotation_is_spread_over_the_whole_range() -> None:
    matrices = affine_moves(Augmentation(rotation_deg=40), torch.rand(500, 11, generator=_generator()))
    angles = torch.rad2deg(torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert -40 <= float(angles.min()) < -38
    assert 38 < float(angles.max()) <= 40
    assert math.isclose(float(angles.std()), 80 / math.sqrt(12), rel_tol=0.1)
