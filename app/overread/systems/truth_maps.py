"""Somebody's masks as one label map in the codes of the digital liver: the same for training and for evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Grid
from overread.core.truth import MaskRef
from overread.io import read_mask
from overread.io.lesion_masks import LARGEST_BESIDE_OTHERS_ML, lesion_parts, lesion_segments
from overread.phantom import FIRST_LESION

__all__ = ["LARGEST_BESIDE_OTHERS_ML", "MOST_LESIONS", "lesion_segments", "lesions_of_mask", "recoded"]

MOST_LESIONS = 256 - FIRST_LESION


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
    parts = lesion_parts(mask, grid, what)
    if (count := int(parts.max(initial=0))) > MOST_LESIONS:
        raise InputError(what, f"its mask falls into {count} parts", "Give each lesion a value of its own")
    return np.where(parts > 0, parts + (FIRST_LESION - 1), 0).astype(np.uint8)
