"""What the network is asked for: the slice's label, and on the map where the lesion is."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from overread.phantom import POSITIVE_MM2
from overread.systems.hbp_detection.network import CELL_PX
from overread.training.recipe import LoopRecipe


def slice_labels(masks: Tensor, pixel_mm2: Tensor) -> tuple[Tensor, Tensor]:
    """Label (n,) 0 or 1 by lesion area, and whether the slice counts (slivers below 25 mm2 do not)."""
    area = masks.flatten(1).sum(dim=1) * pixel_mm2
    return (area >= POSITIVE_MM2).float(), (area == 0) | (area >= POSITIVE_MM2)


def total_loss(
    logits: Tensor, class_maps: Tensor | None, masks: Tensor, pixel_mm2: Tensor, recipe: LoopRecipe
) -> Tensor:
    """Cross entropy of the slice label plus, with a map weight, that of the cells.

    Parameters
    ----------
    logits
        (n, 2).
    class_maps
        (n, 2, cells, cells); None from a network without maps.
    masks
        Lesion masks (n, 1, size, size), 0 or 1.
    """
    labels, counts = slice_labels(masks, pixel_mm2)
    difference = logits[:, 1] - logits[:, 0]
    of_slices = functional.binary_cross_entropy_with_logits(difference, labels, reduction="none")
    loss = (of_slices * counts).sum() / counts.sum().clamp(min=1)
    if recipe.map_weight and class_maps is not None:
        cover = functional.avg_pool2d(masks, CELL_PX)[:, 0]
        target = (cover * recipe.map_cover_gain).clamp(max=1)
        activation = class_maps[:, 1] - class_maps[:, 0]
        weight = torch.tensor(recipe.map_positive_weight, device=masks.device)
        loss = loss + recipe.map_weight * functional.binary_cross_entropy_with_logits(
            activation, target, pos_weight=weight
        )
    return loss
