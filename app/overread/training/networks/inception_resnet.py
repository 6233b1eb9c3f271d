"""Inception-ResNet V2 (Szegedy 2017) at two classes: 54,309,538 parameters with three channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from overread.training.networks.others import CLASSES, WithoutMap

EPSILON = 1e-3
SMALL_BLOCKS, MIDDLE_BLOCKS, LARGE_BLOCKS = 10, 20, 9
SMALL_SCALE, MIDDLE_SCALE, LARGE_SCALE = 0.17, 0.10, 0.20


class Branches(nn.Module):
    """Several ways through the same maps, their results side by side."""

    def __init__(self, *ways: nn.Module) -> None:
        super().__init__()
        self.ways = nn.ModuleList(ways)

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        return torch.cat([way(x) for way in self.ways], dim=1)


class Scaled(nn.Module):
    """A residual block: branches, a 1 x 1 convolution back, scaled, added."""

    def __init__(self, branches: Branches, inner: int, channels: int, scale: float, is_last: bool = False) -> None:
        super().__init__()
        self.branches, self.back = branches, nn.Conv2d(inner, channels, 1)
        self.scale, self.is_last = scale, is_last

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        total = x + self.scale * self.back(self.branches(x))
        return total if self.is_last else torch.relu(total)


def inception_resnet_v2(in_channels: int = 3) -> nn.Module:
    """Stem, three kinds of residual blocks with two reductions between them, average pooling, a dense layer."""
    layers = [
        _conv(in_channels, 32, 3, 2),
        _conv(32, 32, 3),
        _conv(32, 64, 3, padding=1),
        nn.MaxPool2d(3, 2),
        _conv(64, 80, 1),
        _conv(80, 192, 3),
        nn.MaxPool2d(3, 2),
        Branches(
            _conv(192, 96, 1),
            nn.Sequential(_conv(192, 48, 1), _conv(48, 64, 5, padding=2)),
            nn.Sequential(_conv(192, 64, 1), _conv(64, 96, 3, padding=1), _conv(96, 96, 3, padding=1)),
            nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), _conv(192, 64, 1)),
        ),
        *(_small() for _ in range(SMALL_BLOCKS)),
        Branches(
            _conv(320, 384, 3, 2),
            nn.Sequential(_conv(320, 256, 1), _conv(256, 256, 3, padding=1), _conv(256, 384, 3, 2)),
            nn.MaxPool2d(3, 2),
        ),
        *(_middle() for _ in range(MIDDLE_BLOCKS)),
        Branches(
            nn.Sequential(_conv(1088, 256, 1), _conv(256, 384, 3, 2)),
            nn.Sequential(_conv(1088, 256, 1), _conv(256, 288, 3, 2)),
            nn.Sequential(_conv(1088, 256, 1), _conv(256, 288, 3, padding=1), _conv(288, 320, 3, 2)),
            nn.MaxPool2d(3, 2),
        ),
        *(_large(LARGE_SCALE) for _ in range(LARGE_BLOCKS)),
        _large(1.0, is_last=True),
        _conv(2080, 1536, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(1536, CLASSES),
    ]
    return WithoutMap(nn.Sequential(*layers))


def _small() -> nn.Module:
    ways = Branches(
        _conv(320, 32, 1),
        nn.Sequential(_conv(320, 32, 1), _conv(32, 32, 3, padding=1)),
        nn.Sequential(_conv(320, 32, 1), _conv(32, 48, 3, padding=1), _conv(48, 64, 3, padding=1)),
    )
    return Scaled(ways, 128, 320, SMALL_SCALE)


def _middle() -> nn.Module:
    ways = Branches(
        _conv(1088, 192, 1),
        nn.Sequential(
            _conv(1088, 128, 1), _conv(128, 160, (1, 7), padding=(0, 3)), _conv(160, 192, (7, 1), padding=(3, 0))
        ),
    )
    return Scaled(ways, 384, 1088, MIDDLE_SCALE)


def _large(scale: float, is_last: bool = False) -> nn.Module:
    ways = Branches(
        _conv(2080, 192, 1),
        nn.Sequential(
            _conv(2080, 192, 1), _conv(192, 224, (1, 3), padding=(0, 1)), _conv(224, 256, (3, 1), padding=(1, 0))
        ),
    )
    return Scaled(ways, 448, 2080, scale, is_last)


def _conv(
    channels: int,
    out: int,
    kernel: int | tuple[int, int],
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(out, eps=EPSILON),
        nn.ReLU(inplace=True),
    )
