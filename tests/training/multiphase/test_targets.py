"""Boxes of label maps and what a detector is to answer for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from overread.phantom import FIRST_FINDING, FIRST_LESION
from overread.systems.multiphase_characterisation.boxes import boxes_of
from overread.training.multiphase.targets import (
    clustered,
    detection_loss,
    gaussian_radius,
    lesion_boxes,
    overlap,
    targets_of,
)


def test_every_lesion_gets_the_box_of_its_pixels_and_other_findings_none() -> None:
    labels = np.zeros((64, 64), dtype=np.uint8)
    labels[10:20, 30:35] = FIRST_LESION
    labels[40:44, 2:12] = FIRST_LESION + 1
    labels[50:60, 50:60] = FIRST_FINDING
    labels[5, 5:7] = FIRST_LESION + 2  # too small to be asked for
    assert lesion_boxes(labels).tolist() == [[9.5, 29.5, 19.5, 34.5], [39.5, 1.5, 43.5, 11.5]]
    assert lesion_boxes(np.zeros((64, 64), dtype=np.uint8)).shape == (0, 4)


def test_a_cluster_is_one_box_and_chains_of_them_too() -> None:
    chain = np.array([[0, 0, 10, 10], [4, 4, 12, 12], [8, 8, 13, 13], [30, 30, 40, 40]], dtype=np.float64)
    melted = clustered(chain)
    assert melted.tolist() == [[0, 0, 13, 13], [30, 30, 40, 40]]
    touching = np.array([[0, 0, 10, 10], [9, 0, 20, 10]], dtype=np.float64)
    assert len(clustered(touching)) == 2


def test_overlap_is_intersection_over_union() -> None:
    box, other = np.array([0.0, 0, 10, 10]), np.array([5.0, 5, 15, 15])
    assert overlap(box, other) == pytest.approx(25 / 175)
    assert overlap(box, box) == 1
    assert overlap(box, other + 20) == 0


@pytest.mark.parametrize(("height", "width"), [(8.0, 8.0), (20.0, 6.0), (3.0, 3.0), (40.0, 50.0)])
def test_corners_off_by_the_radius_leave_the_least_overlap_at_worst(height: float, width: float) -> None:
    radius = gaussian_radius(height, width)
    box = np.array([0.0, 0.0, height, width])
    moved = [
        box + radius,
        box + np.array([radius, radius, -radius, -radius]),
        box - np.array([radius, radius, -radius, -radius]),
    ]
    assert min(overlap(box, other) for other in moved) == pytest.approx(0.7, abs=0.02)


def test_the_perfect_answer_to_targets_reads_back_as_the_boxes() -> None:
    boxes = np.array([[10.5, 20.5, 30.5, 36.5], [45.5, 40.5, 60.5, 61.5]])
    targets = targets_of([boxes], 64)
    heat = torch.logit(targets.heat.clamp(1e-4, 1 - 1e-4)).numpy()
    size, offset = (np.zeros((2, 16, 16), dtype=np.float32) for _ in range(2))
    for (_, row, column), wanted, shift in zip(targets.cells.tolist(), targets.sizes, targets.offsets, strict=True):
        size[:, row, column], offset[:, row, column] = wanted.numpy(), shift.numpy()
    found = boxes_of(heat, size, offset, at_least=0.9)
    np.testing.assert_allclose(sorted(found.edges.tolist()), boxes, atol=1e-5)


def test_the_perfect_answer_costs_next_to_nothing_and_every_other_one_more() -> None:
    boxes = [np.array([[10.5, 20.5, 30.5, 36.5]]), np.zeros((0, 4))]
    targets = targets_of(boxes, 64)
    heat = torch.full((2, 1, 16, 16), -12.0)
    size, offset = torch.zeros(2, 2, 16, 16), torch.zeros(2, 2, 16, 16)
    (_, row, column) = targets.cells[0].tolist()
    heat[0, 0, row, column] = 12.0
    size[0, :, row, column], offset[0, :, row, column] = targets.sizes[0], targets.offsets[0]
    best = float(detection_loss(heat, size, offset, targets))
    assert best < 0.01
    missed, large, doubled = heat.clone(), size.clone(), heat.clone()
    missed[0, 0, row, column] = -12
    large[0, :, row, column] += 5
    doubled[1, 0, 3, 3] = 12
    for wrong in (
        detection_loss(missed, size, offset, targets),
        detection_loss(heat, large, offset, targets),
        detection_loss(doubled, size, offset, targets),
    ):
        assert float(wrong) > best + 0.5


def test_images_without_a_box_have_a_loss_too() -> None:
    targets = targets_of([np.zeros((0, 4))], 64)
    loss = detection_loss(torch.zeros(1, 1, 16, 16), torch.zeros(1, 2, 16, 16), torch.zeros(1, 2, 16, 16), targets)
    assert float(loss) == pytest.approx(16 * 16 * np.log(2) * 0.25)
