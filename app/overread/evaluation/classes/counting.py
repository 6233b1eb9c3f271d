"""The parts of the document that a system of classes has: rows, tables, another reader, time, the paper's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.reading import Reading
from overread.evaluation.classes.answers import Answers, patient_answers, region_answers
from overread.evaluation.classes.case import SYSTEM, TRUE_REGIONS, ClassCase
from overread.evaluation.classes.measuring import measure_case
from overread.evaluation.classes.multiphase import multiphase_rows
from overread.evaluation.classes.mvi import POSITIVE, ceiling_share_rows, mvi_rows, own_ceiling, patient_ratings
from overread.evaluation.classes.published import LIU_LOGISTIC, PUBLISHED, REMARKS
from overread.evaluation.classes.set_tables import (
    Table,
    baseline_table,
    benefit_table,
    calibration_table,
    confusion_table,
    logistic_table,
)
from overread.evaluation.classes.triage import BENIGN, MALIGNANT, endless_ratio_notes, triage_rows
from overread.evaluation.classes.trivial import OF_MVI, OF_REGIONS, majority_rows, measure_rows
from overread.evaluation.comparison import OtherReader, mcnemar_table
from overread.evaluation.rows import Row, find_row
from overread.evaluation.run import Run, Way, people_notes, reader_name
from overread.evaluation.timing import machine, spread
from overread.stats.reliability import called_class
from overread.systems.registry import SYSTEMS

MULTIPHASE, TRIAGE, MVI = "multiphase-characterisation", "noncontrast-triage", "mvi-prediction"
PROTOCOL = (
    "wall time of one study from stored files to the answer (decoding, preparing, networks, joining), one value a "
    "study; loading the system is apart"
)


def count(run: Run[ClassCase]) -> dict[str, Any]:
    """Everything about the set that depends on the system."""
    system, cases = run.bundle.system, run.cases
    names = SYSTEMS[system].classes
    answers = patient_answers(cases, names, run.people)
    helps: bool | None = None
    notes = people_notes(cases, run.people) + _absent_classes(cases, names)
    name = reader_name(run.bundle)
    if system == MULTIPHASE:
        rows, helps, more = multiphase_rows(name, cases, names, run.people)
        notes += more
    elif system == TRIAGE:
        rows = triage_rows(name, cases, names, run.people)
        notes += endless_ratio_notes(rows)
    else:
        points = {point: info.threshold for point, info in run.bundle.operating.items()}
        rows = mvi_rows(name, cases, names, points, run.people)
        rows += ceiling_share_rows(rows, name, run.bundle.variant)
        notes += _leak_notes(rows, name, run.bundle.variant)
    rows += _trivial_rows(system, cases, names, answers, run)
    return {
        "n": {
            "regions": sum(len(case.answers[SYSTEM].regions) for case in cases),
            "no_region": sum(not case.answers[SYSTEM].is_answered for case in cases),
            "lesions": sum(len(case.lesions) for case in cases),
            "by_type": dict(sorted(Counter(lesion.type or "unknown" for c in cases for lesion in c.lesions).items())),
        },
        "metrics": rows,
        "tables": _tables(system, cases, names, answers, run),
        "confidence_helps": helps,
        "twins": None,
        "against": [found for other in run.others if (found := _against(cases, answers, names, other)) is not None],
        "timing": {
            "protocol": PROTOCOL,
            "seconds_per_study": spread(np.array([case.answers[SYSTEM].seconds for case in cases]), 3),
            "cases": len(cases),
            **machine(cases),
        },
        "published": PUBLISHED[system],
        "published_remarks": list(REMARKS[system]),
        "notes": notes,
    }


CLASS_WAYS: dict[str, Way[ClassCase]] = {
    system: Way(measure_case, ClassCase.from_json, count) for system in (MULTIPHASE, TRIAGE, MVI)
}
"""How the systems of classes are evaluated."""


def _trivial_rows(
    system: str, cases: Sequence[ClassCase], names: Sequence[str], answers: Answers, run: Run[ClassCase]
) -> list[Row]:
    of_class = {name: answers.truth == k for k, name in enumerate(names)}
    if system == MVI:
        rows = measure_rows(OF_MVI, cases, {"roc-auc": of_class[POSITIVE]}, run.people)
    else:
        targets = {f"roc-auc-{name}": flags for name, flags in of_class.items()}
        if system == TRIAGE:
            targets[f"roc-auc{MALIGNANT}"] = ~of_class[BENIGN]
        rows = measure_rows(OF_REGIONS, cases, targets, run.people)
    return rows + majority_rows(cases, names, run.people)


def _tables(
    system: str, cases: Sequence[ClassCase], names: Sequence[str], answers: Answers, run: Run[ClassCase]
) -> dict[str, Table]:
    tables = {"confusion": confusion_table(answers, names), "baseline": baseline_table(cases, names)}
    known = answers.where(answers.is_answered)
    if system == MVI:
        ratings: NDArray[np.float64] = patient_ratings(cases)
        rated = np.isfinite(ratings)
        is_positive = answers.truth[rated] == names.index(POSITIVE)
        if rated.any():
            tables["calibration"] = calibration_table(ratings[rated], is_positive, POSITIVE)
            tables["decision-curve"] = benefit_table(ratings[rated], is_positive)
        logistic = logistic_table(cases, POSITIVE, LIU_LOGISTIC)
        return tables if logistic is None else {**tables, "logistic": logistic}
    if known.truth.size:
        tables["calibration"] = calibration_table(*called_class(known.scores, known.truth), "the called class")
    regions = region_answers(cases, names, run.people)
    tables["confusion-regions"] = confusion_table(regions, names)
    if system == MULTIPHASE and all(TRUE_REGIONS in case.answers for case in cases):
        told = patient_answers(cases, names, run.people, TRUE_REGIONS)
        tables["confusion-true-regions"] = confusion_table(told, names)
    return tables


def _against(
    cases: Sequence[ClassCase], answers: Answers, names: Sequence[str], other: OtherReader
) -> dict[str, Any] | None:
    """McNemar of right calls, all and by class, on the cases that both have called; None where there is none."""
    shared = [n for n, case in enumerate(cases) if _call_of(other.readings.get(case.case), names) is not None]
    if not shared:
        return None
    index = np.array(shared, dtype=np.intp)
    called = [_call_of(other.readings.get(cases[n].case), names) for n in shared]
    second = np.array([cases[n].label == call for n, call in zip(shared, called, strict=True)], dtype=np.bool_)
    first, truth = answers.is_right[index], answers.truth[index]
    parts = {"accuracy": np.ones_like(second)}
    parts |= {f"sensitivity-{name}": truth == k for k, name in enumerate(names)}
    return {
        "reader": other.name,
        "kind": other.kind,
        "cases": len(shared),
        "cases_not_read": len(cases) - len(shared),
        "class_calls": {
            metric: mcnemar_table(first[part], second[part]) for metric, part in parts.items() if part.any()
        },
    }


def _call_of(reading: Reading | None, names: Sequence[str]) -> str | None:
    """The class a reading names: its category, else the largest of its class scores, else that of its surest mark."""
    if reading is None:
        return None
    if reading.category in names:
        return reading.category
    if reading.classes and set(reading.classes) <= set(names):
        return max(reading.classes, key=lambda name: (reading.classes or {})[name])
    marks = [m for m in reading.marks if m.category in names]
    return max(marks, key=lambda m: m.score or 0.0).category if marks else None


def _absent_classes(cases: Sequence[ClassCase], names: Sequence[str]) -> list[str]:
    absent = [name for name in names if not any(case.label == name for case in cases)]
    if not absent:
        return []
    return [f"No case is {' or '.join(absent)}: areas against that class cannot be computed."]


def _leak_notes(rows: Sequence[Row], name: str, variant: str) -> list[str]:
    """A claimed area above what the generator allows to what is looked at means that something has leaked."""
    notes = []
    for best in (r for r in rows if r["reader"] == own_ceiling(variant)):
        own = find_row(rows, reader=name, metric="roc-auc", level="patient", subset=best["subset"])
        if own is not None and own["ci"][0] is not None and own["ci"][0] > best["value"]:
            where = "" if best["subset"] == "all" else f" of {best['subset']}"
            notes.append(
                f"The area{where} lies above {best['value']:.3f}, the best that anybody can reach on this generator by "
                f"what it looks at ({best['reader'].partition(': ')[2]}): look for a leak."
            )
    return notes
