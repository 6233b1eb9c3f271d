"""The training loop: crops, later mixed with whole slices; checkpoints; the best of a few checks is kept."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.phantom import FIRST_LESION, POSITIVE_MM2
from overread.stats.merit.roc import roc_auc
from overread.systems.hbp_detection.network import CELL_PX, Kim11
from overread.training.augment import scan_again, turn
from overread.training.checkpoint import load_checkpoint, save_checkpoint
from overread.training.drawn import DrawnPatient, iterate_slices
from overread.training.losses import total_loss
from overread.training.recipe import LoopRecipe, Recipe
from overread.training.sampling import Place, Sampler


@dataclass(slots=True)
class History:
    """What happened: losses by step, checks as (step, AUC), counts and CPU-seconds."""

    losses: list[float] = field(default_factory=list)
    checks: list[tuple[int, float]] = field(default_factory=list)
    crops_seen: int = 0
    wholes_seen: int = 0
    cpu_s: float = 0.0
    hard_places: list[tuple[int, ...]] = field(default_factory=list)


def fit(
    recipe: Recipe,
    training: Sequence[DrawnPatient],
    validation: Sequence[DrawnPatient],
    checkpoint: Path | None = None,
    resume: bool = False,
    progress: Progress = SILENT,
) -> tuple[Kim11, History]:
    """Train a network by a recipe; returns the best of its checks, with batch norm taken again on whole slices.

    Parameters
    ----------
    checkpoint
        File that holds the state between sittings.
    resume
        Go on from the checkpoint if it is there.
    """
    loop = recipe.loop
    torch.manual_seed(loop.seed)
    network = Kim11(recipe.network.layout, recipe.network.pooling, width_divisor=recipe.network.width_divisor)
    with torch.no_grad():
        network.classifier.weight.mul_(0.3)
    channels_last(network)
    optimiser = torch.optim.Adam(network.parameters(), lr=loop.learning_rate)
    history, first, best = History(), 0, (-1.0, network.state_dict())
    if resume and checkpoint is not None and checkpoint.exists():
        first, best = _restore(checkpoint, network, optimiser, history)
    sampler = Sampler(training, loop.negatives)
    sampler.hard_places = [Place(*place) for place in history.hard_places]
    if not sampler.positive or not sampler.negative:
        raise InputError(
            "This training cannot begin", "its patients hold no positive or no negative slices", "Draw more patients"
        )
    random = torch.Generator()
    sample = check_sample(validation, loop.check_slices, loop.seed)
    check_at = {round((n + 1) * loop.crop_steps / loop.checks) for n in range(loop.checks)}
    started = time.process_time() - history.cpu_s
    for step in range(first, loop.crop_steps):
        progress.step("Training", step, loop.crop_steps)
        sampler.begin_step(loop.seed, step)
        random.manual_seed(loop.seed * 1_000_003 + step)
        if step == round(loop.hard_from * loop.crop_steps) and loop.hard_slices:
            progress.report("Looking for what it takes for a lesion", step, loop.crop_steps)
            sampler.hard_places = find_hard_places(
                refreshed(network, sampler.natural(loop.refresh_slices), loop), sampler, loop
            )
            history.hard_places = [tuple(place) for place in sampler.hard_places]
        for group in optimiser.param_groups:
            group["lr"] = loop.learning_rate * rate_at(step / loop.crop_steps, loop.warm_up, loop.final_rate)
        is_whole = step >= loop.whole_from * loop.crop_steps and step % loop.whole_every == 0
        loss = _step(network, optimiser, sampler, loop, is_whole, random)
        history.losses.append(loss)
        history.crops_seen += 0 if is_whole else loop.crop_batch
        history.wholes_seen += loop.whole_batch if is_whole else 0
        history.cpu_s = time.process_time() - started
        if step + 1 in check_at:
            candidate = refreshed(network, sampler.natural(loop.refresh_slices), loop)
            auc = _check(candidate, sample)
            history.checks.append((step + 1, auc))
            progress.report(f"Check: slice AUC {auc:.3f} on {len(sample)} validation slices", step, loop.crop_steps)
            if auc > best[0]:
                best = (auc, {k: v.clone() for k, v in candidate.state_dict().items()})
        if checkpoint is not None and (step + 1) % loop.checkpoint_every == 0:
            _save(checkpoint, step + 1, network, optimiser, history, best)
    network.load_state_dict(best[1])
    return network.eval(), history


def find_hard_places(network: Kim11, sampler: Sampler, loop: LoopRecipe) -> list[Place]:
    """Where the network fires most on a choice of negative slices, the worst places first."""
    picked = sampler.choose_negatives(loop.hard_slices)
    found = []
    with torch.inference_mode():
        for n in picked:
            patient, k = sampler.negative[n]
            _, maps = network(three_channels(as_input(patient.images[k : k + 1])))
            activation = (maps[0, 1] - maps[0, 0]).numpy()
            row, column = np.unravel_index(int(activation.argmax()), activation.shape)
            centre = (CELL_PX * int(row) + CELL_PX // 2, CELL_PX * int(column) + CELL_PX // 2)
            found.append((-float(activation.max()), Place(n, *centre)))
    return [place for _, place in sorted(found)[: loop.hard_kept]]


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


def check_sample(patients: Sequence[DrawnPatient], count: int, seed: int) -> list[tuple[DrawnPatient, int, bool]]:
    """Up to ``count`` validation slices, half positive where there are as many, with their labels."""
    positive, negative = [], []
    for patient, n in iterate_slices(patients):
        area = float(np.count_nonzero(patient.labels[n] >= FIRST_LESION) * patient.pixel_mm2)
        if area >= POSITIVE_MM2:
            positive.append((patient, n, True))
        elif area == 0:
            negative.append((patient, n, False))
    rng = np.random.default_rng(seed + 1)
    return [pool[int(i)] for pool in (positive, negative) for i in rng.permutation(len(pool))[: count // 2]]


def as_input(images: NDArray[np.uint8]) -> Tensor:
    """Images uint8 (n, h, w) as a tensor (n, 1, h, w), 0..1."""
    return torch.from_numpy(np.array(images, dtype=np.float32)).div_(255)[:, None]


def refreshed(network: Kim11, images: NDArray[np.uint8], loop: LoopRecipe) -> Kim11:
    """A copy whose batch norm statistics are those of whole slices: in crops the liver fills the field."""
    fresh = copy.deepcopy(network)
    norms = [m for m in fresh.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    fresh.train()
    with torch.no_grad():
        for at in range(0, len(images), loop.whole_batch):
            fresh(three_channels(as_input(images[at : at + loop.whole_batch])))
    for norm in norms:
        norm.momentum = 0.1
    return fresh.eval()


def three_channels(x: Tensor) -> Tensor:
    """The grey slice three times, channels last."""
    return x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def slice_logits(network: Kim11, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logit difference of whole slices uint8 (n, 320, 320), one at a time."""
    with torch.inference_mode():
        pairs = [network(three_channels(as_input(image[None])))[0][0] for image in images]
    return np.array([float(p[1] - p[0]) for p in pairs])


def _check(network: Kim11, sample: Sequence[tuple[DrawnPatient, int, bool]]) -> float:
    scores = np.array([slice_logits(network, patient.images[n : n + 1])[0] for patient, n, _ in sample])
    labels = np.array([label for *_, label in sample])
    return roc_auc(scores[labels], scores[~labels])


def draw_batch(
    sampler: Sampler, loop: LoopRecipe, is_whole: bool, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Images (n, 1, size, size), lesion masks likewise, pixel areas (n,), turned and zoomed.

    With ``shuffled_labels`` the masks, and so the labels, are those of another batch in another order. Shuffled
    within the batch, one slice in n would keep its own mask, and from that alone a control learned to find lesions.
    """
    size = 320 if is_whole else loop.crop_px

    def draw() -> tuple[Tensor, Tensor, Tensor]:
        batch = sampler.wholes(loop.whole_batch) if is_whole else sampler.crops(loop.crop_batch, loop.crop_px)
        lesions = torch.from_numpy(batch.lesions).float()[:, None]
        return *turn(as_input(batch.images), lesions, size, random), torch.from_numpy(batch.pixel_mm2).float()

    images, masks, pixel_mm2 = draw()
    if loop.shuffled_labels:
        _, masks, pixel_mm2 = draw()
        order = torch.randperm(masks.shape[0], generator=random)
        masks, pixel_mm2 = masks[order], pixel_mm2[order]
    return images, masks, pixel_mm2


def _step(
    network: Kim11,
    optimiser: torch.optim.Optimizer,
    sampler: Sampler,
    loop: LoopRecipe,
    is_whole: bool,
    random: torch.Generator,
) -> float:
    images, masks, pixel_mm2 = draw_batch(sampler, loop, is_whole, random)
    network.train()
    optimiser.zero_grad(set_to_none=True)
    logits, maps = network(three_channels(scan_again(images, random)))
    loss = total_loss(logits, maps, masks, pixel_mm2, loop)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return float(loss.detach())


def _save(
    path: Path,
    step: int,
    network: Kim11,
    optimiser: torch.optim.Optimizer,
    history: History,
    best: tuple[float, dict[str, Tensor]],
) -> None:
    save_checkpoint(
        path,
        network.state_dict(),
        best[1],
        optimiser.state_dict(),
        {"step": step, "best": best[0], "history": dataclasses.asdict(history)},
    )


def _restore(
    path: Path, network: Kim11, optimiser: torch.optim.Optimizer, history: History
) -> tuple[int, tuple[float, dict[str, Tensor]]]:
    weights, best, slots, facts = load_checkpoint(path)
    network.load_state_dict(weights)
    optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})
    for key, value in facts["history"].items():
        setattr(history, key, [(int(n), float(v)) for n, v in value] if key == "checks" else value)
    return int(facts["step"]), (float(facts["best"]), best)
