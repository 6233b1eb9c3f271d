"""Regions that the classifier learns from: squares round the true boxes of drawn slices, with room to move in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from overread.core.errors import InputError
from overread.systems.multiphase_characterisation.regions import ENLARGED, SIZE, Square, cut
from overread.training.multiphase.drawing import DrawnPatient
from overread.training.multiphase.targets import lesion_boxes
from overread.training.regions.samples import RegionSamples

CLASSES = ("hcc", "icc", "metastasis")
ROOM = 1.35
"""Stored squares are so much larger than those that are read: augmentation moves within."""


def region_samples(patients: Sequence[DrawnPatient], enlarged: float = ENLARGED, size: int = SIZE) -> RegionSamples:
    """Every box of every slice of the patients, as pictures of all five series.

    Returns
    -------
    RegionSamples
        Squares ``ROOM`` times as large as a reading's: the network is to see their middle, ``margin`` = 1 / ``ROOM``.

    Raises
    ------
    InputError
        No slice shows a lesion.
    """
    images, labels, numbers = [], [], []
    for patient in patients:
        for planes, label_map in zip(patient.images, patient.labels, strict=True):
            for box in lesion_boxes(np.asarray(label_map)):
                values = np.asarray(planes, dtype=np.float32) / np.float32(255)
                images.append(np.rint(255 * cut(values, square_of(box), size, enlarged * ROOM)).astype(np.uint8))
                labels.append(CLASSES.index(patient.label))
                numbers.append(patient.seed)
    if not images:
        raise InputError("This training cannot begin", "none of its slices shows a lesion", "Give more patients")
    return RegionSamples(images, np.array(labels), np.array(numbers), names=CLASSES)


def square_of(box: np.ndarray, k: int = 0) -> Square:
    """The square round a box (top, left, bottom, right)."""
    middle = (box[:2] + box[2:]) / 2
    return Square(k, (float(middle[0]), float(middle[1])), float((box[2:] - box[:2]).max()))
