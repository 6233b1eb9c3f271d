"""The table over the rows of a grid, as CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overread.io import write_atomically

if TYPE_CHECKING:
    from overread.training.grid import Row

TABLE_CSV, TABLE_MD = "table.csv", "table.md"
_COLUMNS = (
    ("row", "row"),
    ("parameters", "parameters"),
    ("crops", "crops seen"),
    ("whole_slices", "whole slices seen"),
    ("steps", "steps"),
    ("cpu_s", "CPU-s"),
    ("wall_s", "wall s"),
    ("last_loss", "loss at the end"),
)
_JUDGED = (("crop", "crop"), ("slice", "whole-slice"))
_CAUTION = (
    "Synthetic phantoms, trained and tested; the paper's figures are of patients, whole slices and other numbers of "
    "images, and stand beside ours only for their order. AUC with its 95 % interval by bootstrap over patients; "
    "accuracy at a score of 0.5 on as many positive as negative images."
)


def write_table(out: Path, title: str, done: Sequence[tuple[Row, dict[str, Any]]], with_mean: bool = False) -> Path:
    """Write ``table.csv`` and ``table.md`` of the rows that are done; returns the path of the second.

    ``with_mean`` adds a row with the mean over the others and their standard deviation.
    """
    head, rows = table_of(done)
    if with_mean and len(done) > 1:
        rows.append(_mean_row([found for _, found in done], len(head)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    write_atomically(out / TABLE_CSV, lambda path: _write(path, text.getvalue()))
    lines = [f"# {title}", "", _CAUTION, "", _line(head), _line(["---"] * len(head)), *map(_line, rows), ""]
    held_out = _held_out(done[0][1])
    write_atomically(out / TABLE_MD, lambda path: _write(path, "\n".join([*lines, held_out, ""])))
    return out / TABLE_MD


def table_of(done: Sequence[tuple[Row, dict[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """Head and rows; what no row was judged on has no column."""
    judged = [(key, word) for key, word in _JUDGED if any(key in found for _, found in done)]
    head = [word for _, word in _COLUMNS]
    head += [f"{word} {what}" for _, word in judged for what in ("AUC", "accuracy %")] + ["paper, accuracy %"]
    rows = []
    for row, found in done:
        cells = [_plain(found[key]) for key, _ in _COLUMNS]
        for key, _ in judged:
            cells += _figures(found.get(key))
        rows.append([*cells, row.paper or "-"])
    return head, rows


def _mean_row(found: Sequence[dict[str, Any]], width: int) -> list[str]:
    cells = ["mean +- SD", *["-"] * (len(_COLUMNS) - 1)]
    for key, _ in _JUDGED:
        if not any(key in f for f in found):
            continue
        areas, shares = ([f[key][what] for f in found if key in f] for what in ("auc", "accuracy"))
        cells += [
            f"{np.mean(areas):.3f} +- {np.std(areas, ddof=1):.3f}",
            f"{100 * np.mean(shares):.1f} +- {100 * np.std(shares, ddof=1):.1f}",
        ]
    return [*cells, *["-"] * (width - len(cells))]


def _figures(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return ["-", "-"]
    low, high = found["auc_interval"]
    return [f"{found['auc']:.3f} ({low:.3f} to {high:.3f})", f"{found['accuracy']:.1%}".removesuffix("%")]


def _held_out(found: dict[str, Any]) -> str:
    parts = [
        f"{word} figures: {found[key]['positive']} positive and {found[key]['negative']} negative of "
        f"{found[key]['patients']} validation patients"
        for key, word in _JUDGED
        if key in found
    ]
    return f"{'; '.join(parts)}.".capitalize() if parts else ""


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
