"""One look for all figures of an evaluation: font, colours, title, legend, files without a date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.io import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT_PT = 9.0
_INCHES = (4.6, 5.0)
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
"""Colours that stay apart for every kind of colour vision (Okabe and Ito 2008)."""
POINT_MARKS = {"high-sensitivity": "^", "default": "o", "high-precision": "s"}


def begin(document: Mapping[str, Any], title: str, what: str) -> tuple[Figure, Axes]:
    """A figure with one pair of axes.

    Parameters
    ----------
    what
        Is in it beside the cases: ``1,200 slices, 30 lesions``.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bundle, n = document["bundle"], document["n"]
    with rc_context({"font.size": FONT_PT, "axes.titlesize": FONT_PT, "legend.fontsize": FONT_PT}):
        figure = Figure(figsize=_INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        cases = document["cases_are"] if document["cases_are"] != "not phantoms" else "cases"
        text = f"{title}\n{bundle['system']} {bundle['variant']}\n{n['cases']} {cases}, {what}"
        axes.set_title(text, fontsize=FONT_PT)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def end(figure: Figure, axes: Axes, columns: int = 2) -> Figure:
    """Bring all texts to one size and put the legend below."""
    for item in (axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts):
        item.set_fontsize(FONT_PT)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=FONT_PT)
    return figure


def reach(row: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """Lengths of an error bar, below and above."""
    low, high = row["ci"]
    if low is None:
        return None
    return np.array([[max(0.0, row["value"] - low)], [max(0.0, high - row["value"])]])


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """PNG and PDF, without a date, so that the same evaluation makes the same files."""
    paths = [folder / f"{name}.png", folder / f"{name}.pdf"]
    write_atomically(paths[0], lambda beside: figure.savefig(beside, dpi=200))
    write_atomically(paths[1], lambda beside: figure.savefig(beside, metadata={"CreationDate": None}))
    return paths
