"""The five series of the small MR study, and a bundle of random networks whose detectors see boxes everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.systems.noncontrast_triage.conftest import ball_region, write_series

from overread.core.region import Region
from overread.core.study import Volume
from overread.engines.backbones.head import parameter_count
from overread.systems.multiphase_characterisation.network import Detector, PhaseClassifier
from overread.training.multiphase.drawing import ROLES
from overread.training.multiphase.recipe import recipe_of
from overread.training.multiphase.write import manifest_of
from overread.training.recipe import load_document
from overread.training.regions.write import write_region_bundle

WIDTH = 0.125
CUT = 0.4


@pytest.fixture(scope="session")
def five_series(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Volume]:
    """The five series by role, on three grids."""
    top = tmp_path_factory.mktemp("multiphase-study")
    return {role: write_series(top / role, role) for role in ROLES}


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes bundles of random networks; ``changes`` replace whole tables of the manifest."""
    return lambda **changes: write_bundle(tmp_path_factory.mktemp("bundle") / "multiphase-tiny", changes)


@pytest.fixture(scope="session")
def tiny_bundle(make_bundle: Callable[..., Path]) -> Path:
    """Such a bundle as it is."""
    return make_bundle()


@pytest.fixture
def ball() -> Region:
    """Where the study's ball is."""
    return Region((ball_region(),))


def write_bundle(folder: Path, changes: dict[str, Any]) -> Path:
    """Networks of an eighth of their width with statistics taken on noise; boxes of 24 pixels from the start."""
    document = load_document("multiphase-small")
    document["network"] = {"width": WIDTH}
    document["detectors"] = document["detectors"] | {"width": WIDTH}
    document["reading"] = document["reading"] | {"cut": CUT, "region_size": 64}
    document["loop"] = document["loop"] | {"input_size": 64}
    recipe = recipe_of(document, "for tests")
    torch.manual_seed(11)
    networks: dict[str, torch.nn.Module] = {f"detector.{role}": _detector(role) for role in ROLES}
    networks["classifier"] = _classifier()
    counts = {name.rpartition(".")[2]: parameter_count(network) for name, network in networks.items()}
    manifest = manifest_of(recipe, counts, [], {"patients": 0})
    manifest["placing"]["activation_scale"] = 0.01
    manifest["detectors"]["size"] = 64  # smaller than any recipe draws, for speed
    manifest |= changes
    tensors = {f"{name}.{key}": value for name, net in networks.items() for key, value in net.state_dict().items()}
    return write_region_bundle(folder, tensors, manifest, "A bundle for tests.\n")


def _detector(role: str) -> Detector:
    network = Detector(WIDTH, 1 if role == "t2" else 2)
    with torch.no_grad():
        _take_statistics(network, 1 if role == "t2" else 2)
        network.get_parameter("hm.2.weight").normal_(0, 0.5)
        network.get_parameter("hm.2.bias").zero_()
        network.get_parameter("wh.2.bias").fill_(6.0)
    return network


def _classifier() -> PhaseClassifier:
    network = PhaseClassifier(WIDTH)
    with torch.no_grad():
        _take_statistics(network, len(ROLES))
        network.classifier.weight.normal_(0, 0.5)
    return network


def _take_statistics(network: torch.nn.Module, planes: int) -> None:
    network.train()
    for _ in range(2):
        network(torch.rand(2, planes, 64, 64))
