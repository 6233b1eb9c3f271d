"""Truth on a volume's grid, whatever file states it, and the structure a false mark lies on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.core.geometry import Affine, Grid
from overread.core.truth import Lesion, MaskRef, Truth
from overread.evaluation.case_truth import map_truth, slice_diameters
from overread.evaluation.structures import structure_at
from overread.io import (
    CaseRow,
    OutVolume,
    Segment,
    uid_from,
    write_mask,
    write_segmentation,
    write_series,
    write_truth,
)
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS

SHAPE = (6, 40, 40)
GRID = Grid(SHAPE, Affine(np.diag([2.0, 2.0, 3.0, 1.0])))


def _row(truth: Path | None) -> CaseRow:
    return CaseRow("a", "p", "s", "test", Path("nowhere"), truth=truth)


def _lesion(name: str, label: int | None, **more: object) -> Lesion:
    mask = None if label is None else MaskRef("labels.nii.gz", label)
    return Lesion(name, "hcc", (20.0, 20.0, 6.0), 14.0, 1000.0, mask=mask, **more)  # type: ignore[arg-type]


def _labels() -> np.ndarray:
    labels = np.full(SHAPE, 9, dtype=np.uint8)  # another program's code of the liver
    labels[1:4, 8:14, 8:14] = 3
    labels[2, 30:33, 30:33] = 4
    return labels


def test_codes_of_another_program_become_those_of_the_digital_liver(tmp_path: Path) -> None:
    write_mask(tmp_path / "labels.nii.gz", _labels(), GRID.affine)
    lesions = (_lesion("x", 3, typical=False), _lesion("cyst", 4, is_target=False), _lesion("unseen", None))
    truth = Truth("a", "hcc", lesions, structures={"liver": MaskRef("labels.nii.gz", 9)})
    write_truth(tmp_path / "truth.json", truth)
    mapped = map_truth(_row(tmp_path / "truth.json"), GRID)
    assert set(np.unique(mapped.labels)) == {LABELS["liver"], FIRST_FINDING, FIRST_LESION}
    assert mapped.counted.slice_labels.tolist() == [0, 1, 1, 1, 0, 0]
    assert [lesion.is_typical for lesion in mapped.lesions] == [False, True]
    assert mapped.inside_liver(2).all()
    # 36 pixels of 4 mm2
    assert slice_diameters(mapped.labels, FIRST_LESION, GRID.affine)[2] == pytest.approx(2 * np.sqrt(144 / np.pi))


def test_a_lesion_that_no_slice_shows_is_still_to_be_found_at_its_centre(tmp_path: Path) -> None:
    write_mask(tmp_path / "labels.nii.gz", _labels(), GRID.affine)
    lesions = (_lesion("unseen", None), _lesion("x", 3))
    write_truth(tmp_path / "truth.json", Truth("a", "hcc", lesions))
    mapped = map_truth(_row(tmp_path / "truth.json"), GRID)
    assert [t.voxels_mm.shape[0] for t in mapped.counted.lesions] == [108, 1]
    assert mapped.counted.lesions[1].distance_mm((20.0, 23.0, 10.0)) == pytest.approx(5.0)


def test_a_mask_with_one_value_falls_into_its_parts(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.nii.gz", (np.isin(_labels(), (3, 4))).astype(np.uint8), GRID.affine)
    mapped = map_truth(_row(tmp_path / "mask.nii.gz"), GRID)
    assert len(mapped.lesions) == 2
    assert mapped.lesions[0].is_typical is None
    assert not mapped.has_structures


@pytest.mark.parametrize("kinds", [("liver", "hcc"), ("liver", "cyst")])
def test_targets_of_a_dicom_segmentation_are_its_segments_called_lesions(
    tmp_path: Path, kinds: tuple[str, str]
) -> None:
    pytest.importorskip("highdicom")
    labels = _labels()
    volume = OutVolume(np.zeros(SHAPE, np.int16), 1.0, 0.0, GRID.affine, {"Modality": "MR", "PatientID": "1"})
    uids = {f"{part}_uid": uid_from(part) for part in ("study", "series", "frame_of_reference")}
    sources = write_series(tmp_path / "series", [volume], **uids)
    masks = (labels > 0, labels == 3)
    segments = [Segment(f"{kind} {n}", kind, mask) for n, (kind, mask) in enumerate(zip(kinds, masks, strict=True))]
    write_segmentation(
        tmp_path / "seg.dcm",
        segments,
        affine=GRID.affine,
        sources=sources,
        description="truth",
        maker={"manufacturer": "Overread", "model": "test", "version": "1"},
    )
    if "hcc" in kinds:
        mapped = map_truth(_row(tmp_path / "seg.dcm"), GRID)
        np.testing.assert_array_equal(mapped.labels == FIRST_LESION, labels == 3)
        assert len(mapped.lesions) == 1
    else:
        with pytest.raises(InputError, match="no segment of its truth is called a lesion"):
            map_truth(_row(tmp_path / "seg.dcm"), GRID)


@pytest.mark.parametrize(
    ("name", "why"), [(None, "it has no truth"), ("gone.json", "no such"), ("gone.nii.gz", "gone.nii.gz")]
)
def test_a_truth_that_cannot_be_used_is_refused_in_words(tmp_path: Path, name: str | None, why: str) -> None:
    with pytest.raises(InputError, match=why):
        map_truth(_row(None if name is None else tmp_path / name), GRID)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((40.0, 40.0, 6.0), "gallbladder"),
        ((47.0, 40.0, 6.0), "gallbladder"),  # 4.9 mm beyond its edge
        ((50.0, 40.0, 6.0), "other liver"),
        ((10.0, 10.0, 6.0), "cyst"),
        ((10.0, 60.0, 6.0), "other finding"),
        ((60.0, 10.0, 6.0), "vessel"),
        ((74.0, 74.0, 6.0), "elsewhere"),
        ((500.0, 0.0, 0.0), "elsewhere"),
    ],
)
def test_a_mark_lies_on_the_nearest_structure_within_5_mm(place: tuple[float, float, float], expected: str) -> None:
    labels = np.full(SHAPE, LABELS["liver"], dtype=np.uint8)
    labels[:, 34:, 34:] = LABELS["muscle"]
    labels[:, 19:22, 19:22] = LABELS["gallbladder"]
    labels[:, 5, 5] = FIRST_FINDING
    labels[:, 30, 5] = FIRST_FINDING + 1
    labels[:, 5, 30] = LABELS["aorta-ivc"]
    types = {FIRST_FINDING: "cyst", FIRST_FINDING + 1: "haemangioma"}
    assert structure_at(place, labels, GRID.affine, types) == expected


def test_the_nearest_structure_is_that_of_a_search_through_all_voxels() -> None:
    rng = np.random.default_rng(3)
    codes = [LABELS["liver"], LABELS["gallbladder"], LABELS["vessel"], LABELS["heart"], LABELS["bowel"]]
    labels = rng.choice(np.array(codes, dtype=np.uint8), SHAPE, p=[0.96, 0.01, 0.01, 0.01, 0.01])
    names = dict(zip(codes, ("other liver", "gallbladder", "vessel", "heart", "bowel"), strict=True))
    everywhere = np.argwhere(labels >= 0)
    for place in rng.uniform((2, 2, 0), (78, 78, 15), (60, 3)):
        distance = np.sqrt(((GRID.affine.to_mm(everywhere) - place) ** 2).sum(axis=1))
        named = np.flatnonzero((labels.ravel() != LABELS["liver"]) & (distance <= 5))
        expected = "other liver" if named.size == 0 else names[int(labels.ravel()[named[np.argmin(distance[named])]])]
        assert structure_at(place, labels, GRID.affine, {}) == expected
