"""What the figures of an analysis have in common: axes, colours of readers and conditions, titles, legends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overread.evaluation.figure_style import BLUE, FONT_PT, GREEN, GREY, ORANGE, RED
from overread.study.analysis.methods_text import settings_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "#000000", GREY)
"""Apart for every kind of colour vision (Okabe and Ito 2008); beyond eight they come again with other marks."""
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":")


def axes_of(title: str, inches: tuple[float, float], columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with axes side by side, without lines at the top and the right."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"font.size": FONT_PT, "axes.titlesize": FONT_PT, "legend.fontsize": FONT_PT}):
        figure = Figure(figsize=inches, layout="constrained")
        FigureCanvasAgg(figure)
        axes = np.atleast_1d(figure.subplots(1, columns))
        figure.suptitle(title, fontsize=FONT_PT)
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def finish(figure: Figure, axes: Sequence[Axes], columns: int = 2) -> Figure:
    """Bring all texts to one size and put the legend of the first axes below."""
    for one in axes:
        for item in (one.title, one.xaxis.label, one.yaxis.label, *one.get_xticklabels(), *one.get_yticklabels()):
            item.set_fontsize(FONT_PT)
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=FONT_PT)
    return figure


def colour(n: int) -> str:
    """The colour of the n-th thing."""
    return COLOURS[n % len(COLOURS)]


def mark(n: int) -> str:
    """The mark of the n-th thing."""
    return MARKS[n % len(MARKS)]


def study_words(document: Mapping[str, Any]) -> str:
    """Readers and cases, for the second line of a title."""
    data = document["dataset"]
    people = len(data["readers"]) - ("standalone system" in settings_of(document))
    beside = " and a system" if people < len(data["readers"]) else ""
    return (
        f"{people} reader{'s' * (people != 1)}{beside}, {data['cases']} cases ({data['cases_with_disease']} "
        "with disease)"
    )


def level_words(document: Mapping[str, Any]) -> str:
    """The level of the intervals, as in ``95 %``."""
    return f"{100 * float(settings_of(document)['level']):g} %"


def rows_of(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Rows of a table of the document by column; none where it is not there."""
    found = next((one for one in document["tables"] if one["name"] == name), None)
    return [] if found is None else [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
