"""All files of an evaluation: the document, the summary, tables and figures; the readings lie there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from overread.evaluation.classes import CLASS_WAYS, ClassCase
from overread.evaluation.classes.cams import write_sheet
from overread.evaluation.classes.figures import write_class_figures
from overread.evaluation.classes.summary import class_short, class_summary
from overread.evaluation.classes.tables import write_class_tables
from overread.evaluation.evaluate import Evaluation
from overread.evaluation.figures import write_figures
from overread.evaluation.measured import Measured
from overread.evaluation.summary import short_text as detection_short
from overread.evaluation.summary import summary_text as detection_summary
from overread.evaluation.tables import write_tables, write_text
from overread.evaluation.tasks import READINGS
from overread.io import write_json

EVALUATION_FILE, SUMMARY_FILE = "evaluation.json", "summary.md"
TABLES, FIGURES = "tables", "figures"


def write_outputs(folder: Path, result: Evaluation) -> None:
    """Write ``evaluation.json``, ``summary.md``, ``tables/`` and ``figures/``.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    if _is_of_classes(result.document):
        classes = cast("Sequence[ClassCase]", result.cases)
        write_class_tables(folder / TABLES, result.document, classes)
        write_class_figures(folder / FIGURES, result.document, classes)
        write_sheet(folder / FIGURES, folder / READINGS, result.document, classes)
    else:
        slices = cast("Sequence[Measured]", result.cases)
        write_tables(folder / TABLES, result.document, slices)
        write_figures(folder / FIGURES, result.document, slices)
    write_text(folder / SUMMARY_FILE, summary_text(result.document))
    write_json(folder / EVALUATION_FILE, result.document)


def summary_text(document: Mapping[str, Any]) -> str:
    """The whole summary as Markdown."""
    return class_summary(document) if _is_of_classes(document) else detection_summary(document)


def short_text(document: Mapping[str, Any]) -> str:
    """The main figures for a terminal."""
    return class_short(document) if _is_of_classes(document) else detection_short(document)


def _is_of_classes(document: Mapping[str, Any]) -> bool:
    return document["bundle"]["system"] in CLASS_WAYS
