"""Tables of an evaluation: every row of a level as CSV and Markdown, and one line a case."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overread.evaluation.measured import Measured
from overread.io import write_atomically

LEVELS = ("slice", "lesion", "patient")
_HEAD = ("level", "subset", "reader", "point", "metric", "value", "low", "high", "method", "n")
_CASE_HEAD = (
    "case", "patient", "site", "label", "slices", "positive_slices", "lesions", "largest_lesion_mm", "rating", "point",
    "lesions_found", "marks", "false_marks", "repeats", "seconds_per_image",
)  # fmt: skip


def write_tables(folder: Path, document: Mapping[str, Any], cases: Sequence[Measured]) -> None:
    """Write ``LEVEL.csv`` and ``LEVEL.md`` for every level, and ``cases.csv``.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    write_levels(folder, document, LEVELS)
    write_text(folder / "cases.csv", csv_text(_CASE_HEAD, case_lines(document, cases)))


def write_levels(folder: Path, document: Mapping[str, Any], levels: Sequence[str]) -> None:
    """Write every row of each level as ``LEVEL.csv`` and ``LEVEL.md``.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    for level in levels:
        rows = [_cells(row) for row in document["metrics"] if row["level"] == level]
        _write_both(folder / level, f"{level.capitalize()} level", document, _HEAD, rows)


def write_set_tables(folder: Path, document: Mapping[str, Any]) -> None:
    """Write the tables of the document that are no rows of metrics, each as CSV and Markdown.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    for name, table in document["tables"].items():
        rows = [["" if cell is None else cell for cell in row] for row in table["rows"]]
        title = f"{name.replace('-', ' ').capitalize()}. {table['remark']}"
        _write_both(folder / name, title, document, table["head"], rows)


def _write_both(
    path: Path, title: str, document: Mapping[str, Any], head: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    write_text(path.with_suffix(".csv"), csv_text(head, rows))
    text = f"# {title}\n\nCases: {document['cases_are']}. {document['caution']}\n\n"
    write_text(path.with_suffix(".md"), text + markdown_table(head, rows))


def case_lines(document: Mapping[str, Any], cases: Sequence[Measured]) -> list[list[object]]:
    """One line a case at the default operating point."""
    threshold = document["operating"]["default"]
    lines: list[list[object]] = []
    for c in cases:
        shown = [m for m in c.marks if m.score >= threshold]
        kinds = [m.fate.kind for m in shown]
        seconds = (c.times.get("total", float("nan")) - c.times.get("load", 0.0)) / c.slice_labels.size
        largest = max((lesion.diameter_mm for lesion in c.lesions), default=None)
        lines.append([
            c.case, c.patient, c.site, c.label, c.slice_labels.size, int((c.slice_labels == 1).sum()), len(c.lesions),
            "" if largest is None else f"{largest:.1f}", f"{c.rating():.4f}", "default", len(c.found(threshold)),
            len(shown), kinds.count("false"), kinds.count("repeat"), f"{seconds:.4f}",
        ])  # fmt: skip
    return lines


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table that is also legible as plain text: columns padded to one width."""
    cells = [[str(c).replace("|", "/") for c in row] for row in rows]
    widths = [max(3, len(h), *(len(row[n]) for row in cells)) for n, h in enumerate(head)]

    def line(values: Sequence[str]) -> str:
        return "| " + " | ".join(v.ljust(w) for v, w in zip(values, widths, strict=True)) + " |"

    return "\n".join([line(head), line(["-" * w for w in widths]), *(line(row) for row in cells)]) + "\n"


def csv_text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a head as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all."""

    def write(beside: Path) -> None:
        beside.write_text(text, encoding="utf-8", newline="")

    write_atomically(path, write)


def counts_text(n: Mapping[str, int]) -> str:
    """``positive 12, negative 88, patients 4``."""
    return ", ".join(f"{name} {count:,}" for name, count in n.items())


def _cells(row: Mapping[str, Any]) -> list[object]:
    low, high = row["ci"]
    numbers = ["" if v is None else v for v in (row["value"], low, high)]
    return [
        row["level"], row["subset"], row["reader"], row["point"] or "", row["metric"], *numbers, row["method"],
        counts_text(row["n"]).replace(", ", "; "),
    ]  # fmt: skip
