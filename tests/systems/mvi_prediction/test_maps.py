"""The map of the square against what each cell sees."""

from __future__ import annotations

import numpy as np
import pytest

from overread.systems.mvi_prediction.maps import on_the_square

OFFSET = (-15.5, -15.5)


def test_the_map_is_linear_between_the_cells_own_pixels_and_ends_with_the_square() -> None:
    cells = np.arange(16, dtype=np.float32).reshape(4, 4) ** 1.5
    found = on_the_square(cells, 128, 32, OFFSET)
    assert found.shape == (8, 8)
    for row in range(8):
        for column in range(8):
            y, x = (min(max(((n + 0.5) * 16 - 0.5) / 32, 0), 3) for n in (row, column))
            j, i = min(int(y), 2), min(int(x), 2)
            a, b = y - j, x - i
            expected = (1 - a) * ((1 - b) * cells[j, i] + b * cells[j, i + 1])
            expected += a * ((1 - b) * cells[j + 1, i] + b * cells[j + 1, i + 1])
            assert found[row, column] == pytest.approx(expected, rel=1e-5)


def test_an_even_map_stays_even() -> None:
    assert on_the_square(np.full((4, 4), 0.7, dtype=np.float32), 128, 32, OFFSET) == pytest.approx(0.7)
