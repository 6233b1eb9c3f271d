"""Tables of a system of classes: every row of a level, the set's own tables, and one line a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from overread.evaluation.classes.case import SYSTEM, ClassCase
from overread.evaluation.tables import csv_text, write_levels, write_set_tables, write_text
from overread.systems.registry import SYSTEMS

LEVELS = ("patient", "region", "slice", "lesion")
_CASE_HEAD = (
    "case", "patient", "site", "split", "label", "largest_lesion_mm", "type", "lesions", "result", "called", "is_right",
    "any_slice", "rating", "confidence", "regions", "regions_on_lesions", "seconds",
)  # fmt: skip


def write_class_tables(folder: Path, document: Mapping[str, Any], cases: Sequence[ClassCase]) -> None:
    """Write a table for every level that has rows, the set's own tables and ``cases.csv``.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    there = {row["level"] for row in document["metrics"]}
    write_levels(folder, document, [level for level in LEVELS if level in there])
    write_set_tables(folder, document)
    names = SYSTEMS[document["bundle"]["system"]].classes
    write_text(folder / "cases.csv", csv_text((*_CASE_HEAD, *names), [case_line(case, names) for case in cases]))


def case_line(case: ClassCase, names: Sequence[str]) -> list[object]:
    """What is true of a case and what was answered."""
    answer, largest = case.answers[SYSTEM], case.largest
    hits = sum(region.fate != "false" for region in answer.regions)
    return [
        case.case, case.patient, case.site, case.split, case.label, f"{case.diameter_mm:.1f}",
        "" if largest is None else largest.type or "", len(case.lesions), answer.result, answer.category or "",
        "yes" if answer.is_answered and answer.category == case.label else "no", answer.any_slice or "",
        _number(answer.rating), _number(answer.confidence), len(answer.regions), hits, f"{answer.seconds:.3f}",
        *(_number((answer.classes or {}).get(name)) for name in names),
    ]  # fmt: skip


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
