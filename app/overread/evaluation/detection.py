"""How hbp-detection is counted: slices, lesions and patients, trivial readers, the control and erased twins beside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from overread.core.processes import run_in_processes
from overread.evaluation import lesions, patients, slices
from overread.evaluation.comparison import compare_readers
from overread.evaluation.measured import SYSTEM, Measured
from overread.evaluation.measuring import measure_case
from overread.evaluation.published import PUBLISHED, REMARKS
from overread.evaluation.rows import Patients, Row
from overread.evaluation.run import Run, Way, people_notes, reader_name
from overread.evaluation.timing import timing
from overread.evaluation.twins import TwinTask, choose_twins, score_twins, twin_rows
from overread.systems.bundle import Bundle

SYSTEM_ID = "hbp-detection"


def count(run: Run[Measured]) -> dict[str, Any]:
    """The parts of the document that are those of a detector of slices."""
    cases = run.cases
    twins = _twins(run)
    return {
        "n": {
            "slices": sum(c.slice_labels.size for c in cases),
            "slices_positive": sum(int((c.slice_labels == 1).sum()) for c in cases),
            "slices_neither": sum(int((c.slice_labels < 0).sum()) for c in cases),
            "lesions": sum(len(c.lesions) for c in cases),
        },
        "metrics": _metrics(run.bundle, cases, run.people, twins[0]),
        "twins": twins[1],
        "against": [
            compare_readers(cases, [t.row for t in run.tasks], run.bundle.operating["default"].threshold, other)
            for other in run.others
        ],
        "timing": timing(cases),
        "published": PUBLISHED,
        "published_remarks": list(REMARKS),
        "notes": _notes(cases, run.people),
    }


def other_readers(cases: Sequence[Measured]) -> list[str]:
    """The trivial readers and the control, as far as every case has them."""
    return [name for name in cases[0].scores if name != SYSTEM and all(name in c.scores for c in cases)]


def _metrics(
    bundle: Bundle, cases: Sequence[Measured], people: Patients, twins: Sequence[Mapping[str, Any]]
) -> list[Row]:
    name, others = reader_name(bundle), other_readers(cases)
    points = {point: info.threshold for point, info in bundle.operating.items()}
    rows = slices.slice_rows(name, cases, points, people)
    rows += slices.other_reader_rows(others, cases, people)
    if twins:
        rows += twin_rows(name, cases, twins, people)
    rows += lesions.lesion_rows(name, cases, points, people)
    rows += patients.patient_rows(name, cases, points, people)
    return rows + patients.other_reader_rows(others, cases, people)


def _twins(run: Run[Measured]) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Documents of the twins with their scores, and how many there are and could not be made."""
    wish = run.wish
    if wish.twins == 0:
        return [], None
    wanted: list[TwinTask] = choose_twins(run.tasks, run.cases, wish.twins)
    waiting = [twin for twin in wanted if not (wish.resume and twin.is_done())]
    if waiting:
        stage = "Drawing slices without their lesions"
        run_in_processes(score_twins, [(twin,) for twin in waiting], wish.jobs, stage, run.progress)
    documents = [json.loads(twin.path.read_text(encoding="utf-8")) for twin in wanted]
    made = [d for d in documents if "without" in d]
    failed = [{"case": d["case"], "why": d["not_redrawn"]} for d in documents if "without" not in d]
    return made, {"pairs": sum(len(d["slices"]) for d in made), "cases": len(made), "not_redrawn": failed}


def _notes(cases: Sequence[Measured], people: Patients) -> list[str]:
    """What a reader of the figures must know about this set."""
    notes = []
    if not any(c.is_diseased for c in cases):
        notes.append("No case has a lesion: areas and sensitivities cannot be computed, only specificity and marks.")
    elif all(c.is_diseased for c in cases):
        notes.append("Every case has a lesion: no area and no specificity over patients can be computed.")
    return notes + people_notes(cases, people)


DETECTION = Way(measure_case, Measured.from_json, count, has_twins=True)
"""How hbp-detection is evaluated."""
