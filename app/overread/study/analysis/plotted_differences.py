"""Forest plots of differences: conditions, readers and a system compared, each with its interval and p."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from overread.evaluation.figure_style import BLUE, FONT_PT, GREY, ORANGE
from overread.study.analysis.plot_style import axes_of, level_words, study_words
from overread.study.analysis.short_text import how
from overread.study.analysis.tables import p_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 28
"""More than this in one figure nobody reads: each figure of merit then has its own."""
SHADES = {"rrrc": BLUE, "frrc": ORANGE, "rrfc": GREY}
MARKS = {"rrrc": "s", "frrc": "o", "rrfc": "x"}


def draw_differences(document: Mapping[str, Any]) -> dict[str, Figure]:
    """All differences in one figure, or one figure for each figure of merit where they are many."""
    rows = [row for row in document["tests"] if row["ci"] and None not in row["ci"] and _is_difference(row)]
    if not rows:
        return {}
    if len(rows) <= MOST_ROWS:
        return {"differences": _forest(document, rows)}
    made = {}
    for name in dict.fromkeys(row["figure"] for row in rows):
        of = [row for row in rows if row["figure"] == name]
        if len(of) > MOST_ROWS:
            of = [row for row in of if "|" not in row["contrast"]]
        made[f"differences-{name.replace('@', '-at-')}"] = _forest(document, of)
    return made


def _is_difference(row: Mapping[str, Any]) -> bool:
    """Neither a test of all at once, nor of a mean against chance, nor the same comparison a second time."""
    return " - " in row["contrast"] and " against " not in row["contrast"] and "(2T-" not in row["contrast"]


def _forest(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Figure:
    names = list(dict.fromkeys(row["figure"] for row in rows))
    lines = len(rows) + len(names)
    title = f"Differences with {level_words(document)} intervals\n{study_words(document)}"
    longest = 3 + max(len(row["contrast"]) for row in rows)
    figure, (axes,) = axes_of(title, (6.6 + 0.07 * longest, 1.3 + 0.26 * lines))
    axes.axvline(0, color=GREY, linewidth=0.8)
    at, texts = 0, []
    for name in names:
        texts.append((at, name, True))
        at += 1
        for row in (row for row in rows if row["figure"] == name):
            low, high = row["ci"]
            to = row["generalises_to"] or "frrc"
            axes.plot([low, high], [at, at], color=SHADES[to], linewidth=1.3, zorder=2)
            axes.plot(row["difference"], at, MARKS[to], color=SHADES[to], markersize=5, zorder=3)
            sign = "" if row["p"] is None or row["p"] < 0.0001 else "= "
            numbers = f"{row['difference']:+.3f} ({low:.3f} to {high:.3f}), p {sign}{p_text(row['p'])}; {how(row)}"
            axes.annotate(
                numbers, (1.02, at), xycoords=("axes fraction", "data"), va="center", fontsize=FONT_PT - 1,
                annotation_clip=False,
            )  # fmt: skip
            texts.append((at, f"   {row['contrast']}", False))
            at += 1
    axes.set_yticks([y for y, _, _ in texts], [text for _, text, _ in texts], fontsize=FONT_PT - 1, ha="left")
    axes.tick_params(axis="y", length=0, pad=5.0 * longest + 6)
    for label, (_, _, is_head) in zip(axes.get_yticklabels(), texts, strict=True):
        label.set_fontweight("bold" if is_head else "normal")
    axes.set(ylim=(at - 0.4, -0.6), xlabel="First minus second")
    axes.xaxis.label.set_fontsize(FONT_PT)
    axes.tick_params(axis="x", labelsize=FONT_PT - 1)
    axes.spines["left"].set_visible(False)
    return figure
