"""Two readers on the same cases: the evaluated system against readings of a person or of another system."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.hits import MARGIN_MM
from overread.core.reading import SCHEMA, Reading
from overread.evaluation.case_truth import map_truth
from overread.evaluation.lesions import is_found
from overread.evaluation.measured import SYSTEM, Measured
from overread.evaluation.measuring import fates_of, volume_of
from overread.evaluation.rows import number
from overread.io import CaseRow
from overread.io.readings import reading_from_json
from overread.stats.delong import paired_test
from overread.stats.mcnemar import mcnemar

MOST_BYTES = 64 << 20
NOT_INDEPENDENT = "slices of one patient hang together, so these p are too small"


@dataclass(frozen=True, slots=True, eq=False)
class OtherReader:
    """A reader and its readings by case."""

    name: str
    kind: str
    readings: Mapping[str, Reading]


def load_readings(path: Path) -> list[OtherReader]:
    """The readings in a file, or in a folder and those below it, by reader; the latest of a reader and case counts.

    Raises
    ------
    InputError
        There is no such path, it holds no reading, or one is damaged or was changed after it was sealed.
    """
    if not path.exists():
        raise InputError(f"The readings {path.name} cannot be used", "there is no such file or folder", "Check it")
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    found: dict[tuple[str, str], dict[str, Reading]] = {}
    for file in files:
        document = _document(file)
        if document is None:
            continue
        reading = reading_from_json(document, file.name)
        of_reader = found.setdefault((_name_of(reading), reading.reader.kind), {})
        case = str(reading.case["id"])
        if case not in of_reader or of_reader[case].created <= reading.created:
            of_reader[case] = reading
    if not found:
        raise InputError(
            f"The readings {path.name} cannot be used", f"no file there has the schema {SCHEMA}", "Name other readings"
        )
    return [OtherReader(name, kind, readings) for (name, kind), readings in sorted(found.items())]


def compare_readers(
    cases: Sequence[Measured], rows: Sequence[CaseRow], threshold: float, other: OtherReader
) -> dict[str, Any]:
    """Everything that is told of two readers.

    Parameters
    ----------
    cases, rows
        Of the same cases, in the same order.
    threshold
        From which the system calls a slice, a case or a mark: its default operating point.

    Raises
    ------
    InputError
        The other reader has read none of the cases.
    """
    pairs = [(c, r, other.readings[c.case]) for c, r in zip(cases, rows, strict=True) if c.case in other.readings]
    pairs = [(c, r, reading) for c, r, reading in pairs if reading.result not in ("refused", "classes")]
    if not pairs:
        raise InputError(
            f"{other.name} cannot be compared", "it has read none of these cases", "Give readings of the same cases"
        )
    shared = [c for c, _, _ in pairs]
    readings = [reading for _, _, reading in pairs]
    return {
        "reader": other.name,
        "kind": other.kind,
        "cases": len(pairs),
        "cases_not_read": len(cases) - len(pairs),
        "system_calls_from": threshold,
        "other_calls": _words_of_call(readings[0]),
        "patient_calls": _patient_calls(shared, readings, threshold),
        "slice_calls": _slice_calls(shared, readings, threshold),
        "case_ratings": _ratings(shared, readings),
        "lesions": _lesions(shared, [r for _, r, _ in pairs], readings, threshold),
    }


def is_called(reading: Reading) -> bool | None:
    """Whether a reader calls the case positive; None where the reading does not say.

    From the reading's own threshold on, where it has one; else whether it marks anything. A person's mark with a
    rating below the middle of the scale ("rather no lesion") is no call [A].
    """
    if reading.operating_point is not None and reading.rating is not None:
        return reading.rating >= reading.operating_point.threshold
    if reading.result not in ("marks", "none"):
        return None
    middle = None
    if reading.reader.kind == "person" and reading.scale is not None:
        middle = (float(reading.scale["low"]) + float(reading.scale["high"])) / 2
    return any(mark.score is None or middle is None or mark.score >= middle for mark in reading.marks)


def called_slices(reading: Reading, count: int) -> NDArray[np.bool_] | None:
    """Which slices a reader calls: by slice scores, else those its marks name; None where neither is there."""
    called = np.zeros(count, dtype=np.bool_)
    if reading.slices and reading.operating_point is not None:
        if {s.index for s in reading.slices} != set(range(count)):
            return None
        for s in reading.slices:
            called[s.index] = s.score >= reading.operating_point.threshold
        return called
    if reading.slices or not all(m.slices for m in reading.marks):
        return None
    indices = [k for m in _shown(reading) for k in m.slices]
    if any(not 0 <= k < count for k in indices):
        return None
    called[indices] = True
    return called


def _patient_calls(cases: Sequence[Measured], readings: Sequence[Reading], threshold: float) -> dict[str, Any] | None:
    calls = [is_called(reading) for reading in readings]
    known = np.array([call is not None for call in calls])
    if not known.any():
        return None
    truth = np.array([c.is_diseased for c in cases])[known]
    first = (np.array([c.rating() for c in cases])[known] >= threshold) == truth
    second = np.array([bool(call) for call in calls])[known] == truth
    return _three_tables(first, second, truth)


def _slice_calls(cases: Sequence[Measured], readings: Sequence[Reading], threshold: float) -> dict[str, Any] | None:
    first, second, truth = [], [], []
    for case, reading in zip(cases, readings, strict=True):
        called = called_slices(reading, case.slice_labels.size)
        if called is None:
            continue
        counts = case.slice_labels >= 0
        label = case.slice_labels[counts] == 1
        first.append((case.scores[SYSTEM][counts] >= threshold) == label)
        second.append(called[counts] == label)
        truth.append(label)
    if not truth:
        return None
    tables = _three_tables(np.concatenate(first), np.concatenate(second), np.concatenate(truth))
    return {"cases": len(truth), "remark": NOT_INDEPENDENT, **tables}


def _three_tables(
    first: NDArray[np.bool_], second: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> dict[str, dict[str, Any]]:
    """McNemar of what is positive, of what is negative, of all: differences of sensitivity, specificity, accuracy."""
    chosen = {"sensitivity": truth, "specificity": ~truth, "accuracy": np.ones_like(truth)}
    return {name: mcnemar_table(first[part], second[part]) for name, part in chosen.items() if part.any()}


def mcnemar_table(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> dict[str, Any]:
    """McNemar's test of which of two readers was right (n,) each."""
    test = mcnemar(int((first & ~second).sum()), int((second & ~first).sum()))
    return {
        "n": int(first.size),
        "both_right": int((first & second).sum()),
        "only_system_right": test.first_only,
        "only_other_right": test.second_only,
        "neither_right": int((~first & ~second).sum()),
        "exact_p": number(test.exact_p, 6),
        "mid_p": number(test.mid_p, 6),
        "method": "McNemar",
    }


def _ratings(cases: Sequence[Measured], readings: Sequence[Reading]) -> dict[str, Any] | None:
    """DeLong's test of the two areas of case ratings; None without both classes."""
    rated = [(c, float(r.rating)) for c, r in zip(cases, readings, strict=True) if r.rating is not None]
    truth = np.array([c.is_diseased for c, _ in rated], dtype=np.bool_)
    if truth.all() or not truth.any():
        return None
    ratings = np.array([[c.rating() for c, _ in rated], [rating for _, rating in rated]])
    test = paired_test(list(ratings[:, truth]), list(ratings[:, ~truth]))
    return {
        "n": {"diseased": int(truth.sum()), "healthy": int((~truth).sum())},
        "system_auc": number(test.first),
        "other_auc": number(test.second),
        "difference": number(test.difference),
        "ci": [number(limit) for limit in test.interval],
        "z": number(test.z),
        "p": number(test.p, 6),
        "method": "DeLong, paired",
    }


def _lesions(
    cases: Sequence[Measured], rows: Sequence[CaseRow], readings: Sequence[Reading], threshold: float
) -> dict[str, Any]:
    """Who found which lesion, and how large those are that only one of them found."""
    first = is_found(cases, threshold)
    second = np.concatenate([_found_by(r, row, c) for c, row, r in zip(cases, rows, readings, strict=True)])
    size = np.array([lesion.diameter_mm for c in cases for lesion in c.lesions], dtype=np.float64)
    return {
        "n": int(first.size),
        "margin_mm": MARGIN_MM,
        "found_by_both": _sizes(size[first & second]),
        "found_by_system_only": _sizes(size[first & ~second]),
        "found_by_other_only": _sizes(size[second & ~first]),
        "found_by_neither": _sizes(size[~first & ~second]),
    }


def _found_by(reading: Reading, row: CaseRow, case: Measured) -> NDArray[np.bool_]:
    """Which lesions of a case the marks of a reading hit, by the one rule of hits."""
    found = np.zeros(len(case.lesions), dtype=np.bool_)
    marks = _shown(reading)
    if not marks or not case.lesions:
        return found
    grid = volume_of(row).grid
    assert grid is not None
    for fate in fates_of(marks, map_truth(row, grid), MARGIN_MM):
        if fate.kind == "hit" and fate.lesion is not None:
            found[fate.lesion] = True
    return found


def _shown(reading: Reading) -> Sequence[Any]:
    """The marks that count: those at or above the reading's threshold, else all."""
    return reading.marks if reading.operating_point is None else reading.marks_at(reading.operating_point.threshold)


def _sizes(diameters: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "n": int(diameters.size),
        "mean_mm": number(float(diameters.mean()), 1) if diameters.size else None,
        "sd_mm": number(float(diameters.std(ddof=1)), 1) if diameters.size > 1 else None,
    }


def _words_of_call(reading: Reading) -> str:
    point = reading.operating_point
    if point is not None:
        return f"a score from {point.threshold:.3g} ({point.name})"
    is_rated = reading.reader.kind == "person" and reading.scale is not None
    return "any mark rated from the middle of the scale on, or not rated" if is_rated else "any mark"


def _name_of(reading: Reading) -> str:
    condition = reading.case.get("condition")
    parts = [reading.reader.id, reading.reader.variant, f"({condition})" if condition else None]
    name = " ".join(part for part in parts if part)
    digest = reading.reader.bundle_digest
    return f"{name} [{digest[:8]}]" if digest else name


def _document(file: Path) -> Mapping[str, Any] | None:
    """A JSON document with the schema of a reading; None for any other JSON file."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return None
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise InputError(f"The reading {file.name} cannot be used", "it is no JSON", "Remove or mend it") from problem
    return document if isinstance(document, dict) and document.get("schema") == SCHEMA else None
