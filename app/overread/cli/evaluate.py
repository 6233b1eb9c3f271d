"""``overread evaluate BUNDLE --cases CSV``: measure a bundle on cases with truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from overread.cli.output import TerminalProgress, print_json, say, tell
from overread.cli.read import output_folder
from overread.core.errors import StorageError
from overread.evaluation.counted import count_evaluation, manifest_table
from overread.evaluation.embedding import check_embedding, write_embedding
from overread.evaluation.evaluate import evaluate
from overread.evaluation.outputs import EVALUATION_FILE, FIGURES, SUMMARY_FILE, short_text, write_outputs
from overread.evaluation.run import Wish
from overread.io import read_cases
from overread.systems import load_bundle
from overread.systems.bundle import check_name, record_evaluation


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of the bundle")
    parser.add_argument("--cases", type=Path, required=True, metavar="CSV", help="cases.csv of the test set")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="READINGS",
        help="readings of a person or another system on the same cases: a folder or a file",
    )
    parser.add_argument(
        "--twins",
        type=int,
        default=0,
        metavar="N",
        help="draw up to N positive slices of phantoms again without their lesions (hbp-detection)",
    )
    parser.add_argument(
        "--embedding",
        action="store_true",
        help="read the cases once more for a picture of the last hidden layer (noncontrast-triage; needs scikit-learn)",
    )
    parser.add_argument(
        "--record", metavar="NAME", help="write what the figures are into the bundle's manifest, under this name"
    )
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or mps")
    parser.add_argument("--engine", default="auto", metavar="E", help="auto, or one that overread selftest lists")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cases read at once, one thread each")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the bootstrap")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help=f"folder for {EVALUATION_FILE}, tables, figures and the readings"
    )
    parser.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="go on with what an earlier run left in --out",
    )
    parser.add_argument("--json", action="store_true", help="the document on stdout")


def run(arguments: argparse.Namespace) -> int:
    bundle = load_bundle(arguments.bundle)
    out = None if arguments.out is None else output_folder(arguments.out)
    wish = Wish(
        arguments.device,
        arguments.engine,
        arguments.seed,
        arguments.jobs,
        arguments.twins,
        arguments.against,
        out,
        arguments.resume,
    )
    if arguments.record is not None:
        check_name(bundle, arguments.record)
    if arguments.embedding:
        check_embedding(bundle, out)
    progress = TerminalProgress()
    result = evaluate(bundle, arguments.cases, wish, progress)
    progress.close()
    if out is not None:
        write_outputs(out, result)
    if arguments.record is not None:
        record_evaluation(bundle, arguments.record, manifest_table(result.document, arguments.record))
    if arguments.json:
        print_json(result.document)
    else:
        say(short_text(result.document))
        say(f"All figures: {out / SUMMARY_FILE}." if out is not None else "All figures: name a folder with --out.")
    try:
        count_evaluation(bundle, result.document)
    except StorageError as problem:
        tell(str(problem))
    if out is not None and arguments.embedding:  # last: what is measured and counted stays, whatever becomes of it
        write_embedding(out / FIGURES, read_cases(arguments.cases), bundle, arguments.seed, progress)
        progress.close()
    return 0
