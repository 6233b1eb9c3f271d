"""Loss and validation figures over the steps: a table while a training runs, a picture at its end."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from overread.io import write_atomically
from overread.training.loop import History

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


def draw_curves(path: Path, history: History, title: str) -> None:
    """The curves as PNG: loss of every step, smoothed, above; the checks below."""
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
    below.set_ylabel("validation slices")
    below.set_xlabel("step")
    figure.suptitle(title)
    write_atomically(path, lambda beside: figure.savefig(beside, format="png", dpi=110, metadata={"Software": None}))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
