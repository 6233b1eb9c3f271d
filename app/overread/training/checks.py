"""Looking at a network between two steps: batch norm taken again, scores of held-out slices and crops, hard places."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from overread.phantom import FIRST_LESION, POSITIVE_MM2
from overread.stats.merit.roc import roc_auc
from overread.systems.hbp_detection.network import CELL_PX
from overread.training.batches import as_input, three_channels
from overread.training.drawn import DrawnPatient, iterate_slices
from overread.training.recipe import LoopRecipe
from overread.training.sampling import Place, Sampler

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Check:
    """What a network does on held-out images: area under the curve, and accuracy at a score of one half."""

    auc: float
    accuracy: float


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


def check(network: nn.Module, sample: Sequence[tuple[DrawnPatient, int, bool]]) -> Check:
    """Read a sample of slices."""
    return judge(
        np.array([logit_differences(network, patient.images[n : n + 1])[0] for patient, n, _ in sample]),
        np.array([label for *_, label in sample]),
    )


def judge(differences: NDArray[np.float64], labels: NDArray[np.bool_]) -> Check:
    """Area and accuracy of logit differences (n,); NaN where there is none or not both classes."""
    if not labels.any() or labels.all():
        return Check(float("nan"), float("nan"))
    return Check(roc_auc(differences[labels], differences[~labels]), float(np.mean((differences > 0) == labels)))


def logit_differences(network: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logit of HCC less that of none for images uint8 (n, size, size), one at a time."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        pairs = [network(three_channels(as_input(image[None])).to(device))[0][0] for image in images]
    return np.array([float(p[1] - p[0]) for p in pairs])


def refreshed(network: AnyNetwork, images: NDArray[np.uint8], loop: LoopRecipe) -> AnyNetwork:
    """A copy whose batch norm statistics are those of ``images``: in crops the liver fills the field.

    Dropout sleeps meanwhile: what it leaves out would widen the statistics.
    """
    fresh = copy.deepcopy(network).eval()
    norms = [m for m in fresh.modules() if isinstance(m, nn.BatchNorm2d)]
    device = next(fresh.parameters()).device
    with taking_statistics(norms), torch.no_grad():
        for at in range(0, len(images) if norms else 0, loop.whole_batch):
            fresh(three_channels(as_input(images[at : at + loop.whole_batch])).to(device))
    return fresh


def find_hard_places(network: nn.Module, sampler: Sampler, loop: LoopRecipe) -> list[Place]:
    """Where the network fires most on a choice of negative slices, the worst places first."""
    picked = sampler.choose_negatives(loop.hard_slices)
    device = next(network.parameters()).device
    found = []
    with torch.inference_mode():
        for n in picked:
            patient, k = sampler.negative[n]
            _, maps = network(three_channels(as_input(patient.images[k : k + 1])).to(device))
            activation = (maps[0, 1] - maps[0, 0]).cpu().numpy()
            row, column = np.unravel_index(int(activation.argmax()), activation.shape)
            centre = (CELL_PX * int(row) + CELL_PX // 2, CELL_PX * int(column) + CELL_PX // 2)
            found.append((-float(activation.max()), Place(n, *centre)))
    return [place for _, place in sorted(found)[: loop.hard_kept]]


@contextmanager
def taking_statistics(norms: Sequence[nn.BatchNorm2d]) -> Iterator[None]:
    """Batch norm starts anew and takes the plain mean of all batches, then goes on as before."""
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.eval()
