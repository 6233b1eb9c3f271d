"""Whatever is given: one sentence with the remedy, status 2, nothing half-written."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.places import shipped_models
from overread.io import uid_from, write_mr_series

Overread = Callable[..., Any]
READ = ("--system", "hbp-detection")
T1 = {"RepetitionTime": 4.0, "EchoTime": 1.8, "FlipAngle": 10}


def _series(folder: Path, matrix: np.ndarray, slices: int = 12, modality: str = "MR") -> Path:
    stored = np.random.default_rng(0).integers(0, 500, (slices, 48, 48)).astype(np.uint16)
    write_mr_series(
        folder,
        stored=stored,
        slope=1.0,
        intercept=0.0,
        affine=Affine(matrix),
        attributes={"SeriesDescription": "HBP 20MIN", "Modality": modality, "ScanningSequence": "GR", **T1},
        study_uid=uid_from("s"),
        series_uid=uid_from(str(folder)),
        frame_of_reference_uid=uid_from("f"),
    )
    return folder


AXIAL = np.diag([3.0, 3.0, 3.0, 1.0])
SAGITTAL = np.array([[0.0, 0, 3, 0], [3, 0, 0, 0], [0, -3, 0, 150], [0, 0, 0, 1]])


def test_an_empty_folder(overread: Overread, tmp_path: Path) -> None:
    assert "it is empty" in overread("scan", tmp_path).refuses()


def test_a_folder_without_images(overread: Overread, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    assert "holds nothing that can be shown" in overread("scan", tmp_path).refuses()


def test_a_path_that_is_not_there(overread: Overread, tmp_path: Path) -> None:
    assert "no such file or folder" in overread("read", tmp_path / "gone", *READ).refuses()


def test_a_single_file_is_opened_like_a_folder(overread: Overread, tmp_path: Path) -> None:
    folder = _series(tmp_path / "s", AXIAL)
    done = overread("scan", sorted(folder.iterdir())[0])
    assert done.status == 0
    assert "1 image" in done.out


def test_a_truncated_file_is_named_and_the_rest_is_there(overread: Overread, tmp_path: Path) -> None:
    folder = _series(tmp_path / "s", AXIAL)
    victim = sorted(folder.iterdir())[5]
    victim.write_bytes(victim.read_bytes()[:-3000])
    done = overread("scan", folder)
    assert done.status == 0
    assert victim.name in done.out
    assert "12 files" in done.out


@pytest.mark.parametrize(
    ("name", "matrix", "slices", "modality", "words"),
    [
        ("ct", AXIAL, 12, "CT", "it is CT, not MR"),
        ("three", AXIAL, 3, "MR", "it has 3 slices, fewer than 8"),
        ("sagittal", SAGITTAL, 12, "MR", "its slices are sagittal, not axial"),
    ],
)
def test_what_the_system_does_not_read(
    overread: Overread, tmp_path: Path, name: str, matrix: np.ndarray, slices: int, modality: str, words: str
) -> None:
    folder = _series(tmp_path / name, matrix, slices, modality)
    volume = overread("scan", folder, "--json").out.split('"id": "')[1].partition('"')[0]
    out = tmp_path / "out"
    assert words in overread("read", folder, *READ, "--role", f"t1-hbp={volume}", "--out", out).refuses()
    assert [p.name for p in out.iterdir()] == ["reading.json"]
    assert '"result": "refused"' in (out / "reading.json").read_text()


def test_a_device_that_is_not_there(overread: Overread, tmp_path: Path) -> None:
    folder = _series(tmp_path / "s", AXIAL)
    sentence = overread("read", folder, *READ, "--device", "mps" if sys.platform != "darwin" else "cuda").refuses()
    assert "this machine offers" in sentence


@pytest.mark.parametrize(("damage", "words"), [("missing", "cannot be read"), ("changed", "is damaged")])
def test_damaged_and_missing_weights(overread: Overread, tmp_path: Path, damage: str, words: str) -> None:
    bundle = tmp_path / "hbp-detection-small"
    shutil.copytree(shipped_models() / bundle.name, bundle)
    weights = bundle / "weights.safetensors"
    if damage == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    folder = _series(tmp_path / "s", AXIAL)
    out = tmp_path / "out"
    assert words in overread("read", folder, *READ, "--bundle", bundle, "--out", out).refuses()
    assert list(out.iterdir()) == []


def test_an_output_folder_that_is_a_file(overread: Overread, tmp_path: Path) -> None:
    folder = _series(tmp_path / "s", AXIAL)
    (tmp_path / "out").write_text("in the way")
    assert "it is a file" in overread("read", folder, *READ, "--out", tmp_path / "out").refuses()
    assert (tmp_path / "out").read_text() == "in the way"


def test_a_full_disk_leaves_nothing_half_written(overread: Overread, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the operating system refuses the same write."""
    out = tmp_path / "out"
    done = overread("phantom", out, "--kind", "hbp", "--cases", 1, "--seed", 810003, "--jobs", 1, largest_file=40_000)
    assert "cannot be written" in done.refuses()
    assert [p for p in out.rglob("*") if p.is_file()] == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_without_permission(overread: Overread, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    assert "permission" in overread("scan", closed).refuses()


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("read",), ("phantom", "x", "--kind", "hbp", "--cases", "many", "--seed", "1"), ("demo", "--loud")],
)
def test_a_command_line_that_makes_no_sense(overread: Overread, arguments: tuple[str, ...]) -> None:
    assert overread(*arguments).refuses()
