"""DICOM segmentations in: which segments there are, and where they lie, as one label map on a grid of its own.

References
----------
DICOM PS3.3 A.51 (Segmentation), C.8.20: frames are placed one by one; a segment's empty frames may be left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Affine, affine_from_dicom
from overread.io.source_headers import DAMAGED

if TYPE_CHECKING:
    from pydicom import Dataset

MOST_VOXELS = 1 << 30
_PART_OF_STEP = 0.1


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """A segment: its number, its label, and what its property is in the words of its code."""

    number: int
    label: str
    meaning: str


def is_dicom_file(path: Path) -> bool:
    """Whether the file bears the mark of DICOM part 10; what cannot be read does not."""
    try:
        with Path(path).open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def list_segments(path: Path) -> list[SegmentInfo]:
    """The segments of a DICOM segmentation.

    Raises
    ------
    InputError
        The file is missing, damaged, or no segmentation.
    """
    path = Path(path)
    data = _opened(path, with_pixels=False)
    try:
        return [_described(item) for item in data.SegmentSequence]
    except DAMAGED as problem:
        raise _unusable(path, "its list of segments is damaged") from problem


def read_segmentation(path: Path, only: Collection[int] | None = None) -> tuple[NDArray[np.uint8], Affine]:
    """The label map [k, j, i] of a DICOM segmentation: segment numbers, 0 where there is none, and its affine.

    Where segments overlap, the higher number is kept; a fractional one counts from one half on. ``only`` names the
    segments that are wanted.

    Raises
    ------
    InputError
        The file is missing, damaged, no segmentation, or its frames form no regular grid.
    """
    path = Path(path)
    data = _opened(path, with_pixels=True)
    try:
        places, orientation, spacing = _places(data)
        frames = _frames(data)
        numbers = _numbers(data, len(places))
    except DAMAGED as problem:
        raise _unusable(path, "its frames cannot be placed or decoded") from problem
    if len(frames) != len(places):
        raise _unusable(path, "it has not as many frames as it says")
    normal = np.cross(orientation[:3], orientation[3:])
    heights = places @ normal
    step = _step(path, heights, data)
    index = np.rint((heights - heights.min()) / step).astype(np.intp)
    if np.abs(heights - heights.min() - index * step).max() > _PART_OF_STEP * step:
        raise _unusable(path, "its frames are not evenly spaced")
    if (int(index.max()) + 1) * frames[0].size > MOST_VOXELS:
        raise _unusable(path, "it is far too large")
    labels = np.zeros((int(index.max()) + 1, *frames[0].shape), dtype=np.uint8)
    for k, frame, number in zip(index, frames, numbers, strict=True):
        found = frame if number is None else np.where(frame > 0, number, 0)
        wanted = found if only is None else np.where(np.isin(found, list(only)), found, 0)
        np.maximum(labels[k], wanted.astype(np.uint8), out=labels[k])
    lowest = places[int(np.argmin(heights))]
    return labels, affine_from_dicom(lowest.tolist(), orientation.tolist(), spacing, normal * step)


def _opened(path: Path, with_pixels: bool) -> Dataset:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is odd in a file is said below, or does not matter here
            data = pydicom.dcmread(path, stop_before_pixels=not with_pixels)
            is_segmentation = data.get("Modality") == "SEG" and "SegmentSequence" in data
    except (OSError, InvalidDicomError) as problem:
        raise InputError(f"{path.name} cannot be read", "it is missing or no DICOM file", "Check the path") from problem
    except DAMAGED as problem:
        raise _unusable(path, "it is damaged") from problem
    if not is_segmentation:
        raise _unusable(path, "it is no DICOM segmentation")
    return data


def _described(item: Dataset) -> SegmentInfo:
    types = item.get("SegmentedPropertyTypeCodeSequence") or [None]
    meaning = "" if types[0] is None else str(types[0].get("CodeMeaning", ""))
    return SegmentInfo(int(item.SegmentNumber), str(item.get("SegmentLabel", "")), meaning)


def _places(data: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float]]:
    """Position of each frame's first voxel (n, 3), row and column direction (6,), spacing of rows and columns."""
    shared = data.SharedFunctionalGroupsSequence[0]
    frames = list(data.PerFrameFunctionalGroupsSequence)
    places = np.array(
        [[float(v) for v in _group(f, shared, "PlanePositionSequence").ImagePositionPatient] for f in frames]
    )
    turned = np.array(
        [[float(v) for v in _group(f, shared, "PlaneOrientationSequence").ImageOrientationPatient] for f in frames]
    )
    if np.abs(turned - turned[0]).max() > 1e-4:
        raise ValueError("frames are turned against each other")
    row, column = (float(v) for v in _group(frames[0], shared, "PixelMeasuresSequence").PixelSpacing)
    return places, turned[0], (row, column)


def _group(frame: Dataset, shared: Dataset, name: str) -> Any:
    return (frame[name] if name in frame else shared[name]).value[0]


def _frames(data: Dataset) -> list[NDArray[np.uint8]]:
    """The frames (rows, columns): 0 and 1, or segment numbers of a label map."""
    pixels = np.asarray(data.pixel_array)
    if data.SegmentationType == "FRACTIONAL":
        pixels = 2 * pixels.astype(np.int64) >= int(data.MaximumFractionalValue)
    elif pixels.max(initial=0) > 255:
        raise ValueError("more than 255 segments")
    return list(np.atleast_3d(pixels).reshape(-1, int(data.Rows), int(data.Columns)).astype(np.uint8))


def _numbers(data: Dataset, count: int) -> list[int | None]:
    """The segment of each frame, or None throughout for a label map, whose pixels say it themselves."""
    if data.SegmentationType == "LABELMAP":
        return [None] * count
    shared = data.SharedFunctionalGroupsSequence[0]
    found = [
        int(_group(f, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber)
        for f in data.PerFrameFunctionalGroupsSequence
    ]
    if max(found) > 255:
        raise ValueError("more than 255 segments")
    return list(found)


def _step(path: Path, heights: NDArray[np.float64], data: Dataset) -> float:
    """Distance of neighbouring planes: the least that is seen, unless what the header says divides every gap.

    Empty frames may be left out, so that the planes that are there can lie further apart than the slices do.
    """
    gaps = np.diff(np.unique(np.round(heights, 3)))
    said = _said_step(data)
    if gaps.size == 0:
        if said is None:
            raise _unusable(path, "it does not say how thick its one slice is")
        return said
    least = float(gaps.min())
    if said is None or said >= least:
        return least
    steps = gaps / said
    return said if np.abs(steps - np.rint(steps)).max() <= _PART_OF_STEP else least


def _said_step(data: Dataset) -> float | None:
    """Distance of slices in the header, mm; None where it does not say."""
    shared = data.SharedFunctionalGroupsSequence[0]
    try:
        measures = _group(data.PerFrameFunctionalGroupsSequence[0], shared, "PixelMeasuresSequence")
        step = float(measures.get("SpacingBetweenSlices") or measures.SliceThickness)
    except DAMAGED:
        return None
    return step if step > 0 else None


def _unusable(path: Path, why: str) -> InputError:
    return InputError(f"{path.name} cannot be used as a mask", why, "Give a segmentation drawn on this study")
