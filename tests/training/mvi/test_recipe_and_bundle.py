"""Recipes of mvi-prediction, thresholds on validation patients, where the network's cells lie."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from overread.core.errors import InputError
from overread.engines.backbones.head import parameter_count
from overread.systems.mvi_prediction.network import MviNetwork
from overread.training.mvi.describe import Validated, evaluation, offset_px, operating
from overread.training.mvi.recipe import mvi_recipe, steps_of
from overread.training.mvi.train import train
from overread.training.recipe import load_document, recipe_names
from overread.training.train import Wish
from overread.training.trainers import adapted

NAMES = [name for name in recipe_names() if name.startswith("mvi-")]


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_recipe_can_be_used(name: str) -> None:
    recipe = mvi_recipe(load_document(name), name)
    orders = recipe.data.orders(False) + recipe.data.orders(True)
    assert len({order.seed for order in orders}) == len(orders)
    assert max(order.seed for order in orders) < 900_000
    assert {order.site for order in orders} <= {"internal", "stress"}  # the external sites are for tests alone
    assert recipe.stored_size * recipe.margin == pytest.approx(recipe.size, abs=1)


def test_the_published_recipe_is_the_paper_s() -> None:
    recipe = mvi_recipe(load_document("mvi-published"))
    loop, network = recipe.loop, recipe.network
    assert loop is not None
    assert network is not None
    assert parameter_count(MviNetwork(network.width, network.in_channels, 9)) == 11_177_646
    assert (loop.optimiser, loop.learning_rate, loop.momentum, loop.weight_decay) == ("sgd", 0.0003, 0.9, 0.00001)
    assert (loop.batch, recipe.size, recipe.margin, loop.initial != "") == (8, 256, 0.8, True)
    how = loop.augmentation
    assert (how.rotation_deg, how.crop, how.aspect, how.flip_horizontal) == (10, (0.8, 1.0), 0.05, 0.5)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("data", {"first_seed": 799_900}),
        ("data", {"patients": 1}),
        ("data", {"colour": 1}),
        ("network", {"width": 3}),
        ("input", {"margin": 0}),
        ("input", {"afp": "cube"}),
        ("loop", {"batch": 1}),
        ("svm", {"kernel": "linear", "C": 0.1, "gamma": 1, "tolerance": 0.1}),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_in_one_sentence(table: str, change: dict[str, Any]) -> None:
    document = load_document("mvi-image-small")
    document[table] = {**document.get(table, {}), **change}
    with pytest.raises(InputError, match="cannot be used"):
        mvi_recipe(document)


def test_rounds_over_all_slices_become_steps() -> None:
    assert steps_of(3, 1000, 16) == 188
    assert steps_of(0.001, 10, 16) == 1


def test_thresholds_are_youden_s_and_two_more_in_order() -> None:
    ratings = np.linspace(0, 1, 41)
    labels = ratings > 0.5
    labels[[12, 30]] = True, False
    found = Validated(ratings, labels, 99)
    points = operating(found)
    thresholds = [points[name]["threshold"] for name in ("high-sensitivity", "default", "high-precision")]
    assert thresholds == sorted(thresholds)
    best = max(
        ratings, key=lambda t: (np.mean(ratings[labels] >= t) + np.mean(ratings[~labels] < t), np.mean(ratings >= t))
    )
    assert points["default"]["threshold"] == best
    sensitivity, low, high = points["high-sensitivity"]["patient"]["sensitivity"]
    assert sensitivity >= 0.95
    assert low < sensitivity < high <= 1
    assert points["high-precision"]["patient"]["specificity"][0] >= 0.95
    table = evaluation(found, thresholds[1])
    assert (table["patients"], table["positive"], table["slices"]) == (41, int(labels.sum()), 99)
    assert table["auc"][1] < table["auc"][0] < table["auc"][2]


def test_a_cell_of_the_network_looks_where_the_offset_says() -> None:
    size, cell = 480, 7  # the whole of what a cell sees, 435 pixels, fits in
    torch.manual_seed(3)
    network = MviNetwork(0.125, 1)
    weights = torch.zeros(size, size)
    for _ in range(6):
        image = torch.rand(1, 1, size, size, requires_grad=True)
        network.eval()(image)[1][0, 1, cell, cell].backward()
        assert image.grad is not None
        weights += image.grad[0, 0].abs()
    place = torch.arange(size, dtype=torch.float32)
    found = float((weights.sum(dim=1) * place).sum() / weights.sum())
    middle_of_cells = (size - 1) / 2 + offset_px(size)
    expected = middle_of_cells + 32 * (cell - (size // 32 - 1) / 2)
    assert expected == 32 * cell
    assert found == pytest.approx(expected, abs=3)


def test_a_control_without_a_bundle_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    document = adapted(load_document("mvi-image-small"), None, True)
    with pytest.raises(InputError, match="no bundle in out"):
        train(document, Wish(tmp_path), tmp_path / "out")
    assert not (tmp_path / "drawn").exists()


def test_a_machine_has_no_control() -> None:
    with pytest.raises(InputError, match="no control of this bundle: its recipe fits a machine"):
        adapted(load_document("mvi-svm-both-small"), None, True)


def test_without_scikit_learn_it_says_what_to_install_before_it_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "sklearn" else real(name, *a))
    with pytest.raises(InputError, match=r"pip install 'overread\[train\]'"):
        train(load_document("mvi-svm-factors-small"), Wish(tmp_path), tmp_path / "out")
    assert not (tmp_path / "drawn").exists()
