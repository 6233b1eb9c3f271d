"""Batches as the network takes them: cut by the sampler, moved and changed by the augmentation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overread.training.augment import move_as_kim, scan_again, turn
from overread.training.recipe import WHOLE_PX, LoopRecipe
from overread.training.sampling import Sampler


def as_input(images: NDArray[np.uint8]) -> Tensor:
    """Images uint8 (n, h, w) as a tensor (n, 1, h, w), 0..1."""
    return torch.from_numpy(np.array(images, dtype=np.float32)).div_(255)[:, None]


def three_channels(x: Tensor) -> Tensor:
    """The grey slice three times, channels last."""
    return x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def draw_batch(
    sampler: Sampler, loop: LoopRecipe, is_whole: bool, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Images (n, 1, size, size), lesion masks likewise, pixel areas (n,), moved together.

    With ``shuffled_labels`` the masks, and so the labels, are those of another batch in another order. Shuffled
    within the batch, one slice in n would keep its own mask, and from that alone a control learned to find lesions.
    """
    size = WHOLE_PX if is_whole else loop.crop_px

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        batch = sampler.wholes(loop.whole_batch) if is_whole else sampler.crops(loop.crop_batch, loop.crop_px)
        images, lesions = as_input(batch.images), torch.from_numpy(batch.lesions).float()[:, None]
        pixel_mm2 = torch.from_numpy(batch.pixel_mm2).float()
        if loop.augmentation == "kim":
            return *move_as_kim(images, lesions, size, random, loop.move_negatives), pixel_mm2
        return *turn(images, lesions, size, random), pixel_mm2

    images, masks, pixel_mm2 = draw()
    if loop.shuffled_labels:
        _, masks, pixel_mm2 = draw()
        order = torch.randperm(masks.shape[0], generator=random)
        masks, pixel_mm2 = masks[order], pixel_mm2[order]
    return images, masks, pixel_mm2


def network_input(images: Tensor, loop: LoopRecipe, random: torch.Generator) -> Tensor:
    """Images (n, 1, s, s) as the network gets them: from another scanner where the recipe says so, three channels."""
    return three_channels(scan_again(images, random) if loop.augmentation == "scanner" else images)
