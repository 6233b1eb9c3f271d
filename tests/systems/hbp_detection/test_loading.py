"""The bundle's network as an engine: the same answer from every engine, compiled once, precise or refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from overread.core.errors import DeviceError, InputError
from overread.core.geometry import Grid
from overread.engines import choice
from overread.engines.agreement import (
    LARGEST_FLOAT32_DIFFERENCE,
    LARGEST_SCORE_DIFFERENCE,
    check_precision,
    largest_differences,
)
from overread.engines.choice import onnx_is_installed
from overread.engines.devices import Device, computes_bfloat16
from overread.engines.torch_engine import TorchEngine
from overread.io.places import user_places
from overread.phantom import draw_patient
from overread.systems import find_bundle, load_bundle
from overread.systems.hbp_detection import loading
from overread.systems.hbp_detection.check_images import check_images
from overread.systems.hbp_detection.loading import build_engine, load, score_of
from overread.systems.hbp_detection.measure import truth_of
from overread.systems.hbp_detection.network import LAYOUTS, Kim11, ReadyKim11
from overread.systems.hbp_detection.prepare import plan
from overread.systems.intensities import body_range_of

needs_onnx = pytest.mark.skipif(not onnx_is_installed(), reason="the extra overread[onnx] is not installed")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("pooling", ["gap", "lse"])
def test_arranged_for_speed_the_network_is_the_same_function(layout: str, pooling: str) -> None:
    torch.manual_seed(7)
    network = Kim11(layout, pooling, 1, width_divisor=8)
    with torch.no_grad():
        network.classifier.weight.normal_(0, 1)
        network.train()
        network(torch.rand(4, 1, 96, 96))
        network.eval()
        image = torch.rand(2, 1, 96, 160)
        expected = network(image)
        found = ReadyKim11(network)(image)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)  # folding the batch norm rounds


@needs_onnx
@pytest.mark.parametrize("pooling", ["gap", "lse"])
def test_onnx_runtime_gives_what_torch_gives(pooling: str, small_bundle: Path) -> None:
    manifest = small_bundle / "manifest.toml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('pooling = "lse"', f'pooling = "{pooling}"'), encoding="utf-8")
    bundle = load_bundle(small_bundle)
    one, other = (build_engine(bundle, "cpu", engine) for engine in ("torch", "onnx"))
    found = largest_differences(one, other, [image[None] for image in check_images()], score_of)
    assert found.images == 12
    assert max(found.logit, found.score, found.map) < 1e-4


@needs_onnx
def test_the_network_is_converted_once_and_again_when_the_copy_is_damaged(small_bundle: Path) -> None:
    bundle = load_bundle(small_bundle)
    build_engine(bundle, "cpu", "onnx")
    (kept,) = (user_places().cache / "compiled").iterdir()
    written = kept.read_bytes()
    os.utime(kept, ns=(0, 0))
    build_engine(bundle, "cpu", "onnx")
    assert kept.read_bytes() == written
    kept.write_bytes(written[:-100])
    image = check_images()[0][None]
    outputs = build_engine(bundle, "cpu", "onnx").run(image)
    assert kept.read_bytes() == written
    np.testing.assert_allclose(outputs[1], build_engine(bundle, "cpu", "torch").run(image)[1], atol=1e-4)


def test_an_engine_that_does_not_exist_is_refused(small_bundle: Path) -> None:
    with pytest.raises(InputError, match="the choices are auto, torch, onnx"):
        build_engine(load_bundle(small_bundle), "cpu", "abacus")


class _Coarse(nn.Module):
    """Rounds its input to so many steps before it looks."""

    def __init__(self, network: nn.Module, steps: int) -> None:
        super().__init__()
        self.network, self.steps = network, steps

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.network((x * self.steps).round() / self.steps)


def test_arithmetic_that_changes_a_score_is_refused_with_how_much(small_bundle: Path) -> None:
    bundle = load_bundle(small_bundle)
    network = loading_network(bundle)
    exact, coarse = TorchEngine(network), TorchEngine(_Coarse(network, 2))
    images = [image[None] for image in check_images()]
    with pytest.raises(DeviceError, match=r"on 12 check images a score is off by 0\.\d+, and less than 0\.01"):
        check_precision(exact, coarse, images, score_of)
    assert check_precision(exact, exact, images, score_of).score == 0


def loading_network(bundle: object) -> ReadyKim11:
    from overread.systems.hbp_detection.network import network_of

    return ReadyKim11(network_of(bundle.manifest["network"], 3, bundle.weights_path, "tiny"))  # type: ignore[attr-defined]


@pytest.mark.skipif(not computes_bfloat16("cpu"), reason="this processor has no bfloat16 of its own")
def test_bfloat16_is_used_or_refused_by_what_it_does_to_the_scores(small_bundle: Path) -> None:
    bundle = load_bundle(small_bundle)
    exact = build_engine(bundle, "cpu", "torch")
    lower = TorchEngine(loading_network(bundle), "cpu", "bfloat16")
    images = [image[None] for image in check_images()]
    found = largest_differences(exact, lower, images, score_of)
    assert found.map > 1e-4, "it did not compute in bfloat16"
    if found.score < LARGEST_SCORE_DIFFERENCE:
        assert build_engine(bundle, "cpu", "torch", precision="bfloat16").precision == "bfloat16"
    else:
        with pytest.raises(DeviceError, match="cannot be used with this bundle"):
            build_engine(bundle, "cpu", "torch", precision="bfloat16")
        assert build_engine(bundle, "cpu", "torch", precision="auto").precision == "float32"


def test_a_gpu_that_cannot_hold_the_network_is_left_for_the_cpu_where_nobody_chose_it(
    small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = Device("cuda", "GPU: NVIDIA Made Up (1 GB)")
    real = choice.choose_device
    monkeypatch.setattr(choice, "choose_device", lambda wish: real("cpu") if wish == "cpu" else gpu)
    build = loading._build

    def on_a_full_card(bundle: object, chosen: choice.Choice, weights: Path) -> object:
        if chosen.device is gpu:
            raise DeviceError("The network could not run on cuda", "its memory is full", "Close other programs")
        return build(bundle, chosen, weights)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "_build", on_a_full_card)
    bundle = load_bundle(small_bundle)
    loaded = load(bundle, "auto", "auto", "float32")
    assert loaded.engine.device == "cpu"
    assert loaded.device.words == "CPU, because the GPU's memory was full"
    assert loaded.note == "Read on the CPU, because the GPU's memory was full."
    with pytest.raises(DeviceError, match="its memory is full"):
        load(bundle, "cuda", "auto", "float32")


@pytest.mark.slow
@needs_onnx
def test_both_engines_agree_on_fifty_phantom_slices_half_of_them_positive() -> None:
    bundle = find_bundle("hbp-detection")
    one, other = (build_engine(bundle, "cpu", engine) for engine in ("torch", "onnx"))
    images: dict[int, list[np.ndarray]] = {0: [], 1: []}
    for seed in range(810_000, 810_020):
        patient = draw_patient("hbp", seed)
        rendered = patient.render(range(0, patient.shape[0], 3))
        low, high = body_range_of(rendered.values[:, ::4, ::4].ravel())
        preparation = plan(Grid(patient.shape, patient.affine), low, high)
        labels = truth_of(rendered.labels, patient.affine).slice_labels
        for value, kept in images.items():
            kept += [preparation.image(rendered.values[n])[None] for n in np.flatnonzero(labels == value)]
        if min(map(len, images.values())) >= 25:
            break
    chosen = images[0][:25] + images[1][:25]
    found = largest_differences(one, other, chosen, score_of)
    assert found.images == 50
    assert max(found.logit, found.score, found.map) < LARGEST_FLOAT32_DIFFERENCE


@needs_onnx
def test_a_cache_that_cannot_be_written_does_not_keep_it_from_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.write_text("a file where a folder should be")
    monkeypatch.setenv("OVERREAD_HOME", str(home))
    found = build_engine(find_bundle("hbp-detection"), "cpu", "onnx").run(np.zeros((1, 320, 320), dtype=np.float32))
    assert np.isfinite(score_of(found))
