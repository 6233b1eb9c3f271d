"""Grids: every row trains and is judged on the same pictures; a row that is done is not trained twice."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.training.case_split import Member
from overread.training.data import Data
from overread.training.drawn import DrawnPatient
from overread.training.grid import Grid, Row, Sides, folds_of, grid_of, load_grid, run_grid
from overread.training.held_out import cut_crops
from overread.training.recipe import Recipe, load_document, load_recipe, recipe_names, work_of

GRIDS = [name for name in recipe_names() if "ablation" in name]


@pytest.fixture
def grid(tiny: Recipe) -> Grid:
    rows = (
        Row("batch norm", tiny, "93.7"),
        Row("dropout 0.5", dataclasses.replace(tiny, network=dataclasses.replace(tiny.network, dropout=0.5))),
    )
    return Grid("Two rows", rows, 20, 6)


@pytest.mark.slow
def test_a_grid_ends_in_a_table_with_a_row_for_each(
    grid: Grid, patients: list[DrawnPatient], held_out: list[DrawnPatient], tmp_path: Path
) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    table = run_grid(grid, Sides(patients, held_out), out, work)
    with (out / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["row"] for r in rows] == ["batch norm", "dropout 0.5"]
    assert [r["parameters"] for r in rows] == ["17,274", "17,274"]
    assert {r["steps"] for r in rows} == {"12"}
    assert [r["paper, accuracy %"] for r in rows] == ["93.7", "-"]
    for row in rows:
        assert 0 <= float(row["crop AUC"].split()[0]) <= 1
        assert 0 <= float(row["whole-slice accuracy %"]) <= 100
    text = table.read_text()
    assert text.count("\n| ") == 4
    assert "Synthetic phantoms" in text
    done = json.loads((out / "rows" / "batch-norm.json").read_text())
    assert (out / "rows" / "dropout-0.5.json").exists()
    assert done["crop"]["positive"] + done["crop"]["negative"] <= 20
    (work / "batch-norm.safetensors").unlink()  # would be needed if the row were trained again

    (out / "rows" / "dropout-0.5.json").unlink()
    run_grid(grid, Sides(patients, held_out), out, work, resume=True)
    assert json.loads((out / "rows" / "batch-norm.json").read_text()) == done
    assert not (work / "batch-norm.safetensors").exists()


def test_folds_are_rows_with_patients_of_their_own_and_a_mean_over_them(
    with_loop: Callable[..., Recipe], patients: list[DrawnPatient], tmp_path: Path
) -> None:
    recipe = with_loop(crop_steps=4, checks=1, hard_slices=0)
    members = [Member(p.name, p.name, "", bool(p.lesion_areas_mm2().any())) for p in patients]
    data = Data(patients, [], members)
    folds = folds_of(recipe, data, 2)
    sides = [row.data for row in folds.rows]
    names = [{p.name for p in side.validation} for side in sides if side is not None]
    assert names[0] | names[1] == {p.name for p in patients}
    assert not names[0] & names[1]
    assert all(not {p.name for p in s.training} & {p.name for p in s.validation} for s in sides if s is not None)
    table = run_grid(dataclasses.replace(folds, crops=16, slices=4), None, tmp_path / "o", tmp_path / "w")
    found = [json.loads(p.read_text())["slice"]["auc"] for p in sorted((tmp_path / "o" / "rows").iterdir())]
    last = table.read_text().split("| mean +- SD |")[1]
    assert f"{np.mean(found):.3f} +- {np.std(found, ddof=1):.3f}" in last
    assert [row.name for row in folds_of(recipe, data, 2, 2).rows] == ["fold 2 of 2"]
    with pytest.raises(InputError, match="There is no fold 3"):
        folds_of(recipe, data, 2, 3)


def test_held_out_crops_are_the_same_for_every_row_and_labelled_by_their_mask(held_out: list[DrawnPatient]) -> None:
    images, labels, names = cut_crops(held_out, 40, 96)
    again, *_ = cut_crops(held_out, 40, 96)
    assert np.array_equal(images, again)
    assert labels.any()
    assert not labels.all()
    assert len(names) == len(images)
    dark = np.array([((image > 20) & (image < 90)).sum() for image in images.astype(int)])
    # a disc of 12 pixels radius has 450 that dark, noise makes few; 0 is beyond the picture
    assert dark[labels].min() > 15
    assert dark[~labels].max() < 100


@pytest.mark.parametrize("name", GRIDS)
def test_shipped_grids_share_seed_and_data_within_and_draw_those_of_the_small_recipe(name: str) -> None:
    grid, small = load_grid(name), load_recipe("hbp-detection-small")
    assert len({row.recipe.loop.seed for row in grid.rows}) == 1
    kept = dataclasses.replace(
        small.data, patients=grid.recipe.data.patients, validation_patients=grid.recipe.data.validation_patients
    )
    assert grid.recipe.data == kept


def test_the_regularisation_grid_sees_20_000_crops_a_row_and_the_plain_row_does_as_much_work() -> None:
    rows = {row.name: row.recipe for row in load_grid("hbp-ablation-regularisation").rows}
    plain = rows.pop("plain whole slices")
    assert {r.loop.crop_steps * r.loop.crop_batch for r in rows.values()} == {20_000}
    assert len({tuple(sorted(r.loop.negatives.items())) for r in rows.values()}) == 1
    assert work_of(plain) == pytest.approx(work_of(rows["batch norm"]), rel=0.01)
    assert (plain.network.pooling, plain.loop.map_weight, plain.loop.whole_from) == ("gap", 0, 0)
    kinds = {(r.network.batch_norm, r.network.dropout) for r in rows.values()}
    assert kinds == {(True, 0), (True, 0.1), (False, 0.5), (False, 0)}


def test_a_grid_with_two_rows_of_one_name_or_an_unknown_key_is_refused() -> None:
    document = load_document("hbp-ablation-optimiser")
    rows = document["grid"]["rows"]
    for wrong in ([*rows, rows[0]], [{"name": "x", "netwrok": {}}], [{"name": "x", "loop": {"optimiser": "lion"}}]):
        with pytest.raises(InputError, match="cannot be used"):
            grid_of(document | {"grid": document["grid"] | {"rows": wrong}}, "mine")
