"""The state of a training between two sittings, as one safetensors file: no code can hide in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from overread.core.errors import StorageError


def save_checkpoint(
    path: Path, network: dict[str, Any], best: dict[str, Any], optimiser: dict[str, Any], facts: dict[str, Any]
) -> None:
    """Write tensors of the network, of its best check and of the optimiser, and plain facts as JSON."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors = {f"network.{k}": v.contiguous() for k, v in network.items()}
    tensors |= {f"best.{k}": v.clone().contiguous() for k, v in best.items()}
    for index, slots in optimiser["state"].items():
        tensors |= {f"optimiser.{index}.{name}": value.contiguous() for name, value in slots.items()}
    beside = path.with_suffix(".part")
    try:
        save_file(tensors, beside, metadata={"facts": json.dumps(facts)})
        beside.replace(path)
    except (OSError, SafetensorError) as problem:
        beside.unlink(missing_ok=True)
        raise StorageError(
            "The training's state cannot be kept",
            getattr(problem, "strerror", None) or "the disk refuses",
            "Make room, then go on with --resume",
        ) from problem


def load_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[int, dict[str, Any]], dict[str, Any]]:
    """Network, best check, optimiser state by parameter, facts."""
    from safetensors import SafetensorError, safe_open

    parts: dict[str, dict[str, Any]] = {"network": {}, "best": {}, "optimiser": {}}
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["facts"])
            for name in file.keys():  # noqa: SIM118 - a handle, not a mapping
                part, _, key = name.partition(".")
                parts[part][key] = file.get_tensor(name)
    except (SafetensorError, OSError, KeyError, ValueError) as problem:
        raise StorageError(
            f"{path.name} cannot be resumed from", "it is damaged", "Train again without --resume"
        ) from problem
    slots: dict[int, dict[str, Any]] = {}
    for key, value in parts["optimiser"].items():
        index, _, name = key.partition(".")
        slots.setdefault(int(index), {})[name] = value
    return parts["network"], parts["best"], slots, facts
