"""The trunk and every organ but the liver, as distances on a lattice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.phantom.disease import Disease
from overread.phantom.lattice import Field, Floats, Lattice, carve, ellipsoid, smooth_max, tube
from overread.phantom.noise import clipped_normal, stream
from overread.phantom.person import Person

Path = NDArray[np.float64]


def wobble(lattice: Lattice, rng: np.random.Generator, rms_mm: float, modes: int = 12) -> Floats:
    """Random low-order harmonics over the whole lattice, wavelength 60-180 mm (PHANTOM 1.3 step 10)."""
    direction = rng.normal(size=(modes, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    wave = 2 * np.pi * direction / rng.uniform(60, 180, (modes, 1))
    phase = rng.uniform(0, 2 * np.pi, modes)
    x, y, z = (
        np.exp(1j * wave[:, at, None] * lattice.axis("xyz"[at])[None, :]).astype(np.complex64)
        for at in range(3)
    )
    z = z * np.exp(1j * phase)[:, None].astype(np.complex64) * np.float32(rms_mm * np.sqrt(2 / modes))
    plane = (y[:, :, None] * x[:, None, :]).reshape(modes, -1)
    return np.ascontiguousarray((z.T @ plane).real).reshape(lattice.shape)


def trunk(lattice: Lattice, person: Person) -> tuple[Field, Field]:
    """Distance to the skin, and to the inner face of the muscle ring."""
    x, y, z = lattice.coordinates(lattice.whole())
    widths = np.array([person.width_at(float(v)) for v in z.ravel()], dtype=np.float32)[:, None, None]
    u = np.abs(x) / widths
    v = np.abs(y - person.middle_y) / (person.half_depth * (0.35 + 0.65 * widths / person.half_width))
    power = np.float32(2.35)
    q = (u**power + v**power) ** (1 / power) + np.float32(1e-4)
    slope = np.sqrt((u ** (power - 1) / widths) ** 2 + (v ** (power - 1) / person.half_depth) ** 2)
    slope = slope / q ** (power - 1) + np.float32(1e-5)
    skin = np.minimum((q - 1) / slope, 60)
    furrow = 7 * np.exp(
        -((x / 11) ** 2) - ((np.maximum(y - person.middle_y, 0) - person.half_depth) / 60) ** 2
    )
    skin = skin + furrow * (y > person.middle_y)
    turn = (y - person.middle_y) / person.half_depth
    fat = person.fat * (1 + 0.2 * np.clip(turn, -1, 1)) * (1 - 0.15 * np.clip(z / 90, -1, 1))
    cavity = skin + fat + person.muscle
    block = lattice.whole()
    return lattice.field(skin, block), lattice.field(cavity, block)


def diaphragm(lattice: Lattice, person: Person, rng: np.random.Generator) -> Floats:
    """Height of the diaphragm [y, x]: right dome, left dome, tendon under the heart (PHANTOM 1.3)."""
    x, y = lattice.axis("x")[None, :], lattice.axis("y")[:, None]
    scale = (person.half_width - person.fat) / 142

    def dome(cx: float, cy: float, rx: float, ry: float, top: float, *, fall: float) -> Floats:
        reach = np.where(y < cy, 1.45 * ry, ry)
        q = ((x - cx * scale) / (rx * scale)) ** 2 + ((y - cy) / reach) ** 2
        return (top - fall * q ** np.float32(1.15)).astype(np.float32)

    right = dome(-70 + rng.normal(0, 4), -22 + rng.normal(0, 6), 82, 88, person.dome_z, fall=62)
    left = dome(75, -5 + rng.normal(0, 6), 80, 88, person.dome_z - clipped_normal(rng, 14, 4, 4, 24), fall=62)
    middle = dome(10, -52, 70, 60, person.dome_z - clipped_normal(rng, 24, 4, 14, 34), fall=40)
    return smooth_max(smooth_max(right, left, 20), middle, 20)


def lungs(lattice: Lattice, cavity: Field, dome: Floats, person: Person) -> Field:
    """Air above the diaphragm."""
    first = int(np.clip((person.dome_z - 95 - lattice.origin_mm[2]) / 4, 0, lattice.shape[0] - 8))
    z = lattice.axis("z")[first:, None, None]
    x, y = lattice.axis("x")[None, None, :], lattice.axis("y")[None, :, None]
    mediastinum = (28 - np.sqrt((x - 4) ** 2 + (0.62 * (y - 18)) ** 2)).astype(np.float32)
    air = smooth_max(cavity.values[first:] + 2, (dome[None] - z) * np.float32(0.72), 6)
    return Field(np.ascontiguousarray(smooth_max(air, mediastinum, 8)), (first, 0, 0))


def heart(lattice: Lattice, person: Person, rng: np.random.Generator) -> dict[str, Field]:
    """Pericardial outline and the two blood pools."""
    lift = person.dome_z + float(rng.normal(18, 3))
    cx, cy = (
        24 + float(rng.normal(0, 4)),
        person.middle_y - person.half_depth + person.fat + person.muscle + 50,
    )
    sac = ellipsoid(lattice, (cx, cy, lift), (62, 44, 50), (0.2, -0.1))
    left = ellipsoid(lattice, (cx + 20, cy + 5, lift + 6), (27, 19, 36), (0.2, -0.1))
    right = ellipsoid(lattice, (cx - 20, cy - 11, lift + 2), (31, 19, 38), (0.2, -0.1))
    return {"heart": sac, "left-pool": left, "right-pool": right}


def spleen(lattice: Lattice, person: Person, disease: Disease, rng: np.random.Generator) -> Field:
    """Spleen against the left wall; its medial face is carved afterwards by stomach and kidney."""
    scale = float(np.cbrt(np.clip(0.58 * disease.spleen * np.exp(rng.normal(0, 0.25)), 0.22, 2.2)))
    inner = person.half_width - person.fat - person.muscle
    centre = (
        inner - 36 * scale + float(rng.normal(0, 4)),
        36 + float(rng.normal(0, 8)),
        36 + float(rng.normal(0, 8)) - 10 * (scale - 0.8),
    )
    lean = (float(rng.normal(0, 0.12)), float(rng.normal(-0.25, 0.15)))
    return ellipsoid(lattice, centre, (40 * scale, 46 * scale, 62 * scale), lean)


def kidneys(lattice: Lattice, person: Person, rng: np.random.Generator) -> dict[str, Field]:
    """Right and left kidney and their sinuses, upper poles leaning inward."""
    result = {}
    size = (1.0 if person.sex == "male" else 0.95) * float(rng.normal(1, 0.06))
    right_z = -46 + float(rng.normal(0, 9))
    for side, sign, z in (("right", -1.0, right_z), ("left", 1.0, right_z + float(rng.uniform(12, 28)))):
        x = sign * (60 + float(rng.normal(0, 3)) + 0.12 * (person.half_width - 160))
        y = 44 + float(rng.normal(0, 4))
        result[f"kidney-{side}"] = ellipsoid(
            lattice, (x, y, z), (28 * size, 26 * size, 56 * size), (-sign * 0.17, 0.12)
        )
        result[f"sinus-{side}"] = ellipsoid(
            lattice, (x - sign * 13, y - 6, z), (14 * size, 9 * size, 27 * size), (-sign * 0.17, 0.12)
        )
    return result


def stomach(lattice: Lattice, person: Person, rng: np.random.Generator) -> Field:
    """A J: fundus under the left dome, body, antrum crossing to the pylorus."""
    fill = float(rng.uniform(0.62, 1.08))
    front = person.middle_y - person.half_depth + person.fat + person.muscle
    knots = np.array(
        [
            [58, 18, 56],
            [66, -8, 44],
            [66, -34, 24],
            [54, front + 42, -8],
            [28, front + 44, -32],
            [-2, -54, -24],
        ]
    ) + rng.normal(0, 5, (6, 3))
    radii = np.array([27, 34, 33, 27, 19, 10]) * fill
    path, radius = _along(knots, radii, 7.0)
    return tube(lattice, path, radius, 10)


def pancreas(lattice: Lattice, person: Person, rng: np.random.Generator) -> Field:
    """Head in the duodenal loop, body before the aorta, tail to the spleen."""
    thin = 1 - 0.006 * max(person.age_y - 40, 0)
    knots = np.array([[-6, -34, -44], [2, -40, -28], [24, -34, -12], [48, -14, -2], [76, 10, 8]])
    path, radius = _along(knots + rng.normal(0, 4, knots.shape), np.array([10, 12, 8, 8, 8.5]) * thin, 5.0)
    return tube(lattice, path, radius * (1 + 0.16 * rng.normal(size=len(radius))).clip(0.6, 1.4), 3)


def bowel(lattice: Lattice, person: Person, rng: np.random.Generator) -> dict[str, tuple[Field, float]]:
    """Colon, duodenum and loops of small bowel: distance, and the height y below which there is gas."""
    front = person.middle_y - person.half_depth + person.fat + person.muscle
    side = person.half_width - person.fat - person.muscle
    low = float(lattice.origin_mm[2])
    colon = np.array(
        [
            [-side + 36, 22, low],
            [-side + 34, 8, -92],
            [-side + 48, -38, -84],
            [-40, front + 30, -98],
            [5, front + 28, -90],
            [50, front + 32, -72],
            [side - 34, -30, -44],
            [side - 22, 8, -36],
            [side - 22, 24, -66],
            [side - 24, 22, low],
        ]
    )
    path, radius = _along(colon + rng.normal(0, 6, colon.shape), np.full(10, rng.uniform(15, 22)), 6.0)
    radius = radius * (1 + 0.20 * np.sin(np.arange(len(radius)) * 6.0 / rng.uniform(3.4, 5.0)))
    loops = {"colon": (tube(lattice, path, radius, 4), float(np.median(path[:, 1]) + rng.normal(-12, 12)))}
    duodenum = np.array(
        [[-8, -56, -24], [-30, -44, -30], [-30, -14, -52], [-14, -4, -74], [22, -10, -72], [40, -24, -48]]
    )
    path, radius = _along(duodenum + rng.normal(0, 4, duodenum.shape), np.full(6, rng.uniform(9, 13)), 6.0)
    loops["duodenum"] = (tube(lattice, path, radius, 4), front - 50)
    for loop in range(4):
        path = _wander(rng, np.array([-40, front + 18, low]), np.array([side - 24, 4, -34]), 30)
        radius = rng.uniform(10, 14) * (1 + 0.12 * rng.normal(size=len(path))).clip(0.7, 1.3)
        loops[f"loop-{loop}"] = (tube(lattice, path, radius, 2), front - 50)
    return loops


def fit_in(lattice: Lattice, field: Field, wall: Field, gap_mm: float) -> None:
    """Keep an organ ``gap_mm`` inside the cavity, in place."""
    k, j, i = field.block
    field.values[...] = smooth_max(field.values, wall.values[k, j, i] + gap_mm, 6)


def arrange(
    lattice: Lattice, person: Person, disease: Disease, seed: int, cavity: Field, *, dome: Floats
) -> tuple[dict[str, Field], dict[str, tuple[Field, float]]]:
    """All organs beside the liver, made to give way to each other."""
    fields = heart(lattice, person, stream(seed, "heart"))
    fields["lung"] = lungs(lattice, cavity, dome, person)
    fields["spleen"] = spleen(lattice, person, disease, stream(seed, "spleen"))
    fields |= kidneys(lattice, person, stream(seed, "kidneys"))
    fields["stomach"] = stomach(lattice, person, stream(seed, "stomach"))
    fields["pancreas"] = pancreas(lattice, person, stream(seed, "pancreas"))
    loops = bowel(lattice, person, stream(seed, "bowel"))
    fit_in(lattice, fields["heart"], cavity, 2)
    for name in ("spleen", "stomach"):
        fit_in(lattice, fields[name], cavity, 2)
        k, j, i = fields[name].block
        below = (lattice.axis("z")[k][:, None, None] - dome[None, j, i] + 4) * np.float32(0.72)
        fields[name].values[...] = smooth_max(fields[name].values, below, 8)
    for name in ("kidney-right", "kidney-left"):
        fit_in(lattice, fields[name], cavity, 5)
    carve(lattice, fields["spleen"], fields["kidney-left"], 4, 8)
    carve(lattice, fields["stomach"], fields["kidney-left"], 6, 8)
    carve(lattice, fields["spleen"], fields["stomach"], 3, 8)
    carve(lattice, fields["pancreas"], fields["stomach"], 3, 3)
    for name, (field, _) in loops.items():
        fit_in(lattice, field, cavity, 3)
        for other in ("stomach", "spleen", "kidney-right", "kidney-left", "pancreas"):
            carve(lattice, field, fields[other], 2, 4)
        if name.startswith("loop"):
            carve(lattice, field, loops["colon"][0], 1, 3)
    return fields, loops


def _along(knots: Path, radii: NDArray[np.float64], step_mm: float) -> tuple[Path, NDArray[np.float64]]:
    """Points every ``step_mm`` on a smooth curve through ``knots``, with interpolated radii."""
    from scipy.interpolate import PchipInterpolator

    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    at = np.linspace(0, length[-1], max(int(length[-1] / step_mm), 2))
    return np.asarray(PchipInterpolator(length, knots)(at)), np.asarray(PchipInterpolator(length, radii)(at))


def _wander(rng: np.random.Generator, low: Path, high: Path, steps: int) -> Path:
    """A random walk with a memory of its direction, kept in a box."""
    point = rng.uniform(low, high)
    heading = rng.normal(size=3)
    points = []
    for _ in range(steps):
        heading = 0.75 * heading / np.linalg.norm(heading) + 0.5 * rng.normal(size=3)
        heading = np.where(point < low, np.abs(heading), np.where(point > high, -np.abs(heading), heading))
        point = point + 8.0 * heading / np.linalg.norm(heading)
        points.append(point)
    return np.array(points)
