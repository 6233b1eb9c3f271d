"""What lies in a CT image besides the patient's trunk: table, arms, gown, metal (PHANTOM 3.4).

Models must not learn the liver from its surround, so that all of this varies freely. Pictures are
(HU + 1000) / 1000 [rows, columns], 0 in air.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Floats

Point = tuple[float, float, float]

OUTLINE = 2.35
"""Exponent of the superellipse of the trunk (PHANTOM 1.1)."""


def superellipse(x: Floats, y: Floats) -> Floats:
    """Radius by the outline of the trunk: 1 at the skin; ``x`` and ``y`` in halves of width and depth."""
    power = np.float32(OUTLINE)
    result: Floats = ((np.abs(x) ** power + np.abs(y) ** power) ** (1 / power)).astype(np.float32)
    return result


def table(rng: np.random.Generator, x_mm: Floats, y_mm: Floats, back_y: float) -> Floats:
    """Table top: an arc of 2 mm and 100 HU under a mat, its lower shell, foam between.

    ``back_y`` is the lowest point of the body. Mat, radii and depth of the shell are assumed [A].
    """
    top = max(back_y + float(rng.uniform(6, 12)), 84.0)
    upper_radius, lower_radius = float(rng.uniform(330, 520)), float(rng.uniform(260, 420))
    depth, width = float(rng.uniform(28, 55)), float(rng.uniform(195, 225))
    x, y = x_mm[None, :], y_mm[:, None]
    pixel_mm = float(x_mm[1] - x_mm[0])
    upper = top + 1 - (upper_radius - np.sqrt(np.maximum(upper_radius**2 - x * x, 0)))
    lower = top + depth - (lower_radius - np.sqrt(np.maximum(lower_radius**2 - x * x, 0))) * 0.8
    lower = np.maximum(lower, upper)
    reach = np.clip(0.5 + (width - np.abs(x)) / pixel_mm, 0, 1)
    sheet = np.maximum(_line(y - upper, 2.0, pixel_mm), _line(y - lower, 2.0, pixel_mm)) * reach
    foam = np.clip(0.5 + np.minimum(y - upper, lower - y) / pixel_mm, 0, 1) * reach
    mat = np.clip(0.5 + np.minimum(upper - y, y - upper + (top - back_y)) / pixel_mm, 0, 1) * reach
    result: Floats = np.maximum(np.maximum(1.1 * sheet, 0.06 * foam), 0.04 * mat).astype(np.float32)
    return result


def arms(rng: np.random.Generator, x_mm: Floats, y_mm: Floats, half: tuple[float, float], middle_y: float) -> Floats:
    """Arms beside the trunk: fat, muscle, and the bones of elbow or forearm. Sizes assumed [A]."""
    picture = np.zeros((len(y_mm), len(x_mm)), dtype=np.float32)
    for side in (-1, 1):
        size = float(rng.uniform(32, 40))
        centre = (side * (half[0] + size + float(rng.uniform(1, 6))), middle_y + float(rng.uniform(0, 25)))
        parts = (
            (0.0, 0.0, size, size * 1.15, 0.895),
            (0.0, 0.0, size - 7, size * 1.15 - 8, 1.055),
            (-side * 8.0, 7.0, 9.0, 7.5, 2.1),
            (-side * 8.0, 7.0, 5.0, 4.0, 1.15),
            (side * 9.0, -8.0, 7.5, 9.0, 2.1),
            (side * 9.0, -8.0, 4.0, 5.0, 1.15),
        )
        for dx, dy, rx, ry, value in parts:
            x, y = (x_mm[None, :] - centre[0] - dx) / rx, (y_mm[:, None] - centre[1] - dy) / ry
            distance = (np.sqrt(x * x + y * y) - 1) * min(rx, ry)
            share = np.clip(0.5 - distance / float(x_mm[1] - x_mm[0]), 0, 1)
            picture += (share * (value - picture)).astype(np.float32)
    return picture


@dataclass(frozen=True, slots=True)
class Gown:
    """Folds of cloth around the body: thin closed lines that wander with the angle and the height."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    """Pixels [n] just outside the body."""
    gap_mm: Floats
    """Distance [n] from the outline of the trunk."""
    angle: Floats
    pixel_mm: float
    folds: tuple[tuple[float, float, float, Floats], ...]
    """Gap, thickness and picture value of each fold, and its waves [waves, 4]: size, count, phase, turn per mm."""

    def drape(self, scene: Floats, z_mm: float) -> None:
        """Lay the folds over the air of a scene at the height ``z_mm``."""
        for base, thickness, value, waves in self.folds:
            gap = np.full_like(self.gap_mm, base)
            for size, count, phase, turn in waves.tolist():
                gap += np.float32(size) * np.sin(np.float32(count) * self.angle + np.float32(phase + turn * z_mm))
            paint = np.float32(value) * _line(self.gap_mm - gap, thickness, self.pixel_mm)
            seen = scene[self.rows, self.columns]
            is_air = seen < 0.01
            scene[self.rows[is_air], self.columns[is_air]] = np.maximum(seen, paint)[is_air]


def gown(
    rng: np.random.Generator,
    x_mm: Floats,
    y_mm: Floats,
    half: tuple[float, float],
    middle_y: float,
    count: int,
) -> Gown:
    """Draw ``count`` folds in front of and beside the body. Sizes assumed [A]."""
    x, y = x_mm[None, :] / half[0], (y_mm[:, None] - middle_y) / half[1]
    gap = ((superellipse(x, y) - 1) * min(half)).astype(np.float32)
    is_near = (gap > -8) & (gap < 40) & (y < 0.75)
    rows, columns = np.nonzero(is_near if count else np.zeros_like(is_near))
    folds = []
    for number in range(count):
        waves = [
            (rng.uniform(0.6, 4.5) / k**0.5, k, rng.uniform(0, 6.28), rng.normal(0, 0.02)) for k in (1, 2, 3, 5, 9, 14)
        ]
        base = float(rng.uniform(2, 8)) + 3.0 * number
        value = float(rng.uniform(0.15, 0.5))
        folds.append((base, float(rng.uniform(0.6, 1.4)), value, np.array(waves, dtype=np.float32)))
    turn = np.arctan2(y, x)[rows, columns].astype(np.float32)
    return Gown(rows, columns, gap[rows, columns], turn, float(x_mm[1] - x_mm[0]), tuple(folds))


def bodies_of_metal(rng: np.random.Generator, clips: int, drain: bool, at: Point | None) -> tuple[Point, ...]:
    """Centres of clips and of the rings of a drain, which runs from the fossa to the right flank."""
    middle = at or (-48 + float(rng.normal(0, 6)), -48 + float(rng.normal(0, 6)), -14 + float(rng.normal(0, 8)))
    points = [
        (
            middle[0] + float(rng.normal(0, 6)),
            middle[1] + float(rng.normal(0, 5)),
            middle[2] + float(rng.normal(0, 6)),
        )
        for _ in range(clips)
    ]
    if drain:
        points += [(middle[0] - 7.0 * n, middle[1] + 3.0 * n, middle[2] - 3.0 * n) for n in range(4)]
    return tuple(points)


def _line(distance: Floats, thickness: float, pixel_mm: float) -> Floats:
    """Share of a pixel covered by a sheet; thinner than a pixel it fades instead."""
    share = np.minimum(distance / pixel_mm + 0.5, thickness / 2 / pixel_mm) - np.maximum(
        distance / pixel_mm - 0.5, -thickness / 2 / pixel_mm
    )
    result: Floats = np.clip(share, 0, 1).astype(np.float32)
    return result
