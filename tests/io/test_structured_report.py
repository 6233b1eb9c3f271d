"""Findings out as DICOM SR and SEG: a strict checker finds no error, what was written comes back, nobody is named."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from overread.core.errors import InputError, StorageError
from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.reading import Mark, Reader
from overread.core.study import Volume
from overread.io import read_mask, scan, uid_from
from overread.io.candidate_segmentation import activation_region, write_candidate_segmentation
from overread.io.series_writer import OutVolume, write_series
from overread.io.structured_report import (
    CANDIDATE,
    OWN,
    ReportFinding,
    StructuredReport,
    read_structured_report,
    write_structured_report,
)

pytestmark = pytest.mark.light
pytest.importorskip("highdicom")
SHAPE = (6, 24, 20)
AFFINE = Affine(np.array([[1.5, 0, 0, -100.25], [0, 1.25, 0, -80], [0, 0, 3.0, 33.3], [0, 0, 0, 1]]))
SYSTEM = Reader("system", "hbp-detection", "small", "ab" * 32)
SECRETS = ("Secret", "SECRET-ID", "19451231", "20240102", "Dr^Known", "Saint Somewhere", "ACC-7", "Hidden description")
FINDINGS = (
    ReportFinding(OWN, "M1", (-80.125, -60.5, 39.3), 2, 5, ((-84.0, -60.0, 39.3), (-76.0, -58.0, 39.3)), "alone",
                  note="next to the gallbladder; größer"),
    ReportFinding(OWN, "M2", (-90.0, -70.0, 36.3), 1, None, None, "after"),
    ReportFinding(CANDIDATE, "C1", (-79.0, -61.0, 39.3), 2, system="hbp-detection", bundle_digest="ab" * 32,
                  score=0.912345, extent_mm=21.25, verdict="accept"),
    ReportFinding(CANDIDATE, "C2", (-99.0, -71.0, 45.3), 4, system="hbp-detection", bundle_digest="ab" * 32,
                  score=0.25, extent_mm=None, verdict="dismiss", note="vessel"),
    ReportFinding(CANDIDATE, "C3", (-99.0, -71.0, 33.3), 0, system="other-system", score=0.5),
)  # fmt: skip
REPORT = StructuredReport("reader", FINDINGS, True, "20261121170000", "seal-1", "0.1", {5: "definitely HCC"})


def make_volume(folder: Path, enhanced: bool = False, modality: str = "MR") -> Volume:
    """A series of a person with a name, and the volume that the intake finds in it."""
    out = OutVolume(
        np.zeros(SHAPE, np.int16),
        1.0,
        0.0,
        AFFINE,
        {
            "Modality": modality,
            "StudyDate": "20240102",
            "PatientName": "Secret^Person",
            "PatientID": "SECRET-ID",
            "PatientBirthDate": "19451231",
            "ReferringPhysicianName": "Dr^Known",
            "InstitutionName": "Saint Somewhere",
            "AccessionNumber": "ACC-7",
            "StudyDescription": "Hidden description",
        },
    )
    write_series(
        folder,
        [out],
        study_uid=uid_from("study"),
        series_uid=uid_from("series"),
        frame_of_reference_uid=uid_from("frame"),
        enhanced=enhanced,
    )
    (volume,) = scan([folder]).volumes()
    return volume


def make_heatmap() -> Heatmap:
    """Cells of 4 x 4 voxels; two separate hills on slices 1 to 3, none on the others."""
    values = np.full((SHAPE[0], 6, 5), -1.0, np.float16)
    for k, height in ((1, 2.0), (2, 4.0), (3, 2.5)):
        values[k, 1, 1] = height
        values[k, 4, 3] = height / 2
    inner = np.diag([4.0, 4.0, 1.0, 1.0])
    inner[0, 3] = inner[1, 3] = 1.5
    return Heatmap(values, AFFINE.then(Affine(inner)), "v", 3.0)


def make_marks() -> list[Mark]:
    """The two hills as candidates, and one where the map does not rise."""
    cell = make_heatmap().affine
    places = {"C1": (2, 1, 1), "C2": (2, 4, 3), "C3": (5, 2, 2)}
    made = []
    for n, (name, at) in enumerate(places.items()):
        x, y, z = cell.to_mm(at).tolist()
        slices = (1, 2, 3) if name != "C3" else (5,)
        made.append(Mark(name, (x, y, z), 0.9 - n / 10, 10.0, "v", at[0], slices))
    return made


def write_seg(path: Path, volume: Volume, identified: bool = False) -> Path:
    return write_candidate_segmentation(
        path, make_marks(), make_heatmap(), volume, SYSTEM,
        identified=identified, identity="seal-1", made_at="20261121170000", version="0.1",
    )  # fmt: skip


def errors_of(path: Path) -> list[str]:
    """What dciodvfy calls an error."""
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    done = subprocess.run([checker, str(path)], capture_output=True, text=True, errors="replace", check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.parametrize("enhanced", [False, True])
@pytest.mark.parametrize("modality", ["MR", "CT"])
def test_dciodvfy_finds_no_error(tmp_path: Path, modality: str, enhanced: bool) -> None:
    volume = make_volume(tmp_path / "in", enhanced, modality)
    for identified in (False, True):
        report = write_structured_report(tmp_path / "sr.dcm", REPORT, volume, identified=identified)
        assert errors_of(report) == []
        assert errors_of(write_seg(tmp_path / "seg.dcm", volume, identified)) == []


def test_report_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = write_structured_report(tmp_path / "sr.dcm", REPORT, make_volume(tmp_path / "in"), identified=False)
    found = read_structured_report(path)
    assert (found.reader, found.is_final, found.made_at, found.version) == ("reader", True, "20261121170000", "0.1")
    assert len(found.findings) == len(FINDINGS)
    for mine, given in zip(found.findings, FINDINGS, strict=True):
        assert math.dist(mine.centre_mm, given.centre_mm) < 1e-3
        assert (mine.ends_mm is None) == (given.ends_mm is None)
        assert mine.ends_mm is None or np.allclose(mine.ends_mm, given.ends_mm or (), atol=1e-3)
        assert replace(mine, centre_mm=given.centre_mm, ends_mm=given.ends_mm) == given


def test_highdicom_finds_the_groups_by_template(tmp_path: Path) -> None:
    from highdicom.sr import Comprehensive3DSR

    path = write_structured_report(tmp_path / "sr.dcm", REPORT, make_volume(tmp_path / "in"), identified=False)
    report = Comprehensive3DSR.from_dataset(pydicom.dcmread(path)).content
    groups = report.get_planar_roi_measurement_groups()
    assert [g.tracking_identifier for g in groups] == [
        "own mark M1, slice 3", "own mark M2, slice 2", "candidate C1, slice 3", "candidate C2, slice 5",
        "candidate C3, slice 1",
    ]  # fmt: skip
    assert groups[0].finding_type.meaning == "Lesion"
    assert groups[2].finding_type.meaning == "Selected region"
    whole, measured = report.get_image_measurement_groups()
    assert whole.get_qualitative_evaluations()[0].value.value == "alone-first"
    (length,) = measured.get_measurements()
    assert measured.tracking_uid == groups[0].tracking_uid
    assert length.value == pytest.approx(math.dist((-84, -60), (-76, -58)), abs=1e-3)


@pytest.mark.parametrize("enhanced", [False, True])
def test_nobody_is_named_unless_asked(tmp_path: Path, enhanced: bool) -> None:
    volume = make_volume(tmp_path / "in", enhanced)
    for identified in (False, True):
        report = write_structured_report(tmp_path / "sr.dcm", REPORT, volume, identified=identified)
        for path in (report, write_seg(tmp_path / "seg.dcm", volume, identified)):
            data = pydicom.dcmread(path)
            raw = path.read_bytes()
            found = [s for s in SECRETS if s.encode() in raw]
            assert str(data.PatientName) == ("Secret^Person" if identified else "Anonymous")
            assert "SECRET-ID" in found if identified else found == []
            assert data.StudyInstanceUID == uid_from("study")


def test_both_objects_refer_to_the_series_and_its_frame_of_reference(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "in")
    report = pydicom.dcmread(write_structured_report(tmp_path / "sr.dcm", REPORT, volume, identified=False))
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert evidence.SeriesInstanceUID == uid_from("series")
    assert len(evidence.ReferencedSOPSequence) == SHAPE[0]
    segmentation = pydicom.dcmread(write_seg(tmp_path / "seg.dcm", volume))
    assert segmentation.FrameOfReferenceUID == uid_from("frame")
    (study,) = scan([tmp_path]).studies
    assert sorted(o.kind for s in study.series for o in s.objects) == ["SEG", "SR"]


def test_same_record_gives_the_same_files(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "in")
    once = write_structured_report(tmp_path / "sr.dcm", REPORT, volume, identified=False).read_bytes()
    assert write_structured_report(tmp_path / "sr.dcm", REPORT, volume, identified=False).read_bytes() == once
    once = write_seg(tmp_path / "seg.dcm", volume).read_bytes()
    assert write_seg(tmp_path / "seg.dcm", volume).read_bytes() == once


def test_region_is_what_a_loop_over_voxels_finds(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "in")
    grid, heatmap, mark = volume.grid, make_heatmap(), make_marks()[0]
    assert grid is not None
    found = activation_region(heatmap, grid, mark)
    assert found is not None
    run, mask = found
    whole = heatmap.on_grid(grid)
    level = whole[2, :12, :10].max() / 2
    front, region = [tuple(np.rint(grid.affine.to_index(mark.centre_mm)).astype(int))], set()
    while front:
        k, j, i = front.pop()
        if (
            (k, j, i) in region
            or not (1 <= k <= 3 and 0 <= j < SHAPE[1] and 0 <= i < SHAPE[2])
            or whole[k, j, i] < level
        ):
            continue
        region.add((k, j, i))
        front += [(k + a, j + b, i + c) for a, b, c in
                  ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))]  # fmt: skip
    assert {(k + run.start, j, i) for k, j, i in np.argwhere(mask).tolist()} == {tuple(map(int, v)) for v in region}


@pytest.mark.parametrize("enhanced", [False, True])
def test_segments_lie_over_their_candidates_and_are_called_activation(tmp_path: Path, enhanced: bool) -> None:
    path = write_seg(tmp_path / "seg.dcm", make_volume(tmp_path / "in", enhanced))
    data = pydicom.dcmread(path)
    assert [s.SegmentLabel for s in data.SegmentSequence] == [
        "Activation of candidate C1",
        "Activation of candidate C2",
    ]
    assert {s.SegmentedPropertyTypeCodeSequence[0].CodeMeaning for s in data.SegmentSequence} == {"Class activation"}
    assert {s.SegmentAlgorithmType for s in data.SegmentSequence} == {"AUTOMATIC"}
    grid = Affine(AFFINE.matrix)
    heights = {1: 2, 2: 2}
    for frame, group in zip(data.pixel_array, data.PerFrameFunctionalGroupsSequence, strict=True):
        number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        k, _, _ = np.rint(grid.to_index([float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]))
        mark = make_marks()[number - 1]
        _, j, i = np.rint(grid.to_index(mark.centre_mm)).astype(int)
        assert k in mark.slices
        if enhanced:
            source = group.DerivationImageSequence[0].SourceImageSequence[0]
            assert source.ReferencedFrameNumber == k + 1
        assert k != heights[number] or frame[j, i] == 1


@pytest.mark.parametrize("enhanced", [False, True])
def test_the_mask_reader_gives_every_region_back(tmp_path: Path, enhanced: bool) -> None:
    volume = make_volume(tmp_path / "in", enhanced)
    path, grid = write_seg(tmp_path / "seg.dcm", volume), volume.grid
    assert grid is not None
    for number, mark in enumerate(make_marks()[:2], 1):
        found = activation_region(make_heatmap(), grid, mark)
        assert found is not None
        expected = np.zeros(SHAPE, np.uint8)
        expected[found[0]][found[1]] = number
        np.testing.assert_array_equal(read_mask(path, grid, [number]), expected)


def test_candidates_without_activation_are_said_so(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "in")
    with pytest.raises(InputError, match="no candidate at this operating point has an activation"):
        write_candidate_segmentation(
            tmp_path / "seg.dcm", make_marks()[2:], make_heatmap(), volume, SYSTEM,
            identified=False, identity="x", made_at="20261121170000", version="0.1",
        )  # fmt: skip
    assert not (tmp_path / "seg.dcm").exists()


def test_report_without_findings_is_a_report(tmp_path: Path) -> None:
    empty = replace(REPORT, findings=(), is_final=False)
    path = write_structured_report(tmp_path / "sr.dcm", empty, make_volume(tmp_path / "in"), identified=False)
    assert errors_of(path) == []
    assert read_structured_report(path).findings == ()
    assert not read_structured_report(path).is_final


@pytest.mark.parametrize(
    ("change", "why"),
    [({"file_format": "volume-file"}, "no DICOM"), ({"frame_of_reference": None}, "no Frame of Reference"),
     ({"kind": "stack"}, "no regular volume")],
)  # fmt: skip
def test_what_cannot_be_referred_to_is_refused(tmp_path: Path, change: dict[str, object], why: str) -> None:
    volume = replace(make_volume(tmp_path / "in"), **change)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=why):
        write_structured_report(tmp_path / "sr.dcm", REPORT, volume, identified=False)
    with pytest.raises(InputError, match=why):
        write_seg(tmp_path / "seg.dcm", volume)


def test_source_that_has_gone_is_said_so_and_nothing_is_left(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "in")
    Path(volume.slices[3].path).unlink()
    with pytest.raises(InputError, match="Open the study again"):
        write_structured_report(tmp_path / "out" / "sr.dcm", REPORT, volume, identified=False)
    with pytest.raises(InputError, match="Open the study again"):
        write_seg(tmp_path / "out" / "seg.dcm", volume)
    assert not (tmp_path / "out").exists()


def test_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "in")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StorageError, match="Choose another folder"):
        write_structured_report(tmp_path / "out" / "sr.dcm", REPORT, volume, identified=False)


@pytest.mark.parametrize("content", [b"", b"no DICOM", None])
def test_what_is_no_report_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "sr.dcm"
    if content is None:
        path = Path(make_volume(tmp_path / "in").slices[0].path)
    else:
        path.write_bytes(content)
    with pytest.raises(InputError):
        read_structured_report(path)
