"""An imitation of the 3D network of Liu's timing table, whose layers are not published.

References
----------
Liu (SEEDS 4.5) prints 90.91 MB for volumes of 16 x 64 x 64, that is 22.73 million parameters of four bytes. Hundreds of
plain networks have such a size; this one has 22,726,561 [A: PARAMS B]. It serves to measure time and memory only.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from overread.engines.backbones.head import start_as_he
from overread.engines.backbones.width import scaled

STAGES = ((32, 32), (64, 64), (128, 128), (256,))
POOLS = ((1, 2, 2), (1, 2, 2), (2, 2, 2), (2, 2, 2))
DENSE = (1024, 4096)
VOLUME = (16, 64, 64)
"""Slices, rows and columns of its input: the dense layers fix them."""


class Cnn3d(nn.Module):
    """3 x 3 x 3 convolutions in four stages with a pool after each, then three dense layers down to one logit."""

    def __init__(self, width: float = 1.0, in_channels: int = 3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for outs, pool in zip(STAGES, POOLS, strict=True):
            for out in (scaled(full, width) for full in outs):
                layers += [
                    nn.Conv3d(channels, out, 3, padding=1, bias=False),
                    nn.BatchNorm3d(out),
                    nn.ReLU(inplace=True),
                ]
                channels = out
            layers.append(nn.MaxPool3d(pool))
        self.features = nn.Sequential(*layers)
        sizes = [channels * 4 * 4 * 4, *(scaled(full, width) for full in DENSE)]
        dense: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(sizes):
            dense += [nn.Linear(before, after), nn.ReLU(inplace=True)]
        self.classifier = nn.Sequential(*dense, nn.Linear(sizes[-1], 1))
        start_as_he(self)

    def forward(self, volume: Tensor) -> tuple[Tensor]:
        """Logits (n, 1), alone in a tuple as engines take them, of volumes (n, channels, 16, 64, 64)."""
        return (cast(Tensor, self.classifier(self.features(volume))),)
