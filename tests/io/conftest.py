"""Small DICOM files of every kind, written with pydicom so that our own writer is not its own judge."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

WriteSlice = Callable[..., Path]
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


def dataset(sop: str, pixels: np.ndarray | None, **attributes: Any) -> pydicom.Dataset:
    """A CT or MR slice with everything a reader needs; ``None`` as a value removes the attribute."""
    data = pydicom.Dataset()
    values: dict[str, Any] = {
        "SOPClassUID": CT, "SOPInstanceUID": sop, "Modality": "CT", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID":
        "1.2.3.4", "FrameOfReferenceUID": "1.2.3.5", "SeriesNumber": 1, "InstanceNumber": 1,
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "ImagePositionPatient": [0, 0, 0],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [0.8, 0.7], "SliceThickness": 3,
        "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "RescaleSlope": 1, "RescaleIntercept": -1024,
    }
    if pixels is not None:
        bits = 8 * pixels.dtype.itemsize
        values |= {"Rows": pixels.shape[0], "Columns": pixels.shape[1], "BitsAllocated": bits, "BitsStored": bits,
                   "HighBit": bits - 1, "PixelRepresentation": int(pixels.dtype.kind == "i"),
                   "PixelData": pixels.tobytes() + b"\0" * (pixels.nbytes % 2)}
    for keyword, value in {**values, **attributes}.items():
        if value is not None:
            setattr(data, keyword, value)
    return data


def save(data: pydicom.Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a data set with file meta information."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data.get("SOPClassUID", CT)
    meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", "1.2")
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = "1.2.3.99"
    data.file_meta, data.preamble = meta, b"\0" * 128
    if "PixelData" in data and data.PixelData[:4] == b"\xfe\xff\x00\xe0":
        data["PixelData"].is_undefined_length = True
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(path, data, enforce_file_format=False)
    return path


@pytest.fixture
def write_slice(tmp_path: Path) -> WriteSlice:
    """Write one slice: ``write_slice(name, z=..., value=..., Keyword=...)``; every call gets its own UID."""
    count = iter(range(1, 1_000_000))

    def write(name: str, z: float = 0.0, value: int = 0, pixels: np.ndarray | None = None, syntax: str =
              ExplicitVRLittleEndian, **attributes: Any) -> Path:
        if pixels is None:
            pixels = np.full((8, 6), value, np.int16)
        given = {"ImagePositionPatient": [0, 0, z], **attributes}
        return save(dataset(f"1.2.3.6.{next(count)}", pixels, **given), tmp_path / name, syntax)

    return write


@pytest.fixture
def make_dataset() -> Callable[..., pydicom.Dataset]:
    """``dataset`` for tests that change more than attributes."""
    return dataset


@pytest.fixture
def save_dataset() -> Callable[..., Path]:
    """``save`` for tests that change more than attributes."""
    return save
