"""Networks whose layers are all alive, without training."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

Enliven = Callable[..., nn.Module]


@pytest.fixture
def enliven() -> Enliven:
    """Gives a network batch norm statistics from random images, and scales and shifts unlike those at the start."""

    def make(network: nn.Module, *shape: int) -> nn.Module:
        source = torch.Generator().manual_seed(5)
        with torch.no_grad():
            for layer in network.modules():
                if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
                    layer.momentum = 0.5
                    layer.weight.uniform_(0.7, 1.3, generator=source)
                    layer.bias.uniform_(-0.2, 0.2, generator=source)
            network.train()
            for _ in range(4):
                network(torch.rand(2, *shape, generator=source))
        return network.eval()

    return make
