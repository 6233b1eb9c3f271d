"""A small MR study of six series on three grids with one bright ball in all of them, and bundles of random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from overread.core.geometry import Affine
from overread.core.region import Circle, LesionRegion, Region
from overread.core.study import Volume
from overread.io import scan, uid_from, write_mr_series
from overread.systems.noncontrast_triage.network import TriageNetwork
from overread.systems.noncontrast_triage.variants import STACKS
from overread.training.recipe import load_document
from overread.training.regions.write import write_region_bundle
from overread.training.triage.bundle import manifest_of
from overread.training.triage.recipe import recipe_of

CENTRE_MM, RADIUS_MM = (-40.0, -12.0, 3.0), 18.0
SIZE = 107
GRIDS = {
    "t2": ((16, 100, 110), (6.0, 2.0, 2.0), (-111.0, -101.0, -45.0)),
    "dwi": ((13, 64, 64), (8.0, 3.4, 3.4), (-107.0, -108.0, -48.0)),
    "t1-pre": ((34, 80, 90), (3.0, 2.4, 2.4), (-106.0, -96.0, -49.0)),
    "t1-arterial": ((34, 80, 90), (3.0, 2.4, 2.4), (-106.0, -96.0, -49.0)),
    "t1-portal": ((34, 80, 90), (3.0, 2.4, 2.4), (-106.0, -96.0, -49.0)),
    "t1-delayed": ((34, 80, 90), (3.0, 2.4, 2.4), (-106.0, -96.0, -49.0)),
}
"""Shape (k, j, i), spacing (k, j, i) mm, centre of the first voxel (x, y, z) mm."""


def write_series(
    folder: Path, role: str, frame: str = "frame", corner_mm: tuple[float, float, float] | None = None
) -> Volume:
    """One series: a body in noise with the ball; what plays the role of DWI has b 800."""
    shape, (step_k, step_j, step_i), corner = GRIDS[role]
    matrix = np.diag([step_i, step_j, step_k, 1.0])
    matrix[:3, 3] = corner_mm or corner
    affine = Affine(matrix)
    k, j, i = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    x, y, z = np.moveaxis(affine.to_mm(np.stack([k, j, i], axis=-1)), -1, 0)
    body = (x / 95) ** 2 + (y / 85) ** 2 < 1
    ball = (x - CENTRE_MM[0]) ** 2 + (y - CENTRE_MM[1]) ** 2 + (z - CENTRE_MM[2]) ** 2 < RADIUS_MM**2
    noise = np.random.default_rng([5, sorted(GRIDS).index(role)]).normal(0, 20, shape)
    stored = np.clip(np.where(body, 400 + 1.2 * x, 15) + 350 * ball + noise, 0, 4000).astype(np.uint16)
    write_mr_series(
        folder,
        stored=stored,
        slope=1.0,
        intercept=0.0,
        affine=affine,
        attributes={"manufacturer": "Overread", "series_description": role},
        study_uid=uid_from("study"),
        series_uid=uid_from(f"series {role} {frame}"),
        frame_of_reference_uid=uid_from(frame),
    )
    (volume,) = scan([folder]).volumes()
    return replace(volume, b_value=800.0) if role == "dwi" else volume


@pytest.fixture(scope="session")
def series(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Volume]:
    """The six series by role."""
    top = tmp_path_factory.mktemp("triage-study")
    return {role: write_series(top / role, role) for role in GRIDS}


@pytest.fixture(scope="session")
def triage_bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of a bundle of a variant: the network at an eighth of its width, random but not undecided."""
    top = tmp_path_factory.mktemp("triage-bundles")
    return lambda variant: write_bundle(top / variant, variant)


def write_bundle(folder: Path, variant: str) -> Path:
    """A bundle of random weights."""
    if (folder / "manifest.toml").exists():
        return folder
    document = load_document("triage-t2-dwi-small") | {"variant": variant}
    document["network"] = {"width": 0.125}
    document["loop"] = document["loop"] | {"input_size": SIZE}
    recipe = recipe_of(document)
    torch.manual_seed(7)
    network = TriageNetwork(0.125, len(STACKS[variant]))
    with torch.no_grad():
        network.train()
        for _ in range(3):
            network(torch.rand(4, len(STACKS[variant]), SIZE, SIZE))
        network.classif.weight.normal_(0, 0.5)
    manifest = manifest_of(recipe, sum(p.numel() for p in network.parameters()), "2026-11-21")
    manifest["placing"] = {"activation_scale": 0.5, "offset_px": [0.0, 0.0]}
    return write_region_bundle(folder, network.state_dict(), manifest, "A bundle for tests.\n")


def ball_region(margin_mm: float = 10.0, source: str = "mask") -> LesionRegion:
    """Circles round the ball on every slice of T2 that cuts it, as a mask gives them."""
    circles = []
    for k in range(GRIDS["t2"][0][0]):
        z = GRIDS["t2"][2][2] + 6.0 * k
        part = RADIUS_MM**2 - (z - CENTRE_MM[2]) ** 2
        if part > 0:
            circles.append(Circle((CENTRE_MM[0], CENTRE_MM[1], z), float(np.sqrt(part)) + margin_mm))
    return LesionRegion("L1", tuple(circles), source, margin_mm)


@pytest.fixture
def region() -> Region:
    """Where the ball is."""
    return Region((ball_region(),))
