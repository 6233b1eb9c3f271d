"""Labels, slivers, and the control's broken pairs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from overread.core.geometry import Affine
from overread.phantom import FIRST_LESION, LABELS
from overread.training.batches import draw_batch
from overread.training.drawn import DrawnPatient
from overread.training.losses import slice_labels, total_loss
from overread.training.recipe import load_recipe
from overread.training.sampling import Sampler

LOOP = load_recipe("hbp-detection-small").loop


def test_slivers_of_a_lesion_count_as_neither() -> None:
    masks = torch.zeros(4, 1, 32, 32)
    masks[1, 0, :3, :3] = 1  # 9 pixels
    masks[2, 0, :4, :5] = 1  # 20 pixels
    labels, counts = slice_labels(masks, torch.full((4,), 1.5))
    assert labels.tolist() == [0, 0, 1, 0]
    assert counts.tolist() == [True, False, True, True]


def _loss(place: int) -> float:
    masks = torch.zeros(4, 1, 96, 96)
    masks[0, 0, 16 * place : 16 * place + 16, :16] = 1
    maps = torch.full((4, 2, 6, 6), 0.0)
    maps[:, 1] = -6.0
    maps[0, 1, 2, 0] = 6.0
    logits = torch.tensor([[0.0, 6.0], [0, -6], [0, -6], [0, -6]])
    return float(total_loss(logits, maps, masks, torch.ones(4), LOOP))


def test_a_right_map_costs_next_to_nothing_and_a_wrong_place_much() -> None:
    assert _loss(place=2) < 0.02
    assert _loss(place=4) > 0.5


def _lit_patient(seed: int) -> DrawnPatient:
    """A patient whose lesions are lit, so that an image says where its own mask would be."""
    rng = np.random.default_rng(seed)
    labels = np.full((4, 320, 320), LABELS["liver"], dtype=np.uint8)
    for k in (0, 1):
        r, c = rng.integers(60, 240, 2)
        labels[k, r : r + 24, c : c + 24] = FIRST_LESION
    images = np.where(labels >= FIRST_LESION, 255, 0).astype(np.uint8)
    return DrawnPatient(f"p{seed}", images, labels, 1.5, 1.2, (0, 1, 2, 3), 4, Affine(np.eye(4)), (-1,) * 4)


@pytest.mark.parametrize("is_whole", [False, True])
def test_the_controls_masks_know_nothing_of_their_slices(is_whole: bool) -> None:
    sampler = Sampler([_lit_patient(n) for n in range(100)], LOOP.negatives)
    random = torch.Generator().manual_seed(0)
    overlaps = {}
    for shuffled in (False, True):
        recipe = dataclasses.replace(LOOP, shuffled_labels=shuffled)
        pairs = [draw_batch(sampler, recipe, is_whole, random)[:2] for _ in range(60)]
        lit, masks = torch.cat([p[0] for p in pairs]) > 0.5, torch.cat([p[1] for p in pairs]) > 0.5
        share = (lit & masks).sum() / masks.sum()
        overlaps[shuffled] = float(share / lit.float().mean())
    assert overlaps[False] > 10  # a slice's own mask lies on what is lit
    # another slice's mask meets lit pixels only because lesions lie in the middle of pictures, all of them
    assert overlaps[True] < 0.1 * overlaps[False]
