"""One slice as painted tissues: which tissue covers how much of each pixel, in the order of painting.

The geometry is worked out once; every image that shares it (b-values, echoes) is then rendered from the same layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Field, Floats, Sampler, Window, occupancy
from overread.phantom.looks import Look

Labels = NDArray[np.uint8]
Maps = Mapping[str, Floats]
"""Modulations [rows, columns] of the window by name (``texture``, ``uptake``, ``net``, ``moire``): relative changes,
0 where there is none, weighted by the look."""


@dataclass(frozen=True, slots=True)
class Mix:
    """Several tissues in one layer: ``index`` [rows, columns] points into ``tissues``."""

    index: NDArray[np.uint8]
    tissues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """Paint: ``share`` [rows, columns] of a window is covered by ``stuff``."""

    window: Window
    share: Floats
    stuff: str | Mix
    maps: Maps


class Layers:
    """Layers and labels on the pixels at ``x_mm``, ``y_mm``; later paint covers earlier paint."""

    def __init__(self, sampler: Sampler, x_mm: Floats, y_mm: Floats, z_mm: float) -> None:
        self.sampler, self.x_mm, self.y_mm, self.z_mm = sampler, x_mm, y_mm, z_mm
        self.pixel_mm = float(x_mm[1] - x_mm[0])
        self.labels = np.zeros((len(y_mm), len(x_mm)), dtype=np.uint8)
        self.layers: list[Layer] = []

    def whole(self) -> Window:
        """All pixels."""
        return slice(0, len(self.y_mm)), slice(0, len(self.x_mm))

    def around(self, x: float, y: float, half_x: float, half_y: float) -> Window:
        """Pixels within a box; may be empty."""
        columns = _span(x, half_x, self.x_mm, self.pixel_mm)
        return _span(y, half_y, self.y_mm, self.pixel_mm), columns

    def grid(self, window: Window) -> tuple[Floats, Floats]:
        """x [1, columns] and y [rows, 1] of a window."""
        return self.x_mm[None, window[1]], self.y_mm[window[0], None]

    def paint(
        self,
        window: Window,
        share: Floats,
        stuff: str | Mix,
        label: int | None = None,
        maps: Maps | None = None,
    ) -> None:
        """Lay a tissue over the window with the given share; pixels at least half covered get the label."""
        self.layers.append(Layer(window, share, stuff, maps or {}))
        if label is not None:
            self.labels[window][share >= 0.5] = label

    def field(
        self,
        field: Field | None,
        stuff: str,
        label: int | None = None,
        grow_mm: float = 0.0,
        *,
        maps: Maps | None = None,
    ) -> None:
        """Paint an organ in one tissue (maps must cover all pixels)."""
        found = None if field is None else self.sampler.distance(field, self.z_mm)
        if found is not None:
            window, distance, width = found
            share = occupancy(distance - np.float32(grow_mm), width)
            self.paint(window, share, stuff, label, cut(maps, window))

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        stuff: str,
        label: int | None = None,
        *,
        angle: float = 0.0,
        limit: Floats | None = None,
        power: float = 2.0,
        maps: Maps | None = None,
    ) -> None:
        """Paint an ellipse turned by ``angle``; ``limit`` [rows, columns] is a share it must stay within."""
        window = self.around(*centre, max(radii) + 2, max(radii) + 2)
        x, y = self.grid(window)
        if x.size == 0 or y.size == 0:
            return
        c, s = float(np.cos(angle)), float(np.sin(angle))
        u = np.abs(c * (x - centre[0]) + s * (y - centre[1])) / radii[0]
        v = np.abs(c * (y - centre[1]) - s * (x - centre[0])) / radii[1]
        q = (u ** np.float32(power) + v ** np.float32(power)) ** np.float32(1 / power)
        share = occupancy(((q - 1) * min(radii)).astype(np.float32), self.pixel_mm)
        if limit is not None:
            share = share * limit[window]
        self.paint(window, share, stuff, label, cut(maps, window))

    def render(self, look: Look) -> tuple[Floats, Floats]:
        """Water and fat signal [rows, columns] of the slice in an image."""
        water = np.zeros(self.labels.shape, dtype=np.float32)
        fat = np.zeros_like(water)
        for layer in self.layers:
            value = _value(look.water, layer.stuff)
            factor = _factor(layer.maps, look.weights)
            part = water[layer.window]
            part += layer.share * ((value if factor is None else value * factor) - part)
            rich = _value(look.fat, layer.stuff)
            part = fat[layer.window]
            part += layer.share * ((rich if factor is None else rich * factor) - part)
        return water, fat


def cut(maps: Maps | None, window: Window) -> Maps:
    """Maps of all pixels, cut to a window."""
    return {} if maps is None else {name: values[window] for name, values in maps.items()}


def _value(of: Mapping[str, float], stuff: str | Mix) -> Floats | np.float32:
    if isinstance(stuff, str):
        return np.float32(of.get(stuff, 0.0))
    values = np.array([of.get(name, 0.0) for name in stuff.tissues], dtype=np.float32)
    result: Floats = values[stuff.index]
    return result


def _factor(maps: Maps, weights: Mapping[str, float]) -> Floats | None:
    factor: Floats | None = None
    for name, values in maps.items():
        weight = weights.get(name, 0.0)
        if weight != 0:
            factor = (1 if factor is None else factor) + np.float32(weight) * values
    return factor


def _span(middle: float, half: float, positions_mm: Floats, pixel_mm: float) -> slice:
    """Pixels within ``half`` of ``middle`` along one axis."""
    first = round((middle - half - float(positions_mm[0])) / pixel_mm)
    last = round((middle + half - float(positions_mm[0])) / pixel_mm) + 1
    low = min(max(first, 0), len(positions_mm))
    return slice(low, min(max(last, low), len(positions_mm)))
