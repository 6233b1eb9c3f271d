"""A recipe's network: the product's own, a variant of it, or one of another kind."""

from __future__ import annotations

import torch
from torch import nn

from overread.systems.hbp_detection.network import Kim11
from overread.training.recipe import NetworkRecipe

FIRST_WEIGHTS = 0.3
"""The last layer's weights are made so much smaller under log-sum-exp, whose first maps are loud otherwise."""


def build_network(recipe: NetworkRecipe) -> nn.Module:
    """The network of a recipe, freshly initialised from torch's random state.

    Its output is a pair: logits (n, 2), and class maps (n, 2, cells, cells) or, where it has none, None.
    """
    if recipe.name != "kim-11":
        return build_other(recipe.name)
    if recipe.is_product:
        network: nn.Module = Kim11(recipe.layout, recipe.pooling, width_divisor=recipe.width_divisor)
    else:
        from overread.training.networks.kim_variant import KimVariant

        network = KimVariant(recipe)
    if recipe.pooling == "lse":
        with torch.no_grad():
            network.classifier.weight.mul_(FIRST_WEIGHTS)  # type: ignore[operator, union-attr]
    return network


def build_other(name: str, in_channels: int = 3) -> nn.Module:
    """A network to compare with, its convolutions and dense layers initialised as He 2015 would."""
    from overread.training.networks.others import alexnet, inception_resnet_v2, resnet_50, vgg_16

    makers = {
        "resnet-50": resnet_50,
        "vgg-16": vgg_16,
        "alexnet": alexnet,
        "inception-resnet-v2": inception_resnet_v2,
    }
    network = makers[name](in_channels)
    last = [m for m in network.modules() if isinstance(m, nn.Linear)][-1]
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and module is not last:
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def parameter_count(recipe: NetworkRecipe) -> int:
    """Number of trainable parameters, counted without giving them memory."""
    with torch.device("meta"):
        network = build_network(recipe)
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
