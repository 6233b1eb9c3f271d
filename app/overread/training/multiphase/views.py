"""What a detector is shown while it learns: windows of slices, moved and changed, and whole slices, with their boxes.

The liver has a side, so nothing is mirrored. A window is looked up in image and label map by the same matrix; its boxes
are those of the label map as it comes out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from overread.phantom import FIRST_LESION
from overread.training.multiphase.drawing import DrawnPatient
from overread.training.multiphase.targets import lesion_boxes

_Edges = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ViewRecipe:
    """How windows are taken and changed.

    ``window_px`` their edge, ``lesion_share`` how many are taken round a lesion, ``shift_share`` how far its middle
    lies off the window's at most, as a share of the edge; ``zoom`` and ``rotation_deg`` to either side; ``gain``,
    ``gamma`` and ``noise`` for each plane by itself.
    """

    window_px: int = 128
    lesion_share: float = 0.75
    shift_share: float = 0.35
    zoom: float = 0.2
    rotation_deg: float = 8.0
    gain: float = 0.15
    gamma: float = 0.25
    noise: float = 0.03


class Views:
    """Slices of drawn patients: by class, then patient, then slice, so that no class and no patient prevails."""

    def __init__(self, patients: Sequence[DrawnPatient], planes: Sequence[int]) -> None:
        self._planes = list(planes)
        self._by_label: dict[str, list[tuple[DrawnPatient, NDArray[np.bool_]]]] = {}
        for patient in patients:
            holds = np.array([bool((labels >= FIRST_LESION).any()) for labels in patient.labels])
            if holds.any():
                self._by_label.setdefault(patient.label, []).append((patient, holds))
        self._labels = sorted(self._by_label)

    @property
    def is_empty(self) -> bool:
        """Whether no slice shows a lesion."""
        return not self._labels

    def windows(self, count: int, how: ViewRecipe, seed: Sequence[int]) -> tuple[Tensor, list[_Edges]]:
        """Windows float32 (count, planes, edge, edge), 0 to 1, and their boxes; ``seed`` decides which."""
        rng = np.random.default_rng(seed)
        images, boxes = [], []
        for _ in range(count):
            image, labels = self._window(how, rng)
            images.append(image)
            boxes.append(lesion_boxes(labels))
        return _changed(torch.stack(images), how, rng), boxes

    def wholes(self, count: int, how: ViewRecipe, seed: Sequence[int]) -> tuple[Tensor, list[_Edges]]:
        """Whole slices likewise, in their place, only their brightness changed."""
        rng = np.random.default_rng(seed)
        images, boxes = [], []
        for _ in range(count):
            patient, n = self._slice(rng, has_lesion=bool(rng.random() < how.lesion_share))
            images.append(_planes(patient, n, self._planes))
            boxes.append(lesion_boxes(np.asarray(patient.labels[n])))
        return _changed(torch.stack(images), how, rng), boxes

    def plain(self, count: int, seed: Sequence[int]) -> Tensor:
        """Whole slices as they are, for batch norm."""
        rng = np.random.default_rng(seed)
        chosen = (self._slice(rng, has_lesion=bool(rng.random() < 0.6)) for _ in range(count))
        return torch.stack([_planes(patient, n, self._planes) for patient, n in chosen])

    def _slice(self, rng: np.random.Generator, *, has_lesion: bool) -> tuple[DrawnPatient, int]:
        patients = self._by_label[self._labels[int(rng.integers(len(self._labels)))]]
        patient, holds = patients[int(rng.integers(len(patients)))]
        pool = np.flatnonzero(holds) if has_lesion or holds.all() else np.flatnonzero(~holds)
        return patient, int(rng.choice(pool))

    def _window(self, how: ViewRecipe, rng: np.random.Generator) -> tuple[Tensor, NDArray[np.uint8]]:
        is_at_lesion = bool(rng.random() < how.lesion_share)
        patient, n = self._slice(rng, has_lesion=is_at_lesion or bool(rng.random() < 0.5))
        labels = np.asarray(patient.labels[n])
        wanted = labels >= FIRST_LESION if is_at_lesion else labels > 0
        rows, columns = np.nonzero(wanted if wanted.any() else np.ones_like(labels, dtype=bool))
        if is_at_lesion:
            code = rng.choice(np.unique(labels[rows, columns]))
            rows, columns = np.nonzero(labels == code)
            centre = np.array([rows.mean(), columns.mean()])
            centre = centre + how.window_px * rng.uniform(-how.shift_share, how.shift_share, 2)
        else:
            pick = int(rng.integers(len(rows)))
            centre = np.array([rows[pick], columns[pick]], dtype=np.float64)
        grid = _grid(labels.shape, centre, how, rng)
        image = _looked_up(_planes(patient, n, self._planes), grid, "bilinear")
        seen = _looked_up(torch.from_numpy(labels[None].astype(np.float32)), grid, "nearest")
        return image, seen[0].numpy().astype(np.uint8)


def _planes(patient: DrawnPatient, n: int, planes: list[int]) -> Tensor:
    return torch.from_numpy(patient.images[n][planes].astype(np.float32) / 255)


def _grid(shape: tuple[int, ...], centre: NDArray[np.float64], how: ViewRecipe, rng: np.random.Generator) -> Tensor:
    """Where each pixel of a window lies in the slice, as ``grid_sample`` wants it (1, edge, edge, 2)."""
    angle = math.radians(float(rng.uniform(-how.rotation_deg, how.rotation_deg)))
    step = math.exp(float(rng.uniform(-how.zoom, how.zoom)))
    along = (np.arange(how.window_px) - (how.window_px - 1) / 2) * step
    down, across = np.meshgrid(along, along, indexing="ij")
    rows = centre[0] + math.cos(angle) * down + math.sin(angle) * across
    columns = centre[1] - math.sin(angle) * down + math.cos(angle) * across
    x, y = (2 * columns + 1) / shape[1] - 1, (2 * rows + 1) / shape[0] - 1
    return torch.from_numpy(np.stack([x, y], axis=-1)[None].astype(np.float32))


def _looked_up(image: Tensor, grid: Tensor, mode: str) -> Tensor:
    return torch.nn.functional.grid_sample(image[None], grid, mode=mode, padding_mode="zeros", align_corners=False)[0]


def _changed(images: Tensor, how: ViewRecipe, rng: np.random.Generator) -> Tensor:
    """Each plane by a curve, a gain and grain of its own."""
    draws = torch.from_numpy(rng.uniform(-1, 1, (2, *images.shape[:2], 1, 1)).astype(np.float32))
    images = images.clamp(min=0).pow(torch.exp(how.gamma * draws[0])) * (1 + how.gain * draws[1])
    level = how.noise * torch.from_numpy(rng.random((len(images), 1, 1, 1), dtype=np.float32))
    grain = torch.from_numpy(rng.standard_normal(tuple(images.shape), dtype=np.float32))
    return (images + level * grain).clamp(0, 1)
