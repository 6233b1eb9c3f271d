"""Where a network runs, in words."""

from __future__ import annotations

import pytest
import torch

from overread.core.errors import DeviceError, InputError
from overread.engines.devices import available_devices, choose_device, device_line
from overread.engines.worker import Worker

no_gpu = pytest.mark.skipif(len(available_devices()) > 1, reason="this machine has a GPU")


def test_asked_for_by_name_the_cpu_says_so() -> None:
    assert choose_device("cpu").words == "CPU, because it was asked for"


@no_gpu
def test_without_a_gpu_auto_is_the_cpu_with_the_reason() -> None:
    chosen = choose_device("auto")
    assert chosen.kind == "cpu"
    assert chosen.words in (
        "CPU, because no CUDA device is present",
        "CPU, because torch was installed without CUDA",
    )


@no_gpu
def test_a_gpu_that_is_not_there_is_refused_with_what_is() -> None:
    with pytest.raises(DeviceError, match="this machine offers cpu"):
        choose_device("cuda")


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="the devices are auto, cpu, cuda, mps"):
        choose_device("quantum")


def test_a_gpu_is_named_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Properties:
        name, total_memory = "NVIDIA Made Up", 24 * 2**30

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _index: Properties())
    assert device_line("auto") == "GPU: NVIDIA Made Up (24 GB)"


def test_the_window_gets_the_line_from_the_worker() -> None:
    worker = Worker()
    try:
        line = worker.call("overread.engines.devices:device_line", "cpu")
    finally:
        worker.close()
    assert line == "CPU, because it was asked for"
