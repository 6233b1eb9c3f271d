"""The trunk and every organ but the liver, as distances on a lattice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.phantom.disease import Disease
from overread.phantom.lattice import STEP_MM, Field, Floats, Lattice, carve, ellipsoid, smooth_max, tube
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
        np.exp(1j * wave[:, at, None] * lattice.axis("xyz"[at])[None, :]).astype(np.complex64) for at in range(3)
    )
    z = z * np.exp(1j * phase)[:, None].astype(np.complex64) * np.float32(rms_mm * np.sqrt(2 / modes))
    plane = (y[:, :, None] * x[:, None, :]).reshape(modes, -1)
    return np.ascontiguousarray((z.T @ plane).real).reshape(lattice.shape)


def trunk(lattice: Lattice, person: Person, rng: np.random.Generator) -> tuple[Field, Field]:
    """Distance to the skin, and to the inner face of the muscle ring.

    A superellipse, flat where the person lies on it, flat or sunken in front, bulging at the arch of the ribs,
    turned a little, with low harmonics round it: no two outlines are alike (PHANTOM 1.1).
    """
    x, y, z = lattice.coordinates(lattice.whole())
    roll = np.float32(np.radians(np.clip(rng.normal(0, 2.2), -5, 5)))
    up = y - person.middle_y
    x, up = x * np.cos(roll) + up * np.sin(roll), up * np.cos(roll) - x * np.sin(roll)
    widths = np.array([person.width_at(float(v)) for v in z.ravel()], dtype=np.float32)[:, None, None]
    depth = person.half_depth * (0.35 + 0.65 * widths / person.half_width)
    power = np.float32(rng.uniform(2.2, 2.7))
    u, v = np.abs(x) / widths, np.abs(up) / depth
    q = (u**power + v**power) ** (1 / power) + np.float32(1e-4)
    slope = np.sqrt((u ** (power - 1) / widths) ** 2 + (v ** (power - 1) / person.half_depth) ** 2)
    slope = slope / q ** (power - 1) + np.float32(1e-5)
    angle = np.arctan2(up / depth, x / widths)
    skin = np.minimum((q - 1) / slope, 60) + _ripples(angle, z, rng, (4.5, 3.0, 2.2, 1.6))
    front, back = np.clip(-up / depth, 0, 1), np.clip(up / depth, 0, 1)
    sink = np.float32(np.clip(rng.normal(5 - 0.9 * (person.bmi - 24), 4), -8, 14))
    low = np.clip((np.float32(25) - z) / 70, 0, 1)
    skin = skin + sink * low * front**2 * np.exp(-((x / 80) ** 2))
    arch = np.float32(rng.uniform(0, 6)) * np.exp(-(((np.abs(x) - 85) / 35) ** 2)) * np.exp(-(((z - 10) / 40) ** 2))
    skin = skin - arch * front
    skin = skin + np.float32(rng.uniform(4, 9)) * np.clip((back - 0.80) / 0.20, 0, 1)
    furrow = np.float32(rng.uniform(5, 11)) * np.exp(-((x / np.float32(rng.uniform(9, 14))) ** 2))
    skin = skin + furrow * np.clip((back - 0.5) / 0.3, 0, 1)
    fat = person.fat * (0.96 + 0.22 * np.sin(angle)) * (1 - 0.15 * np.clip(z / 90, -1, 1))
    fat = fat * (1 + _ripples(angle, z, rng, (0.14, 0.10, 0.08)))
    cavity = skin + np.maximum(fat, 3.0) + person.muscle
    block = lattice.whole()
    return lattice.field(skin, block), lattice.field(cavity, block)


def _ripples(angle: Floats, z: Floats, rng: np.random.Generator, sizes: tuple[float, ...]) -> Floats:
    """Harmonics round the trunk from the second on, drifting slowly with height."""
    total: Floats = np.zeros_like(angle)
    for order, size in enumerate(sizes, 2):
        phase, drift = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.006)
        turn = order * angle + np.float32(phase) + np.float32(drift) * z
        total = (total + np.float32(rng.normal(0, size)) * np.cos(turn)).astype(np.float32)
    return total


def diaphragm(lattice: Lattice, person: Person, rng: np.random.Generator) -> Floats:
    """Height of the diaphragm [y, x]: right dome, left dome, tendon under the heart (PHANTOM 1.3)."""
    x, y = lattice.axis("x")[None, :], lattice.axis("y")[:, None]
    scale = (person.half_width - person.fat) / 142

    def dome(cx: float, cy: float, rx: float, ry: float, top: float, *, fall: float) -> Floats:
        reach = np.where(y < cy, 1.75 * ry, ry)
        q = ((x - cx * scale) / (rx * scale)) ** 2 + ((y - cy) / reach) ** 2
        return (top - fall * q ** np.float32(1.15)).astype(np.float32)

    right = dome(-70 + rng.normal(0, 4), -22 + rng.normal(0, 6), 75, 80, person.dome_z, fall=66)
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
    lift = person.dome_z + float(rng.normal(32, 3))
    cx, cy = (
        24 + float(rng.normal(0, 4)),
        person.middle_y - person.half_depth + person.fat + person.muscle + 50,
    )
    sac = ellipsoid(lattice, (cx, cy, lift), (62, 46, 50), (0.2, -0.1))
    left = ellipsoid(lattice, (cx + 20, cy + 5, lift + 6), (27, 19, 36), (0.2, -0.1))
    right = ellipsoid(lattice, (cx - 20, cy - 11, lift + 2), (31, 19, 38), (0.2, -0.1))
    return {"heart": sac, "left-pool": left, "right-pool": right}


def spleen(
    lattice: Lattice,
    person: Person,
    disease: Disease,
    rng: np.random.Generator,
    *,
    cavity: Field,
    dome: Floats,
    kidney: Field,
) -> Field:
    """Spleen: a crescent between wall, diaphragm, kidney and stomach at its drawn volume, hollow towards the middle."""
    target = 195 * float(np.exp(rng.normal(-0.06, 0.30))) * disease.spleen / _MEAN_SPLEEN
    jitter = rng.normal(0, 1, 3) * np.array([2.0, 0.10, 7.0])
    lean = (float(rng.normal(0, 0.12)), float(rng.normal(-0.25, 0.15)))
    long, deep, level = float(np.exp(rng.normal(0, 0.10))), float(rng.uniform(0.8, 1.05)), float(rng.uniform(-6, 14))
    way = np.array([np.cos(0.42 + jitter[1]), np.sin(0.42 + jitter[1])])
    ray = np.array([0.0, 0.0, person.dome_z - 66]) + np.arange(60.0, 170.0, 2.0)[:, None] * np.array([*way, 0.0])
    wall = 60 + 2.0 * int(np.argmax(lattice.read(cavity, ray) > -3))

    def crescent(scale: float) -> Field:
        thick = 39 * scale**0.55  # an enlarged spleen grows down and forward along the wall, not into the middle
        x, y = (wall + jitter[0] - 0.80 * thick) * way
        z = person.dome_z - 60 - 16 * (scale - 0.8) + jitter[2]
        field = ellipsoid(lattice, (x, y, z), (thick, 47 * scale / long, 57 * scale**1.1 * long), lean)
        middle = (x - 1.05 * thick * deep, y - 24 * scale, z + level)
        carve(lattice, field, ellipsoid(lattice, middle, (0.76 * thick, 36 * scale, 54 * scale), lean), 0.0, 10)
        fit_in(lattice, field, cavity, 2)
        i = field.block[2]
        beside = np.float32(34) - lattice.axis("x")[i][None, None, :]
        field.values[...] = smooth_max(field.values, np.broadcast_to(beside, field.values.shape), 12)
        _clear_back(lattice, field)
        _keep_under(lattice, field, dome)
        carve(lattice, field, kidney, 4, 12)
        return field

    scale = float((target / 160) ** 0.42)
    for _ in range(2):
        got = np.count_nonzero(crescent(scale).values < 0) * STEP_MM**3 / 1000
        scale = float(np.clip(scale * (_SPLEEN_LOSS * target / max(got, 20)) ** 0.42, 0.5, 1.9))
    field = crescent(scale)
    roughen(field, rng, 1.2, 4.0)
    return field


def _keep_under(lattice: Lattice, field: Field, dome: Floats) -> None:
    """Keep an organ 4 mm below the diaphragm, in place."""
    k, j, i = field.block
    below = (lattice.axis("z")[k][:, None, None] - dome[None, j, i] + 4) * np.float32(0.72)
    field.values[...] = smooth_max(field.values, below, 8)


_MEAN_SPLEEN = 1.05
"""Mean of the factor that healthy people draw."""

_SPLEEN_LOSS = 1.05
"""What roughness takes from the spleen afterwards [A]."""


def roughen(field: Field, rng: np.random.Generator, rms_mm: float, cell_mm: float) -> None:
    """Lobulate a surface by smooth noise of ``rms_mm`` with cells of about 2 x ``cell_mm``, in place."""
    from scipy import ndimage

    rough = ndimage.gaussian_filter(rng.standard_normal(field.values.shape, dtype=np.float32), cell_mm / STEP_MM)
    field.values[...] += np.float32(rms_mm / max(float(rough.std()), 1e-6)) * rough


def kidneys(lattice: Lattice, person: Person, rng: np.random.Generator) -> dict[str, Field]:
    """Right and left kidney and their sinuses, upper poles leaning inward."""
    result = {}
    size = (1.0 if person.sex == "male" else 0.95) * float(rng.normal(1, 0.06))
    right_z = min(-30 + float(rng.normal(0, 9)), person.dome_z - 96)
    left_z = min(right_z + float(rng.uniform(15, 25)), person.dome_z - 80)
    for side, sign, z in (("right", -1.0, right_z), ("left", 1.0, left_z)):
        x = sign * (60 + float(rng.normal(0, 3)) + 0.12 * (person.half_width - 160))
        y = 27 + float(rng.normal(0, 4))
        result[f"kidney-{side}"] = ellipsoid(
            lattice, (x, y, z), (28 * size, 26 * size, 54 * size), (-sign * 0.17, 0.12)
        )
        result[f"sinus-{side}"] = ellipsoid(
            lattice, (x - sign * 20, y - 9, z), (14 * size, 9 * size, 25 * size), (-sign * 0.17, 0.12)
        )
    return result


def stomach(lattice: Lattice, person: Person, disease: Disease, rng: np.random.Generator) -> Field:
    """A J: fundus under the left dome, body, antrum crossing to the pylorus; a large lateral segment pushes it back."""
    fill = float(rng.uniform(0.62, 1.08))
    front = person.middle_y - person.half_depth + person.fat + person.muscle
    knots = np.array(
        [
            [60, 14, person.dome_z - 37],
            [68, -2, person.dome_z - 46],
            [72, -26, 18],
            [60, front + 46, -10],
            [28, front + 46, -34],
            [-2, -54, -26],
        ]
    ) + rng.normal(0, 5, (6, 3))
    pushed = float(np.clip(disease.lateral_segment - 1, -0.2, 0.9))
    knots += pushed * np.array([[6, 8, 0], [10, 20, -2], [14, 30, -8], [12, 16, -16], [0, 0, -12], [0, 0, -2]])
    radii = np.array([32, 33, 29, 24, 18, 10]) * fill * (1 - 0.15 * pushed)
    path, radius = _along(knots, radii, 7.0)
    radius = radius * (1 + 0.06 * rng.normal(size=len(radius))).clip(0.85, 1.15)
    field = tube(lattice, path, radius, 10)
    roughen(field, rng, 2.0, 9.0)
    return field


def pancreas(lattice: Lattice, person: Person, rng: np.random.Generator) -> Field:
    """Head in the duodenal loop, body before the aorta, tail to the spleen."""
    thin = 1 - 0.006 * max(person.age_y - 40, 0)
    knots = np.array([[-6, -34, -44], [2, -40, -28], [24, -34, -12], [48, -14, -2], [76, 10, 8]])
    path, radius = _along(knots + rng.normal(0, 4, knots.shape), np.array([10, 12, 8, 8, 8.5]) * thin, 5.0)
    field = tube(lattice, path, radius * (1 + 0.16 * rng.normal(size=len(radius))).clip(0.6, 1.4), 3)
    roughen(field, rng, 1.5, 4.0)
    return field


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
    middle, left, right = (-64.0, side - 24, -32.0), (38.0, side - 20, 8.0), (-side + 22, -30.0, -52.0)
    thin = 1.3 - 1.6 * person.visceral_fat
    places = [middle] * round(8 * thin) + [left] * round(9 * thin) + [right] * round(4 * thin)
    for number, (lowest_x, highest_x, top) in enumerate(places):
        path = _wander(rng, np.array([lowest_x, front + 14, low]), np.array([highest_x, 2, top]), 26)
        radius = rng.uniform(10, 17) * (1 + 0.14 * rng.normal(size=len(path))).clip(0.6, 1.4)
        loops[f"loop-{number}"] = (tube(lattice, path, radius, 2), front - 50)
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
    fields |= kidneys(lattice, person, stream(seed, "kidneys"))
    for name in ("kidney-right", "kidney-left"):
        fit_in(lattice, fields[name], cavity, 9)
        _clear_back(lattice, fields[name])
    left = fields["kidney-left"]
    fields["spleen"] = spleen(lattice, person, disease, stream(seed, "spleen"), cavity=cavity, dome=dome, kidney=left)
    fields["stomach"] = stomach(lattice, person, disease, stream(seed, "stomach"))
    fields["pancreas"] = pancreas(lattice, person, stream(seed, "pancreas"))
    loops = bowel(lattice, person, stream(seed, "bowel"))
    fit_in(lattice, fields["heart"], cavity, 2)
    fit_in(lattice, fields["stomach"], cavity, 2)
    _keep_under(lattice, fields["stomach"], dome)
    carve(lattice, fields["stomach"], fields["kidney-left"], 6, 12)
    carve(lattice, fields["stomach"], fields["spleen"], 3, 8)
    carve(lattice, fields["pancreas"], fields["stomach"], 3, 3)
    for name, (field, _) in loops.items():
        fit_in(lattice, field, cavity, 3)
        for other in ("stomach", "spleen", "kidney-right", "kidney-left", "pancreas"):
            carve(lattice, field, fields[other], 2, 4)
        if name.startswith("loop"):
            carve(lattice, field, loops["colon"][0], 1, 3)
    return fields, loops


def _clear_back(lattice: Lattice, field: Field) -> None:
    """Keep an organ in front of the muscles of the back and beside those of the loin, with fat between, in place."""
    _, j, i = field.block
    x, y = np.abs(lattice.axis("x")[i])[None, None, :], lattice.axis("y")[j][None, :, None]
    behind = y - np.where(x < 70, 46 + 0.12 * np.maximum(x - 40, 0), 50 - 0.25 * (x - 70)).astype(np.float32)
    inward = np.float32(33) - x
    field.values[...] = smooth_max(
        smooth_max(field.values, np.broadcast_to(behind, field.values.shape), 10),
        np.broadcast_to(inward, field.values.shape),
        8,
    )


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
