"""Folds and searches: patients are never divided, every class is everywhere, tables say what was found."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.core.errors import Cancelled, InputError
from overread.core.progress import CallbackProgress
from overread.systems.mvi_prediction.network import MviNetwork
from overread.training.regions.folds import Place, judged, run_folds, run_one, runs_of, search, set_apart, stratified
from overread.training.regions.recipe import ClassifierRecipe
from overread.training.regions.samples import RegionSamples

Build = Callable[[], MviNetwork]
RecipeWith = Callable[..., ClassifierRecipe]


@given(st.lists(st.integers(0, 2), min_size=10, max_size=60), st.integers(2, 5), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_each_patient_is_in_one_fold_and_each_class_spread_evenly(classes: list[int], count: int, seed: int) -> None:
    labels = {100 + n: label for n, label in enumerate(classes)}
    folds = stratified(labels, count, seed)
    assert sorted(p for fold in folds for p in fold) == sorted(labels)
    for label in set(classes):
        shares = [sum(labels[p] == label for p in fold) for fold in folds]
        assert max(shares) - min(shares) <= 1


def test_the_seed_decides_who_is_in_a_fold() -> None:
    labels = {n: n % 3 for n in range(60)}
    assert stratified(labels, 5, 1) == stratified(dict(reversed(labels.items())), 5, 1)
    assert stratified(labels, 5, 1) != stratified(labels, 5, 2)


def test_a_share_is_set_apart_of_each_class() -> None:
    labels = {n: int(n >= 40) for n in range(50)}
    apart = set_apart(labels, 0.2, 3)
    assert np.bincount([labels[p] for p in apart]).tolist() == [8, 2]


def test_no_patient_of_a_run_is_on_two_sides(training: RegionSamples, recipe_with: RecipeWith) -> None:
    tested = []
    for run in runs_of(training, recipe_with(), 4):
        sides = [set(side.patients.tolist()) for side in (run.training, run.validation, run.test)]
        assert set.union(*sides) == set(range(40))
        assert sum(map(len, sides)) == 40
        assert all(len(set(side.labels.tolist())) == 2 for side in (run.training, run.validation, run.test))
        tested += sorted(sides[2])
    assert sorted(tested) == list(range(40))


@pytest.mark.parametrize(("count", "why"), [(1, "it takes two folds"), (41, "there are 40 patients")])
def test_folds_that_cannot_be_made_are_refused(
    training: RegionSamples, recipe_with: RecipeWith, count: int, why: str
) -> None:
    with pytest.raises(InputError, match=f"{count} folds cannot be made: .*{why}"):
        runs_of(training, recipe_with(), count)
    with pytest.raises(InputError, match="There is no fold 6: there are folds 1 to 5"):
        runs_of(training, recipe_with(), 5, 6)


def test_folds_end_in_a_table_with_their_mean_and_go_on_where_they_stopped(
    training: RegionSamples, build: Build, recipe_with: RecipeWith, tmp_path: Path
) -> None:
    recipe = recipe_with(steps=15, checks=1)
    place = Place(tmp_path / "out", tmp_path / "work", resume=True)
    told: list[float] = []
    stop = CallbackProgress(lambda stage: told.append(stage.done), lambda: bool(told) and told[-1] >= 1)
    with pytest.raises(Cancelled):
        run_folds(build, training, recipe, 2, place, "Toy", progress=stop)
    first = (place.out / "rows" / "fold-1-of-2.json").read_bytes()
    table = run_folds(build, training, recipe, 2, place, "Toy")
    assert (place.out / "rows" / "fold-1-of-2.json").read_bytes() == first
    with (place.out / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == ["fold 1 of 2", "fold 2 of 2", "mean +- SD"]
    areas = [json.loads(path.read_text())["patient"]["auc"] for path in sorted((place.out / "rows").iterdir())]
    assert rows[2]["patient AUC"] == f"{np.mean(areas):.3f} +- {np.std(areas, ddof=1):.3f}"
    text = table.read_text()
    assert "20 patients (10 plain, 10 rimmed) left out of training" in text
    assert "Synthetic phantoms" in text


def test_a_fold_of_another_width_is_not_taken_for_this_one(
    training: RegionSamples, build: Build, recipe_with: RecipeWith, tmp_path: Path
) -> None:
    recipe = recipe_with(steps=1, checks=1, refresh=0)
    place = Place(tmp_path / "out", tmp_path / "work", resume=True)
    (run,) = runs_of(training, recipe, 4, 1)
    narrow = run_one(build, run, place)
    assert run_one(build, run, place) == narrow
    wider = run_one(lambda: MviNetwork(0.25), run, Place(tmp_path / "out", tmp_path / "other", resume=True))
    assert wider["recipe"] != narrow["recipe"]
    assert wider["parameters"] > narrow["parameters"]


@pytest.mark.slow
def test_a_search_has_a_row_for_each_recipe_and_the_best_margin_stands_out(
    training: RegionSamples, build: Build, recipe_with: RecipeWith, tmp_path: Path
) -> None:
    # the rim lies 12 pixels from the middle: the inner third of the image does not show it
    recipes = {f"{m}": recipe_with(margin=m, input_size=48, steps=30, checks=2) for m in (0.3, 0.8)}
    place = Place(tmp_path / "out", tmp_path / "work")
    text = search(build, training, recipes, 2, place, "Margin").read_text()
    with (place.out / "table.csv").open(newline="") as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["0.3", "0.8"]
    areas = {name: float(row["patient AUC"].split()[0]) for name, row in rows.items()}
    assert areas["0.8"] > 0.9 > areas["0.3"]
    assert float(rows["0.8"]["wall s"]) >= 0
    assert "Mean and standard deviation over folds" in text
    assert (place.out / "search.png").read_bytes()[:4] == b"\x89PNG"


def test_figures_are_by_patient(training: RegionSamples) -> None:
    some = training.subset({0, 1, 2, 3})
    vectors = np.array([[0.9, 0.1]] * 3 + [[0.2, 0.8]] * 3 + [[0.4, 0.6]] * 3 + [[0.1, 0.9], [0.3, 0.7], [0.2, 0.8]])
    found = judged(vectors, some)
    assert (found["auc"], found["accuracy"]) == (1.0, 0.75)
    assert found["f1"] == round((2 / 3 + 4 / 5) / 2, 4)  # plain: 1 of 2 found, 1 called; rimmed: 2 of 2, 3 called
    assert found["classes"] == {"plain": 2, "rimmed": 2}
