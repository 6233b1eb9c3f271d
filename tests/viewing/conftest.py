"""Volumes and pixels as small as can be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from overread.core.geometry import Affine
from overread.core.roles import Role
from overread.core.study import FrameRef, Pixels, Volume


def _matrix(across: tuple[float, float, float], down: tuple[float, float, float],
            step: tuple[float, float, float], origin: tuple[float, float, float]) -> Affine:
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = across, down, step, origin
    return Affine(matrix)


@pytest.fixture
def affine() -> Callable[..., Affine]:
    """Affine from the steps along columns, rows and slices."""
    def make(across=(1, 0, 0), down=(0, 1, 0), step=(0, 0, 3), origin=(-10, -20, 30)) -> Affine:
        return _matrix(across, down, step, origin)

    return make


@pytest.fixture
def volume(affine: Callable[..., Affine]) -> Callable[..., Volume]:
    """A regular volume; anything can be changed."""
    def make(**changes: object) -> Volume:
        shape = changes.pop("shape", (7, 12, 16))
        place = changes.pop("affine", affine())
        values: dict[str, object] = {
            "id": "volume-1", "kind": "volume", "shape": shape, "affine": place,
            "orientation": place.orientation if place is not None else "oblique",
            "slices": tuple(FrameRef(f"{k}.dcm") for k in range(shape[0])), "role": Role("t1-hbp", 0.9),
            "modality": "MR",
        }
        return Volume(**(values | changes))

    return make


@pytest.fixture
def pixels() -> Callable[..., Pixels]:
    """Pixels of a stored array."""
    def make(stored: np.ndarray, slope: float = 1.0, intercept: float = 0.0,
             units: str | None = None) -> Pixels:
        count = stored.shape[0]
        return Pixels(stored, np.full(count, slope), np.full(count, intercept), units)

    return make
