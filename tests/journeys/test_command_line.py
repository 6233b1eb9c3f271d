"""The program from outside: what the README promises."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from overread.core.places import resources
from overread.core.reading import content_digest, seal
from overread.io import read_cases, scan
from overread.io.heatmaps import read_heatmap

Overread = Callable[..., Any]


def _valid(document: dict[str, Any], schema: str) -> dict[str, Any]:
    loaded = json.loads((resources() / "schemas" / f"{schema}.schema.json").read_text())
    jsonschema.Draft202012Validator(loaded).validate(document)
    return document


def test_reading_a_phantom_twice_gives_the_same_digest_and_valid_files(
    overread: Overread, cohort: Path, tmp_path: Path
) -> None:
    series = cohort / "cases" / "hbp-810001" / "series"
    documents = []
    for name in ("one", "two"):
        ordered = ("read", series, "--system", "hbp-detection", "--no-cache", "--nifti", "--json")
        done = overread(*ordered, "--out", tmp_path / name)
        assert done.status == 0, done.err
        documents.append(_valid(json.loads(done.out), "reading"))
        assert json.loads((tmp_path / name / "reading.json").read_text()) == documents[-1]
    one, two = documents
    assert one["content_digest"] == two["content_digest"] == content_digest(one)
    assert one["seal"] != two["seal"]
    assert two["seal"] == seal(two)
    (volume,) = scan([series]).volumes()
    assert len(one["slices"]) == volume.shape[0]
    assert one["rating"] == max(s["score"] for s in one["slices"])
    heatmap = read_heatmap(tmp_path / "one" / "heatmap.npz")
    assert heatmap.sha256 == one["heatmap"]["sha256"]
    grid = volume.grid
    assert grid is not None
    (laid,) = scan([tmp_path / "one" / "heatmap.nii.gz"]).volumes()
    assert laid.shape == volume.shape
    assert laid.affine is not None
    np.testing.assert_allclose(laid.affine.matrix, grid.affine.matrix, atol=2e-3)


def test_scan_prints_one_valid_document(overread: Overread, cohort: Path) -> None:
    document = _valid(json.loads(overread("scan", cohort, "--json").out), "scan")
    files = document["files"]
    assert files["found"] == sum(v for k, v in files.items() if k != "found")
    roles = [v["role"]["name"] for st in document["studies"] for se in st["series"] for v in se["volumes"]]
    assert roles.count("t1-hbp") == 2


def test_systems_prints_one_valid_document(overread: Overread) -> None:
    document = _valid(json.loads(overread("systems", "--json").out), "systems")
    variant = document["systems"][0]["variants"][0]
    assert variant["runs"] is True
    assert variant["networks"][0]["bundled_parameters"] == variant["networks"][0]["published_parameters"] == 1_077_186


def test_selftest_finds_everything_in_place(overread: Overread) -> None:
    done = overread("selftest", "--json")
    assert done.status == 0, done.out
    document = _valid(json.loads(done.out), "selftest")
    assert [check["name"] for check in document["checks"] if not (check["works"] or check["optional"])] == []


def test_the_same_seed_makes_the_same_files(overread: Overread, cohort: Path, tmp_path: Path) -> None:
    done = overread("phantom", tmp_path, "--kind", "hbp", "--cases", "1", "--seed", "810001", "--jobs", "1")
    assert done.status == 0, done.err
    for path in sorted((tmp_path / "cases" / "hbp-810001").rglob("*.*")):
        if path.suffix in (".dcm", ".json"):
            assert path.read_bytes() == (cohort / path.relative_to(tmp_path)).read_bytes(), path.name
    _valid(json.loads((tmp_path / "cases" / "hbp-810001" / "truth.json").read_text()), "truth")


@pytest.mark.slow
def test_the_demo_is_told_in_words_where_there_is_no_screen(overread: Overread) -> None:
    done = overread("demo", QT_QPA_PLATFORM="", DISPLAY="", WAYLAND_DISPLAY="")
    assert done.status == 0, done.err
    assert "told in words" in done.err
    assert "Trained on phantoms, not for diagnosis." in done.out
    assert "truth: hcc" in done.out


@pytest.mark.slow
def test_a_screenshot_is_taken_and_the_window_closes(overread: Overread, cohort: Path, tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    done = overread(cohort / "cases" / "hbp-810001" / "series", "--screenshot", picture, QT_QPA_PLATFORM="offscreen")
    assert done.status == 0, done.err
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size > 50_000


def test_version_and_help(overread: Overread) -> None:
    assert overread("--version").out.startswith("overread 0.")
    text = overread("--help").out
    for command in ("demo", "scan", "read", "systems", "phantom", "train", "evaluate", "selftest"):
        assert command in text


def test_a_folder_with_two_studies_is_not_guessed_at(overread: Overread, cohort: Path) -> None:
    sentence = overread("read", cohort, "--system", "hbp-detection").refuses()
    assert "2 studies in it could be" in sentence


def test_cases_of_another_site_are_not_taken_for_those_ordered(overread: Overread, cohort: Path) -> None:
    before = (cohort / "cases.csv").read_bytes()
    ordered = ("phantom", cohort, "--kind", "hbp", "--cases", 1, "--seed", 810001, "--site", "external-1")
    assert "hbp-810001 is already there, with site internal" in overread(*ordered).refuses()
    assert (cohort / "cases.csv").read_bytes() == before


def test_a_cohort_can_be_made_in_several_goes(overread: Overread, cohort: Path, tmp_path: Path) -> None:
    copy = tmp_path / "cohort"
    shutil.copytree(cohort, copy)
    listed = len(read_cases(copy / "cases.csv"))
    overread("phantom", copy, "--kind", "hbp", "--cases", 1, "--seed", 810009, "--normals", 1)
    rows = read_cases(copy / "cases.csv")
    assert len(rows) == listed + 1
    assert next(row for row in rows if row.case == "hbp-810009").label == "none"
