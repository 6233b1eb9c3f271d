"""From files to a document with bundles of random weights: cases read, refused, kept and taken over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from tests.systems.multiphase_characterisation.conftest import write_bundle as write_multiphase
from tests.systems.mvi_prediction.conftest import write_bundle as write_mvi
from tests.systems.noncontrast_triage.conftest import CENTRE_MM, GRIDS, RADIUS_MM, write_series
from tests.systems.noncontrast_triage.conftest import write_bundle as write_triage

from overread.core.geometry import Affine, Grid
from overread.core.places import resources
from overread.core.truth import Lesion, MaskRef, Truth
from overread.evaluation.case_truth import map_truth
from overread.evaluation.classes.case import SYSTEM, TRUE_REGIONS, ClassCase
from overread.evaluation.classes.measuring import known_facts, region_of, volumes_of
from overread.evaluation.evaluate import Evaluation, evaluate
from overread.evaluation.outputs import write_outputs
from overread.evaluation.run import Wish
from overread.io import CaseRow, OutVolume, scan, uid_from, write_cases, write_mask, write_truth
from overread.io import write_series as write_ct
from overread.phantom import mask_file
from overread.systems import load_bundle

TUMOUR = (7, 40, 30)
"""Slice, row and column of the middle of the CT's tumour."""


def _ball(role: str) -> tuple[np.ndarray, Affine]:
    """Mask of the study's ball on the grid of a series."""
    shape, (step_k, step_j, step_i), corner = GRIDS[role]
    matrix = np.diag([step_i, step_j, step_k, 1.0])
    matrix[:3, 3] = corner
    affine = Affine(matrix)
    places = affine.to_mm(np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).reshape(-1, 3))
    inside = ((places - np.array(CENTRE_MM)) ** 2).sum(axis=1) < RADIUS_MM**2
    return inside.reshape(shape).astype(np.uint8), affine


@pytest.fixture(scope="module")
def mr_rows(tmp_path_factory: pytest.TempPathFactory) -> list[CaseRow]:
    """One whole study, and one of T2 alone."""
    top = tmp_path_factory.mktemp("mr")
    roles = {}
    for role in GRIDS:
        volume = write_series(top / "whole" / role, role)
        roles["dwi:800" if role == "dwi" else role] = volume.id
    alone = write_series(top / "alone" / "t2", "t2")
    write_mask(top / "mask.nii.gz", *_ball("t2"))
    return [
        CaseRow("whole", "p1", "one", "test", top / "whole", roles, truth=top / "mask.nii.gz"),
        CaseRow("alone", "p2", "one", "test", top / "alone", {"t2": alone.id}, truth=top / "mask.nii.gz"),
    ]


def _labelled(rows: Sequence[CaseRow], label: str) -> list[CaseRow]:
    return [replace(row, label=label) for row in rows]


def _evaluated(bundle: Path, rows: Sequence[CaseRow], folder: Path) -> Evaluation:
    write_cases(folder / "cases.csv", list(rows))
    wish = Wish(device="cpu", engine="torch", folder=folder / "out")
    result = evaluate(load_bundle(bundle), folder / "cases.csv", wish)
    write_outputs(folder / "out", result)
    schema = json.loads((resources() / "schemas" / "evaluation.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(result.document, schema)
    return result


@pytest.mark.slow
def test_triage_is_told_the_truths_region_and_cases_that_cannot_be_read_are_named(
    mr_rows: list[CaseRow], tmp_path: Path
) -> None:
    bundle = write_triage(tmp_path / "bundle", "t2-dwi")
    odd = CaseRow("odd", "p3", "one", "test", mr_rows[0].folder, label="cyst", truth=mr_rows[0].truth)
    bare = CaseRow("bare", "p4", "one", "test", mr_rows[0].folder, label="primary")
    rows = [*_labelled(mr_rows, "primary"), odd, bare]
    result = _evaluated(bundle, rows, tmp_path)
    why = {item["case"]: item["why"] for item in result.document["not_read"]}
    assert set(why) == {"alone", "odd", "bare"}
    assert "dwi" in why["alone"]
    assert "its label is 'cyst'; the classes are benign, primary, metastasis" in why["odd"]
    (case,) = result.cases
    assert isinstance(case, ClassCase)
    answer = case.answers[SYSTEM]
    assert answer.any_slice in ("malignant", "benign")
    assert {region.fate for region in answer.regions} <= {"hit", "repeat"}
    assert case.lesions[0].diameter_mm == pytest.approx(2 * RADIUS_MM, abs=3)
    reading = json.loads((tmp_path / "out" / "readings" / "whole.json").read_text())
    (lesion,) = reading["region"]["lesions"]
    assert (lesion["source"], lesion["margin_mm"]) == ("truth", 10.0)
    with np.load(tmp_path / "out" / "readings" / "whole-cam.npz") as file:
        grey, heat = file["picture"].astype(float)
    # the bright ball is in the middle of its square, and the map of a region shows something
    assert grey[40:56, 40:56].mean() > grey[:, [0, -1]].mean() + 50
    assert heat.max() > 0
    assert (tmp_path / "out" / "figures" / "activation-maps.png").is_file()
    kept = tmp_path / "out" / "measured" / "whole.json"
    before = kept.stat().st_mtime_ns
    again = _evaluated(bundle, rows, tmp_path)
    assert kept.stat().st_mtime_ns == before
    assert again.document["metrics"] == result.document["metrics"]


@pytest.mark.slow
def test_multiphase_finds_its_regions_and_is_told_them_beside(mr_rows: list[CaseRow], tmp_path: Path) -> None:
    bundle = write_multiphase(tmp_path / "bundle", {})
    result = _evaluated(bundle, _labelled(mr_rows, "icc"), tmp_path)
    (case,) = result.cases
    assert isinstance(case, ClassCase)
    assert set(case.answers) == {SYSTEM, TRUE_REGIONS}
    assert all(region.fate != "false" for region in case.answers[TRUE_REGIONS].regions)
    assert "t1-pre" in result.document["not_read"][0]["why"]
    assert (tmp_path / "out" / "readings" / "whole-true-regions.json").exists()
    assert result.document["n"]["regions"] == len(case.answers[SYSTEM].regions)


@pytest.fixture
def ct_rows(tmp_path: Path) -> list[CaseRow]:
    """Two small CTs with a tumour, facts and signs."""
    rows = []
    matrix = np.diag([2.5, 2.5, 5.0, 1.0])
    matrix[:3, 3] = -110, -100, -40
    affine = Affine(matrix)
    k, j, i = np.indices((14, 80, 88))
    mask = ((k - TUMOUR[0]) * 5.0) ** 2 + ((j - TUMOUR[1]) * 2.5) ** 2 + ((i - TUMOUR[2]) * 2.5) ** 2 < 15.0**2
    body = ((i - 44) / 40) ** 2 + ((j - 40) / 36) ** 2 < 1
    for n, label in enumerate(("mvi+", "mvi-")):
        noise = np.random.default_rng(n).normal(0, 15, mask.shape)
        stored = np.clip(np.where(body, 80 + 40 * mask + noise, -1000), -1024, 3000).astype(np.int16)
        folder = tmp_path / label
        ids = {f"{name}_uid": uid_from(f"{label} {name}") for name in ("study", "series", "frame_of_reference")}
        image = OutVolume(stored, 1.0, 0.0, affine, {"Modality": "CT", "SeriesDescription": "ARTERIAL PHASE"})
        write_ct(folder / "series", [image], **ids)
        (volume,) = scan([folder / "series"]).volumes()
        write_mask(folder / "labels.nii.gz", mask.astype(np.uint8), affine)
        signs = {"artery": n == 0, "halo": n == 1, "difference": n == 1}
        lesion = Lesion(
            "hcc-1", "hcc", (-35.0, 0.0, -5.0), 30.0, 14000.0, mask=MaskRef("labels.nii.gz", 1), signs=signs
        )
        facts = {"sex": "male", "age_y": 61, "height_m": 1.7, "diameter_mm": 30.0, "afp_ng_ml": 12.0,
                 "child_pugh": "A", "hbsag": True, "hcv": False}  # fmt: skip
        write_truth(folder / "truth.json", Truth(label, label, (lesion,), facts=facts))
        roles = {"ct-arterial": volume.id}
        rows.append(CaseRow(f"case{n}", f"p{n}", "one", "test", folder / "series", roles, label, folder / "truth.json"))
    return rows


@pytest.mark.slow
def test_mvi_is_told_region_and_facts_and_stands_beside_the_truths_signs(
    ct_rows: list[CaseRow], tmp_path: Path
) -> None:
    result = _evaluated(write_mvi(tmp_path / "bundle", "image-factors"), ct_rows, tmp_path)
    assert [case.label for case in result.cases] == ["mvi+", "mvi-"]
    case = result.cases[0]
    assert isinstance(case, ClassCase)
    assert case.facts["afp_ng_ml"] == 12.0
    assert len(case.answers[SYSTEM].slice_scores) == case.region_slices == 5
    reading = json.loads((tmp_path / "out" / "readings" / "case0.json").read_text())
    assert not reading["facts"]["imputed"]
    signs = [r for r in result.document["metrics"] if r["reader"].startswith("three signs") and r["subset"] == "all"]
    assert {r["value"] for r in signs} == {1.0}


@pytest.mark.slow
def test_a_list_may_name_fat_suppressed_t2_for_t2(mr_rows: list[CaseRow], tmp_path: Path) -> None:
    bundle = load_bundle(write_triage(tmp_path / "bundle", "t2"))
    (folder,) = {row.folder for row in mr_rows if row.case == "whole"}
    named = mr_rows[0].roles
    # the portal series, which no header would take for T2: that it comes says that the list was heard
    row = CaseRow("c", "p", "s", "test", folder, {"t2-fs": named["t1-portal"]})
    ((role, volume),) = volumes_of(row, bundle)
    assert (role, volume.id) == ("t2", named["t1-portal"])
    both = CaseRow("c", "p", "s", "test", folder, {"t2-fs": named["t1-portal"], "t2": named["t2"]})
    ((_, volume),) = volumes_of(both, bundle)
    assert volume.id == named["t2"]


def test_the_map_of_the_volumes_own_series_is_taken_of_a_phantom(tmp_path: Path) -> None:
    grid = Grid((4, 20, 20), Affine(np.diag([2.0, 2.0, 5.0, 1.0])))
    labels = np.zeros((2, *grid.shape), dtype=np.uint8)
    labels[0, 1:3, 4:8, 4:8] = 100
    labels[1, 1:3, 10:14, 4:8] = 100
    for role, values in zip(("t1-portal", "t2-fs"), labels, strict=True):
        write_mask(tmp_path / mask_file(role), values, grid.affine)
    lesion = Lesion("hcc-1", "hcc", (11.0, 11.0, 7.5), 8.0, 500.0, mask=MaskRef(mask_file("t1-portal"), 100))
    generator = {"name": "overread.phantom"}
    write_truth(tmp_path / "truth.json", Truth("a", "hcc", (lesion,), generator=generator, facts={"age_y": 50}))
    row = CaseRow("a", "p", "s", "test", tmp_path, truth=tmp_path / "truth.json")
    stated, own = map_truth(row, grid), map_truth(row, grid, "t2-fs")
    assert np.argwhere(stated.labels)[:, 1].tolist() != np.argwhere(own.labels)[:, 1].tolist()
    assert np.argwhere(own.labels)[:, 1].min() == 10
    volume = scan([tmp_path / mask_file("t2-fs")]).studies[0].series[0].volumes[0]
    region = region_of(own, volume)
    # four pixels of 2 mm: the circle through their corners, and 10 mm
    assert region.lesions[0].circles[0].radius_mm == pytest.approx(4 * np.sqrt(2) + 10, abs=0.01)
    assert known_facts(own).age_y == 50
