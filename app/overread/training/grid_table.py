"""The table over the rows of a grid, as CSV and Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from overread.io import write_atomically
from overread.stats.folds import over_folds

TABLE_CSV, TABLE_MD = "table.csv", "table.md"
_COMMON = (
    ("steps", "steps"),
    ("cpu_s", "CPU-s"),
    ("wall_s", "wall s"),
    ("last_loss", "loss at the end"),
)
_SHARES = ("accuracy",)


class Judged(Protocol):
    """A row, as far as the table knows it: ``paper`` is what the paper prints for it."""

    @property
    def paper(self) -> str:
        """Empty where it prints nothing."""


Done = Sequence[tuple[Judged, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table shows.

    ``columns``: keys of a row's result and their words. ``judged``: keys under which a result holds figures on one
    kind of held-out images, and their words; ``figures``: which of them beside the area. ``caution``: what to say
    above it. ``held_out``: counts of a result's images in words.
    """

    columns: tuple[tuple[str, str], ...]
    judged: tuple[tuple[str, str], ...]
    caution: str
    held_out: Callable[[Mapping[str, Any]], str]
    figures: tuple[tuple[str, str], ...] = (("accuracy", "accuracy %"),)


SLICES = Layout(
    (
        ("row", "row"),
        ("parameters", "parameters"),
        ("crops", "crops seen"),
        ("whole_slices", "whole slices seen"),
        *_COMMON,
    ),
    (("crop", "crop"), ("slice", "whole-slice")),
    "Synthetic phantoms, trained and tested; the paper's figures are of patients, whole slices and other numbers of "
    "images, and stand beside ours only for their order. AUC with its 95 % interval by bootstrap over patients; "
    "accuracy at a score of 0.5 on as many positive as negative images.",
    lambda found: (
        f"{found['positive']} positive and {found['negative']} negative of {found['patients']} validation patients"
    ),
)
REGIONS = Layout(
    (("row", "row"), ("parameters", "parameters"), ("regions", "regions seen"), *_COMMON),
    (("patient", "patient"),),
    "Synthetic phantoms, trained and tested; the paper's figures are of patients and stand beside ours only for their "
    "order. Every figure is by patient, the mean of its regions: AUC (of more than two classes the mean of each "
    "against the rest) with its 95 % interval by bootstrap over patients, macro F1, accuracy of the largest class. "
    "The check that is kept was chosen on patients who are neither trained on nor judged.",
    lambda found: (
        f"{found['patients']} patients ({', '.join(f'{n} {name}' for name, n in found['classes'].items())}) left out "
        "of training"
    ),
    (("f1", "macro F1"), ("accuracy", "accuracy %")),
)


def write_table(out: Path, title: str, done: Done, with_mean: bool = False, layout: Layout = SLICES) -> Path:
    """Write ``table.csv`` and ``table.md`` of the rows that are done; returns the path of the second.

    ``with_mean`` adds a row with the mean over the others and their standard deviation.
    """
    head, rows = table_of(done, layout)
    if with_mean and len(done) > 1:
        rows.append(_mean_row([found for _, found in done], len(head), layout))
    counts = _held_out(done[0][1], layout)
    return write_rows(out, title, layout.caution, head, rows, counts)


def write_rows(
    out: Path, title: str, caution: str, head: Sequence[str], rows: Sequence[Sequence[str]], below: str = ""
) -> Path:
    """Write a table as ``table.csv`` and, with what is said above and below it, as ``table.md``; returns its path."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    write_atomically(out / TABLE_CSV, lambda path: _write(path, text.getvalue()))
    lines = [f"# {title}", "", caution, "", _line(head), _line(["---"] * len(head)), *map(_line, rows), ""]
    if below:
        lines += [below, ""]
    write_atomically(out / TABLE_MD, lambda path: _write(path, "\n".join(lines)))
    return out / TABLE_MD


def table_of(done: Done, layout: Layout = SLICES) -> tuple[list[str], list[list[str]]]:
    """Head and rows; what no row was judged on has no column."""
    judged = [(key, word) for key, word in layout.judged if any(key in found for _, found in done)]
    head = [word for _, word in layout.columns]
    head += [f"{word} {what}" for _, word in judged for what in ("AUC", *(w for _, w in layout.figures))]
    head.append("paper, accuracy %")
    rows = []
    for row, found in done:
        cells = [_plain(found[key]) for key, _ in layout.columns]
        for key, _ in judged:
            cells += _figures(found.get(key), layout)
        rows.append([*cells, row.paper or "-"])
    return head, rows


def _mean_row(found: Sequence[dict[str, Any]], width: int, layout: Layout) -> list[str]:
    cells = ["mean +- SD", *["-"] * (len(layout.columns) - 1)]
    for key, _ in layout.judged:
        judged = [f[key] for f in found if key in f]
        if judged:
            area = over_folds([j["auc"] for j in judged])
            cells.append(f"{area.mean:.3f} +- {area.deviation:.3f}")
        for name, _ in layout.figures if judged else ():
            figure, (factor, digits) = over_folds([j[name] for j in judged]), _scale(name)
            cells.append(f"{factor * figure.mean:.{digits}f} +- {factor * figure.deviation:.{digits}f}")
    return [*cells, *["-"] * (width - len(cells))]


def _figures(found: dict[str, Any] | None, layout: Layout) -> list[str]:
    if found is None:
        return ["-"] * (1 + len(layout.figures))
    low, high = found["auc_interval"]
    cells = [f"{found['auc']:.3f} ({low:.3f} to {high:.3f})"]
    for name, _ in layout.figures:
        factor, digits = _scale(name)
        cells.append(f"{factor * found[name]:.{digits}f}")
    return cells


def _scale(name: str) -> tuple[float, int]:
    """Factor and decimals with which a figure is printed: shares in percent."""
    return (100, 1) if name in _SHARES else (1, 3)


def _held_out(found: dict[str, Any], layout: Layout) -> str:
    parts = [f"{word} figures: {layout.held_out(found[key])}" for key, word in layout.judged if key in found]
    return f"{'; '.join(parts)}.".capitalize() if parts else ""


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
