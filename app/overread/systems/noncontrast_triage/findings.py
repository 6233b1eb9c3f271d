"""From what the network says of each square to an answer on the lesion: classes, both rules, marks, the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Grid
from overread.core.heatmap import Heatmap
from overread.core.reading import Mark
from overread.core.slices_to_patient import any_slice_rule, sum_rule
from overread.systems.noncontrast_triage.prepare import Plane
from overread.systems.noncontrast_triage.variants import CLASSES, MALIGNANT
from overread.systems.region_maps import PatchMap, laid_together

CELL_PX, FIRST_CELL_PX = 32, 37
"""Pixels from one cell of the last maps to the next, and where the first looks."""


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Softmax over the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def grad_cam(class_maps: NDArray[np.float32], wanted: int) -> NDArray[np.float32]:
    """Grad-CAM of one class on the last convolution, from the maps (classes, rows, columns) of the forward pass.

    Averaging and one dense layer follow that convolution, so its gradient is the layer's weight over the number of
    cells in every cell, and no backward pass is needed.

    References
    ----------
    Selvaraju 2017, equations 1 and 2; Zhou 2016.
    """
    chosen = class_maps[wanted]
    return np.asarray(np.maximum(chosen, 0) / chosen.size, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Call:
    """The answer on a lesion from the class vectors of its squares.

    ``classes``: mean vector, whose largest is ``category`` (sum rule). ``rating``: how much of it is malignant.
    ``any_slice``: ``malignant`` as soon as one square's largest class is, else ``benign``; ``malignant_slices``: how
    many are.
    """

    classes: Mapping[str, float]
    category: str
    rating: float
    any_slice: str
    malignant_slices: int


def call_of(vectors: NDArray[np.float64]) -> Call:
    """Both rules over the class vectors (n, 3) of n squares, at least one.

    References
    ----------
    Zhen (SEEDS 3.3): (a) vectors summed, (b) malignant if any slice is.
    """
    places = [CLASSES.index(name) for name in MALIGNANT]
    by_sum, by_any = sum_rule(vectors), any_slice_rule(vectors, places)
    if by_sum is None or by_any is None:
        raise ValueError("no square, no call")
    classes = dict(zip(CLASSES, by_sum.scores, strict=True))
    return Call(
        classes,
        CLASSES[by_sum.call],
        min(1.0, sum(classes[name] for name in MALIGNANT)),
        "malignant" if by_any.is_positive else "benign",
        by_any.positive_slices,
    )


def marks_of(planes: Sequence[Plane], vectors: NDArray[np.float64], volume: str) -> tuple[Mark, ...]:
    """One mark a square: its score is 1 less that of benign; ``extent_mm`` is the square's edge, not a size."""
    return tuple(
        Mark(
            id=f"R{n}",
            centre_mm=plane.centre_mm,
            score=min(1.0, max(0.0, 1 - float(vector[0]))),
            extent_mm=plane.side_mm,
            volume=volume,
            peak_slice=plane.k,
            slices=(plane.k,),
            category=CLASSES[int(vector.argmax())],
            classes=dict(zip(CLASSES, (float(v) for v in vector), strict=True)),
        )
        for n, (plane, vector) in enumerate(zip(planes, vectors, strict=True), start=1)
    )


def map_of(
    planes: Sequence[Plane],
    activations: Sequence[NDArray[np.float32]],
    grid: Grid,
    volume: str,
    size: int,
    scale: float,
) -> Heatmap:
    """Activation (rows, columns) of every square as one coarse map of T2.

    No layer pads at its strides, so cell n looks at pixel 37 + 32 n of the square and the cells end short of its edge:
    the map is laid where they look, and the rest of the square is 0.
    """
    patches = []
    for plane, activation in zip(planes, activations, strict=True):
        cells = activation.shape[0]
        beside_px = FIRST_CELL_PX + CELL_PX * (cells - 1) / 2 - (size - 1) / 2
        beside = beside_px * plane.side_mm / size
        side_mm = plane.side_mm * cells * CELL_PX / size
        patches.append(PatchMap(plane.k, plane.centre_mm, side_mm, activation, (beside, beside)))
    return laid_together(patches, grid, volume, scale)
