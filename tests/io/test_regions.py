"""Where to look, from files of every kind; and what is said of files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.errors import InputError, OverreadError
from overread.core.geometry import Affine, Grid
from overread.core.region import Circle, LesionRegion, Region
from overread.core.truth import LESION_TYPES, Lesion, MaskRef, Truth, mask_file
from overread.io import OutVolume, Segment, uid_from, write_mask, write_segmentation, write_series, write_truth
from overread.io.facts import read_facts
from overread.io.lesion_masks import segments_to_read
from overread.io.regions import read_region
from overread.io.segmentation_reader import SegmentInfo

pytestmark = pytest.mark.light
SHAPE = (8, 40, 50)
AFFINE = Affine(np.array([[1.0, 0, 0, -25.0], [0, 1.0, 0, -20.0], [0, 0, 5.0, 100.0], [0, 0, 0, 1]]))
GRID = Grid(SHAPE, AFFINE)


def ball(centre: tuple[int, int, int], radius_px: float) -> np.ndarray:
    """A ball of voxels; a slice counts 2 pixels of it."""
    k, j, i = np.indices(SHAPE)
    return (2 * (k - centre[0])) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 <= radius_px**2


LARGE, SMALL = ball((3, 15, 15), 6.2), ball((5, 28, 38), 3.4)


def in_json(folder: Path, document: Any) -> Path:
    """A file with a document."""
    path = folder / "marks.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def slices_of(region: Region, lesion: int = 0) -> list[int]:
    """Slices of a lesion's circles."""
    return [round(float(GRID.affine.to_index([c.centre_mm])[0, 0])) for c in region.lesions[lesion].circles]


def test_a_label_map_gives_one_lesion_a_value_the_largest_first(tmp_path: Path) -> None:
    labels = np.where(LARGE, 9, np.where(SMALL, 4, 0)).astype(np.uint8)
    write_mask(tmp_path / "mask.nii.gz", labels, AFFINE)
    region = read_region(tmp_path / "mask.nii.gz", GRID)
    assert [lesion.source for lesion in region.lesions] == ["mask", "mask"]
    assert slices_of(region) == np.flatnonzero(LARGE.any(axis=(1, 2))).tolist()
    assert slices_of(region, 1) == np.flatnonzero(SMALL.any(axis=(1, 2))).tolist()
    largest = region.lesions[0].largest
    assert largest.centre_mm == pytest.approx((-10.0, -5.0, 115.0), abs=0.5)
    assert region.lesions[0].diameter_mm == pytest.approx(2 * (largest.radius_mm - 10))


def test_of_a_mask_with_one_value_each_part_is_a_lesion(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.nii.gz", (LARGE | SMALL).astype(np.uint8), AFFINE)
    assert len(read_region(tmp_path / "mask.nii.gz", GRID).lesions) == 2


@pytest.mark.parametrize("name", ["mask.nrrd", "mask.mha"])
def test_other_volume_files_say_the_same(name: str, tmp_path: Path) -> None:
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(LARGE.astype(np.uint8))
    image.SetSpacing((1.0, 1.0, 5.0))
    image.SetOrigin((-25.0, -20.0, 100.0))
    sitk.WriteImage(image, str(tmp_path / name))
    write_mask(tmp_path / "mask.nii.gz", LARGE.astype(np.uint8), AFFINE)
    one, other = (read_region(tmp_path / file, GRID) for file in (name, "mask.nii.gz"))
    assert one.to_json() == other.to_json()


def test_a_segmentation_gives_its_segments_that_are_named_tumours(tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    ids = {f"{name}_uid": uid_from(name) for name in ("study", "series", "frame_of_reference")}
    source = write_series(
        tmp_path / "ct", [OutVolume(np.zeros(SHAPE, np.int16), 1.0, 0.0, AFFINE, {"Modality": "CT"})], **ids
    )
    liver = np.ones(SHAPE, dtype=bool)
    segments = [Segment("liver", "liver", liver), Segment("tumour", "hcc", LARGE)]
    write_segmentation(tmp_path / "seg.dcm", segments, AFFINE, source)
    region = read_region(tmp_path / "seg.dcm", GRID)
    assert len(region.lesions) == 1
    assert slices_of(region) == np.flatnonzero(LARGE.any(axis=(1, 2))).tolist()
    assert region.notes == ("seg.dcm: not taken for lesions, by their names: liver.",)


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (("Liver", "Metastases"), [2]),
        (("Liver", "Hemangioma"), [2]),
        (("Metastasis 1", "Metastasis 2"), [1, 2]),
        (("Hemangioma", "Tumor"), [1, 2]),
        (("Liver without tumor", "Cyst"), [2]),
        (("Liver without tumor", "x"), []),
        (("Liver and tumours", "liver_tumor1"), [2]),
        (("Left Kidney",), []),
        (("ROI",), [1]),
    ],
)
def test_segments_of_every_type_of_lesion_are_looked_at_and_organs_are_not(
    labels: tuple[str, ...], wanted: list[int]
) -> None:
    assert segments_to_read([SegmentInfo(n, label, "") for n, label in enumerate(labels, start=1)]) == wanted


@pytest.mark.parametrize("name", [name for name in LESION_TYPES if name != "other-primary"])
def test_a_segment_called_by_a_type_of_the_truth_is_a_lesion(name: str) -> None:
    assert segments_to_read([SegmentInfo(1, "Liver", ""), SegmentInfo(2, name, "")]) == [2]


def test_a_bare_mask_as_large_as_a_liver_is_no_lesion(tmp_path: Path) -> None:
    shape, affine = (20, 40, 40), Affine(np.diag([5.0, 5.0, 5.0, 1.0]))
    organ = np.zeros(shape, dtype=np.uint8)
    organ[:18, :18, :18] = 1
    write_mask(tmp_path / "liver.nii.gz", organ, affine)
    with pytest.raises(InputError, match="its mask covers 729 mL, which is an organ"):
        read_region(tmp_path / "liver.nii.gz", Grid(shape, affine))


def test_a_folder_of_masks_as_dicom_gives_one_lesion_a_series(tmp_path: Path) -> None:
    for name, mask in (("one", LARGE), ("two", SMALL)):
        stored = (255 * mask).astype(np.uint8)
        image = OutVolume(stored, 1.0, 0.0, AFFINE, {"Modality": "CT"})
        ids = {
            "study_uid": uid_from(name),
            "series_uid": uid_from(f"s {name}"),
            "frame_of_reference_uid": uid_from("f"),
        }
        write_series(tmp_path / "masks" / name, [image], **ids)
    assert len(read_region(tmp_path / "masks", GRID).lesions) == 2
    write_mask(tmp_path / "mask.nii.gz", LARGE.astype(np.uint8), AFFINE)
    alone = read_region(tmp_path / "masks" / "one", GRID).lesions[0]
    assert alone.circles == read_region(tmp_path / "mask.nii.gz", GRID).lesions[0].circles


def test_a_folder_of_images_is_no_region(tmp_path: Path) -> None:
    stored = np.random.default_rng(1).integers(0, 200, SHAPE).astype(np.int16)
    ids = {f"{name}_uid": uid_from(name) for name in ("study", "series", "frame_of_reference")}
    write_series(tmp_path / "ct", [OutVolume(stored, 1.0, 0.0, AFFINE, {"Modality": "CT"})], **ids)
    with pytest.raises(InputError, match="it holds images, not only masks"):
        read_region(tmp_path / "ct", GRID)


def test_a_truth_gives_its_targets_by_mask_or_as_balls(tmp_path: Path) -> None:
    write_mask(tmp_path / "labels.nii.gz", np.where(LARGE, 100, np.where(SMALL, 40, 0)).astype(np.uint8), AFFINE)
    centre = tuple(GRID.affine.to_mm((5, 28, 38)).tolist())
    truth = Truth(
        "c",
        "hcc",
        (
            Lesion("hcc-1", "hcc", (0.0, 0.0, 0.0), 12.0, 900.0, mask=MaskRef("labels.nii.gz", 100)),
            Lesion("cyst-1", "cyst", (0.0, 0.0, 0.0), 7.0, 90.0, is_target=False, mask=MaskRef("labels.nii.gz", 40)),
            Lesion("hcc-2", "hcc", centre, 12.0, 900.0),
        ),
    )
    write_truth(tmp_path / "truth.json", truth)
    region = read_region(tmp_path / "truth.json", GRID)
    assert {lesion.id for lesion in region.lesions} == {"hcc-1", "hcc-2"}
    (of_ball,) = (lesion for lesion in region.lesions if lesion.id == "hcc-2")
    assert [round(c.radius_mm - 10, 2) for c in of_ball.circles] == [3.32, 6.0, 3.32]


def test_the_truth_of_another_study_is_refused(tmp_path: Path) -> None:
    centre = tuple(GRID.affine.to_mm((5, 28, 38)).tolist())
    truth = Truth("c", "hcc", (Lesion("hcc-1", "hcc", centre, 12.0, 900.0),), frame_of_reference="1.2.3")
    write_truth(tmp_path / "truth.json", truth)
    assert read_region(tmp_path / "truth.json", GRID, frame="1.2.3").lesions[0].id == "hcc-1"
    with pytest.raises(InputError, match="truth of another study"):
        read_region(tmp_path / "truth.json", GRID, frame="9.9.9")


def test_a_picture_is_no_mask(tmp_path: Path) -> None:
    (tmp_path / "liver.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 64)
    with pytest.raises(InputError, match="no mask, no marks and no truth"):
        read_region(tmp_path / "liver.png", GRID)


def test_a_truth_with_a_map_of_every_volume_gives_that_of_the_one_that_is_read(tmp_path: Path) -> None:
    for role, mask in (("t1-portal", LARGE), ("t2-fs", np.roll(LARGE, 7, axis=2))):
        write_mask(tmp_path / mask_file(role), np.where(mask, 100, 0).astype(np.uint8), AFFINE)
    lesion = Lesion("hcc-1", "hcc", (0.0, 0.0, 0.0), 12.0, 900.0, mask=MaskRef(mask_file("t1-portal"), 100))
    write_truth(tmp_path / "truth.json", Truth("c", "hcc", (lesion,)))
    regions = [read_region(tmp_path / "truth.json", GRID, role) for role in (None, "dwi", "t2-fs")]
    named, unmapped, own = (region.lesions[0].largest.centre_mm[0] for region in regions)
    assert named == unmapped
    assert own == pytest.approx(named + 7.0)


def _circle(radius_mm: float, k: int = 3, **said: Any) -> dict[str, Any]:
    return {"centre_mm": GRID.affine.to_mm((k, 15, 15)).tolist(), "radius_mm": radius_mm, "lesion": "L", **said}


def test_the_small_first_and_last_circles_of_a_lesion_do_not_change_its_margin(tmp_path: Path) -> None:
    for radii in ([15, 18, 15], [15, 18, 9]):
        marks = [_circle(r, 3 + n) for n, r in enumerate(radii)]
        (lesion,) = read_region(in_json(tmp_path, {"marks": marks}), GRID).lesions
        assert (lesion.margin_mm, lesion.diameter_mm) == (10.0, 16.0)
        assert [c.radius_mm for c in lesion.circles] == radii


def test_a_circle_no_larger_than_the_margin_it_would_have_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a circle of 10 mm cannot reach 10 mm beyond .* Say with margin_mm"):
        read_region(in_json(tmp_path, {"marks": [_circle(10)]}), GRID)
    (lesion,) = read_region(in_json(tmp_path, {"marks": [_circle(10, margin_mm=0)]}), GRID).lesions
    assert lesion.diameter_mm == 20.0
    (lesion,) = read_region(in_json(tmp_path, {"marks": [_circle(11)]}), GRID).lesions
    assert lesion.diameter_mm == 2.0


def test_circles_of_one_lesion_with_several_margins_are_brought_to_one(tmp_path: Path) -> None:
    marks = [_circle(20), _circle(9, 4, margin_mm=0), _circle(12, 5, margin_mm=4)]
    (lesion,) = read_region(in_json(tmp_path, {"marks": marks}), GRID).lesions
    assert (lesion.margin_mm, [c.radius_mm for c in lesion.circles]) == (10.0, [20.0, 19.0, 18.0])


def test_a_lesion_brought_to_another_margin_keeps_its_diameter() -> None:
    lesion = LesionRegion("L1", (Circle((0.0, 0.0, 0.0), 14.0), Circle((0.0, 0.0, 5.0), 9.0)), "circle", 2.0)
    moved = lesion.at_margin(10.0)
    assert ([c.radius_mm for c in moved.circles], moved.diameter_mm) == ([22.0, 17.0], lesion.diameter_mm)


def test_circles_on_neighbouring_slices_that_overlap_are_one_lesion(tmp_path: Path) -> None:
    x, y, z = GRID.affine.to_mm((3, 15, 15)).tolist()
    far = GRID.affine.to_mm((3, 30, 40)).tolist()
    marks = [{"centre_mm": [x + n, y, z + 5 * n], "radius_mm": 14 + n, "slice": 3 + n} for n in range(3)]
    region = read_region(in_json(tmp_path, {"marks": [*marks, {"centre_mm": far, "radius_mm": 12}]}), GRID)
    assert [len(lesion.circles) for lesion in region.lesions] == [3, 1]
    assert [lesion.source for lesion in region.lesions] == ["circle", "circle"]
    assert [round(c.radius_mm) for c in region.lesions[0].circles] == [14, 15, 16]
    assert region.lesions[0].diameter_mm == pytest.approx(2 * (16 - 10))


def test_a_name_keeps_marks_together_and_a_margin_of_the_mark_counts(tmp_path: Path) -> None:
    places = [GRID.affine.to_mm((k, 10, 10 + 5 * k)).tolist() for k in (1, 6)]
    marks = [{"centre_mm": p, "radius_mm": 9, "margin_mm": 2, "lesion": "S8"} for p in places]
    (lesion,) = read_region(in_json(tmp_path, {"marks": marks}), GRID).lesions
    assert (lesion.id, len(lesion.circles), lesion.margin_mm, lesion.diameter_mm) == ("S8", 2, 2.0, 14.0)


@pytest.mark.parametrize(
    ("points", "radius"),
    [([(3, 15, 10), (3, 15, 22)], 6.0), ([(3, 15, 10), (3, 15, 22), (3, 10, 16), (3, 20, 16)], 6.0)],
)
def test_a_diameter_becomes_its_circle_and_10_mm(
    points: list[tuple[int, int, int]], radius: float, tmp_path: Path
) -> None:
    places = GRID.affine.to_mm(points).tolist()
    (lesion,) = read_region(in_json(tmp_path, {"marks": [{"recist": places}]}), GRID).lesions
    (circle,) = lesion.circles
    assert circle.radius_mm == pytest.approx(radius + 10)
    assert circle.centre_mm == pytest.approx(tuple(GRID.affine.to_mm((3, 15, 16)).tolist()))
    assert (lesion.source, lesion.diameter_mm) == ("recist", pytest.approx(2 * radius))


def test_the_region_of_a_reading_is_read_back_as_it_was(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.nii.gz", LARGE.astype(np.uint8), AFFINE)
    region = read_region(tmp_path / "mask.nii.gz", GRID)
    again = read_region(in_json(tmp_path, region.to_json()), GRID)
    for one, other in zip(region.lesions[0].circles, again.lesions[0].circles, strict=True):
        assert one.radius_mm == other.radius_mm
        assert one.centre_mm == pytest.approx(other.centre_mm)


HERE = [float(v) for v in GRID.affine.to_mm((3, 15, 15))]


def _lesion(radius_mm: float = 12.0, margin_mm: float = 10.0) -> dict[str, Any]:
    circles = [{"centre_mm": HERE, "radius_mm": radius_mm}]
    return {"id": "L1", "source": "circle", "margin_mm": margin_mm, "circles": circles}


HOSTILE: dict[str, Any] = {
    "empty": "",
    "no JSON": "{",
    "a list": "[1, 2]",
    "a number": "7",
    "binary": "\x00\x01\x02",
    "deep": "[" * 100_000,
    "no marks": {"marks": []},
    "marks no list": {"marks": {"centre_mm": HERE}},
    "mark no object": {"marks": [3]},
    "no radius": {"marks": [{"centre_mm": HERE}]},
    "text radius": {"marks": [{"centre_mm": HERE, "radius_mm": "12"}]},
    "negative radius": {"marks": [{"centre_mm": HERE, "radius_mm": -4}]},
    "huge radius": {"marks": [{"centre_mm": HERE, "radius_mm": 1e300}]},
    "huge number": {"marks": [{"centre_mm": HERE, "radius_mm": 10**400}]},
    "NaN": '{"marks": [{"centre_mm": [NaN, 0, 0], "radius_mm": 12}]}',
    "infinite": '{"marks": [{"centre_mm": [1, 2, 3], "radius_mm": Infinity}]}',
    "true": {"marks": [{"centre_mm": [True, 0, 0], "radius_mm": 12}]},
    "two numbers": {"marks": [{"centre_mm": [1, 2], "radius_mm": 12}]},
    "outside": {"marks": [{"centre_mm": [900, 0, 110], "radius_mm": 12}]},
    "no such slice": {"marks": [{"centre_mm": HERE, "radius_mm": 12, "slice": 99}]},
    "another slice": {"marks": [{"centre_mm": HERE, "radius_mm": 12, "slice": 7}]},
    "slice no number": {"marks": [{"centre_mm": HERE, "radius_mm": 12, "slice": "x"}]},
    "recist of three": {"marks": [{"recist": [HERE, HERE, HERE]}]},
    "recist of one place": {"marks": [{"recist": [HERE, HERE]}]},
    "recist across slices": {"marks": [{"recist": [HERE, [HERE[0], HERE[1], HERE[2] + 20]]}]},
    "truth damaged": {"schema": "overread.truth/1", "lesions": 3},
    "lesions damaged": {"lesions": [{"id": 1}]},
    "lesion of no size": {"lesions": [_lesion(radius_mm=10**400)]},
    "lesion of no margin": {"lesions": [_lesion(margin_mm=float("nan"))]},
    "lesion of margin below 0": {"lesions": [_lesion(margin_mm=-3)]},
    "too many": {"marks": [{"centre_mm": HERE, "radius_mm": 12}] * 10_001},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_file_holds_it_is_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as problem:
        read_region(in_json(tmp_path, HOSTILE[name]), GRID)
    assert str(problem.value).endswith(".")
    assert "\n" not in str(problem.value)
    assert len(str(problem.value)) < 400


@pytest.mark.parametrize("name", ["mask.nii.gz", "mask.nrrd", "seg.dcm", "none.json", "text.txt"])
def test_damaged_and_absent_masks_are_one_sentence(name: str, tmp_path: Path) -> None:
    content = b"\0" * 128 + b"DICM" + b"\xff" * 40 if name == "seg.dcm" else b"no image at all"
    if name != "none.json":
        (tmp_path / name).write_bytes(content)
    with pytest.raises(OverreadError) as problem:
        read_region(tmp_path / name, GRID)
    assert "\n" not in str(problem.value)


def test_a_mask_from_elsewhere_in_the_patient_is_refused(tmp_path: Path) -> None:
    matrix = np.array(AFFINE.matrix)
    matrix[:3, 3] += 5000
    write_mask(tmp_path / "mask.nii.gz", LARGE.astype(np.uint8), Affine(matrix))
    with pytest.raises(OverreadError, match="share no place"):
        read_region(tmp_path / "mask.nii.gz", GRID)


def test_an_empty_mask_holds_no_lesion(tmp_path: Path) -> None:
    write_mask(tmp_path / "mask.nii.gz", np.zeros(SHAPE, dtype=np.uint8), AFFINE)
    with pytest.raises(InputError, match="no lesion of it lies on this volume"):
        read_region(tmp_path / "mask.nii.gz", GRID)


def test_facts_come_from_a_file_with_their_units_checked(tmp_path: Path) -> None:
    facts = read_facts(in_json(tmp_path, {"sex": "female", "afp_ng_ml": 12, "hcv": None}))
    assert (facts.sex, facts.afp_ng_ml, facts.hcv) == ("female", 12.0, None)
    for wrong in ({"afp": 3}, {"age_y": -1}, {"hbsag": 1}, {"child_pugh": "D"}, {"age_y": 10**400}):
        with pytest.raises(InputError, match="These facts cannot be used"):
            read_facts(in_json(tmp_path, wrong))
    with pytest.raises(InputError, match="cannot be used as a list of facts"):
        read_facts(in_json(tmp_path, "["))
