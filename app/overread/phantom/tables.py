"""The tables of the digital liver in ``resources/phantom``, read once."""

from __future__ import annotations

import csv
from functools import cache

from overread.core.places import resources


@cache
def table(name: str) -> dict[str, dict[str, str]]:
    """Rows of ``resources/phantom/NAME.csv`` by their first column; cells are text, empty where unknown."""
    path = resources() / "phantom" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        key = (reader.fieldnames or [""])[0]
        return {row[key]: row for row in reader}


def numbers(name: str, row: str) -> dict[str, float]:
    """The numeric cells of one row."""
    cells = list(table(name)[row].items())[1:]
    return {column: float(text) for column, text in cells if text}
