"""Slices as the network sees them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from overread.core.geometry import Affine, Grid
from overread.core.study import Pixels
from overread.systems.hbp_detection.prepare import plan
from overread.systems.intensities import body_range, normalise
from overread.systems.resampling import resampling_weights


@pytest.mark.parametrize(("size", "count"), [(320, 256), (320, 319), (320, 200)])
def test_enlarging_is_the_cubic_convolution_of_torch(size: int, count: int) -> None:
    rng = np.random.default_rng(0)
    image = rng.random((count, count)).astype(np.float32)
    step = count / size
    weights = resampling_weights(count, size, step, (count - 1) / 2 - step * (size - 1) / 2)
    ours = weights @ image @ weights.T
    theirs = interpolate(
        torch.from_numpy(image)[None, None], size=(size, size), mode="bicubic", align_corners=False, antialias=True
    )[0, 0]
    # torch drops taps beyond the edge and weighs the others up, we repeat the edge: only the two outermost rows differ
    np.testing.assert_allclose(ours[2:-2, 2:-2], theirs.numpy()[2:-2, 2:-2], atol=3e-5)  # float32 sums of 16 terms


def test_shrinking_is_the_area_mean() -> None:
    rng = np.random.default_rng(1)
    image = rng.random((640, 640)).astype(np.float32)
    weights = resampling_weights(640, 320, 2.0, 0.5)
    expected = image.reshape(320, 2, 320, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(weights @ image @ weights.T, expected, atol=1e-6)


def test_shrinking_by_a_fraction_weighs_by_overlap() -> None:
    count, size = 400, 320
    step = count / size
    weights = resampling_weights(count, size, step, (count - 1) / 2 - step * (size - 1) / 2)
    slow = np.zeros((size, count))
    for n in range(size):
        low, high = n * step, (n + 1) * step
        for m in range(count):
            slow[n, m] = max(0.0, min(high, m + 1) - max(low, m)) / step
    np.testing.assert_allclose(weights, slow, atol=1e-6)


@pytest.mark.parametrize("arrangement", ["upright", "columns", "rows", "turned", "oblique", "not square"])
def test_every_arrangement_ends_upright_with_pixels_where_the_affine_says(arrangement: str) -> None:
    rows, columns = (200, 260) if arrangement == "not square" else (256, 256)
    matrix = np.diag([1.3, 1.3, 3.0, 1.0])
    matrix[:3, 3] = -150, -120, 40
    if arrangement == "columns":
        matrix[0] = -1.3, 0, 0, 180
    elif arrangement == "rows":
        matrix[1] = 0, -1.3, 0, 210
    elif arrangement == "turned":
        matrix[:2, :2] = [[0, 1.3], [1.3, 0]]
    elif arrangement == "oblique":
        a = np.radians(12)
        turn = np.eye(4)
        turn[:3, :3] = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
        matrix = turn @ matrix
    grid = Grid((3, rows, columns), Affine(matrix))
    jj, ii = np.mgrid[:rows, :columns]
    xyz = grid.affine.to_mm(np.stack([np.ones_like(jj), jj, ii], axis=-1))
    values = (xyz[..., 0] + 3 * xyz[..., 1]).astype(np.float32)  # a ramp says where a pixel came from
    preparation = plan(grid, -1500.0, 1500.0)
    image = preparation.image(values) * 3000 - 1500
    assert preparation.affine.direction("i")[0] > 0.97
    assert preparation.affine.direction("j")[1] > 0.97
    for r, c in ((70, 80), (160, 160), (230, 120)):
        x, y, _ = preparation.affine.to_mm((1, r, c))
        assert image[r, c] == pytest.approx(x + 3 * y, abs=0.02)


def test_a_label_map_lies_on_the_image() -> None:
    labels = np.zeros((256, 200), dtype=np.uint8)
    labels[100:140, 60:90] = 7
    preparation = plan(Grid((1, 256, 200), Affine(np.diag([-1.5, 1.0, 3, 1]))), 0, 1)
    image, mapped = preparation.image((labels > 0).astype(np.float32)), preparation.labels(labels)
    assert ((image > 0.5) == (mapped == 7)).mean() > 0.999
    assert mapped[0].max() == 0


def test_intensities_are_those_of_the_body_not_of_the_air() -> None:
    rng = np.random.default_rng(2)
    stored = rng.integers(0, 4, (10, 64, 64)).astype(np.uint16)
    body = rng.integers(200, 1000, (10, 32, 32)).astype(np.uint16)
    stored[:, 16:48, 16:48] = body
    low, high = body_range(Pixels(stored, np.full(10, 2.0), np.full(10, -5.0)))
    sample = body[:, ::4, ::4].astype(float) * 2 - 5
    assert low == pytest.approx(np.percentile(sample, 1), abs=2.1)
    assert high == pytest.approx(np.percentile(sample, 99.5), abs=2.1)
    assert normalise(np.array([low, high, high + 10], np.float32), low, high).tolist() == pytest.approx(
        [0, 1, 1], abs=1e-6
    )


def test_a_constant_volume_does_not_divide_by_zero() -> None:
    pixels = Pixels(np.full((3, 8, 8), 7, np.uint16), np.ones(3), np.zeros(3))
    low, high = body_range(pixels)
    assert np.isfinite(normalise(pixels.slice_values(0), low, high)).all()
