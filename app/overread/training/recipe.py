"""A recipe: everything a training needs to be repeated, read from a TOML file."""

from __future__ import annotations

import dataclasses
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import InputError
from overread.core.places import resources

FIRST_VALIDATION_SEED = 800_000
FIRST_TEST_SEED = 900_000


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Which phantoms are drawn, how many, and how many of their slices.

    Of a training patient with HCC, ``positive_slices`` cross a lesion; of those, ``twin_slices`` are drawn once more
    without it. The rest of ``slices_per_patient`` is taken anywhere. Validation patients are drawn as they come.
    """

    patients: int
    slices_per_patient: int
    normals: float
    sites: tuple[str, ...]
    validation_patients: int
    validation_slices: int
    validation_normals: float
    first_seed: int = 0
    positive_slices: int = 0
    twin_slices: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.first_seed <= FIRST_VALIDATION_SEED - self.patients:
            raise InputError(
                "This recipe cannot be trained",
                "its training seeds reach beyond 799,999, where validation and test sets begin",
                "Choose fewer patients or a lower first_seed",
            )


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """The network's layout and pooling. ``width_divisor`` makes a small one for tests."""

    layout: str
    pooling: str
    width_divisor: int = 1


@dataclass(frozen=True, slots=True)
class LoopRecipe:
    """Steps, rates and weights of the loop.

    From the share ``hard_from`` of the steps on, negative crops are also cut where the network, asked then, fires
    most on ``hard_slices`` negative slices; the ``hard_kept`` worst places are kept.
    """

    seed: int
    crop_px: int
    crop_batch: int
    crop_steps: int
    whole_from: float
    whole_every: int
    whole_batch: int
    learning_rate: float
    warm_up: float
    final_rate: float
    map_weight: float
    map_positive_weight: float
    map_cover_gain: float
    negatives: Mapping[str, float]
    checks: int
    check_slices: int
    refresh_slices: int
    checkpoint_every: int
    shuffled_labels: bool = False
    hard_from: float = 1.0
    hard_slices: int = 0
    hard_kept: int = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe and the text it was read from."""

    system: str
    variant: str
    kind: str
    data: DataRecipe
    network: NetworkRecipe
    loop: LoopRecipe
    text: str = ""


def load_recipe(name_or_path: str) -> Recipe:
    """A shipped recipe by its name, or one from a TOML file.

    Raises
    ------
    InputError
        There is none, or it is damaged or incomplete.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = resources() / "recipes" / f"{name_or_path}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        known = ", ".join(sorted(p.stem for p in (resources() / "recipes").glob("*.toml")))
        raise InputError(
            f"There is no recipe {name_or_path!r}", "no such file can be read", f"Name a TOML file or one of {known}"
        ) from problem
    try:
        document = tomllib.loads(text)
        return Recipe(
            document["system"],
            document["variant"],
            document["kind"],
            _table(DataRecipe, document["data"]),
            _table(NetworkRecipe, document["network"]),
            _table(LoopRecipe, document["loop"]),
            text,
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as problem:
        raise InputError(
            f"The recipe {path.name} cannot be used", f"{problem}".strip(), "Compare it with a shipped recipe"
        ) from problem


def _table(kind: Any, table: Mapping[str, Any]) -> Any:
    """A table as its dataclass: unknown and missing keys are refused by name, lists become tuples."""
    known = {f.name: f for f in dataclasses.fields(kind)}
    unknown = set(table) - set(known)
    if unknown:
        raise TypeError(f"unknown key {', '.join(sorted(unknown))}")
    frozen = {
        key: tuple(v) if isinstance(v, list) else types.MappingProxyType(v) if isinstance(v, dict) else v
        for key, v in table.items()
    }
    return kind(**frozen)
