"""Vessel trees by recursive bisection of point clouds with Murray tapering, and their drawing on a slice.

PHANTOM 2.1. A tree is an array of straight pieces [n, 8]: x, y, z and radius of one end, then of the other,
in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.disease import Disease
from overread.phantom.lattice import Field, Floats, Lattice
from overread.phantom.liver import Landmarks
from overread.phantom.noise import clipped_normal, stream
from overread.phantom.person import Person

Points = NDArray[np.float64]
SMALLEST_MM = 0.5
_WINDOWS = (5, 8, 12, 18, 28, 44)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one system branches: Murray exponent, reach of a branch, and its split."""

    gamma: float
    reach: float
    is_trunk: bool


PORTAL, HEPATIC = Rule(2.75, 0.42, False), Rule(2.6, 0.30, True)


def grow_portal(
    lattice: Lattice, liver: Field, marks: Landmarks, disease: Disease, seed: int
) -> tuple[Points, Points]:
    """Portal tree inside the liver (with the umbilical turn of the left branch), and its trunk outside."""
    rng = stream(seed, "portal")
    cloud = _terminals(lattice, liver, rng, 15.5)
    radius = clipped_normal(rng, 6.2, 0.7, 4.8, 7.8)
    fork = np.array([marks.ivc_x - 6, -35, 5.0]) + rng.normal(0, 2, 3)
    trunk = _bend(np.array([4, -31, -44.0]), np.array([2, -38, -18.0]), fork, (radius, radius * 0.95), 8)
    right_end = fork + np.array([-32, 3, 6]) + rng.normal(0, 3, 3)
    umbilical = np.array([marks.fissure_x - 4, -62, 20]) + rng.normal(0, 3, 3)
    right = _bend(fork, fork + np.array([-16, 0, 1]), right_end, (radius * 0.80, radius * 0.72), 5)
    left = _bend(fork, fork + np.array([22, 0, 10]), umbilical, (radius * 0.68, radius * 0.58), 8)
    is_right = cloud[:, 0] < marks.ivc_x - 4 - 0.25 * (cloud[:, 1] + 35)
    pieces = [right, left]
    _branch(
        pieces, right_end, np.array([-1.0, 0.0, 0.1]), cloud[is_right], radius * 0.72, rng=rng, rule=PORTAL
    )
    rest = cloud[~is_right]
    medial = rest[:, 0] < marks.fissure_x
    _branch(pieces, umbilical, np.array([-0.8, -0.5, 0.0]), rest[medial], radius * 0.40, rng=rng, rule=PORTAL)
    _branch(pieces, umbilical, np.array([0.9, -0.3, 0.1]), rest[~medial], radius * 0.48, rng=rng, rule=PORTAL)
    tree = np.concatenate(pieces)
    smallest = (0.5, 0.65, 0.85, 1.0)[disease.stage]
    return tree[tree[:, 3] >= smallest], trunk


def grow_hepatic(
    lattice: Lattice, liver: Field, marks: Landmarks, person: Person, disease: Disease, *, seed: int
) -> Points:
    """Right, middle and left hepatic vein, meeting the vena cava below the dome."""
    rng = stream(seed, "hepatic")
    cloud = _terminals(lattice, liver, rng, 16.5)
    top = person.dome_z - clipped_normal(rng, 26, 4, 18, 34)
    x, y = marks.ivc(top)
    angle = np.arctan2(cloud[:, 1] - y, cloud[:, 0] - x)
    share = np.where(cloud[:, 0] > marks.fissure_x, 2, np.where(np.abs(angle + np.pi / 2) < 0.62, 1, 0))
    scale = disease.vein_narrowing * float(rng.normal(1, 0.08))
    roots = (
        ((-11, -1, 0), (-0.85, 0.1, -0.5), 5.6),
        ((2, -9, 2), (-0.35, -0.8, -0.5), 4.9),
        ((7, -6, 2), (0.6, -0.7, -0.35), 4.5),
    )
    pieces: list[Points] = []
    for vein, (offset, heading, radius) in enumerate(roots):
        start = np.array([x, y, top]) + np.array(offset) + rng.normal(0, 1.0, 3)
        points = cloud[share == vein]
        if len(points) < 3:
            continue
        aim = points.mean(axis=0) - start
        end = start + 0.42 * aim + 9 * np.array(heading)
        pieces.append(
            _bend(
                start, start + 16 * np.array(heading), end, (radius * scale * 1.1, radius * scale * 0.86), 7
            )
        )
        _branch(pieces, end, aim, points, radius * scale * 0.86, rng=rng, rule=HEPATIC)
    return np.concatenate(pieces)


def grow_extras(person: Person, seed: int) -> Points:
    """Vessels in the fat: splenic and mesenteric vein, mesenteric twigs, strands, adrenal limbs."""
    rng = stream(seed, "extras")
    pieces = [
        _bend(
            np.array([4, -31, -44.0]), np.array([44, -30, -20.0]), np.array([82, 14, 20.0]), (4.4, 3.4), 14
        ),
        _bend(
            np.array([4, -31, -44.0]), np.array([10, -44, -80.0]), np.array([8, -40, -150.0]), (5.2, 4.6), 12
        ),
    ]
    for x, y, z in ((-37, 16, 6), (35, 12, 8)):
        tip = np.array([x, y - 6, z + 10.0])
        for dx in (-5.0, 6.0):
            low = np.array([x + dx, y + 12, z - 10.0])
            pieces.append(_bend(tip, (tip + low) / 2, low, (2.2, 1.7), 3))
    side = person.half_width - person.fat - person.muscle
    for _ in range(70):
        start = rng.uniform((-side * 0.7, person.middle_y - 70, -130), (side * 0.8, 10, 20))
        end = start + rng.normal(0, 14, 3)
        middle = (start + end) / 2 + rng.normal(0, 4, 3)
        pieces.append(
            _bend(start, middle, end, (float(rng.uniform(0.5, 1.5)), float(rng.uniform(0.5, 1.5))), 4)
        )
    return np.concatenate(pieces)


def make_room(tree: Points, centre: tuple[float, float, float], radius: float) -> Points:
    """Push a tree aside around a lesion: the smaller the distance, the farther (PHANTOM 4.1, mass effect)."""
    moved = tree.copy()
    for ends in (slice(0, 3), slice(4, 7)):
        away = tree[:, ends] - np.array(centre)
        distance = np.linalg.norm(away, axis=1, keepdims=True) + 1e-6
        moved[:, ends] = tree[:, ends] + away / distance * radius * 0.9 * np.exp(
            -((distance / radius / 1.1) ** 2)
        )
    return moved


def ducts_along(tree: Points, seed: int) -> Points:
    """Bile ducts: thin companions of the larger portal branches, 2-3 mm in front of them."""
    rng = stream(seed, "ducts")
    chosen = tree[tree[:, 3] > 2.0].copy()
    shift = np.array([0.0, -1.0, 0.4]) * float(rng.uniform(2.0, 3.0))
    for ends, radius in ((slice(0, 3), 3), (slice(4, 7), 7)):
        chosen[:, ends] += shift * np.clip(chosen[:, [radius]] / 3, 0.8, 1.8)
        chosen[:, radius] = np.clip(0.28 * chosen[:, radius], 0.5, 1.7)
    return chosen


def _terminals(lattice: Lattice, liver: Field, rng: np.random.Generator, spacing: float) -> Points:
    """Jittered grid points deeper than 4 mm in the liver: blue enough, and quick."""
    low = np.array(lattice.origin_mm)
    size = (np.array(lattice.shape)[::-1] - 1) * 4.0
    axes = [np.arange(o + rng.uniform(0, spacing), o + s, spacing) for o, s in zip(low, size, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    grid = grid + rng.uniform(-0.36, 0.36, grid.shape) * spacing
    return grid[lattice.read(liver, grid) < -4]


def _bend(start: Points, middle: Points, end: Points, radii: tuple[float, float], count: int) -> Points:
    """A quadratic Bezier curve in ``count`` tapered pieces."""
    t = np.linspace(0, 1, count + 1)[:, None]
    path = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    ends = np.concatenate([path, radii[0] + (radii[1] - radii[0]) * t], axis=1)
    return np.concatenate([ends[:-1], ends[1:]], axis=1)


def _branch(
    out: list[Points],
    root: Points,
    heading: Points,
    cloud: Points,
    radius: float,
    *,
    rng: np.random.Generator,
    rule: Rule,
) -> None:
    """Grow towards the middle of ``cloud``, split it across its longest axis, go on with both parts."""
    if radius < SMALLEST_MM or len(cloud) == 0:
        return
    to_middle = cloud.mean(axis=0) - root
    length = float(np.sqrt(to_middle @ to_middle))
    share = 0.9 if len(cloud) == 1 else rule.reach
    end = root + share * to_middle + rng.normal(0, 0.04 * length + 0.3, 3)
    span = share * length
    bend = root + heading / (float(np.sqrt(heading @ heading)) + 1e-6) * span * 0.45
    out.append(_bend(root, bend, end, (radius, radius * 0.98), int(np.clip(span / 5, 2, 6))))
    if len(cloud) == 1:
        return
    centred = cloud - cloud.mean(axis=0)
    along = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1]
    if rule.is_trunk:
        quantile = rng.uniform(0.12, 0.38)
        along = along if rng.random() < 0.5 else -along
    else:
        quantile = float(np.clip(rng.normal(0.5, 0.16), 0.22, 0.78))
    order = np.argsort(along)
    cut = int(np.clip(round(quantile * len(cloud)), 1, len(cloud) - 1))
    for part in (cloud[order[:cut]], cloud[order[cut:]]):
        _branch(
            out,
            end,
            end - bend,
            part,
            radius * 0.98 * (len(part) / len(cloud)) ** (1 / rule.gamma),
            rng=rng,
            rule=rule,
        )


def draw_pieces(tree: Points, z_mm: float, slab_mm: float, x_mm: Floats, y_mm: Floats) -> Floats:
    """Share of each pixel [rows, columns] that a tree fills in a slab around ``z_mm``.

    Pieces are handled in batches of equal window size; each is averaged over three sub-slices.
    """
    image = np.zeros((len(y_mm), len(x_mm)), dtype=np.float32)
    low = np.minimum(tree[:, 2], tree[:, 6]) - np.maximum(tree[:, 3], tree[:, 7])
    high = np.maximum(tree[:, 2], tree[:, 6]) + np.maximum(tree[:, 3], tree[:, 7])
    near = tree[(low < z_mm + slab_mm / 2) & (high > z_mm - slab_mm / 2)]
    if len(near) == 0:
        return image
    pixel = float(x_mm[1] - x_mm[0])
    centre, half = _footprint(near, z_mm, slab_mm, pixel)
    column = np.rint((centre[:, 0] - x_mm[0]) / pixel).astype(np.int64)
    row = np.rint((centre[:, 1] - y_mm[0]) / pixel).astype(np.int64)
    sizes = np.searchsorted(_WINDOWS, half / pixel).clip(0, len(_WINDOWS) - 1)
    for size in np.unique(sizes):
        chosen = sizes == size
        reach = np.arange(-_WINDOWS[size], _WINDOWS[size] + 1)
        rows, columns = row[chosen, None] + reach, column[chosen, None] + reach
        share = _batch(
            near[chosen].astype(np.float32),
            z_mm,
            slab_mm,
            pixel,
            (x_mm[0] + columns * pixel).astype(np.float32),
            y=(y_mm[0] + rows * pixel).astype(np.float32),
        )
        inside = ((rows >= 0) & (rows < len(y_mm)))[:, :, None] & ((columns >= 0) & (columns < len(x_mm)))[
            :, None, :
        ]
        inside &= share > 0
        flat = (rows[:, :, None] * len(x_mm) + columns[:, None, :])[inside]
        np.maximum.at(image.reshape(-1), flat, share[inside])
    return image


def _footprint(
    pieces: Points, z_mm: float, slab_mm: float, pixel_mm: float
) -> tuple[Points, NDArray[np.float64]]:
    """Middle and half-size in the plane of the part of each piece that the slab can show."""
    radius = np.maximum(pieces[:, 3], pieces[:, 7])
    rise = pieces[:, 6] - pieces[:, 2]
    safe = np.where(np.abs(rise) < 1e-3, 1e-3, rise)
    reach = slab_mm / 2 + radius
    a = np.clip((z_mm - reach - pieces[:, 2]) / safe, 0, 1)
    b = np.clip((z_mm + reach - pieces[:, 2]) / safe, 0, 1)
    flat = np.abs(rise) < 1e-3
    a, b = np.where(flat, 0, a)[:, None], np.where(flat, 1, b)[:, None]
    step = pieces[:, 4:6] - pieces[:, 0:2]
    first, last = pieces[:, 0:2] + a * step, pieces[:, 0:2] + b * step
    return (first + last) / 2, np.abs(last - first).max(axis=1) / 2 + radius + pixel_mm


def _batch(pieces: Floats, z_mm: float, slab_mm: float, pixel_mm: float, x: Floats, *, y: Floats) -> Floats:
    """Filling of the windows ``y`` x ``x`` [n, size] by one piece each."""
    step = pieces[:, 4:7] - pieces[:, 0:3]
    square = (step * step).sum(axis=1) + np.float32(1e-6)
    dx = (x - pieces[:, [0]])[:, None, :]
    dy = (y - pieces[:, [1]])[:, :, None]
    flat = (dx * step[:, 0, None, None] + dy * step[:, 1, None, None]) / square[:, None, None]
    grow = (pieces[:, 7] - pieces[:, 3])[:, None, None]
    total = np.zeros(flat.shape, dtype=np.float32)
    for part in (-1 / 3, 0.0, 1 / 3):
        dz = np.float32(z_mm + part * slab_mm) - pieces[:, 2]
        t = np.clip(flat + (dz * step[:, 2] / square)[:, None, None], 0, 1)
        gap = (dx - t * step[:, 0, None, None]) ** 2
        gap += (dy - t * step[:, 1, None, None]) ** 2
        gap += (dz[:, None, None] - t * step[:, 2, None, None]) ** 2
        edge = (pieces[:, 3, None, None] + t * grow - np.sqrt(gap)) / np.float32(pixel_mm)
        total += np.clip(np.float32(0.5) + edge, 0, 1)
    return total * np.float32(1 / 3)
