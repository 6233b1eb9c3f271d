"""The label map of somebody's case on its volume's grid: from masks, from a DICOM segmentation, from marks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.core.truth import Lesion, MaskRef, Truth
from overread.io import CaseRow, read_mask, read_truth
from overread.io.segmentation_reader import SegmentInfo, is_dicom_file, list_segments
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS

MOST_LESIONS, MOST_FINDINGS = 256 - FIRST_LESION, FIRST_LESION - FIRST_FINDING
WITHOUT_LESION = "none"
_LESION_WORDS = re.compile(r"\b(lesions?|tumou?rs?|hcc|carcinomas?|neoplasms?|mass(es)?|malignan\w*)\b", re.IGNORECASE)
_NOT_SOUGHT = re.compile(r"\b(cyst|h[a]?emangioma|nodule|fnh|abscess)", re.IGNORECASE)


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
        mask = read_mask(row.truth, grid, _lesion_segments(row, list_segments(row.truth)))
    else:
        mask = read_mask(row.truth, grid)
    labels = _of_mask(row, mask)
    if not labels.any() and row.label != WITHOUT_LESION:
        raise _unusable(row, "its mask is empty on this volume, and its label is not none")
    return labels


def _of_truth(row: CaseRow, truth: Truth, grid: Grid) -> NDArray[np.uint8]:
    assert row.truth is not None
    findings = [lesion for lesion in truth.lesions if not lesion.is_target]
    if len(truth.targets) > MOST_LESIONS or len(findings) > MOST_FINDINGS:
        raise _unusable(row, "its truth holds more lesions than can be told apart")
    labels = np.zeros(grid.shape, dtype=np.uint8)
    codes: dict[str, list[tuple[int, int]]] = {}
    masked: list[tuple[MaskRef, int]] = [(r, LABELS[name]) for name, r in truth.structures.items() if name in LABELS]
    marked: list[tuple[Lesion, int]] = []
    for first, lesions in ((FIRST_FINDING, findings), (FIRST_LESION, truth.targets)):
        for n, lesion in enumerate(lesions):
            if lesion.mask is None:
                marked.append((lesion, first + n))
            else:
                masked.append((lesion.mask, first + n))
    for ref, code in masked:
        codes.setdefault(ref.file, []).append((ref.label, code))
    for file, pairs in codes.items():
        table = np.zeros(256, dtype=np.uint8)
        for value, code in pairs:
            table[value] = code
        np.maximum(labels, table[read_mask(row.truth.parent / file, grid)], out=labels)
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


def _of_mask(row: CaseRow, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from scipy import ndimage

    values = np.unique(mask[mask > 0])
    if values.size > 1:
        table = np.zeros(256, dtype=np.intp)
        table[values] = np.arange(1, values.size + 1)
        parts: NDArray[np.intp] = table[mask]
    else:
        parts = np.asarray(ndimage.label(mask > 0, structure=np.ones((3, 3, 3)))[0], dtype=np.intp)
    if parts.max(initial=0) > MOST_LESIONS:
        raise _unusable(row, f"its mask falls into {parts.max()} parts")
    return np.where(parts > 0, parts + (FIRST_LESION - 1), 0).astype(np.uint8)


def _lesion_segments(row: CaseRow, segments: list[SegmentInfo]) -> list[int]:
    """Numbers of the segments that outline what is sought."""
    named = [
        s.number
        for s in segments
        if _LESION_WORDS.search(f"{s.label} {s.meaning}".replace("-", " ").replace("_", " "))
        and not _NOT_SOUGHT.search(f"{s.label} {s.meaning}")
    ]
    if named:
        return named
    if len(segments) == 1 and segments[0].label.lower() not in LABELS:
        return [segments[0].number]
    if row.label == WITHOUT_LESION:
        return []
    raise _unusable(row, "none of its truth's segments is named as a lesion or tumour")


def _unusable(row: CaseRow, why: str) -> InputError:
    name = "" if row.truth is None else f" ({Path(row.truth).name})"
    return InputError(f"Case {row.case}{name} cannot be trained on", why, "Correct its line, or leave it out")
