"""Cohorts of phantoms on disk: DICOM as from a scanner, truth beside it, a cases.csv over all."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from overread.core.errors import InputError
from overread.core.processes import run_in_processes
from overread.core.progress import SILENT, Progress
from overread.io import CaseRow, read_truth, uid_from, write_cases, write_mask, write_mr_series, write_truth
from overread.phantom import KINDS, SITES, VERSION, Case, make_case

CASES_CSV, TRUTH_FILE, MASK_FILE, SERIES_FOLDER = "cases.csv", "truth.json", "truth-mask.nii.gz", "series"
VALIDATION_FROM, TEST_FROM, EXTERNAL_FROM = 800_000, 900_000, 1_000_000


@dataclass(frozen=True, slots=True)
class CaseOrder:
    """One case to make."""

    kind: str
    seed: int
    site: str
    normals: float


def orders(kind: str, count: int, seed: int, site: str, normals: float) -> list[CaseOrder]:
    """Cases with consecutive seeds.

    Raises
    ------
    InputError
        No such kind or site, no cases asked for, or a share that is none.
    """
    if kind not in KINDS:
        raise InputError(
            f"There are no phantoms of kind {kind!r}",
            f"the kinds are {', '.join(KINDS)}",
            "Choose one of them with --kind",
        )
    if site not in SITES[kind]:
        raise InputError(
            f"There is no site {site!r} for {kind}",
            f"the sites are {', '.join(SITES[kind])}",
            "Choose one of them with --site",
        )
    if count < 1 or seed < 0 or not 0 <= normals <= 1:
        raise InputError(
            "This cohort cannot be made",
            "it needs at least one case, a seed from 0 and a share of normals between 0 and 1",
            "Correct --cases, --seed or --normals",
        )
    return [CaseOrder(kind, seed + n, site, normals) for n in range(count)]


def make_cohort(folder: Path, wanted: Sequence[CaseOrder], jobs: int = 2, progress: Progress = SILENT) -> Path:
    """Make the cases that are not there yet, then cases.csv; returns its path."""
    missing = [order for order in wanted if not (case_folder(folder, order) / TRUTH_FILE).exists()]
    for order in wanted:
        if order not in missing:
            _check_same(order, case_folder(folder, order) / TRUTH_FILE)
    if missing:
        run_in_processes(make_case_folder, [(order, folder) for order in missing], jobs, "Making phantoms", progress)
    write_cases(folder / CASES_CSV, [_row(folder, order) for order in wanted])
    return folder / CASES_CSV


def _check_same(order: CaseOrder, truth_file: Path) -> None:
    """Refuse to take a case of another site, share of normals or version of the digital liver for the one ordered."""
    found = read_truth(truth_file).generator
    wanted = {"version": VERSION, "kind": order.kind, "site": order.site, "seed": order.seed, "normals": order.normals}
    other = [f"{key} {found.get(key)}" for key, value in wanted.items() if found.get(key) != value]
    if other:
        raise InputError(
            "These cases cannot be made",
            f"{truth_file.parent.name} is already there, with {', '.join(other)}",
            "Name another folder",
        )


def case_folder(folder: Path, order: CaseOrder) -> Path:
    """Where a case lies in its cohort."""
    return folder / "cases" / f"{order.kind}-{order.seed}"


def make_case_folder(order: CaseOrder, folder: Path, progress: Progress = SILENT) -> Path:
    """Make one case: images, mask, and truth last, so that a case with a truth is whole."""
    case = make_case(order.kind, order.seed, order.site, order.normals, progress)
    target = case_folder(folder, order)
    shutil.rmtree(target / SERIES_FOLDER, ignore_errors=True)  # what a broken-off call left
    frame = uid_from(f"{case.name}/{order.site}/frame")
    write_mr_series(
        target / SERIES_FOLDER,
        stored=case.stored,
        slope=case.slope,
        intercept=case.intercept,
        affine=case.affine,
        attributes=dicom_attributes(case),
        study_uid=uid_from(f"{case.name}/{order.site}/study"),
        series_uid=uid_from(f"{case.name}/{order.site}/series"),
        frame_of_reference_uid=frame,
        progress=progress,
    )
    write_mask(target / MASK_FILE, case.labels, case.affine)
    generator = {**case.truth.generator, "normals": order.normals}
    truth = dataclasses.replace(case.truth, frame_of_reference=frame, generator=generator)
    write_truth(target / TRUTH_FILE, truth)
    return target


def dicom_attributes(case: Case) -> dict[str, object]:
    """What the header of a case says, by DICOM keyword: the protocol as drawn, and that it is a phantom."""
    protocol = case.patient.protocol
    return {
        "PatientName": f"Phantom^{case.name}",
        "PatientID": case.name,
        "StudyID": case.name[:16],
        "PatientSex": {"male": "M", "female": "F"}.get(str(case.truth.facts.get("sex")), ""),
        "StudyDescription": "Digital liver (a phantom)",
        "SeriesDescription": protocol.series_description,
        "ProtocolName": protocol.protocol_name,
        "SeriesNumber": 1,
        "BodyPartExamined": "LIVER",
        "Manufacturer": protocol.manufacturer,
        "ManufacturerModelName": protocol.model,
        "MagneticFieldStrength": protocol.field_t,
        "SequenceName": protocol.sequence_name[:16],
        "ReceiveCoilName": protocol.receive_coil[:16],
        "RepetitionTime": protocol.tr_ms,
        "EchoTime": protocol.te_ms,
        "EchoTrainLength": 1,
        "FlipAngle": protocol.flip_deg,
        "SliceThickness": protocol.slice_thickness_mm,
        "ScanningSequence": "GR",
        "SequenceVariant": "SP",
        "MRAcquisitionType": "3D",
        "InPlanePhaseEncodingDirection": protocol.phase_direction,
        "PixelBandwidth": protocol.bandwidth_hz_per_px,
    }


def split_of(seed: int) -> str:
    """Which split a seed belongs to (CONTRACT section 5)."""
    return "train" if seed < VALIDATION_FROM else "validation" if seed < TEST_FROM else "test"


def _row(folder: Path, order: CaseOrder) -> CaseRow:
    target = case_folder(folder, order)
    label = read_truth(target / TRUTH_FILE).label
    name = f"{order.kind}-{order.seed}"
    return CaseRow(
        case=name,
        patient=f"p{order.seed}",
        site=order.site,
        split=split_of(order.seed),
        folder=target,
        roles={},
        label=label,
        truth=target / TRUTH_FILE,
    )
