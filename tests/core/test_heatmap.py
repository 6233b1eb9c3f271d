"""A coarse map laid over a volume."""

from __future__ import annotations

import numpy as np
import pytest

from overread.core.geometry import Affine, Grid
from overread.core.heatmap import Heatmap

pytestmark = pytest.mark.light


def _heatmap(values: np.ndarray, matrix: np.ndarray) -> Heatmap:
    return Heatmap(values.astype(np.float16), Affine(matrix), "v", 1.0)


@pytest.mark.parametrize("arrangement", ["upright", "mirrored", "turned"])
def test_every_voxel_shows_what_the_map_says_at_its_place(arrangement: str) -> None:
    rng = np.random.default_rng(1)
    values = rng.random((2, 5, 7))
    coarse = np.array([[8.0, 0, 0, 4], [0, 8, 0, 4], [0, 0, 3, 0], [0, 0, 0, 1]])
    fine = {
        "upright": np.diag([1.0, 1, 3, 1]),
        "mirrored": np.array([[-1.0, 0, 0, 55], [0, -1, 0, 39], [0, 0, 3, 0], [0, 0, 0, 1]]),
        "turned": np.array([[0.0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]]),
    }[arrangement]
    heatmap, grid = (
        _heatmap(values, coarse),
        Grid((2, 40, 56) if arrangement != "turned" else (2, 56, 40), Affine(fine)),
    )
    laid = heatmap.on_slice(grid, 1)
    for _ in range(200):
        j, i = int(rng.integers(grid.shape[1])), int(rng.integers(grid.shape[2]))
        _, r, c = heatmap.affine.to_index(grid.affine.to_mm((1, j, i)))
        r0, c0 = int(np.clip(np.floor(r), 0, 3)), int(np.clip(np.floor(c), 0, 5))
        fr, fc = np.clip(r, 0, 4) - r0, np.clip(c, 0, 6) - c0
        m = heatmap.values[1].astype(float)
        expected = (
            m[r0, c0] * (1 - fr) * (1 - fc)
            + m[r0 + 1, c0] * fr * (1 - fc)
            + m[r0, c0 + 1] * (1 - fr) * fc
            + m[r0 + 1, c0 + 1] * fr * fc
        )
        assert laid[j, i] == pytest.approx(expected, abs=2e-6)


def test_beyond_the_map_there_is_nothing() -> None:
    heatmap = _heatmap(np.ones((1, 2, 2)), np.diag([10.0, 10, 1, 1]))
    laid = heatmap.on_slice(Grid((1, 40, 40), Affine(np.eye(4))), 0)
    assert laid[15, 15] == 1
    assert laid[16, 3] == 0
    assert laid[39, 39] == 0


def test_digest_follows_the_values_and_the_place() -> None:
    values = np.zeros((1, 2, 2))
    one = _heatmap(values, np.diag([10.0, 10, 1, 1]))
    assert one.sha256 == _heatmap(values, np.diag([10.0, 10, 1, 1])).sha256
    assert one.sha256 != _heatmap(values + 1, np.diag([10.0, 10, 1, 1])).sha256
    assert one.sha256 != _heatmap(values, np.diag([11.0, 10, 1, 1])).sha256
