"""Inception-ResNet V2 (Szegedy 2017) under timm's names: 54,311,075 parameters with three planes and three classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from overread.engines.backbones.head import Answer, as_the_weights, classified, joined, start_as_he
from overread.engines.backbones.width import scaled

EPSILON = 1e-3
SMALL_BLOCKS, MIDDLE_BLOCKS, LARGE_BLOCKS = 10, 20, 9
SMALL_SCALE, MIDDLE_SCALE, LARGE_SCALE = 0.17, 0.10, 0.20
SMALLEST_PX = 75
"""Below this an image does not survive the five halvings, none of which pads."""
_Kernel = int | tuple[int, int]
_Scale = Callable[[int], int]


class ConvNorm(nn.Module):
    """Convolution, batch norm, ReLU."""

    FOLDS: ClassVar = (("conv", "bn"),)

    def __init__(self, channels: int, out: int, kernel: _Kernel, stride: int = 1, padding: _Kernel = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        return torch.relu(self.bn(self.conv(x)))


class Branches(nn.Module):
    """Several ways through the same maps, ``branch0`` and so on, their results side by side."""

    def __init__(self, *ways: nn.Module) -> None:
        super().__init__()
        self._count = len(ways)
        for n, way in enumerate(ways):
            self.add_module(f"branch{n}", way)

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        return joined([self.get_submodule(f"branch{n}")(x) for n in range(self._count)])


class Residual(Branches):
    """Branches, a 1 x 1 convolution back, scaled, added."""

    def __init__(self, *ways: nn.Module, inner: int, channels: int, scale: float, is_last: bool = False) -> None:
        super().__init__(*ways)
        self.conv2d = nn.Conv2d(inner, channels, 1)
        self.scale, self.is_last = scale, is_last

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        total = x + self.scale * self.conv2d(super().forward(x))
        return total if self.is_last else torch.relu(total)


class InceptionResNetV2(nn.Module):
    """The network; images from 75 x 75, 299 x 299 in the paper.

    Parameters
    ----------
    width
        Factor on every channel count.
    in_channels
        Planes of an image.
    classes
        Logits.
    """

    def __init__(self, width: float = 1.0, in_channels: int = 3, classes: int = 3) -> None:
        super().__init__()
        s = partial(scaled, width=width)
        self.conv2d_1a = ConvNorm(in_channels, s(32), 3, 2)
        self.conv2d_2a = ConvNorm(s(32), s(32), 3)
        self.conv2d_2b = ConvNorm(s(32), s(64), 3, padding=1)
        self.maxpool_3a = nn.MaxPool2d(3, 2)
        self.conv2d_3b = ConvNorm(s(64), s(80), 1)
        self.conv2d_4a = ConvNorm(s(80), s(192), 3)
        self.maxpool_5a = nn.MaxPool2d(3, 2)
        self.mixed_5b = _first_mix(s)
        small = s(96) + s(64) + s(96) + s(64)
        self.repeat = nn.Sequential(*(_small(s, small) for _ in range(SMALL_BLOCKS)))
        self.mixed_6a = Branches(
            ConvNorm(small, s(384), 3, 2),
            nn.Sequential(
                ConvNorm(small, s(256), 1), ConvNorm(s(256), s(256), 3, 1, 1), ConvNorm(s(256), s(384), 3, 2)
            ),
            nn.MaxPool2d(3, 2),
        )
        middle = small + 2 * s(384)
        self.repeat_1 = nn.Sequential(*(_middle(s, middle) for _ in range(MIDDLE_BLOCKS)))
        self.mixed_7a = Branches(
            nn.Sequential(ConvNorm(middle, s(256), 1), ConvNorm(s(256), s(384), 3, 2)),
            nn.Sequential(ConvNorm(middle, s(256), 1), ConvNorm(s(256), s(288), 3, 2)),
            nn.Sequential(
                ConvNorm(middle, s(256), 1), ConvNorm(s(256), s(288), 3, 1, 1), ConvNorm(s(288), s(320), 3, 2)
            ),
            nn.MaxPool2d(3, 2),
        )
        large = middle + s(384) + s(288) + s(320)
        self.repeat_2 = nn.Sequential(*(_large(s, large, LARGE_SCALE) for _ in range(LARGE_BLOCKS)))
        self.block8 = _large(s, large, 1.0, is_last=True)
        self.conv2d_7b = ConvNorm(large, s(1536), 1)
        self.classif = nn.Linear(s(1536), classes)
        start_as_he(self, "fan_in")

    def cells(self, image: Tensor) -> Tensor:
        """The last maps (n, 1536 x width, rows, columns) of images (n, planes, rows, columns): 8 x 8 of 299 x 299."""
        x = self.conv2d_2b(self.conv2d_2a(self.conv2d_1a(as_the_weights(image, self.conv2d_1a.conv))))
        x = self.conv2d_4a(self.conv2d_3b(self.maxpool_3a(x)))
        x = self.repeat(self.mixed_5b(self.maxpool_5a(x)))
        x = self.repeat_1(self.mixed_6a(x))
        x = self.block8(self.repeat_2(self.mixed_7a(x)))
        last: Tensor = self.conv2d_7b(x)
        return last

    def forward(self, image: Tensor) -> Answer:
        """Logits, class maps and features of images (n, planes, rows, columns)."""
        return classified(self.cells(image), self.classif)


def _first_mix(s: _Scale) -> Branches:
    return Branches(
        ConvNorm(s(192), s(96), 1),
        nn.Sequential(ConvNorm(s(192), s(48), 1), ConvNorm(s(48), s(64), 5, padding=2)),
        nn.Sequential(ConvNorm(s(192), s(64), 1), ConvNorm(s(64), s(96), 3, 1, 1), ConvNorm(s(96), s(96), 3, 1, 1)),
        nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), ConvNorm(s(192), s(64), 1)),
    )


def _small(s: _Scale, channels: int) -> Residual:
    return Residual(
        ConvNorm(channels, s(32), 1),
        nn.Sequential(ConvNorm(channels, s(32), 1), ConvNorm(s(32), s(32), 3, 1, 1)),
        nn.Sequential(ConvNorm(channels, s(32), 1), ConvNorm(s(32), s(48), 3, 1, 1), ConvNorm(s(48), s(64), 3, 1, 1)),
        inner=2 * s(32) + s(64), channels=channels, scale=SMALL_SCALE,
    )  # fmt: skip


def _middle(s: _Scale, channels: int) -> Residual:
    return Residual(
        ConvNorm(channels, s(192), 1),
        nn.Sequential(
            ConvNorm(channels, s(128), 1),
            ConvNorm(s(128), s(160), (1, 7), padding=(0, 3)),
            ConvNorm(s(160), s(192), (7, 1), padding=(3, 0)),
        ),
        inner=2 * s(192), channels=channels, scale=MIDDLE_SCALE,
    )  # fmt: skip


def _large(s: _Scale, channels: int, scale: float, is_last: bool = False) -> Residual:
    return Residual(
        ConvNorm(channels, s(192), 1),
        nn.Sequential(
            ConvNorm(channels, s(192), 1),
            ConvNorm(s(192), s(224), (1, 3), padding=(0, 1)),
            ConvNorm(s(224), s(256), (3, 1), padding=(1, 0)),
        ),
        inner=s(192) + s(256), channels=channels, scale=scale, is_last=is_last,
    )  # fmt: skip
