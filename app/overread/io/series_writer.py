"""DICOM series out: classic slices of MR or CT, or one enhanced multi-frame MR file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.progress import SILENT, Progress
from overread.io.atomic import write_atomically
from overread.io.enhanced_writer import enhanced_dataset
from overread.io.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

MR_IMAGE, CT_IMAGE = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2"
STAGE = "Writing slices"
_PRIVATE_KEY = re.compile(r"^([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4}) ([A-Z]{2}) (.+)$")

# Type 1 and 2 attributes of the modules (PS3.3 A.4.3, A.3.3) with what stands there if nobody says otherwise.
_COMMON: dict[str, object] = {
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"], "StudyDate": "", "StudyTime": "", "AccessionNumber": "",
    "Manufacturer": "", "ReferringPhysicianName": "", "PatientName": "", "PatientID": "", "PatientBirthDate": "",
    "PatientSex": "", "StudyID": "", "SeriesNumber": 1, "PatientPosition": "HFS", "PositionReferenceIndicator": "",
    "AcquisitionNumber": 1, "BodyPartExamined": "LIVER",
}
_MR: dict[str, object] = {
    "ScanningSequence": "GR", "SequenceVariant": "NONE", "ScanOptions": "", "MRAcquisitionType": "3D",
    "RepetitionTime": "", "EchoTime": "", "EchoTrainLength": "", "SliceThickness": None,
}
_CT: dict[str, object] = {
    "KVP": "", "SliceThickness": None, "RescaleType": "HU", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
}


def write_mr_series(folder: Path, *, stored: NDArray[Any], slope: float, intercept: float, affine: Affine,
                    attributes: Mapping[str, object], study_uid: str, series_uid: str, frame_of_reference_uid: str,
                    enhanced: bool = False, progress: Progress = SILENT) -> list[Path]:
    """Write a volume as a DICOM series, Explicit VR Little Endian.

    Parameters
    ----------
    folder
        Made if need be.
    stored
        [k, j, i], uint8, uint16 or int16; value = stored * slope + intercept.
    slope, intercept
        Written as rescale where they differ from 1 and 0, and always for CT.
    affine
        Where the volume lies, LPS mm.
    attributes
        DICOM keyword -> value; a function of the slice index gives each slice its own. ``Modality`` may be ``CT``: then
        CT images are written. Private elements: ``"0019,100C IS SIEMENS MR HEADER"`` (group, element, VR, creator).
    study_uid, series_uid, frame_of_reference_uid
        UIDs; those of the instances follow from the series' UID and the slice index.
    enhanced
        One Enhanced MR file with per-frame functional groups instead.
    progress
        Told after every slice.

    Returns
    -------
    list of Path
        The files, by slice index.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    if stored.ndim != 3 or stored.dtype not in (np.uint8, np.uint16, np.int16):
        raise ValueError(f"pixels are {stored.dtype} {stored.shape}, not 8 or 16 bits [k, j, i]")
    shared = _shared(stored, slope, intercept, affine, attributes, study_uid, series_uid, frame_of_reference_uid)
    if enhanced:
        path = Path(folder) / "0001.dcm"
        _save(enhanced_dataset(shared, stored, slope, intercept, affine, uid_from(f"{series_uid}/enhanced")), path)
        progress.step(STAGE, 1, 1)
        return [path]
    _apply(shared, attributes, 0)
    paths = []
    digits = max(4, len(str(stored.shape[0])))
    changing = {name: value for name, value in attributes.items() if callable(value)}
    for k in range(stored.shape[0]):
        x, y, z = affine.to_mm((k, 0, 0))
        _apply(shared, changing, k)
        shared.SOPInstanceUID = uid_from(f"{series_uid}/{k}")
        shared.InstanceNumber = k + 1
        shared.ImagePositionPatient = [_decimal(v) for v in (x, y, z)]
        shared.PixelData = np.ascontiguousarray(stored[k].astype(stored.dtype.newbyteorder("<"))).tobytes()
        if len(shared.PixelData) % 2:
            shared.PixelData += b"\0"
        path = Path(folder) / f"{k + 1:0{digits}d}.dcm"
        _save(shared, path)
        paths.append(path)
        progress.step(STAGE, k + 1, stored.shape[0])
    return paths


def _shared(stored: NDArray[Any], slope: float, intercept: float, affine: Affine, attributes: Mapping[str, object],
            study_uid: str, series_uid: str, frame_of_reference_uid: str) -> Dataset:
    """Everything that all slices of the series share."""
    from pydicom import Dataset

    is_ct = attributes.get("Modality") == "CT"
    data = Dataset()
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID = CT_IMAGE if is_ct else MR_IMAGE
    data.Modality = "CT" if is_ct else "MR"
    for keyword, value in {**_COMMON, **(_CT if is_ct else _MR)}.items():
        if value is not None:
            setattr(data, keyword, value)
    data.StudyInstanceUID, data.SeriesInstanceUID = study_uid, series_uid
    data.FrameOfReferenceUID = frame_of_reference_uid
    step_k, step_j, step_i = affine.spacing_mm
    data.ImageOrientationPatient = [_decimal(v) for v in (*affine.direction("i"), *affine.direction("j"))]
    data.PixelSpacing = [_decimal(step_j), _decimal(step_i)]
    data.SliceThickness = _decimal(step_k)
    if not is_ct:
        data.SpacingBetweenSlices = _decimal(step_k)
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = stored.shape[1:]
    data.BitsAllocated = data.BitsStored = 8 * stored.dtype.itemsize
    data.HighBit = data.BitsStored - 1
    data.PixelRepresentation = 1 if stored.dtype.kind == "i" else 0
    if is_ct or (slope, intercept) != (1.0, 0.0):
        data.RescaleIntercept, data.RescaleSlope = _decimal(intercept), _decimal(slope)
        data.RescaleType = "HU" if is_ct else "US"
    return data


def _apply(data: Dataset, attributes: Mapping[str, object], k: int) -> None:
    """Set attributes given by keyword or as private elements."""
    for name, given in attributes.items():
        value = given(k) if callable(given) else given
        match = _PRIVATE_KEY.match(name)
        if match is None:
            setattr(data, name, value)
            continue
        group, element, vr, creator = match.groups()
        block = data.private_block(int(group, 16), creator, create=True)
        offset = int(element, 16) & 0xFF
        if offset in block:
            del block[offset]
        block.add_new(offset, vr, value)


def _decimal(value: float) -> str:
    """A number as a Decimal String: at most 16 characters, as exact as fits (PS3.5 6.2)."""
    number = float(value) + 0.0
    for digits in range(12, 0, -1):
        text = f"{number:.{digits}f}".rstrip("0").rstrip(".")
        if len(text) <= 16:
            return "0" if text == "-0" else text
    return f"{number:.8e}"


def _save(data: Dataset, path: Path) -> None:
    import warnings

    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.uid import UID, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid_from("overread"))
    data.file_meta = meta
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_atomically(path, lambda beside: dcmwrite(beside, data, enforce_file_format=True))
