"""How a classifier of regions is trained: the ``[loop]`` table of its recipe."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overread.training.recipe import PRECISIONS, check_known, digest_of, table_of, unusable

OPTIMISERS = ("adam", "sgd")
SCHEDULES = ("cosine", "halving")
SAMPLINGS = ("balanced", "patients", "slices")


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a region is moved and changed each time it is seen; all at their defaults is not at all.

    ``rotation_deg``: to either side. ``scale``, ``aspect``, ``shear``, ``shift``: shares to either side, the shift one
    of the field's edge. ``crop``: from which to which share of its area a window of it is taken. ``flip_horizontal``
    and ``flip_vertical``: how often. ``gain`` and ``gamma`` (its logarithm): to either side, for each plane by itself.
    ``noise``: the largest standard deviation, the whole range being 1.
    """

    rotation_deg: float = 0.0
    scale: float = 0.0
    aspect: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    crop: tuple[float, float] = (1.0, 1.0)
    flip_horizontal: float = 0.0
    flip_vertical: float = 0.0
    gain: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        values = [getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "crop"]
        if min(values) < 0 or max(self.scale, self.aspect, self.flip_horizontal, self.flip_vertical) > 1:
            raise ValueError("an augmentation is a range from 0, and a share goes up to 1")
        if len(self.crop) != 2 or not 0 < self.crop[0] <= self.crop[1] <= 1:
            raise ValueError(f"crop is {self.crop}, not two rising shares of the area up to 1")


@dataclass(frozen=True, slots=True)
class ClassifierRecipe:
    """Everything that a training of a region classifier does, but for its data and its network.

    Parameters
    ----------
    input_size
        Edge of what the network is given, pixels; 0 is that of the stored images.
    margin
        Which share of the edge of a stored image the network sees, around its middle.
    sampling
        ``balanced``: classes in turn, then a patient, then one of its slices; ``patients``: a patient, then a slice;
        ``slices``: every slice once in each round.
    class_weights
        Of the classes in the loss; empty: equal.
    optimiser
        ``adam`` (weight decay apart from the gradient, as AdamW) or ``sgd`` (weight decay as a penalty).
    schedule
        ``cosine`` falls to ``final_rate`` of the peak; ``halving`` halves after every ``halve_every`` steps. Before
        both the rate rises over the share ``warm_up`` of the steps.
    checks
        How often it is validated; the best is kept.
    refresh
        Training samples over which batch norm is taken again, unaugmented, before each check; 0 keeps its running
        statistics.
    stop_after
        Checks without a better one after which it ends; 0 is never.
    initial
        A file with public weights to begin from.
    shuffled_labels
        A control: the patients' classes are dealt to other patients, and the last check is kept.
    """

    seed: int
    batch: int
    steps: int
    learning_rate: float
    optimiser: str = "adam"
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: str = "cosine"
    warm_up: float = 0.03
    final_rate: float = 0.02
    halve_every: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    input_size: int = 0
    margin: float = 1.0
    sampling: str = "balanced"
    class_weights: tuple[float, ...] = ()
    label_smoothing: float = 0.0
    checks: int = 5
    refresh: int = 256
    checkpoint_every: int = 50
    stop_after: int = 0
    precision: str = "float32"
    initial: str = ""
    shuffled_labels: bool = False

    def __post_init__(self) -> None:
        check_known("optimiser", self.optimiser, OPTIMISERS)
        check_known("schedule", self.schedule, SCHEDULES)
        check_known("sampling", self.sampling, SAMPLINGS)
        check_known("precision", self.precision, PRECISIONS)
        if min(self.batch, self.steps, self.checks, self.checkpoint_every) < 1:
            raise ValueError("batch, steps, checks and checkpoint_every are at least 1")
        if self.batch < 2:
            raise ValueError("batch norm needs a batch of 2 or more")
        if self.schedule == "halving" and self.halve_every < 1:
            raise ValueError("a rate that halves needs halve_every")
        if not (0 < self.margin <= 1 and 0 <= self.warm_up < 1 and 0 <= self.label_smoothing < 1):
            raise ValueError("margin goes from above 0 to 1, warm_up and label_smoothing from 0 to below 1")

    def digest(self, identity: str = "") -> str:
        """SHA-256 of what is not at its default, and of ``identity``, which tells the data apart."""
        return digest_of(self, identity)


def classifier_recipe(table: Mapping[str, Any], name: str) -> ClassifierRecipe:
    """The recipe in a ``[loop]`` table; its ``augmentation`` is a table within.

    Raises
    ------
    InputError
        A key is missing, unknown or cannot be; ``name`` is what the sentence calls the recipe.
    """
    try:
        inner = table_of(Augmentation, table.get("augmentation", {}))
        recipe: ClassifierRecipe = table_of(ClassifierRecipe, {**table, "augmentation": inner})
    except (KeyError, TypeError, ValueError) as problem:
        raise unusable(name, problem) from problem
    return recipe
