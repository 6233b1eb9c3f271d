"""Real files: every set of the collected data is scanned, and agrees with what other programs say of it."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from overread.core.study import Scan, Volume
from overread.io import read_mask, read_pixels, scan, scan_to_json
from overread.io.codecs import CodecError
from overread.io.frames import frames_of
from overread.io.headers import IMAGE, read_header
from overread.io.pixel_file import PixelFile

pytestmark = [pytest.mark.shared]
SETS = (
    "abdomen-mr-mouse-dash-vtk", "charsets-pydicom", "ct-failing-dicom2nifti", "ct-tilt-gaps-ge-dcmqa",
    "dicomdir-pydicom", "hostile-fuzz-pwnlabmx", "hostile-orthanc", "liver-ct-ircadb-17", "liver-ct-seg-dcmqi",
    "liver-mr-chaos-1", "liver-mr-multiframe-dbdicom", "liver-mr-slice-dcm4che", "liver-mr-slice-orodicom",
    "liver-mr-slices-pydicom-data", "liver-mr-survey-fodicom-abd1", "mr-dwi-ge-dcmqa", "mr-dwi-small-dicom2nifti",
    "mr-dwi-uih-dcmqa", "mr-enhanced-dcmqa-enh", "mr-enhanced-siemens-xa30", "mr-fieldmap-ge-dcmqa",
    "mr-knee-orthanc", "mr-mosaic-siemens-dcmqa-nih", "mr-temporal-philips-dcmqa", "objects-dcmqi",
    "objects-highdicom", "objects-orthanc", "syntaxes-ct-cornerstone", "syntaxes-dcm4che", "syntaxes-fodicom",
    "syntaxes-pydicom", "syntaxes-pydicom-data",
)
SCHEMA = Path(__file__).parents[2] / "resources" / "schemas" / "scan.schema.json"
# Geometric volumes of the inventory less its segmentations, which are objects here.
VOLUMES = {
    "abdomen-mr-mouse-dash-vtk": 1, "ct-failing-dicom2nifti": 5, "ct-tilt-gaps-ge-dcmqa": 1, "dicomdir-pydicom": 2,
    "liver-ct-ircadb-17": 4, "liver-ct-seg-dcmqi": 1, "liver-mr-multiframe-dbdicom": 9,
    "liver-mr-survey-fodicom-abd1": 3, "mr-dwi-ge-dcmqa": 7, "mr-dwi-small-dicom2nifti": 15, "mr-enhanced-dcmqa-enh": 6,
    "mr-enhanced-siemens-xa30": 3, "mr-fieldmap-ge-dcmqa": 2, "mr-knee-orthanc": 1, "mr-temporal-philips-dcmqa": 3,
    "objects-dcmqi": 2, "objects-orthanc": 2, "syntaxes-ct-cornerstone": 1, "syntaxes-fodicom": 1,
    "syntaxes-pydicom-data": 1,
}
# How many of dcm2niix's stacks (more than one slice, unchanged by resampling) are found at the same corners.
STACKS = {
    "abdomen-mr-mouse-dash-vtk": 1, "liver-ct-ircadb-17": 4, "liver-mr-multiframe-dbdicom": 9,
    "liver-mr-survey-fodicom-abd1": 3, "mr-dwi-ge-dcmqa": 1, "mr-dwi-small-dicom2nifti": 5, "mr-enhanced-dcmqa-enh": 3,
    "mr-enhanced-siemens-xa30": 3, "mr-fieldmap-ge-dcmqa": 2, "mr-knee-orthanc": 1, "mr-temporal-philips-dcmqa": 1,
    "objects-orthanc": 2, "syntaxes-fodicom": 1,
}
# Files whose pixels differ from every decoder's in hashes.json, or which are not decoded, and why that is right.
DIFFERENT = {
    "CT0012.fragmented_no_bot_jpeg_baseline.51.dcm": "lossy 12-bit JPEG: decoders round differently by 1",
    "CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm": "only SimpleITK: see below",
    "CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm": "only SimpleITK: see below",
    "SC_ybr_full_422_uncompressed.dcm": "kept as YBR here, turned into RGB there",
    "SC_ybr_full_uncompressed.dcm": "kept as YBR here, turned into RGB there",
    "OT-PAL-8-face.dcm": "kept as indices here, looked up by SimpleITK",
    "CR-MONO1-10-chest": "kept as stored here, turned by SimpleITK",
    "TC1185_dim_org_mismatch.dcm": "2 of 50 claimed frames are there; SimpleITK fills up with zeros",
    "GH340.dcm": "12 bits packed: refused with a reason",
    "TC0243_pixeldata_OB_as_OW.dcm": "breaks off: SimpleITK fills up with zeros",
    "TC0285_buf_half.dcm": "breaks off: SimpleITK fills up with zeros",
    "TC0917_minmax_bs0.dcm": "no bit is used: refused", "TC0925_minmax_ba8_bs16.dcm": "16 of 8 bits: refused",
    "TC0933_minmax_ba8_bs0.dcm": "no bit is used: refused",
    "TC0945_ect_10k_frames_0pfg.dcm": "breaks off", "TC0947_ect_1_frame_10k_pfg.dcm": "breaks off",
    "TC0951_ect_0_frames_0pfg.dcm": "breaks off", "TC0973_px_1024sq_64b.dcm": "breaks off",
    "TC0975_px_4096sq_16b.dcm": "breaks off", "TC0983_px_tall_32768x1.dcm": "breaks off",
}


@pytest.fixture(scope="module")
def scans(shared_data: Path) -> dict[str, Scan]:
    return {name: scan([shared_data / name]) for name in SETS if (shared_data / name).is_dir()}


def frames_accounted_for(found: Scan, folder: Path) -> Counter[str]:
    """How often each frame of each image file is in a volume or set aside."""
    seen: Counter[str] = Counter()
    for volume in found.volumes():
        if volume.file_format == "dicom":
            seen.update(s.path for s in volume.slices)
    for aside in found.set_aside:
        seen[aside.path] += aside.frames or 0
    return seen


@pytest.mark.parametrize("name", SETS)
def test_every_file_and_frame_is_somewhere(name: str, scans: dict[str, Scan], shared_data: Path) -> None:
    found, files = scans[name], scans[name].files
    on_disk = [str(p) for p in (shared_data / name).rglob("*") if p.is_file()]
    assert files.found == len(on_disk)
    assert files.found == (files.image + files.other_dicom + files.volume_file + files.not_dicom + files.unreadable
                           + files.duplicate)
    accounted = frames_accounted_for(found, shared_data / name)
    headers = {path: read_header(path) for path in on_disk}
    expected = {path: header.claimed_frames for path, header in headers.items() if header.kind == IMAGE}
    assert {p: accounted[p] for p in expected} == expected
    slices = [(s.path, s.frame) for v in found.volumes() for s in v.slices]
    assert len(slices) == len(set(slices))
    named = {p for p, _ in slices} | {a.path for a in found.set_aside} | {
        o.path for study in found.studies for series in study.series for o in series.objects}
    assert named == set(on_disk)


@pytest.mark.parametrize("name", SETS)
def test_document_fits_the_schema_and_ids_are_unique(name: str, scans: dict[str, Scan]) -> None:
    document = scan_to_json(scans[name])
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    json.dumps(document, allow_nan=False)
    ids = [v.id for v in scans[name].volumes()]
    assert len(ids) == len(set(ids))
    for volume in scans[name].volumes():
        if volume.affine is not None:
            assert np.linalg.det(volume.affine.matrix[:3, :3]) > 0


@pytest.mark.parametrize("name", sorted(VOLUMES))
def test_number_of_volumes_is_that_of_the_inventory(name: str, scans: dict[str, Scan]) -> None:
    stacks = [v for v in scans[name].volumes() if v.kind != "image" and v.frames > 1 and v.file_format == "dicom"]
    assert len(stacks) == VOLUMES[name]


def corners(shape_ijk: list[int], matrix: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, Any]:
    return np.array([(matrix @ [i, j, k, 1])[:3] for i, j, k in itertools.product(*((0, n - 1) for n in shape_ijk))])


@pytest.mark.parametrize("name", sorted(STACKS))
def test_stacks_lie_where_dcm2niix_puts_them(name: str, scans: dict[str, Scan], shared_data: Path) -> None:
    """Corners are compared without order: dcm2niix turns the rows round and works in RAS."""
    runs = json.loads((shared_data / "expected" / f"{name}.dcm2niix.json").read_text(encoding="utf-8"))["runs"]
    ours = [corners(list(v.shape[::-1]), v.affine.matrix) for v in scans[name].volumes()
            if v.affine is not None and v.frames > 1]
    found = 0
    for theirs in runs[0]["volumes"]:
        if "affine" in theirs and len(theirs["shape"]) >= 3 and theirs["shape"][2] > 1:
            placed = corners(theirs["shape"][:3], np.diag([-1.0, -1, 1, 1]) @ np.array(theirs["affine"]))
            found += any(np.abs(placed[:, None] - mine[None]).max(-1).min(1).max() < 0.05 for mine in ours)
    assert found == STACKS[name]


def test_liver_ct_with_masks_in_true_order(scans: dict[str, Scan]) -> None:
    volumes = list(scans["liver-ct-ircadb-17"].volumes())
    assert [v.shape for v in volumes] == [(119, 512, 512)] * 4
    for volume in volumes:
        assert [Path(s.path).name for s in volume.slices] == [f"image_{n}" for n in range(119)]
        assert volume.spacing_mm == pytest.approx((1.6, 0.743, 0.743), abs=1e-3)
    (image,) = [v for v in volumes if v.dtype == "int16"]
    assert image.units == "HU"
    assert [v.role.name for v in volumes if v is not image] == ["mask"] * 3
    assert image.role.name is None
    liver = max((read_pixels(v) for v in volumes if v is not image), key=lambda p: int((p.stored > 0).sum()))
    millilitres = int((liver.stored > 0).sum()) * float(np.prod(image.spacing_mm or ())) / 1000
    assert millilitres == pytest.approx(1861, abs=2)


def test_survey_is_three_stacks_and_multiframe_nine_volumes(scans: dict[str, Scan]) -> None:
    survey = list(scans["liver-mr-survey-fodicom-abd1"].volumes())
    assert sorted((v.orientation, v.frames, v.role.name) for v in survey) == [
        ("axial", 3, "localiser"), ("coronal", 5, "localiser"), ("sagittal", 3, "localiser")]
    multi = list(scans["liver-mr-multiframe-dbdicom"].volumes())
    assert sorted(v.shape for v in multi) == [(13, 128, 128)] * 8 + [(20, 256, 256)]
    pixels = [read_pixels(v) for v in multi if v.frames == 13]
    assert len({(round(float(p.slope[0]), 3), round(float(p.intercept[0]))) for p in pixels}) == 3
    assert {v.split_by for v in multi if v.frames == 13} == {("ImageType", "EchoTime")}


def test_tilted_ct_with_uneven_slices_is_no_grid(scans: dict[str, Scan]) -> None:
    (volume,) = scans["ct-tilt-gaps-ge-dcmqa"].volumes()
    assert (volume.kind, volume.frames) == ("stack", 28)
    assert {w.code for w in volume.warnings} == {"gantry-tilt", "uneven-spacing"}
    assert "18.5 degrees" in next(w.text for w in volume.warnings if w.code == "gantry-tilt")


def test_missing_slice_and_tilt_of_the_failing_series(scans: dict[str, Scan]) -> None:
    warned = {w.code: v.kind for v in scans["ct-failing-dicom2nifti"].volumes() for w in v.warnings}
    assert warned == {"missing-slices": "stack", "gantry-tilt": "volume"}


def test_b_values_of_three_vendors(scans: dict[str, Scan]) -> None:
    assert Counter(v.b_value for v in scans["mr-dwi-ge-dcmqa"].volumes()) == {0: 1, 1000: 6}
    small = Counter(v.b_value for v in scans["mr-dwi-small-dicom2nifti"].volumes())
    assert (small[0], small[1000]) == (2, 4)
    assert {v.role.name for v in scans["mr-dwi-uih-dcmqa"].volumes()} == {"other"}


def test_nifti_lies_by_its_affine_not_by_its_indices(scans: dict[str, Scan], shared_data: Path) -> None:
    volumes = {v.description: v for v in scans["liver-mr-chaos-1"].volumes()}
    image = volumes["T1_1"]
    assert image.grid is not None
    kidneys = read_mask(shared_data / "liver-mr-chaos-1" / "GT_1.nii.gz", image.grid)
    values = read_pixels(image).stored[kidneys > 0]
    assert values.size == 20_396
    assert float(values.mean()) == pytest.approx(330, abs=1)
    assert float(values.std()) == pytest.approx(69, abs=1)


def test_objects_name_what_they_belong_to(scans: dict[str, Scan]) -> None:
    objects = [o for study in scans["liver-ct-seg-dcmqi"].studies for s in study.series for o in s.objects]
    assert {o.kind for o in objects} == {"SEG"}
    series = {s.series_uid for study in scans["liver-ct-seg-dcmqi"].studies for s in study.series if s.volumes}
    assert any(set(o.refers_to) & series for o in objects)


def stored_digest(path: Path) -> str | None:
    header = read_header(str(path))
    if header.kind != IMAGE:
        return None
    frames, _ = frames_of(header)
    try:
        with PixelFile(str(path)) as file:
            arrays = [file.stored_frame(k) for k in range(len(frames))]
    except CodecError:
        return ""
    if not arrays:
        return ""
    stored = np.stack(arrays) if len(arrays) > 1 else arrays[0]
    return hashlib.sha256(np.ascontiguousarray(stored).tobytes()).hexdigest() + hashlib.sha256(
        np.ascontiguousarray(stored.byteswap()).tobytes()).hexdigest()


def test_decoded_pixels_agree_with_other_decoders(shared_data: Path) -> None:
    hashes = json.loads((shared_data / "hashes.json").read_text(encoding="utf-8"))["sets"]
    agreed, different = 0, set()
    for name, files in hashes.items():
        for file, entries in files.items():
            theirs = {e["sha256"] for e in entries if "decoders" in e}
            path = shared_data / name / file
            digest = stored_digest(path) if theirs and path.is_file() else None
            if digest is None:
                continue
            if digest[:64] in theirs or digest[64:] in theirs:
                agreed += 1
            else:
                different.add(path.name)
    assert different == set(DIFFERENT)
    assert agreed >= 1000


@pytest.mark.parametrize(("file", "tolerance"), [
    ("syntaxes-ct-cornerstone/CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm", 0),
    ("syntaxes-ct-cornerstone/CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm", 0),
    ("syntaxes-ct-cornerstone/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm", 1),
    ("syntaxes-pydicom/JPGExtended.dcm", 1), ("syntaxes-fodicom/CR-MONO1-10-chest", 0),
    ("syntaxes-pydicom-data/OT-PAL-8-face.dcm", 0.51), ("syntaxes-pydicom/SC_ybr_full_422_uncompressed.dcm", 2),
    ("syntaxes-pydicom-data/SC_ybr_full_uncompressed.dcm", 2)])
def test_shown_values_agree_with_simpleitk_where_hashes_cannot(shared_data: Path, file: str, tolerance: float) -> None:
    """12-bit JPEG, inverted, palette and YBR pictures; colour is compared by luminance, YBR rounds twice."""
    import SimpleITK as sitk

    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(shared_data / file))).astype(np.float64)
    if theirs.shape[-1] == 3:
        theirs = theirs @ np.array([0.299, 0.587, 0.114])
    (volume,) = scan([shared_data / file]).volumes()
    in_file_order = np.argsort([s.frame for s in volume.slices])
    ours = read_pixels(volume).values().astype(np.float64)[in_file_order]
    assert np.abs(ours - theirs.reshape(ours.shape)).max() <= tolerance + 1e-3


def test_hostile_files_are_read_or_refused_without_harm(shared_data: Path) -> None:
    """In a process of its own with 2 GiB of address space: a decoder that dies or grows fails the test."""
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "from overread.core.errors import DecodeError\n"
        "from overread.io import read_pixels, scan\n"
        "if __name__ == '__main__':\n"
        "    good = bad = 0\n"
        "    for volume in scan(sys.argv[1:], jobs=1).volumes():\n"
        "        try:\n"
        "            read_pixels(volume); good += 1\n"
        "        except DecodeError:\n"
        "            bad += 1\n"
        "    print(good, bad)\n")
    sets = [str(shared_data / name) for name in SETS if name.startswith("hostile")]
    done = subprocess.run([sys.executable, "-c", code, *sets], capture_output=True, text=True, check=False,
                          env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PATH": ""})
    assert (done.returncode, done.stderr) == (0, "")
    good, bad = (int(n) for n in done.stdout.split())
    assert good > 80
    assert bad < 40


def whole_volumes(found: Scan) -> list[Volume]:
    return [v for v in found.volumes() if v.kind == "volume"]


@pytest.mark.parametrize("name", ["mr-enhanced-dcmqa-enh", "mr-knee-orthanc", "liver-ct-seg-dcmqi"])
def test_shuffled_copies_give_the_same_ids(name: str, scans: dict[str, Scan], shared_data: Path,
                                           tmp_path: Path) -> None:
    files = sorted(p for p in (shared_data / name).rglob("*") if p.is_file() and p.suffix != ".nrrd")
    for n, path in enumerate(reversed(files)):
        (tmp_path / f"x{n}").write_bytes(path.read_bytes())
    ids = {v.id for v in whole_volumes(scans[name]) if v.file_format == "dicom"}
    assert {v.id for v in whole_volumes(scan([tmp_path]))} == ids
