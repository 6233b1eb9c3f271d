"""Drawn patients as they would be, but made of discs: one bright in all series on a grey body."""

from __future__ import annotations

import numpy as np
import pytest

from overread.phantom import FIRST_LESION
from overread.training.multiphase.drawing import ROLES, DrawnPatient
from overread.training.multiphase.regions import CLASSES


def toy_patient(seed: int, slices: int = 4, edge: int = 256) -> DrawnPatient:
    """A patient whose label decides which series its disc is bright in; the last slice has none."""
    rng = np.random.default_rng(seed)
    label = CLASSES[seed % 3]
    rows, columns = np.mgrid[:edge, :edge]
    body = ((rows - edge / 2) / 90) ** 2 + ((columns - edge / 2) / 110) ** 2 < 1
    images = np.empty((slices, len(ROLES), edge, edge), dtype=np.uint8)
    labels = np.zeros((slices, edge, edge), dtype=np.uint8)
    for n in range(slices):
        row, column, radius = rng.uniform(80, 170), rng.uniform(70, 180), rng.uniform(9, 20)
        disc = ((rows - row) ** 2 + (columns - column) ** 2 < radius**2) & (n < slices - 1)
        labels[n] = np.where(disc, FIRST_LESION, body)
        for plane, role in enumerate(ROLES):
            rise = 90 if role in ("t2", "dwi") else 60 * ((seed % 3) - 1)
            values = 90 * body + rise * disc + rng.normal(0, 8, body.shape)
            images[n, plane] = np.clip(values, 0, 255).astype(np.uint8)
    return DrawnPatient(f"toy-{seed}", label, seed, images, labels, 1.5, tuple(range(slices)), slices)


@pytest.fixture(scope="session")
def toys() -> list[DrawnPatient]:
    """Nine patients, three of each class."""
    return [toy_patient(seed) for seed in range(9)]
