"""Runs an engine over the slices of a volume: in batches, with progress, and on the CPU when a GPU gives up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import DeviceError
from overread.core.progress import SILENT, Progress
from overread.engines.devices import Device, on_cpu
from overread.engines.engine import MEMORY_FULL, Engine, Outputs

STAGE = "Reading slices"


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """Outputs in the order of the slices asked for, the engine that made all of them, and where it ran.

    ``note`` is a sentence when that is not where the work began, else None.
    """

    outputs: tuple[Outputs, ...]
    engine: Engine
    device: Device
    note: str | None = None


def run_slices(
    engine: Engine,
    slices: Sequence[int],
    image_of: Callable[[int], NDArray[np.float32]],
    progress: Progress = SILENT,
    total: int | None = None,
) -> tuple[Outputs, ...]:
    """Run the engine over slices, as many at once as it likes.

    Parameters
    ----------
    image_of
        Image (channels, rows, columns) of a slice; asked once for each, in order.
    total
        Slices of the volume, for the progress; None takes those that are run.

    Raises
    ------
    DeviceError, Cancelled
    """
    total = len(slices) if total is None else total
    outputs: list[Outputs] = []
    while len(outputs) < len(slices):
        at = len(outputs)
        progress.step(STAGE, slices[at], total)
        images = [image_of(k) for k in slices[at : at + engine.batch_size]]
        if len(images) == 1:
            outputs.append(engine.run(images[0]))
        else:
            batch = engine.run_batch(np.stack(images))
            outputs += [tuple(output[n] for output in batch) for n in range(len(images))]
    progress.report(STAGE, total, total)
    return tuple(outputs)


def run_or_fall_back(
    engine: Engine,
    device: Device,
    on_the_cpu: Callable[[], Engine] | None,
    slices: Sequence[int],
    image_of: Callable[[int], NDArray[np.float32]],
    progress: Progress = SILENT,
    total: int | None = None,
) -> Ran:
    """All slices on the engine; when its device gives up, all of them once more on the CPU.

    Parameters
    ----------
    on_the_cpu
        Makes the engine to fall back to; None where a person chose the device, whose failure is then an error.

    Raises
    ------
    DeviceError
        The device gave up and there is nothing to fall back to.
    Cancelled
    """
    try:
        return Ran(run_slices(engine, slices, image_of, progress, total), engine, device)
    except DeviceError as problem:
        if on_the_cpu is None or engine.device == "cpu":
            raise
        fallback, instead, note = on_the_cpu(), *after_failure(problem)
    return Ran(run_slices(fallback, slices, image_of, progress, total), fallback, instead, note)


def after_failure(problem: DeviceError) -> tuple[Device, str]:
    """The CPU in place of a GPU that gave up, and the sentence that says so."""
    why = "the GPU's memory was full" if problem.why == MEMORY_FULL else f"the GPU gave up ({problem.why})"
    return on_cpu(why), f"Read on the CPU, because {why}."
