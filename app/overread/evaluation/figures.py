"""Figures of an evaluation, each as PNG and PDF: ROC, FROC, lesions found by size, scores by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.figure_style import BLUE, GREEN, GREY, ORANGE, POINT_MARKS, RED, begin, end, reach, save
from overread.evaluation.measured import Measured
from overread.evaluation.published import EXTERNAL_POINT, INTERNAL_POINT, PAPER
from overread.evaluation.rows import Patients, find_row
from overread.evaluation.slices import collect
from overread.evaluation.subsets import LESION_SIZES
from overread.stats.curves import froc_curve, roc_band, roc_curve
from overread.stats.resampling import cluster_weights

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND_DRAWS = 500


def write_figures(folder: Path, document: Mapping[str, Any], cases: Sequence[Measured]) -> list[Path]:
    """Draw what the cases allow and write it; returns the files.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    return [path for name, figure in draw_figures(document, cases).items() for path in save(figure, folder, name)]


def draw_figures(document: Mapping[str, Any], cases: Sequence[Measured]) -> dict[str, Figure]:
    """The figures by name; those that need both classes, or lesions, only where there are."""
    people = Patients([c.patient for c in cases], seed=1)
    slices = collect(cases, people)
    ratings = np.array([c.rating() for c in cases])
    diseased = np.array([c.is_diseased for c in cases])
    made = {}
    for level, values, truth, patient in (
        ("slice", slices.values, slices.is_positive, slices.patient),
        ("patient", ratings, diseased, people.of_case),
    ):
        if truth.any() and not truth.all():
            made[f"roc-{level}"] = _roc(level, document, values, truth, patient, people)
            made[f"scores-{level}"] = _scores(level, document, values, truth)
    if diseased.any():
        made["froc"] = _froc(document, cases)
        made["lesions-by-size"] = _by_size(document)
    return made


def _roc(
    level: str,
    document: Mapping[str, Any],
    values: NDArray[np.float64],
    is_diseased: NDArray[np.bool_],
    patient: NDArray[np.intp],
    people: Patients,
) -> Figure:
    figure, axes = _begin(document, f"ROC, {level} level")
    curve = roc_curve(values, is_diseased)
    at = np.linspace(0, 1, 101)
    weights = cluster_weights(people.count, people.rng(), BAND_DRAWS)
    low, high = roc_band(values, is_diseased, patient, weights, at)
    axes.fill_between(at, low, high, color=BLUE, alpha=0.2, linewidth=0, label="95 %, patients drawn")
    axes.plot(curve.x, curve.y, color=BLUE, label=_area_label(level, document))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    for point, threshold in document["operating"].items():
        x, y = np.mean(values[~is_diseased] >= threshold), np.mean(values[is_diseased] >= threshold)
        axes.plot(
            x,
            y,
            POINT_MARKS.get(point, "D"),
            color=BLUE,
            markeredgecolor="white",
            markersize=7,
            label=point,
            clip_on=False,
        )
    if level == "slice":
        for (specificity, sensitivity), mark, where in (
            (INTERNAL_POINT, "*", "internal"),
            (EXTERNAL_POINT, "P", "external"),
        ):
            axes.plot(1 - specificity, sensitivity, mark, color=RED, markersize=8, label=f"{PAPER}, {where}, patients")
    axes.set(xlabel="1 - specificity", ylabel="Sensitivity", xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    return end(figure, axes)


def _froc(document: Mapping[str, Any], cases: Sequence[Measured]) -> Figure:
    figure, axes = _begin(document, "FROC")
    marks = [m for c in cases for m in c.marks]
    curve = froc_curve(
        [m.score for m in marks if m.fate.kind == "hit"],
        [m.score for m in marks if m.fate.kind == "false"],
        sum(len(c.lesions) for c in cases),
        len(cases),
    )
    axes.step(curve.x, curve.y, where="post", color=BLUE, label="all marks down to the floor")
    for point in document["operating"]:
        found, false = (
            find_row(document["metrics"], level="lesion", subset="all", point=point, metric=metric)
            for metric in ("sensitivity", "false-marks-per-case")
        )
        if found is None or false is None:
            continue
        mark = POINT_MARKS.get(point, "D")
        axes.errorbar(
            false["value"], found["value"], yerr=reach(found), xerr=reach(false), fmt=mark, color=BLUE,
            markeredgecolor="white", markersize=7, elinewidth=0.8, label=point,
        )  # fmt: skip
    right = max(1.0, 1.05 * float(curve.x[-1]))
    axes.set(xlabel="False marks a case", ylabel="Share of lesions found", xlim=(0, right), ylim=(0, 1.02))
    return end(figure, axes)


def _by_size(document: Mapping[str, Any]) -> Figure:
    figure, axes = _begin(document, "Lesions found, by size")
    sizes = ("all", *LESION_SIZES)
    points = list(document["operating"])
    for n, (point, colour) in enumerate(zip(points, (ORANGE, BLUE, GREEN), strict=False)):
        for place, size in enumerate(sizes):
            row = find_row(
                document["metrics"], "Clopper", level="lesion", subset=size, point=point, metric="sensitivity"
            )
            if row is None:
                continue
            axes.errorbar(
                place + 0.2 * (n - 1), row["value"], yerr=reach(row), fmt=POINT_MARKS.get(point, "D"), color=colour,
                markersize=6, elinewidth=1.2, capsize=3, clip_on=False, label=point if place == 0 else None,
            )  # fmt: skip
    rows = [find_row(document["metrics"], level="lesion", subset=s, point="floor", metric="sensitivity") for s in sizes]
    names = [f"{s}\nn = {0 if r is None else r['n']['lesions']}" for s, r in zip(sizes, rows, strict=True)]
    axes.set_xticks(range(len(sizes)), names)
    axes.set(ylabel="Share of lesions found (95 %, exact)", xlim=(-0.5, len(sizes) - 0.5), ylim=(0, 1.02))
    return end(figure, axes)


def _scores(
    level: str, document: Mapping[str, Any], values: NDArray[np.float64], is_diseased: NDArray[np.bool_]
) -> Figure:
    figure, axes = _begin(document, f"Scores, {level} level")
    bins = np.linspace(0, 1, 26)
    for chosen, colour, name in ((~is_diseased, GREY, "without a lesion"), (is_diseased, ORANGE, "with a lesion")):
        share = np.full(int(chosen.sum()), 1 / max(int(chosen.sum()), 1))
        axes.hist(
            values[chosen],
            bins.tolist(),
            weights=share,
            color=colour,
            alpha=0.55,
            label=f"{name}, n = {int(chosen.sum()):,}",
        )
    for point, threshold in document["operating"].items():
        axes.axvline(threshold, color=BLUE, linewidth=0.9, linestyle="--")
        axes.text(threshold, 0.98, point, rotation=90, va="top", ha="right", transform=axes.get_xaxis_transform())
    axes.set(xlabel="Score", ylabel=f"Share of the {level}s of a class", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    return end(figure, axes)


def _begin(document: Mapping[str, Any], title: str) -> tuple[Figure, Axes]:
    n = document["n"]
    return begin(document, title, f"{n['slices']:,} slices, {n['lesions']} lesions")


def _area_label(level: str, document: Mapping[str, Any]) -> str:
    row = find_row(document["metrics"], level=level, subset="all", metric="roc-auc")
    if row is None or row["ci"][0] is None:
        return "measured"
    return f"area {row['value']:.3f} ({row['ci'][0]:.3f} to {row['ci'][1]:.3f})"
