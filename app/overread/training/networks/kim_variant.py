"""KIM-11 with another kernel, activation, normalisation or dropout: the rows of Kim's search (SEEDS 1.4)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from overread.systems.hbp_detection.network import LAYOUTS, POOLED_STAGES, Kim11
from overread.training.recipe import NetworkRecipe

LEAK, FIRST_SLOPE = 0.01, 0.25
"""Slope of the leaky ReLU, and the one that PReLU learns from, one a layer [A]."""
_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky-relu": lambda: nn.LeakyReLU(LEAK, inplace=True),
    "prelu": lambda: nn.PReLU(init=FIRST_SLOPE),
    "elu": lambda: nn.ELU(inplace=True),
}
_SLOPES = {"leaky-relu": LEAK, "prelu": FIRST_SLOPE}


class SamePadding(nn.Module):
    """As many zeros as keep the size under a kernel; the odd one at the end or, on even layers, at the beginning."""

    def __init__(self, kernel: int, at_end: bool) -> None:
        super().__init__()
        more, less = kernel // 2, (kernel - 1) // 2
        self._pad = (less, more, less, more) if at_end else (more, less, more, less)

    def forward(self, x: Tensor) -> Tensor:
        """The padded maps."""
        return functional.pad(x, self._pad)


class KimVariant(Kim11):
    """The network's stages, pooling and classifier with layers of another kind.

    Without batch norm a convolution has a bias, which batch norm would stand for. Dropout follows each activation
    [A: network.dropout]; the paper does not say where its own was.
    """

    def __init__(self, recipe: NetworkRecipe, in_channels: int = 3) -> None:
        super().__init__(recipe.layout, recipe.pooling, in_channels, recipe.width_divisor)
        layers: list[nn.Module] = []
        channels, number = in_channels, 0
        for stage, outs in enumerate(LAYOUTS[recipe.layout]):
            for out in (full // recipe.width_divisor for full in outs):
                layers += _layer(recipe, channels, out, at_end=number % 2 == 0)
                channels, number = out, number + 1
            if stage < POOLED_STAGES:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)


def _layer(recipe: NetworkRecipe, channels: int, out: int, at_end: bool) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, out, recipe.kernel, bias=not recipe.batch_norm)
    slope = _SLOPES.get(recipe.activation, 0.0)
    nn.init.kaiming_normal_(convolution.weight, slope, mode="fan_in", nonlinearity="leaky_relu")
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    layers = [SamePadding(recipe.kernel, at_end), convolution]
    if recipe.batch_norm:
        layers.append(nn.BatchNorm2d(out))
    layers.append(_ACTIVATIONS[recipe.activation]())
    if recipe.dropout:
        layers.append(nn.Dropout(recipe.dropout))
    return layers
