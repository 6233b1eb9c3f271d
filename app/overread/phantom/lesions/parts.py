"""Inner and outer parts of lesions: how much of each pixel a rim, a core, a septum or a scar fills.

Each part names a tissue and answers `share` on a `Plane`; painting never knows what a part means. PHANTOM 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Floats, occupancy
from overread.phantom.lesions.shape import Ball, Point
from overread.phantom.vessels import draw_pieces

Gate = tuple[float, float]
"""Middle and half-width, in radians, of the arc to which a shell is confined; a half-width above pi is no limit."""
ALL_ROUND: Gate = (0.0, 9.0)


@dataclass(frozen=True, slots=True)
class Plane:
    """Pixels of a slice around a lesion: ``x`` [1, columns] and ``y`` [rows, 1] from its centre, height ``z`` likewise.

    ``depths``: distance to the surface on three sub-slices, below zero inside; noise with cells of 14, 6 and 2 mm;
    ``seconds`` after the injection.
    """

    centre: Point
    x: Floats
    y: Floats
    z: float
    slab_mm: float
    pixel_mm: float
    depths: tuple[Floats, Floats, Floats]
    noise14: Floats
    noise6: Floats
    noise2: Floats
    seconds: float


@dataclass(frozen=True, slots=True)
class Shell:
    """Tissue between two distances from the surface (below zero inside), on an arc."""

    tissue: str
    outer_mm: float
    inner_mm: float
    gate: Gate = ALL_ROUND
    soft_mm: float = 0.0
    uneven_mm: float = 0.0

    def share(self, plane: Plane) -> Floats:
        """What it fills."""
        width = max(plane.pixel_mm, self.soft_mm)
        shift = self.uneven_mm * plane.noise6 if self.uneven_mm else np.float32(0)
        total = sum(
            occupancy(d - np.float32(self.outer_mm), width) - occupancy(d - np.float32(self.inner_mm) + shift, width)
            for d in plane.depths
        )
        return _floats(_filled(np.asarray(total) / np.float32(3)) * gated(plane, self.gate))


@dataclass(frozen=True, slots=True)
class Inner:
    """Everything deeper than ``depth_mm`` below the surface, with an uneven border of its own."""

    tissue: str
    depth_mm: float
    soft_mm: float
    uneven_mm: float = 0.0

    def share(self, plane: Plane) -> Floats:
        """What it fills."""
        width = max(plane.pixel_mm, self.soft_mm)
        edge = _floats(self.uneven_mm * (plane.noise14 + 0.5 * plane.noise6) + np.float32(self.depth_mm))
        first, second, third = (occupancy(d + edge, width) for d in plane.depths)
        result: Floats = (first + second + third) / np.float32(3)
        return result


@dataclass(frozen=True, slots=True)
class Balls:
    """Rough balls: necrosis, an inner nodule, locules, gas; ``limit_mm`` keeps them that far below the surface."""

    tissue: str
    balls: tuple[Ball, ...]
    rough_mm: float = 0.0
    soft_mm: float = 0.0
    limit_mm: float = 0.0

    def share(self, plane: Plane) -> Floats:
        """What they fill."""
        distance = _union(plane, self.balls)
        if self.rough_mm:
            distance = _floats(distance + self.rough_mm * (0.9 * plane.noise14 + 0.4 * plane.noise6))
        distance = _floats(np.maximum(distance, plane.depths[1] + np.float32(self.limit_mm)))
        return occupancy(distance, max(plane.pixel_mm, self.soft_mm, 0.3 * plane.slab_mm))


@dataclass(frozen=True, slots=True)
class Patches:
    """Where the noise of 6 mm cells exceeds a level."""

    tissue: str
    level: float
    depth_mm: float = 0.5

    def share(self, plane: Plane) -> Floats:
        """What they fill."""
        height = plane.noise6 + 0.5 * plane.noise14 - 0.3 * plane.noise2
        steep = _filled((height - np.float32(self.level)) * 1.1 + 0.5)
        return steep * occupancy(plane.depths[1] + np.float32(self.depth_mm), plane.pixel_mm)


@dataclass(frozen=True, slots=True)
class Cells:
    """Compartments around ``seeds``, each of one of several tissues: what a mosaic tumour consists of."""

    seeds: tuple[Point, ...]
    kinds: tuple[int, ...]
    tissues: tuple[str, ...]

    def index(self, plane: Plane) -> NDArray[np.uint8]:
        """Which tissue each pixel has."""
        nearest, _, _ = _nearest_two(plane, self.seeds)
        result: NDArray[np.uint8] = np.array(self.kinds, dtype=np.uint8)[nearest]
        return result


@dataclass(frozen=True, slots=True)
class Septa:
    """Walls between the compartments around ``seeds``; some fade out."""

    tissue: str
    seeds: tuple[Point, ...]
    width_mm: float

    def share(self, plane: Plane) -> Floats:
        """What they fill."""
        _, first, second = _nearest_two(plane, self.seeds)
        wall = (np.sqrt(second) - np.sqrt(first)) * np.float32(0.5)
        half = self.width_mm * (np.float32(0.42) + 0.22 * plane.noise14 + 0.10 * plane.noise6)
        edge = (half - wall) / np.float32(max(plane.pixel_mm, 0.3 * plane.slab_mm))
        return _filled(np.float32(0.35) + edge)


@dataclass(frozen=True, slots=True)
class Star:
    """A scar: a hub with spokes that thin out, in half-planes through an axis that leans by ``lean`` mm per mm."""

    tissue: str
    angles: tuple[float, ...]
    lengths_mm: tuple[float, ...]
    width_mm: float
    hub_mm: float
    lean: tuple[float, float]

    def share(self, plane: Plane) -> Floats:
        """What it fills."""
        z = np.float32(plane.z)
        x = plane.x - self.lean[0] * z + 0.55 * self.width_mm * plane.noise14
        y = plane.y - self.lean[1] * z + 0.6 * self.width_mm * plane.noise6
        away = np.sqrt(x * x + y * y + np.float32(0.6) * z * z)
        gap = away - self.hub_mm * (1 + 0.35 * plane.noise6)
        for angle, length in zip(self.angles, self.lengths_mm, strict=True):
            c, s = float(np.cos(angle)), float(np.sin(angle))
            along, across = c * x + s * y, np.abs(c * y - s * x)
            half = 0.5 * self.width_mm * np.clip(1.15 - along / np.float32(length), -1, 1)
            half = np.where(away > np.float32(1.1 * length), np.float32(-2), half)
            gap = np.minimum(gap, np.maximum(across - half, -along))
        return occupancy(_floats(gap), max(plane.pixel_mm, 0.8))


@dataclass(frozen=True, slots=True)
class Sheets:
    """Thin flat walls: ``normals`` and their offsets from the centre (septa of a cyst)."""

    tissue: str
    normals: tuple[Point, ...]
    offsets_mm: tuple[float, ...]
    width_mm: float

    def share(self, plane: Plane) -> Floats:
        """What they fill."""
        total = np.zeros_like(plane.depths[1])
        for (a, b, c), offset in zip(self.normals, self.offsets_mm, strict=True):
            gap = np.abs(a * plane.x + b * plane.y + np.float32(c * plane.z - offset) + 1.2 * plane.noise14)
            total = np.maximum(total, np.clip(np.float32(0.5) + (self.width_mm / 2 - gap) / plane.pixel_mm, 0, 1))
        return total.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Filling:
    """Blood pooling from nodules at the rim inwards: the front is R (1 - exp(-t / tau)) deep (PHANTOM 4.2)."""

    tissue: str
    nodules: tuple[Ball, ...]
    radius_mm: float
    tau_s: float

    def share(self, plane: Plane) -> Floats:
        """What has filled until the plane's moment."""
        if plane.seconds <= 0:
            return np.zeros_like(plane.depths[1])
        front = self.radius_mm * (1 - float(np.exp(-plane.seconds / self.tau_s)))
        grown = tuple((x, y, z, size * 0.75 + 1.15 * front) for x, y, z, size in self.nodules)
        distance = _union(plane, grown) + (1.2 + 0.06 * front) * (0.6 * plane.noise14 + 0.8 * plane.noise6)
        return occupancy(_floats(distance), max(plane.pixel_mm, 1.6, 0.3 * plane.slab_mm))


@dataclass(frozen=True, slots=True)
class Tubes:
    """Vessels or ducts: pieces [n, 8] as in `vessels`, in patient mm."""

    tissue: str
    pieces: NDArray[np.float64]

    def share(self, plane: Plane) -> Floats:
        """What they fill."""
        cx, cy, cz = plane.centre
        x, y = (plane.x + np.float32(cx))[0], (plane.y + np.float32(cy))[:, 0]
        return draw_pieces(self.pieces, plane.z + cz, plane.slab_mm, x, y)


@dataclass(frozen=True, slots=True)
class Level:
    """Everything behind a horizontal level (the patient lies on the back), or in front of it (gas)."""

    tissue: str
    y_mm: float
    depth_mm: float
    is_front: bool = False

    def share(self, plane: Plane) -> Floats:
        """What it fills."""
        side = (plane.y - np.float32(self.y_mm)) * (1 if self.is_front else -1)
        return occupancy(_floats(np.maximum(side, plane.depths[1] + np.float32(self.depth_mm))), plane.pixel_mm)


@dataclass(frozen=True, slots=True)
class Wedge:
    """A cone with straight borders from ``apex`` (from the centre) along ``axis``, between two distances."""

    tissue: str
    apex: Point
    axis: Point
    half_angle: float
    reach_mm: tuple[float, float]
    soft_mm: float

    def share(self, plane: Plane) -> Floats:
        """What it fills."""
        dx, dy, dz = plane.x - self.apex[0], plane.y - self.apex[1], np.float32(plane.z - self.apex[2])
        along = dx * self.axis[0] + dy * self.axis[1] + dz * np.float32(self.axis[2])
        across = np.sqrt(np.maximum(dx * dx + dy * dy + dz * dz - along * along, 0))
        side = (across - np.tan(self.half_angle) * along) * np.cos(self.half_angle)
        near, far = self.reach_mm
        outside = np.maximum(np.maximum(side, near - along), (along - far) * 0.5)
        return occupancy(_floats(outside + 0.8 * plane.noise6), self.soft_mm)


Part = Shell | Inner | Balls | Patches | Septa | Star | Sheets | Filling | Tubes | Level | Wedge


def gated(plane: Plane, gate: Gate) -> Floats | np.float32:
    """1 within an arc about the centre, falling to 0 at its ends."""
    if gate[1] > np.pi:
        return np.float32(1)
    turn = np.arctan2(plane.y, plane.x) - np.float32(gate[0])
    turn = np.abs((turn + np.float32(np.pi)) % np.float32(2 * np.pi) - np.float32(np.pi))
    result: Floats = np.clip((np.float32(gate[1]) - turn) * 4 + np.float32(0.5), 0, 1)
    return result


def _filled(share: NDArray[np.floating]) -> Floats:
    """A share between 0 and 1."""
    result: Floats = np.clip(share, 0, 1, dtype=np.float32)
    return result


def _floats(values: NDArray[np.floating]) -> Floats:
    result: Floats = values.astype(np.float32, copy=False)
    return result


def _union(plane: Plane, balls: Sequence[Ball]) -> Floats:
    """Distance to the nearest of several balls."""
    distance = np.full(plane.depths[1].shape, 99, dtype=np.float32)
    for bx, by, bz, size in balls:
        height = (plane.z - bz) ** 2
        gap = np.sqrt((plane.x - np.float32(bx)) ** 2 + (plane.y - np.float32(by)) ** 2 + np.float32(height))
        distance = np.minimum(distance, gap - np.float32(size))
    return distance


def _nearest_two(plane: Plane, seeds: Sequence[Point]) -> tuple[NDArray[np.uint8], Floats, Floats]:
    """Index of the nearest seed, and squared distances to the nearest and the second nearest.

    Space is bent a little by the noise, so that no wall is straight.
    """
    x, y = plane.x + 1.6 * plane.noise14 + 0.7 * plane.noise6, plane.y + 1.1 * plane.noise6 - 1.2 * plane.noise14
    first = np.full(plane.depths[1].shape, 1e6, dtype=np.float32)
    second = first.copy()
    nearest = np.zeros(first.shape, dtype=np.uint8)
    for number, (sx, sy, sz) in enumerate(seeds):
        gap = (x - np.float32(sx)) ** 2 + (y - np.float32(sy)) ** 2 + np.float32((plane.z - sz) ** 2)
        np.minimum(second, np.maximum(first, gap), out=second)
        nearest[gap < first] = number
        np.minimum(first, gap, out=first)
    return nearest, first, second
