"""A recipe: everything a training needs to be repeated, read from a TOML file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import InputError
from overread.core.places import resources

FIRST_VALIDATION_SEED = 800_000
FIRST_TEST_SEED = 900_000
WHOLE_PX = 320
NETWORKS = ("kim-11", "resnet-50", "vgg-16", "alexnet", "inception-resnet-v2")
LAYOUT_NAMES = ("plain", "early-pool")
POOLINGS = ("gap", "lse")
ACTIVATIONS = ("relu", "leaky-relu", "prelu", "elu")
AUGMENTATIONS = ("scanner", "kim")
OPTIMISERS = ("adam", "rmsprop", "adagrad", "sgd")
PRECISIONS = ("float32", "bfloat16")
WORK_PER_PIXEL = {"plain": 4.863e9 / WHOLE_PX**2, "early-pool": 1.4025e9 / WHOLE_PX**2}
"""Multiply-adds a pixel of the input (PARAMS A2)."""


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
    """Which network, in which layout and pooling. ``width_divisor`` makes a small one for tests.

    Any ``name`` but ``kim-11`` is a network of another kind to compare with; it gives no map. Another ``kernel``,
    ``activation``, ``batch_norm`` or ``dropout`` than these makes a variant of KIM-11. Neither becomes a bundle.
    """

    layout: str
    pooling: str
    width_divisor: int = 1
    name: str = "kim-11"
    kernel: int = 2
    activation: str = "relu"
    batch_norm: bool = True
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_known("name", self.name, NETWORKS)
        check_known("layout", self.layout, LAYOUT_NAMES)
        check_known("pooling", self.pooling, POOLINGS)
        check_known("activation", self.activation, ACTIVATIONS)
        if not 2 <= self.kernel <= 7 or not 0 <= self.dropout < 1 or self.width_divisor < 1:
            raise ValueError("kernel goes from 2 to 7, dropout from 0 to below 1, width_divisor from 1")

    @property
    def is_product(self) -> bool:
        """Whether this is the network that a bundle may hold."""
        plain = NetworkRecipe(self.layout, self.pooling, self.width_divisor)
        return self == plain


@dataclass(frozen=True, slots=True)
class LoopRecipe:
    """Steps, rates and weights of the loop.

    From the share ``hard_from`` of the steps on, negative crops are also cut where the network, asked then, fires
    most on ``hard_slices`` negative slices; the ``hard_kept`` worst places are kept. Of the lesions of positive
    images ``paste_share`` are copied to another place in the liver first. ``augmentation`` is that of ``scanner`` or
    of ``kim``; Kim's moves positive images alone unless ``move_negatives``. ``micro_batch`` images at a time go
    through the network where memory is short, their gradients added up; 0 is the whole batch. After ``stop_after``
    checks without better validation accuracy the training ends; 0 is never.
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
    augmentation: str = "scanner"
    move_negatives: bool = False
    paste_share: float = 0.0
    optimiser: str = "adam"
    momentum: float = 0.0
    micro_batch: int = 0
    stop_after: int = 0
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_known("augmentation", self.augmentation, AUGMENTATIONS)
        check_known("optimiser", self.optimiser, OPTIMISERS)
        check_known("precision", self.precision, PRECISIONS)

    def is_whole(self, step: int) -> bool:
        """Whether this step is on whole slices."""
        return step >= self.whole_from * self.crop_steps and step % self.whole_every == 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole recipe."""

    system: str
    variant: str
    kind: str
    data: DataRecipe
    network: NetworkRecipe
    loop: LoopRecipe

    def __post_init__(self) -> None:
        if self.network.name != "kim-11" and (self.loop.map_weight or self.loop.hard_slices):
            raise ValueError(f"{self.network.name} has no map, so map_weight and hard_slices must be 0")

    def digest(self, identity: str = "") -> str:
        """SHA-256 of all values that are not their defaults, and of ``identity``, which tells the data apart.

        A key that a later version adds with a default leaves the digest of an older recipe as it was.
        """
        return digest_of(self, identity)


def load_recipe(name_or_path: str) -> Recipe:
    """A shipped recipe by its name, or one from a TOML file.

    Raises
    ------
    InputError
        There is none, or it is damaged or incomplete, or it is a grid of several.
    """
    document = load_document(name_or_path)
    if "grid" in document:
        raise InputError(
            f"The recipe {name_or_path} cannot be used here", "it is a grid of several trainings", "Name a single one"
        )
    return recipe_of(document, Path(name_or_path).name)


def load_document(name_or_path: str) -> dict[str, Any]:
    """The TOML document of a recipe; where it names a ``base``, laid over that recipe table by table."""
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = resources() / "recipes" / f"{name_or_path}.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        known = ", ".join(recipe_names())
        raise InputError(
            f"There is no recipe {name_or_path!r}", "no such file can be read", f"Name a TOML file or one of {known}"
        ) from problem
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise unusable(path.name, problem) from problem
    base = document.pop("base", None)
    if base is None:
        return document
    if base == path.stem or base not in recipe_names():
        raise unusable(path.name, ValueError(f"its base {base!r} is no shipped recipe"))
    return laid_over(load_document(base), document)


def recipe_names() -> list[str]:
    """Names of the shipped recipes."""
    return sorted(p.stem for p in (resources() / "recipes").glob("*.toml"))


def laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Tables of ``over`` add to and replace keys of those of ``under``; what is inside a key is taken whole."""
    result = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(under.get(key), Mapping)
        result[key] = {**under[key], **value} if both else value
    return result


def recipe_of(document: Mapping[str, Any], name: str) -> Recipe:
    """The recipe that a document holds; ``name`` is for what is wrong with it.

    Where the top of the document says ``same_work_as``, the steps are so many that they cost about as many
    multiplications as the recipe of that name.
    """
    try:
        recipe = Recipe(
            document["system"],
            document["variant"],
            document["kind"],
            table_of(DataRecipe, document["data"]),
            table_of(NetworkRecipe, document["network"]),
            table_of(LoopRecipe, document["loop"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise unusable(name, problem) from problem
    like = document.get("same_work_as")
    return recipe if like is None else as_much_work(recipe, recipe_of(load_document(like), like))


def as_much_work(recipe: Recipe, model: Recipe) -> Recipe:
    """The recipe with as many steps as cost what ``model`` costs, reckoned in multiplications of convolutions."""
    each = work_of(dataclasses.replace(recipe, loop=dataclasses.replace(recipe.loop, crop_steps=1000))) / 1000
    steps = max(1, round(work_of(model) / each))
    return dataclasses.replace(recipe, loop=dataclasses.replace(recipe.loop, crop_steps=steps))


def work_of(recipe: Recipe) -> float:
    """Pixels that go through the network in training, times the work a pixel makes in its layout."""
    loop = recipe.loop
    wholes = sum(loop.is_whole(step) for step in range(loop.crop_steps))
    crops = loop.crop_steps - wholes
    pixels = wholes * loop.whole_batch * WHOLE_PX**2 + crops * loop.crop_batch * loop.crop_px**2
    return pixels * WORK_PER_PIXEL[recipe.network.layout]


def digest_of(recipe: Any, identity: str = "") -> str:
    """SHA-256 of a recipe's values that are not their defaults, and of ``identity``, which tells the data apart."""
    text = json.dumps([_told(recipe), identity], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_known(key: str, value: str, names: Collection[str]) -> None:
    """Refuse a word that is none of ``names`` (ValueError)."""
    if value not in names:
        raise ValueError(f"{key} is {value!r}, not one of {', '.join(names)}")


def _told(value: Any) -> Any:
    """A value as JSON takes it; of dataclasses only what is not at its default."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: (getattr(value, f.name), f.default) for f in dataclasses.fields(value)}
        return {name: _told(v) for name, (v, default) in fields.items() if v != default}
    if isinstance(value, Mapping):
        return {key: _told(v) for key, v in value.items()}
    return list(value) if isinstance(value, tuple) else value


def unusable(name: str, problem: Exception) -> InputError:
    """What to raise for a recipe with something wrong in it."""
    why = f"{problem.args[0]} is missing" if isinstance(problem, KeyError) else f"{problem}".strip()
    return InputError(f"The recipe {name} cannot be used", why, "Compare it with a shipped recipe")


def table_of(kind: Any, table: Mapping[str, Any]) -> Any:
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
