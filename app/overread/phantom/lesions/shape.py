"""The surface of a lesion: a turned ellipsoid with buds, roughened by smooth noise (PHANTOM 4.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from overread.phantom.lattice import Floats, smooth_min
from overread.phantom.lesions.sketch import Sketch
from overread.phantom.noise import pick

Point = tuple[float, float, float]
Ball = tuple[float, float, float, float]
"""A ball: dx, dy, dz from the centre of the lesion, and its radius, mm."""

_COARSE_FROM_MM = 25.0
"""Radius from which a large lesion is also roughened by 40 mm cells, so that a mass does not look like moss [A]."""
_FINE_UP_TO_MM = 16.0
_ROUGHNESS = {
    "hcc": (0.06, 0.10, 0.02),
    "icc": (0.15, 0.22, 0.05),
    "other-primary": (0.13, 0.20, 0.05),
    "metastasis": (0.06, 0.12, 0.03),
    "haemangioma": (0.12, 0.20, 0.03),
    "fnh": (0.08, 0.12, 0.02),
    "cyst": (0.01, 0.03, 0.0),
    "abscess": (0.08, 0.11, 0.05),
    "regenerative-nodule": (0.03, 0.05, 0.02),
    "dysplastic-nodule": (0.03, 0.05, 0.02),
}
"""Type -> range of the amplitude at 14 mm cells, amplitude at 6 mm cells, relative to the radius (PHANTOM 4.1)."""
_MARGIN_MM = {
    "hcc": (0.5, 1.4),
    "icc": (1.0, 3.0),
    "other-primary": (1.0, 3.0),
    "metastasis": (1.0, 2.0),
    "haemangioma": (0.4, 0.9),
    "fnh": (0.4, 1.0),
    "cyst": (0.1, 0.4),
    "abscess": (1.5, 3.0),
    "regenerative-nodule": (0.6, 1.0),
    "dysplastic-nodule": (0.6, 1.0),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a lesion ends. Lengths in mm.

    ``axes`` stretch x, y and z of a body turned by ``turn`` about z; ``roughness`` is relative to the radius, at cells
    of 14 and 6 mm; ``margin_mm`` the width over which the border is blurred; ``buds`` stand out at the rim.
    """

    centre: Point
    radius: float
    axes: Point
    turn: float
    roughness: tuple[float, float]
    margin_mm: float
    buds: tuple[Ball, ...] = ()

    @property
    def reach_mm(self) -> float:
        """No part of the lesion lies farther from its centre."""
        body = max(self.axes) * self.radius
        buds = max((float(np.hypot(np.hypot(b[0], b[1]), b[2])) + b[3] for b in self.buds), default=0.0)
        return max(body, buds) + self.relief_mm * 2.5 + self.margin_mm + 2

    @property
    def relief_mm(self) -> float:
        """Standard deviation of the surface."""
        large = self.roughness[0] * self.radius
        return float(np.hypot(large, self.roughness[1] * min(self.radius, _FINE_UP_TO_MM)))

    def distance(self, x: Floats, y: Floats, z: float, noise: tuple[Floats, Floats, Floats]) -> Floats:
        """Distance to the surface at the height ``z``, below zero inside.

        ``x`` [1, columns], ``y`` [rows, 1]; ``noise`` [rows, columns] with cells of 40, 14 and 6 mm.
        """
        u, v = self.turned(x, y)
        height = float((z - self.centre[2]) / self.axes[2])
        a, b = float(self.axes[0]), float(self.axes[1])
        spread = np.sqrt((u / a) ** 2 + (v / b) ** 2 + np.float32(height**2))
        if self.buds:
            dx, dy, dz = x - self.centre[0], y - self.centre[1], float(z - self.centre[2])
            spread = spread - np.float32(self.radius)
            for bx, by, bz, size in self.buds:
                ball = np.sqrt((dx - bx) ** 2 + (dy - by) ** 2 + np.float32((dz - bz) ** 2)) - np.float32(size)
                spread = smooth_min(spread, ball, 0.2 * self.radius)
            spread = spread + np.float32(self.radius)
        large, fine = self.roughness
        relief = (large * min(self.radius, _COARSE_FROM_MM)) * noise[1]
        if self.radius > _COARSE_FROM_MM:
            relief = relief + (large * (self.radius - _COARSE_FROM_MM)) * noise[0]
        if fine > 0:
            relief = relief + (fine * min(self.radius, _FINE_UP_TO_MM)) * noise[2]
        result: Floats = (spread - np.float32(self.radius) - relief).astype(np.float32)
        return result

    def turned(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Coordinates along the lesion's own axes in the plane."""
        c, s = float(np.cos(self.turn)), float(np.sin(self.turn))
        dx, dy = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        return c * dx + s * dy, c * dy - s * dx


def draw_shape(sketch: Sketch, centre: Point, rng: np.random.Generator) -> Shape:
    """Draw a surface whose greatest width in the plane through the centre is about the sketch's diameter."""
    low, high, fine = _ROUGHNESS[sketch.type]
    margin = float(rng.uniform(*_MARGIN_MM[sketch.type]))
    rough = float(rng.uniform(low, high))
    if sketch.variant == "infiltrative":
        rough, fine, margin = 0.25, 0.05, float(rng.uniform(6, 15))
    elif sketch.variant.startswith("focal"):
        rough, fine, margin = 0.28, 0.06, float(rng.uniform(3, 6))
    if "difference" in sketch.signs:
        margin = float(rng.uniform(0.4, 0.9)) if sketch.has("difference") else float(rng.uniform(4.0, 7.0))
    sd = {"cyst": 0.07, "metastasis": 0.08}.get(sketch.type, 0.10)
    a, b, c = np.exp(rng.normal(0, sd, 3)).clip(0.75, 1.3).tolist()
    shape = Shape(
        centre=centre,
        radius=1.0,
        axes=(a, b, c),
        turn=float(rng.uniform(0, np.pi)),
        roughness=(rough, fine),
        margin_mm=min(margin, 0.35 * sketch.diameter_mm),
        buds=_buds(sketch, rng),
    )
    return _scaled(shape, sketch.diameter_mm)


def _buds(sketch: Sketch, rng: np.random.Generator) -> tuple[Ball, ...]:
    """Balls at the rim, for a radius of 1: budding and confluent HCC, lobulated ICC and FNH (PHANTOM 4.1)."""
    if sketch.variant == "infiltrative" or sketch.variant.startswith("focal"):
        return ()
    chance = {"hcc": (0.30, 0.15), "icc": (0.6, 0.2), "other-primary": (0.5, 0.2), "metastasis": (0.15, 0.05)}
    chance |= {"haemangioma": (0.6, 0.1), "fnh": (0.6, 0.0), "abscess": (0.6, 0.0), "cyst": (0.06, 0.0)}
    bud, confluent = chance.get(sketch.type, (0.0, 0.0))
    kind = pick(rng, (bud, confluent, 1 - bud - confluent))
    if kind == 2 or sketch.diameter_mm < 8:
        return ()
    count = int(rng.integers(1, 5)) if kind == 0 else int(rng.integers(1, 3))
    sizes, depth = ((0.4, 0.7), (0.45, 0.75)) if kind == 0 else ((0.7, 0.95), (0.7, 1.0))
    buds = []
    for _ in range(count):
        heading = rng.normal(size=3) * (1.0, 1.0, 0.7)
        heading *= rng.uniform(*depth) / np.linalg.norm(heading)
        dx, dy, dz = heading.tolist()
        buds.append((dx, dy, dz, float(rng.uniform(*sizes))))
    return tuple(buds)


def _scaled(shape: Shape, diameter_mm: float) -> Shape:
    """The shape of radius 1 grown until its calliper width in the plane fits."""
    angle = np.arange(0, 2 * np.pi, np.pi / 18)
    c, s = np.cos(angle - shape.turn), np.sin(angle - shape.turn)
    support = np.hypot(shape.axes[0] * c, shape.axes[1] * s)
    for dx, dy, dz, size in shape.buds:
        if abs(dz) < size:
            support = np.maximum(support, dx * np.cos(angle) + dy * np.sin(angle) + float(np.sqrt(size**2 - dz**2)))
    width = float((support[:18] + support[18:]).max())
    radius = diameter_mm / width
    buds = tuple((dx * radius, dy * radius, dz * radius, size * radius) for dx, dy, dz, size in shape.buds)
    return replace(shape, radius=radius, buds=buds)
