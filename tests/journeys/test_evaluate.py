"""``overread evaluate`` from outside: two phantoms read, everything written, taken over, compared, refused."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from overread.core.errors import OverreadError
from overread.core.places import resources, shipped_models
from overread.core.reading import Mark, Reader, Reading
from overread.evaluation.evaluate import evaluate
from overread.evaluation.run import Wish
from overread.io import read_cases, read_truth, write_cases, write_json
from overread.systems import load_bundle

Overread = Callable[..., Any]
NAME = "hbp-detection-small"
SLICES = 16


@dataclass(frozen=True)
class Evaluated:
    """A finished evaluation: the bundle's copy, the cases, the folder, what was printed, the environment."""

    bundle: Path
    cases: Path
    out: Path
    document: dict[str, Any]
    home: Path


@pytest.fixture(scope="module")
def thin(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cohort's list with 16 slices a case, those around the lesion where there is one: read in seconds."""
    folder = tmp_path_factory.mktemp("thin")
    rows = []
    for row in read_cases(cohort / "cases.csv"):
        assert row.truth is not None
        truth = read_truth(row.truth)
        first = max(0, truth.targets[0].slices["t1-hbp"][0] - 4) if truth.targets else 30
        files = sorted(p for p in row.folder.rglob("*") if p.is_file())[first : first + SLICES]
        series = folder / row.case
        series.mkdir()
        for file in files:
            shutil.copy(file, series / file.name)
        rows.append(replace(row, folder=series))
    write_cases(folder / "cases.csv", rows)
    return folder / "cases.csv"


@pytest.fixture(scope="module")
def evaluated(thin: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """Two cases, evaluated once with twins and recorded."""
    folder = tmp_path_factory.mktemp("evaluated")
    bundle, out = folder / NAME, folder / "out"
    shutil.copytree(shipped_models() / NAME, bundle)
    (bundle / "evaluations.jsonl").unlink(missing_ok=True)
    arguments = ["--cases", thin, "--out", out, "--jobs", 2, "--twins", 2, "--record", "two", "--json"]
    done = _call(folder, "evaluate", bundle, *arguments)
    assert done.returncode == 0, done.stderr
    return Evaluated(bundle, thin, out, json.loads(done.stdout), folder)


def _call(home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "overread", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "OVERREAD_HOME": str(home)},
    )


def _rows(document: dict[str, Any], **wanted: object) -> list[dict[str, Any]]:
    return [r for r in document["metrics"] if all(r[key] == value for key, value in wanted.items())]


def _valid(document: dict[str, Any]) -> None:
    schema = json.loads((resources() / "schemas" / "evaluation.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)


def test_the_document_is_valid_and_the_one_on_disk(evaluated: Evaluated) -> None:
    _valid(evaluated.document)
    assert json.loads((evaluated.out / "evaluation.json").read_text()) == evaluated.document
    assert evaluated.document["n"]["by_label"] == {"hcc": 1, "none": 1}
    assert evaluated.document["cases_are"] == "phantoms"
    assert evaluated.document["evaluated_before"] == 0


def test_trivial_readers_and_the_control_stand_beside_the_system(evaluated: Evaluated) -> None:
    readers = {r["reader"] for r in _rows(evaluated.document, level="slice", subset="all", metric="roc-auc")}
    expected = {
        "hbp-detection small",
        "darkest 1 % of the largest bright organ",
        "slice index (middle of the series)",
        "liver area (from the truth)",
        "darkest 1 % of the liver (from the truth)",
    }
    if (evaluated.bundle / "control.safetensors").exists():
        expected.add("shuffled-label control")
    assert readers == expected


def test_every_area_and_share_of_slices_has_two_intervals(evaluated: Evaluated) -> None:
    for metric, method in (("roc-auc", "DeLong"), ("sensitivity", "Clopper-Pearson"), ("specificity", "Clopper")):
        for row in _rows(evaluated.document, level="slice", subset="all", metric=metric, reader="hbp-detection small"):
            same = _rows(evaluated.document, **{k: row[k] for k in ("level", "subset", "metric", "reader", "point")})
            assert len(same) == 2
            assert any(r["method"].startswith(method) for r in same)
            assert any(r["method"].startswith("bootstrap over patients") for r in same)


def test_the_readings_are_kept_as_readings(evaluated: Evaluated) -> None:
    schema = json.loads((resources() / "schemas" / "reading.schema.json").read_text())
    for row in read_cases(evaluated.cases):
        reading = json.loads((evaluated.out / "readings" / f"{row.case}.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(reading)
        assert reading["case"]["id"] == row.case
        assert (evaluated.out / "readings" / reading["heatmap"]["file"]).exists()


def test_twins_are_drawn_from_the_same_phantom(evaluated: Evaluated) -> None:
    assert evaluated.document["twins"] == {"pairs": 2, "cases": 1, "not_redrawn": []}
    (row,) = _rows(evaluated.document, subset="erased twins", metric="roc-auc")
    assert row["n"]["positive"] == row["n"]["negative"] == 2


def test_what_was_measured_is_recorded_and_the_bundle_stays_the_same(evaluated: Evaluated) -> None:
    bundle = load_bundle(evaluated.bundle)
    assert bundle.digest == evaluated.document["bundle"]["digest"] == load_bundle(shipped_models() / NAME).digest
    table = tomllib.loads((evaluated.bundle / "manifest.toml").read_text())["evaluation"]["two"]
    (area,) = [
        r
        for r in _rows(evaluated.document, level="slice", subset="all", metric="roc-auc", reader="hbp-detection small")
        if r["method"].startswith("bootstrap")
    ]
    assert table["slice_auc"][0] == area["value"]
    assert set(table["operating"]) == {"high-sensitivity", "default", "high-precision"}
    assert (table["test_set"], table["cases"]) == ("two", 2)


def test_tables_figures_and_summary_are_there(evaluated: Evaluated) -> None:
    assert {p.name for p in (evaluated.out / "figures").iterdir()} == {
        f"{name}.{ending}"
        for name in ("roc-slice", "roc-patient", "scores-slice", "scores-patient", "froc", "lesions-by-size")
        for ending in ("png", "pdf")
    }
    summary = (evaluated.out / "summary.md").read_text()
    for words in ("(phantoms)", "never before", "Erased twins: 2", "curves of one point", "Trained on phantoms"):
        assert words in summary
    with (evaluated.out / "tables" / "cases.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2


def test_a_second_run_reads_nothing_again_and_compares_with_the_first(evaluated: Evaluated, tmp_path: Path) -> None:
    out = tmp_path / "again"
    shutil.copytree(evaluated.out, out)
    kept = {p: p.stat().st_mtime_ns for p in (out / "readings").iterdir()}
    arguments = ("--cases", evaluated.cases, "--out", out, "--against", evaluated.out / "readings")
    done = _call(evaluated.home, "evaluate", evaluated.bundle, *arguments)
    assert done.returncode == 0, done.stderr
    document = json.loads((out / "evaluation.json").read_text())
    for words in ("once before", "Kim 2020 printed for its network, on patients", "McNemar of", "summary.md"):
        assert words in done.stdout
    _valid(document)
    assert {p: p.stat().st_mtime_ns for p in (out / "readings").iterdir()} == kept
    assert document["evaluated_before"] == 1
    without_twins = [r for r in evaluated.document["metrics"] if r["subset"] != "erased twins"]
    assert document["metrics"] == without_twins
    (comparison,) = document["against"]
    assert comparison["cases"] == 2
    assert comparison["case_ratings"]["difference"] == 0
    for table in (*comparison["patient_calls"].values(), comparison["slice_calls"]["accuracy"]):
        assert table["only_system_right"] == table["only_other_right"] == 0
        assert table["mid_p"] == 1
    lesions = comparison["lesions"]
    assert lesions["found_by_system_only"]["n"] == lesions["found_by_other_only"]["n"] == 0


def test_a_person_who_marks_the_lesion_has_found_it(evaluated: Evaluated, tmp_path: Path) -> None:
    shutil.copytree(evaluated.out, tmp_path / "out")
    for row in read_cases(evaluated.cases):
        assert row.truth is not None
        targets = read_truth(row.truth).targets
        marks = tuple(Mark(t.id, t.centre_mm, 80.0, slices=(3,)) for t in targets)
        reading = Reading(
            id=row.case,
            created="2026-01-01T00:00:00+00:00",
            reader=Reader("person", "anna"),
            case={"id": row.case, "study_uid": None, "condition": "unaided"},
            inputs=(),
            result="marks" if marks else "none",
            rating=80.0 if marks else 5.0,
            marks=marks,
        )
        write_json(tmp_path / "anna" / f"{row.case}.json", reading.to_json())
    wish = Wish(folder=tmp_path / "out", against=tmp_path / "anna")
    document = evaluate(load_bundle(evaluated.bundle), evaluated.cases, wish).document
    _valid(document)
    (comparison,) = document["against"]
    assert (comparison["reader"], comparison["other_calls"]) == ("anna (unaided)", "any mark")
    table = comparison["patient_calls"]["accuracy"]
    assert table["only_system_right"] == table["neither_right"] == 0
    found = {key: comparison["lesions"][f"found_by_{key}"]["n"] for key in ("both", "system_only", "other_only")}
    assert found["both"] + found["other_only"] == comparison["lesions"]["n"] > 0
    assert found["system_only"] == 0


def test_a_case_that_cannot_be_read_is_named_and_the_others_count(evaluated: Evaluated, tmp_path: Path) -> None:
    out, empty = tmp_path / "out", tmp_path / "empty"
    shutil.copytree(evaluated.out, out)
    empty.mkdir()
    first, second = read_cases(evaluated.cases)
    broken = [
        first,
        replace(second, case="gone", folder=tmp_path / "nowhere"),
        replace(second, case="bare", folder=empty),
        replace(second, case="unlabelled", truth=None),
    ]
    write_cases(tmp_path / "cases.csv", broken)
    done = _call(
        evaluated.home, "evaluate", evaluated.bundle, "--cases", tmp_path / "cases.csv", "--out", out, "--json"
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    _valid(document)
    assert document["n"]["cases"] == 1
    assert {item["case"] for item in document["not_read"]} == {"gone", "bare", "unlabelled"}
    assert any(note.startswith(("Every case has a lesion", "No case has a lesion")) for note in document["notes"])
    assert _rows(document, level="patient", metric="roc-auc") == []


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("columns", "no column patient"),
        ("empty", "lists no cases"),
        ("nothing readable", "the first one"),
        ("jobs", "--jobs must be at least 1"),
        ("seed", "--seed at least 0"),
        ("engine", "^There is no engine 'warp'"),
        ("readings", "no such file"),
        ("system", "mvi-prediction"),
    ],
)
def test_what_cannot_be_evaluated_is_said(thin: Path, tmp_path: Path, trouble: str, words: str) -> None:
    bundle, path = shipped_models() / NAME, tmp_path / "cases.csv"
    rows = read_cases(thin)
    write_cases(
        path, {"nothing readable": [replace(rows[0], folder=tmp_path / "none")], "empty": []}.get(trouble, rows)
    )
    if trouble == "columns":
        path.write_text("case,folder\na,b\n")
    if trouble == "system":
        bundle = tmp_path / "other"
        shutil.copytree(shipped_models() / NAME, bundle)
        manifest = (bundle / "manifest.toml").read_text()
        (bundle / "manifest.toml").write_text(manifest.replace('system = "hbp-detection"', 'system = "mvi-prediction"'))
    wishes: dict[str, Wish] = {
        "jobs": Wish(jobs=0),
        "seed": Wish(seed=-1),
        "engine": Wish(engine="warp"),
        "readings": Wish(against=tmp_path / "nowhere"),
    }
    with pytest.raises(OverreadError, match=words):
        evaluate(load_bundle(bundle), path, wishes.get(trouble, Wish()))


def test_cases_without_truth_are_refused_in_one_sentence(overread: Overread, thin: Path, tmp_path: Path) -> None:
    write_cases(tmp_path / "cases.csv", [replace(row, truth=None) for row in read_cases(thin)])
    done = overread("evaluate", shipped_models() / NAME, "--cases", tmp_path / "cases.csv")
    assert "none of its cases has a truth" in done.refuses()


@pytest.mark.slow
def test_a_killed_evaluation_goes_on_where_it_stopped(evaluated: Evaluated, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "overread", "evaluate", evaluated.bundle, "--cases", evaluated.cases, "--out", out]
    environment = {**os.environ, "OVERREAD_HOME": str(evaluated.home)}
    running = subprocess.Popen([str(c) for c in command], env=environment, start_new_session=True)
    first = out / "measured" / f"{read_cases(evaluated.cases)[0].case}.json"
    until = time.monotonic() + 400
    while not first.exists() and time.monotonic() < until:
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not (out / "evaluation.json").exists()
    made = first.stat().st_mtime_ns
    done = _call(evaluated.home, "evaluate", evaluated.bundle, "--cases", evaluated.cases, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    assert first.stat().st_mtime_ns == made
    document = json.loads(done.stdout)
    assert document["metrics"] == [r for r in evaluated.document["metrics"] if r["subset"] != "erased twins"]


@pytest.mark.slow
def test_another_bundle_begins_anew(evaluated: Evaluated, tmp_path: Path) -> None:
    out, bundle = tmp_path / "out", tmp_path / NAME
    shutil.copytree(evaluated.out, out)
    shutil.copytree(evaluated.bundle, bundle)
    manifest = (bundle / "manifest.toml").read_text()
    other = re.sub(r'^version = ".*"$', 'version = "77.0.0"', manifest, count=1, flags=re.MULTILINE)
    assert other != manifest
    (bundle / "manifest.toml").write_text(other)
    before = json.loads(next((out / "readings").glob("*.json")).read_text())["id"]
    done = _call(evaluated.home, "evaluate", bundle, "--cases", evaluated.cases, "--out", out, "--jobs", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(next((out / "readings").glob("*.json")).read_text())["id"] != before
