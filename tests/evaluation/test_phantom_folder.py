"""Whole phantom cases on disk: a strict checker finds no error, and other programs read the same volumes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import numpy as np
import pydicom
import pytest

from overread.core.places import resources
from overread.evaluation.phantom_folder import CaseOrder, make_case_folder
from overread.io import read_mask, read_pixels, read_truth, scan
from overread.phantom import FIRST_LESION, POSITIVE_MM2

pytestmark = pytest.mark.slow
ORDERS = (
    CaseOrder("hbp", 820_001, normals=0.0),
    CaseOrder("multiphase", 820_002, site="external-1"),
    CaseOrder("triage", 820_003, site="external-2", syntax="rle"),
    CaseOrder("ct-mvi", 820_004, enhanced=True),
)


@pytest.fixture(scope="module", params=ORDERS, ids=lambda order: order.kind)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[CaseOrder, Path]:
    order: CaseOrder = request.param
    return order, make_case_folder(order, tmp_path_factory.mktemp(order.kind))


def test_dciodvfy_finds_no_error_in_any_object(case: tuple[CaseOrder, Path]) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    files = [sorted(folder.glob("*.dcm"))[0] for folder in sorted((case[1] / "series").iterdir())]
    for path in (*files, case[1] / "truth" / "truth-seg.dcm"):
        done = subprocess.run([checker, str(path)], capture_output=True, text=True, errors="replace", check=False)
        errors = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
        assert errors == [], path


def test_intake_finds_every_volume_with_its_role_and_one_frame_of_reference(case: tuple[CaseOrder, Path]) -> None:
    truth = read_truth(case[1] / "truth.json")
    found = scan([case[1] / "series"])
    written = {role.split(":")[0] for lesion in truth.lesions for role in lesion.slices}
    volumes = list(found.volumes())
    assert len(found.studies) == 1
    assert {v.role.name for v in volumes} == written
    assert all(not v.warnings for v in volumes)
    frames = {
        str(pydicom.dcmread(p, stop_before_pixels=True).get("FrameOfReferenceUID", ""))
        for p in (case[1] / "series").rglob("0001.dcm")
    }
    assert frames - {""} == {truth.frame_of_reference}


def test_simpleitk_reads_the_same_values_in_the_same_places(case: tuple[CaseOrder, Path]) -> None:
    import SimpleITK as sitk

    order, folder = case
    if order.enhanced:
        pytest.skip("SimpleITK reads classic objects; enhanced ones are compared through dcm2niix")
    for series in sorted((folder / "series").iterdir()):
        volumes = list(scan([series]).volumes())
        if len(volumes) > 1:
            continue  # several b-values in one series: SimpleITK cannot tell them apart
        (volume,) = volumes
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
        image = reader.Execute()
        pixels = read_pixels(volume)
        ours = np.stack([pixels.slice_values(k) for k in range(volume.shape[0])])
        theirs = sitk.GetArrayFromImage(image)
        assert theirs.shape == ours.shape
        assert np.allclose(theirs, ours, atol=0.51 * float(np.max(np.abs(pixels.slope))))
        assert volume.affine is not None
        corner = np.array(volume.affine.to_mm((ours.shape[0] - 1, ours.shape[1] - 1, ours.shape[2] - 1)))
        size = image.GetSize()
        assert np.allclose(image.TransformIndexToPhysicalPoint([n - 1 for n in size]), corner, atol=0.02)


def test_dcm2niix_places_every_volume_alike(case: tuple[CaseOrder, Path], tmp_path: Path) -> None:
    dcm2niix = pytest.importorskip("dcm2niix")
    import SimpleITK as sitk

    _, folder = case
    subprocess.run(
        [dcm2niix.bin, "-b", "n", "-z", "n", "-o", str(tmp_path), str(folder / "series")],
        capture_output=True,
        check=True,
    )
    corners = []
    for path in tmp_path.glob("*.nii"):
        image = sitk.ReadImage(str(path))
        size = image.GetSize()[:3]
        ends = [
            image.TransformIndexToPhysicalPoint(
                [(size[a] - 1) * (n >> a & 1) for a in range(3)] + [0] * (image.GetDimension() - 3)
            )
            for n in range(8)
        ]
        corners.append(np.array(ends)[:, :3])
    for volume in scan([folder / "series"]).volumes():
        assert volume.affine is not None
        n = [s - 1 for s in volume.shape]
        mine = np.array(
            [volume.affine.to_mm((n[0] * (c >> 2 & 1), n[1] * (c >> 1 & 1), n[2] * (c & 1))) for c in range(8)]
        )
        nearest = min(float(np.abs(_sorted(mine) - _sorted(other)).max()) for other in corners)
        assert nearest < 0.05, volume.description


def test_truth_is_valid_and_its_masks_say_what_it_says(case: tuple[CaseOrder, Path]) -> None:
    order, folder = case
    document = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    schema = json.loads(next((resources() / "schemas").glob("truth*.json")).read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    truth = read_truth(folder / "truth.json")
    volumes = {v.role.name: v for v in scan([folder / "series"]).volumes()}
    for lesion in truth.targets:
        assert lesion.mask is not None
        assert lesion.mask.label >= FIRST_LESION
        reference = {"hbp": "t1-hbp", "multiphase": "t1-portal", "triage": "t2-fs", "ct-mvi": "ct-arterial"}[order.kind]
        grid = volumes[reference].grid
        assert grid is not None
        labels = read_mask(folder / lesion.mask.file, grid)
        areas = (labels == lesion.mask.label).sum(axis=(1, 2)) * np.prod(grid.affine.spacing_mm[1:])
        assert tuple(np.flatnonzero(areas >= POSITIVE_MM2)) == lesion.slices[reference]


def test_segmentation_holds_liver_segments_vessels_and_every_lesion(case: tuple[CaseOrder, Path]) -> None:
    truth = read_truth(case[1] / "truth.json")
    data = pydicom.dcmread(case[1] / "truth" / "truth-seg.dcm", stop_before_pixels=True)
    names = {item.SegmentLabel for item in data.SegmentSequence}
    assert {"Liver", "Vessel", "Segment 4", "Segment 8"} <= names
    assert {lesion.id for lesion in truth.lesions} <= names
    assert data.FrameOfReferenceUID == truth.frame_of_reference


def _sorted(points: np.ndarray) -> np.ndarray:
    """Corners in an order that does not depend on how a program turned its axes."""
    return points[np.lexsort(np.round(points, 1).T)]


def test_cases_that_differ_in_a_byte_have_uids_of_their_own() -> None:
    base = CaseOrder("hbp", 5)
    others = [
        CaseOrder("hbp", 6),
        CaseOrder("hbp", 5, site="external-1"),
        CaseOrder("hbp", 5, normals=1.0),
        CaseOrder("hbp", 5, diameter_mm=(6, 12)),
        CaseOrder("hbp", 5, enhanced=True),
        CaseOrder("hbp", 5, syntax="rle"),
    ]
    assert len({order.uid_key for order in (base, *others)}) == len(others) + 1


def test_enhanced_diffusion_states_its_b_values(tmp_path: Path) -> None:
    folder = make_case_folder(CaseOrder("triage", 820_010, enhanced=True), tmp_path)
    found = sorted(
        float(v.b_value) for v in scan([folder / "series"]).volumes() if v.role.name == "dwi" and v.b_value is not None
    )
    assert len(found) >= 2
    assert found[-1] >= 800


@pytest.mark.slow
def test_a_case_of_some_roles_has_the_pixels_of_the_whole_one(tmp_path: Path) -> None:
    whole = make_case_folder(CaseOrder("ct-mvi", 820_020), tmp_path / "whole")
    part = make_case_folder(CaseOrder("ct-mvi", 820_020, roles=("ct-arterial",)), tmp_path / "part")
    volumes = {v.role.name: v for v in scan([whole]).volumes()}
    (only,) = scan([part / "series"]).volumes()
    assert only.role.name == "ct-arterial"
    np.testing.assert_array_equal(read_pixels(only).stored, read_pixels(volumes["ct-arterial"]).stored)
    assert read_truth(part / "truth.json").label == read_truth(whole / "truth.json").label
