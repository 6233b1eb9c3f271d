"""Segmentations out: masks come back as they were, a strict checker finds no error, the scan knows what it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest

from overread.core.errors import InputError
from overread.core.geometry import Affine
from overread.io import scan, uid_from
from overread.io.segmentation_writer import LESIONS, STRUCTURES, Segment, write_segmentation
from overread.io.series_writer import OutVolume, write_series

pytestmark = pytest.mark.light
pytest.importorskip("highdicom")
SHAPE = (6, 9, 11)
AFFINE = Affine(np.array([[1.2, 0, 0, -100.25], [0, 1.1, 0, -80], [0, 0, -3.0, 33.3], [0, 0, 0, 1]]))


def write_source(folder: Path, enhanced: bool = False, modality: str = "MR") -> list[Path]:
    """The series on which the masks are drawn."""
    volume = OutVolume(
        np.zeros(SHAPE, np.int16),
        1.0,
        0.0,
        AFFINE,
        {"Modality": modality, "StudyDate": "20240102", "PatientName": "Phantom^1", "PatientID": "1"},
    )
    return write_series(
        folder,
        [volume],
        study_uid=uid_from("study"),
        series_uid=uid_from("series"),
        frame_of_reference_uid=uid_from("frame"),
        enhanced=enhanced,
    )


def segments() -> list[Segment]:
    """Overlapping masks, one of which is empty and one in a single slice."""
    rng = np.random.default_rng(3)
    kinds = ("liver", "segment-4", "segment-8", "portal-vein", "hepatic-vein", "hcc", "cyst", "fnh")
    masks = [rng.random(SHAPE) < 0.3 for _ in kinds]
    masks[3][:] = False
    masks[5][:4] = masks[5][5:] = False
    return [Segment(f"{kind} {n}", kind, mask) for n, (kind, mask) in enumerate(zip(kinds, masks, strict=True))]


def masks_of(path: Path) -> dict[str, np.ndarray]:
    """Masks by label from the frames' own positions: an obvious reader, independent of the writer."""
    data = pydicom.dcmread(path)
    labels = {s.SegmentNumber: s.SegmentLabel for s in data.SegmentSequence}
    found = {label: np.zeros(SHAPE, bool) for label in labels.values()}
    for frame, group in zip(data.pixel_array, data.PerFrameFunctionalGroupsSequence, strict=True):
        place = [float(v) for v in group.PlanePositionSequence[0].ImagePositionPatient]
        k, j, i = np.rint(AFFINE.to_index(place)).astype(int)
        assert (j, i) == (0, 0)
        found[labels[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber]][k] = frame
    return found


@pytest.mark.parametrize("enhanced", [False, True])
def test_masks_come_back_in_their_places(tmp_path: Path, enhanced: bool) -> None:
    given = segments()
    path = write_segmentation(tmp_path / "seg.dcm", given, AFFINE, write_source(tmp_path / "in", enhanced))
    found = masks_of(path)
    assert list(found) == [s.name for s in given if s.mask.any()]
    for segment in given:
        if segment.mask.any():
            np.testing.assert_array_equal(found[segment.name], segment.mask)


@pytest.mark.parametrize("enhanced", [False, True])
@pytest.mark.parametrize("modality", ["MR", "CT"])
def test_dciodvfy_finds_no_error(tmp_path: Path, modality: str, enhanced: bool) -> None:
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    every = [Segment(kind, kind, np.ones(SHAPE, bool)) for kind in (*STRUCTURES, *LESIONS)]
    path = write_segmentation(tmp_path / "seg.dcm", every, AFFINE, write_source(tmp_path / "in", enhanced, modality))
    report = subprocess.run([checker, str(path)], capture_output=True, text=True, errors="replace", check=False)
    assert [line for line in (report.stdout + report.stderr).splitlines() if line.startswith("Error")] == []


def test_scan_knows_it_and_what_it_refers_to(tmp_path: Path) -> None:
    write_segmentation(tmp_path / "seg.dcm", segments(), AFFINE, write_source(tmp_path / "in"))
    (study,) = scan([tmp_path]).studies
    (found,) = [o for series in study.series for o in series.objects]
    assert found.kind == "SEG"
    assert uid_from("series") in found.refers_to
    assert pydicom.dcmread(tmp_path / "seg.dcm").FrameOfReferenceUID == uid_from("frame")


def test_file_is_the_same_every_time(tmp_path: Path) -> None:
    sources = write_source(tmp_path / "in")
    first = write_segmentation(tmp_path / "seg.dcm", segments(), AFFINE, sources).read_bytes()
    assert write_segmentation(tmp_path / "seg.dcm", segments(), AFFINE, sources).read_bytes() == first


def test_masks_on_another_grid_are_refused(tmp_path: Path) -> None:
    sources = write_source(tmp_path / "in")
    moved = AFFINE.matrix.copy()
    moved[2, 3] += 1
    with pytest.raises(InputError, match="different grids"):
        write_segmentation(tmp_path / "seg.dcm", segments(), Affine(moved), sources)
    with pytest.raises(InputError, match="different grids"):
        write_segmentation(tmp_path / "seg.dcm", segments(), AFFINE, sources[1:])
    assert not (tmp_path / "seg.dcm").exists()


def test_nothing_marked_is_said_so(tmp_path: Path) -> None:
    empty = [Segment("liver", "liver", np.zeros(SHAPE, bool))]
    with pytest.raises(InputError, match="none of its masks"):
        write_segmentation(tmp_path / "seg.dcm", empty, AFFINE, write_source(tmp_path / "in"))


def test_missing_library_is_named_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "highdicom", None)
    with pytest.raises(InputError, match="pip install highdicom"):
        write_segmentation(tmp_path / "seg.dcm", segments(), AFFINE, write_source(tmp_path / "in"))


def test_every_type_of_lesion_has_a_code() -> None:
    from overread.core.truth import LESION_TYPES

    assert set(LESIONS) == set(LESION_TYPES)
