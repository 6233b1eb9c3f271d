"""Tables as files: figures, tests and every table of the document, each as CSV and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Sequence[object]
FIGURES = ("name", "condition", "reader", "subset", "value", "se", "low", "high", "method", "n")
TESTS = (
    "figure", "method", "covariance", "generalises_to", "contrast", "difference", "se", "statistic", "df1", "df2", "p",
    "low", "high", "note",
)  # fmt: skip
MEAN = "mean of readers"


def all_tables(document: Mapping[str, Any]) -> dict[str, tuple[Sequence[str], list[Row]]]:
    """Head and rows of every table by name; None where there is nothing."""
    made: dict[str, tuple[Sequence[str], list[Row]]] = {
        "figures": (FIGURES, [_figure(row) for row in document["figures"]]),
        "tests": (TESTS, [_test(row) for row in document["tests"]]),
    }
    for one in document["tables"]:
        made[one["name"]] = one["columns"], one["rows"]
    return {name: (head, rows) for name, (head, rows) in made.items() if rows}


def write_tables(folder: Path, document: Mapping[str, Any]) -> list[Path]:
    """Write ``NAME.csv`` with all digits and ``NAME.md`` for people; returns the files.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    from overread.evaluation.tables import csv_text, markdown_table, write_text

    paths = []
    for name, (head, rows) in all_tables(document).items():
        full = [["" if cell is None else cell for cell in row] for row in rows]
        short = [[_short(cell, column) for cell, column in zip(row, head, strict=True)] for row in rows]
        paths += [folder / f"{name}.csv", folder / f"{name}.md"]
        write_text(paths[-2], csv_text(head, full))
        title = name.replace("-", " ").capitalize()
        write_text(paths[-1], f"# {title}\n\n{markdown_table(head, short)}")
    return paths


def p_text(p: float | None) -> str:
    """A p-value as papers print it: three decimals, four below 0.01, and nothing below 0.0001."""
    if p is None:
        return "not available"
    if p < 0.0001:
        return "< 0.0001"
    return f"{p:.4f}" if p < 0.01 else f"{p:.3f}"


def _figure(row: Mapping[str, Any]) -> Row:
    low, high = row["ci"] or (None, None)
    names = row["name"], row["condition"], MEAN if row["reader"] is None else row["reader"], row["subset"]
    return (*names, row["value"], row["se"], low, high, row["method"], row["n"])


def _test(row: Mapping[str, Any]) -> Row:
    low, high = row["ci"] or (None, None)
    df = row["df"] if isinstance(row["df"], list) else [row["df"]]
    names = row["figure"], row["method"], row["covariance"], row["generalises_to"], row["contrast"]
    numbers = row["difference"], row["se"], row["statistic"], df[0], df[1] if len(df) > 1 else None
    return (*names, *numbers, row["p"], low, high, row.get("note"))


def _short(cell: object, column: str) -> object:
    if cell is None:
        return ""
    if not isinstance(cell, float):
        return cell
    return p_text(cell) if _is_p(column) else f"{cell:.4g}"


def _is_p(column: str) -> bool:
    return column == "p" or column.endswith(" p") or column.startswith(("p of", "p after"))
