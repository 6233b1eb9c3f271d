"""A bundle on cases with truth: every case read and kept, then counted in the way of its system.

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
from overread.evaluation.case_truth import map_digests, without_truth
from overread.evaluation.classes import CLASS_WAYS, ClassCase
from overread.evaluation.comparison import OtherReader, load_readings
from overread.evaluation.counted import times_evaluated
from overread.evaluation.detection import DETECTION
from overread.evaluation.detection import SYSTEM_ID as DETECTION_ID
from overread.evaluation.measured import Measured
from overread.evaluation.rows import Patients
from overread.evaluation.run import AS_USUAL, Run, Way, Wish
from overread.evaluation.tasks import CaseTask
from overread.io import CaseRow, read_cases
from overread.systems.bundle import Bundle

SCHEMA = "overread.evaluation/1"
WAYS: dict[str, Way[Any]] = {DETECTION_ID: DETECTION, **CLASS_WAYS}
PHANTOMS, OTHER, MIXED = "phantoms", "not phantoms", "phantoms and others"


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The document ``overread.evaluation/1``, and the cases it was counted from, for figures and tables."""

    document: dict[str, Any]
    cases: list[Measured] | list[ClassCase]


def evaluate(bundle: Bundle, cases_csv: Path, wish: Wish = AS_USUAL, progress: Progress = SILENT) -> Evaluation:
    """Measure a bundle on the cases of a cases.csv.

    Raises
    ------
    InputError
        No case that can be counted, or readings to compare with that cannot be used.
    BundleError
        The bundle is damaged, or there is no way to evaluate its system.
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
    if bundle.system not in WAYS:
        raise BundleError(
            f"The bundle {bundle.folder.name} cannot be evaluated",
            f"this version evaluates {', '.join(WAYS)} only",
            "Name a bundle of one of these systems",
        )
    if wish.twins and not WAYS[bundle.system].has_twins:
        raise InputError(
            f"--twins cannot be used with {bundle.system}",
            "its answers are about a lesion, and without the lesion there is no question",
            "Leave --twins out",
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
    way: Way[Any] = WAYS[bundle.system]
    waiting = [task for task in tasks if not (wish.resume and task.is_done())]
    if waiting:
        run_in_processes(way.measure, [(task,) for task in waiting], wish.jobs, "Reading cases", progress)
    read, cases, not_read = [], [], [{"case": row.case, "why": "it has no truth"} for row in unlabelled]
    for task in tasks:
        document = json.loads(task.path.read_text(encoding="utf-8"))
        if "not_read" in document:
            not_read.append({"case": task.row.case, "why": document["not_read"]})
        else:
            read.append(task)
            cases.append(way.restore(document))
    if not cases:
        raise InputError(
            f"No case of {cases_csv.name} can be evaluated",
            f"the first one: {not_read[0]['why'].rstrip('.')}",
            "Correct the list, or what it names",
        )
    people = Patients([c.patient for c in cases], wish.seed)
    run = Run(bundle, wish, read, cases, people, others, progress)
    return Evaluation(document_of(run, way, cases_csv, labelled, not_read), cases)


def document_of(
    run: Run[Any], way: Way[Any], cases_csv: Path, rows: Sequence[CaseRow], not_read: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """The document ``overread.evaluation/1`` of cases that are read.

    Parameters
    ----------
    rows
        All of the list that have a truth.
    not_read
        ``case`` and ``why`` of those that are not in it.
    """
    head, counted = _head(run.bundle, cases_csv, rows, run.cases), way.count(run)
    return {
        **head,
        "not_read": list(not_read),
        **counted,
        "n": {**head["n"], **counted["n"]},
        "caution": run.bundle.caution,
    }


def _head(bundle: Bundle, cases_csv: Path, rows: Sequence[CaseRow], cases: Sequence[Any]) -> dict[str, Any]:
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
        "operating_chosen_on": bundle.operating["default"].chosen_on if bundle.operating else None,
        "cases_file": cases_csv.name,
        "cases_digest": digest,
        "maps_digest": maps_digest(rows),
        "cases_are": MIXED if len(are_phantoms) > 1 else PHANTOMS if are_phantoms == {True} else OTHER,
        "evaluated_before": times_evaluated(bundle, digest),
        "n": {
            "cases": len(cases),
            "patients": len({c.patient for c in cases}),
            "by_label": dict(sorted(Counter(c.label or "unknown" for c in cases).items())),
            "by_site": dict(sorted(Counter(c.site or "unknown" for c in cases).items())),
        },
    }


def cases_digest(rows: Sequence[CaseRow]) -> str:
    """What the set is: names, sites, labels and every truth file; not where it lies, nor the maps beside the truth.

    A set stays the same one when a mask of it is corrected: it has been looked at. ``maps_digest`` tells that apart.
    """
    parts = [[r.case, r.site, r.label, _digest_of(r.truth)] for r in rows]
    return sha256(canonical_json(parts).encode()).hexdigest()


def maps_digest(rows: Sequence[CaseRow]) -> str:
    """What the maps are to which the truth files of a set refer."""
    parts = [[r.case, [] if r.truth is None else map_digests(r.truth)] for r in rows]
    return sha256(canonical_json(parts).encode()).hexdigest()


def _digest_of(path: Path | None) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None
