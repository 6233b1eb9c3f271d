"""Five CenterNet detectors on DLA-34, one for each series, and DenseNet-121 over all five series as planes.

References
----------
Wang (SEEDS 2.2 to 2.4). PARAMS B: a detector has 19,015,077 parameters with two planes (a series and T2) and 19,014,293
with one (T2 alone), the classifier 6,963,203; dropout of 0.2 before its last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from overread.core.errors import BundleError
from overread.engines.backbones.densenet import DenseNet121
from overread.engines.backbones.dla import CenterNetDla34
from overread.engines.network_table import built, count_of, width_of
from overread.engines.weights import fill, read_tensors

CLASSIFIER, DETECTOR = "densenet-121", "centernet-dla34"
SERIES, CLASSES = 5, 3
DROPOUT = 0.2
CLASSIFIER_PREFIX = "classifier."


class Detector(CenterNetDla34):
    """Images (n, planes, rows, columns), sides multiples of 32, give maps of a quarter of the side.

    Heat logits (n, 1, r, c), sizes (n, 2, r, c) in cells, height first, and offsets (n, 2, r, c) of the centre within
    its cell, down first: ``boxes.boxes_of`` reads them.

    Parameters
    ----------
    width
        Factor on every channel count, the heads' 256 included.
    in_channels
        2, or 1 for T2.
    """

    def __init__(self, width: float = 1.0, in_channels: int = 2) -> None:
        super().__init__(width, in_channels)


class PhaseClassifier(DenseNet121):
    """Regions (n, 5, rows, columns) give logits (n, 3), class maps and features (before dropout).

    Parameters
    ----------
    width
        Factor on the growth rate and on the first convolution's channels.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width, SERIES, CLASSES, DROPOUT)


FULL_SIZE: dict[str, Callable[[], nn.Module]] = {
    "centernet-dla34, one series and T2": Detector,
    "centernet-dla34, T2": lambda: Detector(in_channels=1),
    "densenet-121": PhaseClassifier,
}
"""The published networks under the registry's names, made by a call."""


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """The classifier and the detector of each role."""

    classifier: PhaseClassifier
    detectors: Mapping[str, Detector]


def detector_prefix(role: str) -> str:
    """How the names of a detector's tensors begin in the bundle's one file."""
    return f"detector.{role}."


def classifier_from(table: Mapping[str, Any], bundle_name: str) -> PhaseClassifier:
    """The classifier of a manifest's ``[network]`` table (``name = "densenet-121"``, ``width``), without weights.

    Raises
    ------
    BundleError
        It is no network that this version knows.
    """

    def made(table: Mapping[str, Any]) -> PhaseClassifier:
        count_of({"in_channels": SERIES, **table}, "in_channels", (SERIES,))
        count_of({"classes": CLASSES, **table}, "classes", (CLASSES,))
        return PhaseClassifier(width_of(table))

    return built(table, CLASSIFIER, bundle_name, made)


def detectors_from(table: Mapping[str, Any], bundle_name: str) -> dict[str, Detector]:
    """The detectors of a manifest's ``[detectors]`` table by role, without weights.

    The table: ``name = "centernet-dla34"`` (or absent), ``width``, ``[detectors.in_channels]`` with 1 or 2 for each
    role, ``[detectors.parameters]`` for each role or absent.

    Raises
    ------
    BundleError
        One is no network that this version knows, or there is none.
    """

    def made(table: Mapping[str, Any]) -> Detector:
        return Detector(width_of(table), count_of(table, "in_channels", (1, 2)))

    channels, parameters = table.get("in_channels"), table.get("parameters", {})
    if not (isinstance(channels, Mapping) and channels and isinstance(parameters, Mapping)):
        raise BundleError(
            f"The bundle {bundle_name} cannot run",
            "its manifest does not say which series its detectors read",
            "Install the bundle again",
        )
    name = table.get("name", DETECTOR)
    return {
        role: built(
            {"name": name, "width": table.get("width", 1.0), "in_channels": count, "parameters": parameters.get(role)},
            DETECTOR,
            bundle_name,
            made,
        )
        for role, count in channels.items()
    }


def networks_of(manifest: Mapping[str, Any], weights: Path, bundle_name: str) -> Networks:
    """All networks of a manifest's ``[network]`` and ``[detectors]`` tables with their weights, ready to read.

    Raises
    ------
    BundleError
        One is no network that this version knows, the weights do not fit, or the file holds what belongs to none.
    """
    classifier = classifier_from(manifest["network"], bundle_name)
    detectors = detectors_from(manifest.get("detectors", {}), bundle_name)
    parts: dict[str, nn.Module] = {CLASSIFIER_PREFIX: classifier}
    parts |= {detector_prefix(role): detector for role, detector in detectors.items()}
    tensors = read_tensors(weights, bundle_name)
    strangers = [name for name in tensors if not name.startswith(tuple(parts))]
    if strangers:
        why = f"its weights hold {strangers[0]!r}, which belongs to none of its networks"
        raise BundleError(f"The bundle {bundle_name} cannot run", why, "Install the bundle again")
    for prefix, network in parts.items():
        fill(network, tensors, bundle_name, prefix)
        network.eval()
    return Networks(classifier, detectors)
