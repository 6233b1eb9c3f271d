"""From recipe to bundle for every variant, to folds and to the search for a margin; all on patients of noise."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.systems import load_bundle
from overread.systems.mvi_prediction.loading import load
from overread.systems.mvi_prediction.system import slice_scores
from overread.training.mvi.drawn import keep_drawn
from overread.training.mvi.recipe import mvi_recipe
from overread.training.mvi.samples import drawn_sides
from overread.training.mvi.train import train
from overread.training.recipe import load_document
from overread.training.train import Wish

pytestmark = pytest.mark.slow
DATA = {"patients": 30, "slices": 2, "sites": ["internal"], "validation_patients": 12, "first_seed": 100_000}
CIRCLE = [22.0, 22.0, 0.0, 18.0]
GRID = np.diag([1.0, 1.0, 5.0, 1.0]).tolist()


def small(name: str, **loop: Any) -> dict[str, Any]:
    """A shipped recipe on few patients, narrow and short."""
    document = load_document(name)
    document["data"] = DATA
    document["input"] = {**document["input"], "size": 64}
    if "network" in document:
        document["network"] = {**document["network"], "width": 0.125}
        document["loop"] = {**document["loop"], "steps": 6, "batch": 4, "checks": 1, "checkpoint_every": 3, **loop}
    return document


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Patients as drawn ones are kept, of noise; every third is brighter, and has MVI and a large tumour."""
    folder = tmp_path_factory.mktemp("mvi-work")
    recipe = mvi_recipe(small("mvi-image-small"))
    rng = np.random.default_rng(6)
    for n, order in enumerate(recipe.data.orders(False) + recipe.data.orders(True)):
        is_positive = n % 3 == 0
        squares = [(rng.integers(0, 150, (44, 44)) + 90 * is_positive).astype(np.uint8) for _ in range(2)]
        facts = {"sex": "male", "age_y": int(rng.integers(40, 80)), "diameter_mm": 60.0 if is_positive else 20.0 + n,
                 "afp_ng_ml": 5.0 + n, "child_pugh": "A", "hbsag": bool(n % 2), "hcv": False}  # fmt: skip
        about = {"name": f"ct-mvi-{order.seed}", "site": "internal", "label": "mvi+" if is_positive else "mvi-",
                 "facts": facts, "signs": {}, "affines": [GRID] * 2, "circles": [CIRCLE] * 2}  # fmt: skip
        keep_drawn(folder / "drawn" / order.folder, squares, about)
    return folder


def test_every_variant_becomes_a_bundle_that_scores_as_its_card_was_measured(
    work: Path, tmp_path: Path, own_home: Path
) -> None:
    from overread.io.places import user_places

    models = user_places().bundles
    for variant in ("image", "image-factors", "svm-factors", "svm-both"):
        told = train(small(f"mvi-{variant}-small"), Wish(work), models / f"mvi-{variant}")
        assert told is not None
        bundle = load_bundle(models / f"mvi-{variant}")
        assert f"variant {variant}" in bundle.card
        parts = load(bundle, "cpu", "torch", "float32")
        assert (parts.machine is not None, parts.sees) == (variant.startswith("svm"), variant != "svm-factors")
    bundle = load_bundle(models / "mvi-image-factors")
    sides = drawn_sides(mvi_recipe(small("mvi-image-factors-small")), work, 1)
    parts = load(bundle, "cpu", "torch", "float32")
    assert parts.scale is not None
    ratings, labels = [], []
    for patient in sides.validation:
        images = patient.images(parts.preparation).astype(np.float32) / 255
        logits = np.array([parts.loaded.engine.run(np.repeat(image[None], 3, axis=0))[0] for image in images])
        ratings.append(max(slice_scores(logits.astype(np.float64), parts, parts.scale.vector(patient.facts))))
        labels.append(patient.is_positive)
    threshold = bundle.operating["default"].threshold
    assert np.abs(np.array(ratings) - threshold).min() < 1e-4
    told_accuracy = bundle.manifest["evaluation"]["validation"]["accuracy"]
    near = np.array(ratings) >= threshold - 1e-4
    assert np.mean(near == np.array(labels)) == pytest.approx(told_accuracy, abs=1e-4)


def test_folds_give_a_row_each_and_their_mean(work: Path, tmp_path: Path) -> None:
    table = train(small("mvi-image-small"), Wish(work, folds=2), tmp_path / "folds")
    assert table is not None
    assert "fold 1 of 2" in table
    assert "fold 2 of 2" in table
    assert "+-" in table or "±" in table


def test_the_search_for_a_margin_gives_a_row_each_and_a_curve(work: Path, tmp_path: Path) -> None:
    document = small("mvi-margins")
    document["search"] = {**document["search"], "margins": [0.6, 1.0], "epochs": 0.5}
    table = train(document, Wish(work), tmp_path / "margins")
    assert table is not None
    assert "| 0.6 |" in table
    assert "| 1 |" in table
    assert (tmp_path / "margins" / "search.png").stat().st_size > 1000


def test_a_control_is_laid_beside_the_bundle_which_stays(work: Path, tmp_path: Path) -> None:
    out, wish = tmp_path / "bundle", Wish(work)
    train(small("mvi-image-small"), wish, out)
    before = load_bundle(out)
    told = train(small("mvi-image-small", shuffled_labels=True, steps=4), wish, out)
    after = load_bundle(out)
    assert told is not None
    assert "control is beside the bundle" in told
    assert after.manifest["bundle"] == before.manifest["bundle"]
    assert after.manifest["operating"] == before.manifest["operating"]
    assert after.manifest["control"]["steps"] == 4
    after.check_weights()


def test_a_machine_on_patients_of_one_class_is_refused_in_words(work: Path, tmp_path: Path) -> None:
    document = small("mvi-svm-factors-small")
    recipe = mvi_recipe(document)
    for order in recipe.data.orders(True):
        source = work / "drawn" / order.folder
        target = tmp_path / "drawn" / order.folder
        shutil.copytree(source, target)
        about = target / "about.json"
        about.write_text(about.read_text().replace('"mvi+"', '"mvi-"'))
    for order in recipe.data.orders(False):
        shutil.copytree(work / "drawn" / order.folder, tmp_path / "drawn" / order.folder)
    with pytest.raises(InputError, match="its 12 validation patients are all mvi-"):
        train(document, Wish(tmp_path), tmp_path / "out")


def test_a_table_of_folds_says_over_whom_facts_are_standardised(work: Path, tmp_path: Path) -> None:
    document = small("mvi-image-factors-small", steps=2)
    table = train(document, Wish(work, folds=2, fold=1), tmp_path / "folds")
    assert table is not None
    assert "standardised by mean and spread of the patients of all folds together" in table
