"""Which function trains which system beside hbp-detection, which ``overread.training.train`` trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from overread.core.errors import InputError
from overread.core.progress import Progress
from overread.training.train import Wish

Trainer = Callable[[Mapping[str, Any], Wish, Path, Progress], str | None]
"""Takes a recipe's document, how it is trained here, where the bundle goes and the progress; returns what to tell."""

TRAINERS = {
    "mvi-prediction": "overread.training.mvi.train:train",
    "noncontrast-triage": "overread.training.triage.train:train",
    "multiphase-characterisation": "overread.training.multiphase.train:train",
}


def trainer_of(system: str) -> Trainer:
    """The function that trains a system.

    Raises
    ------
    InputError
        This version has none.
    """
    module, _, function = TRAINERS.get(system, "").partition(":")
    if not module or find_spec(module) is None:
        raise InputError(
            f"{system} cannot be trained",
            "this version has no training for it",
            f"Choose a recipe of {', '.join(('hbp-detection', *TRAINERS))}",
        )
    return cast(Trainer, getattr(import_module(module), function))


def adapted(document: Mapping[str, Any], steps: int | None, shuffled_labels: bool) -> dict[str, Any]:
    """A recipe's document with another number of steps, or as the control of itself, in its ``[loop]`` table.

    Raises
    ------
    InputError
        There would be no steps, or the recipe has no such table.
    """
    changes: dict[str, Any] = {} if steps is None else {"steps": steps}
    changes |= {"shuffled_labels": True} if shuffled_labels else {}
    if not changes:
        return dict(document)
    if steps is not None and steps < 1:
        raise InputError("This training cannot begin", f"it would have {steps} steps", "Give --steps 1 or more")
    if shuffled_labels and "svm" in document:
        why = "its recipe fits a machine, and a control is a network trained on shuffled labels"
        raise InputError("There is no control of this bundle", why, "Leave --shuffled-labels out")
    if "steps" not in document.get("loop", {}):
        raise InputError("This training cannot begin", "the recipe has no steps to change", "Change the recipe itself")
    return {**document, "loop": {**document["loop"], **changes}}
