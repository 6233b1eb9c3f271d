"""Organs as signed distances on a coarse lattice, and their smooth sampling on the pixels of a slice.

A distance below zero lies inside. Distances are smooth, so 4 mm are enough: a slice reads them with
Catmull-Rom weights and gets edges far finer than the lattice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Block = tuple[slice, slice, slice]
Window = tuple[slice, slice]

STEP_MM = 4.0
MARGIN_MM = 14.0
"""How far beyond an organ's reach its distances are kept."""


@dataclass(frozen=True, slots=True)
class Field:
    """Signed distances [z, y, x] on a part of the lattice that starts at ``start`` (k, j, i)."""

    values: Floats
    start: tuple[int, int, int]

    @property
    def block(self) -> Block:
        """Where the field lies in the lattice."""
        k, j, i = (slice(s, s + n) for s, n in zip(self.start, self.values.shape, strict=True))
        return k, j, i


@dataclass(frozen=True, slots=True)
class Lattice:
    """Points every ``STEP_MM`` from ``origin_mm`` (x, y, z); ``shape`` is (z, y, x)."""

    origin_mm: tuple[float, float, float]
    shape: tuple[int, int, int]

    @classmethod
    def over(cls, low_mm: tuple[float, float, float], high_mm: tuple[float, float, float]) -> Lattice:
        """The lattice that covers a box."""
        count = [int(np.ceil((h - o) / STEP_MM)) + 1 for o, h in zip(low_mm, high_mm, strict=True)]
        return cls(low_mm, (count[2], count[1], count[0]))

    def axis(self, name: str) -> Floats:
        """Positions along ``"x"``, ``"y"`` or ``"z"``, mm."""
        at = "xyz".index(name)
        return (self.origin_mm[at] + STEP_MM * np.arange(self.shape[2 - at])).astype(np.float32)

    def block(self, centre_mm: tuple[float, float, float], reach_mm: tuple[float, float, float]) -> Block:
        """The part of the lattice within ``reach_mm`` + margin of a centre (at least one point wide)."""
        parts = []
        for at in (2, 1, 0):
            n = self.shape[2 - at]
            low = (centre_mm[at] - reach_mm[at] - MARGIN_MM - self.origin_mm[at]) / STEP_MM
            high = (centre_mm[at] + reach_mm[at] + MARGIN_MM - self.origin_mm[at]) / STEP_MM
            first = int(np.clip(np.floor(low), 0, n - 1))
            parts.append(slice(first, int(np.clip(np.ceil(high) + 1, first + 1, n))))
        return parts[0], parts[1], parts[2]

    def coordinates(self, block: Block) -> tuple[Floats, Floats, Floats]:
        """x, y, z of a block, shaped to spread over [z, y, x]."""
        k, j, i = block
        return (
            self.axis("x")[i][None, None, :],
            self.axis("y")[j][None, :, None],
            self.axis("z")[k][:, None, None],
        )

    def whole(self) -> Block:
        """All of it as a block."""
        k, j, i = (slice(0, n) for n in self.shape)
        return k, j, i

    def field(self, values: Floats, block: Block) -> Field:
        """Distances with their place."""
        return Field(np.ascontiguousarray(values, dtype=np.float32), (block[0].start, block[1].start, block[2].start))

    def read(self, field: Field, points_mm: NDArray[np.float64], outside: float = 30.0) -> NDArray[np.float64]:
        """Distance at the lattice point nearest to each of ``points_mm`` [n, 3]; ``outside`` off it."""
        index = np.rint((points_mm - np.array(self.origin_mm)) / STEP_MM).astype(np.int64)[:, ::-1]
        index = index - np.array(field.start)
        inside = np.all((index >= 0) & (index < np.array(field.values.shape)), axis=1)
        result = np.full(len(index), outside)
        k, j, i = index[inside].T
        result[inside] = field.values[k, j, i]
        return result


def smooth_max(a: Floats, b: Floats, k: float) -> Floats:
    """Intersection of two shapes with a blended edge ``k`` mm wide (quadratic blend)."""
    h = np.maximum(k - np.abs(a - b), 0)
    result: Floats = np.maximum(a, b) + h * h * (0.25 / k)
    return result


def smooth_min(a: Floats, b: Floats, k: float) -> Floats:
    """Union of two shapes with a blended edge ``k`` mm wide."""
    h = np.maximum(k - np.abs(a - b), 0)
    result: Floats = np.minimum(a, b) - h * h * (0.25 / k)
    return result


def ellipsoid(
    lattice: Lattice,
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    shear: tuple[float, float] = (0.0, 0.0),
) -> Field:
    """Distance to an ellipsoid whose x and y lean by ``shear`` mm per mm of height."""
    reach = (radii[0] + abs(shear[0]) * radii[2], radii[1] + abs(shear[1]) * radii[2], radii[2])
    block = lattice.block(centre, reach)
    x, y, z = lattice.coordinates(block)
    height = z - centre[2]
    u = (x - centre[0] - shear[0] * height) / radii[0]
    v = (y - centre[1] - shear[1] * height) / radii[1]
    w = height / radii[2]
    first = np.sqrt(u * u + v * v + w * w) + np.float32(1e-4)
    second = np.sqrt((u / radii[0]) ** 2 + (v / radii[1]) ** 2 + (w / radii[2]) ** 2) + np.float32(1e-6)
    return lattice.field(np.minimum(first * (first - 1) / second, 60), block)


def tube(lattice: Lattice, points: NDArray[np.float64], radii: NDArray[np.float64], blend: float = 6.0) -> Field:
    """Distance to the smooth union of balls along a path ``points`` [n, 3]."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 + radii.max()
    whole = lattice.block(
        (float(middle[0]), float(middle[1]), float(middle[2])),
        (float(half[0]), float(half[1]), float(half[2])),
    )
    values = np.full([s.stop - s.start for s in whole], 40, dtype=np.float32)
    first = (whole[0].start, whole[1].start, whole[2].start)
    for point, radius in zip(points.tolist(), radii.tolist(), strict=True):
        block = lattice.block((point[0], point[1], point[2]), (radius, radius, radius))
        k, j, i = (slice(s.start - f, s.stop - f) for s, f in zip(block, first, strict=True))
        x, y, z = lattice.coordinates(block)
        part = values[k, j, i]
        ball = np.sqrt((x - point[0]) ** 2 + (y - point[1]) ** 2 + (z - point[2]) ** 2) - radius
        part[...] = smooth_min(part, ball[: part.shape[0], : part.shape[1], : part.shape[2]], blend)
    return Field(values, first)


def carve(lattice: Lattice, field: Field, other: Field, gap_mm: float, blend: float) -> None:
    """Take ``other`` grown by ``gap_mm`` away from ``field``, in place, where both are kept."""
    mine, theirs = [], []
    for a, b, n, m in zip(field.start, other.start, field.values.shape, other.values.shape, strict=True):
        low, high = max(a, b), min(a + n, b + m)
        if low >= high:
            return
        mine.append(slice(low - a, high - a))
        theirs.append(slice(low - b, high - b))
    part = field.values[mine[0], mine[1], mine[2]]
    part[...] = smooth_max(part, gap_mm - other.values[theirs[0], theirs[1], theirs[2]], blend)


class Sampler:
    """Reads fields on the pixels of slices: columns ``x_mm``, rows ``y_mm``, slabs ``slab_mm`` thick."""

    def __init__(self, lattice: Lattice, x_mm: Floats, y_mm: Floats, slab_mm: float) -> None:
        self._lattice = lattice
        self._slab_mm = slab_mm
        self._pixel_mm = float(x_mm[1] - x_mm[0])
        self._columns, self._i = _weights(lattice.origin_mm[0], lattice.shape[2], x_mm)
        self._rows, self._j = _weights(lattice.origin_mm[1], lattice.shape[1], y_mm)

    def window(self, field: Field) -> Window:
        """The pixels whose four neighbours along each axis all belong to the field."""
        _, ny, nx = field.values.shape
        _, j, i = field.start
        return _between(self._j, j + 1, j + ny - 3), _between(self._i, i + 1, i + nx - 3)

    def distance(self, field: Field, z_mm: float) -> tuple[Window, Floats, Floats] | None:
        """Mean distance over the slab and the width over which its edge is smeared; None off the field."""
        half = self._slab_mm / 2
        low, high = self._plane(field, z_mm - half), self._plane(field, z_mm + half)
        window = self.window(field)
        if low is None or high is None or window[0].stop <= window[0].start or window[1].stop <= window[1].start:
            return None
        _, ny, nx = field.values.shape
        _, j, i = field.start
        both = self._rows[window[0], j : j + ny] @ np.stack([low, high]) @ self._columns[window[1], i : i + nx].T
        distance: Floats = (both[0] + both[1]) * np.float32(0.5)
        return window, distance, np.abs(both[0] - both[1]) + np.float32(self._pixel_mm)

    def _plane(self, field: Field, z_mm: float) -> Floats | None:
        at = (z_mm - self._lattice.origin_mm[2]) / STEP_MM - field.start[0]
        low = int(np.floor(at))
        if low < 1 or low + 3 > field.values.shape[0]:
            return None
        plane: Floats = np.tensordot(
            _catmull_rom(np.array([at - low]))[0].astype(np.float32), field.values[low - 1 : low + 3], axes=1
        )
        return plane


def occupancy(distance: Floats, width: Floats | float) -> Floats:
    """Share of a pixel that lies inside, from the distance of its centre and the width of the edge."""
    result: Floats = np.clip(np.float32(0.5) - distance / width, 0, 1)
    return result


def _weights(origin_mm: float, count: int, position_mm: Floats) -> tuple[Floats, NDArray[np.int64]]:
    at = (position_mm.astype(np.float64) - origin_mm) / STEP_MM
    low = np.floor(at).astype(np.int64)
    taps = _catmull_rom(at - low)
    matrix = np.zeros((len(at), count), dtype=np.float32)
    rows = np.arange(len(at))
    for tap in range(4):
        np.add.at(matrix, (rows, np.clip(low + tap - 1, 0, count - 1)), taps[:, tap])
    return matrix, low


def _catmull_rom(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack(
        [
            -0.5 * t**3 + t**2 - 0.5 * t,
            1.5 * t**3 - 2.5 * t**2 + 1,
            -1.5 * t**3 + 2 * t**2 + 0.5 * t,
            0.5 * t**3 - 0.5 * t**2,
        ],
        axis=1,
    )


def _between(index: NDArray[np.int64], low: int, high: int) -> slice:
    inside = np.flatnonzero((index >= low) & (index <= high))
    return slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0)
