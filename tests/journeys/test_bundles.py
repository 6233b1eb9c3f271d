"""Bundles and the gate from outside: what is listed, what is refused, what is warned of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.places import resources, shipped_models
from overread.io import scan, uid_from, write_mr_series

Overread = Callable[..., Any]
SHIPPED = shipped_models() / "hbp-detection-small"


def _install(home: Path, name: str, old: str = "", new: str = "") -> Path:
    """A copy of the shipped bundle among the user's own, with a change in its manifest."""
    folder = home / "data" / "models" / name
    shutil.copytree(SHIPPED, folder)
    manifest = folder / "manifest.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new) if old else text)
    return folder


@pytest.fixture
def several(own_home: Path) -> Path:
    """Bundles of the user's that run, and others that cannot for four reasons."""
    _install(own_home, "a-newer", "overread.bundle/1", "overread.bundle/2")
    _install(own_home, "b-foreign", '"hbp-detection"', '"liver-fat"')
    _install(own_home, "hbp-detection-damaged", "[findings]", "[findings")
    _install(own_home, "mine", 'variant = "small"', 'variant = "mine"')
    weights = _install(own_home, "own-small") / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0\0")
    return own_home


def test_bundles_that_cannot_run_are_listed_with_the_reason(overread: Overread, several: Path) -> None:
    done = overread("systems", "--json")
    assert (done.status, done.err) == (0, "")
    document = json.loads(done.out)
    schema = json.loads((resources() / "schemas" / "systems.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)
    system = next(system for system in document["systems"] if system["id"] == "hbp-detection")
    listed = {Path(v["folder"]).name: v for v in system["variants"]}
    assert "overread.bundle/2" in listed["a-newer"]["reason"]
    assert "is damaged" in listed["hbp-detection-damaged"]["reason"]
    assert [v["runs"] for v in listed.values()] == [False, False, True, True, True]
    assert [name for name, v in listed.items() if v["used"]] == ["mine", "own-small"]
    assert [name for name, v in listed.items() if v["first"]] == ["mine"]
    (foreign,) = document["other_bundles"]
    assert "it belongs to the system 'liver-fat'" in foreign["reason"]


def test_the_listing_in_words_says_what_is_used_and_what_operating_points_mean(
    overread: Overread, several: Path
) -> None:
    done = overread("systems", "--check")
    assert (done.status, done.err) == (0, "")
    lines = [line.strip() for line in done.out.splitlines()]
    version = json.loads(overread("systems", "--json").out)["systems"][0]["variants"][-1]["bundle"]["version"]
    assert f"mine {version} (your own): runs, used unless another variant is named" in lines
    assert f"small {version} (shipped): runs, not used: another bundle of this variant comes before it" in lines
    damaged = lines[lines.index(f"small {version} (your own): cannot run, used") + 2]
    assert "its weight file weights.safetensors is damaged or not the one it was released with" in damaged
    default = next(line for line in lines if line.startswith("default, scores from "))
    assert " % " in default
    assert "of the slices with a target lesion, spares " in default
    assert "Bundles that belong to none of these systems:" in lines


def test_a_bundle_of_another_system_does_not_read(overread: Overread, several: Path, tmp_path: Path) -> None:
    series = _series(tmp_path / "series", _body(40))
    done = overread("read", series, "--system", "hbp-detection", "--bundle", several / "data" / "models" / "b-foreign")
    assert "it belongs to the system 'liver-fat', which this version does not have" in done.refuses()


def test_a_series_of_noise_is_refused_after_its_pixels_were_looked_at(overread: Overread, tmp_path: Path) -> None:
    series, out = _series(tmp_path / "noise", np.random.default_rng(0).integers(0, 500, (40, 96, 96))), tmp_path / "out"
    done = overread("read", series, "--system", "hbp-detection", "--role", _as_hbp(series), "--out", out)
    refused = "hbp-detection does not read this t1-hbp volume: only 1.6 % of its contrast is coarser than grain"
    assert refused in done.refuses()
    document = json.loads((out / "reading.json").read_text())
    assert document["result"] == "refused"
    assert [m["level"] for m in document["messages"]] == ["refusal"]


def test_what_the_gate_warns_of_stands_in_the_reading(overread: Overread, tmp_path: Path) -> None:
    series = _series(tmp_path / "short", _body(12))
    done = overread("read", series, "--system", "hbp-detection", "--role", _as_hbp(series), "--json")
    assert done.status == 0, done.err
    document = json.loads(done.out)
    (warning,) = [m["text"] for m in document["messages"] if m["level"] == "warning"]
    assert warning.startswith("Its slices cover 48 mm from first to last, less than 120 mm: ")
    assert document["result"] in ("marks", "none")


def _body(slices: int) -> NDArray[np.float64]:
    """An ellipse with an organ in a noisy field."""
    y, x = np.meshgrid(np.linspace(-1, 1, 96), np.linspace(-1, 1, 96), indexing="ij")
    body = 300 * (x**2 / 0.7 + y**2 / 0.4 < 1) + 150 * ((x + 0.3) ** 2 + y**2 < 0.1)
    return np.clip(body + np.random.default_rng(0).normal(40, 12, (slices, 96, 96)), 0, None)


def _series(folder: Path, stored: NDArray[Any]) -> Path:
    """Axial slices, 4 mm apart, of 230 mm across."""
    write_mr_series(
        folder,
        stored=stored.astype(np.uint16),
        slope=1.0,
        intercept=0.0,
        affine=Affine(np.diag([2.4, 2.4, 4.0, 1.0])),
        attributes={"SeriesDescription": "HBP 20MIN", "Modality": "MR", "ScanningSequence": "GR", "FlipAngle": 10},
        study_uid=uid_from("s"),
        series_uid=uid_from(str(folder)),
        frame_of_reference_uid=uid_from("f"),
    )
    return folder


def _as_hbp(folder: Path) -> str:
    """The assignment of its one volume to the hepatobiliary phase."""
    (volume,) = scan([folder]).volumes()
    return f"t1-hbp={volume.id}"
