"""One volume of a study: where its voxels lie, in the scanner and in the patient, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.core.geometry import Affine
from overread.phantom.lattice import Floats, Lattice, Sampler
from overread.phantom.noise import NoisePlanes, clipped_normal, stream
from overread.phantom.person import Person
from overread.phantom.protocols import Protocol

FINE, SMALL, LARGE, UPTAKE, PATCH = 2.0, 6.0, 14.0, 40.0, 70.0
"""Cell sizes of the noise, mm."""
FREE_BREATHING_MM = 8.0
"""How much higher organs lie in free breathing than in the breath-hold (PHANTOM 8); stacks are planned for it."""
CELLS = (FINE, SMALL, LARGE, UPTAKE, PATCH)


@dataclass(frozen=True, slots=True)
class View:
    """A volume to be imaged. ``x_mm``, ``y_mm``, ``z_mm``: columns, rows and slices in the patient's own mm, breathing
    and all; ``affine`` places the same voxels in the scanner (LPS). ``shift_mm``: how far the patient had moved."""

    protocol: Protocol
    affine: Affine
    shift_mm: tuple[float, float, float]
    x_mm: Floats
    y_mm: Floats
    z_mm: Floats
    crop: tuple[slice, slice]
    sampler: Sampler
    noise: NoisePlanes
    texture: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return len(self.z_mm), len(self.y_mm), len(self.x_mm)

    def noise_at(self, z_mm: float) -> dict[float, Floats]:
        """Noise planes of all cell sizes at a height, over the crop."""
        return {cell: self.noise.plane(cell, z_mm) for cell in CELLS}


def lay_view(seed: int, kind: str, protocol: Protocol, person: Person, lattice: Lattice, texture: float) -> View:
    """Lay the field of view round the trunk and the stack round the liver, as this breath-hold found them."""
    shift = _shift(seed, kind, protocol)
    x, y, z = _positions(seed, kind, protocol, person)
    mine = [values - np.float32(move) for values, move in zip((x, y, z), shift, strict=True)]
    columns = np.flatnonzero(np.abs(mine[0]) < person.half_width + 14)
    rows = np.flatnonzero(np.abs(mine[1] - person.middle_y) < person.half_depth + 14)
    crop = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
    near = (mine[0][crop[1]], mine[1][crop[0]])
    return View(
        protocol=protocol,
        affine=_affine(seed, protocol, x, y, z),
        shift_mm=shift,
        x_mm=mine[0],
        y_mm=mine[1],
        z_mm=mine[2],
        crop=crop,
        sampler=Sampler(lattice, near[0], near[1], protocol.slice_thickness_mm),
        noise=NoisePlanes(stream(seed, "texture"), near[0], near[1], CELLS),
        texture=texture,
    )


def _shift(seed: int, kind: str, protocol: Protocol) -> tuple[float, float, float]:
    """How far the organs lie from where the reference breath-hold had them (PHANTOM 8, inter-series shift)."""
    if kind == "hbp":
        return 0.0, 0.0, 0.0
    family = protocol.role.split(":")[0]
    family = "dwi" if family == "adc" else "in-out" if family in ("t1-in", "t1-opposed") else family
    rng = stream(seed, f"shift-{family}")
    if protocol.is_breath_hold:
        z = clipped_normal(rng, 0, 6 if kind != "ct-mvi" else 4, -18, 18)
    else:
        z = clipped_normal(rng, FREE_BREATHING_MM, 4, -6, 20)
    return float(rng.normal(0, 1)), float(rng.normal(0, 2)), z


def _positions(seed: int, kind: str, protocol: Protocol, person: Person) -> tuple[Floats, Floats, Floats]:
    rng = stream(seed, "field-of-view")
    middle_x = float(rng.normal(0, 4))
    middle_y = person.middle_y + float(rng.normal(0, 3))
    planned = 0.0 if protocol.is_breath_hold else FREE_BREATHING_MM
    low = person.lowest_z - float(rng.uniform(8, 26)) + planned
    high = person.dome_z + float(rng.uniform(6, 24)) + planned
    step = protocol.slice_spacing_mm
    count = max(round((high - low) / step), 8)
    if kind == "hbp":
        count = int(np.clip(count, 80, 110))
    middle_z = (low + high) / 2
    x = middle_x + (np.arange(protocol.columns) - (protocol.columns - 1) / 2) * protocol.pixel_mm
    y = middle_y + (np.arange(protocol.rows) - (protocol.rows - 1) / 2) * protocol.pixel_mm
    z = middle_z + (np.arange(count) - (count - 1) / 2) * step
    return x.astype(np.float32), y.astype(np.float32), z.astype(np.float32)


def _affine(seed: int, protocol: Protocol, x: Floats, y: Floats, z: Floats) -> Affine:
    """Where the stack lies in the scanner: a fifth of the patients lie turned by up to 6 degrees."""
    rng = stream(seed, "position")
    is_turned = rng.random() < 0.2 and protocol.modality == "MR"
    angles = np.radians(rng.uniform(-6, 6, 3)) if is_turned else np.zeros(3)
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [at for at in range(3) if at != axis]
        part = np.eye(3)
        part[a, a] = part[b, b] = np.cos(angle)
        part[a, b], part[b, a] = -np.sin(angle), np.sin(angle)
        turn = turn @ part
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array([protocol.pixel_mm, protocol.pixel_mm, protocol.slice_spacing_mm])
    corner = np.array([x[0], y[0], z[0]], dtype=np.float64)
    matrix[:3, 3] = turn @ corner + np.round(stream(seed, "table").normal(0, (4, 10, 25)), 1)
    return Affine(np.round(matrix, 6))
