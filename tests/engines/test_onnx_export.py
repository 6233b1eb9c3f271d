"""Traced models give what torch gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from overread.systems.multiphase_characterisation.network import Detector, PhaseClassifier
from overread.systems.mvi_prediction.network import MviNetwork
from overread.systems.noncontrast_triage.network import TriageNetwork

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from overread.engines.onnx_engine import OnnxEngine  # noqa: E402
from overread.engines.onnx_export import exported  # noqa: E402

Enliven = Callable[..., nn.Module]


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        pytest.param(lambda: MviNetwork(0.25, 3, factors=9), (3, 96, 96), id="resnet-18"),
        pytest.param(lambda: Detector(0.125, 1), (1, 64, 96), id="centernet-dla34", marks=pytest.mark.slow),
        pytest.param(lambda: TriageNetwork(0.125, 6), (6, 139, 139), id="inception-resnet-v2", marks=pytest.mark.slow),
        pytest.param(lambda: PhaseClassifier(0.25), (5, 64, 64), id="densenet-121", marks=pytest.mark.slow),
    ],
)
def test_the_onnx_engine_gives_the_same_answer(
    enliven: Enliven, make: Callable[[], nn.Module], shape: tuple[int, int, int]
) -> None:
    network = enliven(make(), *shape)
    before = {name: t.clone() for name, t in network.state_dict().items()}
    image = torch.rand(shape, generator=torch.Generator().manual_seed(2))
    model = exported(network, shape, ("logits", "maps", "features"))
    answer = OnnxEngine(model, "ours", shape[0]).run(image.numpy())
    with torch.inference_mode():
        expected = network(image[None])
    assert len(answer) == 3
    for ours, theirs in zip(answer, expected, strict=True):
        np.testing.assert_allclose(ours, theirs[0].numpy(), rtol=1e-4, atol=1e-4)
    assert all(torch.equal(t, before[name]) for name, t in network.state_dict().items())


def test_the_model_is_one_file_of_onnxs_own_operators() -> None:
    model = onnx.load_model_from_string(exported(MviNetwork(0.125).eval(), (3, 64, 64), ("logits", "maps", "features")))
    assert {o.domain for o in model.opset_import} == {""}
    assert [o.name for o in model.graph.output] == ["logits", "maps", "features"]
    assert not [t for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    assert not [n for n in model.graph.node if n.op_type == "BatchNormalization"]
