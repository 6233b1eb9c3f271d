"""All files of an analysis: the document, the methods paragraph, tables, figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overread.core.reader_data import ReaderData
from overread.io import write_json
from overread.study.analysis.methods_text import methods_text
from overread.study.analysis.prepared import prepare
from overread.study.analysis.question import Question
from overread.study.analysis.tables import write_tables

ANALYSIS_FILE, METHODS_FILE = "analysis.json", "methods.md"
TABLES, FIGURES = "tables", "figures"


def write_outputs(folder: Path, document: Mapping[str, Any], data: ReaderData, question: Question) -> None:
    """Write ``tables/``, ``figures/`` (SVG and PNG), ``methods.md`` and last ``analysis.json``.

    Parameters
    ----------
    document
        What `analyse` made of ``data`` and ``question``.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    from overread.evaluation.tables import write_text
    from overread.study.analysis.plots import write_plots

    write_tables(folder / TABLES, document)
    write_plots(folder / FIGURES, document, prepare(data, question).data)
    write_text(folder / METHODS_FILE, f"# Statistical methods\n\n{methods_text(document)}")
    write_json(folder / ANALYSIS_FILE, document)
