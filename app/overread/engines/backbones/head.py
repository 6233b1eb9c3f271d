"""The end that all our classifiers share: average pooling and one dense layer, with the map of each class.

References
----------
Zhou 2016: with y_c = b_c + mean over N cells of M_c, M_c = sum_k w_ck A_k, the gradient of y_c by A_k is w_ck / N in
every cell, so Grad-CAM (Selvaraju 2017) is ReLU(M_c) / N. PARAMS A5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Answer = tuple[Tensor, Tensor, Tensor]
"""Logits (n, classes), class maps (n, classes, rows, columns), pooled features (n, channels)."""


def pooled(cells: Tensor) -> Tensor:
    """Mean over the cells of maps (n, channels, rows, columns), in float32 whatever the maps are in."""
    return cells.float().mean(dim=(2, 3))


def class_maps(cells: Tensor, weight: Tensor) -> Tensor:
    """Maps (n, classes, rows, columns) of a dense layer's weight (classes, channels): no bias, no ReLU."""
    return functional.conv2d(cells.float(), weight[:, :, None, None])


def classified(cells: Tensor, layer: nn.Linear, dropout: nn.Module | None = None) -> Answer:
    """Answer for the last maps (n, channels, rows, columns); dropout touches the logits, not the features given out."""
    features = pooled(cells)
    logits: Tensor = layer(features if dropout is None else dropout(features))
    return logits, class_maps(cells, layer.weight), features


def as_the_weights(image: Tensor, convolution: nn.Conv2d) -> Tensor:
    """The image in the arithmetic of the first convolution, which an engine may have made smaller."""
    return image.to(convolution.weight.dtype)


def start_as_he(module: nn.Module, mode: Literal["fan_in", "fan_out"] = "fan_out") -> None:
    """He's normal start for every convolution, ones and zeros for batch norm; dense layers keep torch's own."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d):
            nn.init.kaiming_normal_(layer.weight, mode=mode, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)


def parameter_count(module: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def full_size_counts(makers: Mapping[str, Callable[[], nn.Module]]) -> dict[str, int]:
    """Trainable parameters of networks by name, made on torch's ``meta`` device, so without weights."""
    with torch.device("meta"):
        return {name: parameter_count(make()) for name, make in makers.items()}


def joined(parts: list[Tensor]) -> Tensor:
    """Maps side by side along their channels."""
    return torch.cat(parts, dim=1)
