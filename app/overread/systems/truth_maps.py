"""Somebody's masks as one label map in the codes of the digital liver: the same for training and for evaluation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.core.truth import MaskRef
from overread.io import read_mask
from overread.io.segmentation_reader import SegmentInfo
from overread.phantom import FIRST_LESION, LABELS

MOST_LESIONS = 256 - FIRST_LESION
LARGEST_BESIDE_OTHERS_ML = 500.0
"""In a bare map of several values a larger one is an organ rather than a lesion of 10 cm [A]."""
_SOUGHT = re.compile(r"\b(lesions?|tumou?rs?|hcc|\w*carcinomas?|neoplasms?|mass(es)?|malignan\w*)\b", re.IGNORECASE)
_NOT_SOUGHT = re.compile(r"\b(cyst|ha?emangioma|nodule|fnh|abscess)", re.IGNORECASE)


def recoded(codes: Iterable[tuple[MaskRef, int]], folder: Path, grid: Grid) -> NDArray[np.uint8]:
    """One label map uint8 [k, j, i] of all masks; where several claim a voxel the highest code wins."""
    by_file: dict[str, list[tuple[int, int]]] = {}
    for ref, code in codes:
        by_file.setdefault(ref.file, []).append((ref.label, code))
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for file, pairs in by_file.items():
        table = np.zeros(256, dtype=np.uint8)
        for value, code in pairs:
            table[value] = code
        np.maximum(labels, table[read_mask(folder / file, grid)], out=labels)
    return labels


def lesions_of_mask(mask: NDArray[np.uint8], grid: Grid, what: str) -> NDArray[np.uint8]:
    """A bare label map with lesion n at ``FIRST_LESION`` + n: every value is one; of a single value each part.

    Parameters
    ----------
    what
        Begins the sentence when the map cannot be used: ``Case 7 cannot be evaluated``.

    Raises
    ------
    InputError
        It has too many parts, or one of several values is as large as an organ.
    """
    from scipy import ndimage

    values = np.unique(mask[mask > 0])
    if values.size > 1:
        table = np.zeros(256, dtype=np.intp)
        table[values] = np.arange(1, values.size + 1)
        parts: NDArray[np.intp] = table[mask]
        millilitres = np.bincount(parts.ravel())[1:] * float(np.prod(grid.affine.spacing_mm)) / 1000
        if millilitres.max() > LARGEST_BESIDE_OTHERS_ML:
            large = int(values[int(np.argmax(millilitres))])
            raise InputError(
                what,
                f"value {large} of its mask covers {millilitres.max():.0f} mL, which is an organ rather than a lesion",
                "Leave that value out, or say in a truth.json what each value is",
            )
    else:
        parts = np.asarray(ndimage.label(mask > 0, structure=np.ones((3, 3, 3)))[0], dtype=np.intp)
    if (count := int(parts.max(initial=0))) > MOST_LESIONS:
        raise InputError(what, f"its mask falls into {count} parts", "Give each lesion a value of its own")
    return np.where(parts > 0, parts + (FIRST_LESION - 1), 0).astype(np.uint8)


def lesion_segments(segments: Sequence[SegmentInfo]) -> list[int]:
    """Numbers of the segments that outline what is sought: those named so, else the only one if it is no organ."""
    named = []
    for segment in segments:
        words = f"{segment.label} {segment.meaning}".replace("-", " ").replace("_", " ")
        if _SOUGHT.search(words) and not _NOT_SOUGHT.search(words):
            named.append(segment.number)
    if not named and len(segments) == 1 and segments[0].label.lower() not in LABELS:
        return [segments[0].number]
    return named
