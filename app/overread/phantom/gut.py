"""Small bowel, packed: loops side by side with thin fat between, where nothing else lies (PHANTOM 10).

The large parts of the bowel are tubes on the lattice (`organs.bowel`). Between them lie many short loops; their walls
are where the nearest two of a cloud of points are equally far away, so that loops flatten against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.labels import LABELS
from overread.phantom.lattice import Floats, Window, occupancy
from overread.phantom.layers import Layers, Mix, cut
from overread.phantom.noise import stream
from overread.phantom.person import Person

CONTENTS = ("bowel-wall", "bowel-fluid", "bowel-content", "gas")
SHARES = (0.46, 0.22, 0.29, 0.03)
"""Shares of collapsed loops, and of those with fluid, mixed content and gas [A]."""
WALL_MM = 1.8
GRID_MM = 2.4
"""Loops are worked out on pixels of about this size and interpolated."""


@dataclass(frozen=True, slots=True)
class Loops:
    """Points [n, 3] whose cells are the loops, the content of each, the fat between them in mm, and where they end.

    ``tops``: height up to which they reach at the right, in the middle and at the left; ``back_y`` how far backwards.
    """

    points: NDArray[np.float64]
    contents: NDArray[np.uint8]
    gap_mm: float
    tops: tuple[float, float, float]
    back_y: float


def draw_loops(seed: int, person: Person) -> Loops:
    """Draw the cloud: loops of 17 to 26 mm, fewer and farther apart the more visceral fat there is."""
    rng = stream(seed, "loops")
    size = float(rng.uniform(17, 26))
    front = person.middle_y - person.half_depth
    low = np.array([-person.half_width, front, person.lowest_z - 70])
    high = np.array([person.half_width, 40.0, 40.0])
    count = [int(np.ceil((b - a) / size)) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in count), indexing="ij"), axis=-1).reshape(-1, 3)
    points = low + size * (grid + rng.uniform(-0.42, 0.42, grid.shape) + 0.5)
    points = points[rng.random(len(points)) > 0.15 + 0.5 * person.visceral_fat]
    return Loops(
        points=points,
        contents=rng.choice(len(CONTENTS), len(points), p=SHARES).astype(np.uint8),
        gap_mm=float(1.5 + 14 * person.visceral_fat * rng.uniform(0.5, 1.5)),
        tops=(float(rng.normal(-62, 10)), float(rng.normal(-34, 8)), float(rng.normal(-2, 10))),
        back_y=float(rng.normal(2, 5)),
    )


def paint_loops(
    layers: Layers, loops: Loops, cavity: Floats, window: Window, *, large: Floats, small: Floats, fine: Floats
) -> None:
    """Paint the loops of a slice; what lies in front of them is painted afterwards.

    Parameters
    ----------
    cavity
        Distance to the inner face of the muscle ring over ``window``.
    large, small, fine
        Noise planes of 14, 6 and 2 mm cells over all pixels.
    """
    z = layers.z_mm
    if z > max(loops.tops) + 12:
        return
    near = loops.points[np.abs(loops.points[:, 2] - z) < 45]
    if len(near) < 3:
        return
    contents = loops.contents[np.abs(loops.points[:, 2] - z) < 45]
    x, y = layers.grid(window)
    edge, cell = _cells(near, contents, x, y, z, layers.pixel_mm)
    top = np.interp(x, (-70.0, -30.0, 0.0, 40.0), (loops.tops[0], loops.tops[1], loops.tops[1], loops.tops[2]))
    outside = np.maximum(np.maximum(cavity + 7, y - np.float32(loops.back_y)), (z - top).astype(np.float32) * 0.7)
    outside = (outside + 3.0 * large[window]).astype(np.float32)
    wavy = edge - loops.gap_mm * (1 + 0.25 * large[window]) + 1.2 * small[window]
    inside = np.minimum(0.5 * wavy, -outside).astype(np.float32)
    width = layers.pixel_mm + 1.0
    maps = {"texture": np.float32(0.10) * small + np.float32(0.08) * fine}
    share = occupancy(-inside, width)
    layers.paint(window, share, "bowel-wall", LABELS["bowel"], cut(maps, window))
    layers.paint(window, occupancy(WALL_MM - inside, width), Mix(cell, CONTENTS), LABELS["bowel"], cut(maps, window))


def _cells(
    points: NDArray[np.float64], contents: NDArray[np.uint8], x: Floats, y: Floats, z: float, pixel_mm: float
) -> tuple[Floats, NDArray[np.uint8]]:
    """How much farther the second nearest point is than the nearest, mm, and the content of the nearest's cell."""
    from scipy import ndimage
    from scipy.spatial import cKDTree

    step = max(round(GRID_MM / pixel_mm), 1)
    coarse_x, coarse_y = x[0, ::step], y[::step, 0]
    places = np.stack(
        [
            np.broadcast_to(coarse_x[None, :], (len(coarse_y), len(coarse_x))).ravel(),
            np.broadcast_to(coarse_y[:, None], (len(coarse_y), len(coarse_x))).ravel(),
            np.full(len(coarse_x) * len(coarse_y), z),
        ],
        axis=1,
    )
    found = cKDTree(points).query(places, k=2)
    distance, nearest = np.asarray(found[0]), np.asarray(found[1])
    gap = (distance[:, 1] - distance[:, 0]).reshape(len(coarse_y), len(coarse_x)).astype(np.float32)
    index = nearest[:, 0].reshape(gap.shape)
    rows = np.minimum(np.arange(y.shape[0], dtype=np.float32) / step, gap.shape[0] - 1)
    columns = np.minimum(np.arange(x.shape[1], dtype=np.float32) / step, gap.shape[1] - 1)
    place = np.meshgrid(rows, columns, indexing="ij")
    edge: Floats = ndimage.map_coordinates(gap, place, order=1, mode="nearest")
    cell = contents[index[np.rint(rows).astype(int)][:, np.rint(columns).astype(int)]]
    return edge, cell
