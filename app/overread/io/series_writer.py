"""DICOM series out: classic slices or one enhanced multi-frame file, MR or CT, native or compressed without loss."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.progress import SILENT, Progress
from overread.io.atomic import write_atomically
from overread.io.encoders import SYNTAXES, encode_frame
from overread.io.enhanced_writer import Content, enhanced_dataset
from overread.io.found import EXPLICIT_LE
from overread.io.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

MR_IMAGE, CT_IMAGE = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2"
STAGE = "Writing slices"
UTF_8 = "ISO_IR 192"
CHARACTER_SETS: dict[str, tuple[str | list[str], str]] = {
    UTF_8: (UTF_8, "utf-8"),
    "ISO_IR 100": ("ISO_IR 100", "latin-1"),
    "GB18030": ("GB18030", "gb18030"),
    "ISO 2022 IR 149": (["", "ISO 2022 IR 149"], "euc_kr"),
    "ISO 2022 IR 87": (["", "ISO 2022 IR 87"], "iso2022_jp"),
}
"""Name -> value of Specific Character Set (PS3.3 C.12.1.1.2), Python codec that says what it can hold."""
_PRIVATE_KEY = re.compile(r"^([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4}) ([A-Z]{2}) (.+)$")

# Type 1 and 2 attributes of the modules (PS3.3 A.4.3, A.3.3) with what stands there if nobody says otherwise.
_COMMON: dict[str, object] = {
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
    "StudyDate": "",
    "StudyTime": "",
    "AccessionNumber": "",
    "Manufacturer": "",
    "ReferringPhysicianName": "",
    "PatientName": "",
    "PatientID": "",
    "PatientBirthDate": "",
    "PatientSex": "",
    "StudyID": "",
    "SeriesNumber": 1,
    "PatientPosition": "HFS",
    "PositionReferenceIndicator": "",
    "AcquisitionNumber": 1,
    "BodyPartExamined": "LIVER",
}
_MR: dict[str, object] = {
    "ScanningSequence": "GR",
    "SequenceVariant": "NONE",
    "ScanOptions": "",
    "MRAcquisitionType": "3D",
    "RepetitionTime": "",
    "EchoTime": "",
    "EchoTrainLength": "",
    "SliceThickness": None,
}
_CT: dict[str, object] = {
    "KVP": "",
    "SliceThickness": None,
    "RescaleType": "HU",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
}


@dataclass(frozen=True, slots=True)
class OutVolume:
    """One volume of a series to be written.

    Parameters
    ----------
    stored
        [k, j, i], uint8, uint16 or int16; value = stored * slope + intercept.
    slope, intercept
        Written as rescale where they differ from 1 and 0, and always for CT.
    affine
        Where the volume lies, LPS mm.
    attributes
        DICOM keyword -> value; a function of the slice index gives each slice its own. ``Modality`` may be ``CT``: then
        CT images are written. Private elements: ``"0019,100C IS SIEMENS MR HEADER"`` (group, element, VR, creator).
    """

    stored: NDArray[Any]
    slope: float
    intercept: float
    affine: Affine
    attributes: Mapping[str, object]

    def __post_init__(self) -> None:
        if self.stored.ndim != 3 or self.stored.dtype not in (np.uint8, np.uint16, np.int16):
            raise ValueError(f"pixels are {self.stored.dtype} {self.stored.shape}, not 8 or 16 bits [k, j, i]")


def write_mr_series(
    folder: Path,
    *,
    stored: NDArray[Any],
    slope: float,
    intercept: float,
    affine: Affine,
    attributes: Mapping[str, object],
    study_uid: str,
    series_uid: str,
    frame_of_reference_uid: str,
    enhanced: bool = False,
    syntax: str = "native",
    character_set: str = UTF_8,
    progress: Progress = SILENT,
) -> list[Path]:
    """Write one volume as a DICOM series; arguments as of ``OutVolume`` and ``write_series``."""
    volume = OutVolume(stored, slope, intercept, affine, attributes)
    return write_series(
        folder,
        [volume],
        study_uid=study_uid,
        series_uid=series_uid,
        frame_of_reference_uid=frame_of_reference_uid,
        enhanced=enhanced,
        syntax=syntax,
        character_set=character_set,
        progress=progress,
    )


def write_series(
    folder: Path,
    volumes: Sequence[OutVolume],
    *,
    study_uid: str,
    series_uid: str,
    frame_of_reference_uid: str,
    enhanced: bool = False,
    syntax: str = "native",
    character_set: str = UTF_8,
    progress: Progress = SILENT,
) -> list[Path]:
    """Write volumes (phases, echoes, b-values) as one DICOM series.

    Parameters
    ----------
    folder
        Made if need be.
    volumes
        One or more; instances are numbered through, volume by volume. Enhanced: all of one matrix and pixel type.
    study_uid, series_uid, frame_of_reference_uid
        UIDs; those of the instances follow from the series' UID and the number of the slice.
    enhanced
        One Enhanced MR or Enhanced CT file with per-frame functional groups instead of one file per slice.
    syntax
        ``native`` (Explicit VR Little Endian), ``rle``, ``jpeg-ls`` or ``jpeg-2000``, the last three without loss.
    character_set
        One of ``CHARACTER_SETS``. Where it cannot hold a text of the header, UTF-8 is written instead.
    progress
        Told after every slice.

    Returns
    -------
    list of Path
        The files, by volume and slice index.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    if syntax not in SYNTAXES or character_set not in CHARACTER_SETS or not volumes:
        raise ValueError(f"cannot write {len(volumes)} volumes as {syntax} in {character_set}")
    uid = SYNTAXES[syntax]
    charset = _fitting(character_set, volumes)
    shared = [_shared(v, study_uid, series_uid, frame_of_reference_uid, charset) for v in volumes]
    if enhanced:
        path = Path(folder) / "0001.dcm"
        for data, volume in zip(shared, volumes, strict=True):
            _apply(data, volume.attributes, 0)
        contents = [
            Content(data, v.stored, v.slope, v.intercept, v.affine) for data, v in zip(shared, volumes, strict=True)
        ]
        whole = enhanced_dataset(contents, uid_from(f"{series_uid}/enhanced"))
        _put_pixels(whole, np.concatenate([v.stored for v in volumes]), uid)
        _save(whole, path, uid)
        progress.step(STAGE, 1, 1)
        return [path]
    return _write_slices(Path(folder), volumes, shared, series_uid, uid, progress)


def _write_slices(
    folder: Path,
    volumes: Sequence[OutVolume],
    shared: Sequence[Dataset],
    series_uid: str,
    syntax: str,
    progress: Progress,
) -> list[Path]:
    paths: list[Path] = []
    count = sum(v.stored.shape[0] for v in volumes)
    digits = max(4, len(str(count)))
    for volume, data in zip(volumes, shared, strict=True):
        _apply(data, volume.attributes, 0)
        changing = {name: value for name, value in volume.attributes.items() if callable(value)}
        for k in range(volume.stored.shape[0]):
            x, y, z = volume.affine.to_mm((k, 0, 0))
            _apply(data, changing, k)
            data.SOPInstanceUID = uid_from(f"{series_uid}/{len(paths)}")
            data.InstanceNumber = len(paths) + 1
            data.ImagePositionPatient = [_decimal(v) for v in (x, y, z)]
            _put_pixels(data, volume.stored[k : k + 1], syntax)
            path = folder / f"{len(paths) + 1:0{digits}d}.dcm"
            _save(data, path, syntax)
            paths.append(path)
            progress.step(STAGE, len(paths), count)
    return paths


def _shared(
    volume: OutVolume, study_uid: str, series_uid: str, frame_of_reference_uid: str, character_set: str | list[str]
) -> Dataset:
    """Everything that all slices of a volume share, but the caller's attributes."""
    from pydicom import Dataset

    stored, affine = volume.stored, volume.affine
    is_ct = volume.attributes.get("Modality") == "CT"
    data = Dataset()
    data.SpecificCharacterSet = character_set
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
    if is_ct or (volume.slope, volume.intercept) != (1.0, 0.0):
        data.RescaleIntercept, data.RescaleSlope = _decimal(volume.intercept), _decimal(volume.slope)
        data.RescaleType = "HU" if is_ct else "US"
    return data


def _fitting(character_set: str, volumes: Sequence[OutVolume]) -> str | list[str]:
    """The wished-for character set where it holds every text, else UTF-8."""
    value, codec = CHARACTER_SETS[character_set]
    for volume in volumes:
        for text in volume.attributes.values():
            try:
                str(text if isinstance(text, str) else "").encode(codec)
            except UnicodeEncodeError:
                return UTF_8
    return value


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


def _put_pixels(data: Dataset, frames: NDArray[Any], syntax: str) -> None:
    """Set Pixel Data from frames [n, j, i]."""
    if syntax == EXPLICIT_LE:
        pixels = np.ascontiguousarray(frames.astype(frames.dtype.newbyteorder("<"))).tobytes()
        data.PixelData = pixels + b"\0" * (len(pixels) % 2)
        return
    from pydicom.encaps import encapsulate

    data.PixelData = encapsulate([encode_frame(frame, syntax) for frame in frames])
    data["PixelData"].is_undefined_length = True


def _decimal(value: float) -> str:
    """A number as a Decimal String: at most 16 characters, as exact as fits (PS3.5 6.2)."""
    number = float(value) + 0.0
    for digits in range(12, 0, -1):
        text = f"{number:.{digits}f}".rstrip("0").rstrip(".")
        if len(text) <= 16:
            return "0" if text == "-0" else text
    return f"{number:.8e}"


def _save(data: Dataset, path: Path, syntax: str) -> None:
    import warnings

    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = UID(uid_from("overread"))
    data.file_meta = meta
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_atomically(path, lambda beside: dcmwrite(beside, data, enforce_file_format=True))
