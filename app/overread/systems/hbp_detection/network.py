"""KIM-11: eleven 2 x 2 convolutions, no padding shift, class activation maps from the same forward pass.

References
----------
Kim 2020 (SEEDS 1.4): kernel 2 x 2, stride 1, batch norm, ReLU, global average pooling, softmax over two classes,
1,077,186 trainable parameters. The layer table is ours [A: network.layout], found by its parameter count.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from overread.core.errors import BundleError

LAYOUTS: dict[str, tuple[tuple[int, ...], ...]] = {
    "plain": ((32, 64, 64), (64, 64), (128, 128), (256, 256), (256, 256)),
    "early-pool": ((32,), (64, 64), (64, 64), (128, 128), (256, 256), (256, 256)),
}
"""Output channels of the convolutions, stage by stage [A]."""
POOLED_STAGES = 4
"""A 2 x 2 max-pool follows each of the first four stages, so 320 pixels give 20 cells [A]."""
CELL_PX = 2**POOLED_STAGES
LSE_SHARPNESS = 4.0
"""r of log-sum-exp pooling (1/r) log mean exp(r M); 0 would be the mean, infinity the maximum [A]."""


class SidePadding(nn.Module):
    """One row and column of zeros, at the end (odd layers) or at the beginning (even layers).

    Even kernels look half a pixel aside; with the side alternating the looks cancel (to half an input pixel),
    with one side throughout the map of a trained network lies up to 47 pixels off.
    """

    def __init__(self, at_end: bool) -> None:
        super().__init__()
        self._pad = (0, 1, 0, 1) if at_end else (1, 0, 1, 0)

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self._pad)


class Kim11(nn.Module):
    """The network.

    Parameters
    ----------
    layout
        ``plain`` or ``early-pool``: the same parameters, 3.5 times less work.
    pooling
        ``gap`` (global average pooling, the paper's) or ``lse`` (log-sum-exp of the map difference).
    in_channels
        3 (the grey slice three times, the count of the paper) or 1.
    widths
        Divides every channel count, for tests that train.
    """

    def __init__(
        self, layout: str = "early-pool", pooling: str = "gap", in_channels: int = 3, width_divisor: int = 1
    ) -> None:
        super().__init__()
        if pooling not in ("gap", "lse"):
            raise ValueError(f"no such pooling: {pooling}")
        self.pooling = pooling
        layers: list[nn.Module] = []
        channels, number = in_channels, 0
        for stage, outs in enumerate(LAYOUTS[layout]):
            for out in (full // width_divisor for full in outs):
                layers += [
                    SidePadding(at_end=number % 2 == 0),
                    nn.Conv2d(channels, out, 2, bias=False),
                    nn.BatchNorm2d(out),
                    nn.ReLU(inplace=True),
                ]
                channels, number = out, number + 1
            if stage < POOLED_STAGES:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, 2)
        self._initialise()

    def _initialise(self) -> None:
        for layer in self.features:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_in", nonlinearity="relu")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (batch, 2) and class activation maps (batch, 2, rows / 16, columns / 16) of images."""
        features = self.features(x)
        weight = self.classifier.weight[:, :, None, None]
        maps = functional.conv2d(features, weight)
        if self.pooling == "gap":
            return cast(Tensor, self.classifier(features.mean(dim=(2, 3)))), maps
        difference = log_mean_exp(maps[:, 1] - maps[:, 0]) + self.classifier.bias[1] - self.classifier.bias[0]
        return torch.stack((torch.zeros_like(difference), difference), dim=1), maps

    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


def log_mean_exp(maps: Tensor, sharpness: float = LSE_SHARPNESS) -> Tensor:
    """(1/r) log of the mean of exp(r M) over the cells of each map (batch, rows, columns)."""
    flat = maps.flatten(1)
    return (torch.logsumexp(sharpness * flat, dim=1) - math.log(flat.shape[1])) / sharpness


def as_one_channel(network: Kim11) -> Kim11:
    """The same function of a grey slice with one input channel: the kernels of the three equal planes summed."""
    first = cast(nn.Conv2d, network.features[1])
    if first.in_channels > 1:
        summed = nn.Conv2d(1, first.out_channels, 2, bias=False)
        with torch.no_grad():
            summed.weight.copy_(first.weight.sum(dim=1, keepdim=True))
        network.features[1] = summed.to(first.weight.device)
    return network


def load_weights(network: Kim11, path: Path, bundle_name: str) -> None:
    """Fill a network from a safetensors file.

    Raises
    ------
    BundleError
        Names or shapes are not those of the network, or the file is no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
        network.load_state_dict({name: tensor.to(torch.float32) for name, tensor in tensors.items()}, strict=True)
    except (SafetensorError, RuntimeError, OSError) as problem:
        raise BundleError(
            f"The bundle {bundle_name} cannot run", "its weights do not fit its network", "Install the bundle again"
        ) from problem
