"""What a recipe of noncontrast-triage says: its phantoms, its network, its loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overread.core.errors import InputError
from overread.phantom import SITES
from overread.systems.noncontrast_triage.variants import CLASSES, STACKS
from overread.training.recipe import FIRST_VALIDATION_SEED, check_known, table_of, unusable
from overread.training.regions.recipe import ClassifierRecipe, classifier_recipe
from overread.training.triage.drawn import KIND, DrawOrder, seeds_of


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Which phantoms are drawn.

    ``shares``: of the classes, since metastases are rare in the paper's mix. ``planes``: at most so many squares of a
    patient, drawn round a person's circle in training, round the mask's in validation. Sites are taken in turn.
    """

    patients: int
    validation_patients: int
    sites: tuple[str, ...]
    shares: Mapping[str, float]
    planes: int = 2
    validation_planes: int = 4
    first_seed: int = 0

    def __post_init__(self) -> None:
        for site in self.sites:
            check_known("site", site, SITES[KIND])
        if set(self.shares) != set(CLASSES) or min(self.shares.values()) <= 0:
            raise ValueError(f"shares are not of {', '.join(CLASSES)}, all above 0")
        if abs(sum(self.shares.values()) - 1) > 1e-6:
            raise ValueError("shares do not add up to 1")
        if min(self.patients, self.validation_patients, self.planes, self.validation_planes) < 1 or not self.sites:
            raise ValueError("patients, planes and sites are at least one")

    def orders(self, is_validation: bool) -> list[DrawOrder]:
        """What is drawn for one side.

        Raises
        ------
        InputError
            The seeds would reach into those of another side.
        """
        first, count = (
            (FIRST_VALIDATION_SEED, self.validation_patients) if is_validation else (self.first_seed, self.patients)
        )
        seeds = seeds_of(first, count, self.shares)
        if seeds[0] < 0 or seeds[-1] >= (first + 100_000 if is_validation else FIRST_VALIDATION_SEED):
            raise InputError(
                "This recipe cannot be trained",
                "its seeds reach where other sides of the data begin",
                "Choose fewer patients or a lower first_seed",
            )
        planes = self.validation_planes if is_validation else self.planes
        sites = self.sites
        return [DrawOrder(s, sites[n % len(sites)], planes, not is_validation) for n, s in enumerate(seeds)]


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """The factor on every channel count of Inception-ResNet V2."""

    width: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.width <= 2:
            raise ValueError("width goes from above 0 to 2")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe; ``variant`` is one of the system's four."""

    variant: str
    data: DataRecipe
    network: NetworkRecipe
    loop: ClassifierRecipe


def recipe_of(document: Mapping[str, Any]) -> Recipe:
    """The recipe in a document.

    Raises
    ------
    InputError
        A key is missing, unknown or cannot be.
    """
    name = f"{document.get('system')}-{document.get('variant')}"
    try:
        check_known("kind", document["kind"], (KIND,))
        check_known("variant", document["variant"], tuple(STACKS))
        data = table_of(DataRecipe, document["data"])
        network = table_of(NetworkRecipe, document.get("network", {}))
    except (KeyError, TypeError, ValueError) as problem:
        raise unusable(name, problem) from problem
    return Recipe(document["variant"], data, network, classifier_recipe(document["loop"], name))
