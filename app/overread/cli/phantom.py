"""``overread phantom OUT``: phantom cases with truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from overread.cli.output import TerminalProgress, say
from overread.cli.read import output_folder
from overread.core.errors import InputError
from overread.evaluation.cohort import make_cohort, orders
from overread.evaluation.phantom_folder import SYNTAXES, CaseOrder
from overread.phantom import KINDS, SITES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sites = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in SITES.items())
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
    parser.add_argument("--site", default="internal", help=f"whose scanners ({sites})")
    parser.add_argument(
        "--normals", type=float, default=0.0, metavar="P", help="probability that an hbp case has no HCC, 0 to 1"
    )
    parser.add_argument("--diameter", metavar="LO-HI", help="only lesions of these diameters in mm, such as 6-12")
    parser.add_argument("--roles", metavar="ROLE,...", help="only these volumes, such as t2-fs,dwi")
    parser.add_argument("--enhanced", action="store_true", help="one multi-frame file a series")
    parser.add_argument("--syntax", default="native", help=f"how pixels are stored: {', '.join(SYNTAXES)}")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes")


def run(arguments: argparse.Namespace) -> int:
    first = CaseOrder(
        arguments.kind,
        arguments.seed,
        arguments.site,
        arguments.normals,
        _range(arguments.diameter),
        arguments.enhanced,
        arguments.syntax,
        tuple(role.strip() for role in arguments.roles.split(",")) if arguments.roles else (),
    )
    wanted = orders(first, arguments.cases)
    if arguments.jobs < 1:
        raise InputError("The phantoms cannot be made", "--jobs must be at least 1", "Leave it out or give 1 or more")
    progress = TerminalProgress()
    path = make_cohort(output_folder(arguments.out), wanted, arguments.jobs, progress)
    progress.close()
    made = "1 phantom case is" if len(wanted) == 1 else f"{len(wanted)} phantom cases are"
    say(f"{made} in {arguments.out}; {path.name} lists {'it' if len(wanted) == 1 else 'them'}.")
    return 0


def _range(text: str | None) -> tuple[float, float] | None:
    """A range of diameters such as 6-12."""
    if text is None:
        return None
    low, _, high = text.partition("-")
    try:
        result = float(low), float(high)
    except ValueError:
        result = (0.0, 0.0)
    if result == (0.0, 0.0):
        raise InputError(f"{text!r} is no range of diameters", "it is not two numbers of mm", "Write --diameter 6-12")
    return result
