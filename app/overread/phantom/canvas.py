"""The picture of one slice while it is painted: relative signal and labels, window by window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Field, Floats, Sampler, Window, occupancy

Labels = NDArray[np.uint8]


class Canvas:
    """Signal and labels on the pixels at ``x_mm``, ``y_mm``; later paint covers earlier paint."""

    def __init__(self, sampler: Sampler, x_mm: Floats, y_mm: Floats, z_mm: float) -> None:
        self.sampler, self.x_mm, self.y_mm, self.z_mm = sampler, x_mm, y_mm, z_mm
        self.pixel_mm = float(x_mm[1] - x_mm[0])
        self.signal = np.zeros((len(y_mm), len(x_mm)), dtype=np.float32)
        self.labels = np.zeros(self.signal.shape, dtype=np.uint8)

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

    def paint(self, window: Window, share: Floats, value: Floats | float, label: int | None) -> None:
        """Lay ``value`` over the window with the given share; pixels at least half covered get the label."""
        part = self.signal[window]
        part += share * (value - part)
        if label is not None:
            self.labels[window][share >= 0.5] = label

    def field(
        self, field: Field | None, value: Floats | float, label: int | None, grow_mm: float = 0.0
    ) -> None:
        """Paint an organ in one value (a map must cover all pixels)."""
        found = None if field is None else self.sampler.distance(field, self.z_mm)
        if found is not None:
            window, distance, width = found
            share = occupancy(distance - np.float32(grow_mm), width)
            self.paint(window, share, value[window] if isinstance(value, np.ndarray) else value, label)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        value: Floats | float,
        label: int | None,
        *,
        angle: float = 0.0,
        limit: Floats | None = None,
        power: float = 2.0,
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
        self.paint(window, share, value[window] if isinstance(value, np.ndarray) else value, label)


def _span(middle: float, half: float, positions_mm: Floats, pixel_mm: float) -> slice:
    """Pixels within ``half`` of ``middle`` along one axis."""
    first = round((middle - half - float(positions_mm[0])) / pixel_mm)
    last = round((middle + half - float(positions_mm[0])) / pixel_mm) + 1
    low = min(max(first, 0), len(positions_mm))
    return slice(low, min(max(last, low), len(positions_mm)))
