"""Images that a precision is tried on before it is used: made here, the same on every machine.

A bright organ on a dim body in noise, with dark discs of several sizes and depths: between them they score low, high
and in between, where a rounding shows most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.systems.hbp_detection.prepare import SIZE

COUNT = 12
_SEED = 320
_BODY, _ORGAN = 0.35, 0.75


def check_images() -> list[NDArray[np.float32]]:
    """``COUNT`` images (320, 320), 0 to 1."""
    rng = np.random.default_rng(_SEED)
    return [_image(rng, radius_px=2.0 + 1.2 * n, depth=0.1 + 0.6 * (n % 4) / 3) for n in range(COUNT)]


def _image(rng: np.random.Generator, radius_px: float, depth: float) -> NDArray[np.float32]:
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    image = np.zeros((SIZE, SIZE), dtype=np.float32)
    image[_ellipse(rows, columns, (160, 160), (110, 145))] = _BODY
    organ = _ellipse(rows, columns, (150, 115), (70, 80))
    image[organ] = _ORGAN
    centre = (150 + rng.uniform(-35, 35), 115 + rng.uniform(-40, 40))
    image[organ & _ellipse(rows, columns, centre, (radius_px, radius_px))] = _ORGAN * (1 - depth)
    noise = rng.normal(0, 0.03, (SIZE, SIZE))
    return np.clip(image + noise, 0, 1).astype(np.float32)


def _ellipse(
    rows: NDArray[np.float32], columns: NDArray[np.float32], centre: tuple[float, float], half: tuple[float, float]
) -> NDArray[np.bool_]:
    return np.asarray(((rows - centre[0]) / half[0]) ** 2 + ((columns - centre[1]) / half[1]) ** 2 <= 1)
