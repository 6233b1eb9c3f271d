"""A recipe of mvi-prediction: which patients are drawn, which network or machine learns, and how."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overread.systems.mvi_prediction.factors import AFP_SCALES
from overread.training.mvi.drawn import KIND, DrawOrder
from overread.training.recipe import FIRST_VALIDATION_SEED, check_known, table_of, unusable
from overread.training.regions.recipe import ClassifierRecipe, classifier_recipe

SYSTEM = "mvi-prediction"
KERNELS = ("linear", "rbf")


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Which phantoms are drawn. ``slices``: at most so many of a training patient, 0 all.

    Training circles are drawn as by hand, those of validation exactly as a mask gives them, on every slice: so do the
    cases lie on which a bundle is evaluated, and the highest of all slices is what its threshold is for.
    """

    patients: int
    slices: int
    sites: tuple[str, ...]
    validation_patients: int
    first_seed: int = 100_000

    def __post_init__(self) -> None:
        if not 0 <= self.first_seed <= FIRST_VALIDATION_SEED - self.patients:
            raise ValueError("its training seeds reach beyond 799,999, where validation and test sets begin")
        if self.validation_patients > 100_000 or min(self.patients, self.validation_patients) < 4 or not self.sites:
            raise ValueError("it needs 4 patients or more on both sides, at most 100,000 for validation, and a site")

    def orders(self, is_validation: bool) -> list[DrawOrder]:
        """The patients of one side, sites in turn."""
        first, count = (
            (FIRST_VALIDATION_SEED, self.validation_patients) if is_validation else (self.first_seed, self.patients)
        )
        slices = 0 if is_validation else self.slices
        return [DrawOrder(first + n, self.sites[n % len(self.sites)], slices, not is_validation) for n in range(count)]


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """``resnet-18`` at a width; ``factors``: whether the clinical branch is joined to it."""

    width: float
    in_channels: int = 3
    factors: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.width <= 1 or self.in_channels not in (1, 3):
            raise ValueError("width goes from above 0 to 1, in_channels is 1 or 3")


@dataclass(frozen=True, slots=True)
class MachineRecipe:
    """A support vector machine; ``iterations`` 0 is until it converges. ``features_of``: variant of the installed
    bundle whose network gives image features, empty for none."""

    kernel: str
    C: float
    gamma: float
    tolerance: float
    iterations: int = 0
    features_of: str = ""

    def __post_init__(self) -> None:
        check_known("kernel", self.kernel, KERNELS)
        if min(self.C, self.gamma, self.tolerance) <= 0 or self.iterations < 0:
            raise ValueError("C, gamma and tolerance are above 0, iterations from 0")


@dataclass(frozen=True, slots=True)
class MarginRecipe:
    """A search for the margin: each of ``margins`` over ``folds`` for ``epochs`` rounds of all slices."""

    title: str
    margins: tuple[float, ...]
    folds: int
    epochs: float

    def __post_init__(self) -> None:
        if not self.margins or min(self.margins) <= 0 or max(self.margins) > 1 or self.folds < 2 or self.epochs <= 0:
            raise ValueError("margins go from above 0 to 1, folds from 2, epochs from above 0")


@dataclass(frozen=True, slots=True)
class MviRecipe:
    """A whole recipe. ``loop`` is None where only a machine learns, ``machine`` where only a network does.

    ``size``: pixels along an edge of what the network is given. ``afp``: scale of the AFP.
    """

    variant: str
    data: DataRecipe
    margin: float
    size: int
    afp: str = "log10"
    network: NetworkRecipe | None = None
    loop: ClassifierRecipe | None = None
    machine: MachineRecipe | None = None
    search: MarginRecipe | None = None

    def __post_init__(self) -> None:
        check_known("afp", self.afp, AFP_SCALES)
        if not 0.1 <= self.margin <= 1 or not 32 <= self.size <= 1024:
            raise ValueError("margin goes from 0.1 to 1, size from 32 to 1024")
        if (self.network is None) != (self.loop is None) or (self.network is None) == (self.machine is None):
            raise ValueError("it trains either a network, with a loop, or an svm")

    @property
    def stored_size(self) -> int:
        """Edge of images of the whole box whose middle, the margin, has ``size`` pixels: no second resampling."""
        return round(self.size / self.margin)


def mvi_recipe(document: Mapping[str, Any], name: str = SYSTEM) -> MviRecipe:
    """The recipe in a document.

    Raises
    ------
    InputError
        A key is missing, unknown or cannot be.
    """
    try:
        if document["system"] != SYSTEM or document["kind"] != KIND:
            raise ValueError(f"it is not for {SYSTEM} on phantoms of kind {KIND}")
        region = dict(document["input"])
        network = table_of(NetworkRecipe, document["network"]) if "network" in document else None
        loop = document.get("loop")
        return MviRecipe(
            str(document["variant"]),
            table_of(DataRecipe, document["data"]),
            float(region.pop("margin")),
            int(region.pop("size")),
            str(region.pop("afp", "log10")),
            network,
            None if loop is None else classifier_recipe({"margin": float(document["input"]["margin"]), **loop}, name),
            table_of(MachineRecipe, document["svm"]) if "svm" in document else None,
            table_of(MarginRecipe, document["search"]) if "search" in document else None,
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise unusable(name, problem) from problem


def steps_of(epochs: float, slices: int, batch: int) -> int:
    """Steps for so many rounds over all slices."""
    return max(1, math.ceil(epochs * slices / batch))
