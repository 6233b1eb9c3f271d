"""Regions made in a moment, a dark disc each, some with a bright rim; and a recipe for a narrow network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from overread.systems.mvi_prediction.network import MviNetwork
from overread.training.regions.recipe import ClassifierRecipe, classifier_recipe
from overread.training.regions.samples import RegionSamples

SIZE, SLICES = 48, 3
AXIS = np.arange(SIZE)
WIDTH = 0.125


def discs(first: int, patients: int) -> RegionSamples:
    """Three slices each of ``patients`` patients, numbered from ``first``; every second has a rim, class 1."""
    rng = np.random.default_rng([first, patients])
    images, labels, numbers = [], [], []
    for patient in range(first, first + patients):
        for _ in range(SLICES):
            image = rng.normal(110, 15, (1, SIZE, SIZE))
            row, column = rng.normal(SIZE / 2, 2, 2)
            radius = np.hypot(AXIS[:, None] - row, AXIS - column)
            image -= np.where(radius < 12, 30, 0)
            image += np.where((np.abs(radius - 12) < 2) & (patient % 2 == 1), 35, 0)
            images.append(image.clip(0, 255).astype(np.uint8))
            labels.append(patient % 2)
            numbers.append(patient)
    return RegionSamples(
        np.stack(images), np.array(labels), np.array(numbers), names=("plain", "rimmed"), planes=(0, 0, 0)
    )


def toy_recipe(**changes: Any) -> ClassifierRecipe:
    """Sixty steps with a little of every augmentation."""
    table = {
        "seed": 1,
        "batch": 8,
        "steps": 60,
        "learning_rate": 2e-3,
        "checks": 2,
        "refresh": 32,
        "checkpoint_every": 5,
        "augmentation": {"rotation_deg": 10, "crop": [0.8, 1.0], "flip_horizontal": 0.5, "gain": 0.1, "noise": 0.03},
    }
    return classifier_recipe(table | changes, "toy")


def narrow() -> MviNetwork:
    """ResNet-18 at an eighth of its width."""
    return MviNetwork(WIDTH)


@pytest.fixture(scope="session")
def training() -> RegionSamples:
    """Forty patients."""
    return discs(0, 40)


@pytest.fixture(scope="session")
def validation() -> RegionSamples:
    """Twenty others."""
    return discs(1000, 20)


@pytest.fixture(scope="session")
def recipe_with() -> Callable[..., ClassifierRecipe]:
    """The toy recipe with other values."""
    return toy_recipe


@pytest.fixture(scope="session")
def build() -> Callable[[], MviNetwork]:
    """Makes the narrow network."""
    return narrow
