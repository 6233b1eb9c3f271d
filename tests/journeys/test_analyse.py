"""``overread analyse`` from outside: workbooks, text forms and folders analysed, written out, refused."""

from __future__ import annotations

import json
import math
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.stats.reference_pack import PACK, needs_pack
from tests.study.analysis.made_studies import write_study

from overread.core.places import resources

Overread = Callable[..., Any]
FIGURES = {
    "Wilcoxon": "roc-auc", "wAFROC": "wafroc-auc", "AFROC": "afroc-auc", "wAFROC1": "wafroc1-auc",
    "AFROC1": "afroc1-auc", "HrAuc": "inferred-roc-auc", "FROC": "froc-auc", "MaxLLF": "maxllf", "MaxNLF": "maxnlf",
}  # fmt: skip
"""RJafroc's names of figures of merit, and ours."""


def _valid(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    schema = json.loads((resources() / "schemas" / "analysis.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_a_folder_with_everything_is_written_out_whole(overread: Overread, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "lroc")
    done = overread("analyse", folder, "--standalone", "system", "--cut", 50, "--figure", "lroc-auc", "--draws", 200,
                    "--out", tmp_path / "out", "--json")  # fmt: skip
    assert done.status == 0, done.err
    document = _valid(done.out)
    assert json.loads((tmp_path / "out" / "analysis.json").read_text(encoding="utf-8")) == document
    assert {row["method"] for row in document["tests"]} == {"or", "standalone"}
    assert (tmp_path / "out" / "figures" / "lroc.svg").is_file()
    assert (tmp_path / "out" / "tables" / "times-compared.csv").is_file()
    assert "seed 1" in (tmp_path / "out" / "methods.md").read_text(encoding="utf-8")
    assert done.err == ""


@pytest.mark.parametrize("kind", ["froc", "categorical"])
def test_a_short_table_is_printed_of_every_kind_of_study(overread: Overread, tmp_path: Path, kind: str) -> None:
    done = overread("analyse", write_study(tmp_path / "study", kind), "--standalone", "system", "--draws", 200)
    assert done.status == 0, done.err
    assert done.out.startswith(f"{kind.upper()}: 2 conditions, 4 readers, 48 cases (24 with disease")
    assert "readers - system, unaided (1T-RRRC)" in done.out
    assert "standalone, jackknife, RRRC" in done.out
    assert "Reading times" in done.out
    assert "Convention own, seed 1" in done.out


def test_a_plan_and_another_convention_are_taken_from_the_command_line(overread: Overread, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "roc")
    done = overread("analyse", folder, "--standalone", "system", "--convention", "mrmcaov", "--figure", "roc-auc",
                    "--plan", 6, 100, 200, "--effect", 0.1)  # fmt: skip
    assert done.status == 0, done.err
    assert "Planning" in done.out
    assert "Convention mrmcaov" in done.out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--figure", "wafroc-auc"], "a study of kind ROC does not have it"),
        (["--standalone", "nobody"], "there are r1, r2, r3, system"),
        (["--conditions", "aided,later"], "there are unaided, aided"),
        (["--plan", "5"], "--plan has no number of cases"),
        (["--method", "nonsense"], "invalid choice"),
    ],
)
def test_what_cannot_be_served_is_one_sentence_and_nothing_is_written(
    overread: Overread, tmp_path: Path, arguments: list[str], reason: str
) -> None:
    folder = write_study(tmp_path / "study", "roc")
    sentence = overread("analyse", folder, *arguments, "--out", tmp_path / "out").refuses()
    assert reason in sentence
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["nothing.imrmc", "folder", "noise.xlsx"])
def test_a_file_that_is_none_is_refused(overread: Overread, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name != "nothing.imrmc":
        path.write_bytes(bytes(range(256)) * 4)
    assert name in overread("analyse", path, "--json", "--out", tmp_path / "out").refuses()
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_to_is_told(overread: Overread, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "roc")
    (tmp_path / "out").write_text("a file")
    assert "it is a file" in overread("analyse", folder, "--out", tmp_path / "out").refuses()


def test_neither_torch_nor_matplotlib_is_loaded_for_a_table_on_the_terminal(overread: Overread, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "lroc")
    done = overread("analyse", folder, "--standalone", "system", PYTHONPROFILEIMPORTTIME="1")
    assert done.status == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.err.splitlines() if line.startswith("import time:")}
    assert "overread.study.analysis.document" in loaded
    assert not loaded & {"torch", "matplotlib", "SimpleITK", "pydicom.dataset", "sklearn"}


def test_start_to_result_takes_less_than_two_seconds_of_a_processor(overread: Overread, tmp_path: Path) -> None:
    folder = write_study(tmp_path / "study", "roc", cases=200)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert overread("analyse", folder, "--standalone", "system").status == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def _good() -> list[str]:
    folder = PACK / "formats" / "good"
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".json") if folder.is_dir() else []


@pytest.mark.shared
@needs_pack
@pytest.mark.parametrize("name", _good())
def test_every_good_file_gives_the_counts_and_figures_of_the_reference_programs(overread: Overread, name: str) -> None:
    expected = json.loads((PACK / "formats" / "good" / "expected.json").read_text(encoding="utf-8"))[name]
    wanted = {FIGURES[key]: value for key, value in expected.get("figures", {}).items()}
    if name.startswith("lroc"):
        wanted = {"inferred-roc-auc": wanted["roc-auc"]}
    wanted |= {"roc-auc": expected["auc"]} if "auc" in expected else {}
    arguments = [part for figure in wanted for part in ("--figure", figure)]
    done = overread("analyse", PACK / "formats" / "good" / name, *arguments, "--json")
    assert done.status == 0, done.err
    document, counts = _valid(done.out), expected["counts"]
    assert len(document["dataset"]["readers"]) == counts["readers"]
    assert len(document["dataset"]["conditions"]) == counts["modalities"]
    assert document["dataset"]["cases_with_disease"] == counts["diseased_cases"]
    assert document["dataset"]["cases"] == counts["diseased_cases"] + counts["normal_cases"]
    for figure, table in wanted.items():
        ours = [row["value"] for row in document["figures"] if row["name"] == figure and row["reader"] is not None]
        theirs = list(_numbers(table))
        assert len(ours) == counts["readers"] * counts["modalities"]
        assert all(math.isclose(a, b, abs_tol=1e-9) for a, b in zip(ours, theirs, strict=True))


def _numbers(tree: Any) -> Iterator[float]:
    if isinstance(tree, dict):
        for value in tree.values():
            yield from _numbers(value)
    elif isinstance(tree, int | float):
        yield float(tree)


@pytest.mark.shared
@needs_pack
def test_every_bad_file_is_refused_in_a_sentence_that_names_it(overread: Overread, tmp_path: Path) -> None:
    files = sorted(p for p in (PACK / "formats" / "bad").iterdir() if p.suffix != ".json")
    assert files
    for path in files:
        assert path.name in overread("analyse", path, "--out", tmp_path / "out").refuses()
    assert not (tmp_path / "out").exists()
