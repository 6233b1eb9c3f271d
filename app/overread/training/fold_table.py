"""The table of a search: several recipes over the same folds, a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overread.stats.folds import over_folds
from overread.training.grid_table import REGIONS, write_rows

HEAD = ("row", "folds", "steps", "CPU-s", "wall s", "patient AUC", "patient macro F1", "patient accuracy %")


def write_search(out: Path, title: str, found: Mapping[str, Sequence[dict[str, Any]]]) -> Path:
    """Write ``table.csv`` and ``table.md`` of the rows that are done; returns the path of the second.

    Parameters
    ----------
    found
        Of each row the results of its folds.
    """
    rows = [_row(name, folds) for name, folds in found.items()]
    caution = f"{REGIONS.caution} Mean and standard deviation over folds; steps and times are of all folds together."
    return write_rows(out, title, caution, list(HEAD), rows)


def _row(name: str, folds: Sequence[dict[str, Any]]) -> list[str]:
    sums = [sum(f[key] for f in folds) for key in ("steps", "cpu_s", "wall_s")]
    auc, f1, accuracy = (over_folds([f["patient"][key] for f in folds]) for key in ("auc", "f1", "accuracy"))
    return [
        name,
        f"{len(folds)}",
        f"{sums[0]:,}",
        *(f"{value:,.0f}" for value in sums[1:]),
        f"{auc.mean:.3f} +- {auc.deviation:.3f}",
        f"{f1.mean:.3f} +- {f1.deviation:.3f}",
        f"{100 * accuracy.mean:.1f} +- {100 * accuracy.deviation:.1f}",
    ]
