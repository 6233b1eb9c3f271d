"""Recipes that can be trained, and those that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from overread.core.errors import InputError
from overread.core.places import resources
from overread.training.loop import rate_at
from overread.training.recipe import load_recipe

SHIPPED = "hbp-detection-small"


def _written(tmp_path: Path, old: str, new: str) -> str:
    text = (resources() / "recipes" / f"{SHIPPED}.toml").read_text()
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new))
    return str(path)


def test_training_seeds_never_reach_the_validation_and_test_sets(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="reach beyond 799,999"):
        load_recipe(_written(tmp_path, "patients = 1000 ", "first_seed = 799990\npatients = 1000 "))


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
