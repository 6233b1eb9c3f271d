"""Small things that every part of the document is made of: tables, numbers that may be missing, limits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from overread.stats.estimate import Estimate

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the document: its name, its columns, a row for each thing."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def as_entry(self) -> dict[str, Any]:
        """As ``tables`` of the document holds it: None for what is no number, words for what is infinite."""
        return {
            "name": self.name,
            "columns": list(self.columns),
            "rows": [[plain(c) for c in row] for row in self.rows],
        }


def table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> tuple[Table, ...]:
    """The table, or none where it has no rows."""
    kept = tuple(tuple(row) for row in rows)
    return (Table(name, tuple(columns), kept),) if kept else ()


def plain(cell: Cell) -> Cell:
    """A cell as JSON can hold it."""
    if isinstance(cell, float):
        if math.isnan(cell):
            return None
        return cell if math.isfinite(cell) else "infinite" if cell > 0 else "-infinite"
    return cell


def number(value: float | None) -> float | None:
    """The number, or None where there is none."""
    return float(value) if value is not None and math.isfinite(value) else None


def limits(low: float, high: float) -> list[float] | None:
    """Both limits, or None where one is missing."""
    return [float(low), float(high)] if math.isfinite(low) and math.isfinite(high) else None


def cells_of(estimate: Estimate) -> tuple[Cell, ...]:
    """Value, lower and upper limit, method and note."""
    return estimate.value, estimate.low, estimate.high, estimate.method, estimate.note
