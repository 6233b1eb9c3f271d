"""A bundle on cases with truth: slices, lesions and patients counted, trivial readers and the control beside it.

Cases are read one by one, or several at once, and what is kept of each is written as soon as it is read: a run that
was broken off goes on where it stopped, and memory holds the pixels of the cases at work, never of all.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from overread.core.errors import BundleError, InputError
from overread.core.processes import run_in_processes
from overread.core.progress import SILENT, Progress
from overread.core.reading import canonical_json
from overread.engines.choice import choose
from overread.evaluation import lesions, patients, slices
from overread.evaluation.case_truth import without_truth
from overread.evaluation.comparison import OtherReader, compare_readers, load_readings
from overread.evaluation.counted import times_evaluated
from overread.evaluation.measured import SYSTEM, Measured
from overread.evaluation.measuring import CaseTask, measure_case
from overread.evaluation.published import PUBLISHED, REMARKS
from overread.evaluation.rows import Patients, Row
from overread.evaluation.timing import timing
from overread.evaluation.twins import TwinTask, choose_twins, score_twins, twin_rows
from overread.io import CaseRow, read_cases
from overread.systems.bundle import Bundle

SCHEMA = "overread.evaluation/1"
SYSTEM_ID = "hbp-detection"
PHANTOMS, OTHER, MIXED = "phantoms", "not phantoms", "phantoms and others"


@dataclass(frozen=True, slots=True)
class Wish:
    """How an evaluation shall be made.

    ``seed`` of the bootstrap; ``jobs`` processes; ``twins``: how many slices to draw again without their lesions;
    ``against``: readings of somebody else on the same cases; ``folder``: where what was read is kept, None for a
    folder of its own that goes afterwards; ``resume``: take over what an earlier run kept there.
    """

    device: str = "auto"
    engine: str = "auto"
    seed: int = 1
    jobs: int = 1
    twins: int = 0
    against: Path | None = None
    folder: Path | None = None
    resume: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The document ``overread.evaluation/1``, and the cases it was counted from, for figures and tables."""

    document: dict[str, Any]
    cases: list[Measured]


def evaluate(bundle: Bundle, cases_csv: Path, wish: Wish = Wish(), progress: Progress = SILENT) -> Evaluation:
    """Measure a bundle of hbp-detection on the cases of a cases.csv.

    Raises
    ------
    InputError
        No case that can be counted, or readings to compare with that cannot be used.
    BundleError
        The bundle is damaged or belongs to another system.
    DeviceError
        A processor gave up.
    """
    _check(bundle, wish)
    rows = read_cases(cases_csv)
    if not rows:
        raise InputError(f"{cases_csv.name} cannot be evaluated on", "it lists no cases", "Add cases with truth to it")
    labelled, unlabelled = without_truth(rows)
    if not labelled:
        raise InputError(
            f"{cases_csv.name} cannot be evaluated on", "none of its cases has a truth", "Fill in the column truth"
        )
    others = [] if wish.against is None else load_readings(wish.against)
    if wish.folder is not None:
        return _evaluate(bundle, cases_csv, labelled, unlabelled, others, wish, wish.folder, progress)
    with tempfile.TemporaryDirectory(prefix="overread-") as folder:
        return _evaluate(bundle, cases_csv, labelled, unlabelled, others, wish, Path(folder), progress)


def _check(bundle: Bundle, wish: Wish) -> None:
    if bundle.system != SYSTEM_ID:
        raise BundleError(
            f"The bundle {bundle.folder.name} cannot be evaluated",
            f"this version evaluates {SYSTEM_ID} only",
            f"Name a bundle of {SYSTEM_ID}",
        )
    if wish.jobs < 1 or wish.twins < 0 or wish.seed < 0:
        raise InputError(
            "This evaluation cannot be made",
            "--jobs must be at least 1, --twins and --seed at least 0",
            "Correct the numbers",
        )
    choose(wish.engine, wish.device)  # refused before the first case, not once for every case
    bundle.check_weights()


def _evaluate(
    bundle: Bundle,
    cases_csv: Path,
    labelled: Sequence[CaseRow],
    unlabelled: Sequence[CaseRow],
    others: Sequence[OtherReader],
    wish: Wish,
    folder: Path,
    progress: Progress,
) -> Evaluation:
    control = str(bundle.manifest.get("control", {}).get("weights_sha256", ""))
    read_by = bundle.digest + control
    tasks = [CaseTask(row, bundle.folder, read_by, wish.device, wish.engine, folder, wish.jobs) for row in labelled]
    waiting = [task for task in tasks if not (wish.resume and task.is_done())]
    if waiting:
        run_in_processes(measure_case, [(task,) for task in waiting], wish.jobs, "Reading cases", progress)
    read, cases, not_read = [], [], [{"case": row.case, "why": "it has no truth"} for row in unlabelled]
    for task in tasks:
        document = json.loads(task.path.read_text(encoding="utf-8"))
        if "not_read" in document:
            not_read.append({"case": task.row.case, "why": document["not_read"]})
        else:
            read.append(task)
            cases.append(Measured.from_json(document))
    if not cases:
        raise InputError(
            f"No case of {cases_csv.name} can be evaluated",
            f"the first one: {not_read[0]['why'].rstrip('.')}",
            "Correct the list, or what it names",
        )
    people = Patients([c.patient for c in cases], wish.seed)
    twins = _twins(read, cases, wish, progress)
    document = {
        **_head(bundle, cases_csv, labelled, cases),
        "not_read": not_read,
        "metrics": _metrics(bundle, cases, people, twins[0]),
        "twins": twins[1],
        "against": [
            compare_readers(cases, [t.row for t in read], bundle.operating["default"].threshold, other)
            for other in others
        ],
        "timing": timing(cases),
        "published": PUBLISHED,
        "published_remarks": list(REMARKS),
        "notes": _notes(cases, people),
        "caution": bundle.caution,
    }
    return Evaluation(document, cases)


def reader_name(bundle: Bundle) -> str:
    """What the evaluated system is called in the rows."""
    return f"{bundle.system} {bundle.variant}"


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


def _twins(
    tasks: Sequence[CaseTask], cases: Sequence[Measured], wish: Wish, progress: Progress
) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Documents of the twins with their scores, and how many there are and could not be made."""
    if wish.twins == 0:
        return [], None
    wanted: list[TwinTask] = choose_twins(tasks, cases, wish.twins)
    waiting = [twin for twin in wanted if not (wish.resume and twin.is_done())]
    if waiting:
        stage = "Drawing slices without their lesions"
        run_in_processes(score_twins, [(twin,) for twin in waiting], wish.jobs, stage, progress)
    documents = [json.loads(twin.path.read_text(encoding="utf-8")) for twin in wanted]
    made = [d for d in documents if "without" in d]
    failed = [{"case": d["case"], "why": d["not_redrawn"]} for d in documents if "without" not in d]
    return made, {"pairs": sum(len(d["slices"]) for d in made), "cases": len(made), "not_redrawn": failed}


def _head(bundle: Bundle, cases_csv: Path, rows: Sequence[CaseRow], cases: Sequence[Measured]) -> dict[str, Any]:
    digest = cases_digest(rows)
    are_phantoms = {c.is_phantom for c in cases}
    return {
        "schema": SCHEMA,
        "bundle": {
            "system": bundle.system,
            "variant": bundle.variant,
            "version": bundle.version,
            "digest": bundle.digest,
            "trained_on": bundle.trained_on,
        },
        "operating": {point: info.threshold for point, info in bundle.operating.items()},
        "operating_chosen_on": bundle.operating["default"].chosen_on,
        "cases_file": cases_csv.name,
        "cases_digest": digest,
        "cases_are": MIXED if len(are_phantoms) > 1 else PHANTOMS if are_phantoms == {True} else OTHER,
        "evaluated_before": times_evaluated(bundle, digest),
        "n": {
            "cases": len(cases),
            "patients": len({c.patient for c in cases}),
            "slices": sum(c.slice_labels.size for c in cases),
            "slices_positive": sum(int((c.slice_labels == 1).sum()) for c in cases),
            "slices_neither": sum(int((c.slice_labels < 0).sum()) for c in cases),
            "lesions": sum(len(c.lesions) for c in cases),
            "by_label": dict(sorted(Counter(c.label or "unknown" for c in cases).items())),
            "by_site": dict(sorted(Counter(c.site or "unknown" for c in cases).items())),
        },
    }


def _notes(cases: Sequence[Measured], people: Patients) -> list[str]:
    """What a reader of the figures must know about this set."""
    notes = []
    if not any(c.is_diseased for c in cases):
        notes.append("No case has a lesion: areas and sensitivities cannot be computed, only specificity and marks.")
    elif all(c.is_diseased for c in cases):
        notes.append("Every case has a lesion: no area and no specificity over patients can be computed.")
    if people.count < 2:
        notes.append("All cases are of one patient: nothing can be resampled, so those intervals are unknown.")
    if len({(c.engine["engine"], c.engine["device"]) for c in cases}) > 1:
        notes.append("The cases were not all read by the same engine on the same device; see the time.")
    if people.count < len(cases):
        notes.append(f"{len(cases)} cases are of {people.count} patients; resamples draw patients.")
    return notes


def cases_digest(rows: Sequence[CaseRow]) -> str:
    """What the set is: names, sites, labels and every truth file; not where it lies."""
    parts = [[r.case, r.site, r.label, _digest_of(r.truth)] for r in rows]
    return sha256(canonical_json(parts).encode()).hexdigest()


def _digest_of(path: Path | None) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None
