"""In words: what cannot be told, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells
from overread.stats.mrmc.rows import TestRow

MOST_NAMED = 5


def why_untold(cells: Cells, data: ReaderData) -> tuple[str, ...]:
    """A sentence where a figure of somebody cannot be told; conditions are then not compared."""
    works = data.was_read.any(axis=2)
    missing = [
        f"{data.readers[j]} under {data.conditions[i]}" for i, j in np.argwhere(works & ~np.isfinite(cells.values))
    ]
    if missing:
        return (
            f"{cells.name} cannot be told of {_listed(missing)}: a class has no case there; no test is made of it.",
        )
    return ()


def of_tests(tests: Iterable[TestRow]) -> tuple[str, ...]:
    """A sentence for each reason why tests of a figure have no p, or why it is to be read with care."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for row in tests:
        if row.note:
            by = f"{row.method} {(row.generalises_to or '').upper()}".strip()
            rows.setdefault((row.figure, by, row.note), []).append(row.contrast)
    return tuple(f"{figure} by {by}, {_listed(which)}: {note}." for (figure, by, note), which in rows.items())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
