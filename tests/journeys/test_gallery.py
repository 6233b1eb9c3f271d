"""``overread gallery`` from outside."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Overread = Callable[..., Any]
COLOUR_MARGIN = 40


def _is_coloured(path: Path) -> bool:
    with Image.open(path) as file:
        picture = np.asarray(file.convert("RGB")).astype(int)
    return bool((picture.max(axis=2) - picture.min(axis=2) > COLOUR_MARGIN).any())


def test_sheets_are_named_after_their_cases_and_outlined(overread: Overread, tmp_path: Path) -> None:
    done = overread("gallery", tmp_path / "out", "--kind", "hbp", "--cases", "2", "--seed", "810001")
    assert done.status == 0, done.err
    assert done.err == ""
    paths = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in paths] == ["hbp-810001.png", "hbp-810002.png"]
    assert all(_is_coloured(path) for path in paths)


def test_blind_sheets_hide_names_and_outlines_and_have_a_key(overread: Overread, tmp_path: Path) -> None:
    done = overread(
        "gallery", tmp_path, "--kind", "hbp", "--cases", "3", "--seed", "810001", "--blind", "--normals", "0.5"
    )
    assert done.status == 0, done.err
    pictures = sorted(tmp_path.glob("*.png"))
    with (tmp_path / "key.csv").open(newline="") as file:
        key = list(csv.DictReader(file))
    assert [row["file"] for row in key] == [path.name for path in pictures] == ["001.png", "002.png", "003.png"]
    assert sorted(row["seed"] for row in key) == ["810001", "810002", "810003"]
    assert not any(_is_coloured(path) for path in pictures)
    for path in pictures:
        with Image.open(path) as file:
            assert set(file.info) <= {"dpi"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--kind", "pancreas", "--cases", "1", "--seed", "1"),
        ("--kind", "hbp", "--cases", "0", "--seed", "1"),
        ("--kind", "hbp", "--cases", "1", "--seed", "-4"),
        ("--kind", "hbp", "--cases", "1", "--seed", "1", "--site", "mars"),
        ("--kind", "ct-mvi", "--cases", "1", "--seed", "1", "--normals", "0.5"),
        ("--kind", "hbp", "--cases", "1", "--seed", "1", "--normals", "1.5"),
        ("--kind", "hbp", "--cases", "1", "--seed", "1", "--jobs", "0"),
    ],
    ids=" ".join,
)
def test_bad_input_is_refused_in_one_sentence(overread: Overread, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    overread("gallery", tmp_path / "out", *arguments).refuses()
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_refused(overread: Overread, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    sentence = overread("gallery", tmp_path / "out", "--kind", "hbp", "--cases", "1", "--seed", "1").refuses()
    assert "is a file" in sentence
    assert (tmp_path / "out").read_text() == ""


def test_a_full_disk_leaves_nothing_half_written(overread: Overread, tmp_path: Path) -> None:
    done = overread(
        "gallery",
        tmp_path / "out",
        "--kind",
        "hbp",
        "--cases",
        "1",
        "--seed",
        "810001",
        "--jobs",
        "1",
        largest_file=20_000,
    )
    done.refuses()
    assert list((tmp_path / "out").iterdir()) == []
