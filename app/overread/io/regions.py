"""Where to look, from a file: circles and diameters as JSON, a truth.json, a DICOM segmentation or another mask.

The JSON form: ``{"marks": [...]}``. A mark is a circle, ``{"centre_mm": [x, y, z], "radius_mm": r}``, or a diameter,
``{"recist": [[x, y, z], [x, y, z]]}`` (four points: a long and a short one). Positions are patient coordinates, LPS.
A circle may say the index of its ``slice``, the name of its ``lesion`` and by how much it goes beyond the lesion's
edge, ``margin_mm``; where it does not, it is taken to be drawn 10 mm beyond it, however small it is. Marks without a
name belong to one lesion where they lie over each other on neighbouring slices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.circles import circles_of_mask
from overread.core.errors import DecodeError, InputError, OverreadError
from overread.core.geometry import Grid
from overread.core.region import MASK_MARGIN_MM, Circle, LesionRegion, Region, largest_first
from overread.core.truth import SCHEMA as TRUTH_SCHEMA
from overread.core.truth import Lesion, Truth
from overread.io.headers import VOLUME_ENDINGS
from overread.io.json_file import read_json_object
from overread.io.lesion_masks import LARGEST_BESIDE_OTHERS_ML, is_named, lesion_parts, segments_to_read
from overread.io.masks import labels_on_grid, read_mask
from overread.io.pixels import read_pixels
from overread.io.region_marks import regions_of_marks
from overread.io.scan import scan
from overread.io.segmentation_reader import SegmentInfo, is_dicom_file, list_segments
from overread.io.volume_maps import of_volume

MOST_LESIONS = 200
_MOST_NAMES = 8


def read_region(path: Path, grid: Grid, role: str | None = None, frame: str | None = None) -> Region:
    """Read where to look, as circles on the slices of a grid.

    Parameters
    ----------
    path
        JSON marks or a truth.json; a DICOM segmentation; NIfTI, NRRD or MHA; a folder with masks as DICOM series,
        each of which is one lesion.
    grid
        Of the volume that will be read.
    role
        What that volume is, such as ``t2-fs``: where a truth.json has a label map of every volume beside it, as that
        of the digital liver has, the one of this volume is taken. Between two of them a liver has moved by a breath.
    frame
        Its frame of reference: the truth of another study is refused.

    Returns
    -------
    Region
        One lesion for each that is there, the largest first. A mask gives on each slice the smallest circle round it
        and 10 mm more. Its ``notes`` name segments that became no lesion.

    Raises
    ------
    InputError
        The file is missing, damaged or of no such kind, or no lesion of it lies in this volume.
    GeometryError
        A mask lies elsewhere in the patient.
    """
    path = Path(path)
    notes: tuple[str, ...] = ()
    if path.is_dir():
        lesions = _of_mask_series(path, grid)
    elif is_dicom_file(path):
        lesions, notes = _of_segmentation(path, grid)
    elif path.suffix.lower() == ".json":
        lesions = _of_json(path, grid, role, frame)
    elif not path.name.lower().endswith(VOLUME_ENDINGS) and path.is_file():
        why = "it is no mask, no marks and no truth"
        raise _unusable(path, why, "Give a file in one of the forms of docs/regions.md")
    else:
        lesions = _of_parts(
            lesion_parts(read_mask(path, grid), grid, _what(path), most_ml=LARGEST_BESIDE_OTHERS_ML), grid, path
        )
    if not lesions:
        raise _unusable(path, "no lesion of it lies on this volume", "Give the region that was drawn on this study")
    return Region(largest_first(lesions), notes)


def region_of_mask(mask: NDArray[np.bool_], grid: Grid, name: str, source: str = "mask") -> LesionRegion | None:
    """One lesion's region from its mask [k, j, i]; None where the mask is empty."""
    circles = circles_of_mask(mask, grid)
    return LesionRegion(name, tuple(c for _, c in circles), source, MASK_MARGIN_MM) if circles else None


def region_of_truth(truth: Truth, folder: Path, grid: Grid, role: str | None = None) -> list[LesionRegion]:
    """The lesions that a case is about, from their masks; of one without a mask the ball of its diameter.

    With the ``role`` of the volume of ``grid`` from its own label map, where there is one beside the truth.
    """
    truth = of_volume(truth, folder, role)
    maps: dict[str, NDArray[np.uint8]] = {}
    found = []
    for lesion in truth.targets:
        if lesion.mask is None:
            found.append(_of_ball(lesion, grid))
            continue
        if lesion.mask.file not in maps:
            maps[lesion.mask.file] = read_mask(folder / lesion.mask.file, grid)
        found.append(region_of_mask(maps[lesion.mask.file] == lesion.mask.label, grid, lesion.id, "truth"))
    return [lesion for lesion in found if lesion is not None]


def _of_segmentation(path: Path, grid: Grid) -> tuple[list[LesionRegion], tuple[str, ...]]:
    """The segments that are called a lesion of any type, and a sentence about the others."""
    segments = list_segments(path)
    wanted = segments_to_read(segments)
    if not wanted:
        remedy = "Name one lesion, tumour, metastasis or by what it is, such as HCC or cyst"
        raise _unusable(path, f"no segment of it is called a lesion{_there(segments)}", remedy)
    named = all(is_named(segment) for segment in segments if segment.number in wanted)
    most_ml = None if named else LARGEST_BESIDE_OTHERS_ML  # somebody has said of a named one that it is a lesion
    lesions = _of_parts(lesion_parts(read_mask(path, grid, wanted), grid, _what(path), most_ml=most_ml), grid, path)
    others = [segment for segment in segments if segment.number not in wanted]
    words = f"{path.name}: not taken for lesions, by their names: {_names(others)}."
    return lesions, (words,) if others else ()


def _there(segments: Sequence[SegmentInfo]) -> str:
    return f" (there are {_names(segments)})" if segments else ""


def _names(segments: Sequence[SegmentInfo]) -> str:
    names = [(segment.label or segment.meaning or f"segment {segment.number}")[:40] for segment in segments]
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _of_parts(parts: NDArray[np.intp], grid: Grid, path: Path) -> list[LesionRegion]:
    count = int(parts.max(initial=0))
    if count > MOST_LESIONS:
        raise _unusable(path, f"it falls into {count} parts", "Give a mask of lesions, not of noise")
    regions = (region_of_mask(parts == n, grid, f"L{n}") for n in range(1, count + 1))
    return [region for region in regions if region is not None]


def _of_mask_series(path: Path, grid: Grid) -> list[LesionRegion]:
    """Every regular volume of a folder with only two values is the mask of one lesion."""
    volumes = [v for v in scan([path]).volumes() if v.grid is not None]
    if not volumes or len(volumes) > MOST_LESIONS:
        raise _unusable(path, "it holds no masks that form volumes", "Give a segmentation or the folder of one mask")
    regions = []
    for n, volume in enumerate(volumes, start=1):
        try:
            stored: NDArray[Any] = read_pixels(volume).stored
        except DecodeError as problem:
            raise _unusable(path, problem.why, problem.remedy) from problem
        values = np.unique(stored[:: max(1, len(stored) // 8)])
        if values.size > 2 or np.unique(stored).size > 2:
            raise _unusable(path, "it holds images, not only masks", "Give the folder of the mask alone")
        own = volume.grid
        assert own is not None
        mask = (stored != stored.min()) if values.size == 2 else (stored > 0)
        millilitres = mask.sum() * float(np.prod(own.affine.spacing_mm)) / 1000
        if millilitres > LARGEST_BESIDE_OTHERS_ML:
            why = f"one of its masks covers {millilitres:.0f} mL, which is an organ rather than a lesion"
            raise _unusable(path, why, "Give the folders of the lesions alone")
        laid = labels_on_grid(mask.astype(np.uint8), own.affine, grid, path.name)
        region = region_of_mask(laid > 0, grid, f"L{n}")
        regions += [] if region is None else [region]
    return regions


def _of_json(path: Path, grid: Grid, role: str | None, frame: str | None) -> list[LesionRegion]:
    document = read_json_object(path, "region")
    if document.get("schema") == TRUTH_SCHEMA:
        told = document.get("frame_of_reference")
        if frame is not None and isinstance(told, str) and told != frame:
            raise _unusable(path, "it is the truth of another study", "Give the one of this study")
        return region_of_truth(Truth.from_json(document), path.parent, grid, role)
    return regions_of_marks(document, grid, _what(path))


def _of_ball(lesion: Lesion, grid: Grid) -> LesionRegion | None:
    """Circles where the slices cut the ball of a lesion's diameter."""
    if not grid.contains(lesion.centre_mm):
        return None
    k, row, column = grid.affine.to_index([lesion.centre_mm])[0].tolist()
    step, radius = grid.affine.spacing_mm[0], max(lesion.diameter_mm / 2, 0.5)
    circles = []
    for at in range(grid.shape[0]):
        away = abs(at - k) * step
        if away < radius or at == round(k):
            x, y, z = grid.affine.to_mm((at, row, column)).tolist()
            part = math.sqrt(max(radius**2 - away**2, 0.25))
            circles.append(Circle((x, y, z), part + MASK_MARGIN_MM))
    return LesionRegion(lesion.id, tuple(circles), "truth", MASK_MARGIN_MM) if circles else None


def _what(path: Path) -> str:
    return f"{path.name} cannot be used as a region"


def _unusable(path: Path, why: str, remedy: str) -> OverreadError:
    return InputError(_what(path), why, remedy)
