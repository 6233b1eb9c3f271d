"""The colours of activation: a perceptually uniform map, and the table that lays it over an image."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from overread.core.places import resources


@functools.cache
def inferno() -> NDArray[np.uint8]:
    """256 colours from black over red to pale yellow, (256, 3), lightness rising evenly."""
    lines = (resources() / "colourmaps" / "inferno.csv").read_text(encoding="ascii").split()
    table = np.array([[int(part) for part in line.split(",")] for line in lines], dtype=np.uint8)
    table.setflags(write=False)
    return table


def heat_table(threshold: float, opacity: float) -> NDArray[np.uint32]:
    """Premultiplied ARGB32 of the 256 levels of activation.

    Parameters
    ----------
    threshold
        Share of the fixed scale below which nothing is drawn, 0 to 1.
    opacity
        One opacity for the whole layer: value is in the colour, never in the opacity.
    """
    alpha = round(np.clip(opacity, 0, 1) * 255)
    colours = (inferno().astype(np.uint32) * alpha + 127) // 255
    table: NDArray[np.uint32] = np.uint32(alpha) << 24 | colours[:, 0] << 16 | colours[:,
                                                                                       1] << 8 | colours[:, 2]
    table[: first_level(threshold)] = 0
    return table


def first_level(threshold: float) -> int:
    """The lowest of the 256 levels that is drawn; level 0, no activation, never is."""
    return int(np.clip(np.ceil(threshold * 255), 1, 255))
