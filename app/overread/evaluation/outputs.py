"""All files of an evaluation: the document, the summary, tables and figures; the readings lie there already."""

from __future__ import annotations

from pathlib import Path

from overread.evaluation.evaluate import Evaluation
from overread.evaluation.figures import write_figures
from overread.evaluation.summary import summary_text
from overread.evaluation.tables import write_tables, write_text
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
    write_tables(folder / TABLES, result.document, result.cases)
    write_figures(folder / FIGURES, result.document, result.cases)
    write_text(folder / SUMMARY_FILE, summary_text(result.document))
    write_json(folder / EVALUATION_FILE, result.document)
