"""The liver: wall contact, dome and visceral surface, not a free ellipsoid (PHANTOM 1.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.disease import Disease
from overread.phantom.lattice import (
    STEP_MM,
    Field,
    Floats,
    Lattice,
    carve,
    ellipsoid,
    smooth_max,
    smooth_min,
    tube,
)
from overread.phantom.noise import clipped_normal, stream
from overread.phantom.organs import wobble
from overread.phantom.person import Person

_VISCERAL_X = np.array([-140, -110, -80, -60, -45, -32, -18, 0, 25, 50, 80, 110, 160.0])
_VISCERAL_Y = np.array([92, 85, 76, 60, 38, 14, -4, -20, -36, -50, -66, -84, -108.0])

_SHIFTS = (7.0, 14.0, 24.0, 11.0)
"""How far dome, left tip, lower rim and visceral surface may move to reach a volume, mm [A]."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Lines and points inside and around the liver that other parts hold on to; mm."""

    ivc_x: float
    ivc_y: float
    ivc_radii: tuple[float, float]
    fissure_x: float
    fissure_width: float
    venosum: float
    aorta_x: float
    aorta_radius: float
    vertebra_z: float

    def ivc(self, z: float) -> tuple[float, float]:
        """Centre of the inferior vena cava at the height ``z``."""
        return self.ivc_x + 0.10 * max(z - 50, 0), self.ivc_y - 0.05 * z - 0.12 * max(z - 50, 0)

    def aorta(self, z: float) -> tuple[float, float]:
        """Centre of the aorta at the height ``z``."""
        return self.aorta_x - 0.03 * z, -4 + 0.10 * z


def draw_landmarks(seed: int, person: Person, disease: Disease) -> Landmarks:
    """Draw the great vessels and fissures."""
    rng = stream(seed, "landmarks")
    flat = 0.7 if rng.random() < 0.15 else 1.0
    size = clipped_normal(rng, 1, 0.14, 0.7, 1.3)
    widen = (0.0, 1.0, 2.0, 3.0)[disease.stage]
    return Landmarks(
        ivc_x=clipped_normal(rng, -22, 3, -29, -15),
        ivc_y=clipped_normal(rng, -12, 2.5, -18, -7),
        ivc_radii=(12.0 * size, 9.0 * size * flat),
        fissure_x=clipped_normal(rng, 4, 5, -8, 16),
        fissure_width=float(rng.uniform(0.4, 3.0)) + 0.8 * widen,
        venosum=float(rng.uniform(0.5, 1.2)) + 0.3 * widen,
        aorta_x=clipped_normal(rng, 13, 3, 5, 20),
        aorta_radius=0.5
        * clipped_normal(
            rng, (21 if person.sex == "male" else 19) + max(person.age_y - 50, 0) / 10, 2, 14, 30
        ),
        vertebra_z=float(rng.uniform(0, 32)),
    )


def gallbladder(lattice: Lattice, liver: Field, person: Person, seed: int) -> Field | None:
    """The gallbladder in its fossa at the lower rim; None after cholecystectomy."""
    rng = stream(seed, "gallbladder")
    is_absent = rng.random() < 0.08
    shrunk = 0.55 if rng.random() < 0.15 else 1.0
    radius = shrunk * float(np.clip(rng.normal(15, 3), 9, 24))
    length = shrunk * float(np.clip(rng.normal(33, 6), 20, 48))
    y = float(rng.normal(-50, 8))
    heights = lattice.axis("z").astype(np.float64)
    column = lattice.read(
        liver, np.stack([np.full(len(heights), -62.0), np.full(len(heights), y), heights], axis=1)
    )
    z = float(heights[np.argmax(column < 0)]) + float(rng.uniform(10, 26))
    along = np.arange(-100.0, 10.0, 2.0)
    reach = lattice.read(liver, np.stack([along, np.full(55, y), np.full(55, z)], axis=1))
    fossa = float(along[np.flatnonzero(reach < radius * 0.1)[-1]]) if np.any(reach < radius * 0.1) else -46.0
    centre = (min(max(fossa, -80.0), -25.0), y, z)
    return None if is_absent else ellipsoid(lattice, centre, (radius, radius * 1.05, length), (-0.25, 0.45))


def build_liver(
    lattice: Lattice,
    person: Person,
    disease: Disease,
    seed: int,
    marks: Landmarks,
    *,
    cavity: Field,
    dome: Floats,
    others: dict[str, Field],
) -> Field:
    """Distance to the liver surface, at the volume drawn for the person.

    Steps 1-6, 8 and 10 of PHANTOM 1.3; fissures and relief are finer than the lattice and added per slice.
    """
    rng = stream(seed, "liver")
    x, y, z = lattice.coordinates(lattice.whole())
    bumps = wobble(lattice, rng, 4.0)
    moved = x + 0.95 * np.maximum(-z, 0) + 0.25 * np.maximum(z - 30, 0)
    knots = _VISCERAL_Y + np.convolve(rng.normal(0, 5, len(_VISCERAL_Y) + 2), [0.3, 0.5, 0.3], "valid")
    fine = np.linspace(-220, 320, 541)
    height = np.convolve(np.interp(fine, _VISCERAL_X, knots), np.hanning(21) / np.hanning(21).sum(), "same")
    place = ((moved + 220) / 1.0).clip(0, 539).astype(np.int32)
    slope = np.abs(np.gradient(height))
    visceral = (y - height.astype(np.float32)[place]) / np.sqrt(1 + 1.4 * slope[place] ** 2).astype(
        np.float32
    ) + bumps
    top = (z - dome[None] + 3.5) * np.float32(0.72) + np.float32(0.4) * bumps
    tip = (x - np.float32(person.left_tip) + np.float32(0.77) * np.maximum(-z, 0)) * np.float32(
        0.79
    ) + np.float32(0.8) * bumps
    rim = (_rim_field(person, x) - z) * np.float32(0.85) + np.float32(1.2) * bumps
    wall = cavity.values + (1.6 + disease.ascites_mm)
    size = _fit_size(wall, top, tip, rim, visceral, target_ml=person.liver_ml)
    moves = [np.float32(shift * size) for shift in _SHIFTS]
    shell = smooth_max(wall, top + moves[0], 12)
    shell = smooth_max(smooth_max(shell, tip + moves[1], 14), rim + moves[2], 14)
    field = Field(smooth_max(shell, visceral + moves[3], 9), (0, 0, 0))
    _add_caudate(lattice, field, disease, marks, rng)
    _hold_cava(lattice, field, person, marks)
    for name, gap, blend in (("kidney-right", 3, 6), ("stomach", 1.5, 6), ("heart", 5, 8), ("spleen", 2, 6)):
        carve(lattice, field, others[name], gap, blend)
    return _largest(field)


def _rim_field(person: Person, x: Floats) -> Floats:
    right = np.float32(0.62) * np.clip(x + np.float32(115), np.float32(0), np.float32(85))
    result: Floats = np.float32(person.rim_z) + right + np.float32(0.22) * np.maximum(x + 30, 0)
    return result


def _fit_size(
    wall: Floats, top: Floats, tip: Floats, rim: Floats, visceral: Floats, *, target_ml: float
) -> float:
    """How far all free surfaces move inward (1: as far as they may, -1: outward) until the volume fits."""
    near = (wall < 0) & (visceral < 30) & (top < 10) & (rim < 30)
    surfaces = [s[near] for s in (top, tip, rim, visceral)]
    low, high = -1.0, 1.35
    voxel_ml = STEP_MM**3 / 1000
    for _ in range(9):
        size = (low + high) / 2
        farthest = np.max([s + shift * size for s, shift in zip(surfaces, _SHIFTS, strict=True)], axis=0)
        low, high = (size, high) if np.count_nonzero(farthest < 0) * voxel_ml > target_ml else (low, size)
    return (low + high) / 2


def _add_caudate(
    lattice: Lattice, liver: Field, disease: Disease, marks: Landmarks, rng: np.random.Generator
) -> None:
    size = float(np.cbrt(disease.caudate) * np.clip(rng.normal(1, 0.08), 0.8, 1.2))
    lobe = ellipsoid(lattice, (marks.ivc_x + 13, -20, 28), (21 * size, 15 * size, 26 * size), (0.0, -0.05))
    k, j, i = lobe.block
    part = liver.values[k, j, i]
    part[...] = smooth_min(part, lobe.values, 5)


def _hold_cava(lattice: Lattice, liver: Field, person: Person, marks: Landmarks) -> None:
    """A sheath of liver round the vena cava from the caudate to the dome, merging with the right lobe."""
    heights = np.arange(20.0, person.dome_z - 30, 6.0)
    path = np.array([(marks.ivc(float(z))[0] - 5, marks.ivc(float(z))[1] - 4, z) for z in heights])
    sheath = tube(lattice, path, np.full(len(path), 11.0 + marks.ivc_radii[1] * 0.35), 6)
    k, j, i = sheath.block
    part = liver.values[k, j, i]
    part[...] = smooth_min(part, sheath.values, 18)


def _largest(field: Field) -> Field:
    """Only the largest connected piece stays."""
    from scipy import ndimage

    pieces, count = ndimage.label(field.values < 0)
    if count > 1:
        sizes = np.bincount(pieces.ravel())
        stray = (pieces > 0) & (pieces != 1 + int(np.argmax(sizes[1:])))
        field.values[
            ndimage.binary_dilation(stray, iterations=2) & (pieces != 1 + int(np.argmax(sizes[1:])))
        ] = 6
    return field
