"""Couinaud's segments as planes fitted to the drawn veins (PHANTOM 2.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Field, Lattice
from overread.phantom.liver import Landmarks, Point
from overread.phantom.noise import clipped_normal, stream
from overread.phantom.trees import Points, depth, smooth_path

NAMES = ("", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8")
"""Name by number; 0 is no segment."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Points p with normal . p = offset; ``side`` is positive where the normal points."""

    normal: Point
    offset: float

    def side(self, points_mm: Points) -> Points:
        """Distance of ``points_mm`` [n, 3] from the plane, mm."""
        return np.asarray(points_mm @ np.array(self.normal) - self.offset)


@dataclass(frozen=True, slots=True)
class Trunks:
    """Centre lines [n, 3] of right, middle and left hepatic vein from the vena cava outward."""

    right: Points
    middle: Points
    left: Points
    has_common_stem: bool


@dataclass(frozen=True, slots=True)
class Segments:
    """The eight segments of one liver.

    Normals point to the right of ``middle`` and to the back of ``right``, to the left of ``left``, and to
    segment 2 of ``lateral``. ``solids`` are the ellipsoids (centre, radii) of the caudate.
    """

    middle: Plane
    right: Plane
    left: Plane
    lateral: Plane
    fork_z: float
    solids: tuple[tuple[Point, Point], ...]

    def of(self, points_mm: Points) -> NDArray[np.uint8]:
        """Segment 1 to 8 of each of ``points_mm`` [n, 3], whether or not it lies in the liver."""
        points = np.asarray(points_mm, dtype=np.float64)
        high = points[:, 2] > self.fork_z + 0.05 * (points[:, 0] + 30)
        behind = self.right.side(points) > 0
        right = np.where(behind, np.where(high, 7, 6), np.where(high, 8, 5))
        lateral = np.where(self.lateral.side(points) > 0, 2, 3)
        result = np.where(self.middle.side(points) > 0, right, np.where(self.left.side(points) > 0, lateral, 4))
        for centre, radii in self.solids:
            away = (points - np.array(centre)) / (np.array(radii) + 1.5)
            result = np.where((away * away).sum(axis=1) < 1, 1, result)
        return result.astype(np.uint8)

    def name(self, point_mm: Point) -> str:
        """Name of the segment of one point."""
        return NAMES[int(self.of(np.array([point_mm]))[0])]


def hepatic_trunks(lattice: Lattice, liver: Field, marks: Landmarks, seed: int) -> Trunks:
    """Where the three hepatic veins run: between the portal territories, to one level of the vena cava.

    The directions of the right and the middle vein are those that leave the usual shares of the liver (PHANTOM
    2.2) on either side, with some spread; the veins end where the liver gets thin.
    """
    rng = stream(seed, "hepatic-trunks")
    top = _confluence_z(lattice, liver, marks, rng)
    x, y = marks.ivc(top)
    rx, ry = marks.ivc_radii
    right_way, middle_way = _directions(lattice, liver, marks, rng)
    lateral = np.array([marks.umbilical[0] + 52 - x, marks.umbilical[1] - 12 - y]) + rng.normal(0, 5, 2)
    left_way = float(np.arctan2(-lateral[1], lateral[0]))
    drop = rng.normal(1, 0.12, 3)
    right = _vein((x - 0.75 * rx, y, top - rng.uniform(2, 8)), right_way, 98, 62 * drop[0], 0.16)
    middle = _vein((x - 1, y - 0.8 * ry, top - rng.uniform(0, 3)), middle_way, 80, 58 * drop[1], -0.10)
    left = _vein((x + 0.5 * rx, y - 0.7 * ry, top), left_way, 76, 40 * drop[2], 0.14)
    has_common = bool(rng.random() < 0.75)
    if has_common:
        stem = middle[min(2, len(middle) - 1)]
        left = smooth_path(np.concatenate([[middle[0], stem], left[4:] + 0.5 * (stem - left[2])]))
    inside = [_shorten(lattice, liver, path) for path in (right, middle, left)]
    return Trunks(inside[0], inside[1], inside[2], has_common)


def fit_segments(trunks: Trunks, marks: Landmarks) -> Segments:
    """The segments that belong to the drawn veins."""
    heights = np.linspace(0, float(trunks.middle[0, 2]), 12)
    cava = np.array([(*marks.ivc(float(z)), z) for z in heights])
    toward = np.array([marks.umbilical[0], marks.umbilical[1]])
    x, y = marks.ivc(20.0)
    way = toward - np.array([x, y])
    across = np.array([-way[1], way[0], 0.0]) / np.linalg.norm(way)
    along = trunks.left[-1] - trunks.left[min(2, len(trunks.left) - 1)]
    along = along / np.linalg.norm(along)
    up = np.array([-0.15, 0.62, 0.77])
    up = up - (up @ along) * along
    up = up / np.linalg.norm(up)
    solids = ((marks.caudate_centre, marks.caudate_radii),) + ((marks.papillary,) if marks.papillary else ())
    return Segments(
        middle=_plane_through(np.concatenate([cava, trunks.middle]), np.array([-1.0, 0.4, 0.0])),
        right=_plane_through(np.concatenate([cava, trunks.right]), np.array([-0.1, 1.0, 0.0])),
        left=Plane(_point(across), float(across @ np.array([x, y, 0.0]))),
        lateral=Plane(_point(up), float(up @ trunks.left[2:].mean(axis=0))),
        fork_z=marks.fork[2],
        solids=solids,
    )


def shares(lattice: Lattice, liver: Field, segments: Segments) -> NDArray[np.float64]:
    """Share of the liver in segments 0 to 8 (index 0 stays empty)."""
    inside = np.argwhere(liver.values < 0)[:, ::-1] + np.array(liver.start)[::-1]
    points = inside * 4.0 + np.array(lattice.origin_mm)
    count = np.bincount(segments.of(points), minlength=9)
    return np.asarray(count / count.sum())


def _confluence_z(lattice: Lattice, liver: Field, marks: Landmarks, rng: np.random.Generator) -> float:
    """Height at which the veins meet the vena cava, some millimetres below the top of the liver there."""
    heights = lattice.axis("z").astype(np.float64)
    column = np.array([(marks.ivc(float(z))[0] - 3, marks.ivc(float(z))[1] - 12, z) for z in heights])
    inside = np.flatnonzero(depth(lattice, liver, column) > 0)
    top = float(heights[inside[-1]]) if inside.size else 50.0
    return top - clipped_normal(rng, 11, 2, 7, 16)


def _directions(lattice: Lattice, liver: Field, marks: Landmarks, rng: np.random.Generator) -> tuple[float, float]:
    """Angles (0: left, pi/2: front, pi: right) of the right and the middle vein from the vena cava."""
    points = np.argwhere(liver.values[::2, ::2, ::2] < 0)[:, ::-1] * 8.0 + np.array(lattice.origin_mm)
    x, y = marks.ivc(25.0)
    angle = np.arctan2(-(points[:, 1] - y), points[:, 0] - x)
    angle = np.sort(np.where(angle < -np.pi / 4, angle + 2 * np.pi, angle))
    spread = rng.normal(0, 1, 2)
    lateral = float(np.mean(angle < np.arctan2(y - marks.umbilical[1], marks.umbilical[0] - x)))
    half = lateral + (1 - lateral) * (0.20 + 0.03 * float(np.clip(spread[1], -2, 2)))
    middle = angle[int(half * len(angle))]
    right = angle[int((half + (1 - half) * (0.535 + 0.035 * float(np.clip(spread[0], -2, 2)))) * len(angle))]
    return float(right), float(np.clip(middle, np.pi / 2, right - 0.5))


def _vein(root: tuple[float, float, float], way: float, length: float, drop: float, bow: float) -> Points:
    """A trunk that starts nearly level, sinks more and more, and bows sideways."""
    t = np.linspace(0, 1, 6)
    turn = way + bow * (t - 0.4)
    knots = np.stack(
        [root[0] + length * t * np.cos(turn), root[1] - length * t * np.sin(turn), root[2] - drop * t**2.1], axis=1
    )
    return smooth_path(knots)


def _shorten(lattice: Lattice, liver: Field, path: Points, gap_mm: float = 8.0) -> Points:
    """The path up to where it leaves the inner liver for good; what runs too shallow on the way is kept."""
    deep = np.flatnonzero(depth(lattice, liver, path) > gap_mm)
    last = int(deep[-1]) if deep.size else 0
    return path[: max(last + 1, 5)]


def _plane_through(points: Points, facing: Points) -> Plane:
    """Least-squares plane, hardly tilted, whose normal looks along ``facing``."""
    middle = points.mean(axis=0)
    normal = np.linalg.svd(points - middle, full_matrices=False)[2][-1]
    normal[2] = np.clip(normal[2], -0.35, 0.35)
    normal = normal / np.linalg.norm(normal) * (1.0 if normal @ facing > 0 else -1.0)
    return Plane(_point(normal), float(normal @ middle))


def _point(values: Points) -> Point:
    x, y, z = (float(v) for v in values)
    return x, y, z
