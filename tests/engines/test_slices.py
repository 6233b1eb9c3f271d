"""A volume's slices through an engine: in order, in batches, and on the CPU when the GPU gives up."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from overread.core.errors import Cancelled, DeviceError
from overread.core.progress import CallbackProgress, Stage
from overread.engines.devices import Device
from overread.engines.engine import MEMORY_FULL, Outputs
from overread.engines.slices import run_or_fall_back, run_slices

GPU = Device("cuda", "GPU: NVIDIA Made Up (1 GB)")


class Doubling:
    """Doubles its images; gives up after ``lasts`` of them."""

    name, precision = "stub", "float32"

    def __init__(self, device: str = "cpu", batch_size: int = 1, lasts: int = 1000, why: str = MEMORY_FULL) -> None:
        self.device, self.batch_size, self.calls = device, batch_size, []
        self._left, self._why = lasts, why

    def run(self, image: NDArray[np.float32]) -> Outputs:
        return tuple(output[0] for output in self.run_batch(image[None]))

    def run_batch(self, images: NDArray[np.float32]) -> Outputs:
        self.calls.append(len(images))
        self._left -= len(images)
        if self._left < 0:
            raise DeviceError("The network could not run on cuda", self._why, "Close other programs")
        return (2 * images,)


def _image(k: int) -> NDArray[np.float32]:
    return np.full((1, 2, 2), k, dtype=np.float32)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_outputs_come_in_the_order_of_the_slices(batch_size: int) -> None:
    engine = Doubling(batch_size=batch_size)
    slices = [0, 1, 2, 5, 6, 9]
    outputs = run_slices(engine, slices, _image)
    assert [float(o[0].max()) for o in outputs] == [2 * k for k in slices]
    assert engine.calls == ([1] * 6 if batch_size == 1 else [4, 2])


def test_a_gpu_that_runs_full_is_left_for_the_cpu_and_everything_is_read_there() -> None:
    cpu = Doubling()
    ran = run_or_fall_back(Doubling("cuda", 4, lasts=5), GPU, lambda: cpu, range(8), _image)
    assert ran.engine is cpu
    assert cpu.calls == [1] * 8
    assert ran.device.words == "CPU, because the GPU's memory was full"
    assert ran.note == "Read on the CPU, because the GPU's memory was full."


def test_a_gpu_that_fails_otherwise_is_told_with_its_reason() -> None:
    gpu = Doubling("cuda", 4, lasts=0, why="the card fell off the bus")
    ran = run_or_fall_back(gpu, GPU, Doubling, range(2), _image)
    assert ran.note == "Read on the CPU, because the GPU gave up (the card fell off the bus)."


def test_a_device_that_was_asked_for_by_name_is_not_replaced() -> None:
    with pytest.raises(DeviceError, match="its memory is full"):
        run_or_fall_back(Doubling("cuda", lasts=0), GPU, None, range(2), _image)


def test_nothing_is_noted_when_all_goes_well() -> None:
    ran = run_or_fall_back(Doubling("cuda", 4), GPU, Doubling, range(8), _image)
    assert (ran.note, ran.device) == (None, GPU)


def test_it_stops_between_slices_when_asked_to() -> None:
    seen: list[Stage] = []
    progress = CallbackProgress(seen.append, lambda: len(seen) > 3)
    with pytest.raises(Cancelled):
        run_slices(Doubling(), range(100), _image, progress)
    assert [s.done for s in seen] == [0, 1, 2, 3]
