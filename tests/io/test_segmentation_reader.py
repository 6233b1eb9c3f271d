"""DICOM segmentations come in as label maps: those written here, and those of other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.core.geometry import Affine, Grid
from overread.io import OutVolume, Segment, read_mask, uid_from, write_segmentation, write_series
from overread.io.segmentation_reader import is_dicom_file, list_segments, read_segmentation

pytestmark = pytest.mark.light
pytest.importorskip("highdicom")
SHAPE = (6, 9, 11)
OBLIQUE = Affine(np.array([[1.2, 0, 0.3, -100.25], [0, 1.1, 0, -80], [-0.3, 0, 2.9, 33.3], [0, 0, 0, 1]]))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray], Affine]:
    """Two overlapping masks in the middle of a turned series, the file, and where they lie."""
    folder = tmp_path_factory.mktemp("seg")
    affine = Affine(np.array(OBLIQUE.matrix))
    across, down = affine.matrix[:3, 0], affine.matrix[:3, 1]
    normal = np.cross(across, down)
    matrix = np.array(affine.matrix)
    matrix[:3, 2] = 3.0 * normal / np.linalg.norm(normal)
    affine = Affine(matrix)
    volume = OutVolume(np.zeros(SHAPE, np.int16), 1.0, 0.0, affine, {"Modality": "MR", "StudyDate": "20240102"})
    files = write_series(
        folder / "series",
        [volume],
        study_uid=uid_from("study"),
        series_uid=uid_from("series"),
        frame_of_reference_uid=uid_from("frame"),
    )
    rng = np.random.default_rng(4)
    masks = [rng.random(SHAPE) < 0.4 for _ in range(2)]
    for mask in masks:
        mask[0] = mask[-1] = False
    segments = [Segment("Liver", "liver", masks[0]), Segment("Tumour", "hcc", masks[1])]
    return write_segmentation(folder / "seg.dcm", segments, affine, files), masks, affine


def test_a_segmentation_comes_back_on_its_series_grid(written: tuple[Path, list[np.ndarray], Affine]) -> None:
    path, masks, affine = written
    found = read_mask(path, Grid(SHAPE, affine))
    assert np.array_equal(found, np.where(masks[1], 2, np.where(masks[0], 1, 0)))


def test_one_segment_alone_is_not_hidden_by_another(written: tuple[Path, list[np.ndarray], Affine]) -> None:
    path, masks, affine = written
    assert np.array_equal(read_mask(path, Grid(SHAPE, affine), [1]), masks[0].astype(np.uint8))


def test_segments_are_listed_with_their_names(written: tuple[Path, list[np.ndarray], Affine]) -> None:
    named = [(s.number, s.label, s.meaning) for s in list_segments(written[0])]
    assert named == [(1, "Liver", "Liver"), (2, "Tumour", "Hepatocellular carcinoma")]


def test_what_is_no_segmentation_is_refused(written: tuple[Path, list[np.ndarray], Affine], tmp_path: Path) -> None:
    image = next((written[0].parent / "series").iterdir())
    with pytest.raises(InputError, match="it is no DICOM segmentation"):
        read_segmentation(image)
    with pytest.raises(InputError, match="it is missing or no DICOM file"):
        read_segmentation(tmp_path / "nothing.dcm")
    assert not is_dicom_file(tmp_path / "nothing.dcm")
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(written[0].read_bytes()[:-40])
    with pytest.raises(InputError, match="cannot be used as a mask"):
        read_segmentation(cut)


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["liver-ct-seg-dcmqi/liver.dcm", "objects-highdicom/seg_image_ct_binary_overlap.dcm"])
def test_segments_of_other_programs_have_the_voxels_that_pydicom_counts(shared_data: Path, name: str) -> None:
    import pydicom

    path = shared_data / name
    data = pydicom.dcmread(path)
    numbers = [
        int(f.SegmentIdentificationSequence[0].ReferencedSegmentNumber) for f in data.PerFrameFunctionalGroupsSequence
    ]
    frames = np.asarray(data.pixel_array).reshape(len(numbers), -1)
    for number in sorted(set(numbers)):
        expected = sum(int(f.sum()) for f, n in zip(frames, numbers, strict=True) if n == number)
        labels, _ = read_segmentation(path, [number])
        assert int((labels == number).sum()) == expected


def test_slices_between_two_lesions_stay_empty_where_their_frames_were_left_out(tmp_path: Path) -> None:
    affine = Affine(np.diag([1.0, 1.0, 3.0, 1.0]))
    volume = OutVolume(np.zeros((9, 8, 8), np.int16), 1.0, 0.0, affine, {"Modality": "MR", "StudyDate": "20240102"})
    uids = {"study_uid": uid_from("s"), "series_uid": uid_from("r"), "frame_of_reference_uid": uid_from("f")}
    files = write_series(tmp_path / "series", [volume], **uids)
    mask = np.zeros((9, 8, 8), dtype=np.bool_)
    mask[2, 2:5, 2:5] = mask[6, 3:6, 3:6] = True
    path = write_segmentation(tmp_path / "seg.dcm", [Segment("Tumour", "hcc", mask)], affine, files)
    assert np.array_equal(read_mask(path, Grid((9, 8, 8), affine)) > 0, mask)


@pytest.mark.filterwarnings("ignore")  # pydicom says much of such files
def test_damaged_bytes_give_a_sentence_and_never_a_traceback(
    written: tuple[Path, list[np.ndarray], Affine], tmp_path: Path
) -> None:
    whole = written[0].read_bytes()
    rng = np.random.default_rng(11)
    refused = 0
    for n in range(120):
        spoilt = bytearray(whole)
        for _ in range(4):
            spoilt[int(rng.integers(132, len(whole) - 600))] = int(rng.integers(256))
        path = tmp_path / f"{n}.dcm"
        path.write_bytes(spoilt)
        for read in (list_segments, read_segmentation):
            try:
                read(path)
            except InputError:
                refused += 1
    assert 0 < refused < 240
