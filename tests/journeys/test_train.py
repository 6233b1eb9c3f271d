"""Training from the command line: on own cases to a bundle that reads, and everything that is refused in a sentence."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.cli.train import add_arguments, run
from overread.core.errors import OverreadError
from overread.core.geometry import Affine
from overread.core.truth import Lesion, Truth
from overread.io import CaseRow, uid_from, write_cases, write_mr_series, write_truth

Overread = Callable[..., Any]
AFFINE = Affine(np.array([[4.0, 0, 0, -190], [0, 4, 0, -190], [0, 0, 5, -20], [0, 0, 0, 1]]))
SHAPE = (12, 96, 96)
HEADERS = {"SeriesDescription": "HBP 20MIN", "Modality": "MR", "ScanningSequence": "GR", "RepetitionTime": 4.0,
           "EchoTime": 1.8, "FlipAngle": 10}  # fmt: skip
RECIPE = """
base = "hbp-detection-small"
variant = "mine"
[network]
width_divisor = 16
[loop]
crop_steps = 6
crop_batch = 4
whole_batch = 2
checks = 1
check_slices = 4
refresh_slices = 4
checkpoint_every = 2
hard_slices = 2
hard_kept = 1
"""


def _case(folder: Path, number: int, *, has_lesion: bool, patient: str = "", split: str = "") -> CaseRow:
    name = f"case-{number}"
    rng = np.random.default_rng(number)
    centre = (5, 40 + int(rng.integers(8)), 30 + int(rng.integers(8)))
    index = np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"), axis=-1)
    place = AFFINE.to_mm(np.array([centre]))[0]
    is_lesion = np.linalg.norm(AFFINE.to_mm(index) - place, axis=-1) < 18
    y, x = np.meshgrid(np.linspace(-1, 1, 96), np.linspace(-1, 1, 96), indexing="ij")
    body = np.where(x**2 + y**2 < 0.9, 300, 20) + rng.normal(0, 8, SHAPE)
    write_mr_series(
        folder / name / "series",
        stored=np.where(is_lesion & has_lesion, 120, body).clip(0).astype(np.uint16),
        slope=1.0,
        intercept=0.0,
        affine=AFFINE,
        attributes=HEADERS,
        study_uid=uid_from(f"{name}/study"),
        series_uid=uid_from(name),
        frame_of_reference_uid=uid_from("f"),
    )
    lesions = (Lesion("L1", "hcc", tuple(float(v) for v in place), 36.0, 0.0),) if has_lesion else ()  # type: ignore[arg-type]
    label = "hcc" if has_lesion else "none"
    write_truth(folder / name / "truth.json", Truth(name, label, lesions))
    return CaseRow(name, patient or f"ID{number}", "here", split, folder / name / "series", {}, label,
                   folder / name / "truth.json")  # fmt: skip


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of five cases of a ward, and a recipe, in one folder; one case has no series."""
    folder = tmp_path_factory.mktemp("ward")
    rows = [_case(folder, n, has_lesion=n != 3) for n in range(4)]
    rows.append(CaseRow("case-gone", "ID9", "here", "", folder / "gone", {}, "none", None))
    write_cases(folder / "our-ward.csv", rows)
    (folder / "mine.toml").write_text(RECIPE)
    return folder


@pytest.mark.slow
def test_own_cases_become_a_bundle_that_reads(overread: Overread, ward: Path, tmp_path: Path) -> None:
    bundle, work = tmp_path / "bundle", tmp_path / "work"
    told = ("train", ward / "mine.toml", "--cases", ward / "our-ward.csv", "--out", bundle, "--work", work)
    done = overread(*told, "--jobs", "1", "--threads", "1")
    assert done.status == 0, done.err
    assert "Trained on our-ward, not for diagnosis." in done.out
    assert "3 cases to train on, 1 to validate, 1 not used." in done.err
    assert "case-gone: " in done.err
    assert "ID9" not in done.err + done.out
    assert "Trained on the processor in float32." in done.err
    read = overread("read", ward / "case-0" / "series", "--system", "hbp-detection", "--bundle", bundle, "--json")
    assert read.status == 0, read.err
    assert json.loads(read.out)["reader"]["variant"] == "mine"


@pytest.mark.slow
def test_folds_of_own_cases_are_a_table(overread: Overread, ward: Path, tmp_path: Path) -> None:
    rows = [_case(tmp_path, n, has_lesion=n % 2 == 0, patient=f"P{n // 2}") for n in range(6)]
    write_cases(tmp_path / "list.csv", rows)
    done = overread(
        "train", ward / "mine.toml", "--cases", tmp_path / "list.csv", "--out", tmp_path / "table",
        "--work", tmp_path / "w", "--folds", "3", "--jobs", "1", "--threads", "1",
    )  # fmt: skip
    assert done.status == 0, done.err
    with (tmp_path / "table" / "table.csv").open() as file:
        names = [row["row"] for row in csv.DictReader(file)]
    assert names == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "mean +- SD"]
    assert "| mean +- SD |" in done.out


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "it needs either phantoms or cases"),
        (("--phantom", "hbp", "--cases", "x.csv"), "it needs either phantoms or cases"),
        (("--phantom", "triage"), "the recipe is for phantoms of kind hbp, not triage"),
        (("--cases", "nowhere.csv"), "there is no such file"),
        (("--phantom", "hbp", "--fold", "1"), "--fold says which of how many"),
        (("--phantom", "hbp", "--trained-on", "people"), "phantoms are called phantoms"),
        (("--phantom", "hbp", "--device", "tpu"), "there is no such device"),
        (("--phantom", "hbp", "--threads", "0"), "it needs one"),
        (("--phantom", "hbp", "--jobs", "0"), "--jobs must be at least 1"),
    ],
)
def test_what_goes_not_together_is_refused_before_anything_is_drawn(
    tmp_path: Path, options: tuple[str, ...], why: str
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    told = ["hbp-detection-small", "--out", str(tmp_path / "b"), "--work", str(tmp_path / "w"), *options]
    with pytest.raises(OverreadError, match=why):
        run(parser.parse_args(told))
    assert not (tmp_path / "b").exists()
    assert not (tmp_path / "w" / "drawn").exists()


def test_a_refusal_is_one_sentence(overread: Overread, tmp_path: Path) -> None:
    told = ("train", "hbp-detection-small", "--out", tmp_path / "b", "--cases", tmp_path / "nowhere.csv")
    assert "there is no such file" in overread(*told).refuses()


@pytest.mark.slow
def test_too_few_cases_for_both_sides_are_refused(overread: Overread, ward: Path, tmp_path: Path) -> None:
    write_cases(tmp_path / "one.csv", [_case(tmp_path, 0, has_lesion=True)])
    told = ("train", ward / "mine.toml", "--cases", tmp_path / "one.csv", "--out", tmp_path / "b")
    assert "do not hold both positive and negative slices" in overread(*told, "--work", tmp_path / "w").refuses()
