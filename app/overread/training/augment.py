"""Turning, shifting, zooming, and the scanner's whims, on whole batches.

References
----------
Kim 2020 (SEEDS 1.3): rotation, shift, zoom 0.8-1.2. Rotation is kept within 12 degrees and nothing is mirrored: a
body lies on its back and the liver has a side [A: augment].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

ROTATION_DEG = 12.0
SHIFT = 0.08
ZOOM = (0.85, 1.18)
GAMMA = 0.35
BIAS = 0.14
GAIN = (0.8, 1.15)
NOISE = 0.07
BLUR_SHARE = 0.5


def turn(images: Tensor, masks: Tensor, size: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images and masks (n, 1, s, s), together rotated, shifted and zoomed, cut to their central ``size`` pixels."""
    count, source = images.shape[0], images.shape[-1]
    angle = _uniform(count, -ROTATION_DEG, ROTATION_DEG, random) * math.pi / 180
    zoom = torch.exp(_uniform(count, math.log(ZOOM[0]), math.log(ZOOM[1]), random))
    share = size / source / zoom
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = share * torch.cos(angle), -share * torch.sin(angle)
    theta[:, 1, 0], theta[:, 1, 1] = share * torch.sin(angle), share * torch.cos(angle)
    theta[:, 0, 2] = _uniform(count, -SHIFT, SHIFT, random) * size / source * 2
    theta[:, 1, 2] = _uniform(count, -SHIFT, SHIFT, random) * size / source * 2
    grid = functional.affine_grid(theta, [count, 1, size, size], align_corners=False)
    return (
        functional.grid_sample(images, grid, mode="bilinear", align_corners=False),
        functional.grid_sample(masks, grid, mode="nearest", align_corners=False),
    )


def scan_again(images: Tensor, random: torch.Generator) -> Tensor:
    """The same anatomy from another scanner: gamma, bias field, gain, blur, noise. Values stay in 0..1."""
    count, size = images.shape[0], images.shape[-1]
    gamma = torch.exp(_uniform(count, -GAMMA, GAMMA, random)).view(-1, 1, 1, 1)
    gain = _uniform(count, *GAIN, random).view(-1, 1, 1, 1)
    coarse = 1 + BIAS * torch.randn(count, 1, 3, 3, generator=random)
    field = functional.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)
    changed = images.clamp(0, 1) ** gamma * gain * field
    smooth = functional.avg_pool2d(functional.pad(changed, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = _uniform(count, 0, 1, random)
    is_blurred = (torch.rand(count, generator=random) < BLUR_SHARE).float()
    weight = (share * is_blurred).view(-1, 1, 1, 1)
    changed = changed * (1 - weight) + smooth * weight
    level = (NOISE * torch.rand(count, generator=random) ** 2).view(-1, 1, 1, 1)
    return (changed + level * torch.randn(changed.shape, generator=random)).clamp(0, 1)


def _uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=random)
