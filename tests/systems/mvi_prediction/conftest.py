"""A small CT of a drawn patient with a tumour, the circles round it, and bundles of every variant."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from overread.core.facts import facts_from
from overread.core.geometry import Grid
from overread.core.region import Region
from overread.core.study import Volume
from overread.io import OutVolume, scan, uid_from, write_series
from overread.io.regions import region_of_mask
from overread.phantom import FIRST_LESION, draw_patient
from overread.systems.mvi_prediction.factors import COLUMNS, scale_of
from overread.systems.mvi_prediction.loading import FACTORS_ONLY, NETWORK_PREFIX
from overread.systems.mvi_prediction.machine import SupportMachine
from overread.systems.mvi_prediction.network import MviNetwork
from overread.training.mvi.describe import fixed_tables, placing
from overread.training.mvi.recipe import mvi_recipe
from overread.training.mvi.train import as_read
from overread.training.recipe import load_document
from overread.training.regions.write import write_region_bundle

SEED, SIZE, WIDTH = 100_002, 64, 0.125
RECIPES = {
    "image": "mvi-image-small",
    "image-factors": "mvi-image-factors-small",
    "svm-factors": "mvi-svm-factors-small",
    "svm-both": "mvi-svm-both-small",
}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The CT as scanned, its HU and its tumour's mask [k, j, i], and the region that the mask gives."""

    volume: Volume
    values_hu: np.ndarray
    mask: np.ndarray
    region: Region


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """Fourteen slices round the tumour of one patient, on 160 pixels an edge, as DICOM."""
    patient = draw_patient("ct-mvi", SEED, roles=("ct-arterial",), matrix=160)
    heights = patient.volumes["ct-arterial"].view.z_mm
    (tumour,) = (lesion for lesion in patient.scene.lesions if lesion.sketch.is_target)
    middle = int(np.argmin(abs(heights - tumour.centre[2])))
    slices = list(range(middle - 7, middle + 7))
    rendered = patient.render(slices)
    matrix = patient.affine.matrix.copy()
    matrix[:3, 3] = patient.affine.to_mm([(slices[0], 0, 0)])[0]
    affine = dataclasses.replace(patient.affine, matrix=matrix)
    stored = np.clip(np.rint(rendered.values), -1024, 3071).astype(np.int16)
    folder = tmp_path_factory.mktemp("mvi-ct")
    image = OutVolume(stored, 1.0, 0.0, affine, {"Modality": "CT", "SeriesDescription": "ARTERIAL PHASE"})
    ids = {f"{name}_uid": uid_from(f"mvi {name}") for name in ("study", "series", "frame_of_reference")}
    write_series(folder, [image], **ids)
    (volume,) = scan([folder]).volumes()
    mask = rendered.labels == FIRST_LESION
    assert volume.grid is not None
    lesion = region_of_mask(mask, volume.grid, "L1")
    assert lesion is not None
    return Drawn(volume, stored.astype(np.float32), mask, Region((lesion,)))


@pytest.fixture(scope="session")
def grid(drawn: Drawn) -> Grid:
    """Of the CT."""
    assert drawn.volume.grid is not None
    return drawn.volume.grid


@pytest.fixture(scope="session")
def mvi_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a bundle of a variant, its network an eighth as wide, random but not undecided."""
    top = tmp_path_factory.mktemp("mvi-bundles")
    return lambda variant: write_bundle(top / variant, variant)


def write_bundle(folder: Path, variant: str, threshold: float = 0.5) -> Path:
    """A bundle of random weights."""
    if (folder / "manifest.toml").exists():
        return folder
    document = load_document(RECIPES[variant])
    document["input"] = {**document["input"], "size": SIZE}
    recipe = mvi_recipe(document)
    people = [
        facts_from(
            {"sex": "male", "age_y": 50 + n, "diameter_mm": 20 + 5 * n, "afp_ng_ml": 10.0**n, "child_pugh": "AAB"[n],
             "hbsag": n > 0, "hcv": n > 1}
        )
        for n in range(3)
    ]  # fmt: skip
    scale = None if variant == "image" else scale_of(people)
    manifest = fixed_tables(recipe, as_read(recipe), scale)
    tensors: dict[str, torch.Tensor] = {}
    manifest["network"] = {"name": FACTORS_ONLY, "classes": ["mvi-", "mvi+"]}
    inputs = len(COLUMNS)
    if variant != "svm-factors":
        network = _network(len(COLUMNS) if variant == "image-factors" else 0)
        prefix = NETWORK_PREFIX if variant == "svm-both" else ""
        tensors = {prefix + name: value for name, value in network.state_dict().items()}
        manifest["network"] = {
            "name": "resnet-18",
            "width": WIDTH,
            "in_channels": 3,
            "factors": network.factors,
            "classes": ["mvi-", "mvi+"],
            "parameters": sum(p.numel() for p in network.parameters()),
        }
        manifest["placing"] = placing(SIZE, np.array([0.2, 0.4]))
        inputs += network.image_features
    if variant.startswith("svm"):
        rng = np.random.default_rng(5)
        kernel = "linear" if variant == "svm-factors" else "rbf"
        vectors = rng.normal(size=(1 if kernel == "linear" else 12, inputs))
        gamma = None if kernel == "linear" else 0.01
        machine = SupportMachine(vectors, rng.normal(size=len(vectors)), 0.1, np.zeros(inputs), np.ones(inputs), gamma)
        tensors |= {name: torch.from_numpy(value) for name, value in machine.tensors().items()}
        manifest["svm"] = {"kernel": kernel, "gamma": gamma or 1.0, "intercept": 0.2, "slope": 0.8}
    manifest["operating"] = {"default": {"threshold": threshold, "chosen_on": "nothing"}}
    return write_region_bundle(folder, tensors, manifest, "A bundle for tests.\n")


def _network(factors: int) -> MviNetwork:
    torch.manual_seed(11)
    network = MviNetwork(WIDTH, 3, factors)
    with torch.no_grad():
        network.train()
        for _ in range(3):
            network(torch.rand(4, 3, SIZE, SIZE))
        network.fc.weight.normal_(0, 0.6)
    return network.eval()
