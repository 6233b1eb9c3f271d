"""One recipe over folds of patients, or several recipes beside each other: tables of figures by patient.

Of every fold a fifth of the other patients chooses the check that is kept, the rest is trained on, and the fold itself
is only judged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.progress import SILENT, PartProgress, Progress
from overread.io import write_json
from overread.stats.multiclass import confusion, macro_f1
from overread.stats.resampling import cluster_bootstrap
from overread.training.case_split import dealt
from overread.training.curves import draw_curves, draw_search
from overread.training.fold_table import write_search
from overread.training.grid import ROWS_FOLDER, kept_row, row_file_name
from overread.training.grid_table import REGIONS, write_table
from overread.training.hardware import Hardware
from overread.training.held_out import BOOTSTRAP_DRAWS, SEED
from overread.training.loop import Sitting
from overread.training.regions.fit import fit_classifier, predict, started
from overread.training.regions.judge import area_of, patient_vectors
from overread.training.regions.recipe import ClassifierRecipe
from overread.training.regions.samples import RegionSamples

if TYPE_CHECKING:
    from torch import nn

CHOOSING_SHARE = 0.2
"""Of a fold's other patients, those that choose the check [A]."""
_STREAM = 67
Build = Callable[[], "nn.Module"]
"""Makes the network, untrained."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where results and states are kept: ``out`` gets tables and one JSON a row, ``work`` a checkpoint a row."""

    out: Path
    work: Path
    resume: bool = False
    hardware: Hardware = dataclasses.field(default_factory=Hardware)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One training: on ``training``, its check chosen on ``validation``, judged on ``test``."""

    name: str
    recipe: ClassifierRecipe
    training: RegionSamples
    validation: RegionSamples
    test: RegionSamples
    paper: str = ""


def stratified(labels: Mapping[int, int], count: int, seed: int) -> list[frozenset[int]]:
    """Patients of each of ``count`` folds; every class is spread over all of them as evenly as it goes.

    Parameters
    ----------
    labels
        The class of each patient, by number.

    Raises
    ------
    InputError
        There are fewer than two folds, or fewer patients than folds.
    """
    fold_of = dealt(_strata(labels, seed), count)
    return [frozenset(p for p, fold in fold_of.items() if fold == n) for n in range(count)]


def set_apart(labels: Mapping[int, int], share: float, seed: int) -> frozenset[int]:
    """A share of the patients of each class, at least one of two or more."""
    apart: list[int] = []
    for stratum in _strata(labels, seed):
        apart += stratum[: min(max(round(share * len(stratum)), 1), len(stratum) - 1)]
    return frozenset(apart)


def runs_of(samples: RegionSamples, recipe: ClassifierRecipe, count: int, only: int | None = None) -> list[Run]:
    """The folds of one recipe, or one of them (from 1).

    Raises
    ------
    InputError
        There is no such fold, or there are too few patients for so many.
    """
    if only is not None and not 1 <= only <= count:
        raise InputError(f"There is no fold {only}", f"there are folds 1 to {count}", "Choose one with --fold")
    labels = samples.patient_labels()
    runs = []
    for n, judged in enumerate(stratified(labels, count, recipe.seed)):
        if only in (None, n + 1):
            others = {p: label for p, label in labels.items() if p not in judged}
            choosing = set_apart(others, CHOOSING_SHARE, recipe.seed)
            training, validation, test = (samples.subset(p) for p in (set(others) - choosing, choosing, judged))
            runs.append(Run(f"fold {n + 1} of {count}", recipe, training, validation, test))
    return runs


def run_folds(
    build: Build,
    samples: RegionSamples,
    recipe: ClassifierRecipe,
    count: int,
    place: Place,
    title: str,
    only: int | None = None,
    progress: Progress = SILENT,
) -> Path:
    """Train and judge every fold; a fold that is done is not trained again when resumed.

    Returns
    -------
    Path
        ``table.md``, with a row for each fold and their mean with its standard deviation; ``table.csv`` is beside it.
    """
    done: list[tuple[Run, dict[str, Any]]] = []
    runs = runs_of(samples, recipe, count, only)
    for number, run in enumerate(runs):
        part = PartProgress(progress, "Training the folds", number, len(runs))
        done.append((run, run_one(build, run, place, part)))
        table = write_table(place.out, title, done, with_mean=True, layout=REGIONS)
    return table


def search(
    build: Build,
    samples: RegionSamples,
    recipes: Mapping[str, ClassifierRecipe],
    count: int,
    place: Place,
    title: str,
    progress: Progress = SILENT,
) -> Path:
    """Train every recipe over the same folds, to see which does best.

    Parameters
    ----------
    recipes
        By the name of their rows, in the order of the table.

    Returns
    -------
    Path
        ``table.md``: a row for each recipe with mean and standard deviation over the folds and its time; beside it
        ``table.csv`` and the curve ``search.png``.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for number, (name, recipe) in enumerate(recipes.items()):
        found[name] = []
        for n, run in enumerate(runs_of(samples, recipe, count)):
            part = PartProgress(progress, "Searching", number * count + n, len(recipes) * count)
            found[name].append(run_one(build, dataclasses.replace(run, name=f"{name}, {run.name}"), place, part))
        table = write_search(place.out, title, found)
    draw_search(place.out / "search.png", found, title)
    return table


def run_one(build: Build, run: Run, place: Place, progress: Progress = SILENT) -> dict[str, Any]:
    """Train and judge one row, or take what is kept of it; the start depends on the recipe's seed alone."""
    stem = row_file_name(run.name)
    path = place.out / ROWS_FOLDER / f"{stem}.json"
    network = started(build, run.recipe.seed)
    shapes = [(name, tuple(value.shape)) for name, value in network.state_dict().items()]
    sides = [side.identity() for side in (run.training, run.validation, run.test)]
    digest = run.recipe.digest(repr((sides, shapes)))
    kept = kept_row(path, digest) if place.resume else None
    if kept is not None:
        return kept
    curves = place.work / f"{stem}-curves.csv"
    sitting = Sitting(place.work / f"{stem}.safetensors", place.resume, place.hardware, curves=curves)
    network, history = fit_classifier(network, run.training, run.validation, run.recipe, sitting, progress)
    draw_curves(curves.with_suffix(".png"), history, run.name, "validation patients")
    last = history.losses[-20:]
    result = {
        "row": run.name,
        "recipe": digest,
        "parameters": sum(p.numel() for p in network.parameters() if p.requires_grad),
        "regions": history.crops_seen,
        "steps": len(history.losses),
        "cpu_s": round(history.cpu_s, 1),
        "wall_s": round(history.wall_s, 1),
        "last_loss": round(sum(last) / len(last), 4),
        "patient": judged(predict(network, run.test, run.recipe.batch, run.recipe, progress)[0], run.test),
    }
    write_json(path, result)
    return result


def judged(vectors: NDArray[np.float64], samples: RegionSamples) -> dict[str, Any]:
    """Figures by patient as a row of a table holds them: area with its interval, macro F1, accuracy, counts."""
    means, labels = patient_vectors(vectors, samples)
    classes = means.shape[1]
    rng = np.random.default_rng(SEED)
    names = samples.names or tuple(f"class {n}" for n in range(classes))
    low, high = cluster_bootstrap(
        range(len(labels)), lambda chosen: area_of(means[chosen], labels[chosen]), rng, BOOTSTRAP_DRAWS
    )
    calls = means.argmax(axis=1)
    return {
        "auc": round(area_of(means, labels), 4),
        "auc_interval": [round(float(low), 4), round(float(high), 4)],
        "accuracy": round(float(np.mean(calls == labels)), 4),
        "f1": round(float(macro_f1(confusion(labels, calls, classes))), 4),
        "patients": len(labels),
        "classes": {name: int(np.sum(labels == n)) for n, name in enumerate(names)},
    }


def _strata(labels: Mapping[int, int], seed: int) -> Sequence[list[int]]:
    """The patients of each class in an order of the seed."""
    strata = []
    for label in sorted(set(labels.values())):
        patients = sorted(p for p, found in labels.items() if found == label)
        order = np.random.default_rng([seed, _STREAM, label]).permutation(len(patients))
        strata.append([patients[int(n)] for n in order])
    return strata
