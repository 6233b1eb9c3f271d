"""What people get of an analysis: the lines of the terminal, the methods paragraph, tables, figures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.stats.random_studies import study
from tests.study.analysis.made_studies import write_study

from overread.io.reader_files import read_reader_data
from overread.stats.merit.figures import FIGURES_OF_MERIT
from overread.study.analysis import Question, analyse, short_text, write_outputs
from overread.study.analysis.case_columns import read_background
from overread.study.analysis.methods_text import FIGURES, methods_text
from overread.study.analysis.plots import draw_plots
from overread.study.analysis.tables import p_text

QUESTION = Question(standalone="system", cut=50.0, figures=("lroc-auc",), draws=200)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """An LROC study with a system, written out."""
    top = tmp_path_factory.mktemp("written")
    folder = write_study(top / "study", "lroc")
    data = read_reader_data(folder)
    document = analyse(data, QUESTION, read_background(folder))
    write_outputs(top / "out", document, data, QUESTION)
    return top / "out", document


def test_every_table_is_there_as_csv_and_markdown(written: tuple[Path, dict[str, Any]]) -> None:
    out, document = written
    names = {"figures", "tests", *(t["name"] for t in document["tables"])}
    assert {p.name for p in (out / "tables").iterdir()} == {f"{n}.{e}" for n in names for e in ("csv", "md")}


def test_csv_holds_all_digits_of_the_document(written: tuple[Path, dict[str, Any]]) -> None:
    out, document = written
    with (out / "tables" / "tests.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(document["tests"])
    for row, entry in zip(rows, document["tests"], strict=True):
        assert row["contrast"] == entry["contrast"]
        assert row["method"] == entry["method"]
        assert (float(row["p"]) if row["p"] else None) == entry["p"]


def test_figures_are_there_as_vectors_and_pictures_that_are_not_blank(written: tuple[Path, dict[str, Any]]) -> None:
    folder = written[0] / "figures"
    pictures = sorted(folder.glob("*.png"))
    assert [p.stem for p in pictures] == ["differences", "lroc", "retention", "roc", "times"]
    for picture in pictures:
        with Image.open(picture) as image:
            pixels = np.asarray(image.convert("L"))
        assert (pixels < 128).mean() > 0.002
        assert picture.with_suffix(".svg").read_text(encoding="utf-8").startswith("<?xml")


@pytest.mark.slow
def test_same_analysis_writes_the_same_figures(written: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, document = written
    data = read_reader_data(out.parent / "study")
    write_outputs(tmp_path, document, data, QUESTION)
    for name in ("lroc.svg", "lroc.png", "differences.svg"):
        assert (tmp_path / "figures" / name).read_bytes() == (out / "figures" / name).read_bytes()


def test_lroc_figure_shows_the_system_the_means_and_every_reader_as_a_point(
    written: tuple[Path, dict[str, Any]],
) -> None:
    figure = draw_plots(written[1], read_reader_data(written[0].parent / "study"))["lroc"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0].startswith("system, unaided: ")
    assert [label.partition(":")[0] for label in labels[1:3]] == ["Mean of readers, unaided", "Mean of readers, aided"]
    assert labels[3:] == [f"{r}, {c}" for c in ("unaided", "aided") for r in ("r1", "r2", "r3")]


def test_readers_without_a_cut_are_thin_curves_beside_their_mean() -> None:
    data = study(2, healthy=12, diseased=12, readers=3)
    figure = draw_plots(analyse(data, Question()), data)["roc"]
    widths = sorted(line.get_linewidth() for line in figure.axes[0].lines)
    assert widths == [0.7] * 6 + [0.8] + [2.2] * 2


@pytest.mark.parametrize("kind", ["roc", "froc", "categorical"])
def test_every_kind_of_study_can_be_drawn(tmp_path: Path, kind: str) -> None:
    data = read_reader_data(write_study(tmp_path / "study", kind))
    made = draw_plots(analyse(data, Question(standalone="system", draws=200)), data)
    expected = {
        "roc": {"roc", "retention", "times"},
        "froc": {"roc", "froc", "afroc", "wafroc", "times"},
        "categorical": {"retention", "times"},
    }[kind]
    assert {name for name in made if not name.startswith("differences")} == expected
    assert any(name.startswith("differences") for name in made)


def test_methods_name_versions_convention_seed_and_every_method(written: tuple[Path, dict[str, Any]]) -> None:
    out, document = written
    text = methods_text(document)
    assert (out / "methods.md").read_text(encoding="utf-8").endswith(text)
    for words in (
        *(f"{name} {version}" for name, version in document["software"].items()),
        "Overread's own convention", "seed 1", "200 resamples", "Obuchowski and Rockette", "Hillis (2007, section 5.3)",
        "jackknife", "RRRC", "3 readers and a system (system) read 48 cases (24 with disease)",
    ):  # fmt: skip
        assert words in text
    assert ".." not in text


@pytest.mark.parametrize("convention", ["rjafroc", "mrmcaov", "imrmc"])
def test_methods_name_the_convention_that_was_asked_for(convention: str) -> None:
    data = study(2, healthy=12, diseased=12, readers=3)
    names = {"rjafroc": "RJafroc", "mrmcaov": "MRMCaov", "imrmc": "iMRMC"}
    assert names[convention] in methods_text(analyse(data, Question(convention=convention)))  # type: ignore[arg-type]


def test_every_figure_of_merit_has_words_for_the_methods_paragraph() -> None:
    assert set(FIGURES) == set(FIGURES_OF_MERIT)


def test_terminal_names_the_method_beside_every_p(written: tuple[Path, dict[str, Any]]) -> None:
    text = short_text(written[1])
    rows = [line for line in text.splitlines() if " p = " in line or " p < " in line]
    assert rows
    assert all("OR, jackknife" in line or "standalone, jackknife" in line for line in rows)
    assert "Convention own, seed 1" in text
    assert "RRFC" not in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("Note")) < 150


def test_terminal_says_why_a_p_is_not_available() -> None:
    for seed in range(60):
        document = analyse(study(seed, healthy=4, diseased=4, readers=2, missing=0.15), Question())
        if any("below 0" in row.get("note", "") for row in document["tests"]):
            break
    text = short_text(document)
    assert "p not available" in text
    assert "Note: " in text
    assert "the estimate of the variance is below 0" in text


@pytest.mark.parametrize(
    ("p", "text"),
    [(None, "not available"), (0.5, "0.500"), (0.01, "0.010"), (0.00345, "0.0034"), (1e-9, "< 0.0001")],
)
def test_p_values_are_printed_as_papers_print_them(p: float | None, text: str) -> None:
    assert p_text(p) == text
