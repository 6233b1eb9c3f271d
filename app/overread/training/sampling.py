"""Which crops and slices a batch is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from overread.phantom import FIRST_LESION, LABELS, POSITIVE_MM2
from overread.training.drawn import LOOK_ALIKES, DrawnPatient
from overread.training.paste import paste_elsewhere

MARGIN = 1.5
"""A crop is cut this much larger than asked for, so that turning and zooming it leaves no empty corner."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Images (n, size, size) uint8, lesion masks likewise as bool, pixel areas (n,) mm2, whose they are (n)."""

    images: NDArray[np.uint8]
    lesions: NDArray[np.bool_]
    pixel_mm2: NDArray[np.float64]
    patients: tuple[str, ...]


class Place(NamedTuple):
    """A pixel of a negative slice that the network took for a lesion: number of the slice in ``Sampler.negative``."""

    slice: int
    row: int
    column: int


class _Picture(NamedTuple):
    """A slice of a patient with its labels, both (320, 320), as they are or as they were changed."""

    patient: DrawnPatient
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    @property
    def aim(self) -> NDArray[np.bool_]:
        """Where a positive crop may be centred."""
        return self.labels >= FIRST_LESION


class Sampler:
    """Draws crops and whole slices, half positive, negatives from the whole body.

    ``negatives`` are shares of where negative crops are cut: ``liver``, ``look_alikes``, ``anywhere``, ``twins``
    (where a lesion was, on the same slice drawn without it) and ``hard`` (``hard_places``: the network's own errors).
    Where there is none of a kind, a crop is cut anywhere. Of the positive images ``paste_share`` get a copy of their
    lesion elsewhere in the liver. The generator is made anew for each step, so that a training that goes on from a
    checkpoint draws what it would have drawn.
    """

    def __init__(
        self, patients: Sequence[DrawnPatient], negatives: Mapping[str, float], paste_share: float = 0.0
    ) -> None:
        self._rng = np.random.default_rng(0)
        self._paste_share = paste_share
        self._kinds = list(negatives)
        self._shares = np.array(list(negatives.values()), dtype=np.float64)
        self._shares /= self._shares.sum()
        self.positive: list[tuple[DrawnPatient, int]] = []
        self.negative: list[tuple[DrawnPatient, int]] = []
        self.hard_places: list[Place] = []
        self._twins: list[tuple[DrawnPatient, int]] = []
        for patient in patients:
            areas = patient.lesion_areas_mm2()
            for n, area in enumerate(areas):
                if area >= POSITIVE_MM2:
                    self.positive.append((patient, n))
                elif area == 0:
                    self.negative.append((patient, n))
                    if patient.twin_of[n] >= 0 and areas[patient.twin_of[n]] >= POSITIVE_MM2:
                        self._twins.append((patient, n))

    def begin_step(self, seed: int, step: int) -> None:
        """Draw from here on what belongs to this step."""
        self._rng = np.random.default_rng([seed, step])

    def crops(self, count: int, size: int) -> Batch:
        """Crops around lesions and around anything else, one half each, ``MARGIN`` times as wide as ``size``."""
        wide = round(size * MARGIN / 2) * 2
        chosen = []
        for n in range(count):
            if n % 2 == 0:
                cut = self._positive()
                row, column = self._voxel(cut.aim)
                row, column = row + self._jitter(size), column + self._jitter(size)
            else:
                patient, k, row, column = self._negative()
                cut = _Picture(patient, patient.images[k], patient.labels[k])
            chosen.append((cut, row, column))
        return Batch(
            np.stack([_cut(p.image, r, c, wide) for p, r, c in chosen]),
            np.stack([_cut(p.labels, r, c, wide) >= FIRST_LESION for p, r, c in chosen]),
            np.array([p.patient.pixel_mm2 for p, *_ in chosen]),
            tuple(p.patient.name for p, *_ in chosen),
        )

    def wholes(self, count: int) -> Batch:
        """Whole slices, one half positive."""
        chosen = []
        for n in range(count):
            if n % 2 == 0:
                chosen.append(self._positive())
            else:
                patient, k = self._any(self.negative)
                chosen.append(_Picture(patient, patient.images[k], patient.labels[k]))
        return Batch(
            np.stack([p.image for p in chosen]),
            np.stack([p.labels >= FIRST_LESION for p in chosen]),
            np.array([p.patient.pixel_mm2 for p in chosen]),
            tuple(p.patient.name for p in chosen),
        )

    def natural(self, count: int) -> NDArray[np.uint8]:
        """Whole slices as they come, for batch norm statistics."""
        both = self.positive + self.negative
        picked = self._rng.choice(len(both), count, replace=count > len(both))
        return np.stack([both[n][0].images[both[n][1]] for n in picked])

    def choose_negatives(self, count: int) -> list[int]:
        """Numbers of negative slices, none twice."""
        return [int(n) for n in self._rng.permutation(len(self.negative))[:count]]

    def _any(self, pool: list[tuple[DrawnPatient, int]]) -> tuple[DrawnPatient, int]:
        return pool[int(self._rng.integers(len(pool)))]

    def _positive(self) -> _Picture:
        patient, k = self._any(self.positive)
        image, labels = patient.images[k], patient.labels[k]
        if self._paste_share and self._rng.random() < self._paste_share:
            pasted = paste_elsewhere(image, labels, self._rng)
            if pasted is not None:
                return _Picture(patient, *pasted)
        return _Picture(patient, image, labels)

    def _jitter(self, size: int) -> int:
        return int(self._rng.integers(-size // 3, size // 3 + 1))

    def _voxel(self, mask: NDArray[np.bool_]) -> tuple[int, int]:
        flat = np.flatnonzero(mask)
        where = int(flat[int(self._rng.integers(flat.size))])
        return where // int(mask.shape[1]), where % int(mask.shape[1])

    def _negative(self) -> tuple[DrawnPatient, int, int, int]:
        kind = self._kinds[int(self._rng.choice(len(self._kinds), p=self._shares))]
        if kind == "hard" and self.hard_places:
            place = self.hard_places[int(self._rng.integers(len(self.hard_places)))]
            return *self.negative[place.slice], place.row, place.column
        if kind == "twins" and self._twins:
            patient, k = self._any(self._twins)
            return patient, k, *self._voxel(patient.labels[patient.twin_of[k]] >= FIRST_LESION)
        patient, k = self._any(self.negative)
        labels = patient.labels[k]
        if kind in ("liver", "look_alikes"):
            mask = labels == LABELS["liver"] if kind == "liver" else np.isin(labels, LOOK_ALIKES)
            if mask.any():
                return patient, k, *self._voxel(mask)
        return patient, k, int(self._rng.integers(labels.shape[0])), int(self._rng.integers(labels.shape[1]))


def _cut(image: NDArray[np.uint8], row: int, column: int, size: int) -> NDArray[np.uint8]:
    """A square of ``size`` centred on (row, column), 0 beyond the image."""
    out = np.zeros((size, size), dtype=np.uint8)
    top, left = row - size // 2, column - size // 2
    r0, c0 = max(top, 0), max(left, 0)
    r1, c1 = min(top + size, image.shape[0]), min(left + size, image.shape[1])
    if r1 > r0 and c1 > c0:
        out[r0 - top : r1 - top, c0 - left : c1 - left] = image[r0:r1, c0:c1]
    return out
