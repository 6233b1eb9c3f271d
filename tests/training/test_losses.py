"""Labels, slivers, and the control's broken pairs."""

from __future__ import annotations

import dataclasses

import torch

from overread.training.losses import slice_labels, total_loss
from overread.training.recipe import load_recipe

LOOP = load_recipe("hbp-detection-small").loop


def test_slivers_of_a_lesion_count_as_neither() -> None:
    masks = torch.zeros(4, 1, 32, 32)
    masks[1, 0, :3, :3] = 1  # 9 pixels
    masks[2, 0, :4, :5] = 1  # 20 pixels
    labels, counts = slice_labels(masks, torch.full((4,), 1.5))
    assert labels.tolist() == [0, 0, 1, 0]
    assert counts.tolist() == [True, False, True, True]


def _loss(shuffled: bool, place: int) -> float:
    masks = torch.zeros(4, 1, 96, 96)
    masks[0, 0, 16 * place : 16 * place + 16, :16] = 1
    maps = torch.full((4, 2, 6, 6), 0.0)
    maps[:, 1] = -6.0
    maps[0, 1, 2, 0] = 6.0
    logits = torch.tensor([[0.0, 6.0], [0, -6], [0, -6], [0, -6]])
    recipe = dataclasses.replace(LOOP, shuffled_labels=shuffled)
    return float(total_loss(logits, maps, masks, torch.ones(4), recipe))


def test_a_right_map_costs_next_to_nothing_and_a_wrong_place_much() -> None:
    assert _loss(False, place=2) < 0.02
    assert _loss(False, place=4) > 0.5


def test_the_controls_labels_know_nothing_of_their_slices() -> None:
    """Over many batches the loss of a right answer is that of a coin: the label was another slice's half the time."""
    torch.manual_seed(4)
    masks = torch.zeros(8, 1, 32, 32)
    masks[::2, 0, :16, :16] = 1
    logits = torch.zeros(8, 2)
    logits[:, 1] = torch.tensor([6.0, -6.0] * 4)
    recipe = dataclasses.replace(LOOP, shuffled_labels=True, map_weight=0.0)
    losses = [float(total_loss(logits, torch.zeros(8, 2, 2, 2), masks, torch.ones(8), recipe)) for _ in range(400)]
    right = float(
        total_loss(
            logits, torch.zeros(8, 2, 2, 2), masks, torch.ones(8), dataclasses.replace(recipe, shuffled_labels=False)
        )
    )
    assert right < 0.01
    # half of the labels do not fit and cost 6 each: 3 on average, standard error 0.05 over 400 batches
    assert abs(sum(losses) / len(losses) - 3.0) < 0.2
