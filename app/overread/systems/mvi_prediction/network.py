"""ResNet-18, with the clinical facts joined to its last layer where they are wanted.

References
----------
Liu (SEEDS 4.3): ResNet-18; a fully connected layer of nine units over the clinical factors, its output joined to the
last layer of two units. PARAMS B: 11,177,538 parameters without and 11,177,646 with the facts. ReLU after the nine
units is ours [A].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from overread.engines.backbones.head import Answer, class_maps, pooled
from overread.engines.backbones.resnet import ResNet18
from overread.engines.network_table import built, count_of, width_of
from overread.systems.mvi_prediction.factor_branch import FactorBranch

NAME = "resnet-18"
CLASSES = 2
FACTOR_UNITS = 9
FACTOR_INPUTS = 9
"""Six numbers and Child-Pugh as one of three [A]."""


class MviNetwork(ResNet18):
    """The network.

    Parameters
    ----------
    width
        Factor on every channel count of the image's part.
    in_channels
        Planes of an image.
    factors
        Inputs of the clinical branch: 9 as published, 7 with Child-Pugh as one number, 0 for none.
    """

    def __init__(self, width: float = 1.0, in_channels: int = 3, factors: int = 0) -> None:
        super().__init__(width, in_channels, CLASSES)
        self.factors = factors
        if factors:
            self.branch = nn.Linear(factors, FACTOR_UNITS)
            self.fc = nn.Linear(self.fc.in_features + FACTOR_UNITS, CLASSES)

    @property
    def image_features(self) -> int:
        """Number of pooled features of an image: 512 at full width."""
        return self.fc.in_features - (FACTOR_UNITS if self.factors else 0)

    def forward(self, image: Tensor, facts: Tensor | None = None) -> Answer:
        """Logits (n, 2), class maps (n, 2, rows, columns) and the image's features (n, 512 x width).

        Parameters
        ----------
        image
            (n, planes, rows, columns); 256 x 256 give 8 x 8 cells.
        facts
            (n, factors). Without them a network that has the branch gives the image's share of the logits, bias
            included, to which ``FactorBranch.logits`` adds the facts' share: the logits are a sum of both, so one pass
            over the slices serves with whatever facts a person enters later.
        """
        cells = self.cells(image)
        features = pooled(cells)
        weight = self.fc.weight[:, : self.image_features]
        logits = nn.functional.linear(features, weight, self.fc.bias)
        if facts is not None:
            joined = torch.relu(self.branch(facts))
            logits = logits + nn.functional.linear(joined, self.fc.weight[:, self.image_features :])
        return logits, class_maps(cells, weight), features

    def factor_branch(self) -> FactorBranch:
        """The clinical branch as plain numbers.

        Raises
        ------
        ValueError
            The network has none.
        """
        if not self.factors:
            raise ValueError("this network takes no clinical facts")
        tensors = (self.branch.weight, self.branch.bias, self.fc.weight[:, self.image_features :])
        return FactorBranch(*(t.detach().cpu().numpy().astype(np.float64) for t in tensors))


FULL_SIZE: dict[str, Callable[[], nn.Module]] = {
    "resnet-18": MviNetwork,
    "resnet-18 with factors": lambda: MviNetwork(factors=FACTOR_INPUTS),
}
"""The published networks under the registry's names, made by a call."""


def network_from(table: Mapping[str, Any], bundle_name: str) -> MviNetwork:
    """The network of a manifest's ``[network]`` table, without weights.

    The table: ``name = "resnet-18"``, ``width``, ``in_channels`` (1 or 3), ``factors`` (0 where it is absent).

    Raises
    ------
    BundleError
        It is no network that this version knows.
    """
    return built(table, NAME, bundle_name, _made)


def _made(table: Mapping[str, Any]) -> MviNetwork:
    factors = count_of({"factors": 0, **table}, "factors", (0, 7, 8, 9))
    return MviNetwork(width_of(table), count_of(table, "in_channels", (1, 3)), factors)
