"""One case, from its files to what is kept of it: the truth's regions, the system's answer, what its regions hit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from overread.core.errors import InputError
from overread.core.facts import FACT_NAMES, Facts, facts_from
from overread.core.hits import match_marks
from overread.core.reading import Reading
from overread.core.region import MASK_MARGIN_MM, Circle, LesionRegion, Region, largest_first
from overread.core.study import Study, Volume
from overread.evaluation.case_truth import MappedTruth, map_truth
from overread.evaluation.classes.cams import SUFFIX, keep_picture
from overread.evaluation.classes.case import SYSTEM, TRUE_REGIONS, Answer, ClassCase, ClassLesion, RegionAnswer
from overread.evaluation.tasks import READINGS, CaseTask, engine_of, keep_measured, keep_reading, refuse_unread
from overread.io import CaseRow, read_truth, scan
from overread.io.regions import region_of_mask
from overread.systems import Outcome, ReadRequest, choose_volumes, load_bundle, read
from overread.systems.bundle import Bundle
from overread.systems.registry import SYSTEMS


def measure_case(task: CaseTask) -> None:
    """Read one case and keep what the figures need; what is wrong with the case alone is kept in words."""
    keep_measured(task, lambda one: _measure(one).to_json())


def _measure(task: CaseTask) -> ClassCase:
    row, bundle = task.row, load_bundle(task.bundle)
    system = SYSTEMS[bundle.system]
    label = true_class(row, system.classes)
    volumes = volumes_of(row, bundle)
    volume = volumes[0][1]
    if volume.grid is None:
        raise InputError(f"Case {row.case} cannot be read", f"its {volumes[0][0]} is no regular volume", "Leave it out")
    truth = map_truth(row, volume.grid, volume.role.name)
    region = region_of(truth, volume)
    facts = known_facts(truth)
    ways = {SYSTEM: region} if system.needs_region else {SYSTEM: None, TRUE_REGIONS: region}
    outcomes = {
        name: _read(task, bundle, volumes, given, facts if system.uses_facts else None) for name, given in ways.items()
    }
    for name, outcome in outcomes.items():
        unanswered = (
            "" if outcome.reading.result in ("classes", "no-region") else f"it answers {outcome.reading.result}"
        )
        refuse_unread(row, outcome.reading, unanswered)
        keep_reading(task, outcome, task.name if name == SYSTEM else f"{task.name}-{name.replace(' ', '-')}")
    keep_picture(outcomes[SYSTEM], volumes, task.folder / READINGS / f"{task.name}{SUFFIX}")
    circles = [circle for lesion in region.lesions for circle in lesion.circles]
    return ClassCase(
        case=row.case,
        patient=row.patient,
        site=row.site,
        split=row.split,
        label=label,
        is_phantom=truth.is_phantom,
        lesions=class_lesions(truth),
        facts=facts.to_json(),
        region_mm2=round(sum(math.pi * circle.radius_mm**2 for circle in circles), 1),
        region_slices=len(circles),
        answers={name: answer_of(outcome.reading, truth) for name, outcome in outcomes.items()},
        engine=engine_of(outcomes[SYSTEM].reading),
        jobs=task.jobs,
    )


def true_class(row: CaseRow, classes: Sequence[str]) -> str:
    """The true class of a case: its row's label, else that of its truth.

    Raises
    ------
    InputError
        It is none of the system's classes.
    """
    label = row.label
    if not label and row.truth is not None and row.truth.suffix.lower() == ".json":
        label = read_truth(row.truth).label
    if label not in classes:
        said = f"its label is {label!r}" if label else "it has no label"
        raise InputError(
            f"Case {row.case} cannot be counted", f"{said}; the classes are {', '.join(classes)}", "Correct its label"
        )
    return label


def volumes_of(row: CaseRow, bundle: Bundle) -> tuple[tuple[str, Volume], ...]:
    """The volume for each role of the bundle: those that the row names, else those that surely are it.

    A row may name a volume by a role that stands in for the bundle's, such as t2-fs for t2. Roles of other systems are
    passed over: one list can be for several.

    Raises
    ------
    InputError
        The folder holds no study, or several, or not a volume that the row names.
    GateRefusal
        A series is missing.
    """
    found = scan([row.folder], jobs=1)
    if len(found.studies) != 1:
        raise InputError(
            f"Case {row.case} cannot be read", f"its folder holds {len(found.studies)} studies", "Give each a folder"
        )
    study: Study = found.studies[0]
    named = {}
    for role, volume_id in row.roles.items():
        volume = found.volume(volume_id)
        if volume is None:
            raise InputError(
                f"Case {row.case} cannot be read", f"it has no volume {volume_id}", "Correct the column roles"
            )
        played = _played(role, row.roles, bundle)
        if played is not None:
            named[played] = volume
    return choose_volumes(study, bundle.system, named, bundle=bundle)


def _played(role: str, named: Mapping[str, str], bundle: Bundle) -> str | None:
    """The role of the bundle that a role of the list is for: its own, or one that it may stand in for."""
    name = role.partition(":")[0]
    if name in bundle.roles:
        return role
    own = {word.partition(":")[0] for word in named}
    standing_in = SYSTEMS[bundle.system].alternatives
    return next((r for r in bundle.roles if name in standing_in.get(r, ()) and r not in own), None)


def region_of(truth: MappedTruth, volume: Volume) -> Region:
    """The truth as a person would circle it: on each slice the smallest circle round a lesion, widened by 10 mm.

    A lesion too small for any voxel of the volume gets one circle at its centre.

    Raises
    ------
    InputError
        The case has no lesion.
    """
    assert volume.grid is not None
    if not truth.lesions:
        raise InputError("There is nothing to look at", "the truth has no lesion", "Leave the case out")
    regions = []
    for n, lesion in enumerate(truth.lesions):
        region = region_of_mask(truth.labels == truth.code_of(n), volume.grid, lesion.id, "truth")
        if region is None:
            x, y, z = truth.counted.lesions[n].voxels_mm[0].tolist()
            circle = Circle((x, y, z), lesion.diameter_mm / 2 + MASK_MARGIN_MM)
            region = LesionRegion(lesion.id, (circle,), "truth", MASK_MARGIN_MM)
        regions.append(region)
    return Region(largest_first(regions))


def known_facts(truth: MappedTruth) -> Facts:
    """The seven clinical facts, as far as the truth states them."""
    return facts_from({name: value for name, value in truth.facts.items() if name in FACT_NAMES})


def class_lesions(truth: MappedTruth) -> tuple[ClassLesion, ...]:
    """The targets with what the truth says of each."""
    if not truth.stated:
        return tuple(ClassLesion(t.id, round(t.diameter_mm, 1)) for t in truth.lesions)
    return tuple(
        ClassLesion(t.id, t.diameter_mm, s.type, s.visible, dict(s.signs), tuple(s.hidden))
        for t, s in zip(truth.lesions, truth.stated, strict=True)
    )


def answer_of(reading: Reading, truth: MappedTruth) -> Answer:
    """Set a reading beside the truth."""
    number = {target.id: n for n, target in enumerate(truth.counted.lesions)}
    hits = match_marks(
        [m.centre_mm for m in reading.marks], [m.score or 0.0 for m in reading.marks], truth.counted.lesions
    )
    # a machine sees the patient as one: its marks carry the patient's rating and are no slices of their own
    slice_scores = [float(s.score) for s in sorted(reading.slices, key=lambda s: s.index)]
    seconds = float(reading.times.get("total") or math.nan) - float(reading.times.get("load") or 0.0)
    any_slice = (reading.parameters or {}).get("any_slice")
    return Answer(
        result=reading.result,
        category=reading.category,
        classes=None if reading.classes is None else dict(reading.classes),
        rating=reading.rating,
        confidence=None if reading.confidence is None else reading.confidence.value,
        any_slice=None if any_slice is None else str(any_slice),
        slice_scores=tuple(slice_scores),
        regions=tuple(
            RegionAnswer(
                score=float(mark.score or 0.0),
                slice=mark.peak_slice,
                extent_mm=mark.extent_mm,
                category=mark.category,
                classes=None if mark.classes is None else dict(mark.classes),
                fate=hit.kind,
                lesion=None if hit.target is None else number[hit.target],
            )
            for mark, hit in zip(reading.marks, hits, strict=True)
        ),
        seconds=round(seconds, 4) if math.isfinite(seconds) else 0.0,
    )


def _read(
    task: CaseTask,
    bundle: Bundle,
    volumes: tuple[tuple[str, Volume], ...],
    region: Region | None,
    facts: Facts | None,
) -> Outcome:
    return read(
        ReadRequest(
            bundle.system,
            volumes,
            device=task.device,
            engine=task.engine,
            case_id=task.row.case,
            bundle_folder=str(task.bundle),
            use_cache=False,  # what was read before took no time: it would be no timing
            region=region,
            facts=facts,
        )
    )
