"""Operating curves with readers as operating points, retention curves, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from overread.evaluation.figure_style import BLUE, GREY
from overread.stats.retention import SHARE
from overread.study.analysis.methods_text import settings_of
from overread.study.analysis.plot_style import (
    LINES,
    axes_of,
    colour,
    finish,
    mark,
    rows_of,
    study_words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES = {"roc": "ROC", "lroc": "LROC", "froc": "FROC", "afroc": "AFROC", "wafroc": "wAFROC"}
AXES = {
    "roc": ("False positive share (1 - specificity)", "True positive share (sensitivity)"),
    "lroc": ("False positive share", "Share of diseased cases placed rightly"),
    "froc": ("False marks per case", "Share of lesions found"),
    "afroc": ("Share of healthy cases with a false mark", "Share of lesions found"),
    "wafroc": ("Share of healthy cases with a false mark", "Weighted share of lesions found"),
}
AREAS = {
    "roc": ("roc-auc", "inferred-roc-auc"), "lroc": ("lroc-auc",), "froc": (), "afroc": ("afroc-auc",),
    "wafroc": ("wafroc-auc",),
}  # fmt: skip
_CURVE_INCHES = (4.8, 5.8)
MOST_IN_LEGEND = 12


def draw_curves(document: Mapping[str, Any]) -> dict[str, Figure]:
    """A figure for each kind of operating curve: readers thin, their mean thick, a system alone thick and dark."""
    kinds = dict.fromkeys(c["kind"] for c in document["curves"] if c["kind"] in TITLES)
    return {kind: _curves(document, kind) for kind in kinds}


def draw_retention(document: Mapping[str, Any]) -> dict[str, Figure]:
    """Metrics of the surest cases against the share of the cases that is kept, a panel a metric."""
    curves = [c for c in document["curves"] if c["kind"] == "retention"]
    metrics = list(dict.fromkeys(c["figure"] for c in curves))
    if not metrics:
        return {}
    figure, axes = axes_of(
        f"Confidence and what is kept\n{study_words(document)}", (4.0 * len(metrics), 5.0), len(metrics)
    )
    for one, metric in zip(axes, metrics, strict=True):
        for curve, label, look in _looks(document, [c for c in curves if c["figure"] == metric]):
            x, y = _columns(curve)
            one.plot(x, y, label=label, markersize=3.5 if len(x) <= 12 else 0, linewidth=1.3, **look)
        one.axvline(SHARE, color=GREY, linewidth=0.8, linestyle=":")
        one.set(xlabel="Share of cases kept, surest first", ylabel=metric, xlim=(0, 1.02))
    axes[0].text(SHARE, axes[0].get_ylim()[0], f" {SHARE:.0%}", color=GREY, ha="left", va="bottom", fontsize=8)
    return {"retention": finish(figure, axes, 2 if len(metrics) < 3 else 3)}


def draw_calibration(document: Mapping[str, Any]) -> dict[str, Figure]:
    """What was said against what was so, by bins."""
    curves = [c for c in document["curves"] if c["kind"] == "calibration"]
    if not curves:
        return {}
    figure, axes = axes_of(f"Calibration of ratings\n{study_words(document)}", _CURVE_INCHES)
    axes[0].plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    for curve, label, look in _looks(document, curves):
        x, y = _columns(curve)
        axes[0].plot(x, y, label=label, markersize=4, linewidth=1.2, **look)
    axes[0].set(xlabel="Mean rating of a bin", ylabel="Share diseased", xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    return {"calibration": finish(figure, axes)}


def _curves(document: Mapping[str, Any], kind: str) -> Figure:
    system, conditions = settings_of(document).get("standalone system"), document["dataset"]["conditions"]
    curves = [c for c in document["curves"] if c["kind"] == kind]
    points = _operating_points(document, kind) if system is not None else []
    width, height = _CURVE_INCHES
    is_inferred = kind == "roc" and document["dataset"]["paradigm"] != "roc"
    title = f"{TITLES[kind]}{' of the highest mark of each case' if is_inferred else ''}\n{study_words(document)}"
    figure, (axes,) = axes_of(title, (width, height + 0.19 * min(len(points), 2 * MOST_IN_LEGEND)))
    for curve in curves:
        place = conditions.index(curve["condition"])
        x, y = _columns(curve)
        if curve["reader"] is not None and curve["reader"] == system:
            label = f"{system}{_tail(document, curve)}{_area(document, kind, curve)}"
            axes.plot(x, y, color=BLUE, linewidth=2.4, linestyle=LINES[place % 4], label=label, zorder=3)
        elif curve["reader"] is None:
            label = f"Mean of readers{_tail(document, curve)}{_area(document, kind, curve)}"
            shade = _condition_colour(place, system)
            axes.plot(x, y, color=shade, linewidth=2.2, linestyle=LINES[place % 4], label=label, zorder=3)
        elif not points:
            _reader_line(axes, document, kind, curves, curve, system)
    _draw_points(axes, document, points)
    if kind == "roc":
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set(xlabel=AXES[kind][0], ylabel=AXES[kind][1], ylim=(0, 1.02))
    if kind == "froc":
        axes.set_xlim(0, 1.03 * max(1e-9, *(_columns(c)[0][-1] for c in curves)))
    else:
        axes.set(xlim=(0, 1), aspect="equal")
    return finish(figure, [axes], 1)


def _reader_line(
    axes: Axes, document: Mapping[str, Any], kind: str, curves: Sequence[Any], curve: Mapping[str, Any], system: Any
) -> None:
    """Thin and pale beside a mean; with a name and an area where the reader stands for himself."""
    place = document["dataset"]["conditions"].index(curve["condition"])
    x, y = _columns(curve)
    is_alone = not any(c["reader"] is None and c["condition"] == curve["condition"] for c in curves)
    label = f"{curve['reader']}{_tail(document, curve)}{_area(document, kind, curve)}" if is_alone else None
    axes.plot(
        x,
        y,
        color=_condition_colour(place, system),
        linestyle=LINES[place % 4],
        linewidth=1.8 if is_alone else 0.7,
        alpha=1 if is_alone else 0.45,
        label=label,
    )


def _operating_points(document: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """Where each reader works at the cut: both shares with their limits; none without a cut or for marks."""
    if kind == "lroc":
        rows, up, along = rows_of(document, "localised"), "called and placed rightly", "healthy but called"
    elif kind == "roc":
        rows = [row for row in rows_of(document, "yes-or-no") if str(row["positive"]).startswith("rating >=")]
        up, along = "sensitivity", "specificity"
    else:
        return []
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        at = found.setdefault(
            (row["condition"], row["reader"]), {"condition": row["condition"], "reader": row["reader"]}
        )
        if row["measure"] == up:
            at["y"] = (row["value"], row["low"], row["high"])
        elif row["measure"] == along:
            values = (row["value"], row["low"], row["high"])
            at["x"] = values if kind == "lroc" else (1 - values[0], 1 - values[2], 1 - values[1])
    return [at for at in found.values() if "x" in at and "y" in at]


def _draw_points(axes: Axes, document: Mapping[str, Any], points: Sequence[Mapping[str, Any]]) -> None:
    """Readers with exact intervals along both axes; the system's own point on its curve as a ring."""
    system, conditions = settings_of(document).get("standalone system"), document["dataset"]["conditions"]
    people = [name for name in document["dataset"]["readers"] if name != system]
    for at in points:
        (x, left, right), (y, low, high) = at["x"], at["y"]
        if at["reader"] == system:
            axes.plot(x, y, "o", color="white", markeredgecolor=BLUE, markeredgewidth=1.6, markersize=7, zorder=5)
            continue
        n, place = people.index(at["reader"]), conditions.index(at["condition"])
        has_name = n < MOST_IN_LEGEND
        axes.errorbar(
            x, y, xerr=[[max(0, x - left)], [max(0, right - x)]], yerr=[[max(0, y - low)], [max(0, high - y)]],
            fmt=mark(n), color=_condition_colour(place, system), markeredgecolor="white", markersize=7, elinewidth=0.7,
            label=f"{at['reader']}{_tail(document, at)}" if has_name else None, zorder=4,
        )  # fmt: skip


def _condition_colour(place: int, system: Any) -> str:
    """The first colour is the system's where there is one."""
    return colour(place + (system is not None))


def _area(document: Mapping[str, Any], kind: str, curve: Mapping[str, Any]) -> str:
    """Area with its interval, where the document has it for this curve."""
    for row in document["figures"]:
        is_same = row["condition"] == curve["condition"] and row["reader"] == curve["reader"]
        if row["name"] in AREAS[kind] and is_same and row["subset"] is None and row["value"] is not None:
            limits = f" ({row['ci'][0]:.3f} to {row['ci'][1]:.3f})" if row["ci"] else ""
            return f": {row['value']:.3f}{limits}"
    return ""


def _tail(document: Mapping[str, Any], curve: Mapping[str, Any]) -> str:
    name = curve["condition"]
    words = f"condition {name}" if name.isdigit() else name
    return f", {words}" if len(document["dataset"]["conditions"]) > 1 else ""


def _looks(
    document: Mapping[str, Any], curves: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], str | None, dict[str, Any]]]:
    """Curves with their label and look: a colour and mark a reader, a line a condition."""
    data = document["dataset"]
    for n, curve in enumerate(curves):
        reader, condition = (data[key + "s"].index(curve[key]) for key in ("reader", "condition"))
        look = {"color": colour(reader), "marker": mark(reader), "linestyle": LINES[condition % 4]}
        label = f"{curve['reader']}{_tail(document, curve)}" if n < MOST_IN_LEGEND else None
        yield curve, label, look


def _columns(curve: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([[np.nan if v is None else v for v in point[:2]] for point in curve["points"]], dtype=np.float64)
    return points[:, 0], points[:, 1]
