"""What changes while a network is trained, and how it gets over the time between two sittings."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overread.training.checkpoint import Kept, save_checkpoint

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@dataclass(slots=True)
class History:
    """What happened: losses by step, checks as (step, AUC), their accuracies, counts and seconds."""

    losses: list[float] = field(default_factory=list)
    checks: list[tuple[int, float]] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    crops_seen: int = 0
    wholes_seen: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    hard_places: list[tuple[int, ...]] = field(default_factory=list)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> History:
        """What a checkpoint holds of it."""
        checks = [(int(step), float(auc)) for step, auc in document["checks"]]
        return cls(**{**document, "checks": checks})

    def has_stalled(self, checks: int) -> bool:
        """Whether that many checks have passed since the accuracy was last better than ever before."""
        if not checks or not self.accuracies:
            return False
        return len(self.accuracies) - 1 - self.accuracies.index(max(self.accuracies)) >= checks


@dataclass(slots=True)
class TrainingState:
    """All that changes. ``best``: what the best check so far found, and the weights that it found it with."""

    network: nn.Module
    optimiser: torch.optim.Optimizer
    history: History
    best: tuple[float, Mapping[str, Tensor]]
    step: int = 0

    def keep(self, path: Path, digest: str) -> None:
        """Write it to a checkpoint.

        Parameters
        ----------
        digest
            Of the recipe and its data.

        Raises
        ------
        StorageError
            The disk is full, and the like; the checkpoint before stays.
        """
        facts: dict[str, Any] = {
            "step": self.step,
            "best": self.best[0],
            "history": dataclasses.asdict(self.history),
            "recipe": digest,
        }
        slots = self.optimiser.state_dict()["state"]
        save_checkpoint(path, Kept(dict(self.network.state_dict()), dict(self.best[1]), slots, facts))

    def resume(self, kept: Kept) -> None:
        """Go on from what a checkpoint holds."""
        self.history, self.step = resumed(kept, self.network, self.optimiser)
        self.best = float(kept.facts["best"]), kept.best


def resumed(kept: Kept, network: nn.Module, optimiser: torch.optim.Optimizer) -> tuple[History, int]:
    """Put a network and its optimiser back as a checkpoint holds them; the history until then and the next step."""
    network.load_state_dict(kept.network)
    optimiser.load_state_dict({"state": kept.optimiser, "param_groups": optimiser.state_dict()["param_groups"]})
    return History.from_json(kept.facts["history"]), int(kept.facts["step"])
