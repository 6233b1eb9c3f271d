"""Every kind of series that is written: a strict checker finds no error, three programs read the same volume."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest

from overread.core.geometry import Affine
from overread.io import read_pixels, scan, uid_from
from overread.io.encoders import SYNTAXES
from overread.io.series_writer import OutVolume, write_series
from overread.phantom.headers import (
    ACQUISITION_TIME,
    TEMPORAL_POSITION,
    ct_attributes,
    diffusion_attributes,
    mr_attributes,
    timing_attributes,
)
from overread.phantom.names import VENDORS

pytestmark = pytest.mark.light
SHAPE = (4, 12, 10)
KINDS = (
    "t1",
    "dixon",
    "in-opposed",
    "dynamic",
    "t2",
    "dwi",
    "adc",
    "subtraction",
    "mip",
    "temporal",
    "ct",
    "localiser",
)
OBLIQUE = Affine(
    np.array(
        [
            [1.2, 0, 0, -100.25],
            [0, 1.1 * np.cos(0.1), -3 * np.sin(0.1), -80.125],
            [0, 1.1 * np.sin(0.1), 3 * np.cos(0.1), 33.5],
            [0, 0, 0, 1],
        ]
    )
)


def volumes_of(kind: str, vendor: str = "siemens", is_enhanced: bool = False) -> list[OutVolume]:
    """The volumes of one series of a kind, with the headers of a vendor and pixels of no meaning."""
    rng = np.random.default_rng(len(kind))
    shared = {
        "Manufacturer": "Phantom",
        "ManufacturerModelName": "Phantom",
        "StudyDate": "20240102",
        "StudyTime": "093000",
        "PatientName": "Phantom^1",
        "PatientID": "1",
        "PatientSex": "F",
        "StudyID": "1",
    }
    shared |= timing_attributes(injection_s=36000, seconds=30.0)

    def volume(
        role: str,
        b_value: float | None = None,
        te_ms: float = 1.3,
        seconds: float = 30.0,
        is_dixon: bool = False,
        place: int | None = None,
    ) -> OutVolume:
        if kind == "ct":
            values = ct_attributes(
                vendor,
                "ct-portal",
                description="门静脉期",
                kernel="B30f",
                kvp=120,
                mas=160,
                thickness_mm=3,
                field_of_view_mm=300,
                padding=-2000 if vendor == "ge" else None,
            )
            stored = rng.integers(-1000, 2000, SHAPE).astype(np.int16)
            return OutVolume(stored, 1.0, -24.0, OBLIQUE, shared | values)
        values = mr_attributes(
            vendor,
            role,
            description=f"{role} 肝",
            field_t=3.0,
            tr_ms=3.6 if te_ms < 10 else 3000,
            te_ms=te_ms,
            flip_deg=12,
            thickness_mm=3,
            is_fat_suppressed=True,
            is_dixon=is_dixon,
            b_value=b_value,
            b_values=(0, 100, 800),
            acquired=(9, 10),
        )
        style = ACQUISITION_TIME if place is None else TEMPORAL_POSITION
        values |= timing_attributes(
            injection_s=36000, seconds=seconds, style=style, dynamic_start_s=-60.0, place=place, places=3
        )
        if b_value is not None:
            values |= diffusion_attributes(vendor, b_value, is_enhanced=is_enhanced)
        slope = 1.25 if vendor == "philips" else 1.0
        return OutVolume(rng.integers(0, 4000, SHAPE).astype(np.uint16), slope, 0.0, OBLIQUE, shared | values)

    return {
        "t1": lambda: [volume("t1-hbp")],
        "dixon": lambda: [volume("t1-portal", is_dixon=True)],
        "in-opposed": lambda: [volume("t1-opposed", te_ms=1.15), volume("t1-in", te_ms=2.3)],
        "dynamic": lambda: [volume("t1-arterial", seconds=s) for s in (-60.0, 27.0, 62.0)],
        "t2": lambda: [volume("t2-fs", te_ms=85)],
        "dwi": lambda: [volume("dwi", b, 58) for b in (0.0, 100.0, 800.0)],
        "adc": lambda: [volume("adc", te_ms=58)],
        "subtraction": lambda: [volume("t1-subtraction")],
        "ct": lambda: [volume("ct-portal")],
        "mip": lambda: [volume("mip")],
        "temporal": lambda: [volume("t1-arterial", place=place) for place in (1, 2, 3)],
        "localiser": lambda: [volume("localiser", te_ms=3.0)],
    }[kind]()


def write(folder: Path, volumes: list[OutVolume], **options: object) -> list[Path]:
    return write_series(
        folder,
        volumes,
        study_uid=uid_from("study"),
        series_uid=uid_from("series"),
        frame_of_reference_uid=uid_from("frame"),
        **options,
    )  # type: ignore[arg-type]


def errors_of(path: Path) -> list[str]:
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    report = subprocess.run([checker, str(path)], capture_output=True, text=True, errors="replace", check=False)
    return [line for line in (report.stdout + report.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.parametrize("is_enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("kind", KINDS)
def test_dciodvfy_finds_no_error_in_any_kind(tmp_path: Path, kind: str, vendor: str, is_enhanced: bool) -> None:
    volumes = volumes_of(kind, vendor, is_enhanced)
    paths = write(tmp_path, volumes, enhanced=is_enhanced)
    for path in paths[:: SHAPE[0]]:
        assert errors_of(path) == []


@pytest.mark.parametrize("is_enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize(
    ("character_set", "text"),
    [
        ("GB18030", "肝胆期"),
        ("ISO 2022 IR 149", "간담도기"),
        ("ISO 2022 IR 87", "肝細胞相"),
        ("ISO_IR 100", "Spätphase"),
    ],
)
def test_dciodvfy_finds_no_error_in_any_character_set(
    tmp_path: Path, character_set: str, text: str, is_enhanced: bool
) -> None:
    (volume,) = volumes_of("t1")
    named = {**volume.attributes, "SeriesDescription": text, "ProtocolName": text, "ContrastBolusAgent": text}
    volumes = [OutVolume(volume.stored, 1.0, 0.0, OBLIQUE, named)]
    (path, *_) = write(tmp_path, volumes, enhanced=is_enhanced, character_set=character_set)
    assert errors_of(path) == []
    data = pydicom.dcmread(path)
    assert data.SeriesDescription == text
    assert character_set in data.SpecificCharacterSet


@pytest.mark.parametrize("syntax", ["rle", "jpeg-ls", "jpeg-2000"])
@pytest.mark.parametrize("is_enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize("kind", ["t1", "dwi", "ct"])
def test_compressed_series_are_valid_and_without_loss(
    tmp_path: Path, kind: str, is_enhanced: bool, syntax: str
) -> None:
    volumes = volumes_of(kind, is_enhanced=is_enhanced)
    paths = write(tmp_path, volumes, enhanced=is_enhanced, syntax=syntax)
    assert errors_of(paths[0]) == []
    data = pydicom.dcmread(paths[0])
    assert SYNTAXES[syntax] == data.file_meta.TransferSyntaxUID
    found = list(scan([tmp_path]).volumes())
    assert len(found) == len(volumes)
    for one, wanted in zip(found, volumes, strict=True):
        np.testing.assert_array_equal(read_pixels(one).stored, wanted.stored)


@pytest.mark.parametrize("is_enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize("kind", KINDS)
def test_volumes_of_one_series_come_back_apart(tmp_path: Path, kind: str, is_enhanced: bool) -> None:
    volumes = volumes_of(kind, "philips", is_enhanced)
    write(tmp_path, volumes, enhanced=is_enhanced)
    found = list(scan([tmp_path]).volumes())
    assert len(found) == len(volumes)
    for one, wanted in zip(found, volumes, strict=True):
        pixels = read_pixels(one)
        np.testing.assert_array_equal(pixels.stored, wanted.stored)
        assert (pixels.slope[0], pixels.intercept[0]) == (wanted.slope, wanted.intercept)
        assert one.affine is not None
        np.testing.assert_allclose(one.affine.matrix, OBLIQUE.matrix, atol=1e-5)
    if kind == "dwi":
        assert [(v.role.name, v.b_value) for v in found] == [("dwi", b) for b in (0.0, 100.0, 800.0)]


@pytest.mark.parametrize("syntax", list(SYNTAXES))
@pytest.mark.parametrize("kind", ["t1", "ct"])
def test_simpleitk_reads_the_same_volume(tmp_path: Path, kind: str, syntax: str) -> None:
    itk = pytest.importorskip("SimpleITK")
    (volume,) = volumes_of(kind)
    paths = write(tmp_path, [volume], syntax=syntax)
    reader = itk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    assert len(paths) == image.GetDepth()
    assert_same_volume(itk, image, volume)


@pytest.mark.parametrize("kind", ["t1", "ct"])
def test_simpleitk_reads_the_same_enhanced_volume(tmp_path: Path, kind: str) -> None:
    itk = pytest.importorskip("SimpleITK")
    (volume,) = volumes_of(kind)
    (path,) = write(tmp_path, [volume], enhanced=True)
    assert_same_volume(itk, itk.ReadImage(str(path)), volume)


@pytest.mark.parametrize("is_enhanced", [False, True], ids=["classic", "enhanced"])
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("kind", ["t1", "t2", "dwi", "adc", "ct"])
def test_dcm2niix_reads_the_same_volumes(tmp_path: Path, kind: str, vendor: str, is_enhanced: bool) -> None:
    itk = pytest.importorskip("SimpleITK")
    program = shutil.which("dcm2niix") or shutil.which("dcm2niix", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("dcm2niix is not installed")
    volumes = volumes_of(kind, vendor, is_enhanced)
    write(tmp_path / "in", volumes, enhanced=is_enhanced)
    (tmp_path / "out").mkdir()
    subprocess.run(
        [program, "-z", "n", "-b", "n", "-f", "v%s", "-o", str(tmp_path / "out"), str(tmp_path / "in")],
        check=True,
        capture_output=True,
    )
    images = [itk.ReadImage(str(p)) for p in sorted((tmp_path / "out").glob("*.nii"))]
    single = [
        part
        for image in images
        for part in ([image] if image.GetDimension() == 3 else [image[..., n] for n in range(image.GetSize()[3])])
    ]
    assert len(single) == len(volumes)
    for volume in volumes:
        assert any(is_same_volume(itk, image, volume) for image in single)


def assert_same_volume(itk: object, image: object, volume: OutVolume) -> None:
    assert is_same_volume(itk, image, volume)


def is_same_volume(_itk: object, image: object, volume: OutVolume) -> bool:
    """Whether values of an image are those of the volume at the same places, which may be .05 mm off."""
    rng = np.random.default_rng(0)
    for kji in np.stack([rng.integers(0, n, 60) for n in SHAPE], axis=1):
        wanted = volume.stored[tuple(kji)] * volume.slope + volume.intercept
        point = [float(x) for x in volume.affine.to_mm(kji)]
        index = image.TransformPhysicalPointToContinuousIndex(point)  # type: ignore[attr-defined]
        whole = [round(i) for i in index]
        inside = all(0 <= i < n for i, n in zip(whole, image.GetSize(), strict=True))  # type: ignore[attr-defined]
        if not inside or max(abs(i - w) * s for i, w, s in zip(index, whole, image.GetSpacing(), strict=True)) > 0.05:  # type: ignore[attr-defined]
            return False
        if abs(image.GetPixel(*whole) - wanted) > 0.01:  # type: ignore[attr-defined]
            return False
    return True


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
@pytest.mark.parametrize("columns", [1, 7, 200])
def test_run_lengths_are_decoded_by_another_program(tmp_path: Path, dtype: str, columns: int) -> None:
    info = np.iinfo(dtype)
    stored = np.random.default_rng(1).integers(info.min, info.max, (1, 5, columns)).astype(dtype)
    stored[:, 2:] = 3
    (path,) = write(tmp_path, [OutVolume(stored, 1.0, 0.0, OBLIQUE, {})], syntax="rle")
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, stored[0])


def test_enhanced_file_refuses_volumes_of_different_matrix(tmp_path: Path) -> None:
    (first,) = volumes_of("t1")
    other = OutVolume(first.stored[:, :5], 1.0, 0.0, OBLIQUE, first.attributes)
    with pytest.raises(ValueError, match="different matrices"):
        write(tmp_path, [first, other], enhanced=True)
    assert list(tmp_path.iterdir()) == []


def test_unknown_syntax_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot write"):
        write(tmp_path, volumes_of("t1"), syntax="jpeg")
