"""Patients made in a moment, with lesions as discs, and a recipe that trains a tiny network on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.phantom import FIRST_LESION, LABELS
from overread.training.drawn import DrawnPatient
from overread.training.recipe import Recipe, load_recipe

SIZE = 320
AXIS = np.arange(SIZE)


def disc_patient(seed: int, slices: int = 6, positive: Sequence[int] = (1, 2), twins: bool = True) -> DrawnPatient:
    """A grey body with a liver and dark discs in it; the last slices are the positive ones without their discs."""
    rng = np.random.default_rng([seed, 5])
    liver = (AXIS[:, None] - 150) ** 2 / 90**2 + (AXIS - 110) ** 2 / 80**2 < 1
    labels = np.where(liver, LABELS["liver"], LABELS["body"]).astype(np.uint8)[None].repeat(slices, axis=0)
    for n, k in enumerate(positive):
        row, column = rng.integers(110, 190), rng.integers(70, 150)
        labels[k][(AXIS[:, None] - row) ** 2 + (AXIS - column) ** 2 < 12**2] = FIRST_LESION + n
    images = np.where(labels >= FIRST_LESION, 70, np.where(liver, 150, 110)) + rng.normal(0, 6, labels.shape)
    twin_of = [-1] * slices
    if twins:
        again = np.where(liver, 150, 110) + rng.normal(0, 6, (len(positive), SIZE, SIZE))
        images = np.concatenate([images, again])
        bare = np.where(liver, LABELS["liver"], LABELS["body"]).astype(np.uint8)
        labels = np.concatenate([labels, bare[None].repeat(len(positive), axis=0)])
        twin_of += list(positive)
    affine = Affine(np.array([[1.2, 0, 0, -190.0], [0, 1.2, 0, -190], [0, 0, 4.0, 0], [0, 0, 0, 1]]))
    return DrawnPatient(
        f"p{seed}",
        images.clip(0, 255).astype(np.uint8),
        labels,
        1.44,
        1.2,
        tuple(range(len(images))),
        len(images),
        affine,
        tuple(twin_of),
    )


@pytest.fixture(scope="session")
def patients() -> list[DrawnPatient]:
    """Six patients, one of them without lesions."""
    return [disc_patient(n, positive=() if n == 5 else (1, 2)) for n in range(6)]


@pytest.fixture(scope="session")
def held_out() -> list[DrawnPatient]:
    """Three more, without twins."""
    return [disc_patient(100 + n, positive=() if n == 2 else (1, 2), twins=False) for n in range(3)]


def tiny_recipe() -> Recipe:
    """A recipe like the small one, for a network of an eighth of the channels and a dozen steps."""
    shipped = load_recipe("hbp-detection-small")
    return dataclasses.replace(
        shipped,
        network=dataclasses.replace(shipped.network, width_divisor=8),
        loop=dataclasses.replace(
            shipped.loop,
            crop_steps=12,
            crop_batch=4,
            whole_batch=2,
            checks=2,
            check_slices=4,
            refresh_slices=4,
            checkpoint_every=4,
            hard_slices=4,
            hard_kept=2,
        ),
    )


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    """The tiny recipe."""
    return tiny_recipe()


@pytest.fixture
def with_loop(tiny: Recipe) -> Callable[..., Recipe]:
    """The tiny recipe with other values in its loop."""
    return lambda **values: dataclasses.replace(tiny, loop=dataclasses.replace(tiny.loop, **values))
