"""``overread evaluate BUNDLE --cases CSV``: measure a bundle on cases with truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from overread.cli.output import TerminalProgress, print_json, say, table, tell
from overread.cli.read import output_folder
from overread.core.errors import StorageError
from overread.evaluation.evaluate import count_evaluation, evaluate
from overread.io import write_json
from overread.systems import load_bundle

EVALUATION_FILE = "evaluation.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of the bundle")
    parser.add_argument("--cases", type=Path, required=True, metavar="CSV", help="cases.csv of the test set")
    parser.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or mps")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the bootstrap")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"folder for {EVALUATION_FILE}")
    parser.add_argument("--json", action="store_true", help="the document on stdout")


def run(arguments: argparse.Namespace) -> int:
    bundle = load_bundle(arguments.bundle)
    out = None if arguments.out is None else output_folder(arguments.out)
    progress = TerminalProgress()
    document = evaluate(bundle, arguments.cases, arguments.device, arguments.seed, progress)
    progress.close()
    if out is not None:
        write_json(out / EVALUATION_FILE, document)
    if arguments.json:
        print_json(document)
    else:
        _print(document)
    try:
        count_evaluation(bundle, document)
    except StorageError as problem:
        tell(str(problem))
    return 0


def _print(document: dict[str, Any]) -> None:
    n, bundle = document["n"], document["bundle"]
    say(
        f"{bundle['system']} {bundle['variant']} {bundle['version']} on {n['cases']} cases "
        f"({', '.join(f'{v} {k}' for k, v in n['by_label'].items())}), {n['slices']:,} slices; evaluated on this "
        f"set {_times(document['evaluated_before'])} before."
    )
    rows = [
        (
            m["level"],
            m["subset"],
            m["reader"],
            m["metric"],
            _figure(m["value"]),
            f"{_figure(m['ci'][0])} to {_figure(m['ci'][1])}",
            " ".join(f"{v} {k}" for k, v in m["n"].items()),
        )
        for m in document["metrics"]
    ]
    say(table(("level", "subset", "reader", "metric", "value", "95 % interval", "n"), rows))
    timing = document["timing"]["seconds_per_100_slices"]
    say(
        f"Intervals: {document['metrics'][0]['method']}. Seconds per 100 slices: median {timing['median']:.1f}, "
        f"longest {timing['max']:.1f} ({document['timing']['engine']}, {document['timing']['device']})."
    )
    for published in document["published"]:
        say(
            f"{published['paper']} printed, on {published['on']}: sensitivity {published['sensitivity']:.2f}, "
            f"specificity {published['specificity']:.2f}, AUC {published['auc']:.2f}."
        )
    say(document["caution"])


def _times(count: int) -> str:
    return "once" if count == 1 else "never" if count == 0 else f"{count} times"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
