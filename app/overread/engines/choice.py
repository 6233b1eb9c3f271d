"""Which engine and which precision serve a wish. The rule is fixed, so that equal requests give equal digests.

``auto`` means: torch on a GPU; on a CPU ONNX Runtime where it is installed, else torch. Whoever installed that extra
did so for its speed, and on every CPU measured it was as fast as torch or faster (PARAMS section C and
benchmarks/read.py). Nothing is timed when a reading starts: a race could end otherwise the next time.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from overread.core.errors import DeviceError, InputError
from overread.engines.devices import Device, choose_device, computes_bfloat16, on_cpu

ENGINES = ("auto", "torch", "onnx")
PRECISIONS = ("auto", "float32", "bfloat16")
ONNX_EXTRA = "overread[onnx]"


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine (``torch`` or ``onnx``), where it runs, and its precisions in the order in which to try them."""

    engine: str
    device: Device
    precisions: tuple[str, ...]


def choose(engine: str = "auto", device: str = "auto", precision: str = "float32", onnx_only: bool = False) -> Choice:
    """What to use for the wishes of a request.

    Parameters
    ----------
    onnx_only
        The bundle brings an ONNX model and nothing that torch could run.

    Raises
    ------
    InputError
        There is no such engine or precision, or they do not go together.
    DeviceError
        The device is not there, the extra is not installed, or the processor has no such arithmetic.
    """
    _check_name("engine", engine, ENGINES)
    _check_name("precision", precision, PRECISIONS)
    if onnx_only and engine == "torch":
        raise InputError(
            "The engine 'torch' cannot run this bundle", "it is an ONNX model", "Choose --engine auto or --engine onnx"
        )
    if engine == "onnx" or onnx_only:
        return Choice("onnx", _cpu_for_onnx(device), _float32_alone(precision))
    chosen = choose_device(device)
    wants_onnx = engine == "auto" and chosen.kind == "cpu" and precision == "float32" and onnx_is_installed()
    if wants_onnx:
        return Choice("onnx", chosen, ("float32",))
    return Choice("torch", chosen, _precisions_of_torch(precision, chosen.kind))


def onnx_is_installed() -> bool:
    """Whether the extra ``overread[onnx]`` is there."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", "onnx"))


def require_onnx() -> None:
    """Refuse in words where the extra is absent.

    Raises
    ------
    DeviceError
    """
    if not onnx_is_installed():
        raise DeviceError(
            "The engine 'onnx' cannot run",
            "ONNX Runtime is an optional extra and is not installed",
            f"Install it with pip install '{ONNX_EXTRA}', or choose --engine torch where the bundle allows it",
        )


def _check_name(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise InputError(
            f"There is no {what} {name!r}",
            f"the choices are {', '.join(known)}",
            "Choose one of them or leave the option out",
        )


def _cpu_for_onnx(device: str) -> Device:
    require_onnx()
    if device in ("cuda", "mps"):
        raise InputError(
            f"The engine 'onnx' cannot use the device {device!r}",
            "it runs on the CPU only",
            "Choose --device cpu or --engine torch",
        )
    return choose_device(device) if device != "auto" else on_cpu("ONNX Runtime runs there")


def _float32_alone(precision: str) -> tuple[str, ...]:
    if precision == "bfloat16":
        raise InputError(
            "The engine 'onnx' cannot use the precision 'bfloat16'", "it runs in float32 only", "Choose --engine torch"
        )
    return ("float32",)


def _precisions_of_torch(precision: str, kind: str) -> tuple[str, ...]:
    if precision == "float32" or (precision == "auto" and not computes_bfloat16(kind)):
        return ("float32",)
    if not computes_bfloat16(kind):
        raise DeviceError(
            "The precision 'bfloat16' cannot be used",
            f"this machine's {kind} has no such arithmetic of its own, and imitated it is several times slower",
            "Choose --precision float32",
        )
    return ("bfloat16",) if precision == "bfloat16" else ("bfloat16", "float32")
