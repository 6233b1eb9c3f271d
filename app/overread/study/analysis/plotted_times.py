"""Bland and Altman's figure of reading times under two conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from overread.core.reader_data import ReaderData
from overread.evaluation.figure_style import BLUE, GREY
from overread.study.analysis.plot_style import axes_of, colour, finish, level_words, mark, rows_of, study_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_times(document: Mapping[str, Any], data: ReaderData) -> dict[str, Figure]:
    """A figure for each two conditions: ratio of the times of each reading against their geometric mean."""
    made = {}
    for n, row in enumerate(rows_of(document, "times-agreement")):
        name = "times" if n == 0 else f"times-{n + 1}"
        made[name] = _bland_altman(document, data, row)
    return made


def _bland_altman(document: Mapping[str, Any], data: ReaderData, row: Mapping[str, Any]) -> Figure:
    assert data.seconds is not None
    first, second = (data.seconds[data.conditions.index(row[key])] for key in ("first", "second"))
    title = f"Reading times, {row['second']} over {row['first']}\n{study_words(document)}"
    figure, (axes,) = axes_of(title, (5.6, 5.0))
    names = [name for name in document["dataset"]["readers"] if name in data.readers]
    for n, reader in enumerate(names):
        j = data.readers.index(reader)
        there = np.isfinite(first[j]) & np.isfinite(second[j])
        if there.any():
            x, y = first[j, there], second[j, there]
            axes.plot(
                np.sqrt(x * y), y / x, mark(n), color=colour(n), markersize=3.5, alpha=0.6, linestyle="none",
                label=reader, markeredgewidth=0,
            )  # fmt: skip
    values = _numbers(row)
    for (value, low, high), style, words in zip(
        values, ("-", "--", "--"), ("bias", "lower limit", "upper limit"), strict=True
    ):
        axes.axhline(value, color=BLUE, linewidth=1.2, linestyle=style)
        axes.axhspan(low, high, color=BLUE, alpha=0.12, linewidth=0)
        axes.annotate(
            f"{words} {value:.2f}", (1.01, value), xycoords=("axes fraction", "data"), va="center", fontsize=8,
            color=BLUE, annotation_clip=False,
        )  # fmt: skip
    axes.axhline(1, color=GREY, linewidth=0.8, linestyle=":")
    axes.set(xscale="log", yscale="log", xlabel="Geometric mean of both times (s)", ylabel="Ratio of the times")
    _plain_ticks(axes)
    axes.set_title(f"limits of agreement; bands: {level_words(document)} intervals", color=GREY)
    return finish(figure, [axes], 3)


def _numbers(row: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    """Bias, lower and upper limit, each with its interval."""
    return [
        (row[name], row[f"{low} low"], row[f"{low} high"])
        for name, low in (("bias (ratio)", "bias"), ("lower limit", "lower limit"), ("upper limit", "upper limit"))
    ]


def _plain_ticks(axes: Any) -> None:
    """Numbers as people write them, and enough of them, on logarithmic axes."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(base=10, subs=(1, 1.5, 2, 3, 5, 7)))
        axis.set_major_formatter(FuncFormatter(lambda value, place: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
