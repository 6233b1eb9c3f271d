"""Models from elsewhere: an ONNX file is looked at before it runs, and tried on an empty image.

What is asked of one is written in docs/external-models.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from overread.core.errors import BundleError, DeviceError
from overread.engines.choice import require_onnx
from overread.engines.onnx_engine import OnnxEngine

LARGEST_BYTES = 1_000_000_000
_REMEDY = "Export the model again as docs/external-models.md says"


def open_model(path: Path, channels: int, size: tuple[int, int], bundle_name: str) -> OnnxEngine:
    """An engine for a bundle's ``model.onnx``.

    Parameters
    ----------
    channels, size
        Planes, rows and columns that the bundle's manifest states for the input.

    Raises
    ------
    BundleError
        The extra is not installed; the file is too large, no ONNX model, keeps weights in other files, uses operators
        that are not ONNX's own, or its input and outputs have other names, types or shapes than they must have.
    """
    try:
        require_onnx()
    except DeviceError as problem:
        raise BundleError(f"The bundle {bundle_name} cannot run", problem.why, problem.remedy) from problem
    content = _bytes_of(path, bundle_name)
    _check_file(content, bundle_name)
    engine = OnnxEngine(content, bundle_name, channels)
    _check_answer(engine, size, bundle_name)
    return engine


def _bytes_of(path: Path, bundle_name: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise _fault(bundle_name, f"its model is larger than {LARGEST_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except OSError as problem:
        raise _fault(bundle_name, f"its model cannot be read ({problem.strerror})") from problem


def _check_file(content: bytes, bundle_name: str) -> None:
    """Look at the file without running anything of it."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, TypeError) as problem:
        raise _fault(bundle_name, "its model is no ONNX file") from problem
    outside = next((t.name for t in _tensors(model) if t.data_location == onnx.TensorProto.EXTERNAL), None)
    if outside is not None:
        raise _fault(bundle_name, f"its model keeps the tensor {outside!r} in another file")
    foreign = sorted({o.domain for o in model.opset_import} - {"", "ai.onnx", "ai.onnx.ml"})
    if foreign:
        raise _fault(bundle_name, f"its model needs operators of {', '.join(foreign)}, which are not ONNX's own")


def _tensors(model: Any) -> Iterator[Any]:
    """Every tensor of a model, in nested graphs and functions too."""
    graphs, nodes = [model.graph], [n for f in model.functions for n in f.node]
    while graphs or nodes:
        if graphs:
            graph = graphs.pop()
            yield from graph.initializer
            for sparse in graph.sparse_initializer:
                yield sparse.values
                yield sparse.indices
            nodes += graph.node
            continue
        for attribute in nodes.pop().attribute:
            yield attribute.t
            yield from attribute.tensors
            graphs += [g for g in (attribute.g, *attribute.graphs) if g.ByteSize()]


def _check_answer(engine: OnnxEngine, size: tuple[int, int], bundle_name: str) -> None:
    """Run an empty image and look at what comes back."""
    try:
        outputs = engine.run(np.zeros((engine.channels, *size), dtype=np.float32))
    except DeviceError as problem:
        asked = f"(1, {engine.channels}, {size[0]}, {size[1]}) float32"
        raise _fault(bundle_name, f"its model does not run on an image of {asked} ({problem.why})") from problem
    shapes = [(1, *np.shape(output)) for output in outputs]
    is_as_asked = len(shapes) == 2 and shapes[0] == (1, 2) and len(shapes[1]) == 4 and shapes[1][:2] == (1, 2)
    if not is_as_asked or min(shapes[1]) < 1:
        told = " and ".join(str(shape) for shape in shapes) or "nothing"
        raise _fault(bundle_name, f"its model answers {told}, not logits (1, 2) and class maps (1, 2, rows, columns)")
    if any(np.asarray(output).dtype != np.float32 for output in outputs):
        raise _fault(bundle_name, "its model answers in another type than float32")
    if not all(np.isfinite(output).all() for output in outputs):
        raise _fault(bundle_name, "its model answers an empty image with numbers that are not finite")


def _fault(bundle_name: str, why: str) -> BundleError:
    return BundleError(f"The bundle {bundle_name} cannot run", why, _REMEDY)
