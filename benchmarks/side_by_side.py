"""Several evaluations in one table: what docs/figures.md holds of the systems of classes, beside the papers' figures.

    python benchmarks/side_by_side.py RESULTS [RESULTS ...]

Each RESULTS is a folder that ``overread evaluate --out`` made, all of one system; a column for each, a row for each
figure that any of them has at the level of patients over all cases, and the areas and accuracies by size. Intervals
are 95 %, of the bootstrap over patients where there is one, else exact. The paper's own figures stand below.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PARTS = (
    "accuracy",
    "macro-f1",
    "sensitivity",
    "specificity",
    "roc-auc",
    "lroc",
    "no-region",
    "retention",
    "share",
    "ece",
)
"""How the names of figures begin that the table holds."""
Rows = Mapping[tuple[str, str], Mapping[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+")
    documents = [json.loads((p / "evaluation.json").read_text(encoding="utf-8")) for p in parser.parse_args().results]
    columns = [_rows_of(document) for document in documents]
    names = [f"{d['bundle']['variant']}, {next(iter(d['n']['by_site']))}, {d['n']['cases']}" for d in documents]
    print(f"| {' | '.join(('reader', 'figure', *names))} |")
    print(f"|{'---|' * (len(names) + 2)}")
    for key in dict.fromkeys(key for column in columns for key in column):
        cells = [_cell(column.get(key)) for column in columns]
        if len(cells) > 1 and len(set(cells)) == 1:
            cells[1:] = ["same"] * (len(cells) - 1)
        print(f"| {' | '.join((*key, *cells))} |")
    for line in _published(documents[0]):
        print(line)


def _rows_of(document: Mapping[str, Any]) -> Rows:
    """The figures over all cases, by reader and name; an interval by resampling stands above an exact one."""
    own = f"{document['bundle']['system']} {document['bundle']['variant']}"
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in document["metrics"]:
        is_main = (
            row["reader"] == own
            and row["metric"].startswith(("roc-auc", "accuracy"))
            and row["n"].get("patients", 0) > 9
        )
        is_wanted = row["subset"] == "all" or (is_main and row["subset"].startswith("largest lesion"))
        if row["level"] != "patient" or not is_wanted or not row["metric"].startswith(PARTS):
            continue
        reader = row["reader"].replace(own, "the system")
        reader += "" if row["subset"] == "all" else f", {row['subset']}"
        key = (reader, row["metric"] + (f" ({row['point']})" if row["point"] else ""))
        if key not in found or row["method"].startswith("bootstrap"):
            found[key] = row
    return found


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return "-"
    low, high = row["ci"]
    return f"{row['value']:.3f}" + ("" if low is None or high is None else f" ({low:.3f}-{high:.3f})")


def _published(document: Mapping[str, Any]) -> list[str]:
    """What the paper prints, a line for each of its readers on each of its sets."""
    lines: dict[tuple[str, str, str], list[str]] = {}
    for row in document["published"]:
        if row["level"] == "patient" and row.get("subset") == "all":
            said = f"{row['metric']}{' (' + row['point'] + ')' if row.get('point') else ''} {row['value']:g}"
            lines.setdefault((row["paper"], row["reader"], row["on"]), []).append(said)
    return [f"\n{', '.join(key)}: {', '.join(said)}." for key, said in lines.items()]


if __name__ == "__main__":
    main()
