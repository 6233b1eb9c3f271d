"""Loss and validation figures over the steps: a table while a training runs, a picture at its end."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from overread.io import write_atomically
from overread.stats.folds import over_folds
from overread.training.state import History

COLUMNS = ("step", "loss", "validation_auc", "validation_accuracy")


def curve_rows(history: History) -> list[tuple[int, float, float, float]]:
    """Of each check its step, the mean loss since the one before, AUC and accuracy (NaN where it was not kept)."""
    rows, before = [], 0
    accuracies = [*history.accuracies, *[float("nan")] * len(history.checks)]
    for (step, auc), accuracy in zip(history.checks, accuracies, strict=False):
        rows.append((step, float(np.mean(history.losses[before:step])), auc, accuracy))
        before = step
    return rows


def write_curves(path: Path, history: History) -> None:
    """All checks so far, as CSV; written anew each time, so that a training that goes on lists none twice."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((step, *(f"{value:.6g}" for value in values)) for step, *values in curve_rows(history))
    write_atomically(path, lambda beside: _write(beside, text.getvalue()))


def draw_curves(path: Path, history: History, title: str, judged: str = "validation slices") -> None:
    """The curves as PNG: loss of every step, smoothed, above; the checks, on what ``judged`` says, below."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    losses = np.array(history.losses)
    width = max(1, len(losses) // 50)
    above.plot(np.arange(1, len(losses) + 1), losses, color="0.8", linewidth=0.6)
    if len(losses) >= width:
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        above.plot(np.arange(width, len(losses) + 1), smooth, color="#1f5a96", label=f"mean of {width} steps")
        above.legend(frameon=False)
    above.set_ylabel("training loss")
    rows = np.array(curve_rows(history), dtype=float).reshape(-1, len(COLUMNS))
    for column, name, colour in ((2, "AUC", "#1f5a96"), (3, "accuracy at 0.5", "#b05a00")):
        below.plot(rows[:, 0], rows[:, column], marker="o", label=name, color=colour)
    below.set_ylim(0.3, 1.02)
    below.axhline(0.5, color="0.6", linewidth=0.8, linestyle="--")
    below.legend(frameon=False, loc="lower right")
    below.set_ylabel(judged)
    below.set_xlabel("step")
    figure.suptitle(title)
    write_atomically(path, lambda beside: figure.savefig(beside, format="png", dpi=110, metadata={"Software": None}))


def draw_search(path: Path, found: Mapping[str, Sequence[Mapping[str, Any]]], title: str) -> None:
    """Area and accuracy by patient of each row of a search over its folds as PNG: means, standard deviations, folds."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = np.arange(len(found))
    for key, word, colour, aside in (("auc", "AUC", "#1f5a96", -0.06), ("accuracy", "accuracy", "#b05a00", 0.06)):
        folds = [[fold["patient"][key] for fold in row] for row in found.values()]
        means = [over_folds(row) for row in folds]
        bars = [0.0 if np.isnan(m.deviation) else m.deviation for m in means]
        axes.errorbar(places + aside, [m.mean for m in means], bars, marker="o", capsize=3, color=colour, label=word)
        for place, row in zip(places, folds, strict=True):
            axes.plot([place + aside] * len(row), row, ".", color=colour, alpha=0.4)
    axes.set_xticks(places, list(found))
    axes.set_ylabel("held-out phantoms, by patient")
    axes.set_title(title)
    axes.legend(frameon=False)
    write_atomically(path, lambda beside: figure.savefig(beside, format="png", dpi=110, metadata={"Software": None}))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
