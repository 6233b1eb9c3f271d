"""Detectors and classifier learn from drawn patients; a broken-off training goes on; what comes out is a bundle."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from overread.core.errors import InputError
from overread.core.progress import CallbackProgress, Cancelled
from overread.systems import load_bundle
from overread.systems.multiphase_characterisation.loading import load, rules_of
from overread.systems.multiphase_characterisation.network import Detector
from overread.training.drawn_folders import draw_all
from overread.training.loop import Sitting
from overread.training.multiphase.detectors import DetectorRecipe, adapted, fit_detector, found_boxes
from overread.training.multiphase.drawing import ROLES, DrawnPatient, DrawOrder, draw, draw_planes, load_drawn
from overread.training.multiphase.recipe import recipe_of
from overread.training.multiphase.regions import CLASSES, region_samples
from overread.training.multiphase.targets import lesion_boxes, overlap
from overread.training.multiphase.train import train, train_on
from overread.training.multiphase.views import ViewRecipe
from overread.training.recipe import load_document
from overread.training.train import Wish

SHORT = DetectorRecipe(
    seed=3, width=0.125, size=256, batch=4, steps=6, later_steps=4, learning_rate=2e-3, later_rate=2e-3,
    refresh=4, checkpoint_every=2, views=ViewRecipe(window_px=64),
)  # fmt: skip

SMALL = load_document("multiphase-small")


def small_document() -> dict:
    document = load_document("multiphase-small")
    document["network"] = {"width": 0.125}
    document["detectors"] |= {"width": 0.125, "steps": 2, "later_steps": 1, "refresh": 4, "batch": 2, "whole_batch": 2}
    document["loop"] |= {"steps": 2, "checks": 1, "refresh": 8, "batch": 4, "input_size": 64}
    document["reading"] |= {"region_size": 64, "cut": 0.05}
    return document


def test_shipped_recipes_are_whole_and_the_published_one_has_the_published_widths() -> None:
    small, published = (recipe_of(load_document(f"multiphase-{name}"), name) for name in ("small", "published"))
    assert (published.width, published.detectors.width, published.reading.cut) == (1.0, 1.0, 0.5)
    assert small.loop.margin == pytest.approx(1 / 1.35, abs=1e-3)
    assert small.loop.input_size == small.reading.region_size
    seeds = [order.seed for order in small.data.training()]
    assert (min(seeds), max(seeds)) == (100_000, 100_000 + small.data.patients - 1)
    assert {order.seed for order in small.data.validation()} <= set(range(800_000, 900_000))
    assert {order.site for order in small.data.training()} == {"internal", "stress"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "hbp"}, "its kind is 'hbp'"),
        ({"data": {**SMALL["data"], "validation_patients": 100_001}}, "beyond 100,000"),
        ({"detectors": {**SMALL["detectors"], "size": 512}}, "drawn with 256 pixels"),
        ({"loop": {**SMALL["loop"], "margin": 0.8}}, "sees 0.7407"),
        ({"reading": {**SMALL["reading"], "region_size": 64}}, "read what it learnt on"),
        ({"data": {"patients": 0}}, "missing"),
        ({"detectors": {"seed": 1, "widht": 2}}, "unknown key widht"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_in_words(change: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        recipe_of(load_document("multiphase-small") | change, "x")


def test_folds_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="single split"):
        train(small_document(), Wish(tmp_path, folds=5), tmp_path / "out")


def test_a_control_without_a_bundle_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    document = small_document()
    document["loop"] = {**document["loop"], "shuffled_labels": True}
    with pytest.raises(InputError, match="no bundle in out"):
        train(document, Wish(tmp_path), tmp_path / "out")
    assert not (tmp_path / "drawn").exists()


@pytest.mark.parametrize("change", ["slices", "start", "width"])
def test_a_detector_does_not_go_on_from_work_on_other_slices_another_start_or_width(
    toys: list[DrawnPatient], tmp_path: Path, change: str
) -> None:
    short = replace(SHORT, steps=1, later_steps=1, refresh=1, checkpoint_every=1)
    start = {k: v + 0.01 for k, v in Detector(0.125, 1).state_dict().items()}
    sitting = Sitting(tmp_path / "kept.safetensors", resume=True)
    fit_detector("dwi", toys[:2], short, start, sitting)
    patients, recipe = toys[:2], short
    if change == "slices":
        other = replace(toys[0], images=toys[0].images[::-1], labels=toys[0].labels[::-1])
        patients = [other, toys[1]]
    elif change == "start":
        start = {k: v + 0.01 for k, v in start.items()}
    else:
        recipe, start = replace(short, width=0.25), Detector(0.25, 1).state_dict()
    with pytest.raises(InputError, match="another recipe or on other cases"):
        fit_detector("dwi", patients, recipe, start, sitting)


def test_a_detector_whose_loss_is_no_number_is_stopped_in_one_sentence(toys: list[DrawnPatient]) -> None:
    with pytest.raises(InputError, match=r"stopped: its loss is no number any more in step \d"):
        fit_detector("t2", toys[:2], replace(SHORT, steps=6, learning_rate=1e30, warm_up=0.0, whole_from=1.0))


def test_regions_hold_every_box_with_its_patients_class(toys: list[DrawnPatient]) -> None:
    samples = region_samples(toys, size=32)
    assert len(samples) == sum(len(lesion_boxes(labels)) for toy in toys for labels in toy.labels)
    assert samples.shape == (len(ROLES), 32, 32)
    assert samples.names == CLASSES
    assert samples.patient_labels() == {toy.seed: CLASSES.index(toy.label) for toy in toys}
    middle = np.stack(list(samples.images))[:, 0, 12:20, 12:20].mean()
    assert middle > 150
    with pytest.raises(InputError, match="none of its slices shows a lesion"):
        region_samples([replace(toys[0], labels=np.zeros_like(toys[0].labels))])


def test_a_one_plane_detector_starts_one_of_two_planes_as_their_mean(toys: list[DrawnPatient]) -> None:
    t2, _ = fit_detector("t2", toys, replace(SHORT, steps=1))
    dwi, _ = fit_detector("dwi", toys, replace(SHORT, later_steps=0), t2.state_dict())
    image = torch.rand(1, 1, 64, 64)
    found = dict(dwi.state_dict())
    assert set(adapted(t2.state_dict(), dwi)) == set(found)
    kernel = "base.base_layer.0.weight"
    np.testing.assert_allclose(found[kernel].sum(dim=1), t2.state_dict()[kernel][:, 0], rtol=1e-5, atol=1e-6)
    with torch.inference_mode():
        assert all(torch.isfinite(part).all() for part in dwi(image.repeat(1, 2, 1, 1)))


def test_a_detector_broken_off_and_gone_on_with_ends_in_the_same_weights(
    toys: list[DrawnPatient], tmp_path: Path
) -> None:
    whole, history = fit_detector("t2", toys, SHORT)
    kept = tmp_path / "kept.safetensors"
    seen: list[float] = []
    stop = CallbackProgress(lambda stage: seen.append(stage.done), lambda: bool(seen) and seen[-1] >= 4)
    with pytest.raises(Cancelled):
        fit_detector("t2", toys, SHORT, sitting=Sitting(kept), progress=stop)
    again, resumed = fit_detector("t2", toys, SHORT, sitting=Sitting(kept, resume=True))
    assert resumed.losses == history.losses
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    with pytest.raises(InputError, match="another recipe"):
        fit_detector("t2", toys, replace(SHORT, seed=4), sitting=Sitting(kept, resume=True))


@pytest.mark.slow
def test_a_detector_learns_to_find_discs(toys: list[DrawnPatient]) -> None:
    recipe = replace(SHORT, steps=150, batch=8, refresh=16, views=ViewRecipe(window_px=96), whole_batch=2)
    network, history = fit_detector("t2", toys, recipe)
    assert np.mean(history.losses[-20:]) < 0.5 * np.mean(history.losses[:10])
    hits = total = 0
    for toy in toys:
        for image, labels in zip(toy.images[:3, :1], toy.labels[:3], strict=True):
            (found,) = found_boxes(network, torch.from_numpy(image[None].astype(np.float32) / 255))
            (wanted,) = lesion_boxes(labels)
            hits += bool(len(found)) and overlap(found.edges[0], wanted) > 0.3
            total += 1
    assert hits / total > 0.6


@pytest.mark.slow
def test_a_training_ends_in_a_bundle_that_reads(toys: list[DrawnPatient], tmp_path: Path) -> None:
    recipe = recipe_of(small_document(), "small")
    words = train_on(recipe, toys[:6], toys[6:], Wish(tmp_path / "work"), tmp_path / "bundle")
    assert "Trained on phantoms, not for diagnosis." in words
    bundle = load_bundle(tmp_path / "bundle")
    parts = load(bundle, "cpu", "torch", "float32")
    assert list(parts.detectors) == list(ROLES)
    assert parts.weight.shape[0] == 3
    assert rules_of(bundle.manifest, "x").cut == 0.05
    assert bundle.evaluations["validation"]["patients"] == 3
    assert "## Limits" in bundle.card
    assert "a score of 0.05 on, the paper's 0.5" in " ".join(bundle.card.split())
    control = recipe_of({**small_document(), "loop": {**small_document()["loop"], "shuffled_labels": True}}, "small")
    train_on(control, toys[:6], toys[6:], Wish(tmp_path / "work"), tmp_path / "bundle")
    manifest = tomllib.loads((tmp_path / "bundle" / "manifest.toml").read_text(encoding="utf-8"))
    assert manifest["control"]["steps"] == 2
    load_bundle(tmp_path / "bundle").check_weights()


@pytest.mark.slow
def test_a_drawn_slice_is_the_one_that_a_reading_of_the_same_values_would_see(tmp_path: Path) -> None:
    order = DrawOrder(100_000, "internal", 1, 1)
    patient, chosen, planes, labels, grid = draw_planes(order)
    assert planes.shape == (2, len(ROLES), 256, 256)
    assert labels.max() >= 100
    (folder,) = draw_all([order], draw, tmp_path, 1)
    drawn = load_drawn(folder)
    assert drawn.indices == tuple(chosen)
    assert drawn.label == patient.label
    np.testing.assert_allclose(drawn.images / 255, planes, atol=0.51 / 255)
    assert grid.shape[1:] == (256, 256)
