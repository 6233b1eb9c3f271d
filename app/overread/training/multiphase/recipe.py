"""A recipe of multiphase-characterisation: patients, five detectors and a classifier, from its TOML document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overread.core.errors import InputError
from overread.systems.multiphase_characterisation.prepare import SIZE
from overread.training.multiphase.detectors import DetectorRecipe
from overread.training.multiphase.drawing import KIND, DrawOrder
from overread.training.multiphase.regions import ROOM
from overread.training.multiphase.views import ViewRecipe
from overread.training.recipe import FIRST_VALIDATION_SEED, digest_of, table_of, unusable
from overread.training.regions.recipe import ClassifierRecipe, classifier_recipe

MOST_VALIDATION = 100_000
"""Seeds that a validation side has before those of the test sets begin."""


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Which phantoms are drawn: seeds from ``first_seed`` on, for validation from 800,000 on, sites in turn.

    Of each so many T2 slices that a lesion crosses and so many others. The detectors learn from the first
    ``detector_patients``; 0 is all.
    """

    patients: int
    validation_patients: int
    sites: tuple[str, ...]
    crossing_slices: int
    other_slices: int
    first_seed: int = 100_000
    detector_patients: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.first_seed <= FIRST_VALIDATION_SEED - self.patients:
            raise ValueError("its training seeds reach beyond 799,999, where validation and test sets begin")
        if min(self.patients, self.validation_patients, self.crossing_slices) < 1 or not self.sites:
            raise ValueError("patients, validation_patients and crossing_slices are at least 1, and there is a site")
        if self.validation_patients > MOST_VALIDATION:
            raise ValueError(f"validation_patients beyond {MOST_VALIDATION:,} would be those of test sets")

    def training(self) -> list[DrawOrder]:
        """Training patients to draw."""
        return [
            DrawOrder(self.first_seed + n, self.sites[n % len(self.sites)], self.crossing_slices, self.other_slices)
            for n in range(self.patients)
        ]

    def validation(self) -> list[DrawOrder]:
        """Validation patients to draw, all of the first site."""
        return [
            DrawOrder(FIRST_VALIDATION_SEED + n, self.sites[0], self.crossing_slices, self.other_slices)
            for n in range(self.validation_patients)
        ]


@dataclass(frozen=True, slots=True)
class ReadingRecipe:
    """Numbers that the bundle will read by; the papers' or ours [A] where the recipe is silent (SEEDS 2.2 to 2.4)."""

    cut: float = 0.5
    share: float = 0.48
    enlarge: float = 1.2
    region_size: int = 128
    samples: int = 100
    dropout_seed: int = 2020
    aggregate: str = "sum"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe; ``width`` is the classifier's."""

    variant: str
    data: DataRecipe
    width: float
    detectors: DetectorRecipe
    loop: ClassifierRecipe
    reading: ReadingRecipe

    def __post_init__(self) -> None:
        if self.detectors.size != SIZE:
            raise ValueError(
                f"detectors.size is {self.detectors.size}, and slices are drawn with {SIZE} pixels an edge"
            )
        if abs(self.loop.margin - 1 / ROOM) > 1e-3:
            raise ValueError(
                f"loop.margin is {self.loop.margin:g}; of the stored squares a reading sees {1 / ROOM:.4f}"
            )
        if self.loop.input_size != self.reading.region_size:
            sizes = f"loop.input_size {self.loop.input_size} and reading.region_size {self.reading.region_size}"
            raise ValueError(f"{sizes} differ, and the network is to read what it learnt on")

    def digest(self) -> str:
        """SHA-256 of all values that are not their defaults."""
        return digest_of(self)


def recipe_of(document: Mapping[str, Any], name: str) -> Recipe:
    """The recipe that a document holds; ``name`` is for what is wrong with it.

    Raises
    ------
    InputError
        A key is missing, unknown or cannot be; or it is for phantoms of another kind.
    """
    if document.get("kind") != KIND:
        raise InputError(
            f"The recipe {name} cannot be used", f"its kind is {document.get('kind')!r}, not {KIND}", "Correct it"
        )
    try:
        table = dict(document["detectors"])
        views = table_of(ViewRecipe, table.pop("views", {}))
        return Recipe(
            str(document["variant"]),
            table_of(DataRecipe, document["data"]),
            float(document["network"]["width"]),
            table_of(DetectorRecipe, {**table, "views": views}),
            classifier_recipe(document["loop"], name),
            table_of(ReadingRecipe, document.get("reading", {})),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise unusable(name, problem) from problem
