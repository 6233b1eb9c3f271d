"""A small volume on disk, and a bundle whose network is small too: everything of a reading but its time."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tomli_w
import torch
from safetensors.torch import save_file

from overread.core.geometry import Affine
from overread.core.places import shipped_models
from overread.core.study import Volume
from overread.io import scan, uid_from, write_mr_series
from overread.systems import load_bundle
from overread.systems.hbp_detection.network import Kim11

SLICES = 10


def write_volume(folder: Path, seed: int = 0, z_mm: float = 0.0) -> Volume:
    """A bright body with a dark disc in noise; ``seed`` decides its pixels, ``z_mm`` where it lies."""
    rows, columns = np.mgrid[:96, :96]
    body = ((rows - 48) / 35) ** 2 + ((columns - 48) / 42) ** 2 < 1
    disc = (rows - 40) ** 2 + (columns - 35) ** 2 < 40
    noise = np.random.default_rng(seed).normal(0, 25, (SLICES, 96, 96))
    stored = np.clip(np.where(body, 500, 20) - 250 * (disc & body) + noise, 0, 4000).astype(np.uint16)
    matrix = np.diag([2.5, 2.5, 4.0, 1.0])
    matrix[:3, 3] = -120, -110, z_mm
    write_mr_series(
        folder,
        stored=stored,
        slope=1.0,
        intercept=0.0,
        affine=Affine(matrix),
        attributes={"manufacturer": "Overread", "series_description": "HBP 20MIN"},
        study_uid=uid_from(f"study {seed}"),
        series_uid=uid_from(f"series {seed} {z_mm}"),
        frame_of_reference_uid=uid_from(f"frame {seed}"),
    )
    (volume,) = scan([folder]).volumes()
    return volume


@pytest.fixture
def make_volume(tmp_path: Path) -> Callable[..., Volume]:
    """Writes volumes into folders of their own."""
    count = iter(range(100))
    return lambda **how: write_volume(tmp_path / f"series-{next(count)}", **how)


@pytest.fixture
def small_bundle(tmp_path: Path) -> Path:
    """The shipped bundle with a random network of an eighth of its width."""
    shipped = next(f for f in sorted(shipped_models().iterdir()) if f.name.startswith("hbp-detection"))
    folder = tmp_path / "hbp-detection-tiny"
    shutil.copytree(shipped, folder)
    manifest = dict(load_bundle(shipped).manifest)
    torch.manual_seed(4)
    table = manifest["network"]
    network = Kim11(table["layout"], table["pooling"], 3, width_divisor=8)
    with torch.no_grad():
        network.classifier.weight.normal_(0, 1)
        network.train()
        for _ in range(3):
            network(torch.rand(4, 3, 96, 96))
    save_file(network.state_dict(), folder / "weights.safetensors")
    manifest["network"] = {**table, "width_divisor": 8}
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    manifest["bundle"] = {**manifest["bundle"], "weights_sha256": digest, "variant": "tiny"}
    (folder / "manifest.toml").write_text(tomli_w.dumps(manifest), encoding="utf-8")
    return folder
