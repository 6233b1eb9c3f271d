"""What a training runs on: processor or graphics card, threads, and whether bfloat16 is worth anything there."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from overread.core.errors import DeviceError

DEVICES = ("cpu", "cuda")
BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")
_PROCESSOR_FLAGS = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Hardware:
    """A device, and whether it computes in bfloat16 by itself."""

    device: str = "cpu"
    has_bfloat16: bool = False

    def words(self, precision: str) -> str:
        """What is computed with, for whoever waits: the device, and the precision with the reason for it."""
        name = "the graphics card" if self.device == "cuda" else "the processor"
        if precision == "bfloat16" and not self.has_bfloat16:
            return f"on {name} in float32, for bfloat16 would be slower there"
        return f"on {name} in {precision}"


def choose_hardware(device: str, threads: int | None = None) -> Hardware:
    """Check the device and set the number of threads.

    Raises
    ------
    DeviceError
        There is no such device here.
    """
    if device not in DEVICES:
        raise DeviceError(f"Training on {device!r} is not possible", "there is no such device", "Choose cpu or cuda")
    if threads is not None and threads < 1:
        raise DeviceError(f"Training with {threads} threads is not possible", "it needs one", "Give 1 or more")
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    if device == "cuda":
        if not torch.cuda.is_available():
            raise DeviceError(
                "Training on cuda is not possible", "torch finds no graphics card of that kind", "Choose --device cpu"
            )
        return Hardware("cuda", torch.cuda.is_bf16_supported(including_emulation=False))
    return Hardware("cpu", processor_has_bfloat16())


def processor_has_bfloat16(described_in: Path = _PROCESSOR_FLAGS) -> bool:
    """Whether the processor says that it multiplies bfloat16; where it cannot be asked, no.

    Without that, bfloat16 is emulated and takes seven to eight times as long (PARAMS D).
    """
    try:
        lines = described_in.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return any(flag in flags for flag in BFLOAT16_FLAGS)


def autocast(hardware: Hardware, precision: str) -> AbstractContextManager[object]:
    """Convolutions in bfloat16 where recipe and device both want it; else nothing changes."""
    import torch

    if precision != "bfloat16" or not hardware.has_bfloat16:
        return nullcontext()
    return torch.autocast(hardware.device, dtype=torch.bfloat16)
