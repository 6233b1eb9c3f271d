"""Headers of the files that a new DICOM object refers to, with the patient's data or, by default, without them."""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overread.core.errors import InputError

if TYPE_CHECKING:
    from pydicom import Dataset

DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises somewhere on its way through a damaged file, found by changing bytes of whole ones."""
ANONYMOUS_NAME, ANONYMOUS_ID = "Anonymous", "ANONYMOUS"
_METHOD = "Overread: patient and study modules left out, UIDs kept"
_NEEDED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "ImageType",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "DimensionOrganizationSequence",
    "DimensionIndexSequence",
)
_DATE, _TIME = r"(\d{8})?", r"(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?"
_MUST_BE_THERE = {
    "PatientName": r".{0,324}",
    "PatientID": r".{0,64}",
    "PatientBirthDate": _DATE,
    "PatientSex": "[MFO]?",
    "StudyDate": _DATE,
    "StudyTime": _TIME,
    "StudyID": r".{0,16}",
    "AccessionNumber": r".{0,16}",
    "ReferringPhysicianName": r".{0,324}",
}
"""Attributes that a new object needs, with what they may hold; what a source got wrong is left empty."""


def read_source_headers(paths: Sequence[Path], *, identified: bool) -> list[Dataset]:
    """Headers of image files, fit to be the sources of a new object of the same study.

    Parameters
    ----------
    identified
        True keeps the patient and study modules. False keeps nothing but geometry and UIDs, so that the new object
        still lies over its series: the name becomes ``Anonymous``, dates and everything else are left empty.

    Raises
    ------
    InputError
        A file is gone, or is no DICOM.
    """
    return [_read(Path(path), identified) for path in paths]


def complete_planes(headers: Sequence[Dataset], spacing_mm: Sequence[float], frames: Sequence[int] | None) -> None:
    """State the plane of all slices once, as the makers of new objects want it, where the sources do not.

    Parameters
    ----------
    headers
        Of one volume, whose slices are parallel; changed in place.
    spacing_mm
        Along k, j, i.
    frames
        Of a multi-frame file: those of the volume, from 0, in the order of its slices. Only they are kept.
    """
    if frames is not None:
        (header,) = headers
        groups = header.PerFrameFunctionalGroupsSequence
        header.PerFrameFunctionalGroupsSequence = [groups[n] for n in frames]
        header.NumberOfFrames = len(frames)
        for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
            if keyword in groups[frames[0]]:
                header.SharedFunctionalGroupsSequence[0][keyword] = groups[frames[0]][keyword]
        return
    if "PerFrameFunctionalGroupsSequence" in headers[0]:
        return
    for header in headers:
        header.ImageOrientationPatient = headers[0].ImageOrientationPatient
        if not header.get("SliceThickness"):
            header.SliceThickness = f"{spacing_mm[0]:.6g}"


@contextlib.contextmanager
def refused_headers(what: str) -> Iterator[None]:
    """Turn what a library says of headers that it cannot work with into a sentence.

    Raises
    ------
    InputError
        The library found something missing or illegal.
    """
    try:
        yield
    except DAMAGED as problem:
        raise InputError(
            what,
            "the headers of the series are incomplete or break the rules of DICOM",
            "Export without patient data, or as CSV or PDF",
        ) from problem


def _read(path: Path, identified: bool) -> Dataset:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        header.decode()
    except (InvalidDicomError, *DAMAGED) as problem:
        raise InputError(
            "The files of the series cannot be referred to",
            f"{path.name} has gone, is damaged or is no DICOM file",
            "Open the study again",
        ) from problem
    kept = header if identified else _without_patient(header)
    kept.SpecificCharacterSet = "ISO_IR 192"  # highdicom takes no character set with code extensions
    for keyword, allowed in _MUST_BE_THERE.items():
        if re.fullmatch(allowed, str(kept.get(keyword) or "")) is None or not kept.get(keyword):
            setattr(kept, keyword, "")
    return kept


def _without_patient(header: Dataset) -> Dataset:
    """Only what places the image: nothing is copied that is not named here."""
    from pydicom import Dataset

    kept = Dataset()
    for keyword in _NEEDED:
        if keyword in header:
            kept[keyword] = header[keyword]
    kept.PatientName, kept.PatientID = ANONYMOUS_NAME, ANONYMOUS_ID
    kept.PatientIdentityRemoved, kept.DeidentificationMethod = "YES", _METHOD
    return kept
