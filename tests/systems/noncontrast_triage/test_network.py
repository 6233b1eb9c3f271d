"""Inception-ResNet V2 for three or six series."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from overread.core.errors import BundleError
from overread.engines.backbones.head import parameter_count
from overread.engines.weights import with_weights
from overread.systems.noncontrast_triage.network import TriageNetwork, network_from


@pytest.mark.parametrize(
    ("channels", "classes", "count"),
    [(6, 3, 54_311_939), (3, 2, 54_309_538)],
)
def test_it_has_the_published_number_of_parameters(channels: int, classes: int, count: int) -> None:
    with torch.device("meta"):
        assert parameter_count(TriageNetwork(1.0, channels, classes)) == count


@pytest.mark.slow
@pytest.mark.parametrize("channels", [3, 6])
def test_full_size_runs_once_on_a_region(channels: int) -> None:
    network = TriageNetwork(in_channels=channels).eval()
    with torch.inference_mode():
        logits, maps, features = network(torch.rand(1, channels, 299, 299))
    assert (logits.shape, maps.shape, features.shape) == ((1, 3), (1, 3, 8, 8), (1, 1536))


def test_weights_come_back_from_a_bundles_file_and_fit_no_other_variant(tmp_path: Path) -> None:
    network = TriageNetwork(0.125, 6).eval()
    path = tmp_path / "weights.safetensors"
    save_file(network.state_dict(), path)
    table = {"name": "inception-resnet-v2", "width": 0.125, "in_channels": 6, "parameters": parameter_count(network)}
    again = with_weights(network_from(table, "ours"), path, "ours")
    image = torch.rand(1, 6, 96, 96)
    with torch.inference_mode():
        assert torch.equal(again(image)[0], network(image)[0])
    with pytest.raises(BundleError, match="its weights do not fit its network"):
        with_weights(network_from({**table, "in_channels": 3, "parameters": None}, "ours"), path, "ours")
    with pytest.raises(BundleError, match="its classes is 4"):
        network_from({**table, "classes": 4}, "ours")
