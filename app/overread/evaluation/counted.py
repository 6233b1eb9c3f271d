"""How often a bundle was looked at on a named set, and what it was seen to do there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from overread.core.errors import InputError, StorageError
from overread.core.reading import canonical_json
from overread.evaluation.rows import Row, find_row
from overread.systems.bundle import Bundle

COUNTED = "evaluations.jsonl"
_KEPT = (
    "accuracy",
    "macro-f1",
    "sensitivity",
    "specificity",
    "sensitivity-malignant",
    "specificity-malignant",
    "sensitivity-hcc-at-80-specificity",
    "accuracy-at-70-retained-minus-all",
    "macro-f1-at-70-retained-minus-all",
)
_KEPT_AREAS = ("roc-auc", "lroc-auc")
_AREA_KEYS = {"roc_auc": "auc"}
"""What a system of classes keeps in its manifest, beside all its areas."""


def count_evaluation(bundle: Bundle, document: Mapping[str, Any]) -> None:
    """Add a line to the bundle's ``evaluations.jsonl``: which set was looked at, and what was seen.

    Raises
    ------
    StorageError
        The bundle's folder cannot be written.
    """
    key, level, metric = (
        ("accuracy", "patient", "accuracy") if "tables" in document else ("slice_auc", "slice", "roc-auc")
    )
    row = find_row(document["metrics"], reader=_reader(document), level=level, subset="all", metric=metric)
    line = canonical_json(
        {
            "cases": document["cases_digest"],
            "maps": document["maps_digest"],
            "n": document["n"]["cases"],
            "bundle": bundle.digest,
            key: None if row is None else [row["value"], *row["ci"]],
        }
    )
    try:
        with (bundle.folder / COUNTED).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as problem:
        raise StorageError(
            "This evaluation cannot be counted",
            (problem.strerror or "the folder is closed").lower(),
            f"Make {bundle.folder} writable",
        ) from problem


def times_evaluated(bundle: Bundle, cases_digest: str) -> int:
    """How often this bundle's folder has been evaluated on these cases before."""
    path = bundle.folder / COUNTED
    if not path.exists():
        return 0
    return sum(f'"cases":"{cases_digest}"' in line for line in path.read_text(encoding="utf-8").splitlines())


def manifest_table(document: Mapping[str, Any], test_set: str) -> dict[str, Any]:
    """The ``[evaluation.NAME]`` table of a manifest: what scores and operating points have meant on a named set.

    Raises
    ------
    InputError
        The set has only positive or only negative slices: nothing could be said of an operating point.
    """
    if "tables" in document:
        return _class_table(document, test_set)
    metrics: Sequence[Row] = document["metrics"]
    n = document["n"]
    area = find_row(metrics, level="slice", subset="all", metric="roc-auc")
    if area is None:
        raise InputError(
            "This evaluation cannot be recorded", "the set lacks positive or negative slices", "Take a larger set"
        )
    return {
        "test_set": test_set,
        "cases_digest": document["cases_digest"],
        "cases_are": document["cases_are"],
        "evaluated_before": document["evaluated_before"],
        "n": n["cases"],
        "cases": n["cases"],
        "slices": n["slices"],
        "lesions": n["lesions"],
        "slice_auc": _triple(area),
        "operating": {point: _point(metrics, point) for point in document["operating"]},
    }


def _class_table(document: Mapping[str, Any], test_set: str) -> dict[str, Any]:
    """Of a system of classes: accuracy, macro F1 and areas of the patients, and where it stands, confidence."""
    n, name = document["n"], _reader(document)
    own = [r for r in document["metrics"] if r["reader"] == name and r["level"] == "patient" and r["subset"] == "all"]
    wanted = [r for r in own if r["metric"] in _KEPT or r["metric"].startswith(_KEPT_AREAS)]
    figures: dict[str, list[float]] = {}
    for row in wanted:
        key = row["metric"].replace("-", "_") + ("" if row["point"] in (None, "default") else "_" + _word(row["point"]))
        chosen = find_row(own, metric=row["metric"], point=row["point"])
        if chosen is not None and chosen["value"] is not None:
            figures[_AREA_KEYS.get(key, key)] = _triple(chosen)
    table = {
        "test_set": test_set,
        "cases_digest": document["cases_digest"],
        "cases_are": document["cases_are"],
        "evaluated_before": document["evaluated_before"],
        "n": n["cases"],
        "cases": n["cases"],
        "lesions": n["lesions"],
        "no_region": n["no_region"],
        **figures,
    }
    helps = document["confidence_helps"]
    return table if helps is None else {**table, "confidence_helps": helps}


def _reader(document: Mapping[str, Any]) -> str:
    return f"{document['bundle']['system']} {document['bundle']['variant']}"


def _word(point: str) -> str:
    return point.replace(" ", "_").replace("-", "_")


def _point(metrics: Sequence[Row], point: str) -> dict[str, Any]:
    """What is known of an operating point; TOML knows no null, so what is unknown is left out."""

    def row(level: str, metric: str) -> Row | None:
        return find_row(metrics, level=level, subset="all", point=point, metric=metric)

    found = {metric: row("slice", metric) for metric in ("sensitivity", "specificity", "accuracy")}
    table: dict[str, Any] = {"slice": {metric: _triple(r) for metric, r in found.items() if r is not None}}
    lesions = row("lesion", "sensitivity")
    if lesions is not None:
        table["lesion_sensitivity"] = _triple(lesions)
    for key, metric in (("marks_per_case", "candidates-per-case"), ("false_marks_per_case", "false-marks-per-case")):
        marks = row("lesion", metric)
        if marks is not None:
            table[key] = marks["value"]
    return table


def _triple(row: Row) -> list[float]:
    """Value and limits; limits that cannot be told are as wide as can be."""
    low, high = row["ci"]
    return [float(row["value"]), 0.0 if low is None else float(low), 1.0 if high is None else float(high)]
