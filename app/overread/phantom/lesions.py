"""Nodules: hepatocellular carcinomas and cysts, where they lie, how they are shaped and what is inside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Field, Floats, Lattice, smooth_min
from overread.phantom.liver import Landmarks
from overread.phantom.noise import pick, stream

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Nodule:
    """A rough-edged nodule. Lengths in mm; ``signal`` is relative to blood, to liver
    where ``is_iso``.

    ``roughness`` is relative to the radius, at cells of 14 and 6 mm. ``buds`` are balls (dx, dy, dz, radius)
    at the rim. ``seeds`` (dx, dy, dz, factor) divide a mosaic tumour. ``rim_mm`` is
    the width of a shell of ``rim_factor``.
    """

    centre: Point
    radius: float
    axes: Point
    roughness: tuple[float, float]
    margin_mm: float
    signal: float
    is_iso: bool = False
    buds: tuple[tuple[float, float, float, float], ...] = ()
    seeds: tuple[tuple[float, float, float, float], ...] = ()
    rim_mm: float = 0.0
    rim_factor: float = 1.0
    rim_arc: tuple[float, float] = (0.0, -1.0)
    texture: float = 0.02

    @property
    def reach_mm(self) -> float:
        """No part of the nodule lies farther from its centre."""
        return self.radius * (1.55 if self.buds else 1.3) + self.margin_mm + 2

    def distance(self, x: Floats, y: Floats, z: float, noise14: Floats, noise6: Floats) -> Floats:
        """Distance to the surface at the height ``z``; ``x`` [1, columns], ``y`` [rows, 1]."""
        cx, cy, cz = self.centre
        ax, ay, az = self.axes
        spread = np.sqrt(((x - cx) / ax) ** 2 + ((y - cy) / ay) ** 2 + np.float32(((z - cz) / az) ** 2))
        edge = self.radius * (1 + self.roughness[0] * noise14 + self.roughness[1] * noise6)
        result: Floats = (spread - edge).astype(np.float32)
        for dx, dy, dz, radius in self.buds:
            ball = np.sqrt((x - cx - dx) ** 2 + (y - cy - dy) ** 2 + np.float32((z - cz - dz) ** 2))
            result = smooth_min(result, ball - np.float32(radius), 0.25 * self.radius)
        return result

    def inside(self, x: Floats, y: Floats, z: float, distance: Floats) -> Floats:
        """Relative signal inside: compartments, septa and shell."""
        cx, cy, cz = self.centre
        value = np.ones_like(distance)
        if self.seeds:
            seeds = np.array(self.seeds, dtype=np.float32)
            gaps = np.sqrt(
                (x[None] - cx - seeds[:, 0, None, None]) ** 2
                + (y[None] - cy - seeds[:, 1, None, None]) ** 2
                + (np.float32(z - cz) - seeds[:, 2, None, None]) ** 2
            )
            order = np.partition(gaps, 1, axis=0)
            value = seeds[np.argmin(gaps, axis=0), 3]
            value = value * (1 - 0.16 * np.clip(1.6 - (order[1] - order[0]), 0, 1))
        if self.rim_mm > 0:
            shell = np.clip((distance + self.rim_mm + 0.5), 0, 1)
            if self.rim_arc[1] > 0:
                turn = np.arctan2(y - cy, x - cx) - self.rim_arc[0]
                turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
                shell = shell * np.clip((self.rim_arc[1] - turn) * 4, 0, 1)
            value = value * (1 + (self.rim_factor - 1) * shell)
        return value.astype(np.float32)


def draw_cysts(
    lattice: Lattice, liver: Field, avoid: tuple[Field, ...], marks: Landmarks, count: int, *, seed: int
) -> tuple[Nodule, ...]:
    """Sharp, nearly round cysts; drawn without regard to HCC."""
    rng = stream(seed, "cysts")
    cysts: list[Nodule] = []
    for _ in range(count):
        radius = float(np.clip(np.exp(rng.normal(np.log(9), 0.55)), 4, 34)) / 2
        centre = _place(rng, lattice, liver, avoid, marks, radius=radius, others=cysts, tree=None)
        cysts.append(
            Nodule(centre, radius, _axes(rng, 0.08), (float(rng.uniform(0.01, 0.04)), 0.0), 0.0, 1.0)
        )
    return tuple(cysts)


def draw_hcc(
    lattice: Lattice,
    liver: Field,
    avoid: tuple[Field, ...],
    marks: Landmarks,
    tree: NDArray[np.float64],
    *,
    cysts: tuple[Nodule, ...],
    seed: int,
) -> tuple[Nodule, ...]:
    """One to three tumours of 8-40 mm, clear of cysts, gallbladder, great vessels and each other."""
    rng = stream(seed, "hcc")
    tumours: list[Nodule] = []
    for _ in range(1 + pick(rng, (0.78, 0.16, 0.06))):
        diameter = float(np.clip(np.exp(rng.normal(np.log(15), 0.50)), 8, 40))
        centre = _place(
            rng, lattice, liver, avoid, marks, radius=diameter / 2, others=[*cysts, *tumours], tree=tree
        )
        tumours.append(_draw_tumour(rng, centre, diameter / 2))
    return tuple(tumours)


def segment_of(point: Point, marks: Landmarks) -> str:
    """Segment of a point by the planes of PHANTOM 2.2, roughly."""
    x, y, z = point
    cx, cy = marks.ivc(z)
    if abs(x - cx - 17) < 18 and -36 < y < -4 and -4 < z < 56:
        return "S1"
    if x > marks.fissure_x:
        return "S2" if z > 20 else "S3"
    angle = np.degrees(np.arctan2(-(y - cy), -(x - cx)))
    if angle > 62:
        return "S4"
    is_high = z > 6 + 0.05 * (x + 30)
    if angle > 8:
        return "S8" if is_high else "S5"
    return "S7" if is_high else "S6"


def _draw_tumour(rng: np.random.Generator, centre: Point, radius: float) -> Nodule:
    is_infiltrative = rng.random() < 0.07 and radius > 8
    is_iso = bool(rng.random() < 0.09)
    buds = []
    if rng.random() < 0.30:
        for _ in range(int(rng.integers(1, 4))):
            size = float(rng.uniform(0.4, 0.65))
            heading = rng.normal(size=3)
            heading *= radius * rng.uniform(0.65, 0.9) / np.linalg.norm(heading)
            buds.append((float(heading[0]), float(heading[1]), float(heading[2]), size * radius))
    seeds = []
    if rng.random() < 0.15 + 0.4 * min(radius / 12, 1) * (radius > 7):
        for _ in range(4 + int((radius / 6) ** 1.5)):
            dx, dy, dz = rng.uniform(-radius, radius, 3)
            seeds.append(
                (float(dx), float(dy), float(dz), float(np.clip(1 + rng.normal(0, 0.13), 0.65, 1.4)))
            )
    has_rim = rng.random() < 0.30 and radius > 6
    arc = (
        (float(rng.uniform(-np.pi, np.pi)), float(rng.uniform(1.0, 2.4)))
        if rng.random() < 0.4
        else (0.0, -1.0)
    )
    factor = rng.uniform(0.72, 0.9) if rng.random() < 0.6 else rng.uniform(1.12, 1.35)
    return Nodule(
        centre=centre,
        radius=radius,
        axes=_axes(rng, 0.10),
        roughness=(0.20, 0.05)
        if is_infiltrative
        else (float(rng.uniform(0.05, 0.10)), float(rng.uniform(0.015, 0.035))),
        margin_mm=float(rng.uniform(4, 8)) if is_infiltrative else float(rng.uniform(0.5, 2.2)),
        signal=float(rng.uniform(0.92, 1.12)) if is_iso else float(np.exp(rng.normal(0, 0.15))),
        is_iso=is_iso,
        buds=tuple(buds),
        seeds=tuple(seeds),
        rim_mm=float(rng.uniform(1.0, 2.5)) if has_rim else 0.0,
        rim_factor=float(factor),
        rim_arc=arc,
        texture=float(rng.uniform(0.015, 0.06)),
    )


def _axes(rng: np.random.Generator, sd: float) -> Point:
    a, b, c = np.exp(rng.normal(0, sd, 3)).clip(0.75, 1.3).tolist()
    return a, b, c


def _place(
    rng: np.random.Generator,
    lattice: Lattice,
    liver: Field,
    avoid: tuple[Field, ...],
    marks: Landmarks,
    *,
    radius: float,
    others: list[Nodule],
    tree: NDArray[np.float64] | None,
) -> Point:
    """A centre in the liver: subcapsular in a third of the draws, clear of what must not be touched.

    Every wish is a penalty in mm, so that a crowded or thin liver still gets the least bad place of 300.
    """
    reach = -liver.values
    kind = pick(rng, (0.62, 0.32, 0.06))
    low, high = ((radius + 3, 999.0), (radius * 0.85, radius + 4), (radius * 0.45, radius * 0.7))[kind]
    voxels = np.argwhere((reach > min(low, float(reach.max()) * 0.8)) & (reach < max(high, 6)))
    if len(voxels) == 0:
        voxels = np.argwhere(reach > 0.8 * float(reach.max()))
    chosen = voxels[rng.integers(0, len(voxels), 300)][:, ::-1] * 4.0 + np.array(lattice.origin_mm)
    chosen = chosen + rng.uniform(-2, 2, chosen.shape)
    blame = np.zeros(len(chosen))
    for field in avoid:
        blame += np.maximum(radius * 0.95 + 2 - lattice.read(field, chosen), 0)
    centres = np.array([marks.ivc(float(z)) for z in chosen[:, 2]])
    blame += np.maximum(radius + 10 - np.linalg.norm(chosen[:, :2] - centres, axis=1), 0)
    for other in others:
        gap = np.linalg.norm(chosen - np.array(other.centre), axis=1)
        blame += 2 * np.maximum(1.2 * (other.radius + radius) + 3 - gap, 0)
    if tree is not None:
        thick = tree[tree[:, 3] > 3.0]
        gap = (
            np.linalg.norm(chosen[:, None] - (thick[None, :, 0:3] + thick[None, :, 4:7]) / 2, axis=2)
            - thick[:, 3]
        )
        blame += np.maximum(radius + 1 - gap.min(axis=1), 0) if len(thick) else 0
    x, y, z = chosen[int(np.argmin(blame + np.arange(len(blame)) * 1e-6))].tolist()
    return x, y, z
