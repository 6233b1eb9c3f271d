"""DenseNet-121 (Huang 2017) under torchvision's names: 6,963,203 parameters with five planes and three classes."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from overread.engines.backbones.head import Answer, as_the_weights, classified, joined, start_as_he
from overread.engines.backbones.width import scaled

LAYERS_IN_BLOCKS = (6, 12, 24, 16)
GROWTH, FIRST_FEATURES, BOTTLENECK = 32, 64, 4


class DenseLayer(nn.Module):
    """Batch norm and ReLU before each of two convolutions; gives only the maps it adds."""

    FOLDS: ClassVar = (("conv1", "norm2"),)  # the two others follow sums of maps, not a convolution

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        inner = BOTTLENECK * growth
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, ``growth`` new maps out."""
        x = self.conv1(torch.relu(self.norm1(x)))
        return cast(Tensor, self.conv2(torch.relu(self.norm2(x))))


class DenseBlock(nn.Module):
    """Layers that each see all maps before them."""

    def __init__(self, channels: int, growth: int, count: int) -> None:
        super().__init__()
        for n in range(count):
            self.add_module(f"denselayer{n + 1}", DenseLayer(channels + n * growth, growth))

    def forward(self, x: Tensor) -> Tensor:
        """Maps in; the same and what the layers added out."""
        for layer in self.children():
            x = joined([x, layer(x)])
        return x


class DenseNet121(nn.Module):
    """The network.

    Parameters
    ----------
    width
        Factor on the growth rate and on the first convolution's channels.
    in_channels
        Planes of an image.
    classes
        Logits.
    dropout
        Share of the pooled features that is dropped before the last layer in training.
    """

    def __init__(self, width: float = 1.0, in_channels: int = 3, classes: int = 2, dropout: float = 0.0) -> None:
        super().__init__()
        growth, channels = scaled(GROWTH, width), scaled(FIRST_FEATURES, width)
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(in_channels, channels, 7, 2, 3, bias=False),
            norm0=nn.BatchNorm2d(channels),
            relu0=nn.ReLU(inplace=True),
            pool0=nn.MaxPool2d(3, 2, 1),
        )
        for block, count in enumerate(LAYERS_IN_BLOCKS):
            layers[f"denseblock{block + 1}"] = DenseBlock(channels, growth, count)
            channels += count * growth
            if block + 1 < len(LAYERS_IN_BLOCKS):
                layers[f"transition{block + 1}"] = _transition(channels)
                channels //= 2
        layers["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(layers)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, classes)
        start_as_he(self, "fan_in")

    def forward(self, image: Tensor) -> Answer:
        """Logits, class maps and features (before dropout) of images (n, planes, rows, columns)."""
        first = cast(nn.Conv2d, self.features[0])
        cells = torch.relu(self.features(as_the_weights(image, first)))
        return classified(cells, self.classifier, self.dropout)


def _transition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2),
        )
    )
