"""KIM-11: eleven 2 x 2 convolutions, no padding shift, class activation maps from the same forward pass.

References
----------
Kim 2020 (SEEDS 1.4): kernel 2 x 2, stride 1, batch norm, ReLU, global average pooling, softmax over two classes,
1,077,186 trainable parameters. The layer table is ours [A: network.layout], found by its parameter count.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from overread.core.errors import BundleError
from overread.engines.torch_engine import fold_batch_norm
from overread.engines.weights import load_weights

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


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One convolution with its batch norm folded in: weights (out, in, 2, 2), bias (out,), then ReLU."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    pads_at_end: bool
    is_pooled: bool


class SidePadding(nn.Module):
    """One row and column of zeros, at the end (odd layers) or at the beginning (even layers).

    Even kernels look half a pixel aside; with the side alternating the looks cancel (to half an input pixel),
    with one side throughout the map of a trained network lies up to 47 pixels off.
    """

    def __init__(self, at_end: bool) -> None:
        super().__init__()
        self.at_end = at_end
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
        return head(self.features(x), self.classifier, self.pooling)

    def parameter_count(self) -> int:
        """Number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def folded(self) -> Kim11:
        """A copy for reading, its batch norms melted into the convolutions."""
        return cast(Kim11, fold_batch_norm(copy.deepcopy(self).eval()))

    def layers(self) -> Iterator[Layer]:
        """The convolutions of a folded network in order."""
        steps = list(self.features)
        for at, step in enumerate(steps):
            if isinstance(step, nn.Conv2d):
                assert step.bias is not None, "a folded network has a bias in every convolution"
                after = steps[at + 3] if at + 3 < len(steps) else None
                yield Layer(
                    step.weight.detach().numpy(),
                    step.bias.detach().numpy(),
                    cast(SidePadding, steps[at - 1]).at_end,
                    isinstance(after, nn.MaxPool2d),
                )


class ReadyKim11(nn.Module):
    """The same function without copies for padding: about half the time of the plain way.

    A convolution that pads at the end is given a border on all sides, which costs nothing; its first row and column
    are then surplus. Set to zero in place they are the very border that the next layer, padding at the beginning,
    would have had to make. A pool between the two starts one row and column earlier and keeps the surplus first.
    ReLU comes after a pool, where there is a quarter to do. Sides of images must be multiples of 16.
    """

    def __init__(self, network: Kim11) -> None:
        super().__init__()
        folded = network.folded()
        layers = list(folded.layers())
        self.convolutions = nn.ModuleList(step for step in folded.features if isinstance(step, nn.Conv2d))
        self._pads_at_end = [layer.pads_at_end for layer in layers]
        self._is_pooled = [layer.is_pooled for layer in layers]
        if any(one == other for one, other in zip(self._pads_at_end, self._pads_at_end[1:], strict=False)):
            raise ValueError("the sides do not alternate from layer to layer")
        self.classifier, self._pooling = folded.classifier, folded.pooling

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (batch, 2) and class activation maps (batch, 2, rows / 16, columns / 16) of images."""
        x = x.to(cast(nn.Conv2d, self.convolutions[0]).weight.dtype)
        for step, at_end, is_pooled in zip(self.convolutions, self._pads_at_end, self._is_pooled, strict=True):
            convolution = cast(nn.Conv2d, step)
            border = 1 if at_end else 0
            x = functional.conv2d(x, convolution.weight, convolution.bias, padding=border)
            if is_pooled:
                x = functional.max_pool2d(x, 2, padding=border)
            x = x.relu_()
            if at_end:
                x[:, :, 0] = 0
                x[:, :, :, 0] = 0
        if self._pads_at_end[-1]:
            x = x[:, :, 1:, 1:]
        return head(x.float(), self.classifier, self._pooling)


def head(features: Tensor, classifier: nn.Linear, pooling: str) -> tuple[Tensor, Tensor]:
    """Logits (batch, 2) and class activation maps (batch, 2, rows, columns) of the last features."""
    maps = functional.conv2d(features, classifier.weight[:, :, None, None])
    if pooling == "gap":
        return cast(Tensor, classifier(features.mean(dim=(2, 3)))), maps
    difference = log_mean_exp(maps[:, 1] - maps[:, 0]) + classifier.bias[1] - classifier.bias[0]
    return torch.stack((torch.zeros_like(difference), difference), dim=1), maps


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


FULL_SIZE: dict[str, Callable[[], nn.Module]] = {"kim-11": Kim11}
"""The published network under the registry's name, made by a call."""


def network_of(table: Mapping[str, Any], channels: int, weights: Path, bundle_name: str) -> Kim11:
    """The network of a manifest's ``[network]`` table with its weights, for one grey plane.

    Raises
    ------
    BundleError
        It is no network that this version knows, or the weights do not fit it.
    """
    try:
        if table["name"] != "kim-11":
            raise ValueError(f"its name is {table['name']!r}")
        network = Kim11(table["layout"], table["pooling"], channels, int(table.get("width_divisor", 1)))
    except (KeyError, TypeError, ValueError) as problem:
        raise BundleError(
            f"The bundle {bundle_name} cannot run",
            f"its network is not one this version knows ({problem})",
            "Install the bundle again",
        ) from problem
    load_weights(network, weights, bundle_name)
    return as_one_channel(network)
