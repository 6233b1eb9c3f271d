"""The networks of another kind that Kim 2020 compared with, at two classes; each gives its logits and no map.

References
----------
He 2016 (ResNet-50), Simonyan 2015 (VGG-16), Krizhevsky 2012 (AlexNet), Szegedy 2017 (Inception-ResNet V2). Kim's
parameter counts: 23.5, 241.2, 43.7 and 54.3 million. VGG-16's count fits an input of 320 x 320 alone; AlexNet's fits no
standard form, and the variant here is the likeliest [A].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from overread.engines.backbones.inception_resnet import InceptionResNetV2

CLASSES = 2


class WithoutMap(nn.Module):
    """A plain classifier as the loop takes networks: logits (n, 2), and None where the map would be."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """Logits of images (n, channels, 320, 320)."""
        return self.layers(x), None


class LogitsAlone(InceptionResNetV2):
    """Inception-ResNet V2 as the loop takes networks to compare with: logits (n, 2), and None for the map."""

    def forward(self, image: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        """Logits of images (n, channels, 320, 320)."""
        return super().forward(image)[0], None


class Residual(nn.Module):
    """A bottleneck of ResNet-50: 1 x 1, 3 x 3, 1 x 1, added to what came in."""

    def __init__(self, channels: int, inner: int, stride: int) -> None:
        super().__init__()
        out = 4 * inner
        self.body = nn.Sequential(
            *_normed(channels, inner, 1),
            nn.ReLU(inplace=True),
            *_normed(inner, inner, 3, stride),
            nn.ReLU(inplace=True),
            *_normed(inner, out, 1),
        )
        is_same = stride == 1 and channels == out
        self.skip = nn.Identity() if is_same else nn.Sequential(*_normed(channels, out, 1, stride))
        self.last = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        result: Tensor = self.last(self.body(x) + self.skip(x))
        return result


def resnet_50(in_channels: int = 3) -> nn.Module:
    """ResNet-50: 23,512,130 parameters with three channels."""
    layers: list[nn.Module] = [*_normed(in_channels, 64, 7, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, (inner, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for n in range(count):
            layers.append(Residual(channels, inner, 2 if stage and n == 0 else 1))
            channels = 4 * inner
    return WithoutMap(nn.Sequential(*layers, *_averaged(channels)))


def vgg_16(in_channels: int = 3) -> nn.Module:
    """VGG-16 with two dense layers of 4096 on 10 x 10 cells: 241,223,490 parameters with three channels."""
    layers: list[nn.Module] = []
    channels = in_channels
    for out, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(inplace=True)]
            channels = out
        layers.append(nn.MaxPool2d(2))
    return WithoutMap(nn.Sequential(*layers, *_dense((10 * 10 * 512, 4096, 4096, CLASSES))))


def alexnet(in_channels: int = 3) -> nn.Module:
    """An AlexNet without padding on 320 x 320: 43,768,122 parameters with three channels, 43,744,890 with one."""
    pool = nn.MaxPool2d(2)
    layers: list[nn.Module] = [nn.Conv2d(in_channels, 96, 11, stride=4), nn.ReLU(inplace=True), pool]
    layers += [nn.Conv2d(96, 256, 11), nn.ReLU(inplace=True), pool]
    for channels, out in ((256, 384), (384, 384), (384, 256)):
        layers += [nn.Conv2d(channels, out, 3), nn.ReLU(inplace=True)]
    return WithoutMap(nn.Sequential(*layers, pool, *_dense((4 * 4 * 256, 4096, 4096, 1000, CLASSES))))


def inception_resnet_v2(in_channels: int = 3) -> nn.Module:
    """Inception-ResNet V2: 54,309,538 parameters with three channels."""
    return LogitsAlone(in_channels=in_channels, classes=CLASSES)


def _normed(channels: int, out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out),
    ]


def _averaged(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


def _dense(widths: Sequence[int]) -> list[nn.Module]:
    """Dense layers with half dropped before each of the first two, as both papers do."""
    layers: list[nn.Module] = [nn.Flatten()]
    for n, (before, after) in enumerate(pairwise(widths)):
        layers += [nn.Dropout(0.5)] if n < 2 else []
        layers += [nn.Linear(before, after)]
        layers += [nn.ReLU(inplace=True)] if n < len(widths) - 2 else []
    return layers
