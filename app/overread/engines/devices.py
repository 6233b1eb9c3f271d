"""Which devices can compute here."""

from __future__ import annotations

from overread.core.errors import DeviceError, InputError

DEVICES = ("auto", "cpu", "cuda", "mps")


def available_devices() -> tuple[str, ...]:
    """Devices that torch can use on this machine, the fastest first."""
    import torch

    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return (*found, "cpu")


def choose_device(wish: str) -> str:
    """The device to use for a wish out of ``DEVICES``.

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
    found = available_devices()
    if wish == "auto":
        return found[0]
    if wish not in found:
        raise DeviceError(
            f"The device {wish!r} cannot be used",
            f"this machine offers {', '.join(found)}",
            "Choose --device auto or --device cpu",
        )
    return wish
