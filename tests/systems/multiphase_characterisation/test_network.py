"""Five detectors and a classifier, and the one file that holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from overread.core.errors import BundleError
from overread.engines.backbones.head import parameter_count
from overread.systems.multiphase_characterisation.network import Detector, PhaseClassifier, detector_prefix, networks_of

ROLES = {"t2": 1, "t1-pre": 2, "t1-arterial": 2, "t1-portal": 2, "dwi": 2}
WIDTH = 0.0625


@pytest.mark.parametrize(("channels", "count"), [(2, 19_015_077), (1, 19_014_293), (3, 19_015_861)])
def test_a_detector_has_the_published_number_of_parameters(channels: int, count: int) -> None:
    with torch.device("meta"):
        assert parameter_count(Detector(1.0, channels)) == count


def test_the_trunk_alone_has_the_number_of_the_public_one_and_what_it_never_uses() -> None:
    with torch.device("meta"):
        base = Detector(1.0, 3).base
    idle = sum(p.numel() for level in ("level3", "level4") for p in base.get_submodule(f"{level}.project").parameters())
    assert (parameter_count(base), parameter_count(base) - idle) == (15_270_832, 15_229_104)


def test_the_classifier_has_the_published_number_of_parameters() -> None:
    with torch.device("meta"):
        assert parameter_count(PhaseClassifier()) == 6_963_203


def test_full_size_runs_once_on_a_region() -> None:
    network = PhaseClassifier().eval()
    with torch.inference_mode():
        logits, maps, features = network(torch.rand(1, 5, 128, 128))
    assert (logits.shape, maps.shape, features.shape) == ((1, 3), (1, 3, 4, 4), (1, 1024))


@pytest.mark.slow
def test_full_size_runs_once_on_a_slice() -> None:
    network = Detector().eval()
    with torch.inference_mode():
        answer = network(torch.rand(1, 2, 512, 512))
    assert [tuple(a.shape) for a in answer] == [(1, 1, 128, 128), (1, 2, 128, 128), (1, 2, 128, 128)]


def _bundle(path: Path) -> tuple[dict[str, Any], PhaseClassifier, dict[str, Detector]]:
    """A manifest and its one file of weights, written."""
    classifier = PhaseClassifier(WIDTH).eval()
    detectors = {role: Detector(WIDTH, planes).eval() for role, planes in ROLES.items()}
    tensors = {f"classifier.{name}": t for name, t in classifier.state_dict().items()}
    for role, detector in detectors.items():
        tensors |= {f"detector.{role}.{name}": t for name, t in detector.state_dict().items()}
    save_file(tensors, path)
    manifest = {
        "network": {"name": "densenet-121", "width": WIDTH, "parameters": parameter_count(classifier)},
        "detectors": {
            "name": "centernet-dla34",
            "width": WIDTH,
            "in_channels": dict(ROLES),
            "parameters": {role: parameter_count(d) for role, d in detectors.items()},
        },
    }
    return manifest, classifier, detectors


def test_all_networks_come_back_from_the_one_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    manifest, classifier, detectors = _bundle(path)
    found = networks_of(manifest, path, "ours")
    region = torch.rand(1, 5, 64, 64)
    with torch.inference_mode():
        assert torch.equal(found.classifier(region)[0], classifier(region)[0])
        for role, planes in ROLES.items():
            image = torch.rand(1, planes, 64, 64)
            assert torch.equal(found.detectors[role](image)[0], detectors[role](image)[0])
    assert list(found.detectors) == list(ROLES)
    assert detector_prefix("dwi") == "detector.dwi."


def test_what_does_not_go_together_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    manifest, _, _ = _bundle(path)

    def refusal(**changes: Any) -> str:
        with pytest.raises(BundleError) as refused:
            networks_of({**manifest, **changes}, path, "ours")
        return str(refused.value)

    detectors = manifest["detectors"]
    without_dwi = {role: planes for role, planes in ROLES.items() if role != "dwi"}
    assert "'detector.dwi." in refusal(detectors={**detectors, "in_channels": without_dwi})
    assert "do not fit" in refusal(detectors={**detectors, "in_channels": {**ROLES, "adc": 2}})
    assert "parameters where the manifest says" in refusal(detectors={**detectors, "in_channels": {**ROLES, "t2": 2}})
    assert "its in_channels is 3" in refusal(detectors={**detectors, "in_channels": {**ROLES, "t2": 3}})
    assert "which series its detectors read" in refusal(detectors={})
    assert "its name is 'hourglass'" in refusal(detectors={**detectors, "name": "hourglass"})
    assert "its classes is 2" in refusal(network={**manifest["network"], "classes": 2})
