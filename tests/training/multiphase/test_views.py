"""Windows and whole slices that a detector is shown, with their boxes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from overread.phantom import FIRST_LESION
from overread.training.multiphase.drawing import DrawnPatient
from overread.training.multiphase.targets import lesion_boxes
from overread.training.multiphase.views import ViewRecipe, Views

PLAIN = ViewRecipe(gain=0, gamma=0, noise=0)


def test_a_windows_boxes_lie_on_what_is_bright_in_it(toys: list[DrawnPatient]) -> None:
    images, boxes = Views(toys, [0]).windows(24, PLAIN, (1, 2))
    assert images.shape == (24, 1, 128, 128)
    inside, around = [], []
    for image, edges in zip(images[:, 0].numpy(), boxes, strict=True):
        for top, left, bottom, right in edges:
            if top > 2 and left > 2 and bottom < 125 and right < 125:
                row, column = round((top + bottom) / 2), round((left + right) / 2)
                inside.append(image[row - 2 : row + 3, column - 2 : column + 3].mean())
                around.append(image[max(round(top) - 4, 0), column])
    assert len(inside) > 8
    assert np.mean(inside) - np.mean(around) > 0.25


def test_without_turn_zoom_or_shift_a_window_is_a_piece_of_the_slice(toys: list[DrawnPatient]) -> None:
    how = replace(PLAIN, zoom=0, rotation_deg=0, shift_share=0, lesion_share=1)
    patient = toys[0]
    images, boxes = Views([patient], [0, 4]).windows(6, how, (3,))
    sizes = {tuple(np.ptp(b.reshape(-1, 2), axis=0).round()) for n in range(3) for b in lesion_boxes(patient.labels[n])}
    found = {tuple(np.ptp(b.reshape(-1, 2), axis=0).round()) for each in boxes for b in each}
    assert found <= sizes
    slices = patient.images[:, [0, 4]].astype(np.float32) / 255
    for image in images.numpy():
        best = min(
            np.abs(slices[n][:, r : r + 128, c : c + 128] - image).max()
            for n in range(3)
            for b in lesion_boxes(patient.labels[n])
            for r, c in _corners(b)
        )
        assert best < 0.3  # half a pixel off at most: linear between pixels


def _corners(box: np.ndarray) -> list[tuple[int, int]]:
    middle = (box[:2] + box[2:]) / 2 - 63.5
    return [
        (int(r), int(c))
        for r in (np.floor(middle[0]), np.ceil(middle[0]))
        for c in (np.floor(middle[1]), np.ceil(middle[1]))
        if 0 <= r <= 128 and 0 <= c <= 128
    ] or [(0, 0)]


def test_the_seed_decides_the_batch(toys: list[DrawnPatient]) -> None:
    views = Views(toys, [1, 0])
    first, second, other = (views.windows(4, ViewRecipe(), (5, n)) for n in (1, 1, 2))
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[0], other[0])


def test_whole_slices_stay_in_their_place(toys: list[DrawnPatient]) -> None:
    images, boxes = Views(toys, [0]).wholes(6, PLAIN, (1,))
    assert images.shape == (6, 1, 256, 256)
    known = [b.tolist() for t in toys for n in range(4) for b in lesion_boxes(t.labels[n])]
    assert all(box in known for each in boxes for box in each.tolist())


def test_patients_without_a_lesion_are_no_views(toys: list[DrawnPatient]) -> None:
    empty = replace(toys[0], labels=np.minimum(toys[0].labels, 1))
    assert Views([empty], [0]).is_empty
    assert int(toys[0].labels.max()) == FIRST_LESION
