"""Places for lesions in a liver, and what lesions do to it: vessels pushed aside, the capsule bulged or drawn in.

PHANTOM 4.1 and 4.5. Every wish is a penalty in mm, so that a crowded or thin liver still gets the least bad place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Field, Floats, Lattice, smooth_max, smooth_min
from overread.phantom.lesions.shape import Point
from overread.phantom.lesions.sites import DEEP, EXOPHYTIC, FOCAL, HILAR, SUBCAPSULAR, numbers_of, site_of
from overread.phantom.lesions.sketch import Sketch
from overread.phantom.lesions.structure import Lesion
from overread.phantom.liver import Landmarks
from overread.phantom.noise import stream
from overread.phantom.vessels import make_room

__all__ = ["deform", "mass_effect", "place", "thrombus_in"]

Points = NDArray[np.float64]

CANDIDATES = 300
GAP_MM = 2.0
"""Lesions keep this distance from each other (PHANTOM 4.5)."""
THICK_MM = 3.0
"""Radius from which a vessel is abutted, never replaced (PHANTOM 4.5)."""
THROMBUS_WITHIN_MM = 15.0
_BULGE_MM = 5.0
"""How far a lesion may push the capsule out [A]."""


def place(
    sketches: Sequence[Sketch],
    *,
    lattice: Lattice,
    liver: Field,
    avoid: tuple[Field, ...],
    marks: Landmarks,
    tree: Points,
    seed: int,
) -> tuple[Point, ...]:
    """Centres of lesions, in the order of the sketches; the largest are placed first.

    Parameters
    ----------
    sketches
        What is to be placed.
    lattice, liver
        The liver as a signed distance.
    avoid
        Organs not to be touched, such as the gallbladder.
    marks
        Great vessels and fissures.
    tree
        Vessel pieces [n, 8]: x, y, z, radius of both ends, mm.
    seed
        Seed of the study.
    """
    order = sorted(range(len(sketches)), key=lambda n: (not sketches[n].is_target, -sketches[n].diameter_mm))
    thick = tree[tree[:, 3] > THICK_MM] if len(tree) else np.zeros((0, 8))
    normals = _normals(liver)
    taken: dict[int, Point] = {}
    numbers = numbers_of(sketches)
    for at in order:
        sketch, number = sketches[at], numbers[at]
        radius = sketch.diameter_mm / 2
        site = site_of(sketch, number, seed)
        rng = stream(seed, f"lesion-{number}-place")
        chosen, facing = _candidates(rng, lattice, liver, normals, site, radius)
        if site == HILAR:
            chosen, facing = _nearest_hilum(chosen, facing, marks)
        blame = _forbidden(chosen, lattice, avoid, marks, thick, radius)
        for other, centre in taken.items():
            apart = np.linalg.norm(chosen - np.array(centre), axis=1)
            blame += 2 * np.maximum(1.2 * (radius + sketches[other].diameter_mm / 2) + GAP_MM - apart, 0)
        blame += _wishes(chosen, facing, sketch, site, marks, radius)
        if sketch.variant == "satellite" and taken:
            main = max(taken, key=lambda n: sketches[n].diameter_mm)
            apart = np.linalg.norm(chosen - np.array(taken[main]), axis=1) - sketches[main].diameter_mm / 2
            blame += 0.6 * np.maximum(apart - radius - 22, 0)
        x, y, z = chosen[int(np.argmin(blame + np.arange(len(blame)) * 1e-6))].tolist()
        taken[at] = (x, y, z)
    return tuple(taken[n] for n in range(len(sketches)))


def mass_effect(tree: Points, lesions: Sequence[Lesion]) -> Points:
    """Vessel pieces pushed aside by every lesion that displaces."""
    for lesion in lesions:
        if lesion.push_mm > 0 and len(tree):
            tree = make_room(tree, lesion.centre, lesion.push_mm)
    return tree


def thrombus_in(tree: Points, lesion: Lesion, seed: int) -> Points:
    """Pieces of the portal branch within 15 mm that a tumour grows into, dilated 1.3-1.8 times (PHANTOM 4.2).

    Paint them after the vessels with `painting.paint_thrombus`. Empty where no branch is near.
    """
    if not lesion.has_thrombus or len(tree) == 0:
        return np.zeros((0, 8))
    rng = stream(seed, f"lesion-{lesion.number}-thrombus")
    middle = (tree[:, 0:3] + tree[:, 4:7]) / 2
    gap = np.linalg.norm(middle - np.array(lesion.centre), axis=1) - lesion.radius
    near = (gap < THROMBUS_WITHIN_MM) & (tree[:, 3] > 1.5)
    if not near.any():
        return np.zeros((0, 8))
    start = middle[near][int(np.argmax(tree[near, 3] - 0.1 * gap[near]))]
    chosen: Points = tree[near & (np.linalg.norm(middle - start, axis=1) < 22)].copy()
    chosen[:, [3, 7]] *= float(rng.uniform(1.3, 1.8))
    return chosen


def deform(lattice: Lattice, liver: Field, lesions: Sequence[Lesion]) -> Field:
    """The liver with its capsule bulged over superficial lesions and drawn in over retracting ones."""
    values = liver.values.copy()
    for lesion in lesions:
        if lesion.lets_vessels_through:
            continue
        if lesion.retraction_mm > 0:
            _draw_in(lattice, liver, values, lesion)
        elif lesion.radius > 4:
            _bulge(lattice, liver, values, lesion)
    return Field(values, liver.start)


def _candidates(
    rng: np.random.Generator,
    lattice: Lattice,
    liver: Field,
    normals: tuple[Floats, Floats, Floats],
    site: str,
    radius: float,
) -> tuple[Points, Points]:
    """Points of the liver at the depth that a kind of site asks for, and which way the surface above them faces."""
    depth = -liver.values
    most = float(depth.max())
    low, high = {
        DEEP: (radius + 3, 999.0),
        HILAR: (min(radius + 1, 12.0), 999.0),
        SUBCAPSULAR: (radius * 0.85, radius + 4),
        EXOPHYTIC: (radius * 0.2, radius * 0.6),
        FOCAL: (min(radius * 0.6, 6.0), max(radius + 4, 12.0)),
    }[site]
    low = min(low, 0.8 * most)
    voxels = np.argwhere((depth > low) & (depth < max(high, low + 5)))
    if len(voxels) == 0:
        voxels = np.argwhere(depth > 0.8 * most)
    picked = voxels[rng.integers(0, len(voxels), CANDIDATES * (4 if site in (HILAR, FOCAL) else 1))]
    k, j, i = picked.T
    facing = np.stack([n[k, j, i] for n in normals], axis=1).astype(np.float64)
    offset = np.array(lattice.origin_mm) + 4.0 * np.array(liver.start)[::-1]
    points = picked[:, ::-1] * 4.0 + offset
    if site == EXOPHYTIC:
        wanted = radius * rng.uniform(0.15, 0.55, len(points))
        return points + facing * (depth[k, j, i] - wanted)[:, None], facing
    return points + rng.uniform(-1.5, 1.5, points.shape), facing


def _nearest_hilum(points: Points, facing: Points, marks: Landmarks) -> tuple[Points, Points]:
    """Candidates within 30 mm of the bifurcation, or the nearest 60 (PHANTOM 4.5)."""
    gap = np.linalg.norm(points - np.array(marks.fork), axis=1)
    order = np.argsort(gap)
    count = max(int((gap < 30).sum()), 60)
    return points[order[:count]], facing[order[:count]]


def _forbidden(
    points: Points, lattice: Lattice, avoid: tuple[Field, ...], marks: Landmarks, thick: Points, radius: float
) -> NDArray[np.float64]:
    """What must not be touched: other organs, the vena cava, thick vessels."""
    blame = np.zeros(len(points))
    for field in avoid:
        blame += np.maximum(radius * 0.95 + 2 - lattice.read(field, points), 0)
    cava = np.array([marks.ivc(float(z)) for z in points[:, 2]])
    blame += np.maximum(radius + 10 - np.linalg.norm(points[:, :2] - cava, axis=1), 0)
    if len(thick):
        middle = (thick[:, 0:3] + thick[:, 4:7]) / 2
        gap = np.linalg.norm(points[:, None] - middle[None], axis=2) - thick[:, 3]
        blame += np.minimum(np.maximum(radius + 1 - gap.min(axis=1), 0), 25)
    return blame


def _wishes(
    points: Points, facing: Points, sketch: Sketch, site: str, marks: Landmarks, radius: float
) -> NDArray[np.float64]:
    """Preferences by type: hilum, focal sites, and where a lesion may grow out of the liver."""
    to_hilum = np.linalg.norm(points - np.array(marks.fork), axis=1)
    if sketch.type == "hcc" and sketch.diameter_mm < 20:
        away: NDArray[np.float64] = np.maximum(radius + 20 - to_hilum, 0)
        return away
    if site == HILAR:
        near: NDArray[np.float64] = 0.5 * np.maximum(to_hilum - 30, 0)
        return near
    if site == FOCAL:
        ligament = np.linalg.norm(points - np.array([marks.fissure_x, -74.0, 4.0]), axis=1)
        bag = np.linalg.norm(points - np.array([-52.0, -52.0, -14.0]), axis=1)
        nearest: NDArray[np.float64] = np.minimum(np.minimum(ligament, bag), to_hilum)
        return nearest
    if site == EXOPHYTIC:
        outward = np.maximum(facing[:, 2], 0) + np.maximum(-facing[:, 0], 0) + np.maximum(facing[:, 1] - 0.5, 0)
        return 2 * radius * outward
    return np.zeros(len(points))


def _normals(liver: Field) -> tuple[Floats, Floats, Floats]:
    """Direction in which the distance grows: x, y, z parts [z, y, x]."""
    gz, gy, gx = np.gradient(liver.values)
    size = np.sqrt(gx * gx + gy * gy + gz * gz) + np.float32(1e-3)
    return gx / size, gy / size, gz / size


def _draw_in(lattice: Lattice, liver: Field, values: Floats, lesion: Lesion) -> None:
    """Pull the nearest capsule in by -A exp(-r^2 / s^2) (PHANTOM 4.1)."""
    x, y, z = lattice.coordinates(liver.block)
    cx, cy, cz = lesion.centre
    gap = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2)
    at_surface = np.where(np.abs(liver.values) < 4, gap, 999)
    nearest = np.unravel_index(int(np.argmin(at_surface)), liver.values.shape)
    if at_surface[nearest] > 1.6 * lesion.radius + 6:
        return
    sx, sy, sz = float(x[0, 0, nearest[2]]), float(y[0, nearest[1], 0]), float(z[nearest[0], 0, 0])
    spread = max(0.45 * lesion.radius, 7.0)
    dent = np.exp(-((x - sx) ** 2 + (y - sy) ** 2 + (z - sz) ** 2) / np.float32(spread**2))
    values += np.float32(lesion.retraction_mm) * dent.astype(np.float32)


def _bulge(lattice: Lattice, liver: Field, values: Floats, lesion: Lesion) -> None:
    """Let the liver follow a lesion that reaches the capsule, by a few mm at the most."""
    radius = lesion.radius
    block = lattice.block(lesion.centre, (radius + 8, radius + 8, radius + 8))
    parts = []
    for at, (start, size) in enumerate(zip(liver.start, liver.values.shape, strict=True)):
        low, high = max(block[at].start, start), min(block[at].stop, start + size)
        if low >= high:
            return
        parts.append(slice(low, high))
    x, y, z = lattice.coordinates((parts[0], parts[1], parts[2]))
    inner = tuple(slice(p.start - s, p.stop - s) for p, s in zip(parts, liver.start, strict=True))
    part = values[inner[0], inner[1], inner[2]]
    cx, cy, cz = lesion.centre
    ball = np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - np.float32(radius)
    limit = radius if lesion.is_exophytic else min(_BULGE_MM, 0.35 * radius)
    held = smooth_max(ball.astype(np.float32), part - np.float32(limit), 3.0)
    part[...] = smooth_min(part, held, 4.0)
