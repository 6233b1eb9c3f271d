"""Anyone's DICOM and NIfTI with masks, segmentations or marks become patients; what cannot be used is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Affine
from overread.core.truth import Lesion, MaskRef, Truth
from overread.io import (
    CaseRow,
    Segment,
    uid_from,
    write_cases,
    write_mask,
    write_mr_series,
    write_segmentation,
    write_truth,
    write_volume_nifti,
)
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS
from overread.training.own_cases import OwnCases, prepare_cases

SHAPE = (10, 96, 96)
AFFINE = Affine(np.array([[4.0, 0, 0, -190], [0, 4, 0, -190], [0, 0, 5, -20], [0, 0, 0, 1]]))
CENTRE, RADIUS = (4, 44, 36), 16.0
HEADERS = {"SeriesDescription": "HBP 20MIN", "Modality": "MR", "ScanningSequence": "GR", "RepetitionTime": 4.0,
           "EchoTime": 1.8, "FlipAngle": 10}  # fmt: skip


def ball() -> NDArray[np.bool_]:
    """Voxels of a lesion of 32 mm, reckoned one by one."""
    found = np.zeros(SHAPE, dtype=bool)
    centre = AFFINE.to_mm(np.array([CENTRE]))[0]
    for index in np.ndindex(SHAPE):
        found[index] = np.linalg.norm(AFFINE.to_mm(np.array([index]))[0] - centre) <= RADIUS
    return found


BALL = ball()


def picture(with_lesion: bool = True) -> NDArray[np.uint16]:
    """A body with a dark ball in it."""
    y, x = np.meshgrid(np.linspace(-1, 1, 96), np.linspace(-1, 1, 96), indexing="ij")
    body = np.where(x**2 + y**2 < 0.9, 300, 20) + np.random.default_rng(0).normal(0, 8, SHAPE)
    return np.where(BALL & with_lesion, 120, body).clip(0).astype(np.uint16)


def series(folder: Path, stored: NDArray[np.uint16], **headers: Any) -> list[Path]:
    """A hepatobiliary series of ten slices."""
    return write_mr_series(
        folder,
        stored=stored,
        slope=1.0,
        intercept=0.0,
        affine=AFFINE,
        attributes=HEADERS | headers,
        study_uid=uid_from(f"{folder}/study"),
        series_uid=uid_from(f"{folder}"),
        frame_of_reference_uid=uid_from("f"),
    )


def case(folder: Path, name: str, truth: str = "", label: str = "hcc", **more: Any) -> CaseRow:
    """A row of the list, its truth beside its series."""
    path = folder / name / truth if truth else None
    values = {"patient": f"patient-of-{name}", "site": "here", "split": ""} | more
    return CaseRow(case=name, folder=folder / name / "series", label=label, truth=path, **values)


def prepared(folder: Path, rows: list[CaseRow]) -> OwnCases:
    """The list written and prepared."""
    write_cases(folder / "cases.csv", rows)
    return prepare_cases(folder / "cases.csv", folder / "work", seed=1)


@pytest.fixture
def marked(tmp_path: Path) -> CaseRow:
    """A DICOM case whose truth is a mark: a place and a diameter."""
    series(tmp_path / "marked" / "series", picture())
    x, y, z = AFFINE.to_mm(np.array([CENTRE]))[0]
    lesion = Lesion("L1", "hcc", (float(x), float(y), float(z)), 2 * RADIUS, 0.0)
    write_truth(tmp_path / "marked" / "truth.json", Truth("marked", "hcc", (lesion,)))
    return case(tmp_path, "marked", "truth.json")


def lesion_cells(cases: OwnCases, name: str) -> NDArray[np.bool_]:
    """Where a case's prepared labels hold a lesion."""
    (patient,) = [p for p in cases.patients if p.name == name]
    return np.asarray(patient.labels >= FIRST_LESION)


def test_mask_segmentation_and_mark_of_one_lesion_give_the_same_labels(tmp_path: Path, marked: CaseRow) -> None:
    pytest.importorskip("highdicom")
    rows = [marked]
    series(tmp_path / "masked" / "series", picture())
    write_mask(tmp_path / "masked" / "mask.nii.gz", BALL.astype(np.uint8), AFFINE)
    rows.append(case(tmp_path, "masked", "mask.nii.gz"))
    files = series(tmp_path / "segmented" / "series", picture())
    liver = np.ones(SHAPE, dtype=bool)
    parts = [Segment("Tumour 1", "hcc", BALL), Segment("Liver", "liver", liver)]
    write_segmentation(tmp_path / "segmented" / "truth.dcm", parts, AFFINE, files)
    rows.append(case(tmp_path, "segmented", "truth.dcm"))
    folder = tmp_path / "nifti" / "series"
    folder.mkdir(parents=True)
    write_volume_nifti(folder / "volume.nii.gz", picture(), AFFINE)
    write_mask(tmp_path / "nifti" / "mask.nii.gz", BALL.astype(np.uint8), AFFINE)
    rows.append(case(tmp_path, "nifti", "mask.nii.gz"))
    cases = prepared(tmp_path, rows)
    assert cases.left_out == ()
    found = [lesion_cells(cases, row.case) for row in rows]
    assert found[0].any(axis=(1, 2)).tolist() == BALL.any(axis=(1, 2)).tolist()
    assert all(np.array_equal(found[0], other) for other in found[1:])
    patient = cases.patients[0]
    dark = patient.images[CENTRE[0]][found[0][CENTRE[0]]].mean()
    assert dark < 0.6 * np.median(patient.images[CENTRE[0]][150:170, 150:170])  # the lesion lies on the dark ball
    assert patient.pixel_mm2 * found[0][CENTRE[0]].sum() == pytest.approx(np.pi * RADIUS**2, rel=0.08)  # 4 mm voxels


def test_a_truth_with_structures_and_findings_keeps_them_apart(tmp_path: Path) -> None:
    series(tmp_path / "a" / "series", picture())
    stored = np.full(SHAPE, 9, dtype=np.uint8)
    stored[BALL] = 3
    stored[7, 60:68, 60:68] = 5
    write_mask(tmp_path / "a" / "map.nii.gz", stored, AFFINE)
    lesions = (
        Lesion("L1", "hcc", (0, 0, 0), 32.0, 0.0, mask=MaskRef("map.nii.gz", 3)),
        Lesion("C1", "cyst", (0, 0, 0), 9.0, 0.0, is_target=False, mask=MaskRef("map.nii.gz", 5)),
    )
    truth = Truth("a", "hcc", lesions, structures={"liver": MaskRef("map.nii.gz", 9)})
    write_truth(tmp_path / "a" / "truth.json", truth)
    cases = prepared(tmp_path, [case(tmp_path, "a", "truth.json")])
    assert set(np.unique(cases.patients[0].labels)) == {LABELS["liver"], FIRST_FINDING, FIRST_LESION}


def test_cases_that_cannot_be_used_are_named_with_the_reason(tmp_path: Path, marked: CaseRow) -> None:
    series(tmp_path / "nothing-said" / "series", picture())
    series(tmp_path / "ct" / "series", picture(), SeriesDescription="portal", Modality="CT")
    series(tmp_path / "healthy" / "series", picture(False))
    series(tmp_path / "elsewhere" / "series", picture())
    far = Affine(AFFINE.matrix + np.array([[0, 0, 0, 5000.0]] + [[0, 0, 0, 0]] * 3))
    write_mask(tmp_path / "elsewhere" / "mask.nii.gz", BALL.astype(np.uint8), far)
    cases = prepared(
        tmp_path,
        [
            marked,
            case(tmp_path, "nothing-said"),
            case(tmp_path, "ct", label="none"),
            case(tmp_path, "healthy", label="none"),
            case(tmp_path, "gone", "truth.json"),
            case(tmp_path, "elsewhere", "mask.nii.gz"),
        ],
    )
    reasons = {item.case: item.why for item in cases.left_out}
    assert [p.name for p in cases.patients] == ["marked", "healthy"]
    assert reasons["nothing-said"] == "it has no truth, and its label is not none"
    assert reasons["ct"] == "0 of its 1 volumes are surely t1-hbp"
    assert set(reasons) == {"nothing-said", "ct", "gone", "elsewhere"}
    assert "share no place" in reasons["elsewhere"]
    assert not lesion_cells(cases, "healthy").any()
    assert "4 not used" in cases.sentence()
    assert "patient-of" not in cases.sentence()


def test_no_usable_case_at_all_is_an_error_with_the_first_reason(tmp_path: Path) -> None:
    series(tmp_path / "a" / "series", picture())
    with pytest.raises(InputError, match="none of its 1 cases can be used, the first because it has no truth"):
        prepared(tmp_path, [case(tmp_path, "a")])


def test_test_cases_are_not_even_opened(tmp_path: Path, marked: CaseRow) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "truth.json").write_text("no JSON at all")
    cases = prepared(tmp_path, [marked, case(tmp_path, "secret", "truth.json", split="test")])
    assert cases.kept_for_test == 1
    assert cases.left_out == ()
    assert [p.name for p in cases.patients] == ["marked"]


def test_another_study_of_a_test_patient_is_never_trained_on(tmp_path: Path, marked: CaseRow) -> None:
    rows = [case(tmp_path, "open", patient="p"), case(tmp_path, "kept", patient="p", split="test"), marked]
    assert prepared(tmp_path, rows).kept_for_test == 2
    rows[0] = case(tmp_path, "open", patient="p", split="train")
    with pytest.raises(InputError, match="open are of patients whose other studies are in the test split"):
        prepared(tmp_path, rows)


@pytest.mark.parametrize(
    ("seed", "split", "why"),
    [
        (900_000, "train", "all from 900,000 on are kept for tests"),
        (1_500_000, "", "all from 900,000 on are kept for tests"),
        (800_001, "train", "all from 800,000 on are kept for validation"),
    ],
)
def test_phantoms_of_test_and_validation_seeds_are_refused(
    tmp_path: Path, marked: CaseRow, seed: int, split: str, why: str
) -> None:
    generator = {"name": "overread.phantom", "version": "2", "kind": "hbp", "site": "internal", "seed": seed}
    write_truth(tmp_path / "phantom" / "truth.json", Truth("phantom", "none", (), generator=generator))
    with pytest.raises(InputError, match=why):
        prepared(tmp_path, [marked, case(tmp_path, "phantom", "truth.json", split=split)])


def test_what_is_prepared_is_used_again_until_the_truth_changes(tmp_path: Path, marked: CaseRow) -> None:
    first = prepared(tmp_path, [marked])
    (folder,) = (tmp_path / "work").iterdir()
    made = (folder / "about.json").stat().st_mtime_ns
    assert prepared(tmp_path, [marked]).identity == first.identity
    assert (folder / "about.json").stat().st_mtime_ns == made
    assert marked.truth is not None
    document = json.loads(marked.truth.read_text())
    document["lesions"][0]["diameter_mm"] = 60.0
    marked.truth.write_text(json.dumps(document))
    again = prepared(tmp_path, [marked])
    assert again.identity != first.identity
    assert lesion_cells(again, "marked").sum() > 2 * lesion_cells(first, "marked").sum()


def test_only_a_list_of_nothing_but_phantoms_is_called_phantoms(tmp_path: Path, marked: CaseRow) -> None:
    from overread.training.data import own_data
    from overread.training.recipe import load_recipe

    recipe = load_recipe("hbp-detection-small")
    write_cases(tmp_path / "our-ward.csv", [marked])
    data, _ = own_data(recipe, tmp_path / "our-ward.csv", None, tmp_path / "w", 1)
    assert data.trained_on == "our-ward"
    with pytest.raises(InputError, match="cannot be called phantoms"):
        own_data(recipe, tmp_path / "our-ward.csv", "Phantoms", tmp_path / "w", 1)
    assert marked.truth is not None
    document = json.loads(marked.truth.read_text())
    document["generator"] = {"name": "overread.phantom", "seed": 3}
    marked.truth.write_text(json.dumps(document))
    data, _ = own_data(recipe, tmp_path / "our-ward.csv", "something grand", tmp_path / "w", 1)
    assert data.trained_on == "phantoms"
