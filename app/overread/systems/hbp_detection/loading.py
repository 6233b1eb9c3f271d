"""The bundle's network as an engine that is ready to run: chosen, checked, compiled once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError, DeviceError
from overread.engines.agreement import check_precision
from overread.engines.choice import Choice, choose
from overread.engines.engine import Engine, Outputs
from overread.systems.bundle import Bundle
from overread.systems.hbp_detection.check_images import check_images
from overread.systems.hbp_detection.findings import sigmoid
from overread.systems.hbp_detection.prepare import SIZE
from overread.systems.ready import Loaded, compiled
from overread.systems.ready import load as load_by

__all__ = ["Loaded", "build_engine", "is_external", "load", "score_of"]


def load(bundle: Bundle, device: str, engine: str, precision: str) -> Loaded:
    """The engine for a request; a GPU that cannot even hold the network is left for the CPU where ``auto`` was asked.

    Raises
    ------
    InputError, DeviceError, BundleError
        See ``build_engine``.
    """
    bundle.check_weights()
    return load_by(
        lambda choice: _build(bundle, choice, bundle.weights_path), device, engine, precision, is_external(bundle)
    )


def build_engine(
    bundle: Bundle, device: str, engine: str, weights: Path | None = None, precision: str = "float32"
) -> Engine:
    """The engine with the bundle's network, or with other weights of the same network, ready to run.

    Raises
    ------
    InputError, DeviceError, BundleError
        No such engine, device or precision, or none that goes with the bundle; weights that do not fit the network.
    """
    bundle.check_weights()
    choice = choose(engine, device, precision, onnx_only=is_external(bundle))
    return _build(bundle, choice, weights or bundle.weights_path)


def is_external(bundle: Bundle) -> bool:
    """Whether the bundle brings an ONNX model instead of weights for a network of ours."""
    return str(bundle.manifest["network"].get("name")) == "onnx"


def score_of(outputs: Outputs) -> float:
    """Slice score of an engine's outputs (logits, class maps)."""
    logits = outputs[0]
    return sigmoid(float(logits[1]) - float(logits[0]))


def _build(bundle: Bundle, choice: Choice, weights: Path) -> Engine:
    name = bundle.folder.name
    if is_external(bundle):
        from overread.engines.onnx_model import open_model

        if list(bundle.manifest["input"]["size"]) != [SIZE, SIZE]:
            why = f"its manifest asks for images of another size than {SIZE} x {SIZE}"
            raise BundleError(f"The bundle {name} cannot run", why, "See docs/external-models.md")
        return open_model(weights, _channels(bundle), (SIZE, SIZE), name)
    if choice.engine == "onnx":
        return _compiled(bundle, weights)
    return _on_torch(bundle, choice, weights)


def _on_torch(bundle: Bundle, choice: Choice, weights: Path) -> Engine:
    from overread.engines.torch_engine import TorchEngine
    from overread.systems.hbp_detection.network import ReadyKim11, network_of

    network = network_of(bundle.manifest["network"], _channels(bundle), weights, bundle.folder.name)
    module, kind = ReadyKim11(network), choice.device.kind
    exact = TorchEngine(module, kind)
    for precision in choice.precisions:
        if precision == "float32":
            return exact
        lower = TorchEngine(module, kind, precision)
        try:
            check_precision(exact, lower, _planes(check_images()), score_of)
            return lower
        except DeviceError:
            if precision == choice.precisions[-1]:
                raise
    return exact


def _compiled(bundle: Bundle, weights: Path) -> Engine:
    """The network through ONNX Runtime."""
    from overread.systems.hbp_detection.onnx_graph import WRITTEN_AS, as_onnx

    def convert() -> bytes:
        from overread.systems.hbp_detection.network import network_of

        return as_onnx(network_of(bundle.manifest["network"], _channels(bundle), weights, bundle.folder.name))

    return compiled(bundle, weights, WRITTEN_AS, convert)


def _channels(bundle: Bundle) -> int:
    return int(bundle.manifest["input"]["channels"])


def _planes(images: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    return [image[None] for image in images]
