"""Image and mask move together, as a slow and obvious computation has it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from overread.training.augment import KIM_KINDS, move_as_kim, moved, scan_again, turn


def _slow(image: NDArray[np.float64], angle: float, zoom: float, along: tuple[int, int]) -> NDArray[np.float64]:
    """Turned about its centre, enlarged, then shifted: every output pixel asks where it came from."""
    size = len(image)
    out = np.zeros_like(image)
    centre = (size - 1) / 2
    for row in range(size):
        for column in range(size):
            x, y = column - centre - along[0], row - centre - along[1]
            x, y = x / zoom, y / zoom
            x, y = math.cos(-angle) * x - math.sin(-angle) * y, math.sin(-angle) * x + math.cos(-angle) * y
            x, y = x + centre, y + centre
            left, top = math.floor(x), math.floor(y)
            for r, c in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                if 0 <= r < size and 0 <= c < size:
                    out[row, column] += image[r, c] * (1 - abs(y - r)) * (1 - abs(x - c))
    return out


@pytest.mark.parametrize(
    ("degrees", "zoom", "along"), [(0, 1.0, (7, -3)), (90, 1.0, (0, 0)), (37, 1.2, (4, 10)), (-90, 0.8, (-9, 2))]
)
def test_moving_agrees_with_the_slow_way(degrees: float, zoom: float, along: tuple[int, int]) -> None:
    image = np.random.default_rng(3).random((32, 32))
    tensor = torch.from_numpy(image).float()[None, None]
    angle = torch.tensor([math.radians(degrees)])
    found, _ = moved(tensor, tensor, 32, angle, torch.tensor([zoom]), torch.tensor([[along[0]], [along[1]]]).float())
    assert np.abs(found[0, 0].numpy() - _slow(image, math.radians(degrees), zoom, along)).max() < 1e-4  # float32


def test_a_whole_number_of_pixels_is_shifted_without_a_trace() -> None:
    image = torch.rand(1, 1, 40, 40)
    along = torch.tensor([[6.0], [-4.0]])
    found, mask = moved(image, (image > 0.5).float(), 40, torch.zeros(1), torch.ones(1), along)
    assert torch.allclose(found[0, 0, :36, 6:], image[0, 0, 4:, :34], atol=1e-5)
    assert torch.equal(mask[0, 0, :36, 6:], (image[0, 0, 4:, :34] > 0.5).float())
    assert not found[0, 0, :, :6].any()


@pytest.mark.parametrize("way", [move_as_kim, turn])
def test_the_mask_stays_on_the_lesion(way: object) -> None:
    images = torch.zeros(64, 1, 96, 96)
    rng = np.random.default_rng(1)
    for n in range(64):
        row, column = rng.integers(34, 60, 2)
        images[n, 0, row - 8 : row + 8, column - 6 : column + 6] = 1
    found, masks = way(images, images.clone(), 96, torch.Generator().manual_seed(0))  # type: ignore[operator]
    lit = found > 0.5
    overlap = (lit & (masks > 0.5)).flatten(1).sum(1) / (lit | (masks > 0.5)).flatten(1).sum(1)
    assert overlap.min() > 0.85  # nearest against linear: they differ at the edge alone
    assert (found - images).abs().flatten(1).amax(dim=1).gt(0.5).float().mean() > 0.7  # and most have moved


def test_kims_way_makes_the_seven_additions_and_leaves_negatives_alone() -> None:
    assert len(KIM_KINDS) == 8
    images = torch.rand(32, 1, 48, 48)
    masks = torch.zeros(32, 1, 48, 48)
    masks[::2, 0, 20:28, 20:28] = 1
    found, _ = move_as_kim(images, masks, 48, torch.Generator().manual_seed(5))
    same = [bool(torch.allclose(a, b, atol=1e-4)) for a, b in zip(found, images, strict=True)]
    assert all(same[1::2])
    assert 0 < sum(same[::2]) < 8  # one in eight of sixteen stays as it is
    found, _ = move_as_kim(images, masks, 48, torch.Generator().manual_seed(5), with_negatives=True)
    assert sum(bool(torch.allclose(a, b, atol=1e-4)) for a, b in zip(found, images, strict=True)) < 16


def test_another_scanner_keeps_values_within_bounds_and_the_same_seed_the_same_picture() -> None:
    images = torch.rand(4, 1, 32, 32)
    one, other = (scan_again(images, torch.Generator().manual_seed(9)) for _ in range(2))
    assert torch.equal(one, other)
    assert one.min() >= 0
    assert one.max() <= 1
    assert not torch.allclose(one, images)
