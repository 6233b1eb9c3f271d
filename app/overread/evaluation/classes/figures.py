"""Figures of a system of classes: ROC, LROC, confusion, confidence against share kept, calibration, net benefit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.classes.answers import Answers, below_all, patient_answers, region_answers
from overread.evaluation.classes.case import ClassCase
from overread.evaluation.classes.multiphase import SOUGHT, SPECIFICITY, class_metrics, lroc_of
from overread.evaluation.classes.mvi import POSITIVE, patient_ratings
from overread.evaluation.classes.published import is_like
from overread.evaluation.classes.triage import BENIGN, malignancy
from overread.evaluation.figure_style import BLUE, FONT_PT, GREEN, GREY, ORANGE, POINT_MARKS, RED, begin, end, save
from overread.evaluation.rows import Patients, find_row
from overread.stats.curves import Curve, roc_curve
from overread.stats.decision_curve import decision_curve
from overread.stats.reliability import called_class, reliability
from overread.stats.retention import SHARE, retention_curve
from overread.systems.registry import SYSTEMS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (BLUE, ORANGE, GREEN)
DASHES = ("-", "--", "-.")
"""Lines are told apart by dashes as well as by colour."""
BENEFIT_TO = 0.9
Document = Mapping[str, Any]


def write_class_figures(folder: Path, document: Document, cases: Sequence[ClassCase]) -> list[Path]:
    """Draw what the cases allow and write it; returns the files.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    return [path for name, figure in draw_class_figures(document, cases).items() for path in save(figure, folder, name)]


def draw_class_figures(document: Document, cases: Sequence[ClassCase]) -> dict[str, Figure]:
    """The figures by name; those that need several classes or a confidence only where there are."""
    names = SYSTEMS[document["bundle"]["system"]].classes
    people = Patients([c.patient for c in cases], seed=1)
    answers = patient_answers(cases, names, people)
    made = {"confusion": _confusion(document, names)}
    if POSITIVE in names:
        return made | _binary(document, cases, answers.truth == names.index(POSITIVE))
    several = np.unique(answers.truth).size > 1
    if several:
        made["roc-patient"] = _one_vs_rest(document, "patient", answers, names)
    regions = region_answers(cases, names, people)
    if np.unique(regions.truth).size > 1:
        made["roc-region"] = _one_vs_rest(document, "region", regions, names)
    if BENIGN in names and several:
        made["roc-malignant"] = _malignant(document, answers, names)
    if SOUGHT in names and several:
        made["lroc"] = _lroc(document, cases, answers, names.index(SOUGHT))
    known = answers.where(answers.is_answered)
    if known.truth.size:
        made["calibration"] = _calibration(document, *called_class(known.scores, known.truth), "the called class")
    if np.isfinite(answers.confidence).sum() > 1:
        made["confidence"] = _confidence(document, answers, len(names))
    return made


def _binary(document: Document, cases: Sequence[ClassCase], truth: NDArray[np.bool_]) -> dict[str, Figure]:
    ratings = patient_ratings(cases)
    known = np.isfinite(ratings)
    made: dict[str, Figure] = {}
    if truth.any() and not truth.all():
        made["roc-patient"] = _roc_of_ratings(document, below_all(ratings), truth)
    if known.any():
        made["calibration"] = _calibration(document, ratings[known], truth[known], POSITIVE)
        made["decision-curve"] = _benefit(document, ratings[known], truth[known])
    return made


def _roc_of_ratings(document: Document, ratings: NDArray[np.float64], truth: NDArray[np.bool_]) -> Figure:
    figure, axes = _begin(document, "ROC, patient level")
    curve = roc_curve(ratings, truth)
    axes.plot(curve.x, curve.y, color=BLUE, label=_label(document, "patient", "roc-auc", "system"))
    for point, threshold in document["operating"].items():
        x, y = np.mean(ratings[~truth] >= threshold), np.mean(ratings[truth] >= threshold)
        mark = POINT_MARKS.get(point, "D")
        axes.plot(x, y, mark, color=BLUE, markeredgecolor="white", markersize=7, label=point, clip_on=False)
    _paper_points(axes, document)
    return _square(figure, axes)


def _paper_points(axes: Axes, document: Document, suffix: str = "") -> None:
    """Points of the paper's reader that the variant imitates: specificity and sensitivity on the same patients."""
    wanted: dict[tuple[str, str], dict[str, float]] = {}
    for entry in document["published"]:
        metric = entry["metric"].removesuffix(suffix)
        is_shown = is_like(entry, document["bundle"]["variant"]) and not entry["on"].endswith("training")
        if is_shown and metric in ("sensitivity", "specificity") and entry["point"] != "sum rule":
            wanted.setdefault((entry["paper"], entry["on"]), {})[metric] = entry["value"]
    for ((paper, on), point), mark in zip(sorted(wanted.items()), "*PX", strict=False):
        x, y = 1 - point["specificity"], point["sensitivity"]
        axes.plot(x, y, mark, color=RED, markersize=8, label=f"{paper}: {on}", clip_on=False)


def _one_vs_rest(document: Document, level: str, answers: Answers, names: Sequence[str]) -> Figure:
    figure, axes = _begin(document, f"ROC, each class against the rest, {level} level")
    for k, name in enumerate(names):
        truth = answers.truth == k
        if truth.any() and not truth.all():
            curve = roc_curve(answers.ranked[:, k], truth)
            label = _label(document, level, f"roc-auc-{name}", name)
            axes.plot(curve.x, curve.y, DASHES[k], color=COLOURS[k], label=label)
    return _square(figure, axes)


def _malignant(document: Document, answers: Answers, names: Sequence[str]) -> Figure:
    figure, axes = _begin(document, "ROC, malignant against benign, patient level")
    ratings = malignancy(answers, names)
    curve = roc_curve(below_all(ratings), answers.truth != names.index(BENIGN))
    axes.plot(curve.x, curve.y, color=BLUE, label=_label(document, "patient", "roc-auc-malignant", "system"))
    for rule, mark in (("sum rule", "o"), ("any-slice rule", "^")):
        found = [
            find_row(document["metrics"], level="patient", subset="all", point=rule, metric=f"{metric}-malignant")
            for metric in ("specificity", "sensitivity")
        ]
        if all(row is not None and row["value"] is not None for row in found):
            specificity, sensitivity = (row["value"] for row in found if row is not None)
            axes.plot(
                1 - specificity, sensitivity, mark, color=BLUE, markeredgecolor="white", label=rule, clip_on=False
            )
    _paper_points(axes, document, "-malignant")
    return _square(figure, axes)


def _lroc(document: Document, cases: Sequence[ClassCase], answers: Answers, sought: int) -> Figure:
    figure, axes = _begin(document, f"LROC, {SOUGHT.upper()} against the others")
    for is_strict, dash, words, suffix in (
        (False, "-", "localised", ""),
        (True, "--", "first region on a lesion", "-strict"),
    ):
        curve: Curve = lroc_of(cases, answers, sought, is_strict=is_strict)
        label = _label(document, "patient", f"lroc-auc-{SOUGHT}{suffix}", words)
        axes.plot(curve.x, curve.y, dash, color=BLUE if not is_strict else ORANGE, label=label)
    axes.axvline(1 - SPECIFICITY, color=GREY, linewidth=0.8, linestyle=":", label=f"specificity {SPECIFICITY:.0%}")
    axes.set(xlabel="1 - specificity", ylabel=f"Share of {SOUGHT.upper()} found and localised")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    return end(figure, axes, 1)


def _confidence(document: Document, answers: Answers, count: int) -> Figure:
    figure, axes = _begin(document, "The most confident share of the cases")
    for (name, statistic), colour, dash in zip(class_metrics(answers, count).items(), COLOURS, DASHES, strict=False):
        curve = retention_curve(answers.confidence, statistic)
        axes.plot(curve.shares, curve.values, dash, color=colour, label=name.replace("-", " "))
    axes.axvline(SHARE, color=GREY, linewidth=0.8, linestyle=":", label=f"{SHARE:.0%} retained")
    axes.set(xlabel="Share of the cases kept, most confident first", ylabel="Value of those kept")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    return end(figure, axes)


def _calibration(document: Document, said: NDArray[np.float64], came_true: NDArray[np.bool_], what: str) -> Figure:
    figure, axes = _begin(document, "Calibration")
    bins = reliability(said, came_true)
    full = bins.counts > 0
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", label="as said")
    axes.plot(bins.said[full], bins.came_true[full], "o-", color=BLUE, label=f"ECE {bins.expected_error:.3f}")
    for x, y, count in zip(bins.said[full], bins.came_true[full], bins.counts[full], strict=True):
        axes.annotate(str(int(count)), (x, y), xytext=(4, -9), textcoords="offset points", fontsize=FONT_PT)
    axes.set(xlabel=f"Probability said of {what}", ylabel="Share that came true (count of cases beside)")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    return end(figure, axes)


def _benefit(document: Document, said: NDArray[np.float64], truth: NDArray[np.bool_]) -> Figure:
    figure, axes = _begin(document, "Decision curve")
    at = np.linspace(0.0, BENEFIT_TO, 91)
    curve = decision_curve(said, truth, at)
    axes.plot(at, curve.model, color=BLUE, label="system")
    axes.plot(at, curve.treat_all, "--", color=ORANGE, label="treat all")
    axes.axhline(0, color=GREY, linewidth=0.8, linestyle=":", label="treat nobody")
    top = max(float(truth.mean()), 0.05)
    axes.set(xlabel="Threshold probability", ylabel="Net benefit", xlim=(0, BENEFIT_TO), ylim=(-0.5 * top, 1.1 * top))
    return end(figure, axes, 3)


def _confusion(document: Document, names: Sequence[str]) -> Figure:
    figure, axes = _begin(document, "Calls by true class")
    counts = np.array([row[1:] for row in document["tables"]["confusion"]["rows"]], dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        colour = "white" if shares[i, j] > 0.6 else "black"
        axes.text(j, i, f"{int(count)}\n{shares[i, j]:.0%}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names) + 1), [*names, "no region"])
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="Called", ylabel="True class")
    return end(figure, axes)


def _begin(document: Document, title: str) -> tuple[Figure, Axes]:
    n = document["n"]
    return begin(document, title, f"{n['regions']:,} regions, {n['lesions']} lesions")


def _square(figure: Figure, axes: Axes) -> Figure:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    axes.set(xlabel="1 - specificity", ylabel="Sensitivity", xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    return end(figure, axes, 1)


def _label(document: Document, level: str, metric: str, words: str) -> str:
    row = find_row(document["metrics"], level=level, subset="all", metric=metric)
    if row is None or row["value"] is None:
        return words
    low, high = row["ci"]
    return f"{words}: area {row['value']:.3f}" + ("" if low is None else f" ({low:.3f} to {high:.3f})")
