"""The training loop: crops, later mixed with whole slices; checkpoints; the best of a few checks is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.training.batches import draw_batch, network_input
from overread.training.checkpoint import load_checkpoint
from overread.training.checks import Check, check, check_sample, find_hard_places, refreshed
from overread.training.drawn import DrawnPatient
from overread.training.hardware import Hardware, autocast
from overread.training.losses import total_loss
from overread.training.networks.build import build_network
from overread.training.recipe import LoopRecipe, Recipe
from overread.training.sampling import Place, Sampler
from overread.training.state import History, TrainingState


def finite_loss(loss: float, step: int) -> float:
    """The loss of a step, from 0, if it is a number; what has learnt from one that is none is lost.

    Raises
    ------
    InputError
    """
    if not math.isfinite(loss):
        raise InputError(
            "This training was stopped",
            f"its loss is no number any more in step {step + 1}",
            "Train again with a lower learning_rate",
        )
    return loss


@dataclass(frozen=True, slots=True)
class Sitting:
    """How a training is run here and now: nothing of it belongs to the recipe.

    ``checkpoint``: file that holds the state between sittings; ``resume``: go on from it if it is there.
    ``identity`` tells the data apart; ``start``: weights to begin from, by name. ``curves``: where the checks are
    listed while it runs.
    """

    checkpoint: Path | None = None
    resume: bool = False
    hardware: Hardware = field(default_factory=Hardware)
    identity: str = ""
    start: Mapping[str, Tensor] | None = None
    curves: Path | None = None


def fit(
    recipe: Recipe,
    training: Sequence[DrawnPatient],
    validation: Sequence[DrawnPatient],
    sitting: Sitting | None = None,
    progress: Progress = SILENT,
) -> tuple[nn.Module, History]:
    """Train a network by a recipe; returns the best of its checks, with batch norm taken again on whole slices.

    Of a control (shuffled labels) the last is returned: to choose by the true labels would be to learn from them.

    Raises
    ------
    InputError
        There is nothing to tell apart, the checkpoint is of another recipe, or the loss is no number any more.
    StorageError
        The state cannot be kept; the one kept before is whole.
    """
    loop, sitting = recipe.loop, sitting or Sitting()
    sampler = Sampler(training, loop.negatives, loop.paste_share)
    if not sampler.positive or not sampler.negative:
        raise InputError(
            "This training cannot begin",
            "its patients hold no positive or no negative slices",
            "Give more patients, or another split",
        )
    state = _begun(recipe, sitting)
    sampler.hard_places = [Place(*place) for place in state.history.hard_places]
    random = torch.Generator()
    sample = check_sample(validation, loop.check_slices, loop.seed)
    check_at = {round((n + 1) * loop.crop_steps / loop.checks) for n in range(loop.checks)}
    clocks = time.process_time() - state.history.cpu_s, time.monotonic() - state.history.wall_s
    while state.step < loop.crop_steps and not state.history.has_stalled(loop.stop_after):
        step = state.step
        progress.step("Training", step, loop.crop_steps)
        sampler.begin_step(loop.seed, step)
        random.manual_seed(loop.seed * 1_000_003 + step)
        torch.manual_seed(loop.seed * 1_000_003 + step)  # what dropout draws from
        if step == round(loop.hard_from * loop.crop_steps) and loop.hard_slices:
            progress.report("Looking for what it takes for a lesion", step, loop.crop_steps)
            fresh = refreshed(state.network, sampler.natural(loop.refresh_slices), loop)
            sampler.hard_places = find_hard_places(fresh, sampler, loop)
            state.history.hard_places = [tuple(place) for place in sampler.hard_places]
        _take_step(state, sampler, loop, random, sitting.hardware)
        state.history.cpu_s = time.process_time() - clocks[0]
        state.history.wall_s = time.monotonic() - clocks[1]
        if state.step in check_at:
            candidate = refreshed(state.network, sampler.natural(loop.refresh_slices), loop)
            _note(state, candidate, check(candidate, sample), loop.shuffled_labels)
            auc = state.history.checks[-1][1]
            progress.report(f"Check: slice AUC {auc:.3f} on {len(sample)} validation slices", step, loop.crop_steps)
            if sitting.curves is not None:
                from overread.training.curves import write_curves

                write_curves(sitting.curves, state.history)
        if sitting.checkpoint is not None and state.step % loop.checkpoint_every == 0:
            state.keep(sitting.checkpoint, recipe.digest(sitting.identity))
    state.network.load_state_dict(state.best[1])
    return state.network.eval(), state.history


def channels_last(network: nn.Module) -> None:
    """Lay kernels out with channels last: half the time of a step."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def rate_at(share: float, warm_up: float, final: float) -> float:
    """Learning rate as a share of its peak: linear warm-up, then cosine down to ``final``."""
    if share < warm_up:
        return max(share / warm_up, 0.02)
    fall = (share - warm_up) / (1 - warm_up)
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * fall))


def make_optimiser(network: nn.Module, loop: LoopRecipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over all parameters, at the peak of its rate."""
    parameters, rate = network.parameters(), loop.learning_rate
    if loop.optimiser == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, momentum=loop.momentum)
    if loop.optimiser == "adagrad":
        return torch.optim.Adagrad(parameters, lr=rate)
    if loop.optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=loop.momentum)
    return torch.optim.Adam(parameters, lr=rate)


def _begun(recipe: Recipe, sitting: Sitting) -> TrainingState:
    """A new training, or the one that the checkpoint holds."""
    torch.manual_seed(recipe.loop.seed)
    network = build_network(recipe.network)
    if sitting.start is not None:
        network.load_state_dict(sitting.start)
    channels_last(network)
    network.to(sitting.hardware.device)
    optimiser = make_optimiser(network, recipe.loop)
    state = TrainingState(network, optimiser, History(), (-1.0, network.state_dict()))
    path = sitting.checkpoint
    if sitting.resume and path is not None and path.exists():
        state.resume(load_checkpoint(path, recipe.digest(sitting.identity)))
    return state


def _take_step(
    state: TrainingState, sampler: Sampler, loop: LoopRecipe, random: torch.Generator, hardware: Hardware
) -> None:
    for group in state.optimiser.param_groups:
        group["lr"] = loop.learning_rate * rate_at(state.step / loop.crop_steps, loop.warm_up, loop.final_rate)
    is_whole = loop.is_whole(state.step)
    images, masks, pixel_mm2 = draw_batch(sampler, loop, is_whole, random)
    x = network_input(images, loop, random)
    state.network.train()
    state.optimiser.zero_grad(set_to_none=True)
    count = x.shape[0]
    total = 0.0
    for part in _parts(count, loop.micro_batch):
        with autocast(hardware, loop.precision):
            logits, maps = state.network(x[part].to(hardware.device))
        loss = total_loss(
            logits.float(),
            None if maps is None else maps.float(),
            masks[part].to(hardware.device),
            pixel_mm2[part].to(hardware.device),
            loop,
        )
        share = 1.0 if x[part].shape[0] == count else x[part].shape[0] / count
        total += finite_loss(float(loss.detach()), state.step) * share
        (loss * share).backward()  # type: ignore[no-untyped-call]
    state.optimiser.step()
    state.history.losses.append(total)
    state.history.crops_seen += 0 if is_whole else loop.crop_batch
    state.history.wholes_seen += loop.whole_batch if is_whole else 0
    state.step += 1


def _parts(count: int, size: int) -> list[slice]:
    """The batch whole, or in parts of at most ``size``."""
    return [slice(at, at + (size or count)) for at in range(0, count, size or count)]


def _note(state: TrainingState, candidate: nn.Module, found: Check, keeps_last: bool) -> None:
    state.history.checks.append((state.step, found.auc))
    state.history.accuracies.append(found.accuracy)
    if found.auc > state.best[0] or keeps_last:
        state.best = found.auc, {k: v.clone() for k, v in candidate.state_dict().items()}
