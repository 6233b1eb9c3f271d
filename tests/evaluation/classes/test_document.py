"""Whole evaluations of cases made by hand: the document keeps to its schema, files hold every figure."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.evaluation.classes.conftest import bundle_of, class_answer, class_case, drawn_cases, evaluation_of

from overread.core.errors import InputError
from overread.core.places import resources
from overread.core.progress import SILENT
from overread.core.reading import Mark, Reader, Reading
from overread.evaluation.classes import CLASS_WAYS, ClassCase
from overread.evaluation.classes.figures import draw_class_figures
from overread.evaluation.comparison import OtherReader
from overread.evaluation.counted import count_evaluation, manifest_table, times_evaluated
from overread.evaluation.evaluate import Evaluation, evaluate
from overread.evaluation.outputs import short_text, summary_text, write_outputs
from overread.evaluation.rows import Patients, find_row
from overread.evaluation.run import Run, Wish
from overread.systems.manifest import fault_of

MULTIPHASE, TRIAGE, MVI = CLASS_WAYS
FIGURES = {
    MULTIPHASE: {"confusion", "roc-patient", "roc-region", "lroc", "calibration", "confidence"},
    TRIAGE: {"confusion", "roc-patient", "roc-region", "roc-malignant", "calibration"},
    MVI: {"confusion", "roc-patient", "calibration", "decision-curve"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Evaluation]:
    """An evaluation of forty-eight drawn cases, counted once for a system."""
    kept: dict[str, Evaluation] = {}

    def of(system: str) -> Evaluation:
        if system not in kept:
            kept[system] = evaluation_of(system, drawn_cases(system, 48), tmp_path_factory.mktemp("made"))
        return kept[system]

    return of


def test_what_is_kept_of_a_case_comes_back_equal() -> None:
    for system in CLASS_WAYS:
        for case in drawn_cases(system, 18):
            document = json.loads(json.dumps({"key": "x", **case.to_json()}, allow_nan=False))
            assert ClassCase.from_json(document) == case


@pytest.mark.parametrize("system", list(CLASS_WAYS))
def test_the_document_keeps_to_its_schema_and_says_phantoms_beside_the_paper(
    made: Callable[[str], Evaluation], system: str
) -> None:
    document = made(system).document
    json.dumps(document, allow_nan=False)
    schema = json.loads((resources() / "schemas" / "evaluation.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert document["cases_are"] == "phantoms"
    text = summary_text(document)
    for line in text.splitlines():
        if line.startswith(f"| all | {system}"):
            assert "phantoms" in line
        if "2020: system" in line or "Liu 2021: ResNet-18 + factors" in line:
            assert "patients" in line
    assert all(remark in text for remark in document["published_remarks"])
    assert "phantoms, not for diagnosis" in short_text(document)


@pytest.mark.parametrize("system", [MVI, *(pytest.param(s, marks=pytest.mark.slow) for s in (MULTIPHASE, TRIAGE))])
def test_files_hold_every_row_every_table_and_every_case(
    made: Callable[[str], Evaluation], system: str, tmp_path: Path
) -> None:
    result = made(system)
    write_outputs(tmp_path, result)
    rows = 0
    for level in {row["level"] for row in result.document["metrics"]}:
        with (tmp_path / "tables" / f"{level}.csv").open() as file:
            rows += len(list(csv.DictReader(file)))
    assert rows == len(result.document["metrics"])
    for name, table in result.document["tables"].items():
        with (tmp_path / "tables" / f"{name}.csv").open() as file:
            assert len(list(csv.reader(file))) == 1 + len(table["rows"])
    with (tmp_path / "tables" / "cases.csv").open() as file:
        assert [line["case"] for line in csv.DictReader(file)] == [case.case for case in result.cases]
    assert {path.stem for path in (tmp_path / "figures").glob("*.png")} == FIGURES[system]


def test_a_figure_says_phantoms_and_whose_points_are_of_patients(made: Callable[[str], Evaluation]) -> None:
    result = made(MVI)
    figure = draw_class_figures(result.document, result.cases)["roc-patient"]  # type: ignore[arg-type]
    assert "48 phantoms" in figure.axes[0].get_title()
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [t for t in texts if "Liu 2021" in t] == [
        "Liu 2021: patients, external, 54 hospitals",
        "Liu 2021: patients, validation",
    ]


def test_the_confusion_table_counts_every_case_once(made: Callable[[str], Evaluation]) -> None:
    document = made(MULTIPHASE).document
    table = document["tables"]["confusion"]
    assert table["head"] == ["true class", "hcc", "icc", "metastasis", "no region"]
    counts = [row[1:] for row in table["rows"]]
    assert sum(map(sum, counts)) == 48
    assert sum(row[-1] for row in counts) == document["n"]["no_region"] == 3


def test_the_regression_stands_beside_the_papers_and_names_what_it_left_out(made: Callable[[str], Evaluation]) -> None:
    table = made(MVI).document["tables"]["logistic"]
    by_name = {row[0]: row for row in table["rows"]}
    assert by_name["diameter, cm"][-1].startswith("0.32")
    assert by_name["diameter, cm"][4] < by_name["diameter, cm"][3] < by_name["diameter, cm"][5]
    assert "Child-Pugh C" in table["remark"]


def test_a_regression_is_of_those_whose_facts_are_all_known(tmp_path: Path) -> None:
    cases = drawn_cases(MVI, 48)
    cases[7] = replace(cases[7], facts={**cases[7].facts, "afp_ng_ml": None})
    remark = evaluation_of(MVI, cases, tmp_path).document["tables"]["logistic"]["remark"]
    assert remark.startswith("47 cases")
    assert "1 more left out, of whom not all facts are known" in remark


def test_a_regression_needs_the_facts_of_somebody(tmp_path: Path) -> None:
    cases = [class_case("a", "mvi+", class_answer({"mvi-": 0.2, "mvi+": 0.8}, rating=0.8))]
    cases.append(class_case("b", "mvi-", class_answer({"mvi-": 0.7, "mvi+": 0.3}, rating=0.3)))
    document = evaluation_of(MVI, cases, tmp_path).document
    assert "logistic" not in document["tables"]
    assert [row[0] for row in document["tables"]["baseline"]["rows"]][:2] == ["patients", "largest diameter, mm"]


@pytest.mark.parametrize("system", list(CLASS_WAYS))
def test_what_was_measured_can_stand_in_a_manifest_and_is_counted(
    made: Callable[[str], Evaluation], system: str, tmp_path: Path
) -> None:
    document = made(system).document
    table = manifest_table(document, "internal")
    low, high = table["accuracy"][1:]
    assert low <= table["accuracy"][0] <= high
    manifest: dict[str, Any] = {"evaluation": {"internal": table}}
    fault = fault_of(manifest)
    assert fault is None or "evaluation" not in fault
    assert "confidence_helps" in table if system == MULTIPHASE else "confidence_helps" not in table
    bundle = bundle_of(system, tmp_path)
    count_evaluation(bundle, document)
    assert times_evaluated(bundle, document["cases_digest"]) == 1
    (line,) = (tmp_path / "evaluations.jsonl").read_text().splitlines()
    assert json.loads(line)["accuracy"][0] == table["accuracy"][0]


def test_a_person_who_named_classes_is_compared_case_by_case(tmp_path: Path) -> None:
    vector = {"hcc": 0.8, "icc": 0.1, "metastasis": 0.1}
    cases = [class_case(name, "hcc" if name != "c" else "icc", class_answer(vector)) for name in "abc"]
    readings = {"a": _reading("a", "icc"), "c": _reading("c", "icc"), "d": _reading("d", "hcc")}
    other = OtherReader("reader 1", "person", readings)
    run = Run(bundle_of(MULTIPHASE, tmp_path), Wish(), [], cases, Patients(list("abc"), 1), [other], SILENT)
    (found,) = CLASS_WAYS[MULTIPHASE].count(run)["against"]
    assert (found["cases"], found["cases_not_read"]) == (2, 1)
    accuracy = found["class_calls"]["accuracy"]
    assert (accuracy["only_system_right"], accuracy["only_other_right"], accuracy["n"]) == (1, 1, 2)


def _reading(case: str, category: str) -> Reading:
    reader = Reader("person", "reader 1")
    mark = Mark("M1", (0.0, 0.0, 0.0), 0.9, category=category)
    return Reading(case, "2026-11-21T00:00:00+00:00", reader, {"id": case}, (), "marks", None, marks=(mark,))


def test_erased_twins_are_refused_where_there_is_nothing_to_erase(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--twins cannot be used with noncontrast-triage"):
        evaluate(bundle_of(TRIAGE, tmp_path), tmp_path / "cases.csv", Wish(twins=3))


def test_an_area_above_what_the_generator_allows_is_called_a_leak(tmp_path: Path) -> None:
    perfect = evaluation_of(MVI, drawn_cases(MVI, 80, skill=6.0), tmp_path).document
    chance = evaluation_of(MVI, drawn_cases(MVI, 80, skill=0.0), tmp_path).document
    assert any("look for a leak" in note for note in perfect["notes"])
    assert not any("look for a leak" in note for note in chance["notes"])
    row = find_row(chance["metrics"], level="patient", subset="all", metric="roc-auc", reader=f"{MVI} tiny")
    assert row is not None
    assert row["ci"][0] < 0.5 < row["ci"][1]
