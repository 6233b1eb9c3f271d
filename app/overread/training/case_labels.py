"""The label map of somebody's case on its volume's grid: from masks, from a DICOM segmentation, from marks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.core.truth import Lesion, MaskRef, Truth
from overread.io import CaseRow, read_mask, read_truth
from overread.io.segmentation_reader import SegmentInfo, is_dicom_file, list_segments
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS
from overread.systems.truth_maps import MOST_LESIONS, lesion_segments, lesions_of_mask, recoded

MOST_FINDINGS = FIRST_LESION - FIRST_FINDING
WITHOUT_LESION = "none"


def case_labels(row: CaseRow, grid: Grid) -> NDArray[np.uint8]:
    """Codes of the digital liver on a grid: structures, findings from 40, lesion n that is sought at 100 + n.

    Parameters
    ----------
    row
        Its ``truth`` is a truth.json (lesions with masks, or as marks: the ball of their diameter), a label map
        (each value a lesion; of a single value each connected part) or a DICOM segmentation (its segments that are
        named as tumours, or its only one). Without a truth its label must be ``none``.

    Returns
    -------
    ndarray
        uint8 [k, j, i] of the grid's shape.

    Raises
    ------
    InputError
        There is no truth, or nothing can be told from it.
    GeometryError
        A mask lies elsewhere in the patient.
    """
    if row.truth is None:
        if row.label == WITHOUT_LESION:
            return np.zeros(grid.shape, dtype=np.uint8)
        raise _unusable(row, "it has no truth, and its label is not none")
    if row.truth.suffix.lower() == ".json":
        return _of_truth(row, read_truth(row.truth), grid)
    if is_dicom_file(row.truth):
        mask = read_mask(row.truth, grid, _segments(row, list_segments(row.truth)))
    else:
        mask = read_mask(row.truth, grid)
    labels = lesions_of_mask(mask, grid, _what(row))
    if not labels.any() and row.label != WITHOUT_LESION:
        raise _unusable(row, "its mask is empty on this volume, and its label is not none")
    return labels


def _of_truth(row: CaseRow, truth: Truth, grid: Grid) -> NDArray[np.uint8]:
    assert row.truth is not None
    findings = [lesion for lesion in truth.lesions if not lesion.is_target]
    if len(truth.targets) > MOST_LESIONS or len(findings) > MOST_FINDINGS:
        raise _unusable(row, "its truth holds more lesions than can be told apart")
    masked: list[tuple[MaskRef, int]] = [(r, LABELS[name]) for name, r in truth.structures.items() if name in LABELS]
    marked: list[tuple[Lesion, int]] = []
    for first, lesions in ((FIRST_FINDING, findings), (FIRST_LESION, truth.targets)):
        for n, lesion in enumerate(lesions):
            if lesion.mask is None:
                marked.append((lesion, first + n))
            else:
                masked.append((lesion.mask, first + n))
    labels = recoded(masked, row.truth.parent, grid)
    for lesion, code in marked:
        _mark(labels, grid, lesion, code)
    return labels


def _mark(labels: NDArray[np.uint8], grid: Grid, lesion: Lesion, code: int) -> None:
    """Give the voxels of a lesion's ball its code; one too small for any voxel gets the nearest."""
    k, j, i = (int(v) for v in np.rint(grid.affine.to_index(np.array([lesion.centre_mm]))[0]))
    radius = lesion.diameter_mm / 2
    reach = [int(np.ceil(radius / step)) + 1 for step in grid.affine.spacing_mm]
    sides = [
        np.arange(max(centre - r, 0), min(centre + r + 1, count))
        for centre, r, count in zip((k, j, i), reach, grid.shape, strict=True)
    ]
    if not all(side.size for side in sides):
        return
    index = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
    away = np.linalg.norm(grid.affine.to_mm(index) - np.array(lesion.centre_mm), axis=-1)
    inside = away <= max(radius, float(away.min()) + 1e-6)
    box = np.s_[sides[0][0] : sides[0][-1] + 1, sides[1][0] : sides[1][-1] + 1, sides[2][0] : sides[2][-1] + 1]
    labels[box] = np.where(inside, np.maximum(labels[box], code), labels[box])


def _segments(row: CaseRow, segments: list[SegmentInfo]) -> list[int]:
    found = lesion_segments(segments)
    if not found and row.label != WITHOUT_LESION:
        raise _unusable(row, "none of its truth's segments is named as a lesion or tumour")
    return found


def _what(row: CaseRow) -> str:
    name = "" if row.truth is None else f" ({Path(row.truth).name})"
    return f"Case {row.case}{name} cannot be trained on"


def _unusable(row: CaseRow, why: str) -> InputError:
    return InputError(_what(row), why, "Correct its line, or leave it out")
