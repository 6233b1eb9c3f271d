"""Label maps (what is liver, what is which lesion) out as NIfTI, in as volume files and DICOM segmentations."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import GeometryError, InputError
from overread.core.geometry import Affine, Grid
from overread.io.segmentation_reader import is_dicom_file, read_segmentation
from overread.io.volume_files import read_volume_array, write_volume_nifti

_SAME_MM = 1e-2
_SLAB_VOXELS = 4_000_000


def write_mask(path: Path, labels: NDArray[np.uint8], affine: Affine) -> None:
    """Write a label map as NIfTI.

    Parameters
    ----------
    path
        Ends in ``.nii.gz``.
    labels
        [k, j, i], 0 for background.
    affine
        Of the labels' grid.
    """
    if labels.dtype != np.uint8 or labels.ndim != 3:
        raise ValueError(f"labels are {labels.dtype} {labels.shape}, not uint8 [k, j, i]")
    write_volume_nifti(path, labels, affine)


def read_mask(path: Path, grid: Grid, segments: Collection[int] | None = None) -> NDArray[np.uint8]:
    """Read a label map onto a grid, by nearest neighbours in patient space where it lies on another one.

    Parameters
    ----------
    path
        NIfTI, NRRD or MHA, or a DICOM segmentation, whose labels are its segments' numbers.
    grid
        Where the labels are wanted.
    segments
        Of a DICOM segmentation, the numbers of those that are wanted; None for all.

    Returns
    -------
    ndarray
        uint8 [k, j, i] of the grid's shape; 0 outside the mask's own grid.

    Raises
    ------
    InputError
        The file is missing, no volume, or its labels are not whole numbers from 0 to 255.
    GeometryError
        Mask and grid share no place.
    """
    if is_dicom_file(Path(path)):
        labels, affine = read_segmentation(Path(path), segments)
    else:
        stored, affine = read_volume_array(Path(path))
        labels = _as_labels(stored, Path(path).name)
    return labels_on_grid(labels, affine, grid, Path(path).name)


def labels_on_grid(labels: NDArray[np.uint8], affine: Affine, grid: Grid, name: str) -> NDArray[np.uint8]:
    """A label map [k, j, i] with its affine on another grid, by nearest neighbours; 0 outside its own.

    Raises
    ------
    GeometryError
        Mask and grid share no place; ``name`` is what the sentence calls the mask.
    """
    if labels.shape == grid.shape and _same_place(affine, grid):
        return labels
    return _resampled(labels, affine, grid, name)


def _as_labels(stored: NDArray[Any], name: str) -> NDArray[np.uint8]:
    if stored.dtype == np.uint8:
        return stored
    is_label = bool(np.all(np.isfinite(stored))) and stored.min() >= 0 and stored.max() <= 255
    if not is_label or (stored.dtype.kind == "f" and not np.array_equal(stored, np.rint(stored))):
        raise InputError(f"{name} cannot be used as a mask", "its values are not labels from 0 to 255",
                         "Give a label map, not an image")
    return stored.astype(np.uint8)


def _same_place(affine: Affine, grid: Grid) -> bool:
    corners = np.array([(0, 0, 0), [n - 1 for n in grid.shape], (grid.shape[0] - 1, 0, 0), (0, grid.shape[1] - 1, 0)])
    return bool(np.abs(affine.to_mm(corners) - grid.affine.to_mm(corners)).max() < _SAME_MM)


def _resampled(labels: NDArray[np.uint8], affine: Affine, grid: Grid, name: str) -> NDArray[np.uint8]:
    result = np.zeros(grid.shape, dtype=np.uint8)
    shape = np.array(labels.shape)
    rows_at_once = max(1, _SLAB_VOXELS // (grid.shape[1] * grid.shape[2]))
    touches = False
    for first in range(0, grid.shape[0], rows_at_once):
        last = min(first + rows_at_once, grid.shape[0])
        index = np.stack(np.meshgrid(np.arange(first, last), np.arange(grid.shape[1]), np.arange(grid.shape[2]),
                                     indexing="ij"), axis=-1)
        source = np.rint(affine.to_index(grid.affine.to_mm(index))).astype(np.int64)
        inside = np.all((source >= 0) & (source < shape), axis=-1)
        touches = touches or bool(inside.any())
        result[first:last][inside] = labels[tuple(source[inside].T)]
    if not touches:
        raise GeometryError(f"{name} does not fit", "the mask and the volume share no place in the patient",
                            "Give the mask that was drawn on this study")
    return result
