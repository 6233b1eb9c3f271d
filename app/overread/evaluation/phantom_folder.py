"""One phantom case on disk: DICOM as from a scanner, label maps, a DICOM segmentation, and the truth last."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overread.core.progress import SILENT, Progress
from overread.core.truth import MaskRef, Truth
from overread.io import OutVolume, Segment, uid_from, write_mask, write_segmentation, write_series, write_truth
from overread.phantom import LABELS, VERSION, Case, Protocol, Volume, make_case, mask_file
from overread.phantom import headers as head

TRUTH_FILE, SERIES_FOLDER, MASKS_FOLDER = "truth.json", "series", "truth"
SEGMENTATION_FILE, SEGMENTS_FILE = "truth-seg.dcm", "couinaud.nii.gz"
SYNTAXES = ("native", "rle", "jpeg-ls", "jpeg-2000")


@dataclass(frozen=True, slots=True)
class CaseOrder:
    """One case to make. ``diameter_mm`` restricts the lesions; ``enhanced`` and ``syntax`` say how it is written.

    ``roles``: the only volumes that are made; empty for all of the study.
    """

    kind: str
    seed: int
    site: str = "internal"
    normals: float = 0.0
    diameter_mm: tuple[float, float] | None = None
    enhanced: bool = False
    syntax: str = "native"
    roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the case."""
        return f"{self.kind}-{self.seed}"

    @property
    def uid_key(self) -> str:
        """What the UIDs of the case follow from: all that changes a byte of it."""
        low, high = self.diameter_mm or (0, 0)
        ways = f"{self.normals:g}/{low:g}-{high:g}/{self.enhanced}/{self.syntax}"
        only = f"/{','.join(self.roles)}" if self.roles else ""
        return f"{self.name}/{self.site}/{VERSION}/{ways}{only}"

    def as_generator(self) -> dict[str, object]:
        """What the truth says of the order beside kind, site and seed."""
        return {
            "normals": self.normals,
            "diameter_mm": None if self.diameter_mm is None else list(self.diameter_mm),
            "enhanced": self.enhanced,
            "syntax": self.syntax,
            "roles": list(self.roles) or None,
        }


def case_folder(folder: Path, order: CaseOrder) -> Path:
    """Where a case lies in its cohort."""
    return folder / "cases" / order.name


def make_case_folder(order: CaseOrder, folder: Path, progress: Progress = SILENT) -> Path:
    """Make one case: images, masks, and truth last, so that a case with a truth is whole."""
    roles = order.roles or None
    case = make_case(order.kind, order.seed, order.site, order.normals, order.diameter_mm, progress, roles)
    target = case_folder(folder, order)
    for part in (SERIES_FOLDER, MASKS_FOLDER):
        shutil.rmtree(target / part, ignore_errors=True)  # what a broken-off call left
    frame = uid_from(f"{order.uid_key}/frame")
    sources = _write_images(case, order, target / SERIES_FOLDER, frame, progress)
    truth = _write_masks(case, target / MASKS_FOLDER, sources)
    generator = {**case.truth.generator, **order.as_generator()}
    write_truth(target / TRUTH_FILE, dataclasses.replace(truth, frame_of_reference=frame, generator=generator))
    return target


def _write_images(case: Case, order: CaseOrder, folder: Path, frame: str, progress: Progress) -> list[Path]:
    """Write every series; returns the files of the reference volume, by slice."""
    first = next(iter(case.volumes.values())).protocol
    habits = head.draw_habits(order.seed, first.vendor, first.language)
    study = uid_from(f"{order.uid_key}/study")
    sources: list[Path] = []
    for number in sorted({volume.protocol.series for volume in case.volumes.values()}):
        members = [volume for volume in case.volumes.values() if volume.protocol.series == number]
        out = [
            OutVolume(
                v.stored, v.slope, v.intercept, v.affine, dicom_attributes(case, v, habits, is_enhanced=order.enhanced)
            )
            for v in members
        ]
        name = f"{number:02d}-{members[0].protocol.role.split(':')[0]}"
        paths = write_series(
            folder / name,
            out,
            study_uid=study,
            series_uid=uid_from(f"{order.uid_key}/series-{number}"),
            frame_of_reference_uid=frame,
            enhanced=order.enhanced,
            syntax=order.syntax,
            character_set=habits.character_set,
            progress=progress,
        )
        if case.reference in members:
            at = members.index(case.reference) * case.reference.stored.shape[0]
            sources = paths if order.enhanced else paths[at : at + case.reference.stored.shape[0]]
    return sources


def _write_masks(case: Case, folder: Path, sources: Sequence[Path]) -> Truth:
    """Label maps of every volume, Couinaud map and segmentation of the reference; the truth that points to them."""
    for role, volume in case.volumes.items():
        write_mask(folder / mask_file(role), volume.labels, volume.affine)
    reference = case.reference
    write_mask(folder / SEGMENTS_FILE, case.segments, reference.affine)
    write_segmentation(
        folder / SEGMENTATION_FILE,
        _segments(case),
        affine=reference.affine,
        sources=sources,
        description="Truth of a phantom",
        maker={"manufacturer": "Overread", "model": "Digital liver", "version": VERSION},
    )

    def moved(ref: MaskRef) -> MaskRef:
        return dataclasses.replace(ref, file=f"{MASKS_FOLDER}/{ref.file}")

    lesions = tuple(
        dataclasses.replace(lesion, mask=None if lesion.mask is None else moved(lesion.mask))
        for lesion in case.truth.lesions
    )
    structures = {name: moved(ref) for name, ref in case.truth.structures.items()}
    return dataclasses.replace(case.truth, lesions=lesions, structures=structures)


def _segments(case: Case) -> list[Segment]:
    """Liver, Couinaud segments, vessels, gallbladder and every lesion of the reference volume."""
    labels = case.reference.labels
    inside = case.segments > 0
    segments = [Segment("Liver", "liver", inside)]
    for number in range(1, 9):
        mask = case.segments == number
        if mask.any():
            segments.append(Segment(f"Segment {number}", f"segment-{number}", mask))
    for name, kind in (("vessel", "vessel"), ("gallbladder", "gallbladder")):
        mask = labels == LABELS[name]
        if mask.any():
            segments.append(Segment(name.capitalize(), kind, mask))
    marked = [(lesion, lesion.mask.label) for lesion in case.truth.lesions if lesion.mask is not None]
    return segments + [Segment(lesion.id, lesion.type, np.asarray(labels == code)) for lesion, code in marked]


def dicom_attributes(case: Case, volume: Volume, habits: head.Habits, is_enhanced: bool = False) -> dict[str, object]:
    """What the headers of a volume say, by DICOM keyword: the protocol as drawn, and that it is a phantom."""
    protocol = volume.protocol
    role = protocol.role.split(":")[0]
    facts = case.truth.facts
    injection = habits.start_s + 900
    common: dict[str, object] = {
        "PatientName": f"Phantom^{case.name}",
        "PatientID": case.name,
        "StudyID": case.name[:16],
        "PatientSex": {"male": "M", "female": "F"}.get(str(facts.get("sex")), ""),
        "PatientAge": f"{int(str(facts.get('age_y', 0))):03d}Y",
        "PatientWeight": f"{facts.get('weight_kg', '')}",
        "PatientSize": f"{facts.get('height_m', '')}",
        "StudyDescription": "Digital liver (a phantom)",
        "SeriesNumber": protocol.series,
        "BodyPartExamined": "LIVER",
        "Manufacturer": protocol.manufacturer,
        "ManufacturerModelName": protocol.model,
        "SliceThickness": f"{protocol.slice_thickness_mm:g}",
    }
    attributes = {
        **_modality_attributes(protocol, role, _b_values(case, protocol), case.patient.tube_mas(protocol.role)),
        **common,
    }
    attributes |= head.timing_attributes(injection_s=injection, seconds=_seconds(protocol, role))
    if protocol.phase.name != "pre":
        attributes |= head.contrast_attributes(protocol.agent, case.patient.seed, habits, injection)
    if role == "dwi":
        attributes |= head.diffusion_attributes(
            protocol.vendor, protocol.sequence.b_value, habits.b_style, is_enhanced=is_enhanced
        )
    return attributes


def _modality_attributes(protocol: Protocol, role: str, b_values: tuple[float, ...], mas: float) -> dict[str, object]:
    if protocol.modality == "CT":
        return head.ct_attributes(
            protocol.vendor,
            role,
            description=protocol.description,
            kernel=protocol.kernel,
            kvp=protocol.kvp,
            mas=mas,
            thickness_mm=protocol.slice_thickness_mm,
            field_of_view_mm=protocol.pixel_mm * protocol.columns,
            padding=-2000 if protocol.vendor == "ge" else None,
        )
    sequence = protocol.sequence
    return head.mr_attributes(
        protocol.vendor,
        role,
        description=protocol.description,
        field_t=protocol.field_t,
        tr_ms=sequence.tr_ms,
        te_ms=sequence.te_ms,
        flip_deg=sequence.flip_deg,
        thickness_mm=protocol.slice_thickness_mm,
        is_fat_suppressed=protocol.fat_suppressed,
        b_value=sequence.b_value if role in ("dwi", "adc") else None,
        b_values=b_values,
        acquired=protocol.acquired_matrix,
        phase_direction=protocol.phase_direction,
        bandwidth_hz_per_px=protocol.bandwidth_hz_per_px,
    )


def _b_values(case: Case, protocol: Protocol) -> tuple[float, ...]:
    members = [v.protocol for v in case.volumes.values() if v.protocol.series == protocol.series]
    return tuple(p.sequence.b_value for p in members if p.role.startswith("dwi"))


def _seconds(protocol: Protocol, role: str) -> float:
    """Begin of a volume after the injection; what needs no contrast was taken before it, in the order of the series."""
    if protocol.phase.name != "pre":
        return protocol.phase.seconds
    return -60.0 if role in ("t1-pre", "ct-pre") else -840.0 + 90.0 * (protocol.series % 50)
