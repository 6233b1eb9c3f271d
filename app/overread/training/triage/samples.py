"""Drawn patients as samples to learn from: the planes of one variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overread.systems.noncontrast_triage.variants import CLASSES, STACKS, roles_of
from overread.training.regions.samples import RegionSamples
from overread.training.triage.drawn import ROLES, load_drawn


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Training or validation: the samples, and by patient what kind of lesion it was.

    ``left_out``: patients without one of the variant's series, or whose lesion crosses no slice of T2.
    """

    samples: RegionSamples
    types: dict[int, str]
    diameters_mm: dict[int, float]
    left_out: int


def load_side(folders: Sequence[Path], variant: str) -> Side:
    """The samples of one variant from patients' folders."""
    roles = roles_of(variant)
    stored = [ROLES.index(role) for role in roles]
    images: list[np.ndarray] = []
    labels: list[int] = []
    patients: list[int] = []
    types, diameters, left_out = {}, {}, 0
    for folder in folders:
        patient = load_drawn(folder)
        if not set(roles) <= set(patient.roles) or not len(patient.images):
            left_out += 1
            continue
        images += list(np.ascontiguousarray(patient.images[:, stored]))
        labels += [CLASSES.index(patient.label)] * len(patient.images)
        patients += [patient.seed] * len(patient.images)
        types[patient.seed], diameters[patient.seed] = patient.type, patient.diameter_mm
    samples = RegionSamples(
        images,
        np.array(labels, dtype=np.int64),
        np.array(patients, dtype=np.int64),
        names=CLASSES,
        planes=tuple(roles.index(role) for role in STACKS[variant]),
    )
    return Side(samples, types, diameters, left_out)
