"""A bundle's network as an engine that is ready to run: on the device that was wished for, else on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from overread.core.errors import BundleError, DeviceError, InputError, StorageError
from overread.engines.blobs import BlobCache
from overread.engines.choice import Choice, choose
from overread.engines.devices import Device
from overread.engines.engine import Engine
from overread.engines.slices import after_failure
from overread.io.places import user_places
from overread.systems.bundle import Bundle

COMPILED_LIMIT_BYTES = 200_000_000

@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """An engine, the line about its device, how to get one on the CPU instead, and what went otherwise than wished.

    ``on_the_cpu`` is None where a person chose the device.
    """

    engine: Engine
    device: Device
    on_the_cpu: Callable[[], Engine] | None
    note: str | None = None


def load(
    build: Callable[[Choice], Engine], device: str, engine: str, precision: str, onnx_only: bool = False
) -> Loaded:
    """The engine for a request; a GPU that cannot even hold the network is left for the CPU where ``auto`` was asked.

    Parameters
    ----------
    build
        Makes the engine of a choice.
    device, engine, precision
        As in a request.

    Raises
    ------
    InputError, DeviceError, BundleError
        No such engine, device or precision, or none that goes with the bundle; whatever ``build`` raises.
    """
    choice = choose(engine, device, precision, onnx_only=onnx_only)
    if device != "auto" or choice.device.kind == "cpu":
        return Loaded(build(choice), choice.device, None)

    def on_the_cpu() -> Engine:
        return build(choose(engine, "cpu", "float32", onnx_only=onnx_only))

    try:
        return Loaded(build(choice), choice.device, on_the_cpu)
    except DeviceError as problem:
        instead, note = after_failure(problem)
    return Loaded(on_the_cpu(), instead, None, note)


def traced_engine(
    bundle: Bundle,
    choice: Choice,
    network: Callable[[], Any],
    shape: tuple[int, int, int],
    outputs: Sequence[str],
    written_as: str,
) -> Engine:
    """The engine of a network that computes in float32 alone and is traced where ONNX Runtime shall run it.

    Parameters
    ----------
    network
        Makes the torch module with its weights.
    shape
        Planes, rows and columns of an image.
    outputs
        Names of what the network answers.
    written_as
        As for ``compiled``.

    Raises
    ------
    InputError
        Another precision was asked for.
    """
    if "float32" not in choice.precisions:
        raise InputError(
            f"The precision {choice.precisions[0]!r} cannot be used",
            f"{bundle.system} computes in float32 only",
            "Choose --precision float32",
        )
    if choice.engine == "onnx":

        def convert() -> bytes:
            from overread.engines.onnx_export import exported

            return exported(network(), shape, outputs)

        return compiled(bundle, bundle.weights_path, written_as, convert, shape[0])
    from overread.engines.torch_engine import TorchEngine

    return TorchEngine(network(), choice.device.kind)


def compiled(bundle: Bundle, weights: Path, written_as: str, convert: Callable[[], bytes], channels: int = 1) -> Engine:
    """A network through ONNX Runtime, converted the first time and kept under the digests of bundle and weights.

    Where the cache cannot be written the network is converted each time: a full disk is no reason not to read.

    Parameters
    ----------
    written_as
        Which way of writing ``convert`` is, and of which of the bundle's networks; another one is another model.
    convert
        Makes the model's file.
    channels
        Planes of an image.
    """
    from overread.engines.onnx_engine import OnnxEngine

    cache = BlobCache(user_places().cache / "compiled", COMPILED_LIMIT_BYTES)
    key = f"{written_as} {bundle.digest} {sha256(weights.read_bytes()).hexdigest()}"
    model = cache.get(key)
    if model is not None:
        try:
            return OnnxEngine(model, bundle.folder.name, channels)
        except BundleError:  # written by another version of the extra: made anew below
            pass
    model = convert()
    with suppress(StorageError):
        cache.put(key, model)
    return OnnxEngine(model, bundle.folder.name, channels)
