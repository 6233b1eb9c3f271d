"""KIM-11 as an ONNX model, written node by node: what is exported is exactly what is known, and nothing traces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.systems.hbp_detection.prepare import SIZE

if TYPE_CHECKING:
    from overread.systems.hbp_detection.network import Kim11

WRITTEN_AS = "kim-11/1"
"""Changes with what is written here, so that models compiled by an earlier version are made anew."""
_OPSET, _IR_VERSION = 17, 8


def as_onnx(network: Kim11) -> bytes:
    """The network's file: ``image`` (1, channels, 320, 320) gives ``logits`` (1, 2) and ``maps`` (1, 2, 20, 20).

    Batch norm is folded; the padding of the even kernels is the convolutions' own, which ONNX lets be one-sided.
    """
    from onnx import TensorProto, helper

    network = network.folded()
    graph = _Graph()
    at = "image"
    for layer in network.layers():
        at = graph.add(
            "Conv", at, graph.constant(layer.weight), graph.constant(layer.bias),
            kernel_shape=[2, 2], pads=[0, 0, 1, 1] if layer.pads_at_end else [1, 1, 0, 0],
        )  # fmt: skip
        at = graph.add("Relu", at)
        if layer.is_pooled:
            at = graph.add("MaxPool", at, kernel_shape=[2, 2], strides=[2, 2])
    weight, bias = (p.detach().numpy() for p in (network.classifier.weight, network.classifier.bias))
    maps = graph.add("Conv", at, graph.constant(weight[:, :, None, None]), kernel_shape=[1, 1], name="maps")
    if network.pooling == "gap":
        mean = graph.add("ReduceMean", maps, axes=[2, 3], keepdims=0)
        graph.add("Add", mean, graph.constant(bias[None]), name="logits")
    else:
        _log_mean_exp(graph, maps, float(bias[1] - bias[0]))
    channels = next(iter(network.layers())).weight.shape[1]
    made = helper.make_graph(
        graph.nodes,
        "kim-11",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, channels, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2]),
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, 2, None, None]),
        ],
        graph.constants,
    )
    opset = [helper.make_opsetid("", _OPSET)]
    model = helper.make_model(made, producer_name="overread", opset_imports=opset, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def _log_mean_exp(graph: _Graph, maps: str, bias: float) -> None:
    """Logits (0, d) with d = (1/r) log mean exp(r M) + bias, the largest cell taken out before the exponential."""
    from overread.systems.hbp_detection.network import LSE_SHARPNESS

    signs = np.array([-1.0, 1.0], dtype=np.float32).reshape(1, 2, 1, 1)
    signed = graph.add("Mul", maps, graph.constant(signs))
    difference = graph.add("ReduceSum", signed, graph.constant(np.array([1], dtype=np.int64)), keepdims=1)
    sharp = graph.add("Mul", difference, graph.scalar(LSE_SHARPNESS))
    top = graph.add("ReduceMax", sharp, axes=[2, 3], keepdims=1)
    mean = graph.add("ReduceMean", graph.add("Exp", graph.add("Sub", sharp, top)), axes=[2, 3], keepdims=1)
    soft = graph.add("Mul", graph.add("Add", graph.add("Log", mean), top), graph.scalar(1 / LSE_SHARPNESS))
    logit = graph.add("Reshape", soft, graph.constant(np.array([1, 1], dtype=np.int64)))
    logit = graph.add("Add", logit, graph.scalar(bias))
    zero = graph.constant(np.zeros((1, 1), dtype=np.float32))
    graph.add("Concat", zero, logit, axis=1, name="logits")


class _Graph:
    """Nodes and constants as they come, each named by its number."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        output = name or f"{operator.lower()}-{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"constant-{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def scalar(self, value: float) -> str:
        return self.constant(np.array(value, dtype=np.float32))
