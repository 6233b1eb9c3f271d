"""The known shapes: names and sizes as published, maps that are Grad-CAM, folding that changes nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from _pytest.mark import ParameterSet
from torch import Tensor, nn

from overread.engines.backbones.cnn3d import VOLUME, Cnn3d
from overread.engines.backbones.densenet import DenseNet121
from overread.engines.backbones.dla import CHANNELS, HEAT_BIAS, CenterNetDla34
from overread.engines.backbones.head import full_size_counts, parameter_count
from overread.engines.backbones.inception_resnet import SMALLEST_PX, InceptionResNetV2
from overread.engines.backbones.resnet import ResNet18
from overread.engines.backbones.width import scaled
from overread.engines.torch_engine import TorchEngine, fold_batch_norm

LISTS = Path(__file__).parents[1] / "data" / "networks"
PUBLIC = {"resnet18": ResNet18, "densenet121": DenseNet121, "inception_resnet_v2": InceptionResNetV2}
NARROW: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "resnet-18": (lambda: ResNet18(0.25, 3, 2), (3, 64, 96)),
    "densenet-121": (lambda: DenseNet121(0.25, 5, 3, 0.2), (5, 64, 96)),
    "inception-resnet-v2": (lambda: InceptionResNetV2(0.125, 3, 3), (3, 139, 171)),
    "centernet-dla34": (lambda: CenterNetDla34(0.25, 2), (2, 64, 96)),
    "3d-cnn": (lambda: Cnn3d(0.125), (3, *VOLUME)),
}
CLASSIFIERS = [name for name in NARROW if name not in ("centernet-dla34", "3d-cnn")]
DEEP = ("densenet-121", "inception-resnet-v2")
Enliven = Callable[..., nn.Module]


def _deep_slow(names: Iterable[str]) -> list[ParameterSet]:
    """The names, with those of very many layers among the slow tests."""
    return [pytest.param(name, marks=[pytest.mark.slow] if name in DEEP else []) for name in names]


def _image(shape: tuple[int, ...], count: int = 2) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", PUBLIC)
def test_names_and_shapes_are_those_of_the_public_weights(name: str) -> None:
    public = json.loads((LISTS / f"{name}.json").read_text(encoding="utf-8"))
    with torch.device("meta"):
        network = PUBLIC[name](in_channels=3, classes=1000)
    assert [[key, list(t.shape)] for key, t in network.state_dict().items()] == public["state_dict"]
    assert parameter_count(network) == public["parameters"]
    assert {m.eps for m in network.modules() if isinstance(m, nn.BatchNorm2d)} == {public["bn_eps"]}


def test_the_imitated_3d_network_has_the_published_size_in_memory() -> None:
    count = full_size_counts({"3d": Cnn3d})["3d"]
    assert count == 22_726_561
    assert round(4 * count / 1e6, 2) == 90.91


@pytest.mark.parametrize("name", _deep_slow(NARROW))
def test_folding_batch_norm_leaves_the_answer_as_it_is(enliven: Enliven, name: str) -> None:
    make, shape = NARROW[name]
    network = enliven(make(), *shape)
    folded = fold_batch_norm(copy.deepcopy(network))
    with torch.inference_mode():
        for after, before in zip(folded(_image(shape)), network(_image(shape)), strict=True):
            torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4)


def _norms(network: nn.Module) -> int:
    return sum(isinstance(m, nn.BatchNorm2d | nn.BatchNorm3d) for m in network.modules())


@pytest.mark.parametrize(
    ("name", "left"),
    # in DenseNet a norm stands before its convolution: the first of each of 58 layers, three transitions and the last
    [("resnet-18", 0), ("densenet-121", 58 + 3 + 1), ("inception-resnet-v2", 0), ("centernet-dla34", 0), ("3d-cnn", 0)],
)
def test_every_batch_norm_behind_a_convolution_is_folded(name: str, left: int) -> None:
    network = NARROW[name][0]().eval()
    assert _norms(network) > left
    assert _norms(fold_batch_norm(network)) == left


@pytest.mark.parametrize("name", _deep_slow(NARROW))
def test_the_engine_gives_what_the_plain_module_gives(enliven: Enliven, name: str) -> None:
    make, shape = NARROW[name]
    network = enliven(make(), *shape)
    with torch.inference_mode():
        expected = network(_image(shape))
    for ours, theirs in zip(TorchEngine(network).run_batch(_image(shape).numpy()), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["resnet-18", "densenet-121", "centernet-dla34"])
def test_in_half_precision_the_answer_is_near_and_comes_in_float32(enliven: Enliven, name: str) -> None:
    make, shape = NARROW[name]
    network = enliven(make(), *shape)
    image = _image(shape, 1)[0].numpy()
    exact = TorchEngine(network).run(image)[0]
    rough = TorchEngine(network, precision="bfloat16").run(image)[0]
    assert rough.dtype == np.float32
    assert 0 < np.abs(rough - exact).max() < 0.1 * max(1.0, float(np.abs(exact).max()))


@pytest.mark.parametrize("name", _deep_slow(CLASSIFIERS))
def test_the_map_of_a_class_is_its_grad_cam_times_the_number_of_cells(enliven: Enliven, name: str) -> None:
    make, shape = NARROW[name]
    network = enliven(make(), *shape)
    kept: list[Tensor] = []
    handle = {
        "resnet-18": lambda: network.get_submodule("layer4"),
        "densenet-121": lambda: network.get_submodule("features"),
        "inception-resnet-v2": lambda: network.get_submodule("conv2d_7b"),
    }[name]().register_forward_hook(lambda _m, _i, out: kept.append(out))
    logits, maps, features = network(_image(shape, 1))
    handle.remove()
    for number in range(logits.shape[1]):
        (gradient,) = torch.autograd.grad(logits[0, number], kept[0], retain_graph=True)
        if name == "densenet-121":  # its last ReLU stands behind the hook
            lit = torch.relu(kept[0])
            (weight,) = torch.autograd.grad(logits[0, number], features, retain_graph=True)
            gradient = (weight / lit[0, 0].numel())[:, :, None, None].expand_as(lit)
        else:
            lit = kept[0]
        grad_cam = torch.relu((gradient.mean(dim=(2, 3), keepdim=True) * lit).sum(dim=1))
        ours = torch.relu(maps[:, number]) / maps[0, 0].numel()
        torch.testing.assert_close(ours, grad_cam, rtol=1e-4, atol=1e-6)
    last = list(network.children())[-1]
    assert isinstance(last, nn.Linear)
    torch.testing.assert_close(maps.mean(dim=(2, 3)) + last.bias, logits, rtol=1e-4, atol=1e-5)
    assert features.shape == (1, last.in_features)


@pytest.mark.parametrize("name", _deep_slow(CLASSIFIERS))
def test_every_weight_of_a_classifier_learns(name: str) -> None:
    make, shape = NARROW[name]
    network = make().train()
    logits = network(_image(shape, 4))[0]
    nn.functional.cross_entropy(logits, torch.tensor([0, 1, 1, 0])).backward()  # type: ignore[no-untyped-call]
    assert [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_detector_learns_but_for_the_outer_projections_of_two_levels() -> None:
    network = CenterNetDla34(0.25, 2).train()
    sum(answer.square().mean() for answer in network(_image((2, 64, 64)))).backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None]
    assert sorted({n.rpartition(".project.")[0] for n in idle}) == ["base.level3", "base.level4"]
    assert len(idle) == 6


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_the_detector_answers_at_a_quarter_of_the_size(channels: int) -> None:
    network = CenterNetDla34(0.25, channels).eval()
    with torch.inference_mode():
        answer = network(_image((channels, 96, 64), 1))
    assert [tuple(a.shape) for a in answer] == [(1, 1, 24, 16), (1, 2, 24, 16), (1, 2, 24, 16)]
    assert network.get_parameter("hm.2.bias").item() == pytest.approx(HEAT_BIAS)


def test_levels_of_the_trunk_halve_and_widen() -> None:
    network = CenterNetDla34(1.0, 2).eval()
    with torch.inference_mode():
        levels = network.base(_image((2, 64, 64), 1))
    assert [(t.shape[1], t.shape[2]) for t in levels] == [(c, 64 >> n) for n, c in enumerate(CHANNELS)]


def test_upward_steps_start_as_linear_interpolation() -> None:
    network = CenterNetDla34(0.25, 2)
    up = network.get_submodule("ida_up.up_1")
    weight = up.get_parameter("weight")[0, 0]
    np.testing.assert_allclose(weight.detach().numpy(), np.outer([0.25, 0.75, 0.75, 0.25], [0.25, 0.75, 0.75, 0.25]))
    with torch.no_grad():
        grown = up(torch.ones(1, len(up.get_parameter("weight")), 6, 6))
    np.testing.assert_allclose(grown[0, 0, 1:-1, 1:-1].numpy(), 1.0, rtol=1e-6)


@pytest.mark.slow
def test_inception_reads_images_from_75_pixels_and_not_one_less() -> None:
    network = InceptionResNetV2(0.125).eval()
    with torch.inference_mode():
        cells = [network(_image((3, side, side), 1))[1].shape[2] for side in (SMALLEST_PX, 160, 299)]
        assert cells == [1, 3, 8]
        with pytest.raises(RuntimeError):
            network(_image((3, SMALLEST_PX - 1, SMALLEST_PX - 1), 1))


@pytest.mark.parametrize(
    ("full", "width", "expected"),
    [(64, 1.0, 64), (64, 0.25, 16), (80, 0.25, 20), (48, 0.2, 8), (16, 0.1, 4), (3, 1, 3)],
)
def test_widths_give_multiples_of_four(full: int, width: float, expected: int) -> None:
    assert scaled(full, width) == expected


def test_a_width_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        scaled(64, 0.0)
