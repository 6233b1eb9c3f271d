"""Public weights of a user's own file: what of them enters a network, and what is refused in a sentence."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from overread.core.errors import InputError
from overread.engines.backbones.dla import CenterNetDla34
from overread.engines.backbones.resnet import ResNet18
from overread.engines.initial import LARGEST_BYTES, adapted_planes, load_initial
from overread.systems.multiphase_characterisation.network import PhaseClassifier
from overread.systems.mvi_prediction.network import MviNetwork
from overread.systems.noncontrast_triage.network import TriageNetwork

LISTS = Path(__file__).parents[1] / "data" / "networks"
WHO = "The weights {} (cannot be read|do not fit the network): "


def _public(name: str) -> dict[str, Tensor]:
    """Tensors of the names and shapes of the public file, with numbers of our own."""
    entries = json.loads((LISTS / f"{name}.json").read_text(encoding="utf-8"))["state_dict"]
    source = torch.Generator().manual_seed(3)
    return {key: torch.rand(shape, generator=source) for key, shape in entries}


@pytest.fixture(scope="module")
def resnet() -> dict[str, Tensor]:
    return _public("resnet18")


@pytest.mark.parametrize("ending", ["safetensors", "pth", "pt"])
def test_resnet_weights_enter_but_for_the_last_layer(tmp_path: Path, resnet: dict[str, Tensor], ending: str) -> None:
    path = tmp_path / f"resnet18.{ending}"
    (save_file if ending == "safetensors" else torch.save)(resnet, path)
    network = MviNetwork(factors=9)
    before = network.fc.weight.detach().clone()
    found = load_initial(network, path)
    assert (len(found.loaded), len(found.adapted)) == (100, 0)
    assert found.missing == ("fc.weight", "fc.bias", "branch.weight", "branch.bias")
    assert set(found.unexpected) == {"fc.weight", "fc.bias"}
    assert torch.equal(network.fc.weight, before)
    own = network.state_dict()
    assert all(torch.equal(own[name], resnet[name]) for name in found.loaded)
    assert found.sentence() == ("100 tensors loaded, 0 adapted, 4 left at their random start, 2 of the file not used")


def test_densenet_weights_under_their_old_names_enter_five_planes(tmp_path: Path) -> None:
    public = _public("densenet121")
    old = {
        name.replace("norm1", "norm.1").replace("norm2", "norm.2").replace("conv1", "conv.1").replace("conv2", "conv.2")
        if "denselayer" in name
        else name: tensor
        for name, tensor in public.items()
        if not name.endswith("num_batches_tracked")
    }
    assert set(old) != set(public)
    torch.save(old, tmp_path / "old.pth")
    network = PhaseClassifier()
    found = load_initial(network, tmp_path / "old.pth")
    assert found.adapted == ("features.conv0.weight",)
    first = public["features.conv0.weight"]
    weight = network.get_parameter("features.conv0.weight").detach()
    for plane, taken in enumerate((0, 1, 2, 0, 1)):
        torch.testing.assert_close(weight[:, plane], first[:, taken] * 3 / 5)
    inner = "features.denseblock4.denselayer16.conv2.weight"
    assert torch.equal(network.get_parameter(inner), public[inner])
    assert len(found.loaded) == 727 - 121 - 1 - 2  # without 121 counters, the first and the last layer


@pytest.mark.slow
@pytest.mark.parametrize("last", ["classif", "last_linear"])
def test_inception_weights_enter_six_planes_under_either_name_of_the_last_layer(tmp_path: Path, last: str) -> None:
    public = {name.replace("classif", last): tensor for name, tensor in _public("inception_resnet_v2").items()}
    save_file(public, tmp_path / "inception.safetensors")
    network = TriageNetwork(in_channels=6)
    found = load_initial(network, tmp_path / "inception.safetensors")
    assert found.adapted == ("conv2d_1a.conv.weight",)
    assert set(found.unexpected) == {f"{last}.weight", f"{last}.bias"}
    weight = network.conv2d_1a.conv.weight.detach()
    torch.testing.assert_close(weight[:, 3:], weight[:, :3])


@pytest.mark.parametrize("planes", [1, 2, 3, 5, 6])
def test_a_grey_image_passes_an_adapted_layer_as_its_copies_did_before(planes: int) -> None:
    weight = torch.rand(4, 3, 7, 7, generator=torch.Generator().manual_seed(planes))
    weight[:, 1:] = weight[:, :1]
    image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(9))
    before = nn.functional.conv2d(image.expand(-1, 3, -1, -1), weight)
    after = nn.functional.conv2d(image.expand(-1, planes, -1, -1), adapted_planes(weight, planes))
    torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wrapped", ["state_dict", "model"])
def test_a_training_checkpoint_with_tensors_alone_is_read(
    tmp_path: Path, resnet: dict[str, Tensor], wrapped: str
) -> None:
    torch.save({wrapped: {f"module.{k}": t for k, t in resnet.items()}, "epoch": 90}, tmp_path / "w.pth")
    assert len(load_initial(ResNet18(), tmp_path / "w.pth").loaded) == 100


class Harmful:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def _web_page(path: Path, _good: dict[str, Tensor]) -> None:
    path.write_text("\n<!DOCTYPE html><html>Not found</html>", encoding="utf-8")


def _cut_pth(path: Path, good: dict[str, Tensor]) -> None:
    torch.save(good, path)
    path.write_bytes(path.read_bytes()[:100_000])


def _cut_safetensors(path: Path, good: dict[str, Tensor]) -> None:
    save_file(good, path)
    path.write_bytes(path.read_bytes()[:100_000])


def _whole_module(path: Path, _good: dict[str, Tensor]) -> None:
    torch.save(ResNet18(0.125), path)


def _harmful(path: Path, _good: dict[str, Tensor]) -> None:
    path.write_bytes(pickle.dumps({"conv1.weight": Harmful(path.with_name("harm-done"))}))


def _harmful_inside(path: Path, _good: dict[str, Tensor]) -> None:
    torch.save({"conv1.weight": Harmful(path.with_name("harm-done"))}, path)


def _numbers(path: Path, _good: dict[str, Tensor]) -> None:
    torch.save({"conv1.weight": 3}, path)


def _sparse(path: Path, good: dict[str, Tensor]) -> None:
    torch.save({**good, "conv1.weight": good["conv1.weight"].to_sparse()}, path)


def _without_memory(path: Path, good: dict[str, Tensor]) -> None:
    torch.save({**good, "conv1.weight": good["conv1.weight"].to("meta")}, path)


def _list(path: Path, good: dict[str, Tensor]) -> None:
    torch.save(list(good.values()), path)


def _empty(path: Path, _good: dict[str, Tensor]) -> None:
    path.write_bytes(b"")


def _noise(path: Path, _good: dict[str, Tensor]) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def _folder(path: Path, _good: dict[str, Tensor]) -> None:
    path.mkdir()


def _nothing(path: Path, _good: dict[str, Tensor]) -> None:
    assert not path.exists()


def _huge(path: Path, _good: dict[str, Tensor]) -> None:
    with path.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (_web_page, "w.pth", "it is a web page, not weights"),
        (_web_page, "w.safetensors", "it is a web page, not weights"),
        (_cut_pth, "w.pth", "it is damaged, cut short or no torch file"),
        (_cut_safetensors, "w.safetensors", "it is damaged, cut short or no safetensors file"),
        (_whole_module, "w.pth", "it holds more than tensors, or is no torch file"),
        (_harmful, "w.pth", "it holds more than tensors, or is no torch file"),
        (_harmful_inside, "w.pt", "it holds more than tensors, or is no torch file"),
        (_numbers, "w.pth", "it holds something else than named tensors"),
        (_sparse, "w.pth", "it holds something else than named tensors"),
        (_without_memory, "w.pth", "it holds something else than named tensors"),
        (_list, "w.pth", "it holds something else than named tensors"),
        (_empty, "w.pth", "(it is damaged, cut short|it holds more than tensors)"),
        (_empty, "w.safetensors", "it is damaged, cut short"),
        (_noise, "w.pth", "(it is damaged, cut short|it holds more than tensors)"),
        (_folder, "w.pth", "it is no file"),
        (_nothing, "w.pth", "No such file"),
        (_huge, "w.pth", "it is larger than 1000 MB"),
    ],
)
def test_a_file_that_is_no_such_weights_is_refused_in_a_sentence(
    tmp_path: Path,
    resnet: dict[str, Tensor],
    make: Callable[[Path, dict[str, Tensor]], None],
    name: str,
    words: str,
) -> None:
    make(tmp_path / name, resnet)
    with pytest.raises(InputError, match=WHO.format(name) + words):
        load_initial(ResNet18(0.125), tmp_path / name)
    assert not (tmp_path / "harm-done").exists()


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (lambda: PhaseClassifier(0.25), r"it has no tensor 'features\.conv0\.weight'.*torchvision's .* DenseNet-121"),
        (
            lambda: ResNet18(0.25),
            r"'conv1\.weight' is \[64, 3, 7, 7\] where the network has \[16, .* width 1, the only",
        ),
    ],
)
def test_weights_of_another_network_or_width_are_refused_and_change_nothing(
    tmp_path: Path, resnet: dict[str, Tensor], network: Callable[[], nn.Module], words: str
) -> None:
    save_file(resnet, tmp_path / "w.safetensors")
    made = network()
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    with pytest.raises(InputError, match=words):
        load_initial(made, tmp_path / "w.safetensors")
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())


def test_weights_of_a_deeper_network_are_told_by_what_they_also_hold(tmp_path: Path, resnet: dict[str, Tensor]) -> None:
    save_file({**resnet, "layer1.2.conv1.weight": torch.zeros(64, 64, 3, 3)}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"it also holds 'layer1\.2\.conv1\.weight'"):
        load_initial(ResNet18(), tmp_path / "w.safetensors")


def test_numbers_that_are_none_are_refused(tmp_path: Path, resnet: dict[str, Tensor]) -> None:
    bad = resnet["layer3.0.bn1.bias"].clone()
    bad[5] = float("nan")
    save_file({**resnet, "layer3.0.bn1.bias": bad}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"'layer3\.0\.bn1\.bias' holds numbers that are not finite"):
        load_initial(ResNet18(), tmp_path / "w.safetensors")


def test_no_public_weights_are_known_for_the_detector(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no public weights"):
        load_initial(CenterNetDla34(0.25), tmp_path / "w.pth")
