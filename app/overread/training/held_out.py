"""What a network does on fixed held-out crops and slices, the same for every row of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from overread.stats.resampling import cluster_bootstrap
from overread.training.checks import check_sample, judge, logit_differences, refreshed
from overread.training.drawn import DrawnPatient
from overread.training.losses import slice_labels
from overread.training.recipe import Recipe
from overread.training.sampling import MARGIN, Sampler

NEGATIVES = {"liver": 0.4, "look_alikes": 0.3, "anywhere": 0.3}
"""Where held-out negative crops are cut: no row's own choice."""
SEED, BOOTSTRAP_DRAWS = 2026, 1000


def judge_crops(
    network: nn.Module,
    recipe: Recipe,
    training: Sequence[DrawnPatient],
    validation: Sequence[DrawnPatient],
    count: int,
) -> dict[str, Any]:
    """Area and accuracy on ``count`` crops of validation patients, batch norm taken on as many of training patients."""
    size = recipe.loop.crop_px
    refresh, *_ = cut_crops(training, count, size)
    images, labels, patients = cut_crops(validation, count, size)
    fresh = refreshed(network, refresh, recipe.loop)
    return _judged(logit_differences(fresh, images), labels, patients)


def judge_wholes(
    network: nn.Module,
    recipe: Recipe,
    training: Sequence[DrawnPatient],
    validation: Sequence[DrawnPatient],
    count: int,
) -> dict[str, Any]:
    """As ``judge_crops``, on whole slices."""
    sampler = Sampler(training, NEGATIVES)
    sampler.begin_step(SEED, 0)
    fresh = refreshed(network, sampler.natural(recipe.loop.refresh_slices), recipe.loop)
    sample = check_sample(validation, count, SEED)
    differences = np.array([logit_differences(fresh, patient.images[n : n + 1])[0] for patient, n, _ in sample])
    return _judged(differences, np.array([label for *_, label in sample]), [patient.name for patient, *_ in sample])


def cut_crops(
    patients: Sequence[DrawnPatient], count: int, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], list[str]]:
    """Crops uint8 (n, size, size) as they are, half around lesions, their labels and patients; slivers left out."""
    sampler = Sampler(patients, NEGATIVES)
    sampler.begin_step(SEED, 0)
    batch = sampler.crops(count, size)
    wide = round(size * MARGIN / 2) * 2
    inner = np.s_[:, (wide - size) // 2 : (wide + size) // 2, (wide - size) // 2 : (wide + size) // 2]
    masks = torch.from_numpy(batch.lesions[inner]).float()[:, None]
    labels, counts = slice_labels(masks, torch.from_numpy(batch.pixel_mm2).float())
    used = counts.numpy()
    return (
        batch.images[inner][used],
        labels.numpy()[used] > 0,
        [p for p, u in zip(batch.patients, used, strict=True) if u],
    )


def _judged(differences: NDArray[np.float64], labels: NDArray[np.bool_], patients: Sequence[str]) -> dict[str, Any]:
    """Area with its interval over patients, accuracy, and how many of what."""
    found = judge(differences, labels)

    def area(chosen: NDArray[np.intp]) -> float:
        return judge(differences[chosen], labels[chosen]).auc

    low, high = cluster_bootstrap(patients, area, np.random.default_rng(SEED), BOOTSTRAP_DRAWS)
    return {
        "auc": round(found.auc, 4),
        "auc_interval": [round(float(low), 4), round(float(high), 4)],
        "accuracy": round(found.accuracy, 4),
        "positive": int(labels.sum()),
        "negative": int((~labels).sum()),
        "patients": len(set(patients)),
    }
