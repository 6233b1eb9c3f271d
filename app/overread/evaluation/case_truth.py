"""The truth of one case on the grid of its volume, from a truth.json or a mask, in the codes of the digital liver."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Affine, Grid
from overread.core.hits import Target
from overread.core.truth import Lesion, MaskRef, Truth
from overread.io import CaseRow, read_mask, read_truth
from overread.io.segmentation_reader import is_dicom_file, list_segments
from overread.io.volume_maps import of_volume
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS, mask_file
from overread.systems.hbp_detection.measure import CaseTruth, truth_of
from overread.systems.truth_maps import MOST_LESIONS, lesion_segments, lesions_of_mask, recoded

LIVER = (LABELS["liver"], LABELS["vessel"], LABELS["fissure"])
PHANTOM = "overread.phantom"


@dataclass(frozen=True, slots=True)
class TargetLesion:
    """A lesion to be found. ``is_typical``, ``is_visible``: None where the truth does not say."""

    id: str
    diameter_mm: float
    is_typical: bool | None
    is_visible: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class MappedTruth:
    """Truth of a case.

    ``labels`` uint8 [k, j, i], codes of the digital liver: structures, findings from 40, target lesion n at 100 + n.
    ``has_structures``: whether anything but lesions is mapped. ``finding_types``: code -> type of a finding.
    ``counted``: slices and targets as the systems count them; ``lesions`` are its targets, in the same order.
    ``generator``: what drew the case; empty for a real one. ``stated``: the truth's own lesions, in the same order as
    ``lesions``; empty where a bare mask is all there is. ``facts``: of the patient.
    """

    labels: NDArray[np.uint8]
    affine: Affine
    counted: CaseTruth
    lesions: tuple[TargetLesion, ...]
    has_structures: bool
    finding_types: dict[int, str]
    generator: dict[str, object]
    stated: tuple[Lesion, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_phantom(self) -> bool:
        """Whether the digital liver drew it."""
        return self.generator.get("name") == PHANTOM

    def inside_liver(self, k: int) -> NDArray[np.bool_]:
        """Liver of slice k with all that lies in it; all False where the truth maps no liver."""
        return np.asarray(np.isin(self.labels[k], LIVER) | (self.labels[k] >= FIRST_FINDING))

    def code_of(self, lesion: int) -> int:
        """Value of a lesion in the labels."""
        return FIRST_LESION + lesion


def map_truth(row: CaseRow, grid: Grid, role: str | None = None) -> MappedTruth:
    """Read the truth of a case onto the grid of its volume.

    Parameters
    ----------
    role
        Of the volume. The digital liver maps every volume, since breathing moves a liver between two of them; with a
        role its map of that volume is taken, otherwise the one that the truth names.

    Raises
    ------
    InputError
        There is no truth, or it has no map of its lesions, or is of a kind that cannot be read.
    GeometryError
        The map lies elsewhere in the patient.
    """
    if row.truth is None:
        raise _cannot(row, "it has no truth", "Give the column truth a file")
    if row.truth.suffix.lower() == ".json":
        truth, folder = read_truth(row.truth), row.truth.parent
        is_drawn = truth.generator.get("name") == PHANTOM
        return _from_truth(row, of_volume(truth, folder, role) if is_drawn else truth, folder, grid)
    if not is_dicom_file(row.truth):
        return _from_mask(row, read_mask(row.truth, grid), grid)
    wanted = lesion_segments(list_segments(row.truth))
    if not wanted:
        raise _cannot(row, "no segment of its truth is called a lesion", "Name one HCC, tumour or lesion")
    return _from_mask(row, read_mask(row.truth, grid, wanted), grid)


def map_files(truth: Path) -> list[Path]:
    """The files in which a truth.json's maps lie, in order of their names: those it refers to, and those that the
    digital liver leaves beside it for each volume.

    None of a bare mask, which is its own map, nor of a document that cannot be read: its own bytes are all there is.
    """
    if truth.suffix.lower() != ".json" or not truth.is_file():
        return []
    found = set(truth.parent.glob(mask_file("*")))
    with suppress(InputError):
        stated = read_truth(truth)
        refs = [*(t.mask for t in stated.lesions if t.mask is not None), *stated.structures.values()]
        found |= {truth.parent / ref.file for ref in refs}
    return sorted(path for path in found if path.is_file())


def map_digests(truth: Path) -> list[str]:
    """SHA-256 of each of ``map_files``: a corrected mask is another truth."""
    return [sha256(path.read_bytes()).hexdigest() for path in map_files(truth)]


def _from_truth(row: CaseRow, truth: Truth, folder: Path, grid: Grid) -> MappedTruth:
    targets = sorted(truth.targets, key=lambda lesion: lesion.mask is None)
    findings = [lesion for lesion in truth.lesions if not lesion.is_target and lesion.mask is not None]
    if len(targets) > MOST_LESIONS or len(findings) > FIRST_LESION - FIRST_FINDING:
        raise _cannot(row, "its truth holds more lesions than can be told apart", "Leave it out of the list")
    codes: list[tuple[MaskRef, int]] = [(ref, LABELS[name]) for name, ref in truth.structures.items() if name in LABELS]
    codes += [(f.mask, FIRST_FINDING + n) for n, f in enumerate(findings) if f.mask is not None]
    codes += [(t.mask, FIRST_LESION + n) for n, t in enumerate(targets) if t.mask is not None]
    if targets and not codes:
        raise _cannot(row, "its truth has no label map", "Give every lesion a mask")
    labels = recoded(codes, folder, grid)
    drawn = truth_of(labels, grid.affine)
    mapped = {target.id: target for target in drawn.lesions}
    lesions = tuple(_target(t, n, mapped) for n, t in enumerate(targets))
    return MappedTruth(
        labels,
        grid.affine,
        CaseTruth(drawn.slice_labels, lesions),
        tuple(TargetLesion(f"L{n + 1}", t.diameter_mm, t.typical, t.visible) for n, t in enumerate(targets)),
        bool(truth.structures),
        {FIRST_FINDING + n: f.type for n, f in enumerate(findings)},
        dict(truth.generator),
        tuple(targets),
        dict(truth.facts),
    )


def _target(lesion: Lesion, number: int, mapped: dict[str, Target]) -> Target:
    """Its voxels; of a lesion too small for any voxel its centre, which a mark must reach within the same margin."""
    name = f"L{number + 1}"
    return mapped.get(name) or Target(name, np.array([lesion.centre_mm], dtype=np.float64))


def _from_mask(row: CaseRow, mask: NDArray[np.uint8], grid: Grid) -> MappedTruth:
    """A bare label map: every value is a lesion; of a map with one value every connected part is one."""
    labels = lesions_of_mask(mask, grid, _what(row))
    counted = truth_of(labels, grid.affine)
    lesions = tuple(
        TargetLesion(t.id, _largest_diameter(labels, FIRST_LESION + n, grid), None, None)
        for n, t in enumerate(counted.lesions)
    )
    return MappedTruth(labels, grid.affine, counted, lesions, False, {}, {})


def _largest_diameter(labels: NDArray[np.uint8], code: int, grid: Grid) -> float:
    return float(slice_diameters(labels, code, grid.affine).max())


def slice_diameters(labels: NDArray[np.uint8], code: int, affine: Affine) -> NDArray[np.float64]:
    """Diameter, mm, of the circle with the area that a lesion has on each slice (k,); 0 where it is not."""
    _, step_row, step_column = affine.spacing_mm
    areas = (labels == code).reshape(labels.shape[0], -1).sum(axis=1) * (step_row * step_column)
    return np.asarray(2 * np.sqrt(areas / math.pi), dtype=np.float64)


def without_truth(rows: list[CaseRow]) -> tuple[list[CaseRow], list[CaseRow]]:
    """The cases that can be counted, and those that cannot because nobody says what is true of them."""
    return [r for r in rows if r.truth is not None], [r for r in rows if r.truth is None]


def _cannot(row: CaseRow, why: str, remedy: str) -> InputError:
    return InputError(_what(row), why, remedy)


def _what(row: CaseRow) -> str:
    return f"Case {row.case} cannot be evaluated"
