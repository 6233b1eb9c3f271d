"""KIM-11: its size, its map, and where its cells look."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from overread.systems.hbp_detection.network import CELL_PX, LAYOUTS, Kim11, SidePadding, as_one_channel

SLICES = 50


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("pooling", ["gap", "lse"])
def test_it_has_the_published_number_of_parameters(layout: str, pooling: str) -> None:
    assert Kim11(layout, pooling).parameter_count() == 1_077_186


def _trained_looking(pooling: str, seed: int) -> Kim11:
    """A network with random weights and batch norm statistics from data, so that all layers are alive."""
    torch.manual_seed(seed)
    network = Kim11("early-pool", pooling, width_divisor=4)
    with torch.no_grad():
        network.classifier.weight.normal_(0, 1)
        network.classifier.bias.normal_(0, 0.5)
        network.train()
        for _ in range(3):
            network(torch.rand(4, 3, 96, 96))
    return network.eval()


@pytest.mark.parametrize("pooling", ["gap", "lse"])
def test_the_one_pass_map_is_autograds_grad_cam_of_the_logit_difference(pooling: str) -> None:
    network = _trained_looking(pooling, 1)
    worst = 0.0
    for n in range(SLICES):
        image = torch.rand(1, 3, 320, 320, generator=torch.Generator().manual_seed(n))
        kept: list[Tensor] = []
        handle = network.features.register_forward_hook(lambda _m, _i, out, kept=kept: kept.append(out))
        logits, maps = network(image)
        handle.remove()
        (gradient,) = torch.autograd.grad(logits[0, 1] - logits[0, 0], kept[0])
        grad_cam = torch.relu((gradient.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1))[0]
        ours = torch.relu(maps[0, 1] - maps[0, 0]) / maps[0, 0].numel()  # the known factor: one over 400 cells
        assert float(ours.detach().max()) > 0
        worst = max(worst, float((grad_cam - ours).detach().abs().max() / ours.detach().max()))
    assert worst < 1e-5


def test_with_average_pooling_the_mean_of_the_map_and_the_bias_are_the_logit() -> None:
    network = _trained_looking("gap", 2)
    logits, maps = network(torch.rand(3, 3, 320, 320))
    bias = network.classifier.bias
    expected = (maps[:, 1] - maps[:, 0]).mean(dim=(1, 2)) + bias[1] - bias[0]
    torch.testing.assert_close(logits[:, 1] - logits[:, 0], expected, rtol=1e-5, atol=1e-5)


def test_one_input_channel_gives_the_same_answer_as_three_equal_ones() -> None:
    network = _trained_looking("lse", 3)
    image = torch.rand(2, 1, 96, 96)
    three = network(image.expand(-1, 3, -1, -1))
    one = as_one_channel(network)(image)
    for a, b in zip(one, three, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_padding_sides_alternate_from_layer_to_layer() -> None:
    sides = [m._pad for m in Kim11().features if isinstance(m, SidePadding)]
    assert sides == [(0, 1, 0, 1) if n % 2 == 0 else (1, 0, 1, 0) for n in range(11)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_untrained_cell_looks_at_its_own_place(layout: str) -> None:
    """With positive weights the field's centre follows from the paddings alone: 0.5 px (PARAMS A4)."""
    network = Kim11(layout, "gap", in_channels=1, width_divisor=8).eval()
    with torch.no_grad():
        for layer in network.features:
            if isinstance(layer, nn.Conv2d):
                layer.weight.fill_(1 / layer.weight[0].numel())
        network.classifier.weight.copy_(torch.tensor([[0.0], [1.0]]).expand(2, network.classifier.in_features))
    image = (1 + 1e-3 * torch.rand(1, 1, 320, 320, generator=torch.Generator().manual_seed(0))).requires_grad_(True)
    _, maps = network(image)
    (gradient,) = torch.autograd.grad(maps[0, 1, 9, 12], image)
    weight = gradient[0, 0].double().numpy()
    centre = (
        np.array([(weight.sum(axis=1) * np.arange(320)).sum(), (weight.sum(axis=0) * np.arange(320)).sum()])
        / weight.sum()
    )
    nominal = np.array([9, 12]) * CELL_PX + (CELL_PX - 1) / 2
    # max pooling picks one of four equal pixels at random, which scatters the centre by a few pixels
    assert np.abs(centre - nominal).max() < 6
