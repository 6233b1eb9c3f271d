"""Anyone's cases as the loop takes patients: their slices prepared and labelled, kept on disk like drawn ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError, OverreadError
from overread.core.geometry import Grid
from overread.core.processes import run_in_processes
from overread.core.progress import SILENT, Progress
from overread.core.study import Volume
from overread.io import CaseRow, read_cases, read_pixels, read_truth, scan, write_json
from overread.systems.gate import check_headers
from overread.systems.gate_limits import gate_of
from overread.systems.hbp_detection.prepare import prepare
from overread.training.case_labels import case_labels
from overread.training.case_split import TEST, TRAINING, VALIDATION, Member, divide
from overread.training.drawn import DrawnPatient, keep_patient, load_drawn
from overread.training.drawn_folders import ABOUT
from overread.training.recipe import FIRST_TEST_SEED, FIRST_VALIDATION_SEED

ROLE, SYSTEM = "t1-hbp", "hbp-detection"
GATE: dict[str, Any] = {
    "modality": ["MR"],
    "orientation": ["axial"],
    "slices": {"refuse_below": 8, "warn_below": 30},
    "spacing_mm": {"warn_above": 8.0},
}
"""What a bundle of this training lets in; a case that it would refuse is not trained on either."""
PHANTOM = "overread.phantom"
REFUSED = "refused.json"
MOST_NAMED = 10
_FORM = 1
"""Number of the form that cases are kept in: another one prepares them again."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A case that was not used, and why."""

    case: str
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class OwnCases:
    """Cases that can be used, with their sides, and those that cannot. ``identity`` tells this set from another."""

    patients: tuple[DrawnPatient, ...]
    members: tuple[Member, ...]
    sides: dict[str, str]
    left_out: tuple[LeftOut, ...]
    kept_for_test: int
    phantoms: int
    identity: str

    @property
    def training(self) -> list[DrawnPatient]:
        """The patients to train on."""
        return [p for p in self.patients if self.sides[p.name] == TRAINING]

    @property
    def validation(self) -> list[DrawnPatient]:
        """The patients that thresholds are chosen on."""
        return [p for p in self.patients if self.sides[p.name] == VALIDATION]

    @property
    def are_phantoms(self) -> bool:
        """Whether the digital liver drew every one of them."""
        return self.phantoms == len(self.patients)

    def sentence(self) -> str:
        """What was used and what was not, for whoever started the training."""
        counts = f"{len(self.training)} cases to train on, {len(self.validation)} to validate"
        kept = f", {self.kept_for_test} left alone for a test" if self.kept_for_test else ""
        lines = [f"{counts}{kept}, {len(self.left_out)} not used."]
        lines += [f"  {item.case}: {item.why}" for item in self.left_out[:MOST_NAMED]]
        more = len(self.left_out) - MOST_NAMED
        return "\n".join([*lines, *([f"  and {more} more"] if more > 0 else [])])


def prepare_cases(csv_path: Path, folder: Path, seed: int, jobs: int = 1, progress: Progress = SILENT) -> OwnCases:
    """Prepare all cases of a list but those of its test split, which are not even opened.

    Parameters
    ----------
    folder
        Gets a folder a case; what is there of an unchanged case is used again.
    seed
        Of the division of patients that the list leaves open.

    Raises
    ------
    InputError
        The list is wrong, holds phantoms of the test seeds outside its test split, or no case can be used.
    """
    rows = read_cases(csv_path)
    tested = {row.patient for row in rows if row.split == TEST}
    wanted = [row for row in rows if row.split or row.patient not in tested]
    wanted = [row for row in wanted if row.split != TEST]
    _refuse_both_sides(wanted, tested)
    tasks = [(row, folder / _key(row)) for row in wanted]
    for row in wanted:
        _check_seed(row)
    missing = [task for task in tasks if not (task[1] / ABOUT).exists()]
    if missing:
        run_in_processes(_prepare, missing, jobs, "Preparing cases", progress)
    patients, members, left_out, phantoms = [], [], [], 0
    for row, target in tasks:
        why = _refusal(target)
        if why is not None:
            left_out.append(LeftOut(row.case, why))
            continue
        patient = load_drawn(target)
        patients.append(patient)
        members.append(Member(row.case, row.patient, row.split, bool(patient.lesion_areas_mm2().any())))
        phantoms += _generator(row).get("name") == PHANTOM
    if not patients:
        first = f", the first because {left_out[0].why}" if left_out else ""
        raise InputError(
            f"{csv_path.name} cannot be trained on",
            f"none of its {len(rows)} cases can be used{first}",
            "Correct the list",
        )
    identity = hashlib.sha256(json.dumps(sorted(t.name for _, t in tasks)).encode()).hexdigest()
    sides = divide(members, seed)
    return OwnCases(
        tuple(patients), tuple(members), sides, tuple(left_out), len(rows) - len(wanted), phantoms, identity
    )


def volume_to_read(row: CaseRow, volumes: Sequence[Volume]) -> Volume:
    """The volume of a case to train on: the one its row names, else the one that surely plays the role.

    Raises
    ------
    InputError
        There is none or there are several, or a bundle would refuse it.
    """
    named = row.roles.get(ROLE)
    chosen = [v for v in volumes if (v.id.startswith(named) if named else v.role.name == ROLE and v.role.is_sure)]
    if not named and not chosen and len(volumes) == 1 and volumes[0].file_format == "volume-file":
        chosen = list(volumes)  # a NIfTI says nothing of its role, and there is no other
    if len(chosen) != 1:
        raise InputError(
            f"Case {row.case} cannot be trained on",
            f"{len(chosen)} of its {len(volumes)} volumes are surely {ROLE}",
            "Name the volume in the column roles",
        )
    volume = chosen[0]
    gate = dict(GATE) if volume.file_format == "dicom" else {k: v for k, v in GATE.items() if k != "modality"}
    answer = check_headers(volume, gate_of(gate, ROLE, SYSTEM))
    if answer.verdict == "refuse" or volume.grid is None:
        why = ", ".join(answer.reasons) or "its slices form no regular grid"
        raise InputError(f"Case {row.case} cannot be trained on", why, "Leave it out")
    return volume


def _prepare(row: CaseRow, target: Path) -> None:
    """Prepare one case; what is wrong with it alone is kept in words."""
    try:
        volume = volume_to_read(row, list(scan([row.folder], jobs=1).volumes()))
        assert volume.affine is not None
        grid = Grid(volume.shape, volume.affine)
        labels = case_labels(row, grid)
        pixels = read_pixels(volume)
        preparation = prepare(grid, pixels)
    except OverreadError as problem:
        write_json(target / REFUSED, {"why": problem.why})
        return
    used = [k for k in range(volume.frames) if k not in pixels.missing]
    images = np.stack([_as_bytes(preparation.image(pixels.slice_values(k))) for k in used])
    _, step_row, step_column = preparation.affine.spacing_mm
    about = {
        "name": row.case,
        "pixel_mm2": step_row * step_column,
        "pixel_mm": step_row,
        "indices": used,
        "twin_of": [-1] * len(used),
        "count": volume.frames,
        "affine": preparation.affine.matrix.tolist(),
    }
    keep_patient(target, images, np.stack([preparation.labels(labels[k]) for k in used]), about)


def _as_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255 * image).clip(0, 255).astype(np.uint8)


def _refuse_both_sides(rows: Sequence[CaseRow], tested: set[str]) -> None:
    both = [row.case for row in rows if row.patient in tested]
    if both:
        raise InputError(
            "These cases cannot be trained on",
            f"{', '.join(both[:5])} are of patients whose other studies are in the test split",
            "Give all studies of a patient one split",
        )


def _check_seed(row: CaseRow) -> None:
    """Phantoms know their seed, and the seed says which side they belong to."""
    seed = _generator(row).get("seed")
    if not isinstance(seed, int):
        return
    if seed >= FIRST_TEST_SEED:
        raise InputError(
            f"Case {row.case} cannot be trained on",
            f"it is a phantom of seed {seed}, and all from {FIRST_TEST_SEED:,} on are kept for tests",
            "Take it out of the list, or give it the split test",
        )
    if seed >= FIRST_VALIDATION_SEED and row.split != VALIDATION:
        raise InputError(
            f"Case {row.case} cannot be trained on",
            f"it is a phantom of seed {seed}, and all from {FIRST_VALIDATION_SEED:,} on are kept for validation",
            "Give it the split validation, or take it out of the list",
        )


def _generator(row: CaseRow) -> dict[str, Any]:
    """What drew a case, by its truth.json; empty where nothing says so."""
    if row.truth is None or row.truth.suffix.lower() != ".json":
        return {}
    try:
        return dict(read_truth(row.truth).generator)
    except OverreadError:
        return {}


def _refusal(target: Path) -> str | None:
    if (target / ABOUT).exists():
        return None
    document = json.loads((target / REFUSED).read_text(encoding="utf-8"))
    return str(document["why"])


def _key(row: CaseRow) -> str:
    """Name of a case's folder: another truth, another label or other files make another. It names no patient."""
    truth = [] if row.truth is None else [row.truth, *(row.truth.parent / name for name in _mask_files(row))]
    parts = [_FORM, row.case, row.label, sorted(row.roles.items()), _seen(row.folder), [_seen(p) for p in truth]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def _mask_files(row: CaseRow) -> list[str]:
    if row.truth is None or row.truth.suffix.lower() != ".json":
        return []
    try:
        truth = read_truth(row.truth)
    except OverreadError:
        return []
    refs = [*truth.structures.values(), *(lesion.mask for lesion in truth.lesions if lesion.mask is not None)]
    return sorted({ref.file for ref in refs})


def _seen(path: Path) -> list[Any]:
    """Names, sizes and times of a file or of all files below a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            continue
        found.append([str(file.relative_to(path)) if path.is_dir() else file.name, state.st_size, state.st_mtime_ns])
    return found
