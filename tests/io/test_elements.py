"""The lean reader: agrees with pydicom, and ends well on any bytes."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from overread.io.elements import MOST_INFLATED, read_elements
from overread.io.found import BrokenHeaderError, NotDicomError

pytestmark = pytest.mark.light


def dicom_bytes(syntax: str = "1.2.840.10008.1.2.1", **attributes: object) -> bytes:
    data = pydicom.Dataset()
    data.SOPClassUID, data.SOPInstanceUID, data.Modality = "1.2.840.10008.5.1.4.1.1.4", "1.2.3", "MR"
    data.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    data.Rows, data.Columns, data.PixelSpacing, data.EchoTime = 4, 6, [0.5, 0.25], "2.46"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation, data.SamplesPerPixel = 15, 0, 1
    for keyword, value in attributes.items():
        setattr(data, keyword, value)
    data.PixelData = np.arange(24, dtype=">u2" if syntax == ExplicitVRBigEndian else "<u2").tobytes()
    data["PixelData"].VR = "OW"
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = data.SOPClassUID, "1.2.3"
    data.preamble = b"\0" * 128
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(target, data, enforce_file_format=True)
    return target.getvalue()


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", ImplicitVRLittleEndian, ExplicitVRBigEndian,
                                    DeflatedExplicitVRLittleEndian])
def test_all_native_encodings_give_the_same_values(syntax: str) -> None:
    found = read_elements(io.BytesIO(dicom_bytes(syntax)))
    values = found.values
    assert (values["Rows"], values["Columns"], values["PixelSpacing"]) == (4, 6, (0.5, 0.25))
    assert values["ImageType"] == ("ORIGINAL", "PRIMARY", "M")
    assert values["EchoTime"] == 2.46
    assert found.pixel_length == 48
    assert found.is_big_endian == (syntax == ExplicitVRBigEndian)


@pytest.mark.parametrize("skip", [0, 128, 132])
def test_preamble_and_meta_header_may_be_missing(skip: int) -> None:
    whole = dicom_bytes(ImplicitVRLittleEndian)
    start = read_elements(io.BytesIO(whole)).dataset_start
    data = whole[start:] if skip == 132 else whole[skip:]
    assert read_elements(io.BytesIO(data)).values["Rows"] == 4


def test_value_of_a_wrong_representation_is_left_out_and_the_rest_is_read() -> None:
    data = dicom_bytes()
    at = data.index(struct.pack("<HH", 0x0028, 0x0010))
    found = read_elements(io.BytesIO(data[:at + 4] + b"UL" + data[at + 6:]))
    assert "Rows" not in found.values
    assert found.values["Columns"] == 6


def test_length_beyond_the_file_is_not_followed() -> None:
    data = dicom_bytes()
    at = data.index(struct.pack("<HH", 0x0028, 0x0010))
    found = read_elements(io.BytesIO(data[:at + 6] + b"\xff\xff" + data[at + 8:]))
    assert not found.complete


def test_nesting_without_end_is_refused() -> None:
    opening = struct.pack("<HH2s2xI", 0x0040, 0xA730, b"SQ", 0xFFFFFFFF)
    opening += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    data = dicom_bytes()
    at = data.index(struct.pack("<HH", 0x7FE0, 0x0010))
    with pytest.raises(BrokenHeaderError, match="nested"):
        read_elements(io.BytesIO(data[:at] + opening * 5000))


def test_deflated_bomb_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_INFLATED <= 1 << 30
    monkeypatch.setattr("overread.io.elements.MOST_INFLATED", 1 << 16)
    head = dicom_bytes(DeflatedExplicitVRLittleEndian)
    start = read_elements(io.BytesIO(head)).dataset_start
    engine = zlib.compressobj(wbits=-15)
    body = struct.pack("<HH2sH8s", 8, 0x60, b"CS", 2, b"MR") + b"\0" * (64 << 20)
    bomb = head[:start] + engine.compress(body) + engine.flush()
    found = read_elements(io.BytesIO(bomb))
    assert found.size <= 1 << 16


def ends_well(data: bytes) -> bool:
    """Whether the walk ends in values or in one of its two errors; anything else comes out as it is."""
    try:
        return read_elements(io.BytesIO(data)).size >= 0
    except (NotDicomError, BrokenHeaderError) as problem:
        return bool(str(problem))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_values_or_one_of_two_errors(data: bytes) -> None:
    assert ends_well(data)
    assert ends_well(b"\0" * 128 + b"DICM" + data)


_GOOD = dicom_bytes()


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(_GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8),
       st.integers(0, len(_GOOD)))
def test_changed_and_cut_files_end_well(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(_GOOD)
    for place, value in changes:
        data[place] = value
    assert ends_well(bytes(data[:length]))


def test_agrees_with_pydicom_on_its_own_sample_files() -> None:
    folder = Path(pydicom.__file__).parent / "data" / "test_files"
    compared = 0
    for path in sorted(folder.glob("*.dcm")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                theirs = pydicom.dcmread(path, stop_before_pixels=True)
                expected = {k: theirs.get(k) for k in ("Rows", "Columns", "SOPInstanceUID", "Modality")}
            except Exception:  # noqa: BLE001 (broken samples are not compared)
                continue
        with path.open("rb") as file:
            try:
                values = read_elements(file).values
            except (BrokenHeaderError, NotDicomError):
                continue
        assert {k: values.get(k) for k in expected} == {k: v or None for k, v in expected.items()}, path.name
        compared += 1
    assert compared >= 50
