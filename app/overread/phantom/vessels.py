"""The vessels of the liver and round it, and their drawing on a slice (PHANTOM 2.1).

A tree is an array of straight pieces [n, 8]: x, y, z and radius of one end, then of the other, in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.abdominal_vessels import (
    grow_adrenals,
    grow_arteries,
    grow_common_duct,
    grow_strands,
    grow_trunk_veins,
)
from overread.phantom.disease import Disease
from overread.phantom.lattice import Field, Floats, Lattice
from overread.phantom.liver import Landmarks
from overread.phantom.noise import stream
from overread.phantom.person import Person
from overread.phantom.segments import Segments, fit_segments, hepatic_trunks
from overread.phantom.trees import (
    HEPATIC,
    PORTAL,
    Points,
    bend,
    branch,
    keep_inside,
    pieces_along,
    terminals,
)

_WINDOWS = (5, 8, 12, 18, 28, 44)


@dataclass(frozen=True, slots=True)
class Vessels:
    """All trees of one patient, each an array of pieces [n, 8], and the segments that follow from them.

    ``portal``, ``hepatic``, ``arteries`` and ``ducts`` lie in the liver; ``trunk_veins`` are the portal, splenic,
    mesenteric and renal veins and varices, ``abdominal_arteries`` what leaves the aorta, ``common_duct`` the bile
    duct below the liver, ``adrenals`` the limbs of the adrenals, ``strands`` the twigs in the fat.
    """

    portal: Points
    hepatic: Points
    arteries: Points
    ducts: Points
    trunk_veins: Points
    abdominal_arteries: Points
    common_duct: Points
    adrenals: Points
    strands: Points
    segments: Segments


def grow_vessels(
    lattice: Lattice, fields: dict[str, Field], marks: Landmarks, person: Person, disease: Disease, seed: int
) -> Vessels:
    """All vessels of one patient; ``fields`` needs the liver, the kidneys and the spleen."""
    liver = fields["liver"]
    trunks = hepatic_trunks(lattice, liver, marks, seed)
    portal, trunk = grow_portal(lattice, liver, marks, disease, seed)
    return Vessels(
        portal=portal,
        hepatic=grow_hepatic(lattice, liver, marks, person, disease, seed=seed),
        arteries=arteries_along(portal, disease, seed),
        ducts=ducts_along(portal, seed, disease),
        trunk_veins=np.concatenate([trunk, grow_trunk_veins(marks, person, disease, seed)]),
        abdominal_arteries=grow_arteries(marks, person, disease, seed),
        common_duct=grow_common_duct(marks, person, disease, seed),
        adrenals=grow_adrenals(marks, seed),
        strands=grow_strands(person, seed),
        segments=fit_segments(trunks, marks),
    )


def grow_portal(lattice: Lattice, liver: Field, marks: Landmarks, disease: Disease, seed: int) -> tuple[Points, Points]:
    """Portal tree inside the liver (with the umbilical turn of the left branch), and its trunk outside.

    Variants (PHANTOM 2.1): trifurcation, right posterior from the main vein, right anterior from the left.
    """
    rng = stream(seed, "portal")
    segments = fit_segments(hepatic_trunks(lattice, liver, marks, seed), marks)
    cloud = terminals(lattice, liver, rng, int(rng.integers(260, 420)))
    parts = segments.of(cloud)
    radius = marks.portal_radius
    fork, start = np.array(marks.fork), np.array(marks.portal_start)
    middle = start + 0.55 * (fork - start) + np.array([5.0, -4.0, -2.0])
    trunk = bend(start, middle, fork, (radius, radius * 0.96), 10)
    pieces: list[Points] = []
    _grow_right(pieces, cloud, parts, marks, trunk, rng=rng)
    _grow_left(pieces, cloud, parts, marks, rng=rng)
    tree = np.concatenate(pieces)
    smallest = (0.0, 0.8, 1.0, 1.2)[disease.stage]
    return keep_inside(lattice, liver, tree[tree[:, 3] >= smallest]), trunk


def _grow_right(
    pieces: list[Points],
    cloud: Points,
    parts: NDArray[np.uint8],
    marks: Landmarks,
    trunk: Points,
    *,
    rng: np.random.Generator,
) -> None:
    """Right portal vein, its anterior and posterior branch, and segments 8, 5, 7, 6 from these."""
    fork, radius = np.array(marks.fork), marks.portal_radius
    anterior, posterior = cloud[(parts == 5) | (parts == 8)], cloud[(parts == 6) | (parts == 7)]
    kind = rng.random()
    thick = radius * 0.80
    end = fork + np.array([-19, 1, 3]) + rng.normal(0, 2, 3)
    roots, ways = [end, end], [np.array([-0.5, -0.5, 0.3]), np.array([-0.9, 0.4, -0.1])]
    if kind < 0.12:
        roots = [fork, fork]
    elif kind < 0.18:
        roots[1] = trunk[7, :3]
    elif kind < 0.21:
        roots[0] = fork + np.array([12, -4, 5])
    if kind >= 0.12:
        pieces.append(bend(fork, fork + np.array([-9, -1, 0]), end, (thick, thick * 0.95), 5))
    total = len(anterior) + len(posterior)
    numbers = (
        (anterior, parts[(parts == 5) | (parts == 8)] == 8),
        (posterior, parts[(parts == 6) | (parts == 7)] == 7),
    )
    for root, way, (points, is_high) in zip(roots, ways, numbers, strict=True):
        if len(points) == 0:
            continue
        strong = thick * PORTAL.share(len(points), total)
        node = root + 0.42 * (points.mean(axis=0) - root) + rng.normal(0, 1.5, 3)
        turn = root + way * 0.5 * float(np.linalg.norm(node - root))
        pieces.append(bend(root, turn, node, (strong, strong * 0.96), 6))
        for group in (points[is_high], points[~is_high]):
            heading = node - turn + 0.4 * (group.mean(axis=0) - node) if len(group) else way
            branch(
                pieces,
                node,
                heading,
                group,
                strong * 0.96 * PORTAL.share(len(group), len(points)),
                rng=rng,
                rule=PORTAL,
            )


def _grow_left(
    pieces: list[Points], cloud: Points, parts: NDArray[np.uint8], marks: Landmarks, *, rng: np.random.Generator
) -> None:
    """Left portal vein: transverse part, turn to the front in the fissure, segments 1, 2, 3 and 4 from it."""
    fork, radius, tip = np.array(marks.fork), marks.portal_radius, np.array(marks.umbilical)
    elbow = tip + np.array([-1.0, 17.0, -1.0]) + rng.normal(0, 1.2, 3)
    thick = radius * 0.66
    pieces.append(bend(fork, fork + 0.55 * (elbow - fork) + np.array([-2, -3, 6]), elbow, (thick, thick * 0.9), 8))
    pieces.append(bend(elbow, elbow + np.array([4, -8, 2.5]), tip, (thick * 0.9, thick * 0.72), 5))
    pieces.append(bend(tip, tip + np.array([0, -4, -1]), tip + np.array([0.5, -7.5, -4]), (thick * 0.72, 0.8), 3))
    middle = elbow + 0.5 * (tip - elbow) + np.array([1.5, 0.0, 1.0])
    medial = cloud[parts == 4]
    is_high = medial[:, 2] > tip[2] - 4
    roots = (
        (elbow, cloud[parts == 2], np.array([0.9, 0.1, 0.35])),
        (tip, cloud[parts == 3], np.array([0.85, -0.4, -0.1])),
        (middle, medial[is_high], np.array([-0.8, -0.3, 0.5])),
        (tip, medial[~is_high], np.array([-0.8, -0.5, -0.3])),
        (fork + 0.5 * (elbow - fork), cloud[parts == 1], np.array([0.2, 0.9, 0.3])),
    )
    total = sum(len(points) for _, points, _ in roots)
    for root, points, way in roots:
        branch(pieces, root, way, points, thick * 0.92 * PORTAL.share(len(points), total), rng=rng, rule=PORTAL)


def grow_hepatic(
    lattice: Lattice, liver: Field, marks: Landmarks, person: Person, disease: Disease, *, seed: int
) -> Points:
    """Right, middle and left hepatic vein as long trunks with side branches, meeting at the vena cava."""
    rng = stream(seed, "hepatic")
    trunks = hepatic_trunks(lattice, liver, marks, seed)
    parts_of = fit_segments(trunks, marks)
    cloud = terminals(lattice, liver, rng, int(rng.integers(190, 300)))
    parts = parts_of.of(cloud)
    cloud, parts = cloud[parts != 1], parts[parts != 1]
    paths = (trunks.right, trunks.middle, trunks.left)
    gaps = np.stack([_gaps(cloud, path).min(axis=1) for path in paths], axis=1)
    gaps[:, 2] += 60 * (parts >= 5) + 14 * (parts == 4)
    gaps[:, 0] += 60 * (parts <= 4)
    gaps[:, 1] += 60 * ((parts == 2) | (parts == 3) | (parts == 7)) + 14 * (parts == 6)
    owner = np.argmin(gaps, axis=1)
    pieces: list[Points] = []
    if rng.random() < 0.17:
        owner = _grow_inferior(pieces, cloud, parts, owner, marks, rng)
    scale = disease.vein_narrowing * float(rng.normal(1, 0.06))
    radii = (rng.uniform(4.5, 5.5), rng.uniform(3.8, 4.8), rng.uniform(3.5, 4.4))
    for vein, (path, radius) in enumerate(zip(paths, radii, strict=True)):
        pieces.append(_cuff(path, marks, radius * scale))
        _grow_vein(pieces, path, cloud[owner == vein], radius * scale, rng)
    return keep_inside(lattice, liver, np.concatenate(pieces))


def _gaps(points: Points, path: Points) -> Points:
    """Distances [points, path points]."""
    return np.asarray(np.linalg.norm(points[:, None] - path[None], axis=2))


def _cuff(path: Points, marks: Landmarks, radius: float) -> Points:
    """The mouth of a vein, from its root into the vena cava."""
    mouth = np.array([*marks.ivc(float(path[0, 2]) + 3), path[0, 2] + 3])
    return bend(mouth, (mouth + path[0]) / 2, path[0], (radius * 1.15, radius * 1.05), 3)


def _grow_vein(pieces: list[Points], path: Points, cloud: Points, radius: float, rng: np.random.Generator) -> None:
    """A trunk along ``path`` that thins as it hands its terminals to side branches on both sides."""
    if len(cloud) < 3:
        return
    count = len(path)
    nearest = np.argmin(_gaps(cloud, path), axis=1)
    away = np.linalg.norm(cloud - path[nearest], axis=1)
    joins = np.clip(nearest - 0.45 * away / 4.0 + rng.normal(0, 0.4, len(cloud)), 1, count - 1)
    tangent = np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    sideways = np.cross(tangent, [0.0, 0.0, 1.0])
    offset = cloud - path[nearest]
    flank = np.einsum("ij,ij->i", offset, sideways[nearest]) > 0
    nodes = [np.unique(np.clip(np.arange(1 + first, count + 1, 3.0), 1, count - 1)) for first in rng.uniform(0, 1.6, 2)]
    taken = np.zeros(count)
    groups = []
    for side in (0, 1):
        mine = np.flatnonzero(flank == bool(side))
        place = np.argmin(np.abs(joins[mine, None] - nodes[side][None]), axis=1)
        for number, node in enumerate(nodes[side]):
            group = cloud[mine[place == number]]
            at = round(float(node))
            taken[at] += len(group)
            groups.append((at, group))
    left = np.cumsum(taken[::-1])[::-1]
    widths = np.maximum(radius * (left / max(left[0], 1)) ** (1 / HEPATIC.gamma), 0.7)
    widths = np.convolve(np.pad(widths, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    pieces.append(pieces_along(path, widths))
    for at, group in groups:
        if len(group):
            out = group.mean(axis=0) - path[at]
            heading = tangent[at] + 0.9 * out / (np.linalg.norm(out) + 1e-6)
            strong = min(radius * HEPATIC.share(len(group), len(cloud)), widths[at] * 0.92)
            branch(pieces, path[at], heading, group, strong, rng=rng, rule=HEPATIC)


def _grow_inferior(
    pieces: list[Points],
    cloud: Points,
    parts: NDArray[np.uint8],
    owner: NDArray[np.int64],
    marks: Landmarks,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """An inferior right hepatic vein, which drains the nearer half of segment 6 straight into the vena cava."""
    height = marks.fork[2] + float(rng.uniform(2, 14))
    x, y = marks.ivc(height)
    root = np.array([x - 0.8 * marks.ivc_radii[0], y + 3, height])
    low = np.flatnonzero(parts == 6)
    if len(low) < 8:
        return owner
    near = low[np.argsort(np.linalg.norm(cloud[low] - root, axis=1))[: (2 * len(low)) // 3]]
    radius = float(rng.uniform(2.6, 3.4))
    node = root + 0.4 * (cloud[near].mean(axis=0) - root)
    pieces.append(bend(np.array([x, y, height]), root, node, (radius, radius * 0.95), 6))
    branch(pieces, node, node - root, cloud[near], radius * 0.9, rng=rng, rule=HEPATIC)
    result = owner.copy()
    result[near] = -1
    return result


def make_room(tree: Points, centre: tuple[float, float, float], radius: float) -> Points:
    """Push a tree aside around a lesion: the smaller the distance, the farther (PHANTOM 4.1, mass effect)."""
    moved = tree.copy()
    for ends in (slice(0, 3), slice(4, 7)):
        away = tree[:, ends] - np.array(centre)
        distance = np.linalg.norm(away, axis=1, keepdims=True) + 1e-6
        moved[:, ends] = tree[:, ends] + away / distance * radius * 0.9 * np.exp(-((distance / radius / 1.1) ** 2))
    return moved


def ducts_along(tree: Points, seed: int, disease: Disease | None = None) -> Points:
    """Bile ducts: thin companions of the larger portal branches, 2-3 mm in front of them; wide in cholestasis.

    Radii follow PHANTOM 2.1: common hepatic 2.5, lobar 1.2, segmental .7.
    """
    rng = stream(seed, "ducts")
    is_wide = disease is not None and disease.has_cholestasis
    chosen = tree[tree[:, 3] > (1.1 if is_wide else 2.3)].copy()
    shift = np.array([0.0, -1.0, 0.4]) * float(rng.uniform(2.0, 3.0))
    for ends, radius in ((slice(0, 3), 3), (slice(4, 7), 7)):
        chosen[:, ends] += shift * np.clip(chosen[:, [radius]] / 3, 0.8, 1.8)
        chosen[:, radius] = np.clip(0.26 * chosen[:, radius], 0.5, 1.3) * (2.0 if is_wide else 1.0)
    return chosen


def arteries_along(tree: Points, disease: Disease, seed: int) -> Points:
    """Hepatic arteries: companions of the portal branches, 2-4 mm beside them, corkscrewed in cirrhosis.

    Radii follow PHANTOM 2.1: lobar 1.6, segmental .9. The offset depends on the place alone, so that neighbouring
    pieces stay joined.
    """
    rng = stream(seed, "arteries")
    chosen = tree[tree[:, 3] > 1.2]
    middle = (chosen[:, :4] + chosen[:, 4:]) / 2
    halves = np.concatenate([np.concatenate([chosen[:, :4], middle], 1), np.concatenate([middle, chosen[:, 4:]], 1)])
    beside = np.array([0.35, -0.8, -0.5]) * float(rng.uniform(1.0, 1.5))
    swing = (0.4, 1.1, 1.5, 1.5)[disease.stage]
    phase = rng.uniform(0, 2 * np.pi, 3)
    for ends, radius in ((slice(0, 3), 3), (slice(4, 7), 7)):
        x, y, z = halves[:, ends].T
        curl = np.stack(
            [np.sin((y + z) / 2.1 + phase[0]), np.sin((x - z) / 2.4 + phase[1]), np.sin((x + y) / 2.2 + phase[2])], 1
        )
        halves[:, ends] += beside * (0.8 * halves[:, [radius]] + 1.0) + swing * curl
        halves[:, radius] = np.clip(0.27 * halves[:, radius] + 0.3, 0.6, 1.6)
    return halves


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
        inside = ((rows >= 0) & (rows < len(y_mm)))[:, :, None] & ((columns >= 0) & (columns < len(x_mm)))[:, None, :]
        inside &= share > 0
        flat = (rows[:, :, None] * len(x_mm) + columns[:, None, :])[inside]
        np.maximum.at(image.reshape(-1), flat, share[inside])
    return image


def _footprint(pieces: Points, z_mm: float, slab_mm: float, pixel_mm: float) -> tuple[Points, NDArray[np.float64]]:
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
