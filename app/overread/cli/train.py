"""``overread train RECIPE``: from a recipe to a bundle, or to the table of a grid or of folds, for every system."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from overread.cli.output import TerminalProgress, say, tell
from overread.cli.read import output_folder
from overread.core.errors import InputError
from overread.core.progress import Progress
from overread.io.places import user_places
from overread.systems import load_bundle
from overread.training.data import Data, drawn_data, own_data
from overread.training.grid import Grid, Sides, as_controls, folds_of, grid_of, run_grid
from overread.training.hardware import DEVICES, choose_hardware
from overread.training.recipe import Recipe, load_document, recipe_of
from overread.training.train import Wish, as_control, train, with_steps
from overread.training.trainers import TRAINERS, adapted, trainer_of

_NOT_BEGUN = "This training cannot begin"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="name of a shipped recipe, or a TOML file")
    parser.add_argument("--phantom", metavar="KIND", help="train on phantoms of this kind, drawn for it")
    parser.add_argument("--cases", type=Path, metavar="CSV", help="train on the cases of this list, with their truth")
    parser.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle or the table")
    parser.add_argument("--work", type=Path, metavar="DIR", help="folder for prepared patients and the checkpoint")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes that prepare")
    parser.add_argument("--threads", type=int, metavar="N", help="threads that train; torch chooses by itself")
    parser.add_argument("--device", default="cpu", metavar="D", help=f"what trains: {' or '.join(DEVICES)}")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--from", dest="start", type=Path, metavar="BUNDLE0", help="begin with this bundle's weights")
    parser.add_argument(
        "--trained-on", metavar="WORDS", help="what the cases are, for the bundle; by default the list's name"
    )
    parser.add_argument("--steps", type=int, metavar="N", help="so many steps instead of the recipe's")
    parser.add_argument("--folds", type=int, metavar="K", help="a table over K folds of patients instead of a bundle")
    parser.add_argument("--fold", type=int, metavar="I", help="of the folds only this one, from 1")
    parser.add_argument(
        "--shuffled-labels",
        action="store_true",
        help="train the control instead: the same with labels given to other slices; it is added to "
        "the bundle in BUNDLE",
    )


def run(arguments: argparse.Namespace) -> int:
    document = load_document(arguments.recipe)
    if document.get("system") in TRAINERS:
        return _run_of_regions(arguments, document)
    grid = grid_of(document, arguments.recipe) if "grid" in document else None
    recipe = grid.recipe if grid is not None else recipe_of(document, arguments.recipe)
    if arguments.steps is not None:
        recipe = with_steps(recipe, arguments.steps)
    _check(arguments, recipe.kind, grid)
    hardware = choose_hardware(arguments.device, arguments.threads)
    out = arguments.out
    work = _work(arguments)
    progress = TerminalProgress()
    data, told = _data(arguments, recipe, work, progress)
    told += f"Trained {hardware.words(recipe.loop.precision)}."
    if grid is None and arguments.folds is not None:
        controlled = as_control(recipe) if arguments.shuffled_labels else recipe
        grid = folds_of(controlled, data, arguments.folds, arguments.fold)
    elif grid is not None and arguments.shuffled_labels:
        grid = as_controls(grid)
    if grid is not None:
        sides = Sides(data.training, data.validation, data.identity)
        below = output_folder(work / Path(arguments.recipe).stem)
        table = run_grid(grid, sides, output_folder(out), below, arguments.resume, hardware, progress)
        progress.close()
        tell(told)
        say(table.read_text(encoding="utf-8"))
        return 0
    start = None if arguments.start is None else load_bundle(arguments.start)
    chosen = as_control(recipe) if arguments.shuffled_labels else recipe
    folder = train(chosen, data, out, Wish(work, arguments.resume, hardware, start), progress)
    progress.close()
    tell(told)
    _tell_of(folder, data, is_control=arguments.shuffled_labels)
    return 0


def _run_of_regions(arguments: argparse.Namespace, document: dict[str, Any]) -> int:
    """Train a system that reads regions: what its bundle is made of is known where it is trained."""
    if arguments.cases is not None or arguments.start is not None:
        raise InputError(
            _NOT_BEGUN,
            f"{document['system']} is trained on phantoms, from chance or from the weights its recipe names",
            f"Give --phantom {document.get('kind')} alone",
        )
    _check(arguments, str(document.get("kind")), None)
    document = adapted(document, arguments.steps, arguments.shuffled_labels)
    train_system = trainer_of(document["system"])
    hardware = choose_hardware(arguments.device, arguments.threads)
    wish = Wish(_work(arguments), arguments.resume, hardware, None, arguments.jobs, arguments.folds, arguments.fold)
    progress = TerminalProgress()
    words = train_system(document, wish, output_folder(arguments.out), progress)
    progress.close()
    say(words or f"The bundle is in {arguments.out}.")
    return 0


def _work(arguments: argparse.Namespace) -> Path:
    return output_folder(arguments.work or user_places().cache / "training" / arguments.out.resolve().name)


def _check(arguments: argparse.Namespace, kind: str, grid: Grid | None) -> None:
    """Refuse what goes not together before anything is drawn."""
    problem = None
    if (arguments.phantom is None) == (arguments.cases is None):
        problem = "it needs either phantoms or cases", f"Give --phantom {kind} or --cases CSV"
    elif arguments.phantom is not None and arguments.phantom != kind:
        why = f"the recipe is for phantoms of kind {kind}, not {arguments.phantom}"
        problem = why, f"Give --phantom {kind}"
    elif arguments.jobs < 1:
        problem = "--jobs must be at least 1", "Leave it out or give 1 or more"
    elif grid is not None and (arguments.folds or arguments.start or arguments.steps is not None):
        problem = "a grid has rows of its own", "Leave --folds, --from and --steps out"
    elif arguments.fold is not None and arguments.folds is None:
        problem = "--fold says which of how many", "Add --folds K"
    elif arguments.folds is not None and arguments.start is not None:
        problem = "folds begin from chance", "Leave --folds or --from out"
    elif arguments.trained_on is not None and arguments.cases is None:
        problem = "phantoms are called phantoms", "Leave --trained-on out"
    if problem is not None:
        raise InputError(_NOT_BEGUN, *problem)


def _data(arguments: argparse.Namespace, recipe: Recipe, work: Path, progress: Progress) -> tuple[Data, str]:
    """The patients, and what became of the cases of a list, in words that end in a line break."""
    if arguments.cases is None:
        return drawn_data(recipe, work, arguments.jobs, progress), ""
    data, cases = own_data(recipe, arguments.cases, arguments.trained_on, work, arguments.jobs, progress)
    return data, f"{cases.sentence()}\n"


def _tell_of(folder: Path, data: Data, *, is_control: bool) -> None:
    if is_control:
        say(f"The control is beside the bundle in {folder}.")
        return
    bundle = load_bundle(folder)
    found = bundle.manifest["evaluation"]["validation"]
    auc, low, high = found["slice_auc"]
    say(
        f"The bundle is in {folder}. Slice AUC on {found['patients']} validation {data.noun}: {auc:.3f} "
        f"({low:.3f} to {high:.3f}). {bundle.caution}"
    )
