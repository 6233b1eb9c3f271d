"""Vessels, ducts and adrenals below and behind the liver: tubes with a usual course and some spread (PHANTOM 1.2, 2.1).

Each function gives pieces [n, 8]: x, y, z and radius of one end, then of the other, in mm.
"""

from __future__ import annotations

import numpy as np

from overread.phantom.disease import Disease
from overread.phantom.liver import Landmarks
from overread.phantom.noise import clipped_normal, stream
from overread.phantom.person import Person
from overread.phantom.trees import Points, bend, smooth_path, tube_through


def grow_arteries(marks: Landmarks, person: Person, disease: Disease, seed: int) -> Points:
    """Coeliac trunk with hepatic and splenic artery, superior mesenteric and renal arteries, left gastric artery."""
    rng = stream(seed, "abdominal-arteries")
    fork, start = np.array(marks.fork), np.array(marks.portal_start)

    def front(z: float) -> Points:
        x, y = marks.aorta(z)
        return np.array([x, y - 0.8 * marks.aorta_radius, z])

    origin = front(-6 + float(rng.normal(0, 3)))
    hub = origin + np.array([rng.normal(0, 2), -15 + rng.normal(0, 1.5), -3])
    gastric = np.array([marks.umbilical[0] - 8, start[1] - 12, start[2] + 16])
    proper = float(rng.uniform(2.2, 2.8)) * (1.1 if disease.stage else 1.0)
    wave = rng.normal(0, 1, (5, 3)) * np.array([2.0, 4.0, 5.5]) * (1 + 0.012 * max(person.age_y - 40, 0))
    knots = hub + np.linspace(0, 1, 7)[:, None] * (np.array([82.0, 16.0, 22.0]) - hub)
    knots[1:-1] += wave + np.array([0, -6, 2])
    mesenteric = front(origin[2] - 13)
    pieces = [
        tube_through(np.array([origin, _off((origin + hub) / 2, 0, 0, -2), hub]), (3.6, 3.3)),
        tube_through(np.array([hub, _off((hub + gastric) / 2, 0, 3, -4), gastric]), (2.8, 2.5)),
        tube_through(
            np.array([gastric, _off((gastric + fork) / 2, 7, -6, 0), _off(fork, 6, -8, -1)]),
            (proper, proper * 0.9),
            3.0,
        ),
        tube_through(np.array([_off(fork, 6, -8, -1), _off(fork, -5, -6, 1), _off(fork, -18, -5, 4)]), (1.8, 1.5)),
        tube_through(
            np.array([_off(fork, 6, -8, -1), _off(fork, 17, -14, 7), _off(np.array(marks.umbilical), -4, 14, 0)]),
            (1.7, 1.3),
        ),
        tube_through(knots, (2.9, 2.5), 3.0),
        tube_through(np.array([hub, _off(hub, 6, -6, 16), _off(hub, 16, -6, 34)]), (1.6, 1.2)),
        tube_through(
            np.array([mesenteric, _off(mesenteric, 0, -13, -8), [4, -27, -70], [2, -34, -150]]), (3.6, 3.3, 2.6)
        ),
    ]
    for side, x, z in ((-1.0, -48.0, -34.0), (1.0, 48.0, -18.0)):
        ax, ay = marks.aorta(z + 10)
        begin = np.array([ax + side * 0.7 * marks.aorta_radius, ay + 3, z + 10])
        pieces.append(tube_through(np.array([begin, [0.5 * (ax + x), 10.0, z + 7], [x, 36.0, z]]), (2.6, 2.2)))
    return np.concatenate(pieces)


def grow_trunk_veins(marks: Landmarks, person: Person, disease: Disease, seed: int) -> Points:
    """Splenic, superior mesenteric and renal veins; varices where the disease has them."""
    rng = stream(seed, "trunk-veins")
    start = np.array(marks.portal_start)
    splenic = clipped_normal(rng, 3.7, 0.6, 2.6, 5.2) + 0.5 * disease.portal_mm
    mesenteric = clipped_normal(rng, 5.0, 0.7, 3.6, 6.6)
    pieces = [
        tube_through(np.array([start, [26, -27, -30], [52, -12, -12], [84, 16, 18]]), (splenic, splenic * 0.85)),
        tube_through(np.array([start, [9, -40, -76], [7, -40, -150]]), (mesenteric, mesenteric * 0.9)),
    ]
    for x, z, crossing in ((-46.0, -36.0, False), (46.0, -20.0, True)):
        cx, cy = marks.ivc(z)
        ax, ay = marks.aorta(z)
        over = [ax, ay - marks.aorta_radius - 4.5, z] if crossing else [0.5 * (cx + x), 12, z]
        pieces.append(tube_through(np.array([[cx, cy, z + 3], over, [x, 30.0, z]]), (4.4, 3.6)))
    if disease.has_varices:
        pieces += _varices(marks, rng)
    return np.concatenate(pieces)


def _varices(marks: Landmarks, rng: np.random.Generator) -> list[Points]:
    """Winding veins at the lesser curve and round the oesophagus, sometimes a reopened umbilical vein."""
    x, y = marks.aorta(45.0)
    tangle = np.array(
        [[30, -28, 2], [24, -26, 20], [16, -22, 36], [x - 4, y - 18, 52], [x - 8, y - 20, 74], [x - 6, y - 22, 96.0]]
    )
    pieces = []
    for _ in range(int(rng.integers(2, 5))):
        knots = smooth_path(tangle + rng.normal(0, 4, tangle.shape), 9.0)
        pieces.append(tube_through(knots + rng.normal(0, 3.0, knots.shape), (float(rng.uniform(1.6, 3.2)), 1.5), 2.5))
    if rng.random() < 0.35:
        tip = np.array(marks.umbilical)
        pieces.append(
            tube_through(
                np.array([tip, _off(tip, -3, -22, -26), _off(tip, -4, -32, -60)]), (float(rng.uniform(1.8, 3.6)), 2.2)
            )
        )
    return pieces


def grow_common_duct(marks: Landmarks, person: Person, disease: Disease, seed: int) -> Points:
    """Common hepatic and common bile duct, beside and in front of the portal vein, into the pancreatic head."""
    rng = stream(seed, "common-duct")
    width = (
        clipped_normal(rng, 4 + 0.04 * max(person.age_y - 50, 0), 1.2, 2.5, 9)
        / 2
        * (2.2 if disease.has_cholestasis else 1.0)
    )
    fork, start = np.array(marks.fork), np.array(marks.portal_start)
    beside = np.array([-marks.portal_radius - 2.5, -4.0, 0.0])
    knots = np.array(
        [
            _off(fork, -2, -9, 3),
            _off(fork + beside, 2, -2, -10),
            _off(start + beside, -3, 2, 6),
            _off(start, -14, 8, -14),
            _off(start, -16, 12, -30),
        ]
    )
    return tube_through(knots, (max(width, 1.3), width, width * 0.8), 3.0)


def grow_strands(person: Person, seed: int) -> Points:
    """Mesenteric vessels that fan out from their root and taper, and short strands in the fat (PHANTOM 10)."""
    rng = stream(seed, "extras")
    side = person.half_width - person.fat - person.muscle
    front = person.middle_y - person.half_depth + person.fat + person.muscle
    pieces = []
    for _ in range(34):
        root = np.array([rng.uniform(-4, 18), rng.uniform(-42, -20), rng.uniform(-85, -8)])
        end = np.array([rng.uniform(-0.75, 0.85) * side, rng.uniform(front + 14, 6), rng.uniform(-120, 18)])
        bow = rng.normal(0, 7, (2, 3))
        knots = np.stack([root, root + (end - root) / 3 + bow[0], root + (end - root) * 2 / 3 + bow[1], end])
        thick = float(rng.uniform(0.9, 1.7))
        pieces.append(tube_through(knots, (thick, 0.8 * thick, 0.62 * thick, 0.45 * thick), 9.0))
    for _ in range(40):
        start = rng.uniform((-side * 0.7, front + 10, -130), (side * 0.8, 10, 20))
        end = start + rng.normal(0, 14, 3)
        middle = (start + end) / 2 + rng.normal(0, 4, 3)
        pieces.append(bend(start, middle, end, (float(rng.uniform(0.5, 1.1)), float(rng.uniform(0.4, 0.8))), 4))
    return np.concatenate(pieces)


def grow_adrenals(marks: Landmarks, seed: int) -> Points:
    """Two limbs of each adrenal, about 4 mm thick: behind the vena cava, and beside the left crus."""
    rng = stream(seed, "adrenals")
    pieces = []
    for x, y, z in ((marks.ivc_x - 10, 14, 12), (36, 10, 10)):
        shift = rng.normal(0, 2, 3)
        tip = np.array([x, y - 6, z + 10.0]) + shift
        for dx in (-5.0, 6.0):
            low = np.array([x + dx, y + 12, z - 10.0]) + shift
            pieces.append(bend(tip, (tip + low) / 2 + rng.normal(0, 1, 3), low, (2.2, 1.7), 3))
    return np.concatenate(pieces)


def _off(point: Points, dx: float, dy: float, dz: float) -> Points:
    """A point moved by dx, dy, dz."""
    return np.asarray(point + np.array([dx, dy, dz]))
