"""Where lesions are on a slice, as boxes, and what a detector should answer for them; and how wrong an answer is.

References
----------
Wang (SEEDS 2.1): a cluster of lesions is marked as one. Zhou 2019 and Law 2018 (CenterNet, CornerNet): a Gaussian
round each centre, focal loss with exponents 2 and 4, size and offset by their absolute errors, sizes a tenth as heavy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from overread.systems.multiphase_characterisation.boxes import CELL_PX, cells_of
from overread.training.multiphase.drawing import lesion_codes

CLUSTER_SHARE = 0.5
"""[A] Boxes are one cluster where they share so much of the smaller one."""
SMALLEST_PX = 3
"""Lesions of fewer pixels along both edges on a slice are not asked for."""
MIN_OVERLAP = 0.7
SIZE_WEIGHT, OFFSET_WEIGHT = 0.1, 1.0
_Edges = NDArray[np.float64]


def lesion_boxes(labels: NDArray[np.uint8]) -> _Edges:
    """Boxes round the target lesions of a label map, (n, 4) as top, left, bottom, right in pixels.

    Pixel p has its middle at p and goes from p - 0.5 to p + 0.5. Lesions in one cluster get one box.
    """
    found = []
    for code in lesion_codes(labels):
        rows, columns = np.nonzero(labels == code)
        edges = rows.min() - 0.5, columns.min() - 0.5, rows.max() + 0.5, columns.max() + 0.5
        if max(edges[2] - edges[0], edges[3] - edges[1]) >= SMALLEST_PX:
            found.append(np.array(edges))
    return clustered(np.array(found).reshape(-1, 4))


def clustered(boxes: _Edges) -> _Edges:
    """Boxes (n, 4) with those that overlap by much melted into one, until none do; in order of their top edges."""
    left = list(boxes)
    merged = True
    while merged:
        merged = False
        for n, box in enumerate(left):
            partner = next((m for m in range(n + 1, len(left)) if _shared(box, left[m]) >= CLUSTER_SHARE), None)
            if partner is not None:
                other = left.pop(partner)
                left[n] = np.concatenate([np.minimum(box[:2], other[:2]), np.maximum(box[2:], other[2:])])
                merged = True
                break
    left.sort(key=tuple)
    return np.array(left, dtype=np.float64).reshape(-1, 4)


def overlap(box: _Edges, other: _Edges) -> float:
    """Intersection over union of two boxes."""
    inner = _intersection(box, other)
    return inner / (_area(box) + _area(other) - inner)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What a detector should answer for n images.

    ``heat`` (n, rows, columns) is 1 at centres; ``cells`` (m, 3) image, row and column of each box's centre, ``sizes``
    (m, 2) in cells, ``offsets`` (m, 2) within the cell.
    """

    heat: Tensor
    cells: Tensor
    sizes: Tensor
    offsets: Tensor


def targets_of(boxes: list[_Edges], edge: int) -> Targets:
    """Targets for images of ``edge`` pixels by the boxes on each."""
    count = edge // CELL_PX
    heat = np.zeros((len(boxes), count, count), dtype=np.float32)
    cells, sizes, offsets = [], [], []
    for n, edges in enumerate(boxes):
        if not len(edges):
            continue
        centres = (edges[:, :2] + edges[:, 2:]) / 2
        at, offset = cells_of(centres)
        for cell, shift, box in zip(np.clip(at, 0, count - 1), offset, edges, strict=True):
            size = (box[2:] - box[:2]) / CELL_PX
            _add_gaussian(heat[n], cell, gaussian_radius(*size.tolist()))
            cells.append((n, *cell.tolist()))
            sizes.append(size)
            offsets.append(shift)
    return Targets(
        torch.from_numpy(heat),
        torch.tensor(np.array(cells).reshape(-1, 3), dtype=torch.long),
        torch.tensor(np.array(sizes).reshape(-1, 2), dtype=torch.float32),
        torch.tensor(np.array(offsets).reshape(-1, 2), dtype=torch.float32),
    )


def gaussian_radius(height: float, width: float, least: float = MIN_OVERLAP) -> float:
    """How far both corners of a box may be off with an overlap of at least ``least`` left (Law 2018), in cells."""
    total = height + width
    by_shift = _root(1, total, height * width * (1 - least) / (1 + least))
    inside = _root(4, 2 * total, (1 - least) * height * width)
    outside_b = 2 * least * total
    outside = (-outside_b + math.sqrt(outside_b**2 + 16 * least * (1 - least) * height * width)) / (8 * least)
    return max(0.0, min(by_shift, inside, outside))


def detection_loss(heat: Tensor, size: Tensor, offset: Tensor, targets: Targets) -> Tensor:
    """Loss of a detector's answer (n, 1, r, c), (n, 2, r, c), (n, 2, r, c)."""
    logits = heat[:, 0].float()
    wanted = targets.heat.to(logits.device)
    is_centre = wanted == 1
    share = torch.sigmoid(logits).clamp(1e-4, 1 - 1e-4)
    found = -torch.log(share) * (1 - share) ** 2 * is_centre
    elsewhere = -torch.log(1 - share) * share**2 * (1 - wanted) ** 4 * ~is_centre
    count = max(1, len(targets.cells))
    loss = (found.sum() + elsewhere.sum()) / count
    if len(targets.cells):
        n, row, column = targets.cells.to(logits.device).unbind(1)
        sizes, offsets = size[n, :, row, column].float(), offset[n, :, row, column].float()
        loss = loss + SIZE_WEIGHT * functional.l1_loss(sizes, targets.sizes.to(sizes.device), reduction="sum") / count
        loss = loss + OFFSET_WEIGHT * functional.l1_loss(offsets, targets.offsets.to(sizes.device)) * 2
    return loss


def _add_gaussian(heat: NDArray[np.float32], cell: NDArray[np.intp], radius: float) -> None:
    """A peak of 1 at the cell, falling off over the radius, where it is higher than what is there; in place."""
    reach = int(radius)
    spread = (2 * reach + 1) / 6
    rows = np.arange(heat.shape[0])[:, None] - cell[0]
    columns = np.arange(heat.shape[1])[None, :] - cell[1]
    bump = np.exp(-(rows**2 + columns**2) / (2 * spread**2))
    bump[(abs(rows) > reach) | (abs(columns) > reach)] = 0
    np.maximum(heat, bump.astype(np.float32), out=heat)


def _root(a: float, b: float, c: float) -> float:
    """The smaller root of a r^2 - b r + c."""
    return (b - math.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a)


def _shared(box: _Edges, other: _Edges) -> float:
    return _intersection(box, other) / min(_area(box), _area(other))


def _intersection(box: _Edges, other: _Edges) -> float:
    edges = np.minimum(box[2:], other[2:]) - np.maximum(box[:2], other[:2])
    return float(np.prod(np.maximum(edges, 0)))


def _area(box: _Edges) -> float:
    return float(np.prod(box[2:] - box[:2]))
