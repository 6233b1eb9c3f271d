"""From trained networks of regions to a bundle: its ``[training]`` table and its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overread.training.bundle_files import write_files
from overread.training.hardware import Hardware
from overread.training.regions.recipe import ClassifierRecipe
from overread.training.regions.samples import RegionSamples

if TYPE_CHECKING:
    from overread.training.state import History


def write_region_bundle(folder: Path, tensors: Mapping[str, Any], manifest: dict[str, Any], card_text: str) -> Path:
    """Write weights, manifest and card of a bundle; one that is not whole never has a manifest.

    Parameters
    ----------
    tensors
        By name: a network's state, or several under prefixes. Kernels are kept in float16.
    manifest
        All tables; the weights' name and digest are entered here. It must be one that this program reads.

    Raises
    ------
    BundleError
        The manifest would be refused when read.
    StorageError
        The disk is full, and the like.
    """
    return write_files(folder, tensors, manifest, card_text)


def prefixed(networks: Mapping[str, Any]) -> dict[str, Any]:
    """The states of several networks as one: each tensor under the name of its network and a full stop."""
    return {f"{name}.{key}": value for name, net in networks.items() for key, value in net.state_dict().items()}


def training_table(
    recipe: ClassifierRecipe, training: RegionSamples, history: History, hardware: Hardware | None = None
) -> dict[str, Any]:
    """The ``[training]`` table: what was done with what, as far as it is not in the recipe."""
    labels = list(training.patient_labels().values())
    names = training.names or tuple(str(n) for n in range(training.classes))
    return {
        "recipe_digest": recipe.digest(),
        "steps": len(history.losses),
        "regions": history.crops_seen,
        "patients": len(labels),
        "patients_by_class": {name: labels.count(n) for n, name in enumerate(names)},
        "slices": len(training),
        "cpu_s": round(history.cpu_s),
        "wall_s": round(history.wall_s),
        "device": (hardware or Hardware()).device,
        "checks": [[step, round(auc, 4)] for step, auc in history.checks],
        "accuracies": [round(accuracy, 4) for accuracy in history.accuracies],
        "shuffled_labels": recipe.shuffled_labels,
    }
