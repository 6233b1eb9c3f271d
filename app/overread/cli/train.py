"""``overread train RECIPE``: from a recipe to a bundle."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from overread.cli.output import TerminalProgress, say
from overread.cli.read import output_folder
from overread.core.errors import InputError
from overread.io.places import user_places
from overread.systems import load_bundle
from overread.training.recipe import load_recipe
from overread.training.train import as_control, train


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="name of a shipped recipe, or a TOML file")
    parser.add_argument("--phantom", required=True, metavar="KIND", help="train on phantoms of this kind")
    parser.add_argument("--out", type=Path, required=True, metavar="BUNDLE", help="folder of the bundle")
    parser.add_argument("--work", type=Path, metavar="DIR", help="folder for drawn phantoms and the checkpoint")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes that draw")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument(
        "--shuffled-labels",
        action="store_true",
        help="train the control instead: the same with labels given to other slices; it is added to "
        "the bundle in BUNDLE",
    )


def run(arguments: argparse.Namespace) -> int:
    recipe = load_recipe(arguments.recipe)
    if arguments.phantom != recipe.kind:
        raise InputError(
            "This training cannot begin",
            f"the recipe is for phantoms of kind {recipe.kind}, not {arguments.phantom}",
            f"Give --phantom {recipe.kind}",
        )
    if arguments.jobs < 1:
        raise InputError("This training cannot begin", "--jobs must be at least 1", "Leave it out or give 1 or more")
    if arguments.shuffled_labels:
        recipe = as_control(recipe)
    work = output_folder(arguments.work or user_places().cache / "training" / arguments.out.resolve().name)
    progress = TerminalProgress()
    folder = train(recipe, arguments.out, work, arguments.jobs, arguments.resume, progress)
    progress.close()
    if arguments.shuffled_labels:
        say(f"The control is beside the bundle in {folder}.")
        return 0
    bundle = load_bundle(folder)
    found = bundle.manifest["evaluation"]["validation"]
    auc, low, high = found["slice_auc"]
    say(
        f"The bundle is in {folder}. Slice AUC on {found['patients']} validation phantoms: {auc:.3f} "
        f"({low:.3f} to {high:.3f}). {bundle.caution}"
    )
    return 0
