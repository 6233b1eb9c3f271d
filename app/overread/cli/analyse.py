"""``overread analyse PATH``: compare readers, conditions and systems by the field's figures and tests."""

from __future__ import annotations

import argparse
from pathlib import Path

from overread.cli.output import TerminalProgress, print_json, say
from overread.core.errors import InputError
from overread.io.reader_files import read_reader_data
from overread.study.analysis import Plan, Question, analyse, short_text, write_outputs
from overread.study.analysis.case_columns import read_background
from overread.study.analysis.outputs import ANALYSIS_FILE
from overread.study.analysis.question import (
    CLOSINGS,
    CONVENTIONS,
    COVARIANCES,
    DRAWS,
    EFFECT,
    FPF,
    GENERALISATIONS,
    METHODS,
    USUAL,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="JAFROC workbook, .imrmc file, Iowa table, or folder with ratings.csv"
    )
    parser.add_argument(
        "--figure",
        action="append",
        default=[],
        metavar="NAME",
        help="figure of merit, such as roc-auc, lroc-pcl@0.2, wafroc-auc, partial-auc@0.8-1, sens@0.8; may be repeated",
    )
    parser.add_argument("--method", choices=METHODS, help="default: or; ustat where readings of areas are missing")
    parser.add_argument("--covariance", choices=COVARIANCES, default="jackknife", help="over cases")
    parser.add_argument(
        "--generalise",
        action="append",
        default=[],
        choices=GENERALISATIONS,
        help="rrrc is always there; rrfc, which is not for claims about patients, only when asked for",
    )
    parser.add_argument("--standalone", default="", metavar="READER", help="this reader is a system that works alone")
    parser.add_argument("--conditions", default="", metavar="A,B", help="only these conditions, in this order")
    parser.add_argument("--subset", action="append", default=[], metavar="NAME", help="only the cases of this subset")
    parser.add_argument("--cut", type=float, metavar="C", help="a rating of at least C calls the case diseased")
    parser.add_argument("--fpf", type=float, default=FPF, metavar="X", help="where the LROC curve is read off")
    parser.add_argument(
        "--convention", choices=CONVENTIONS, default="own", help="whose rules hold where reference programs part"
    )
    parser.add_argument("--closing", choices=CLOSINGS, help="how LROC curves end; default: as the convention has it")
    parser.add_argument("--level", type=float, default=0.95, metavar="L", help="of intervals")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of whatever is resampled")
    parser.add_argument("--draws", "--bootstrap", type=int, default=DRAWS, metavar="N", help="resamples")
    parser.add_argument(
        "--plan",
        type=int,
        nargs="+",
        metavar=("READERS", "CASES"),
        help="power of a study of so many readers with each number of cases, this one being the pilot",
    )
    parser.add_argument(
        "--effect", type=float, default=EFFECT, metavar="D", help="difference that the planned study shall find"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"folder for {ANALYSIS_FILE}, tables and figures")
    parser.add_argument("--json", action="store_true", help="the document on stdout")


def run(arguments: argparse.Namespace) -> int:
    question = asked(arguments)
    data = read_reader_data(arguments.path)
    progress = TerminalProgress()
    is_whole = arguments.json or arguments.out is not None
    document = analyse(data, question, read_background(arguments.path), progress, is_whole)
    progress.close()
    if arguments.out is not None:
        from overread.cli.read import output_folder

        write_outputs(output_folder(arguments.out), document, data, question)
    if arguments.json:
        print_json(document)
    else:
        say(short_text(document))
        say()
        where = arguments.out / ANALYSIS_FILE if arguments.out is not None else "name a folder with --out"
        say(f"All figures, tables and curves: {where}.")
    return 0


def asked(arguments: argparse.Namespace) -> Question:
    """The question that the command line puts.

    Raises
    ------
    InputError
        It cannot be answered, whatever the data.
    """
    plan = None
    if arguments.plan is not None:
        if len(arguments.plan) < 2:
            raise InputError(
                "No study can be planned so", "--plan has no number of cases", "Write --plan READERS CASES"
            )
        plan = Plan(arguments.plan[0], tuple(arguments.plan[1:]), arguments.effect)
    return Question(
        tuple(arguments.figure),
        arguments.method,
        arguments.covariance,
        tuple(arguments.generalise) or USUAL,
        arguments.standalone,
        arguments.convention,
        arguments.closing,
        tuple(name.strip() for name in arguments.conditions.split(",") if name.strip()),
        tuple(arguments.subset),
        arguments.cut,
        arguments.fpf,
        arguments.level,
        arguments.seed,
        arguments.draws,
        plan,
    )
