"""What is kept of a case, under which name and key, and which slices get a twin."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from overread.core.errors import InputError
from overread.core.truth import Lesion, MaskRef, Truth
from overread.evaluation.counted import manifest_table
from overread.evaluation.evaluate import cases_digest, maps_digest
from overread.evaluation.measured import file_name
from overread.evaluation.measuring import measure_case
from overread.evaluation.tasks import CaseTask
from overread.evaluation.twins import choose_twins
from overread.io import CaseRow, write_truth


def _task(tmp_path: Path, case: str = "a") -> CaseTask:
    (tmp_path / "series").mkdir(exist_ok=True)
    (tmp_path / "truth.json").write_text("{}")
    (tmp_path / "labels-t2.nii.gz").write_bytes(b"map")
    row = CaseRow(case, "p", "s", "test", tmp_path / "series", truth=tmp_path / "truth.json")
    return CaseTask(row, tmp_path / "bundle", "digest", "cpu", "torch", tmp_path / "out")


def test_every_case_has_a_file_of_its_own() -> None:
    names = ["hbp-1", "HBP-1", "a/b", "a_b", "../../etc", "é", "x" * 300, "x" * 301]
    made = [file_name(name) for name in names]
    assert made[0] == "hbp-1"
    assert len({m.lower() for m in made}) == len(names)
    assert all("/" not in m and not m.startswith(".") and len(m) < 100 for m in made)


@pytest.mark.parametrize("change", ["bundle", "engine", "truth", "map", "file", "label"])
def test_a_case_is_read_again_when_what_it_came_from_has_changed(tmp_path: Path, change: str) -> None:
    task = _task(tmp_path)
    before = task.key
    if change == "truth":
        (tmp_path / "truth.json").write_text("{ }")
    elif change == "map":
        (tmp_path / "labels-t2.nii.gz").write_bytes(b"other")
    elif change == "file":
        (tmp_path / "series" / "1.dcm").write_bytes(b"x")
    changes: dict[str, Any] = {
        "bundle": {"read_by": "other"},
        "engine": {"engine": "onnx"},
        "label": {"row": replace(task.row, label="hcc")},
    }
    assert replace(task, **changes.get(change, {})).key != before
    assert replace(_task(tmp_path), jobs=3).key == _task(tmp_path).key


def test_a_case_that_cannot_be_read_is_kept_in_words_and_tried_again(tmp_path: Path) -> None:
    task = _task(tmp_path)
    measure_case(task)
    document = json.loads(task.path.read_text())
    assert document["case"] == "a"
    assert document["not_read"].count(". ") >= 1
    assert not task.is_done()


def test_twins_are_spread_over_the_cases(make_measured: Any, tmp_path: Path) -> None:
    cases = [make_measured("many", [0.5] * 9, [1] * 9), make_measured("few", [0.5] * 3, [1, 0, 1])]
    tasks = [_task(tmp_path, c.case) for c in cases]
    chosen = {t.task.row.case: t.slices for t in choose_twins(tasks, cases, 6)}
    assert chosen["few"] == (0, 2)
    assert len(chosen["many"]) == 4
    assert len(set(chosen["many"])) == 4
    assert choose_twins(tasks, [replace(c, is_phantom=False) for c in cases], 6) == []


def test_a_set_without_both_classes_is_not_recorded() -> None:
    with pytest.raises(InputError, match="lacks positive or negative slices"):
        manifest_table({"metrics": [], "n": {}}, "x")


def test_a_corrected_mask_is_another_map_of_the_same_set(tmp_path: Path) -> None:
    (tmp_path / "outlines").mkdir()
    lesion = Lesion("l", "hcc", (0.0, 0.0, 0.0), 9.0, 400.0, mask=MaskRef("outlines/tumour.nii.gz", 1))
    write_truth(tmp_path / "truth.json", Truth("a", "hcc", (lesion,)))
    (tmp_path / "outlines" / "tumour.nii.gz").write_bytes(b"first")
    row = CaseRow("a", "p", "s", "test", tmp_path, truth=tmp_path / "truth.json")
    before = CaseTask(row, tmp_path, "digest", "cpu", "torch", tmp_path / "out").key, cases_digest([row])
    maps = maps_digest([row])
    (tmp_path / "outlines" / "tumour.nii.gz").write_bytes(b"corrected")
    assert CaseTask(row, tmp_path, "digest", "cpu", "torch", tmp_path / "out").key != before[0]
    assert maps_digest([row]) != maps
    assert cases_digest([row]) == before[1]
