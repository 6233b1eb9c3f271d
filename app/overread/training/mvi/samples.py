"""Drawn patients as what the loop learns from, and as the system itself would read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.systems.mvi_prediction.factors import FactScale
from overread.systems.mvi_prediction.prepare import Preparation
from overread.training.drawn_folders import draw_all
from overread.training.mvi.drawn import DrawnPatient, draw, load_drawn
from overread.training.mvi.recipe import MviRecipe
from overread.training.regions.samples import RegionSamples

NAMES = ("mvi-", "mvi+")


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Patients to train on and to validate on; those without a voxel of tumour are left out."""

    training: tuple[DrawnPatient, ...]
    validation: tuple[DrawnPatient, ...]


def drawn_sides(recipe: MviRecipe, work: Path, jobs: int, progress: Progress = SILENT) -> Sides:
    """The recipe's patients; those that are not below ``work`` yet are drawn.

    Raises
    ------
    InputError
        No patient of a side has a tumour large enough to be circled.
    """
    sides = []
    for is_validation in (False, True):
        folders = draw_all(recipe.data.orders(is_validation), draw, work / "drawn", jobs, progress)
        patients = tuple(patient for patient in map(load_drawn, folders) if patient.circles)
        if not patients:
            raise InputError("This training cannot begin", "no drawn tumour could be circled", "Draw more patients")
        sides.append(patients)
    return Sides(*sides)


def samples_of(
    patients: Sequence[DrawnPatient],
    preparation: Preparation,
    scale: FactScale | None = None,
    first_number: int = 0,
) -> RegionSamples:
    """Every circled slice of patients, one plane each, shown to the network as its equal planes.

    Parameters
    ----------
    preparation
        How each square is cut; a margin of 1 keeps the whole box, so that the loop can move it.
    scale
        Where the network takes facts.
    first_number
        Number of the first patient: both sides of a split need numbers of their own.
    """
    images: list[NDArray[np.uint8]] = []
    labels, numbers, facts = [], [], []
    for number, patient in enumerate(patients, start=first_number):
        squares = patient.images(preparation)
        images += [square[None] for square in squares]
        labels += [int(patient.is_positive)] * len(squares)
        numbers += [number] * len(squares)
        if scale is not None:
            facts += [scale.vector(patient.facts)] * len(squares)
    return RegionSamples(
        images,
        np.array(labels, dtype=np.int64),
        np.array(numbers, dtype=np.int64),
        np.array(facts, dtype=np.float32) if scale is not None else None,
        NAMES,
        (0,) * preparation.channels,
    )


def highest(scores: NDArray[np.float64], samples: RegionSamples) -> NDArray[np.float64]:
    """The highest score of each patient's slices, by rising number of the patient."""
    numbers = np.unique(samples.patients)
    return np.array([scores[samples.patients == number].max() for number in numbers])
