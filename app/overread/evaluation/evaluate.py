"""A bundle on cases with truth: slices, lesions and patients counted, trivial readers and the control beside it."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError, GateRefusal, InputError, StorageError
from overread.core.progress import SILENT, Progress
from overread.core.reading import canonical_json
from overread.core.study import Volume
from overread.engines.engine import Engine
from overread.evaluation.rows import lesion_rows, patient_rows, slice_auc_row, slice_rows
from overread.evaluation.trivial import darkest_of_largest_bright_organ, middle_of_the_stack
from overread.io import CaseRow, read_cases, read_mask, read_pixels, read_truth, scan
from overread.systems.bundle import Bundle
from overread.systems.gate import refusals
from overread.systems.hbp_detection.measure import CaseResult, CaseTruth, compare, truth_of
from overread.systems.hbp_detection.prepare import prepare
from overread.systems.hbp_detection.system import build_engine, interpret, placed_maps, read_slice_image

SCHEMA = "overread.evaluation/1"
SYSTEM = "hbp-detection"
COUNTED = "evaluations.jsonl"
CONTROL = "shuffled-label control"
PUBLISHED = [
    {"paper": "Kim 2020", "on": "patients, internal test", "sensitivity": 0.94, "specificity": 0.99, "auc": 0.97},
    {
        "paper": "Kim 2020",
        "on": "patients, four other hospitals",
        "sensitivity": 0.87,
        "specificity": 0.93,
        "auc": 0.90,
        "accuracy": 0.90,
    },
]


@dataclass(frozen=True, slots=True, eq=False)
class CaseRead:
    """One case: the system's result, and every reader's slice scores by name."""

    row: CaseRow
    result: CaseResult
    others: dict[str, NDArray[np.float64]]
    seconds: float


def evaluate(
    bundle: Bundle, cases_csv: Path, device: str = "auto", seed: int = 1, progress: Progress = SILENT
) -> dict[str, Any]:
    """Measure a bundle of hbp-detection on the cases of a cases.csv.

    Returns
    -------
    dict
        The document ``overread.evaluation/1``.

    Raises
    ------
    InputError
        No cases, or a case without truth or without a volume to read.
    """
    if bundle.system != SYSTEM:
        raise BundleError(
            f"The bundle {bundle.folder.name} cannot be evaluated",
            f"this version evaluates {SYSTEM} only",
            f"Name a bundle of {SYSTEM}",
        )
    rows = read_cases(cases_csv)
    if not rows:
        raise InputError(f"{cases_csv.name} cannot be evaluated on", "it lists no cases", "Add cases with truth to it")
    engine = build_engine(bundle, device, "auto")
    control = _control_engine(bundle, device)
    read = []
    for n, row in enumerate(rows):
        progress.step("Reading cases", n, len(rows))
        read.append(_read_case(row, engine, control, bundle))
    progress.report("Reading cases", len(rows), len(rows))
    return _document(bundle, cases_csv, read, engine, seed)


def count_evaluation(bundle: Bundle, document: dict[str, Any]) -> None:
    """Add a line to the bundle's ``evaluations.jsonl``: which set was looked at, and what was seen.

    Raises
    ------
    StorageError
        The bundle's folder cannot be written.
    """
    first = document["metrics"][0]
    line = canonical_json(
        {
            "cases": document["cases_digest"],
            "n": document["n"]["cases"],
            "bundle": bundle.digest,
            "slice_auc": [first["value"], *first["ci"]],
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


def _control_engine(bundle: Bundle, device: str) -> Engine | None:
    """The network trained on shuffled labels, where the bundle brings one."""
    path = bundle.control_path
    return None if path is None else build_engine(bundle, device, "auto", weights=path)


def _read_case(row: CaseRow, engine: Engine, control: Engine | None, bundle: Bundle) -> CaseRead:
    volume = _volume_of(row)
    reasons = refusals(volume, bundle.manifest["gate"])
    if reasons:
        raise GateRefusal(f"Case {row.case} cannot be evaluated", "; ".join(reasons), "Leave it out of the list")
    grid = volume.grid
    assert grid is not None
    started = time.perf_counter()
    pixels = read_pixels(volume)
    preparation = prepare(grid, pixels)
    images = [preparation.image(pixels.slice_values(k)) for k in range(pixels.stored.shape[0])]
    scores, maps = _scores_and_maps(engine, images)
    heatmap = placed_maps(maps, preparation.affine, volume.id, bundle.manifest["placing"])
    found = interpret(scores, heatmap, volume.id, bundle.manifest)
    seconds = time.perf_counter() - started
    result = compare(row.case, scores, heatmap, found["marks"], _truth_of(row, volume))
    others = {
        "darkest 1 % of the largest bright organ": np.array([darkest_of_largest_bright_organ(i) for i in images]),
        "slice index (middle of the series)": np.array(
            [middle_of_the_stack(k, len(images)) for k in range(len(images))]
        ),
    }
    if control is not None:
        others[CONTROL] = _scores_and_maps(control, images)[0]
    return CaseRead(row, result, others, seconds)


def _scores_and_maps(
    engine: Engine,
    images: Sequence[NDArray[np.float32]],
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    pairs = [read_slice_image(engine, image) for image in images]
    return np.array([score for score, _ in pairs]), np.stack([activation for _, activation in pairs])


def _volume_of(row: CaseRow) -> Volume:
    found = scan([row.folder])
    wanted = row.roles.get("t1-hbp")
    matches: list[Volume] = [
        v
        for v in found.volumes()
        if (v.id == wanted if wanted else v.role.name == "t1-hbp" and v.role.is_sure) and v.grid is not None
    ]
    if len(matches) != 1:
        raise InputError(
            f"Case {row.case} cannot be read",
            f"{len(matches)} of its volumes are t1-hbp",
            "Name the volume in the column roles of cases.csv",
        )
    return matches[0]


def _truth_of(row: CaseRow, volume: Volume) -> CaseTruth:
    if row.truth is None:
        raise InputError(f"Case {row.case} cannot be evaluated", "it has no truth", "Give the column truth a file")
    truth = read_truth(row.truth)
    masks = {lesion.mask.file for lesion in truth.lesions if lesion.mask is not None}
    masks |= {ref.file for ref in truth.structures.values()}
    grid = volume.grid
    if len(masks) != 1 or grid is None:
        raise InputError(
            f"Case {row.case} cannot be evaluated", "its truth has no label map", "Give every lesion a mask in one file"
        )
    return truth_of(read_mask(row.truth.parent / masks.pop(), grid).astype(np.uint8), grid.affine)


def _document(bundle: Bundle, cases_csv: Path, read: Sequence[CaseRead], engine: Engine, seed: int) -> dict[str, Any]:
    name = f"{bundle.system} {bundle.variant}"
    results = [r.result for r in read]
    digest = _cases_digest(read)
    metrics = [slice_auc_row(name, results, [r.scores for r in results], seed)]
    metrics += [slice_auc_row(other, results, [r.others[other] for r in read], seed) for other in read[0].others]
    points = {p: info.threshold for p, info in bundle.operating.items()}
    metrics += slice_rows(name, results, points, seed) + lesion_rows(name, results, points, seed)
    metrics += patient_rows(name, results, seed)
    seconds_per_100 = [100 * r.seconds / r.result.scores.size for r in read]
    return {
        "schema": SCHEMA,
        "bundle": {
            "system": bundle.system,
            "variant": bundle.variant,
            "version": bundle.version,
            "digest": bundle.digest,
            "trained_on": bundle.trained_on,
        },
        "cases_file": cases_csv.name,
        "cases_digest": digest,
        "evaluated_before": times_evaluated(bundle, digest),
        "n": {
            "cases": len(read),
            "slices": sum(r.scores.size for r in results),
            "by_label": dict(sorted(Counter(r.row.label or "unknown" for r in read).items())),
            "by_site": dict(sorted(Counter(r.row.site for r in read).items())),
        },
        "metrics": metrics,
        "timing": {
            "seconds_per_100_slices": {
                "median": round(float(np.median(seconds_per_100)), 3),
                "max": round(float(np.max(seconds_per_100)), 3),
            },
            "engine": engine.name,
            "device": engine.device,
        },
        "published": PUBLISHED,
        "caution": bundle.caution,
    }


def _cases_digest(read: Sequence[CaseRead]) -> str:
    """What the set is: names, sites, labels and every truth file; not where it lies."""
    parts = [
        [
            r.row.case,
            r.row.site,
            r.row.label,
            hashlib.sha256(r.row.truth.read_bytes()).hexdigest() if r.row.truth else None,
        ]
        for r in read
    ]
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()
