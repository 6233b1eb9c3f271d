"""The loop that trains one detector: windows first, later mixed with whole slices; it can be broken off and resumed.

The detector of T2 begins from chance, the others from its weights, half of its first kernel for each of their planes.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.systems.multiphase_characterisation.boxes import Boxes, boxes_of
from overread.systems.multiphase_characterisation.network import Detector
from overread.training.checkpoint import Kept, load_checkpoint, save_checkpoint
from overread.training.checks import taking_statistics
from overread.training.loop import Sitting, channels_last, finite_loss, rate_at
from overread.training.multiphase.drawing import ROLES, DrawnPatient
from overread.training.multiphase.targets import detection_loss, targets_of
from overread.training.multiphase.views import ViewRecipe, Views
from overread.training.recipe import digest_of
from overread.training.state import History, resumed

T2 = "t2"
THINNED = 8
"""Of the images every so many rows and columns tell them from others."""


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """The ``[detectors]`` table of a recipe.

    ``steps`` are those of T2's detector, ``later_steps`` those of each other one, which begins from it. From the share
    ``whole_from`` of the steps on every ``whole_every``-th is on ``whole_batch`` whole slices. ``refresh`` whole slices
    give batch norm its statistics at the end.
    """

    seed: int
    width: float
    size: int
    batch: int
    steps: int
    later_steps: int
    learning_rate: float
    later_rate: float
    whole_from: float = 0.6
    whole_every: int = 2
    whole_batch: int = 4
    warm_up: float = 0.05
    final_rate: float = 0.02
    refresh: int = 96
    checkpoint_every: int = 100
    views: ViewRecipe = field(default_factory=ViewRecipe)

    def digest(self, identity: str = "") -> str:
        """SHA-256 of what is not at its default, and of ``identity``, which tells the data apart."""
        return digest_of(self, identity)


def planes_of(role: str) -> list[int]:
    """Which of the drawn planes a role's detector reads: its series, then T2; T2's detector T2 alone."""
    return [ROLES.index(role)] if role == T2 else [ROLES.index(role), ROLES.index(T2)]


def fit_detector(
    role: str,
    training: Sequence[DrawnPatient],
    recipe: DetectorRecipe,
    start: Mapping[str, Tensor] | None = None,
    sitting: Sitting | None = None,
    progress: Progress = SILENT,
) -> tuple[Detector, History]:
    """Train the detector of a role.

    Parameters
    ----------
    start
        Weights of T2's detector to begin from; None begins from chance.

    Raises
    ------
    InputError
        No slice shows a lesion, the checkpoint is of another recipe, start or other data, or the loss is no number
        any more.
    StorageError
        The state cannot be kept; the one kept before is whole.
    """
    sitting = sitting or Sitting()
    views = Views(training, planes_of(role))
    if views.is_empty:
        raise InputError(
            "This training cannot begin", "none of its slices shows a lesion to be found", "Give more patients"
        )
    torch.manual_seed(recipe.seed)
    network = Detector(recipe.width, len(planes_of(role)))
    if start is not None:
        network.load_state_dict(adapted(start, network))
    channels_last(network)
    network.to(sitting.hardware.device)
    optimiser = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    shapes = [(name, tuple(value.shape)) for name, value in network.state_dict().items()]
    digest = recipe.digest(repr((role, _start_digest(start), shapes, sitting.identity, drawn_identity(training))))
    history, step = History(), 0
    if sitting.resume and sitting.checkpoint is not None and sitting.checkpoint.exists():
        history, step = resumed(load_checkpoint(sitting.checkpoint, digest), network, optimiser)
    steps = recipe.steps if start is None else recipe.later_steps
    peak = recipe.learning_rate if start is None else recipe.later_rate
    clock, wall = time.process_time() - history.cpu_s, time.monotonic() - history.wall_s
    while step < steps:
        progress.step(f"Training the detector on {role}", step, steps)
        for group in optimiser.param_groups:
            group["lr"] = peak * rate_at(step / steps, recipe.warm_up, recipe.final_rate)
        history.losses.append(_take_step(network, optimiser, views, recipe, ROLES.index(role), step, steps, history))
        step += 1
        history.cpu_s, history.wall_s = time.process_time() - clock, time.monotonic() - wall
        if sitting.checkpoint is not None and (step % recipe.checkpoint_every == 0 or step == steps):
            facts: dict[str, Any] = {"step": step, "history": dataclasses.asdict(history), "recipe": digest}
            state = dict(network.state_dict())
            save_checkpoint(sitting.checkpoint, Kept(state, {}, optimiser.state_dict()["state"], facts))
    progress.report(f"Training the detector on {role}", steps, steps)
    return refreshed(network, views, recipe), history


def drawn_identity(patients: Sequence[DrawnPatient]) -> str:
    """SHA-256 of patients, their slices, label maps and thinned images: patients drawn otherwise have another."""
    digest = hashlib.sha256()
    for patient in patients:
        digest.update(repr((patient.name, patient.label, patient.indices, patient.pixel_mm)).encode())
        for values in (patient.images, patient.labels):
            digest.update(np.ascontiguousarray(values[..., ::THINNED, ::THINNED]).tobytes())
    return digest.hexdigest()


def adapted(weights: Mapping[str, Tensor], network: Detector) -> dict[str, Tensor]:
    """Weights of a one-plane detector for one of two planes: half of its first kernel for each."""
    found = dict(weights)
    for name, value in network.state_dict().items():
        given = found[name]
        if given.shape != value.shape:
            found[name] = given.repeat(1, value.shape[1], 1, 1) / value.shape[1]
    return found


def refreshed(network: Detector, views: Views, recipe: DetectorRecipe) -> Detector:
    """A copy whose batch norm statistics are those of whole slices, ready to read."""
    fresh = copy.deepcopy(network).eval()
    norms = [m for m in fresh.modules() if isinstance(m, nn.BatchNorm2d)]
    device = next(fresh.parameters()).device
    with taking_statistics(norms), torch.no_grad():
        for n in range(max(1, recipe.refresh // recipe.whole_batch)):
            fresh(views.plain(recipe.whole_batch, (recipe.seed, 9, n)).to(device))
    return fresh


def found_boxes(network: Detector, images: Tensor) -> list[Boxes]:
    """Boxes that a detector finds on images (n, planes, rows, columns), one image at a time."""
    device = next(network.parameters()).device
    boxes = []
    with torch.inference_mode():
        for image in images:
            heat, size, offset = (part[0].float().cpu().numpy() for part in network(image[None].to(device)))
            boxes.append(boxes_of(heat, size, offset))
    return boxes


def _start_digest(start: Mapping[str, Tensor] | None) -> str:
    if start is None:
        return "chance"
    digest = hashlib.sha256()
    for name in sorted(start):
        digest.update(name.encode() + start[name].detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _take_step(
    network: Detector,
    optimiser: torch.optim.Optimizer,
    views: Views,
    recipe: DetectorRecipe,
    place: int,
    step: int,
    steps: int,
    history: History,
) -> float:
    seed = (recipe.seed, place, step)
    is_whole = step >= recipe.whole_from * steps and step % recipe.whole_every == 0
    take, count = (views.wholes, recipe.whole_batch) if is_whole else (views.windows, recipe.batch)
    images, boxes = take(count, recipe.views, seed)
    device = next(network.parameters()).device
    network.train()
    optimiser.zero_grad(set_to_none=True)
    batch = images.to(device).contiguous(memory_format=torch.channels_last)
    heat, size, offset = network(batch)
    loss = detection_loss(heat, size, offset, targets_of(boxes, images.shape[-1]))
    value = finite_loss(float(loss.detach()), step)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), 10.0)
    optimiser.step()
    history.wholes_seen += count if is_whole else 0
    history.crops_seen += 0 if is_whole else count
    return value
