"""ResNet-18 with and without the clinical branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from overread.core.errors import BundleError
from overread.engines.backbones.head import parameter_count
from overread.engines.weights import with_weights
from overread.systems.mvi_prediction.network import MviNetwork, network_from

TABLE = {"name": "resnet-18", "width": 0.25, "in_channels": 3, "factors": 9}


@pytest.mark.parametrize(
    ("channels", "factors", "count"),
    [
        (3, 0, 11_177_538), (1, 0, 11_171_266), (3, 9, 11_177_646),
        (1, 9, 11_171_374), (3, 8, 11_177_637), (3, 7, 11_177_628),
    ],
)  # fmt: skip
def test_it_has_the_published_number_of_parameters(channels: int, factors: int, count: int) -> None:
    with torch.device("meta"):
        assert parameter_count(MviNetwork(1.0, channels, factors)) == count


def test_one_channel_takes_the_memory_that_the_paper_prints() -> None:
    with torch.device("meta"):
        assert round(4 * parameter_count(MviNetwork(in_channels=1)) / 1e6, 2) == 44.69


def test_full_size_runs_once_on_a_slice() -> None:
    network = MviNetwork(factors=9).eval()
    with torch.inference_mode():
        logits, maps, features = network(torch.rand(1, 3, 256, 256), torch.rand(1, 9))
    assert (logits.shape, maps.shape, features.shape) == ((1, 2), (1, 2, 8, 8), (1, 512))


def _random(factors: int = 9) -> MviNetwork:
    torch.manual_seed(4)
    return MviNetwork(0.25, 3, factors).eval()


def test_the_facts_share_is_added_without_another_pass() -> None:
    network = _random()
    image, facts = torch.rand(3, 3, 64, 64), torch.rand(3, 9)
    with torch.inference_mode():
        together, alone = network(image, facts)[0], network(image)[0]
    share = network.factor_branch().logits(facts.numpy().astype(np.float64))
    assert np.abs(share).max() > 0
    np.testing.assert_allclose(alone.numpy() + share, together.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(network.factor_branch().logits(facts[0].numpy().astype(np.float64)), share[0])


def test_the_facts_change_no_map_and_no_feature() -> None:
    network = _random()
    image = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        for with_facts, without in zip(network(image, torch.rand(1, 9))[1:], network(image)[1:], strict=True):
            assert torch.equal(with_facts, without)


def test_a_network_without_facts_has_no_branch_to_give() -> None:
    with pytest.raises(ValueError, match="no clinical facts"):
        _random(0).factor_branch()


def test_half_precision_weights_come_back_from_a_bundles_file(tmp_path: Path) -> None:
    network = _random()
    path = tmp_path / "weights.safetensors"
    save_file({n: t.half() for n, t in network.state_dict().items() if not n.endswith("tracked")}, path)
    again = with_weights(network_from({**TABLE, "parameters": parameter_count(network)}, "ours"), path, "ours")
    for name, tensor in again.named_parameters():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, network.get_parameter(name), rtol=1e-3, atol=1e-4)
    assert not again.training


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "resnet-50"}, "its name is 'resnet-50'"),
        ({"name": None}, "its name is None"),
        ({"width": 0.5}, "its weights do not fit"),
        ({"width": 0}, "its width is 0"),
        ({"width": 1e9}, r"its width is 1e\+09"),
        ({"width": "wide"}, "not one this version knows"),
        ({"in_channels": 2}, "its in_channels is 2"),
        ({"factors": 3}, "its factors is 3"),
        ({"factors": 0}, "its weights do not fit"),
        ({"parameters": 5}, "has 702,462 parameters where the manifest says 5"),
    ],
)
def test_a_manifest_that_does_not_go_with_the_weights_is_refused_in_words(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(_random().state_dict(), path)
    with pytest.raises(BundleError, match=f"The bundle ours cannot run: .*{words}"):
        with_weights(network_from({**TABLE, **change}, "ours"), path, "ours")


def test_a_table_without_planes_says_what_is_missing() -> None:
    with pytest.raises(BundleError, match="'in_channels' is missing"):
        network_from({"name": "resnet-18"}, "ours")


def test_a_file_that_is_no_safetensors_file_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(BundleError, match="its weights do not fit its network"):
        with_weights(network_from(TABLE, "ours"), path, "ours")
