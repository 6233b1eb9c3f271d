"""The loop on regions: it learns what is there and nothing from a control, goes on to the bit, refuses in words."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from overread.core.errors import Cancelled, InputError
from overread.core.progress import CallbackProgress
from overread.engines.backbones.resnet import ResNet18
from overread.systems.mvi_prediction.network import MviNetwork
from overread.training.checkpoint import load_checkpoint
from overread.training.curves import curve_rows
from overread.training.loop import Sitting
from overread.training.regions.fit import fit_classifier, predict, rate_of, refreshed, started
from overread.training.regions.judge import area_of, judge, patient_vectors
from overread.training.regions.recipe import ClassifierRecipe, classifier_recipe
from overread.training.regions.samples import RegionSamples
from overread.training.state import History

Build = Callable[[], MviNetwork]
RecipeWith = Callable[..., ClassifierRecipe]
CHILD = """
import sys
from pathlib import Path
import torch
sys.path.insert(0, {tests!r})
from conftest import discs, narrow, toy_recipe
from overread.training.loop import Sitting
from overread.training.regions.fit import fit_classifier, started
from safetensors.torch import save_file
torch.set_num_threads(1)
folder = Path({folder!r})
sitting = Sitting(folder / "state.safetensors", resume={resume})
recipe = toy_recipe(steps=40, checkpoint_every=3)
network, _ = fit_classifier(started(narrow, 1), discs(0, 40), discs(1000, 20), recipe, sitting)
save_file({{k: v.contiguous() for k, v in network.state_dict().items()}}, folder / "final.safetensors")
"""


@pytest.fixture(scope="module")
def trained(
    training: RegionSamples,
    validation: RegionSamples,
    build: Build,
    recipe_with: RecipeWith,
) -> tuple[MviNetwork, History]:
    return fit_classifier(started(build, 1), training, validation, recipe_with())


def _same(one: nn.Module, other: nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in one.state_dict().items())


def _stop_after(steps: int) -> CallbackProgress:
    seen: list[float] = []
    return CallbackProgress(
        lambda stage: seen.append(stage.done) if stage.name == "Training" else None,
        lambda: bool(seen) and seen[-1] == steps,
    )


def test_the_loss_falls_and_unseen_patients_are_told_apart(
    trained: tuple[MviNetwork, History], validation: RegionSamples
) -> None:
    network, history = trained
    assert np.mean(history.losses[-10:]) < 0.3 * np.mean(history.losses[:5])
    assert judge(predict(network, validation)[0], validation).auc > 0.95
    assert len(curve_rows(history)) == 2
    assert not network.training


def test_shuffled_labels_teach_nothing(
    training: RegionSamples,
    validation: RegionSamples,
    build: Build,
    recipe_with: RecipeWith,
) -> None:
    recipe = recipe_with(shuffled_labels=True, steps=40)
    network, history = fit_classifier(started(build, 1), training, validation, recipe)
    found = judge(predict(network, validation)[0], validation)
    assert abs(found.auc - 0.5) < 0.3  # 20 patients: a standard deviation of 0.13
    assert history.checks[-1][1] == pytest.approx(found.auc)  # the last, not the best


@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param({"optimiser": "sgd", "weight_decay": 1e-4, "sampling": "slices"}, marks=pytest.mark.slow),
        pytest.param(
            {"schedule": "halving", "halve_every": 5, "margin": 0.8, "input_size": 40}, marks=pytest.mark.slow
        ),
    ],
    ids=["adam", "sgd", "halving"],
)
def test_a_training_broken_off_goes_on_to_the_same_weights(
    training: RegionSamples,
    validation: RegionSamples,
    tmp_path: Path,
    changes: dict[str, Any],
    build: Build,
    recipe_with: RecipeWith,
) -> None:
    recipe = recipe_with(steps=20, **changes)
    whole, history = fit_classifier(started(build, 1), training, validation, recipe)
    path = tmp_path / "state.safetensors"
    for steps in (7, 16):
        with pytest.raises(Cancelled):
            fit_classifier(
                started(build, 1), training, validation, recipe, Sitting(path, resume=True), _stop_after(steps)
            )
    again, found = fit_classifier(started(build, 9), training, validation, recipe, Sitting(path, resume=True))
    assert _same(whole, again)
    assert (found.losses, found.checks, found.accuracies) == (history.losses, history.checks, history.accuracies)


@pytest.mark.slow
def test_a_killed_training_ends_in_the_same_weights_to_the_bit(tmp_path: Path) -> None:
    def begin(folder: Path, resume: bool) -> subprocess.Popen[bytes]:
        folder.mkdir(exist_ok=True)
        code = CHILD.format(tests=str(Path(__file__).parent), folder=str(folder), resume=resume)
        with (folder / "errors.txt").open("ab") as errors:
            return subprocess.Popen([sys.executable, "-c", code], stderr=errors)

    assert begin(tmp_path / "whole", False).wait(timeout=300) == 0, (tmp_path / "whole" / "errors.txt").read_text()
    killed, state = begin(tmp_path / "killed", False), tmp_path / "killed" / "state.safetensors"
    limit = time.monotonic() + 300
    while not state.exists() and time.monotonic() < limit and killed.poll() is None:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait(timeout=60) == -signal.SIGKILL, "it ended before it was killed"
    assert not (tmp_path / "killed" / "final.safetensors").exists()
    assert begin(tmp_path / "killed", True).wait(timeout=300) == 0
    one, other = (load_file(tmp_path / name / "final.safetensors") for name in ("whole", "killed"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_checkpoint_of_another_recipe_other_data_or_another_network_is_refused(
    training: RegionSamples,
    validation: RegionSamples,
    tmp_path: Path,
    build: Build,
    recipe_with: RecipeWith,
) -> None:
    path = tmp_path / "state.safetensors"
    short = recipe_with(steps=2, checks=1, checkpoint_every=1)
    fit_classifier(started(build, 1), training, validation, short, Sitting(path))
    others = [
        (build, training, dataclasses.replace(short, learning_rate=1e-4)),
        (build, training.subset(range(38)), short),
        (lambda: MviNetwork(0.25), training, short),
    ]
    for make, samples, recipe in others:
        with pytest.raises(InputError, match="by a training with another recipe or on other cases"):
            fit_classifier(started(make, 1), samples, validation, recipe, Sitting(path, resume=True))


def test_sides_of_one_class_or_with_a_patient_in_common_are_refused(
    training: RegionSamples,
    validation: RegionSamples,
    build: Build,
    recipe_with: RecipeWith,
) -> None:
    recipe = recipe_with()
    with pytest.raises(InputError, match="the 20 training patients are all of one class"):
        fit_classifier(build(), training.subset(range(0, 40, 2)), validation, recipe)
    with pytest.raises(InputError, match="patient 4 is on both sides of the split, and 1 more"):
        fit_classifier(build(), training, training.subset([4, 5]), recipe)


def test_the_best_check_is_kept_and_the_checkpoint_holds_it(
    training: RegionSamples,
    validation: RegionSamples,
    tmp_path: Path,
    build: Build,
    recipe_with: RecipeWith,
) -> None:
    path = tmp_path / "state.safetensors"
    recipe = recipe_with(steps=12, checks=4, learning_rate=0.05)
    network, history = fit_classifier(started(build, 1), training, validation, recipe, Sitting(path))
    best = max(auc for _, auc in history.checks)
    assert judge(predict(network, validation, 8, recipe)[0], validation).auc == pytest.approx(best, abs=1e-9)
    kept = load_checkpoint_of(path)
    assert kept["best"] == best
    assert kept["step"] == 12


def load_checkpoint_of(path: Path) -> dict[str, Any]:
    import json

    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        facts: dict[str, Any] = json.loads(file.metadata()["facts"])
    assert load_checkpoint(path, facts["recipe"]).best
    return facts


def test_facts_reach_the_network(training: RegionSamples, validation: RegionSamples, recipe_with: RecipeWith) -> None:
    def with_facts(samples: RegionSamples, tells: bool) -> RegionSamples:
        facts = np.zeros((len(samples), 9), dtype=np.float32)
        facts[:, 0] = 2 * samples.labels - 1 if tells else 0
        grey = [np.full_like(image, 128) for image in samples.images]
        return dataclasses.replace(samples, images=grey, facts=facts)

    areas = []
    for tells in (True, False):
        network = started(lambda: MviNetwork(0.125, factors=9), 1)
        recipe = recipe_with(steps=15, checks=1, learning_rate=0.02, augmentation={})
        sides = with_facts(training, tells), with_facts(validation, tells)
        _, history = fit_classifier(network, *sides, recipe)
        areas.append(history.checks[-1][1])
    assert areas == [1.0, 0.5]


def test_batch_norm_is_taken_again_on_regions_as_they_are_read(
    training: RegionSamples, build: Build, recipe_with: RecipeWith
) -> None:
    recipe = recipe_with(refresh=120, batch=120, augmentation={"gain": 0.5})
    network = started(build, 1)
    fresh = refreshed(network, training, recipe)
    images = torch.from_numpy(training.stored(range(120))).float()[:, [0, 0, 0]] / 255
    with torch.no_grad():
        first = network.conv1(images)
    assert torch.allclose(fresh.bn1.running_mean, first.mean(dim=(0, 2, 3)), atol=1e-4)
    assert torch.equal(network.bn1.running_mean, torch.zeros_like(network.bn1.running_mean))


def test_a_patients_vector_is_the_mean_of_its_regions_in_any_order(validation: RegionSamples) -> None:
    rng = np.random.default_rng(1)
    vectors = rng.dirichlet([1, 1], len(validation))
    order = rng.permutation(len(validation))
    means, labels = patient_vectors(vectors[order], validation.take(order))
    for n, patient in enumerate(sorted(set(validation.patients.tolist()))):
        assert np.allclose(means[n], vectors[validation.patients == patient].mean(axis=0))
        assert labels[n] == patient % 2


def test_the_area_of_three_classes_is_the_mean_of_each_against_the_rest() -> None:
    vectors = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    # class 0 (row 0) is above all; class 1 (row 1) too; class 2 (rows 2, 3) above both others
    assert area_of(vectors, np.array([0, 1, 2, 2])) == 1.0
    # class 1 absent: left out; class 0 (rows 0, 1): pairs with rows 2, 3 -> 0.8 and 0.2 against 0.5, 0.1: 3 of 4
    assert area_of(vectors, np.array([0, 0, 2, 2])) == pytest.approx((3 / 4 + 1) / 2)


def test_rates_warm_up_then_halve(recipe_with: RecipeWith) -> None:
    recipe = recipe_with(schedule="halving", halve_every=20, warm_up=0.1, steps=100, learning_rate=0.1)
    assert [rate_of(recipe, step) for step in (5, 10, 19, 20, 59, 60)] == pytest.approx(
        [0.05, 0.1, 0.1, 0.05, 0.025, 0.0125]
    )


def test_it_ends_when_the_area_has_not_risen_for_so_many_checks(
    training: RegionSamples,
    validation: RegionSamples,
    build: Build,
    recipe_with: RecipeWith,
) -> None:
    recipe = recipe_with(steps=40, checks=20, stop_after=2, learning_rate=0.0, refresh=0)
    _, history = fit_classifier(started(build, 1), training, validation, recipe)
    assert len(history.losses) == 6


@pytest.mark.slow
def test_it_begins_with_public_weights_where_the_recipe_names_a_file(
    training: RegionSamples, validation: RegionSamples, recipe_with: RecipeWith, tmp_path: Path
) -> None:
    public = started(lambda: ResNet18(classes=1000), 7).state_dict()
    save_file({k: v.contiguous() for k, v in public.items()}, tmp_path / "resnet18.safetensors")
    recipe = recipe_with(steps=1, checks=1, learning_rate=0.0, initial=str(tmp_path / "resnet18.safetensors"))
    network, _ = fit_classifier(started(MviNetwork, 1), training, validation.subset([1000, 1001]), recipe)
    assert torch.equal(network.conv1.weight, public["conv1.weight"])
    assert network.fc.weight.shape == (2, 512)
    with pytest.raises(InputError, match="resnet18"):
        fit_classifier(started(lambda: MviNetwork(0.25), 1), training, validation, recipe)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"optimiser": "lion"}, "optimiser is 'lion', not one of adam, sgd"),
        ({"batch": 1}, "batch norm needs a batch of 2 or more"),
        ({"schedule": "halving"}, "needs halve_every"),
        ({"augmentation": {"crop": [0.0, 1.0]}}, "not two rising shares"),
        ({"augmentation": {"spin": 3}}, "unknown key spin"),
        ({"pace": 3}, "unknown key pace"),
        ({"margin": 1.5}, "margin goes from above 0 to 1"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_in_words(
    changes: dict[str, Any], why: str, recipe_with: RecipeWith
) -> None:
    with pytest.raises(InputError, match=f"The recipe toy cannot be used: .*{why}"):
        recipe_with(**changes)


def test_a_missing_key_is_named() -> None:
    with pytest.raises(InputError, match="learning_rate"):
        classifier_recipe({"seed": 1, "batch": 4, "steps": 5}, "toy")


def test_another_value_makes_another_digest(recipe_with: RecipeWith) -> None:
    recipes = [recipe_with(), recipe_with(margin=0.8), recipe_with(augmentation={"gain": 0.2})]
    digests = {recipe.digest() for recipe in recipes}
    assert len(digests) == 3
    assert ClassifierRecipe(**dataclasses.asdict(recipes[0]) | {"augmentation": recipes[0].augmentation}) == recipes[0]


def test_a_training_whose_loss_is_no_number_is_stopped_in_one_sentence(
    training: RegionSamples, validation: RegionSamples, build: Build, recipe_with: RecipeWith
) -> None:
    recipe = recipe_with(learning_rate=1e30, warm_up=0.0, steps=6)
    with pytest.raises(InputError, match=r"stopped: its loss is no number any more in step \d"):
        fit_classifier(started(build, 1), training, validation, recipe)
