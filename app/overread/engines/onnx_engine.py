"""ONNX Runtime as an engine, from the optional extra ``overread[onnx]``: float32, on the CPU, one image at a time."""

from __future__ import annotations

import os
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError, DeviceError
from overread.engines.choice import require_onnx
from overread.engines.engine import MEMORY_FULL, Outputs


class OnnxEngine:
    """An ONNX model ready to run.

    Parameters
    ----------
    model
        The model's file as bytes, everything in it.
    bundle_name
        What to call it in an error.
    channels
        Planes its input has; a grey image is given once for each.
    threads
        None takes what ``OMP_NUM_THREADS`` says, as torch does, else as many as ONNX Runtime finds fit.

    Raises
    ------
    DeviceError
        The extra is not installed.
    BundleError
        It is no model that ONNX Runtime can open.
    """

    precision, device, batch_size = "float32", "cpu", 1

    def __init__(self, model: bytes, bundle_name: str, channels: int = 1, threads: int | None = None) -> None:
        require_onnx()
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self.channels = channels
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads or _threads_asked_for()
        options.inter_op_num_threads = 1
        # a waiting thread that spins would take the processor from the window
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except _problems() as problem:
            raise BundleError(
                f"The bundle {bundle_name} cannot run",
                f"ONNX Runtime cannot open its model ({_first_line(problem)})",
                "Export the model again, with all weights in the one file",
            ) from problem
        self._input = self._session.get_inputs()[0].name

    def run(self, image: NDArray[np.float32]) -> Outputs:
        """Outputs for one image (channels, rows, columns), each without the batch axis."""
        planes = image if len(image) == self.channels else np.repeat(image[:1], self.channels, axis=0)
        batch = np.ascontiguousarray(planes[None], dtype=np.float32)
        try:
            outputs: list[Any] = self._session.run(None, {self._input: batch})
        except _problems() as problem:
            lacks_memory = "alloc" in str(problem).lower()
            why = MEMORY_FULL if lacks_memory else _first_line(problem)
            raise DeviceError(
                "The network could not run on cpu", why, "Close other programs and try again"
            ) from problem
        return tuple(cast(NDArray[np.float32], np.asarray(output)[0]) for output in outputs)

    def run_batch(self, images: NDArray[np.float32]) -> Outputs:
        """Outputs for images (n, channels, rows, columns), one after the other."""
        return tuple(np.stack(outputs) for outputs in zip(*map(self.run, images), strict=True))


def _threads_asked_for() -> int:
    """The number in ``OMP_NUM_THREADS``, by which several processes share a machine; 0 where it is not set."""
    words = os.environ.get("OMP_NUM_THREADS", "")
    return int(words) if words.isdecimal() else 0


def _problems() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises; its classes have no parent of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [thing for thing in vars(state).values() if isinstance(thing, type) and issubclass(thing, Exception)]
    return (*own, RuntimeError, ValueError, MemoryError)


def _first_line(problem: Exception) -> str:
    line = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    return line.removeprefix("[ONNXRuntimeError] :").strip()[:160].rstrip(". :")
