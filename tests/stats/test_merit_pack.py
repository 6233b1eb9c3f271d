"""Figures of merit and curves of RJafroc and pROC: every number of their entries in the reference pack."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tests.stats.reference_pack import Entry, agree, entries, leaves, load, needs_pack

from overread.core.reader_data import ReaderData
from overread.stats.merit.figures import figure_cells
from overread.stats.merit.froc import lesion_distribution
from overread.stats.merit.reader_curves import reader_curve
from overread.stats.operating_points import best_points, halfway_below

pytestmark = [pytest.mark.light, pytest.mark.shared, needs_pack]

STUDIES = (
    "vandyke_roc",
    "franken_roc",
    "fed_froc",
    "handmade_froc",
    "handmade_lroc",
    "cad_lroc",
    "cad_froc_sim",
)
TOLERANCE = 1e-9
RJAFROC = {
    "Wilcoxon": "roc-auc",
    "HrAuc": "inferred-roc-auc",
    "HrSe": "hr-se",
    "HrSp": "hr-sp",
    "AFROC": "afroc-auc",
    "AFROC1": "afroc1-auc",
    "wAFROC": "wafroc-auc",
    "wAFROC1": "wafroc1-auc",
    "FROC": "froc-auc",
    "MaxLLF": "maxllf",
    "MaxNLF": "maxnlf",
    "MaxNLFAllCases": "maxnlf-all",
}


def owned(study: str) -> Iterator[Entry]:
    """The entries that this file answers for."""
    for entry in entries(study):
        if entry.name.startswith(tuple(MAKERS)):
            yield entry


@pytest.mark.parametrize("study", STUDIES)
def test_every_number_of_the_entries_is_ours(study: str) -> None:
    data, compared = load(study), 0
    for entry in owned(study):
        theirs, ours = dict(leaves(entry.result)), dict(leaves(our_result(data, entry)))
        assert ours.keys() == theirs.keys(), entry.name
        for path, number in theirs.items():
            assert agree(ours[path], number, TOLERANCE), (entry.name, path, ours[path], number)
            compared += 1
    sys.stdout.write(f"{study}: {compared} numbers compared\n")
    assert compared == sum(len(list(leaves(entry.result))) for entry in owned(study)) > 0


def test_the_entries_are_of_programs_that_are_known_here() -> None:
    programs = {entry.program for study in STUDIES for entry in owned(study)}
    assert programs == {"RJafroc", "pROC"}


def our_result(data: ReaderData, entry: Entry) -> Any:
    """What we have in the shape of the program's result."""
    prefix = next(prefix for prefix in MAKERS if entry.name.startswith(prefix))
    return MAKERS[prefix](data, entry, entry.name.removeprefix(prefix))


def table(data: ReaderData, entry: Entry, name: str) -> dict[str, dict[str, float]]:
    """Rows of conditions, columns of readers, in the order of the study, under the program's own names."""
    values = figure_cells(data, name, "rjafroc").values
    return {
        row: {column: float(values[i, j]) for j, column in enumerate(columns)}
        for i, (row, columns) in enumerate(entry.result.items())
    }


def jackknife(data: ReaderData, entry: Entry, figure: str) -> dict[str, Any]:
    """Left-out figures and pseudovalues; the latter as that program centres them, with the mean at the figure."""
    cells, count = figure_cells(data, RJAFROC[figure]), len(data.cases)
    pseudo = count * cells.values[..., None] - (count - 1) * cells.left_out
    pseudo += (cells.values - pseudo.mean(axis=-1))[..., None]

    def tree(values: np.ndarray) -> dict[str, Any]:
        return {
            str(i + 1): {
                str(j + 1): {str(k + 1): float(values[i, j, k]) for k in range(values.shape[2])}
                for j in range(values.shape[1])
            }
            for i in range(values.shape[0])
        }

    return {"jk": tree(cells.left_out), "pseudovalues": tree(pseudo)}


def operating_points(data: ReaderData, entry: Entry, kind: str) -> dict[str, dict[str, float]]:
    """Points of the first reader under the first condition."""
    curve = reader_curve(data, kind.lower(), 0, 0)  # type: ignore[arg-type]
    points = enumerate(zip(curve.x, curve.y, strict=True), 1)
    return {str(n): {"genAbscissa": float(x), "genOrdinate": float(y)} for n, (x, y) in points}


def lroc_points(data: ReaderData, entry: Entry, place: str) -> dict[str, list[float]]:
    condition, reader = (int(word.strip("modr")) - 1 for word in place.split("_"))
    curve = reader_curve(data, "lroc", condition, reader, closing="rjafroc")
    return {"FPF": curve.x.tolist(), "PCL": curve.y.tolist()}


def lesions(data: ReaderData, entry: Entry, rest: str) -> dict[str, dict[str, float]]:
    shares = enumerate(sorted(lesion_distribution(data).items()), 1)
    return {str(n): {"lesID": count, "Freq": share} for n, (count, share) in shares}


def roc_points(data: ReaderData, entry: Entry, place: str) -> dict[str, Any]:
    """pROC's list: from the laxest point on, thresholds halfway between ratings, infinite at the ends."""
    words = place.split("_")
    condition, reader = int(words[3]) - 1, int(words[1]) - 1
    curve = reader_curve(data, "roc", condition, reader)
    ratings = data.ratings[condition, reader]

    def figure(name: str) -> float:
        return float(figure_cells(data, name).values[condition, reader])

    def best(rule: Any) -> dict[str, Any]:
        points = best_points(ratings, data.is_diseased, rule)
        return {
            str(n): {
                "threshold": halfway_below(ratings, p.threshold),
                "specificity": p.specificity,
                "sensitivity": p.sensitivity,
            }
            for n, p in enumerate(points, 1)
        }

    return {
        "auc": figure("roc-auc"),
        "thresholds": [halfway_below(ratings, t) for t in curve.thresholds[::-1]],
        "sens": curve.y[::-1].tolist(),
        "spec": (1 - curve.x[::-1]).tolist(),
        "pauc_spec_1_0.8": figure("partial-auc@0.8-1"),
        "pauc_spec_1_0.8_McClish": figure("partial-auc-corrected@0.8-1"),
        "pauc_sens_1_0.8": figure("partial-auc-sens@0.8-1"),
        "youden": best("youden"),
        "closest": best("closest"),
    }


MAKERS: dict[str, Callable[[ReaderData, Entry, str], Any]] = {
    "fom_": lambda data, entry, figure: table(data, entry, RJAFROC[figure]),
    "PCL_at_": lambda data, entry, fpf: table(data, entry, f"lroc-pcl@{fpf}"),
    "ALROC_at_": lambda data, entry, fpf: table(data, entry, f"lroc-auc@{fpf}"),
    "inferred_roc_fom": lambda data, entry, rest: table(data, entry, "inferred-roc-auc"),
    "figures_of_merit": lambda data, entry, rest: table(data, entry, "roc-auc"),
    "lesion_distribution": lesions,
    "jackknife_foms_": jackknife,
    "operating_points_": operating_points,
    "lroc_points_": lroc_points,
    "roc_points_": roc_points,
}
