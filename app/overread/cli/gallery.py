"""``overread gallery OUT``: contact sheets of phantoms."""

from __future__ import annotations

import argparse
from pathlib import Path

from overread.cli.output import TerminalProgress, say
from overread.cli.read import output_folder
from overread.core.errors import InputError
from overread.evaluation.cohort import orders
from overread.evaluation.contact_sheet import KEY_CSV, make_sheets
from overread.evaluation.phantom_folder import CaseOrder
from overread.phantom import KINDS, SITES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sites = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in SITES.items())
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the pictures")
    parser.add_argument("--kind", required=True, help=f"what kind of study: {', '.join(KINDS)}")
    parser.add_argument("--cases", type=int, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=int, required=True, metavar="S", help="seed of the first case")
    parser.add_argument("--site", default="internal", help=f"whose scanners ({sites})")
    parser.add_argument(
        "--normals", type=float, default=0.0, metavar="P", help="probability that an hbp case has no HCC, 0 to 1"
    )
    parser.add_argument(
        "--blind", action="store_true", help=f"no outlines, names or facts; the order shuffled, {KEY_CSV} beside"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes")


def run(arguments: argparse.Namespace) -> int:
    first = CaseOrder(arguments.kind, arguments.seed, arguments.site, arguments.normals)
    wanted = orders(first, arguments.cases)
    if arguments.jobs < 1:
        raise InputError("The sheets cannot be drawn", "--jobs must be at least 1", "Leave it out or give 1 or more")
    progress = TerminalProgress()
    folder = output_folder(arguments.out)
    paths = make_sheets(folder, wanted, is_blind=arguments.blind, jobs=arguments.jobs, progress=progress)
    progress.close()
    count = f"{len(paths)} contact sheet{'s' if len(paths) != 1 else ''}"
    is_one = len(paths) == 1
    where = paths[0] if is_one else arguments.out
    say(
        f"{count} {'is' if is_one else 'are'} in {where}"
        + (f"; {KEY_CSV} says which is which." if arguments.blind else ".")
    )
    return 0
