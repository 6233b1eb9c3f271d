"""Paint in layers: later paint covers earlier paint by its share, in every image alike."""

from __future__ import annotations

import numpy as np
import pytest

from overread.phantom.lattice import Lattice, Sampler
from overread.phantom.layers import Layers, Mix
from overread.phantom.looks import Look

pytestmark = pytest.mark.light
X = np.arange(-8, 8, dtype=np.float32)
Y = np.arange(-6, 6, dtype=np.float32)
LOOK = Look({"a": 1.0, "b": 3.0, "c": 5.0}, {"b": 0.5}, {"texture": 2.0})


@pytest.fixture
def layers() -> Layers:
    lattice = Lattice.over((-40, -40, -40), (40, 40, 40))
    return Layers(Sampler(lattice, X, Y, 3.0), X, Y, 0.0)


def share(layers: Layers, value: float) -> np.ndarray:
    return np.full(layers.labels.shape, value, np.float32)


def test_paint_covers_by_its_share_and_labels_from_one_half(layers: Layers) -> None:
    layers.paint(layers.whole(), share(layers, 1.0), "a", 1)
    layers.paint((slice(0, 4), slice(0, 5)), np.full((4, 5), 0.25, np.float32), "b", 2)
    layers.paint((slice(0, 2), slice(0, 5)), np.full((2, 5), 0.5, np.float32), "b", 3)
    water, fat = layers.render(LOOK)
    assert water[10, 10] == 1.0
    assert water[3, 0] == pytest.approx(0.75 * 1 + 0.25 * 3)
    assert water[0, 0] == pytest.approx(0.5 * (0.75 * 1 + 0.25 * 3) + 0.5 * 3)
    assert fat[3, 0] == pytest.approx(0.25 * 0.5)
    assert fat[10, 10] == 0.0
    assert layers.labels[3, 0] == 1
    assert layers.labels[0, 0] == 3


def test_mix_paints_each_pixel_with_its_own_tissue(layers: Layers) -> None:
    index = np.zeros(layers.labels.shape, np.uint8)
    index[:, 8:] = 1
    layers.paint(layers.whole(), share(layers, 1.0), Mix(index, ("c", "a")))
    water, _ = layers.render(LOOK)
    assert np.unique(water[:, :8]).tolist() == [5.0]
    assert np.unique(water[:, 8:]).tolist() == [1.0]


def test_maps_change_a_signal_by_the_weight_of_the_image(layers: Layers) -> None:
    wave = np.broadcast_to(np.linspace(-0.1, 0.1, len(X), dtype=np.float32), layers.labels.shape)
    layers.paint(layers.whole(), share(layers, 1.0), "b", None, {"texture": wave, "uptake": wave})
    water, _ = layers.render(LOOK)
    assert np.allclose(water, 3 * (1 + 2.0 * wave))
    flat, _ = layers.render(Look({"b": 3.0}))
    assert np.all(flat == 3.0)


def test_a_tissue_that_an_image_does_not_know_shows_nothing(layers: Layers) -> None:
    layers.paint(layers.whole(), share(layers, 1.0), "a")
    layers.paint(layers.whole(), share(layers, 0.5), "unheard-of")
    assert np.all(layers.render(LOOK)[0] == 0.5)


def test_ellipse_covers_its_area(layers: Layers) -> None:
    layers.ellipse((0.0, 0.0), (4.0, 3.0), "a", 7, angle=0.4)
    covered = layers.render(LOOK)[0]
    assert covered.sum() == pytest.approx(np.pi * 12, rel=0.05)
    assert layers.labels[6, 8] == 7
