"""A small training, whole: it learns, it can be broken off, it ends in a bundle that reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from overread.core.errors import Cancelled, InputError
from overread.core.progress import CallbackProgress
from overread.systems import load_bundle
from overread.systems.hbp_detection.system import build_engine, read_slice_image
from overread.training.data import Data, drawn_data
from overread.training.loop import fit
from overread.training.recipe import Recipe, load_recipe
from overread.training.train import Wish, as_control, train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    shipped = load_recipe("hbp-detection-small")
    return dataclasses.replace(
        shipped,
        data=dataclasses.replace(
            shipped.data,
            patients=16,
            slices_per_patient=10,
            positive_slices=4,
            twin_slices=2,
            sites=("internal",),
            validation_patients=4,
            validation_normals=0.5,
            validation_slices=24,
        ),
        network=dataclasses.replace(shipped.network, width_divisor=8),
        loop=dataclasses.replace(
            shipped.loop,
            crop_steps=60,
            crop_batch=16,
            whole_batch=2,
            checks=1,
            check_slices=16,
            refresh_slices=8,
            checkpoint_every=20,
            hard_slices=20,
            hard_kept=5,
        ),
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def data(recipe: Recipe, work: Path) -> Data:
    return drawn_data(recipe, work, 2)


def test_the_loss_falls(recipe: Recipe, data: Data) -> None:
    patients = list(data.training)
    easy = dataclasses.replace(recipe.loop, whole_from=1.0, crop_steps=120, negatives={"anywhere": 1.0})
    crops_only = dataclasses.replace(recipe, loop=easy)
    _, history = fit(crops_only, patients, patients[:4])
    assert np.mean(history.losses[-20:]) < 0.8 * np.mean(history.losses[:20])


def test_a_training_broken_off_goes_on_and_ends_in_a_bundle_that_reads(
    recipe: Recipe, data: Data, work: Path, tmp_path: Path
) -> None:
    steps: list[float] = []

    def listen(stage: object) -> None:
        if getattr(stage, "name", "") == "Training":
            steps.append(getattr(stage, "done", 0))

    stop_at_30 = CallbackProgress(listen, lambda: bool(steps) and steps[-1] == 30)
    with pytest.raises(Cancelled):
        train(recipe, data, tmp_path / "bundle", Wish(work), stop_at_30)
    assert not (tmp_path / "bundle").exists()
    steps.clear()
    train(recipe, data, tmp_path / "bundle", Wish(work, resume=True), CallbackProgress(listen))
    assert min(steps) == 20  # the last checkpoint before it was broken off
    bundle = load_bundle(tmp_path / "bundle")
    bundle.check_weights()
    training = bundle.manifest["training"]
    assert training["steps"] == 60
    assert training["patients"] == 16
    assert training["sites"] == {"internal": 16}
    assert bundle.trained_on == "phantoms"
    image = np.random.default_rng(0).random((320, 320), dtype=np.float32)
    score, activation = read_slice_image(build_engine(bundle, "cpu", "auto"), image)
    assert 0 <= score <= 1
    assert activation.shape == (20, 20)


def test_a_control_needs_a_bundle_to_control(recipe: Recipe, data: Data, work: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no bundle in nowhere"):
        train(as_control(recipe), data, tmp_path / "nowhere", Wish(work))
