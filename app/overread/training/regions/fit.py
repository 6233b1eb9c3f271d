"""The loop that trains a classifier of regions: one step after another, a few checks, the best is kept.

What a step does depends on the seed and on the step's number alone, so that a training broken off and gone on with
ends in the same weights.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.training.checkpoint import load_checkpoint
from overread.training.checks import taking_statistics
from overread.training.hardware import Hardware, autocast
from overread.training.loop import Sitting, channels_last, finite_loss, rate_at
from overread.training.regions.augment import augmented, seen
from overread.training.regions.judge import judge
from overread.training.regions.lots import Lots
from overread.training.regions.recipe import ClassifierRecipe
from overread.training.regions.samples import RegionSamples
from overread.training.state import History, TrainingState

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)
_NOT_BEGUN = "This training cannot begin"


def started(build: Callable[[], AnyNetwork], seed: int) -> AnyNetwork:
    """A network whose random start the seed decides."""
    torch.manual_seed(seed)
    return build()


def fit_classifier(
    network: AnyNetwork,
    training: RegionSamples,
    validation: RegionSamples,
    recipe: ClassifierRecipe,
    sitting: Sitting | None = None,
    progress: Progress = SILENT,
) -> tuple[AnyNetwork, History]:
    """Train a network by a recipe; the best of its checks on the validation patients is returned, ready to read.

    Of a control (shuffled labels) the last is returned: to choose by the true labels would be to learn from them.

    Parameters
    ----------
    network
        Answers ``(logits, ...)`` to images (n, planes, edge, edge) from 0 to 1, and to facts beside them where the
        samples have some. It is trained itself, not a copy.

    Raises
    ------
    InputError
        A side lacks a class, the checkpoint is of another recipe or of other data, the file of public weights does
        not fit, or the loss is no number any more.
    StorageError
        The state cannot be kept; the one kept before is whole.
    """
    sitting = sitting or Sitting()
    check_sides(training, validation)
    state, digest = _begun(network, training, validation, recipe, sitting)
    learnt = training.shuffled(recipe.seed) if recipe.shuffled_labels else training
    lots = Lots(learnt, recipe.batch, recipe.sampling, recipe.seed)
    check_at = {round((n + 1) * recipe.steps / recipe.checks) for n in range(recipe.checks)}
    clocks = time.process_time() - state.history.cpu_s, time.monotonic() - state.history.wall_s
    while state.step < recipe.steps and not _has_stalled(state.history, recipe.stop_after):
        progress.step("Training", state.step, recipe.steps)
        _take_step(state, learnt, lots, recipe, sitting.hardware)
        state.history.cpu_s = time.process_time() - clocks[0]
        state.history.wall_s = time.monotonic() - clocks[1]
        if state.step in check_at:
            _check(state, training, validation, recipe, progress)
            if sitting.curves is not None:
                from overread.training.curves import write_curves

                write_curves(sitting.curves, state.history)
        if sitting.checkpoint is not None and (state.step % recipe.checkpoint_every == 0 or state.step in check_at):
            state.keep(sitting.checkpoint, digest)
    network.load_state_dict(state.best[1])
    return network.eval(), state.history


def predict(
    network: nn.Module,
    samples: RegionSamples,
    batch: int = 16,
    recipe: ClassifierRecipe | None = None,
    progress: Progress = SILENT,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """What a network says of samples, in their order.

    Parameters
    ----------
    recipe
        Its margin and size of the input say what the network sees; without one it sees the images as they are.

    Returns
    -------
    vectors : ndarray
        Probabilities, float64 (n, classes).
    features : ndarray
        float32 (n, features): what the network gives third, or nothing.
    """
    view = recipe or ClassifierRecipe(0, batch, 1, 0.0)
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    vectors, features = [], []
    with torch.inference_mode():
        for at in range(0, len(samples), batch):
            progress.step("Reading regions", at, len(samples))
            index = np.arange(at, min(at + batch, len(samples)))
            images = seen(_images(samples, index, device), view)
            answer = _asked(network, images, samples, index, device)
            vectors.append(functional.softmax(answer[0].double(), dim=1).cpu().numpy())
            features.append(answer[2].float().cpu().numpy() if len(answer) > 2 else np.zeros((len(index), 0)))
    network.train(was_training)
    return np.concatenate(vectors), np.concatenate(features).astype(np.float32)


def refreshed(network: AnyNetwork, samples: RegionSamples, recipe: ClassifierRecipe) -> AnyNetwork:
    """A copy whose batch norm statistics are those of regions as they are read, unaugmented; dropout sleeps.

    The running ones lag behind the weights and are of augmented regions in the balance of the batches.
    """
    fresh = copy.deepcopy(network).eval()
    norms = [m for m in fresh.modules() if isinstance(m, nn.BatchNorm2d)]
    if not (recipe.refresh and norms):
        return fresh
    device = next(fresh.parameters()).device
    rng = np.random.default_rng([recipe.seed, 61])
    chosen = np.sort(rng.permutation(len(samples))[: recipe.refresh])
    order = rng.permutation(chosen)
    with taking_statistics(norms), torch.no_grad():
        for at in range(0, len(order), recipe.batch):
            index = order[at : at + recipe.batch]
            if len(index) > 1:
                _asked(fresh, seen(_images(samples, index, device), recipe), samples, index, device)
    return fresh


def check_sides(training: RegionSamples, validation: RegionSamples) -> None:
    """Refuse sides that cannot be trained or judged on.

    Raises
    ------
    InputError
        A side holds only one class, or a patient is on both sides.
    """
    for side, name in ((training, "training"), (validation, "validation")):
        if len(set(side.patient_labels().values())) < 2:
            why = f"the {len(side.patient_labels())} {name} patients are all of one class"
            raise InputError(_NOT_BEGUN, why, "Give more patients, or another split")
    both = sorted(set(training.patients.tolist()) & set(validation.patients.tolist()))
    if both:
        raise InputError(
            _NOT_BEGUN,
            f"patient {both[0]} is on both sides of the split" + (f", and {len(both) - 1} more" if both[1:] else ""),
            "Divide patients, not slices",
        )


def _begun(
    network: nn.Module, training: RegionSamples, validation: RegionSamples, recipe: ClassifierRecipe, sitting: Sitting
) -> tuple[TrainingState, str]:
    """A new training, or the one that the checkpoint holds; and what tells it from others."""
    shapes = [(name, tuple(value.shape)) for name, value in network.state_dict().items()]
    digest = recipe.digest(repr((sitting.identity, training.identity(), validation.identity(), shapes)))
    path = sitting.checkpoint
    kept = load_checkpoint(path, digest) if sitting.resume and path is not None and path.exists() else None
    if kept is None:
        _start(network, recipe, sitting)
    channels_last(network)
    network.to(sitting.hardware.device)
    optimiser = make_optimiser(network, recipe)
    state = TrainingState(network, optimiser, History(), (-1.0, network.state_dict()))
    if kept is not None:
        state.resume(kept)
    return state, digest


def _start(network: nn.Module, recipe: ClassifierRecipe, sitting: Sitting) -> None:
    """Weights to begin from, where recipe or sitting name some."""
    if sitting.start is not None:
        network.load_state_dict(sitting.start)
    elif recipe.initial:
        from overread.engines.initial import load_initial

        load_initial(network, Path(recipe.initial))


def make_optimiser(network: nn.Module, recipe: ClassifierRecipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over all parameters, at the peak of its rate."""
    parameters, rate, decay = network.parameters(), recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=recipe.momentum, weight_decay=decay)
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)


def rate_of(recipe: ClassifierRecipe, step: int) -> float:
    """Learning rate of a step."""
    share = step / recipe.steps
    if recipe.schedule == "cosine":
        return recipe.learning_rate * rate_at(share, recipe.warm_up, recipe.final_rate)
    if share < recipe.warm_up:
        return recipe.learning_rate * max(share / recipe.warm_up, recipe.final_rate)
    return float(recipe.learning_rate * 0.5 ** (step // recipe.halve_every))


def _take_step(
    state: TrainingState, samples: RegionSamples, lots: Lots, recipe: ClassifierRecipe, hardware: Hardware
) -> None:
    for group in state.optimiser.param_groups:
        group["lr"] = rate_of(recipe, state.step)
    random = torch.Generator().manual_seed(recipe.seed * 1_000_003 + state.step)
    torch.manual_seed(recipe.seed * 1_000_003 + state.step)  # what dropout draws from
    index = lots.at(state.step)
    images = augmented(_images(samples, index, "cpu", all_planes=True), recipe, random)
    images = _planes(images, samples).to(hardware.device).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(samples.labels[index].astype(np.int64)).to(hardware.device)
    weights = torch.tensor(recipe.class_weights, device=hardware.device) if recipe.class_weights else None
    state.network.train()
    state.optimiser.zero_grad(set_to_none=True)
    with autocast(hardware, recipe.precision):
        logits = _asked(state.network, images, samples, index, hardware.device)[0]
    loss = functional.cross_entropy(logits.float(), labels, weights, label_smoothing=recipe.label_smoothing)
    state.history.losses.append(finite_loss(float(loss.detach()), state.step))
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimiser.step()
    state.history.crops_seen += len(index)
    state.step += 1


def _check(
    state: TrainingState,
    training: RegionSamples,
    validation: RegionSamples,
    recipe: ClassifierRecipe,
    progress: Progress,
) -> None:
    """Judge the network with its batch norm taken again, and keep it where it is no worse than any before."""
    candidate = refreshed(state.network, training, recipe)
    found = judge(predict(candidate, validation, recipe.batch, recipe, progress)[0], validation)
    state.history.checks.append((state.step, found.auc))
    state.history.accuracies.append(found.accuracy)
    if found.auc >= state.best[0] or recipe.shuffled_labels:
        state.best = found.auc, {k: v.clone() for k, v in candidate.state_dict().items()}
    patients = len(validation.patient_labels())
    words = f"Check: AUC {found.auc:.3f}, accuracy {found.accuracy:.3f} on {patients} validation patients"
    progress.report(words, state.step, recipe.steps)


def _has_stalled(history: History, checks: int) -> bool:
    """Whether that many checks have passed since the area was last better than ever before."""
    areas = [auc for _, auc in history.checks]
    return bool(checks and areas) and len(areas) - 1 - areas.index(max(areas)) >= checks


def _images(
    samples: RegionSamples, index: NDArray[np.integer], device: torch.device | str, all_planes: bool = False
) -> Tensor:
    images = torch.from_numpy(samples.stored(index)).to(device).float() / 255
    return images if all_planes else _planes(images, samples)


def _planes(images: Tensor, samples: RegionSamples) -> Tensor:
    return images[:, list(samples.planes)] if samples.planes else images


def _asked(
    network: nn.Module,
    images: Tensor,
    samples: RegionSamples,
    index: NDArray[np.integer],
    device: torch.device | str,
) -> tuple[Tensor, ...]:
    if samples.facts is None:
        answer = network(images)
    else:
        answer = network(images, torch.from_numpy(samples.facts[index].astype(np.float32)).to(device))
    return answer if isinstance(answer, tuple) else (answer,)
