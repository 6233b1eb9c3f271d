"""A training from recipe to bundle, in one call that can be cancelled and begun again."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.phantom import KINDS
from overread.systems.hbp_detection.measure import truth_of
from overread.training.bundle_writer import (
    OFFSET_CELLS,
    RawReading,
    add_control,
    describe,
    read_validation,
    write_bundle,
)
from overread.training.drawn import DrawnPatient, DrawOrder, draw_all, load_drawn
from overread.training.recipe import FIRST_VALIDATION_SEED, Recipe

WHOLE_SERIES = 10_000
OFFSET_PATIENTS = 16


def train(
    recipe: Recipe,
    out: Path,
    work: Path,
    jobs: int = 2,
    resume: bool = False,
    progress: Progress = SILENT,
) -> Path:
    """Draw phantoms, train, choose thresholds, write a bundle.

    Parameters
    ----------
    out
        Folder of the bundle. A recipe with shuffled labels adds its network, as the control, to the bundle there.
    work
        Folder for drawn phantoms and the checkpoint; kept, so that a second sitting goes on.

    Returns
    -------
    Path
        The bundle's folder.
    """
    if recipe.kind not in KINDS:
        raise InputError(
            f"This recipe asks for phantoms of kind {recipe.kind!r}",
            f"there are {', '.join(KINDS)}",
            "Correct the recipe",
        )
    control = recipe.loop.shuffled_labels
    if control and not (out / "manifest.toml").exists():
        raise InputError(
            "The control cannot be trained",
            f"there is no bundle in {out.name} that it would control",
            "Train the bundle first",
        )
    training = _drawn(recipe, work, jobs, False, progress)
    validation = _drawn(recipe, work, jobs, True, progress)
    from overread.training.loop import fit

    name = "control" if control else "training"
    network, history = fit(recipe, training, validation, work / f"{name}.safetensors", resume, progress)
    if control:
        add_control(out, network)
        return out

    from overread.engines.torch_engine import TorchEngine
    from overread.systems.hbp_detection.network import as_one_channel
    from overread.training.receptive_field import measure_offset

    raw = read_validation(TorchEngine(as_one_channel(copy.deepcopy(network))), validation, progress)
    progress.step("Measuring where cells look", 0, 1)
    images, cells = firing_cells(raw[:OFFSET_PATIENTS])
    offset, spread = measure_offset(network, images, cells)
    manifest, _ = describe(recipe, raw, offset, spread, network.parameter_count(), datetime.now(UTC).date().isoformat())
    write_bundle(out, network, manifest, recipe, history)
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


def _drawn(recipe: Recipe, work: Path, jobs: int, is_validation: bool, progress: Progress) -> list[DrawnPatient]:
    data = recipe.data
    first, count = (
        (FIRST_VALIDATION_SEED, data.validation_patients) if is_validation else (data.first_seed, data.patients)
    )
    slices = (data.validation_slices or WHOLE_SERIES) if is_validation else data.slices_per_patient
    normals = data.validation_normals if is_validation else data.normals
    picked = (0, 0) if is_validation else (data.positive_slices, data.twin_slices)
    orders = [
        DrawOrder(recipe.kind, first + n, data.sites[n % len(data.sites)], normals, slices, *picked)
        for n in range(count)
    ]
    return [load_drawn(folder) for folder in draw_all(orders, work / "drawn", jobs, progress)]
