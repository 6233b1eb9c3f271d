"""ResNet-18 (He 2016) under torchvision's names: 11,177,538 parameters with three planes and two classes."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from overread.engines.backbones.head import Answer, as_the_weights, classified, start_as_he
from overread.engines.backbones.width import scaled

STAGES = (64, 128, 256, 512)
BLOCKS_IN_A_STAGE = 2


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions added to what came in."""

    FOLDS: ClassVar = (("conv1", "bn1"), ("conv2", "bn2"))

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)

    def body(self, x: Tensor, residual: Tensor) -> Tensor:
        """The two convolutions of ``x`` added to ``residual``."""
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + residual)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Maps in, maps out; the residual is the input unless another is given."""
        return self.body(x, x if residual is None else residual)


class StageBlock(BasicBlock):
    """A block that brings its own residual to size where that is needed."""

    def __init__(self, channels: int, out: int, stride: int = 1) -> None:
        super().__init__(channels, out, stride)
        self.downsample: nn.Module | None = None
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Maps in, maps out."""
        if residual is None:
            residual = x if self.downsample is None else self.downsample(x)
        return self.body(x, residual)


class ResNet18(nn.Module):
    """The network.

    Parameters
    ----------
    width
        Factor on every channel count.
    in_channels
        Planes of an image.
    classes
        Logits.
    """

    FOLDS: ClassVar = (("conv1", "bn1"),)

    def __init__(self, width: float = 1.0, in_channels: int = 3, classes: int = 2) -> None:
        super().__init__()
        channels = scaled(STAGES[0], width)
        self.conv1 = nn.Conv2d(in_channels, channels, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for stage, full in enumerate(STAGES):
            out = scaled(full, width)
            blocks: list[nn.Module] = []
            for n in range(BLOCKS_IN_A_STAGE):
                blocks.append(StageBlock(channels, out, 2 if stage and n == 0 else 1))
                channels = out
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, classes)
        start_as_he(self)

    def cells(self, image: Tensor) -> Tensor:
        """The last maps (n, 512 x width, rows / 32, columns / 32) of images (n, planes, rows, columns)."""
        x: Tensor = self.maxpool(torch.relu(self.bn1(self.conv1(as_the_weights(image, self.conv1)))))
        for stage in range(len(STAGES)):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        return x

    def forward(self, image: Tensor) -> Answer:
        """Logits, class maps and features of images (n, planes, rows, columns)."""
        return classified(self.cells(image), self.fc)
