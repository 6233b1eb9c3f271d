"""The state of a training between two sittings, as one safetensors file: no code can hide in it."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.errors import InputError, StorageError
from overread.io import write_atomically


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Tensors of the network and of its best check by name, the optimiser's by parameter and slot, plain facts."""

    network: dict[str, Any]
    best: dict[str, Any]
    optimiser: dict[int, dict[str, Any]]
    facts: dict[str, Any]


def save_checkpoint(path: Path, kept: Kept) -> None:
    """Write the state of a training; the one before stays until this one is whole.

    Raises
    ------
    StorageError
        The disk is full, and the like.
    """
    tensors = {f"network.{k}": v.contiguous() for k, v in kept.network.items()}
    tensors |= {f"best.{k}": v.clone().contiguous() for k, v in kept.best.items()}
    for index, slots in kept.optimiser.items():
        tensors |= {f"optimiser.{index}.{name}": value.contiguous() for name, value in slots.items()}
    metadata = {"facts": json.dumps(kept.facts)}
    try:
        write_atomically(path, lambda beside: save_tensors(tensors, beside, metadata))
    except StorageError as problem:
        raise StorageError(
            "The training's state cannot be kept", problem.why, "Make room, then go on with --resume"
        ) from problem


def save_tensors(tensors: dict[str, Any], path: Path, metadata: dict[str, str] | None = None) -> None:
    """As ``save_file``, with the errors of the disk as such, and readable by whom the folder lets in."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(tensors, path, metadata=metadata)
    except SafetensorError as problem:
        raise OSError(_number_of(str(problem)), str(problem)) from problem
    path.chmod(0o644)


def load_checkpoint(path: Path, digest: str) -> Kept:
    """Read the state of a training.

    Parameters
    ----------
    digest
        Of the recipe and its data. A checkpoint that holds none is taken as it is.

    Raises
    ------
    StorageError
        The file is damaged.
    InputError
        It belongs to another recipe or other data.
    """
    from safetensors import SafetensorError, safe_open

    parts: dict[str, dict[str, Any]] = {"network": {}, "best": {}, "optimiser": {}}
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["facts"])
            for name in file.keys():  # noqa: SIM118 - a handle, not a mapping
                part, _, key = name.partition(".")
                parts[part][key] = file.get_tensor(name)
    except (SafetensorError, OSError, KeyError, ValueError, TypeError) as problem:
        raise StorageError(
            f"{path.name} cannot be resumed from", "it is damaged", "Train again without --resume"
        ) from problem
    if facts.get("recipe", digest) != digest:
        raise InputError(
            f"{path.name} cannot be resumed from",
            "it was kept by a training with another recipe or on other cases",
            "Train again without --resume, or name another folder with --work",
        )
    slots: dict[int, dict[str, Any]] = {}
    for key, value in parts["optimiser"].items():
        index, _, name = key.partition(".")
        slots.setdefault(int(index), {})[name] = value
    return Kept(parts["network"], parts["best"], slots, facts)


def _number_of(text: str) -> int:
    """The number of a system error as safetensors words it: ``... (os error 28)``."""
    _, found, rest = text.partition("os error ")
    digits = rest.partition(")")[0].strip()
    return int(digits) if found and digits.isdigit() else errno.EIO
