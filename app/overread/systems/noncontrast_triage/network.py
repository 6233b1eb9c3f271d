"""Inception-ResNet V2 over three or six series as planes, with two or three classes.

References
----------
Zhen (SEEDS 3.2). PARAMS B: 54,311,075 parameters with three planes and three classes, 54,311,939 with six.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from overread.engines.backbones.inception_resnet import InceptionResNetV2
from overread.engines.network_table import built, count_of, width_of

NAME = "inception-resnet-v2"


class TriageNetwork(InceptionResNetV2):
    """The network: (n, planes, rows, columns) gives logits, class maps and features; 299 x 299 gives 8 x 8 cells.

    Parameters
    ----------
    width
        Factor on every channel count.
    in_channels
        3, or 6 for the variant with contrast series.
    classes
        3 (benign, primary, metastatic) or 2 (benign, malignant).
    """

    def __init__(self, width: float = 1.0, in_channels: int = 3, classes: int = 3) -> None:
        super().__init__(width, in_channels, classes)


FULL_SIZE: dict[str, Callable[[], nn.Module]] = {
    "inception-resnet-v2, 3 channels": TriageNetwork,
    "inception-resnet-v2, 6 channels": lambda: TriageNetwork(in_channels=6),
}
"""The published networks under the registry's names, made by a call."""


def network_from(table: Mapping[str, Any], bundle_name: str) -> TriageNetwork:
    """The network of a manifest's ``[network]`` table, without weights.

    The table: ``name = "inception-resnet-v2"``, ``width``, ``in_channels`` (3 or 6), ``classes`` (2 or 3; 3 where it
    is absent).

    Raises
    ------
    BundleError
        It is no network that this version knows.
    """
    return built(table, NAME, bundle_name, _made)


def _made(table: Mapping[str, Any]) -> TriageNetwork:
    classes = count_of({"classes": 3, **table}, "classes", (2, 3))
    return TriageNetwork(width_of(table), count_of(table, "in_channels", (3, 6)), classes)
