"""``overread phantom OUT``: phantom cases with truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from overread.cli.output import TerminalProgress, say
from overread.cli.read import output_folder
from overread.core.errors import InputError
from overread.evaluation.cohort import make_cohort, orders
from overread.phantom import KINDS, SITES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the cases and cases.csv")
    parser.add_argument("--kind", required=True, help=f"what kind of study: {', '.join(KINDS)}")
    parser.add_argument("--cases", type=int, required=True, metavar="N", help="how many")
    parser.add_argument(
        "--seed",
        type=int,
        required=True,
        metavar="S",
        help="seed of the first case; validation from 800000, test from 900000",
    )
    parser.add_argument("--site", default="internal", help=f"whose scanners; hbp: {', '.join(SITES['hbp'])}")
    parser.add_argument("--normals", type=float, default=0.0, metavar="P", help="share of cases without HCC, 0 to 1")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes")


def run(arguments: argparse.Namespace) -> int:
    wanted = orders(arguments.kind, arguments.cases, arguments.seed, arguments.site, arguments.normals)
    if arguments.jobs < 1:
        raise InputError("The phantoms cannot be made", "--jobs must be at least 1", "Leave it out or give 1 or more")
    progress = TerminalProgress()
    path = make_cohort(output_folder(arguments.out), wanted, arguments.jobs, progress)
    progress.close()
    say(f"{len(wanted)} phantom cases are in {arguments.out}; {path.name} lists them.")
    return 0
