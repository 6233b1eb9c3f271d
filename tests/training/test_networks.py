"""Parameter counts of the paper and of PARAMS A2 and A6, and what the variants have in common with KIM-11."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from overread.systems.hbp_detection.network import Kim11
from overread.training.networks.build import build_network, build_other, parameter_count
from overread.training.networks.kim_variant import KimVariant
from overread.training.recipe import NetworkRecipe

OURS = NetworkRecipe("early-pool", "lse")


@pytest.mark.parametrize(
    ("name", "three_channels", "one_channel"),
    [
        ("resnet-50", 23_512_130, 23_505_858),
        ("vgg-16", 241_223_490, 241_222_338),
        ("alexnet", 43_768_122, 43_744_890),
        ("inception-resnet-v2", 54_309_538, 54_308_962),
    ],
)
def test_networks_to_compare_with_have_the_counts_of_the_paper(
    name: str, three_channels: int, one_channel: int
) -> None:
    with torch.device("meta"):  # no memory, no time
        networks = [build_other(name, channels) for channels in (3, 1)]
        logits, maps = networks[0].eval()(torch.empty(2, 3, 320, 320))
    assert [sum(p.numel() for p in n.parameters()) for n in networks] == [three_channels, one_channel]
    assert logits.shape == (2, 2)
    assert maps is None


@pytest.mark.parametrize("layout", ["plain", "early-pool"])
def test_kim_11_has_1_077_186_parameters(layout: str) -> None:
    assert parameter_count(NetworkRecipe(layout, "gap")) == 1_077_186


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"kernel": 3}, 2_419_106),
        ({"kernel": 7}, 13_154_466),
        ({"activation": "prelu"}, 1_077_197),  # a slope a layer
        ({"batch_norm": False}, 1_075_618),  # a bias in place of scale and shift
        ({"dropout": 0.1}, 1_077_186),
    ],
)
def test_variants_have_the_counts_that_follow(changes: dict[str, object], count: int) -> None:
    assert parameter_count(dataclasses.replace(OURS, **changes)) == count


def test_a_variant_that_varies_nothing_is_the_products_network() -> None:
    assert type(build_network(OURS)) is Kim11
    torch.manual_seed(0)
    recipe = dataclasses.replace(OURS, width_divisor=8)
    product, variant = build_network(recipe).eval(), KimVariant(recipe).eval()
    variant.load_state_dict(product.state_dict())
    x = torch.rand(2, 3, 96, 96)
    for ours, theirs in zip(product(x), variant(x), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kernel", range(2, 8))
def test_every_kernel_keeps_the_size_of_the_map(kernel: int) -> None:
    recipe = dataclasses.replace(OURS, kernel=kernel, width_divisor=16)
    _, maps = build_network(recipe).eval()(torch.rand(1, 3, 96, 96))
    assert maps.shape == (1, 2, 6, 6)


def test_dropout_sleeps_when_the_network_is_asked_and_not_when_it_learns() -> None:
    network = build_network(dataclasses.replace(OURS, dropout=0.5, width_divisor=8))
    x = torch.rand(2, 3, 96, 96)
    assert torch.equal(network.eval()(x)[0], network(x)[0])
    network.train()
    assert not torch.equal(network(x)[0], network(x)[0])


def test_a_small_network_to_compare_with_learns_from_its_gradient() -> None:
    network = build_other("resnet-50")
    logits, _ = network(torch.rand(2, 3, 64, 64))
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])).backward()  # type: ignore[no-untyped-call]
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert missing == []
