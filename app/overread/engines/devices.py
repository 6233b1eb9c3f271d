"""Which devices can compute here, and in words why one of them does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from overread.core.errors import DeviceError, InputError
from overread.core.progress import SILENT, Progress

DEVICES = ("auto", "cpu", "cuda", "mps")
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True, slots=True)
class Device:
    """Where a network runs: ``kind`` is ``cpu``, ``cuda`` or ``mps``; ``words`` is the line a person reads."""

    kind: str
    words: str


def available_devices() -> tuple[str, ...]:
    """Devices that torch can use on this machine, the fastest first."""
    import torch

    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def choose_device(wish: str) -> Device:
    """The device to use for a wish out of ``DEVICES``. Asked for the CPU by name, it does not load torch.

    Raises
    ------
    InputError
        There is no device of this name.
    DeviceError
        The wished device is not in this machine.
    """
    if wish not in DEVICES:
        raise InputError(
            f"There is no device {wish!r}",
            f"the devices are {', '.join(DEVICES)}",
            "Choose one of them or leave the option out",
        )
    if wish == "cpu":
        return on_cpu("it was asked for")
    found = available_devices()
    if wish == "auto":
        return on_cpu(_why_no_gpu()) if found[0] == "cpu" else Device(found[0], _gpu_words(found[0]))
    if wish not in found:
        raise DeviceError(
            f"The device {wish!r} cannot be used",
            f"this machine offers {', '.join(found)}",
            "Choose --device auto or --device cpu",
        )
    return Device(wish, _gpu_words(wish))


def on_cpu(why: str) -> Device:
    """The CPU, with the reason for it, as in ``the GPU's memory was full``."""
    return Device("cpu", f"CPU, because {why}")


def device_line(wish: str = "auto", progress: Progress = SILENT) -> str:
    """What a reading with this wish would run on, in words. Loads torch: call it in the worker process.

    Raises
    ------
    InputError, DeviceError
        See ``choose_device``.
    """
    progress.check()
    return choose_device(wish).words


def computes_bfloat16(kind: str) -> bool:
    """Whether a device has bfloat16 arithmetic of its own; emulated it would only be slower (PARAMS section C)."""
    if kind == "cuda":
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return kind == "cpu" and any(flag in _processor_flags() for flag in _BFLOAT16_FLAGS)


def _processor_flags() -> frozenset[str]:
    """What the processor says it can do; empty where the system does not tell it in the way of Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def _why_no_gpu() -> str:
    import torch

    if torch.version.cuda is None and _NVIDIA_DRIVER.exists():
        return "torch was installed without CUDA"
    return "no CUDA device is present"


def _gpu_words(kind: str) -> str:
    if kind == "mps":
        return "GPU: Apple, through MPS (untried)"
    import torch

    properties = torch.cuda.get_device_properties(0)
    return f"GPU: {properties.name} ({properties.total_memory / 2**30:.0f} GB)"
