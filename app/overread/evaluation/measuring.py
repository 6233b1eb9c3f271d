"""One case, from its files to what is kept of it: the system reads, trivial readers and the control beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.heatmap import Heatmap
from overread.core.hits import Hit, match_marks
from overread.core.reading import Mark, Reading
from overread.core.study import Pixels, Volume
from overread.evaluation.case_truth import MappedTruth, TargetLesion, map_truth, slice_diameters
from overread.evaluation.measured import (
    MARGINS_MM,
    SYSTEM,
    CountedMark,
    Fate,
    Measured,
    Placement,
)
from overread.evaluation.structures import UNKNOWN, structure_at
from overread.evaluation.tasks import CaseTask, engine_of, keep_measured, keep_reading, refuse_unread
from overread.evaluation.trivial import (
    darkest_of_largest_bright_organ,
    darkest_of_the_liver,
    middle_of_the_stack,
)
from overread.io import CaseRow, read_pixels, scan
from overread.systems import ReadRequest, load_bundle, read
from overread.systems.hbp_detection.measure import hot_spots
from overread.systems.hbp_detection.prepare import Preparation, prepare
from overread.systems.hbp_detection.system import build_engine, read_slice_image

ROLE = "t1-hbp"
CONTROL = "shuffled-label control"
DARKEST, INDEX = "darkest 1 % of the largest bright organ", "slice index (middle of the series)"
LIVER_AREA, LIVER_DARKEST = "liver area (from the truth)", "darkest 1 % of the liver (from the truth)"
WITHIN_MM = 15.0


def measure_case(task: CaseTask) -> None:
    """Read one case and keep what the figures need; what is wrong with the case alone is kept in words."""
    keep_measured(task, lambda one: _measure(one).to_json())


def volume_of(row: CaseRow) -> Volume:
    """The volume of a case that the system reads: the one its row names, else the one that surely is it.

    Raises
    ------
    InputError
        There is none, or there are several.
    """
    found = scan([row.folder], jobs=1)
    wanted = row.roles.get(ROLE)
    matches = [
        v
        for v in found.volumes()
        if (v.id == wanted if wanted else v.role.name == ROLE and v.role.is_sure) and v.grid is not None
    ]
    if len(matches) != 1:
        raise InputError(
            f"Case {row.case} cannot be read",
            f"{len(matches)} of its volumes are {ROLE}",
            "Name the volume in the column roles of cases.csv",
        )
    return matches[0]


def _measure(task: CaseTask) -> Measured:
    row = task.row
    volume = volume_of(row)
    grid = volume.grid
    assert grid is not None
    truth = map_truth(row, grid)
    request = ReadRequest(
        "hbp-detection",
        ((ROLE, volume),),
        device=task.device,
        engine=task.engine,
        case_id=row.case,
        bundle_folder=str(task.bundle),
        use_cache=False,  # what was read before took no time: it would be no timing
    )
    outcome = read(request)
    reading, heatmap = outcome.reading, outcome.heatmap
    refuse_unread(row, reading, "it gave no map" if heatmap is None else "")
    assert heatmap is not None
    keep_reading(task, outcome, task.name)
    pixels = read_pixels(volume)
    others = _other_readers(task, pixels, prepare(grid, pixels), truth)
    return assemble(row, reading, heatmap, truth, others, task.jobs)


def assemble(
    row: CaseRow,
    reading: Reading,
    heatmap: Heatmap,
    truth: MappedTruth,
    others: Mapping[str, NDArray[np.float64]],
    jobs: int = 1,
) -> Measured:
    """Set a reading beside the truth of its case."""
    scores = np.array([s.score for s in sorted(reading.slices, key=lambda s: s.index)])
    positive = np.flatnonzero(truth.counted.slice_labels == 1)
    areas = [slice_diameters(truth.labels, truth.code_of(n), truth.affine) for n in range(len(truth.lesions))]
    diameters = np.stack(areas) if areas else np.zeros((0, scores.size))
    return Measured(
        case=row.case,
        patient=row.patient,
        site=row.site,
        label=row.label,
        is_phantom=truth.is_phantom,
        slice_labels=truth.counted.slice_labels,
        diameter_mm=diameters.max(axis=0, initial=0.0),
        is_typical=_shown(truth.lesions, diameters, [lesion.is_typical for lesion in truth.lesions]),
        is_visible=_shown(truth.lesions, diameters, [lesion.is_visible for lesion in truth.lesions]),
        scores={SYSTEM: scores, **others},
        lesions=truth.lesions,
        marks=_counted_marks(reading.marks, truth),
        placement=Placement(
            positive,
            np.array(hot_spots(scores, heatmap, truth.counted), dtype=np.float64),
            np.array([_chance(truth, int(k)) for k in positive], dtype=np.float64),
        ),
        times={name: float(value) for name, value in reading.times.items() if isinstance(value, int | float)},
        engine=engine_of(reading),
        jobs=jobs,
    )


def _other_readers(
    task: CaseTask, pixels: Pixels, preparation: Preparation, truth: MappedTruth
) -> dict[str, NDArray[np.float64]]:
    """Slice scores of the readers that know nothing, and of the network trained on shuffled labels."""
    bundle = load_bundle(task.bundle)
    count = pixels.stored.shape[0]
    control = None
    if bundle.control_path is not None:
        control = build_engine(bundle, task.device, task.engine, weights=bundle.control_path)
    rows: dict[str, list[float]] = {}
    _, step_row, step_column = truth.affine.spacing_mm
    for k in range(count):
        image = preparation.image(pixels.slice_values(k))
        found = {DARKEST: darkest_of_largest_bright_organ(image), INDEX: middle_of_the_stack(k, count)}
        if truth.has_structures:
            liver = truth.inside_liver(k)
            found[LIVER_AREA] = float(liver.sum()) * step_row * step_column
            found[LIVER_DARKEST] = darkest_of_the_liver(image, preparation.labels(liver.astype(np.uint8)) > 0)
        if control is not None:
            found[CONTROL] = read_slice_image(control, image)[0]
        for name, value in found.items():
            rows.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in rows.items()}


def _counted_marks(marks: Sequence[Mark], truth: MappedTruth) -> tuple[CountedMark, ...]:
    fates = [fates_of(marks, truth, margin) for margin in MARGINS_MM]
    where = [
        structure_at(m.centre_mm, truth.labels, truth.affine, truth.finding_types) if truth.has_structures else UNKNOWN
        for m in marks
    ]
    return tuple(CountedMark(m.score or 0.0, where[n], tuple(fate[n] for fate in fates)) for n, m in enumerate(marks))


def fates_of(marks: Sequence[Mark], truth: MappedTruth, margin_mm: float) -> list[Fate]:
    """What becomes of each mark by the one rule of hits."""
    number = {target.id: n for n, target in enumerate(truth.counted.lesions)}
    hits: list[Hit] = match_marks(
        [m.centre_mm for m in marks], [m.score or 0.0 for m in marks], truth.counted.lesions, margin_mm
    )
    return [Fate(h.kind, None if h.target is None else number[h.target]) for h in hits]


def _shown(
    lesions: Sequence[TargetLesion], diameters: NDArray[np.float64], flags: Sequence[bool | None]
) -> NDArray[np.bool_] | None:
    """The flag of the largest lesion on each slice, False where there is none; None when a lesion has no flag."""
    if any(flag is None for flag in flags):
        return None
    if not lesions:
        return np.zeros(diameters.shape[1], dtype=np.bool_)
    largest = np.array([bool(flag) for flag in flags])[diameters.argmax(axis=0)]
    return np.asarray(largest & (diameters.max(axis=0) > 0))


def _chance(truth: MappedTruth, k: int) -> float:
    """Share of the liver on slice k that lies within 15 mm of a lesion voxel of the slice: what luck would place."""
    liver = truth.inside_liver(k)
    if not truth.has_structures or not liver.any():
        return float("nan")
    from scipy import ndimage

    _, step_row, step_column = truth.affine.spacing_mm
    lesion = truth.labels[k] >= truth.code_of(0)
    distance = ndimage.distance_transform_edt(~lesion, sampling=(step_row, step_column))
    return float(np.mean(np.asarray(distance)[liver] <= WITHIN_MM))
