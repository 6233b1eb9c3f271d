"""Recipes that can be trained, and those that cannot."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from overread.core.errors import InputError
from overread.core.places import resources
from overread.training.loop import rate_at
from overread.training.recipe import Recipe, load_document, load_recipe, recipe_names, work_of
from overread.training.trainers import trainer_of

SHIPPED = "hbp-detection-small"


def _written(tmp_path: Path, old: str, new: str) -> str:
    text = (resources() / "recipes" / f"{SHIPPED}.toml").read_text()
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new))
    return str(path)


def test_training_seeds_never_reach_the_validation_and_test_sets(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="reach beyond 799,999"):
        load_recipe(_written(tmp_path, "patients = 1400 ", "first_seed = 799990\npatients = 1400 "))


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown key crop_pixels"):
        load_recipe(_written(tmp_path, "crop_px", "crop_pixels"))


def test_a_missing_recipe_lists_those_that_are_there() -> None:
    with pytest.raises(InputError, match=SHIPPED):
        load_recipe("hbp-detection-huge")


def test_the_rate_rises_falls_and_ends_where_the_recipe_says() -> None:
    rates = [rate_at(n / 1000, 0.03, 0.02) for n in range(1000)]
    peak = rates.index(max(rates))
    assert 25 <= peak <= 35
    assert rates[peak] == pytest.approx(1, abs=0.01)
    assert rates[-1] == pytest.approx(0.02, abs=1e-4)
    assert all(a >= b for a, b in zip(rates[peak:], rates[peak + 1 :], strict=False))


def test_every_shipped_recipe_can_be_read() -> None:
    for name in recipe_names():
        document = load_document(name)
        if document["system"] != "hbp-detection":
            assert callable(trainer_of(document["system"]))  # whose own tests read the rest
        elif "grid" not in document:
            assert load_recipe(name).system == "hbp-detection"


def test_the_published_recipe_is_the_papers() -> None:
    recipe = load_recipe("hbp-detection-published")
    network, loop = recipe.network, recipe.loop
    assert (network.layout, network.pooling, network.kernel, network.dropout) == ("plain", "gap", 2, 0)
    assert (network.activation, network.batch_norm) == ("relu", True)
    assert (loop.whole_batch, loop.learning_rate, loop.optimiser, loop.augmentation) == (128, 1e-3, "adam", "kim")
    assert (loop.map_weight, loop.whole_from, loop.whole_every) == (0, 0, 1)
    assert 10 <= loop.stop_after <= 20


def test_the_plain_recipe_costs_what_the_small_one_costs() -> None:
    plain, small = load_recipe("hbp-detection-plain"), load_recipe("hbp-detection-small")
    assert work_of(plain) == pytest.approx(work_of(small), rel=0.01)
    assert (plain.network.pooling, plain.loop.map_weight, plain.loop.whole_from) == ("gap", 0, 0)
    assert plain.data == small.data


def test_the_digest_tells_recipes_and_data_apart_but_not_a_default_that_is_spelt_out(
    tiny: Recipe, with_loop: Callable[..., Recipe], tmp_path: Path
) -> None:
    assert with_loop(optimiser="adam").digest() == tiny.digest()
    assert with_loop(optimiser="sgd").digest() != tiny.digest()
    assert with_loop(negatives={"liver": 1.0}).digest() != tiny.digest()
    assert tiny.digest("these cases") != tiny.digest()
    spelt = load_recipe(_written(tmp_path, "checks = 5", "precision = 'float32'\nchecks = 5"))
    assert spelt.digest() == load_recipe(SHIPPED).digest()


def test_a_recipe_lies_over_its_base_key_by_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "{SHIPPED}"\nvariant = "mine"\n[loop]\nseed = 5\nnegatives = {{ liver = 1.0 }}\n')
    mine, small = load_recipe(str(path)), load_recipe(SHIPPED)
    assert (mine.variant, mine.loop.seed, dict(mine.loop.negatives)) == ("mine", 5, {"liver": 1.0})
    assert dataclasses.replace(mine.loop, seed=small.loop.seed, negatives=small.loop.negatives) == small.loop


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('pooling = "lse"', 'pooling = "max"', "pooling is 'max', not one of gap, lse"),
        ('pooling = "lse"', 'pooling = "gap"\nname = "vgg-16"', "vgg-16 has no map"),
        ('pooling = "lse"', 'pooling = "lse"\nkernel = 9', "kernel goes from 2 to 7"),
        ("checks = 5", 'checks = 5\noptimiser = "lion"', "optimiser is 'lion'"),
        ("[loop]", "[lopo]", "loop is missing"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        load_recipe(_written(tmp_path, old, new))


def test_a_base_that_is_not_shipped_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('base = "nothing"\n')
    with pytest.raises(InputError, match="its base 'nothing' is no shipped recipe"):
        load_recipe(str(tmp_path / "mine.toml"))
