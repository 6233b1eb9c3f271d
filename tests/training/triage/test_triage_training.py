"""Training of noncontrast-triage: which phantoms, which planes, and a bundle at the end that reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.phantom.lesions.describe import describe
from overread.systems import load_bundle
from overread.systems.noncontrast_triage.loading import check_bundle
from overread.systems.noncontrast_triage.variants import CLASSES, STACKS, roles_of
from overread.training.drawn_folders import ABOUT
from overread.training.recipe import load_document
from overread.training.train import Wish
from overread.training.triage.drawn import CROPS, ROLES, DrawOrder, draw, load_drawn, seeds_of
from overread.training.triage.recipe import DataRecipe, recipe_of
from overread.training.triage.samples import load_side
from overread.training.triage.train import fit_and_write, train

SHARES = {"benign": 0.4, "primary": 0.33, "metastasis": 0.27}
EDGE = 84


def folder_of(top: Path, seed: int, label: str, roles: tuple[str, ...] = ROLES, planes: int = 2) -> Path:
    """A patient as drawing leaves it, made in a moment: the class decides how bright its middle is."""
    folder = top / str(seed)
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    images = rng.normal(90, 10, (planes, len(ROLES), EDGE, EDGE))
    images[:, :, 30:54, 30:54] += 40 * CLASSES.index(label)
    images += 10 * np.arange(len(ROLES))[None, :, None, None]
    with (folder / CROPS).open("wb") as file:
        np.savez_compressed(file, images=images.clip(0, 255).astype(np.uint8))
    about = {"seed": seed, "roles": list(roles), "label": label, "type": "hcc", "diameter_mm": 30.0, "planes": []}
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    return folder


def small_document(**loop: Any) -> dict[str, Any]:
    document = load_document("triage-t2-dwi-small")
    document["network"] = {"width": 0.0625}
    document["loop"] = document["loop"] | {"steps": 4, "checks": 2, "batch": 4, "refresh": 8, "input_size": 75} | loop
    return document


def test_seeds_come_in_the_shares_that_were_asked_for_from_their_beginning_on() -> None:
    seeds = seeds_of(100_000, 60, SHARES)
    assert seeds == sorted(set(seeds))
    assert seeds[:20] == seeds_of(100_000, 20, SHARES)
    labels = [describe("triage", seed, "internal").label for seed in seeds]
    for name, share in SHARES.items():
        assert labels.count(name) == pytest.approx(60 * share, abs=2.5)  # a rare class lags behind a little
    assert [describe("triage", seed, "stress").label for seed in seeds] == labels


def test_training_and_validation_seeds_keep_to_their_own_ranges() -> None:
    recipe = recipe_of(load_document("triage-t2-dwi-small"))
    assert all(100_000 <= order.seed < 800_000 for order in recipe.data.orders(is_validation=False))
    assert all(800_000 <= order.seed < 900_000 for order in recipe.data.orders(is_validation=True))
    beyond = DataRecipe(20, 1, ("internal",), SHARES, first_seed=799_990)
    with pytest.raises(InputError, match="seeds reach where other sides"):
        beyond.orders(is_validation=False)


@pytest.mark.parametrize("variant", list(STACKS))
def test_every_variant_has_a_recipe_that_differs_in_nothing_else(variant: str) -> None:
    recipe, model = (recipe_of(load_document(f"triage-{name}-small")) for name in (variant, "t2-dwi"))
    assert recipe.variant == variant
    assert (recipe.data, recipe.network, recipe.loop) == (model.data, model.network, model.loop)


def test_the_published_recipe_is_the_papers() -> None:
    recipe = recipe_of(load_document("triage-published"))
    loop = recipe.loop
    assert (recipe.network.width, loop.input_size, loop.batch, loop.optimiser) == (1.0, 299, 16, "sgd")
    assert (loop.learning_rate, loop.momentum, loop.schedule) == (0.1, 0.9, "halving")
    assert loop.halve_every / loop.steps == pytest.approx(20 / 200)
    assert loop.warm_up == pytest.approx(10 / 200)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variant": "seven"}, "variant is 'seven'"),
        ({"kind": "hbp"}, "kind is 'hbp'"),
        ({"data": {"shares": {"benign": 0.5, "primary": 0.5}}}, "shares are not of"),
        ({"data": {"shares": {"benign": 0.5, "primary": 0.5, "metastasis": 0.5}}}, "do not add up"),
        ({"data": {"sites": ["the moon"]}}, "site is 'the moon'"),
        ({"network": {"width": 0}}, "width"),
        ({"data": {"planets": 2}}, "planets"),
    ],
)
def test_a_recipe_that_cannot_be_used_is_refused_in_a_sentence(changes: dict[str, Any], words: str) -> None:
    document = load_document("triage-t2-dwi-small")
    for key, value in changes.items():
        document[key] = document[key] | value if isinstance(value, dict) else value
    with pytest.raises(InputError, match=words):
        recipe_of(document)


@pytest.mark.parametrize("variant", list(STACKS))
def test_the_network_is_given_the_variants_series_in_order(variant: str, tmp_path: Path) -> None:
    side = load_side([folder_of(tmp_path, 1, "benign")], variant)
    stored = side.samples.stored([0])[0]
    means = [stored[plane, :20, :20].mean() for plane in side.samples.planes]
    expected = [90 + 10 * ROLES.index(role) for role in STACKS[variant]]
    assert means == pytest.approx(expected, abs=3)
    assert len(stored) == len(roles_of(variant))


def test_a_patient_without_a_series_of_the_variant_is_left_out_and_counted(tmp_path: Path) -> None:
    folders = [
        folder_of(tmp_path, 1, "benign"),
        folder_of(tmp_path, 2, "primary", roles=ROLES[:-1]),
        folder_of(tmp_path, 3, "metastasis", planes=0),
    ]
    assert (len(load_side(folders, "six").samples), load_side(folders, "six").left_out) == (2, 2)
    assert (len(load_side(folders, "t2").samples), load_side(folders, "t2").left_out) == (4, 1)


def test_folds_and_controls_without_a_bundle_are_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not trained in folds"):
        train(small_document(), Wish(tmp_path, folds=5), tmp_path / "out")
    with pytest.raises(InputError, match="no bundle in out"):
        train(small_document(shuffled_labels=True), Wish(tmp_path), tmp_path / "out")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_training_ends_in_a_bundle_that_can_be_read_and_in_a_card_that_says_phantoms(tmp_path: Path) -> None:
    recipe = recipe_of(small_document())
    training = load_side([folder_of(tmp_path / "t", n, CLASSES[n % 3]) for n in range(9)], "t2-dwi")
    validation = load_side([folder_of(tmp_path / "v", 50 + n, CLASSES[n % 3]) for n in range(6)], "t2-dwi")
    words = fit_and_write(recipe, training, validation, Wish(tmp_path / "work"), tmp_path / "bundle")
    assert "6 validation phantoms" in words
    bundle = load_bundle(tmp_path / "bundle")
    bundle.check_weights()
    check_bundle(bundle)
    assert bundle.roles == ("t2", "dwi")
    assert bundle.manifest["training"]["steps"] == 4
    assert bundle.manifest["training"]["patients_by_class"] == {"benign": 3, "primary": 3, "metastasis": 3}
    assert np.sum(bundle.manifest["evaluation"]["validation"]["confusion"]) == 6
    assert "synthetic phantoms" in bundle.card
    assert (tmp_path / "bundle" / "curves.png").stat().st_size > 1000
    control = recipe_of(small_document(shuffled_labels=True))
    fit_and_write(control, training, validation, Wish(tmp_path / "work"), tmp_path / "bundle")
    assert load_bundle(tmp_path / "bundle").control_path is not None
    assert load_bundle(tmp_path / "bundle").digest == bundle.digest


@pytest.mark.slow
def test_a_drawn_patient_is_the_same_again_and_its_squares_hold_the_lesion(tmp_path: Path) -> None:
    (seed,) = seeds_of(100_020, 1, {"benign": 1e-9, "primary": 1e-9, "metastasis": 1.0})
    order = DrawOrder(seed, "internal", planes=1, by_hand=False)
    for name in ("one", "other"):
        draw(order, tmp_path / name)
    one, other = (load_drawn(tmp_path / name) for name in ("one", "other"))
    assert np.array_equal(one.images, other.images)
    assert one.label == "metastasis"
    assert set(one.roles) >= {"t2", "dwi", "t1-pre", "t1-arterial", "t1-portal"}
    about = json.loads((tmp_path / "one" / ABOUT).read_text(encoding="utf-8"))
    (plane,) = about["planes"]
    assert plane["side_mm"] > 1.2 * (0.5 * about["diameter_mm"] + 20)
    edge = one.images.shape[-1]
    present = one.images[0, [ROLES.index(role) for role in one.roles]]
    assert (present.reshape(len(present), -1).std(axis=1) > 3).all()
    assert present.shape[1:] == (edge, edge)
