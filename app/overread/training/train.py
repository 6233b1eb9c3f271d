"""A training from recipe to bundle, in one call that can be cancelled and begun again."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.systems import Bundle
from overread.systems.hbp_detection.measure import truth_of
from overread.training.bundle_files import add_control, check_controlled
from overread.training.bundle_writer import (
    OFFSET_CELLS,
    RawReading,
    describe,
    read_validation,
    training_table,
    write_bundle,
)
from overread.training.data import Data
from overread.training.hardware import Hardware
from overread.training.recipe import Recipe

OFFSET_PATIENTS = 16


@dataclass(frozen=True, slots=True)
class Wish:
    """How a bundle is trained here: where the checkpoint lies, whether to go on from it, on what, from what.

    ``jobs``: processes that draw. ``folds``: a table over so many instead of a bundle, or one ``fold`` of them, from 1.
    """

    work: Path
    resume: bool = False
    hardware: Hardware = dataclasses.field(default_factory=Hardware)
    started_from: Bundle | None = None
    jobs: int = 1
    folds: int | None = None
    fold: int | None = None


def train(recipe: Recipe, data: Data, out: Path, wish: Wish, progress: Progress = SILENT) -> Path:
    """Train, choose thresholds, write a bundle.

    Parameters
    ----------
    out
        Folder of the bundle. A recipe with shuffled labels adds its network, as the control, to the bundle there.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    InputError
        The recipe's network is only there to be compared with, the validation side lacks a class, or a control has
        nothing to control.
    """
    control = recipe.loop.shuffled_labels
    _check(recipe, data, out if control else None)
    from overread.training.curves import draw_curves
    from overread.training.loop import Sitting, fit

    name = "control" if control else "training"
    sitting = Sitting(
        wish.work / f"{name}.safetensors",
        wish.resume,
        wish.hardware,
        data.identity + ("" if wish.started_from is None else wish.started_from.digest),
        None if wish.started_from is None else _weights_of(wish.started_from, recipe),
        wish.work / f"{name}-curves.csv",
    )
    network, history = fit(recipe, data.training, data.validation, sitting, progress)
    draw_curves(wish.work / f"{name}-curves.png", history, f"{recipe.system}, {recipe.variant}, {name}")
    if control:
        add_control(out, network.state_dict(), len(history.losses))
        return out

    from overread.engines.torch_engine import TorchEngine
    from overread.systems.hbp_detection.network import Kim11, as_one_channel
    from overread.training.receptive_field import measure_offset

    kim = cast(Kim11, network).cpu()
    raw = read_validation(TorchEngine(as_one_channel(copy.deepcopy(kim))), data.validation, progress)
    progress.step("Measuring where cells look", 0, 1)
    images, cells = firing_cells(raw[:OFFSET_PATIENTS])
    offset, spread = measure_offset(kim, images, cells)
    today = datetime.now(UTC).date().isoformat()
    manifest, _ = describe(recipe, raw, offset, spread, kim.parameter_count(), today, data)
    manifest["training"] = training_table(recipe, data, history, wish.hardware, wish.started_from)
    write_bundle(out, kim, manifest, recipe)
    progress.report("Done", 1, 1)
    return out


def firing_cells(raw: Sequence[RawReading]) -> tuple[NDArray[np.uint8], list[tuple[int, int, int]]]:
    """Positive validation slices uint8 (n, 320, 320), and on the hottest of them the cell that fires most."""
    from overread.training.receptive_field import hottest_cells

    labels = [truth_of(r.patient.labels, r.patient.affine).slice_labels == 1 for r in raw]
    images = np.concatenate([r.patient.images[positive] for r, positive in zip(raw, labels, strict=True)])
    maps = np.concatenate([r.maps[positive] for r, positive in zip(raw, labels, strict=True)])
    return images, hottest_cells(maps, OFFSET_CELLS)


def as_control(recipe: Recipe) -> Recipe:
    """The same recipe with labels and masks given to other slices of the same batch."""
    return dataclasses.replace(recipe, loop=dataclasses.replace(recipe.loop, shuffled_labels=True))


def with_steps(recipe: Recipe, steps: int) -> Recipe:
    """The same recipe, shorter or longer: what it does at a share of its steps, it does at that share.

    Raises
    ------
    InputError
        There are no steps.
    """
    if steps < 1:
        raise InputError("This training cannot begin", f"it would have {steps} steps", "Give --steps 1 or more")
    return dataclasses.replace(recipe, loop=dataclasses.replace(recipe.loop, crop_steps=steps))


def _check(recipe: Recipe, data: Data, controlled: Path | None) -> None:
    """Refuse at the start what could not end in a bundle."""
    if not recipe.network.is_product:
        raise InputError(
            "This recipe makes no bundle",
            "its network is one to compare with, which the program does not run",
            "Use it as a row of a grid",
        )
    if controlled is not None:
        check_controlled(controlled)
    labels = [truth_of(p.labels, p.affine).slice_labels for p in data.validation]
    found = set(np.concatenate(labels).tolist()) if labels else set()
    if not {0, 1} <= found:
        raise InputError(
            "This training cannot begin",
            f"its {len(data.validation)} validation cases do not hold both positive and negative slices",
            "Give more cases, or another split",
        )


def _weights_of(bundle: Bundle, recipe: Recipe) -> Mapping[str, Any]:
    """Weights of a bundle's network, to begin from.

    Raises
    ------
    InputError, BundleError
        It is of another system or another network than the recipe trains, or its weights are damaged.
    """
    from overread.engines.weights import load_weights
    from overread.systems.hbp_detection.network import Kim11

    table = bundle.manifest["network"]
    wanted = recipe.network
    theirs = (bundle.system, table.get("layout"), table.get("pooling"), table.get("width_divisor", 1))
    if theirs != (recipe.system, wanted.layout, wanted.pooling, wanted.width_divisor):
        raise InputError(
            f"This training cannot start from {bundle.folder.name}",
            f"that is {bundle.system} in the layout {table.get('layout')} with {table.get('pooling')}, the recipe's "
            f"is {recipe.system}, {wanted.layout} with {wanted.pooling}",
            "Choose a recipe for the same network",
        )
    bundle.check_weights()
    network = Kim11(wanted.layout, wanted.pooling, width_divisor=wanted.width_divisor)
    load_weights(network, bundle.weights_path, bundle.folder.name)
    weights: Mapping[str, Any] = network.state_dict()
    return weights
