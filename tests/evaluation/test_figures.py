"""Figures and tables of cases made by hand."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from overread.evaluation.figure_style import FONT_PT
from overread.evaluation.figures import draw_figures, write_figures
from overread.evaluation.lesions import lesion_rows
from overread.evaluation.measured import Measured
from overread.evaluation.patients import patient_rows
from overread.evaluation.rows import Patients
from overread.evaluation.slices import slice_rows
from overread.evaluation.tables import markdown_table, write_tables


@pytest.fixture
def document(three_cases: list[Measured]) -> dict[str, Any]:
    """As much of a document as figures and tables look at."""
    people, points = Patients([c.patient for c in three_cases], 1), {"default": 0.5}
    return {
        "bundle": {"system": "hbp-detection", "variant": "small"},
        "operating": points,
        "cases_are": "phantoms",
        "caution": "Trained on phantoms, not for diagnosis.",
        "n": {"cases": 3, "slices": 9, "lesions": 3},
        "metrics": [
            row for rows in (slice_rows, lesion_rows, patient_rows) for row in rows("x", three_cases, points, people)
        ],
    }


def test_every_figure_says_phantoms_starts_at_nothing_and_has_one_font_size(
    document: dict[str, Any], three_cases: list[Measured]
) -> None:
    figures = draw_figures(document, three_cases)
    assert set(figures) == {
        "roc-slice", "roc-patient", "scores-slice", "scores-patient", "froc", "lesions-by-size",
    }  # fmt: skip
    for name, figure in figures.items():
        (axes,) = figure.axes
        assert "3 phantoms" in axes.get_title()
        assert axes.get_ylim()[0] == 0
        assert name == "lesions-by-size" or axes.get_xlim()[0] == 0
        (legend,) = figure.legends
        texts = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts, *legend.get_texts()]
        texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        assert {text.get_fontsize() for text in texts} == {FONT_PT}


def test_the_papers_points_are_marked_as_those_of_patients(
    document: dict[str, Any], three_cases: list[Measured]
) -> None:
    (legend,) = draw_figures(document, three_cases)["roc-slice"].legends
    papers = [text.get_text() for text in legend.get_texts() if "Kim 2020" in text.get_text()]
    assert papers == ["Kim 2020, internal, patients", "Kim 2020, external, patients"]


def test_the_same_evaluation_makes_the_same_files(
    document: dict[str, Any], three_cases: list[Measured], tmp_path: Path
) -> None:
    for name in ("one", "two"):
        paths = write_figures(tmp_path / name, document, three_cases[:1])  # without healthy cases: fewer figures
        assert {p.suffix for p in paths} == {".png", ".pdf"}
    made = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert "roc-patient.png" not in made
    assert all((tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in made)


def test_the_tables_hold_every_row_and_every_case(
    document: dict[str, Any], three_cases: list[Measured], tmp_path: Path
) -> None:
    write_tables(tmp_path, document, three_cases)
    for level in ("slice", "lesion", "patient"):
        with (tmp_path / f"{level}.csv").open() as file:
            rows = list(csv.DictReader(file))
        expected = [r for r in document["metrics"] if r["level"] == level]
        assert [(r["subset"], r["metric"], r["method"]) for r in rows] == [
            (r["subset"], r["metric"], r["method"]) for r in expected
        ]
        assert (tmp_path / f"{level}.md").read_text().count("\n| ") == len(expected) + 2
    with (tmp_path / "cases.csv").open() as file:
        (a, b, c) = csv.DictReader(file)
    assert (a["lesions_found"], a["false_marks"], a["seconds_per_image"]) == ("1", "1", "0.5000")
    assert (b["largest_lesion_mm"], c["largest_lesion_mm"]) == ("", "15.0")


def test_a_markdown_table_is_aligned_and_keeps_its_bars() -> None:
    assert markdown_table(("a", "long"), [["x|y", 1]]) == "| a   | long |\n| --- | ---- |\n| x/y | 1    |\n"
