"""DLA-34 (Yu 2018) as a CenterNet (Zhou 2019) with plain summing necks: 19,015,077 parameters with two planes.

References
----------
PARAMS B: CenterNet's layout with deformable convolutions, but plain 3 x 3 convolutions without bias and batch norm in
their place; grouped transposed convolutions between levels; a last upward aggregation over the first three levels. The
outer projections of levels 3 and 4 take no part in the answer and are kept, as the public network keeps them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from overread.engines.backbones.head import as_the_weights, joined, start_as_he
from overread.engines.backbones.resnet import BasicBlock
from overread.engines.backbones.width import scaled

CHANNELS = (16, 32, 64, 128, 256, 512)
TREE_DEPTHS = (1, 2, 2, 1)
"""Of levels 2 to 5."""
FIRST_LEVEL, LAST_LEVEL = 2, 5
STRIDE = 2**FIRST_LEVEL
"""Input pixels to a cell of the answer."""
MULTIPLE_PX = 32
"""Sides of images are multiples of this."""
HEAD_CHANNELS = 256
HEADS = {"hm": 1, "wh": 2, "reg": 2}
HEAT_BIAS = -2.19
"""Logit of 0.1: the share of cells that an untrained heat map lights (Lin 2017)."""


class Root(nn.Module):
    """A 1 x 1 convolution over maps side by side."""

    FOLDS: ClassVar = (("conv", "bn"),)

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 1, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, *parts: Tensor) -> Tensor:
        """Maps in, maps out."""
        return torch.relu(self.bn(self.conv(joined(list(parts)))))


class Tree(nn.Module):
    """Two sub-trees (at depth 1 two blocks), all their leaves joined in one root at the end."""

    def __init__(
        self, depth: int, channels: int, out: int, stride: int = 1, has_level_root: bool = False, root_extra: int = 0
    ) -> None:
        super().__init__()
        self.depth, self.has_level_root = depth, has_level_root
        extra = root_extra + (channels if has_level_root else 0)
        self.downsample = nn.MaxPool2d(stride, stride) if stride > 1 else nn.Identity()
        self.project: nn.Module | None = None
        if channels != out:
            self.project = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out))
        if depth == 1:
            self.tree1: nn.Module = BasicBlock(channels, out, stride)
            self.tree2: nn.Module = BasicBlock(out, out)
            self.root = Root(2 * out + extra, out)
        else:
            self.tree1 = Tree(depth - 1, channels, out, stride)
            self.tree2 = Tree(depth - 1, out, out, root_extra=extra + out)

    def forward(self, x: Tensor, leaves: Sequence[Tensor] = ()) -> Tensor:
        """Maps in, maps out; ``leaves`` are maps from further up that the last root joins in."""
        bottom = self.downsample(x)
        if self.has_level_root:
            leaves = (*leaves, bottom)
        if self.depth > 1:
            return cast(Tensor, self.tree2(x := self.tree1(x), (*leaves, x)))
        first = self.tree1(x, bottom if self.project is None else self.project(bottom))
        return cast(Tensor, self.root(self.tree2(first), first, *leaves))


class Dla34(nn.Module):
    """The trunk: six levels, each at half the resolution of the one before."""

    def __init__(self, width: float = 1.0, in_channels: int = 3) -> None:
        super().__init__()
        channels = [scaled(full, width) for full in CHANNELS]
        self.base_layer = _conv_level(in_channels, channels[0], kernel=7)
        self.level0 = _conv_level(channels[0], channels[0])
        self.level1 = _conv_level(channels[0], channels[1], stride=2)
        for level, depth in enumerate(TREE_DEPTHS, start=2):
            tree = Tree(depth, channels[level - 1], channels[level], 2, has_level_root=level > 2)
            self.add_module(f"level{level}", tree)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Maps of all levels, finest first."""
        x = self.base_layer(as_the_weights(image, cast(nn.Conv2d, self.base_layer[0])))
        levels = []
        for level in range(len(CHANNELS)):
            x = self.get_submodule(f"level{level}")(x)
            levels.append(x)
        return levels


class NeckConv(nn.Module):
    """The plain convolution in a deformable one's place."""

    FOLDS: ClassVar = (("conv", "actf.0"),)

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.actf = nn.Sequential(nn.BatchNorm2d(out), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        """Maps in, maps out."""
        return cast(Tensor, self.actf(self.conv(x)))


class Upward(nn.Module):
    """Brings coarser levels up to the finest of a list, one after the other, adding each to the one before."""

    def __init__(self, out: int, channels: Sequence[int], factors: Sequence[int]) -> None:
        super().__init__()
        for n in range(1, len(channels)):
            factor = factors[n]
            up = nn.ConvTranspose2d(out, out, 2 * factor, factor, factor // 2, groups=out, bias=False)
            _start_bilinear(up)
            self.add_module(f"proj_{n}", NeckConv(channels[n], out))
            self.add_module(f"up_{n}", up)
            self.add_module(f"node_{n}", NeckConv(out, out))

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """The same levels, all at the finest one's size and width."""
        done = [levels[0]]
        for n in range(1, len(levels)):
            project, up, node = (self.get_submodule(f"{part}_{n}") for part in ("proj", "up", "node"))
            done.append(node(up(project(levels[n])) + done[-1]))
        return done


class Upwards(nn.Module):
    """Upward aggregations from the coarsest pair to all levels; gives the last map of each, finest first."""

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self._count = len(channels) - 1
        widths, scales = list(channels), [2**n for n in range(len(channels))]
        for n in range(self._count):
            at = len(channels) - 2 - n
            factors = [scale // scales[at] for scale in scales[at:]]
            self.add_module(f"ida_{n}", Upward(channels[at], widths[at:], factors))
            scales[at + 1 :] = [scales[at]] * (n + 1)
            widths[at + 1 :] = [channels[at]] * (n + 1)

    def forward(self, levels: Sequence[Tensor]) -> list[Tensor]:
        """Levels in and out, finest first."""
        levels, done = list(levels), [levels[-1]]
        for n in range(self._count):
            at = len(levels) - 2 - n
            levels[at:] = self.get_submodule(f"ida_{n}")(levels[at:])
            done.insert(0, levels[-1])
        return done


class CenterNetDla34(nn.Module):
    """The detector.

    Parameters
    ----------
    width
        Factor on every channel count, the heads' included.
    in_channels
        Planes of an image.
    """

    def __init__(self, width: float = 1.0, in_channels: int = 2) -> None:
        super().__init__()
        channels = [scaled(full, width) for full in CHANNELS]
        self.base = Dla34(width, in_channels)
        self.dla_up = Upwards(channels[FIRST_LEVEL:])
        finest = channels[FIRST_LEVEL]
        count = LAST_LEVEL - FIRST_LEVEL
        self.ida_up = Upward(finest, channels[FIRST_LEVEL:LAST_LEVEL], [2**n for n in range(count)])
        start_as_he(self)
        for name, outputs in HEADS.items():
            self.add_module(name, _head(finest, scaled(HEAD_CHANNELS, width), outputs))
        nn.init.constant_(cast(Tensor, self.get_parameter("hm.2.bias")), HEAT_BIAS)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Heat logits (n, 1, r, c), sizes (n, 2, r, c) and offsets (n, 2, r, c), r and c a quarter of the image's."""
        levels = self.dla_up(self.base(image)[FIRST_LEVEL:])
        finest = self.ida_up(levels[: LAST_LEVEL - FIRST_LEVEL])[-1]
        heat, size, offset = (self.get_submodule(name)(finest).float() for name in HEADS)
        return heat, size, offset


def _conv_level(channels: int, out: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)
    )


def _head(channels: int, inner: int, outputs: int) -> nn.Sequential:
    head = nn.Sequential(nn.Conv2d(channels, inner, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(inner, outputs, 1))
    for layer in (head[0], head[2]):
        nn.init.zeros_(cast(Tensor, layer.bias))
    return head


def _start_bilinear(layer: nn.ConvTranspose2d) -> None:
    """Start as the enlargement that interpolates linearly."""
    side = layer.kernel_size[0]
    half = math.ceil(side / 2)
    centre = (2 * half - 1 - half % 2) / (2 * half)
    ramp = torch.tensor([1 - abs(n / half - centre) for n in range(side)])
    with torch.no_grad():
        layer.weight.copy_((ramp[:, None] * ramp[None]).expand_as(layer.weight))
