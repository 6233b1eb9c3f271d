"""Turning, shifting, zooming, and the scanner's whims, on whole batches: image and mask always move together.

References
----------
Kim 2020 (SEEDS 1.3): rotation within 90 degrees, shift 1-10 px, zoom 0.8-1.2, shift and zoom: ``move_as_kim``. Our own,
``turn``, keeps the rotation within 12 degrees, for a body lies on its back; neither mirrors, for the liver has a side
[A: augment].
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
KIM_ROTATION_DEG = 90.0
KIM_SHIFT_PX = (1, 10)
KIM_ZOOM = (0.8, 1.2)
KIM_KINDS = ("as it is", "turned", "turned", "shifted", "shifted", "zoomed", "zoomed", "shifted and zoomed")
"""A positive slice and its seven additions; how the seven divide among the four kinds is ours [A: augment.kim]."""


def turn(images: Tensor, masks: Tensor, size: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images and masks (n, 1, s, s), together rotated, shifted and zoomed, cut to their central ``size`` pixels."""
    count, source = images.shape[0], images.shape[-1]
    angle = _uniform(count, -ROTATION_DEG, ROTATION_DEG, random) * math.pi / 180
    zoom = torch.exp(_uniform(count, math.log(ZOOM[0]), math.log(ZOOM[1]), random))
    share = size / source / zoom
    theta = _linear(angle, share)
    theta[:, 0, 2] = _uniform(count, -SHIFT, SHIFT, random) * size / source * 2
    theta[:, 1, 2] = _uniform(count, -SHIFT, SHIFT, random) * size / source * 2
    return _sampled(images, masks, theta, size)


def move_as_kim(
    images: Tensor, masks: Tensor, size: int, random: torch.Generator, with_negatives: bool = False
) -> tuple[Tensor, Tensor]:
    """Images and masks (n, 1, s, s) as the paper's set of positives holds them, cut to their central ``size`` pixels.

    Each becomes one of ``KIM_KINDS``. Without ``with_negatives`` an image without lesion stays as it is, as in the
    paper; how a slice lies then tells something of its class.
    """
    count = images.shape[0]
    kind = torch.randint(len(KIM_KINDS), (count,), generator=random)
    angle = _uniform(count, -KIM_ROTATION_DEG, KIM_ROTATION_DEG, random) * math.pi / 180
    zoom = _uniform(count, *KIM_ZOOM, random)
    step = torch.randint(KIM_SHIFT_PX[0], KIM_SHIFT_PX[1] + 1, (count,), generator=random)
    way = torch.randint(8, (count,), generator=random) * math.pi / 4
    moves = [KIM_KINDS[int(n)] for n in kind]
    if not with_negatives:
        is_positive = masks.flatten(1).sum(dim=1) > 0
        moves = [move if positive else KIM_KINDS[0] for move, positive in zip(moves, is_positive, strict=True)]
    turned, zoomed, shifted = (
        torch.tensor([word in move for move in moves], dtype=torch.float32) for word in ("turned", "zoomed", "shifted")
    )
    along = torch.stack((torch.cos(way), torch.sin(way))).round() * step * shifted
    return moved(images, masks, size, angle * turned, 1 + (zoom - 1) * zoomed, along)


def moved(
    images: Tensor, masks: Tensor, size: int, angle: Tensor, zoom: Tensor, along: Tensor
) -> tuple[Tensor, Tensor]:
    """Images and masks turned by ``angle`` (n,) radians, enlarged by ``zoom`` (n,), then shifted by ``along`` (2, n).

    Angles run from the column axis towards the row axis; ``along`` is pixels to the right and down. Cut to the
    central ``size`` pixels; what comes from outside is 0.
    """
    source = images.shape[-1]
    theta = _linear(-angle, size / source / zoom)
    columns, rows = along * 2 / size
    theta[:, 0, 2] = -(theta[:, 0, 0] * columns + theta[:, 0, 1] * rows)
    theta[:, 1, 2] = -(theta[:, 1, 0] * columns + theta[:, 1, 1] * rows)
    return _sampled(images, masks, theta, size)


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


def _linear(angle: Tensor, share: Tensor) -> Tensor:
    """Matrices (n, 2, 3) from the output's coordinates to the input's, no shift yet."""
    theta = torch.zeros(angle.shape[0], 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = share * torch.cos(angle), -share * torch.sin(angle)
    theta[:, 1, 0], theta[:, 1, 1] = share * torch.sin(angle), share * torch.cos(angle)
    return theta


def _sampled(images: Tensor, masks: Tensor, theta: Tensor, size: int) -> tuple[Tensor, Tensor]:
    grid = functional.affine_grid(theta, [images.shape[0], 1, size, size], align_corners=False)
    return (
        functional.grid_sample(images, grid, mode="bilinear", align_corners=False),
        functional.grid_sample(masks, grid, mode="nearest", align_corners=False),
    )


def _uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=random)
