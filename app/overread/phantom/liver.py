"""The liver: wall contact, dome and visceral surface, not a free ellipsoid (PHANTOM 1.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.disease import Disease
from overread.phantom.lattice import STEP_MM, Field, Floats, Lattice, carve, ellipsoid, smooth_max, smooth_min, tube
from overread.phantom.noise import clipped_normal, stream
from overread.phantom.organs import wobble
from overread.phantom.person import Person

Point = tuple[float, float, float]

_VISCERAL_X = np.array([-140, -110, -80, -60, -45, -32, -18, 0, 25, 50, 80, 110, 160.0])
_VISCERAL_Y = np.array([80, 56, 33, 16, 2, -9, -15, -24, -36, -50, -66, -84, -108.0])
"""Back face of the liver (PHANTOM 1.3 step 3)."""

_TIP_MM, _RIM_MM, _VISCERAL_MM = 4.0, 6.5, 12.0
"""How far the free surfaces move per unit of size to reach a volume [A]; dome and wall stay."""

_BLEND_LOSS_MM = 11.0
"""How much of the lower tip the blended edges take away [A]."""

_SHARES = {"right": 0.67, "medial": 0.135, "lateral": 0.185, "caudate": 0.025}
"""Shares of a healthy liver (PHANTOM 2.2)."""


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
    fork: Point
    portal_start: Point
    portal_radius: float
    umbilical: Point
    caudate_centre: Point
    caudate_radii: Point
    papillary: tuple[Point, Point] | None

    def ivc(self, z: float) -> tuple[float, float]:
        """Centre of the inferior vena cava at the height ``z``."""
        return self.ivc_x + 0.10 * max(z - 50, 0), self.ivc_y - 0.05 * z - 0.12 * max(z - 50, 0)

    def aorta(self, z: float) -> tuple[float, float]:
        """Centre of the aorta at the height ``z``."""
        return self.aorta_x - 0.03 * z, -4 + 0.10 * z


def draw_landmarks(seed: int, person: Person, disease: Disease) -> Landmarks:
    """Draw the great vessels, fissures, the portal fork and the caudate."""
    rng = stream(seed, "landmarks")
    flat = 0.7 if rng.random() < 0.15 else 1.0
    size = clipped_normal(rng, 1, 0.14, 0.7, 1.3)
    ivc_x, ivc_y = clipped_normal(rng, -22, 3, -29, -15), clipped_normal(rng, -14, 2.5, -20, -9)
    fissure_x = clipped_normal(rng, 4, 5, -8, 16)
    width = float(rng.uniform(0.4, 3.0)) + 0.5 * disease.fissure_mm
    venosum = float(rng.uniform(0.5, 1.2)) + 0.15 * disease.fissure_mm
    portal = stream(seed, "portal-fork")
    fork = np.array([ivc_x - 8, -34, 6]) + portal.normal(0, 2, 3)
    turn = np.array([fissure_x - 5, -60, 18]) + portal.normal(0, 2.5, 3)
    start = np.array([4, -32, -42]) + portal.normal(0, 2, 3)
    diameter = clipped_normal(portal, float(portal.uniform(10.5, 14.5)), 1.6, 8.5, 17) + disease.portal_mm
    caudate = stream(seed, "caudate")
    grown = float(np.cbrt(disease.caudate * np.clip(caudate.normal(1, 0.18), 0.6, 1.5)))
    centre = (ivc_x + 17 + 12 * (grown - 1), ivc_y - 5 - 7 * (grown - 1), 25 - 5 * (grown - 1))
    papillary = None
    if caudate.random() < 0.25:
        size_p = grown * float(caudate.uniform(0.85, 1.2))
        papillary = ((centre[0] + 3, centre[1] - 7, centre[2] - 26), (11 * size_p, 8.5 * size_p, 15 * size_p))
    return Landmarks(
        ivc_x=ivc_x,
        ivc_y=ivc_y,
        ivc_radii=(12.0 * size, 9.0 * size * flat),
        fissure_x=fissure_x,
        fissure_width=width,
        venosum=venosum,
        aorta_x=clipped_normal(rng, 13, 3, 5, 20),
        aorta_radius=0.5
        * clipped_normal(rng, (21 if person.sex == "male" else 19) + max(person.age_y - 50, 0) / 10, 2, 14, 30),
        vertebra_z=float(rng.uniform(0, 32)),
        fork=_point(fork),
        portal_start=_point(start),
        portal_radius=diameter / 2,
        umbilical=_point(turn),
        caudate_centre=centre,
        caudate_radii=(17 * grown, 13 * grown, 25 * grown),
        papillary=papillary,
    )


def _point(values: NDArray[np.float64]) -> Point:
    x, y, z = (float(v) for v in values)
    return x, y, z


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
    """Distance to the liver surface, at the volume and the shares of the lobes drawn for the person.

    Steps 1-6, 8 and 10 of PHANTOM 1.3; fissures and relief are finer than the lattice and added per slice. The
    free surfaces of the lateral segment and of the rest move separately until both volumes fit, so that the
    atrophy of one lobe and the growth of the other in cirrhosis (PHANTOM 5) follow from their shares.
    """
    shape = _draw_surfaces(lattice, person, disease, seed, marks, cavity=cavity, dome=dome)
    wanted = np.array(_wanted_ml(person, disease, seed))
    aim = wanted.copy()
    field = Field(shape.wall, (0, 0, 0))
    for _ in range(4):
        sizes = shape.fit(aim)
        field = _assemble(lattice, shape, sizes, person, marks, others)
        got = shape.volumes(field.values)
        if np.all(np.abs(got - wanted) < 0.012 * wanted.sum()):
            break
        aim = np.maximum(aim + wanted - got, 20)
    return _largest(field)


@dataclass(frozen=True, slots=True)
class _Surfaces:
    """Distances [z, y, x] to the surfaces that bound the liver; ``left`` is 1 in the lateral segment, 0 elsewhere.

    ``yields`` [z, 1, 1] says how readily the visceral surface moves: hardly at the bare area and the lower tip, most
    at the fork.
    """

    wall: Floats
    top: Floats
    tip: Floats
    rim: Floats
    visceral: Floats
    left: Floats
    yields: Floats

    def free(self, sizes: NDArray[np.float64]) -> tuple[Floats, Floats, Floats]:
        """Tip, rim and visceral surface moved inward by the sizes of the rest and of the lateral segment."""
        size = np.float32(sizes[0]) + np.float32(sizes[1] - sizes[0]) * self.left
        visceral = self.visceral + _VISCERAL_MM * self.yields * size
        return self.tip + np.float32(_TIP_MM * sizes[1]), self.rim + _RIM_MM * size, visceral

    def volumes(self, values: Floats) -> NDArray[np.float64]:
        """Millilitres below zero in the rest of the liver and in the lateral segment."""
        inside = values < 0
        lateral = float(np.count_nonzero(inside & (self.left > 0.5)))
        return np.array([np.count_nonzero(inside) - lateral, lateral]) * STEP_MM**3 / 1000

    def fit(self, target_ml: NDArray[np.float64]) -> NDArray[np.float64]:
        """Size of the rest and of the lateral segment (-1: large, 2: small) at which both have their volume."""
        sizes = np.zeros(2)
        fixed = np.maximum(self.wall, self.top)
        for side in (0, 1):
            near = (fixed < 0) & ((self.left > 0.5) == bool(side)) & (self.visceral < 40) & (self.rim < 40)
            reach = -self.visceral / (_VISCERAL_MM * self.yields)
            bound = np.minimum(-self.rim[near] / _RIM_MM, reach[near])
            bound = np.sort(np.minimum(-self.tip[near] / _TIP_MM, bound) if side else bound)[::-1]
            count = int(target_ml[side] * 1000 / STEP_MM**3)
            sizes[side] = np.clip(bound[min(count, len(bound) - 1)] if len(bound) else 0, -2.6, 8.0)
        return sizes


def _draw_surfaces(
    lattice: Lattice, person: Person, disease: Disease, seed: int, marks: Landmarks, *, cavity: Field, dome: Floats
) -> _Surfaces:
    rng = stream(seed, "liver")
    x, y, z = lattice.coordinates(lattice.whole())
    bumps = wobble(lattice, rng, 3.6)
    moved = (
        x
        + np.float32(0.85) * np.clip(-z, 0, 30)
        + np.float32(0.3) * np.maximum(-z - 30, 0)
        + np.float32(0.25) * np.maximum(z - 30, 0)
    )
    knots = _VISCERAL_Y + np.convolve(rng.normal(0, 5, len(_VISCERAL_Y) + 2), [0.3, 0.5, 0.3], "valid")
    fine = np.linspace(-220, 320, 541)
    height = np.convolve(np.interp(fine, _VISCERAL_X, knots), np.hanning(21) / np.hanning(21).sum(), "same")
    place = (moved + 220).clip(0, 539).astype(np.int32)
    steep = np.sqrt(1 + 1.4 * np.gradient(height) ** 2).astype(np.float32)
    high: Floats = np.clip((z + 13) / 32, 0, 1).astype(np.float32)
    bare = np.float32(40) * high * high * (3 - 2 * high) * np.clip((-16 - x) / 34, 0, 1)
    visceral = (y - bare - height.astype(np.float32)[place]) / steep[place] + bumps
    across = np.minimum(_beyond_left_plane(x, y, marks), np.float32(marks.ivc_y - 8) - y)
    return _Surfaces(
        wall=cavity.values + np.float32(1.6 + disease.ascites_mm),
        top=(z - dome[None] + np.float32(2.5)) * np.float32(0.72) + np.float32(0.15) * bumps,
        tip=(x - np.float32(person.left_tip) + np.float32(0.77) * np.maximum(-z, 0)) * np.float32(0.79)
        + np.float32(0.8) * bumps,
        rim=(_rim_height(person, x, y) - z) * np.float32(0.85) + bumps,
        visceral=visceral,
        yields=(0.95 - 0.50 * high - 0.45 * np.clip((-z - 15) / 35, 0, 1)).astype(np.float32),
        left=np.broadcast_to(np.clip(0.5 + across / 24, 0, 1), visceral.shape).astype(np.float32),
    )


def _beyond_left_plane(x: Floats, y: Floats, marks: Landmarks) -> Floats:
    """Distance to the left of the upright plane through vena cava and ligamentum teres."""
    (ax, ay), (bx, by) = marks.ivc(20.0), marks.umbilical[:2]
    length = float(np.hypot(bx - ax, by - ay))
    result = ((x - ax) * (ay - by) + (y - ay) * (bx - ax)) / length
    return result.astype(np.float32)


def _rim_height(person: Person, x: Floats, y: Floats) -> Floats:
    """Lower rim: lowest at the right wall, rising to the left and front; a Riedel tongue hangs at the far right."""
    right = np.float32(0.60) * np.clip(x + np.float32(115), np.float32(0), np.float32(70))
    front = np.float32(0.5) * np.clip(-25 - y, 0, 60) * np.clip((-15 - x) / 50, 0, 1)
    tongue = np.float32(person.riedel_mm) * np.clip((-72 - x) / 26, 0, 1)
    result: Floats = (
        np.float32(person.rim_z - _BLEND_LOSS_MM) + right + np.float32(0.22) * np.maximum(x + 30, 0) - tongue + front
    )
    return result


def _wanted_ml(person: Person, disease: Disease, seed: int) -> tuple[float, float]:
    """Volumes of the rest and of the lateral segment; the caudate belongs to the rest."""
    spread = float(np.exp(stream(seed, "lateral-share").normal(0, 0.20)))
    parts = {
        "right": _SHARES["right"] * disease.right_lobe,
        "medial": _SHARES["medial"] * disease.right_lobe,
        "lateral": _SHARES["lateral"] * disease.lateral_segment * spread,
        "caudate": _SHARES["caudate"] * disease.caudate,
    }
    lateral = person.liver_ml * parts["lateral"] / sum(parts.values())
    return person.liver_ml - lateral, lateral


def _assemble(
    lattice: Lattice,
    shape: _Surfaces,
    sizes: NDArray[np.float64],
    person: Person,
    marks: Landmarks,
    others: dict[str, Field],
) -> Field:
    tip, rim, visceral = shape.free(sizes)
    shell = smooth_max(smooth_max(shape.wall, shape.top, 8), tip, 14)
    field = Field(smooth_max(smooth_max(shell, rim, 14), visceral, 9), (0, 0, 0))
    _open_hilum(lattice, field, marks)
    for centre, radii in (
        (marks.caudate_centre, marks.caudate_radii),
        *((marks.papillary,) if marks.papillary else ()),
    ):
        lobe = ellipsoid(lattice, centre, radii, (0.0, -0.05))
        k, j, i = lobe.block
        field.values[k, j, i] = smooth_min(field.values[k, j, i], lobe.values, 5)
    _hold_cava(lattice, field, person, marks)
    for name, gap, blend in (("kidney-right", 3, 6), ("stomach", 1.5, 6), ("heart", 5, 8), ("spleen", 2, 6)):
        carve(lattice, field, others[name], gap, blend)
    return field


def _open_hilum(lattice: Lattice, liver: Field, marks: Landmarks) -> None:
    """The fat of the porta hepatis round the portal trunk, wide below and behind, closing at the fork."""
    fork, start = np.array(marks.fork), np.array(marks.portal_start)
    t = np.linspace(0, 1, 9)[:, None]
    path = start + t * (fork + np.array([3.0, 3.0, 1.0]) - start)
    carve(lattice, liver, tube(lattice, path, np.linspace(17, marks.portal_radius + 1.5, 9), 6), 0.0, 6)


def _hold_cava(lattice: Lattice, liver: Field, person: Person, marks: Landmarks) -> None:
    """A sheath of liver round the vena cava from caudate to dome, and the bridge from the caudate to the right lobe."""
    heights = np.arange(20.0, person.dome_z - 30, 6.0)
    path = np.array([(marks.ivc(float(z))[0] - 5, marks.ivc(float(z))[1] - 4, z) for z in heights])
    x, y, z = marks.caudate_centre
    bridge = np.linspace((x, y, z + 10), (marks.ivc_x - 62, marks.ivc_y - 10, min(42.0, person.dome_z - 26)), 12)
    sheath = tube(lattice, path, np.full(len(path), 10.0 + marks.ivc_radii[1] * 0.35), 6)
    for joint in (sheath, tube(lattice, bridge, np.full(len(bridge), 9.0), 6)):
        k, j, i = joint.block
        liver.values[k, j, i] = smooth_min(liver.values[k, j, i], joint.values, 14)


def gallbladder(lattice: Lattice, liver: Field, person: Person, seed: int, notch_mm: float = 0.0) -> Field | None:
    """The gallbladder on the visceral surface; opens its fossa in the liver, in place.

    The fossa is the way of the gallbladder backwards and down to the free surface, so that liver touches it from
    the front, above and the right only. After cholecystectomy the result is None and a shallow fossa stays.
    ``notch_mm`` widens the fossa (cirrhosis, PHANTOM 5).
    """
    rng = stream(seed, "gallbladder")
    is_absent = rng.random() < 0.08
    shrunk = 0.55 if rng.random() < 0.15 else 1.0
    radius = shrunk * float(np.clip(rng.normal(15, 3), 9, 23))
    length = shrunk * float(np.clip(rng.normal(31, 6), 18, 44))
    x, y = float(rng.normal(-46, 5)), float(rng.normal(-58, 6))
    depth = float(rng.uniform(-14, 0))
    heights = lattice.axis("z").astype(np.float64)
    column = lattice.read(liver, np.stack([np.full(len(heights), x), np.full(len(heights), y), heights], axis=1))
    z = float(heights[np.argmax(column < 0)]) if np.any(column < 0) else person.rim_z + 40
    lean = (-0.25, 0.45)
    centre = (x, y, float(np.clip(z + depth, -60, 10 - 0.75 * length)))
    bag = ellipsoid(lattice, centre, (radius, radius * 1.05, length), lean)
    for step in range(1, 5):
        away = 9.0 * step
        gone = 0.5 if is_absent else 1.0
        wide = radius * (0.98 - 0.08 * step) * gone + 0.5 * notch_mm
        moved = (centre[0] + 0.35 * away, centre[1] + 0.75 * away, centre[2] - 0.55 * away)
        carve(lattice, liver, ellipsoid(lattice, moved, (wide, wide, length * 0.95), lean), 0.0, 5)
    _largest(liver)
    return None if is_absent else bag


def fissures(marks: Landmarks, x: Floats, y: Floats, z: float, waves: Floats | float) -> Floats:
    """Distance [rows, columns] to the fissures at the height ``z`` (PHANTOM 1.3 step 7).

    The fissure of the ligamentum teres is a waved wedge below the umbilical turn that opens to the front and
    below; that of the ligamentum venosum a sheet between caudate and lateral segment.

    Parameters
    ----------
    x, y
        Positions, shaped [1, columns] and [rows, 1].
    waves
        Unit noise of 14 mm cells on the same pixels, or a number.
    """
    result = np.full((y.shape[0], x.shape[1]), 30, dtype=np.float32)
    below = marks.umbilical[2] + 8 - z
    if below > 0:
        forward = np.maximum(marks.umbilical[1] - y, 0)
        half = 0.4 + marks.fissure_width * (0.2 + forward / 40) * min(below / 50, 1.3)
        line = marks.umbilical[0] - 0.10 * forward + 1.6 * np.asarray(waves) * np.clip(forward / 12, 0, 1)
        result = np.maximum(np.abs(x - line) - half, y - marks.umbilical[1] - 2)
    if -8 < z < 54:
        cx, cy, _ = marks.caudate_centre
        rx, ry, _ = marks.caudate_radii
        ax, ay, bx, by = cx - 0.55 * rx, cy - ry - 4, cx + 1.15 * rx + 4, cy - 0.35 * ry - 3
        along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
        t = np.clip(along, 0, 1)
        bow = 3.0 * np.sin(np.pi * t)
        gap = np.hypot(x - ax - t * (bx - ax) - 0.4 * bow, y - ay - t * (by - ay) + bow)
        result = np.minimum(result, gap - marks.venosum * (0.6 + 1.2 * t) + 0.5 * waves)
    return result.astype(np.float32)


def _largest(field: Field) -> Field:
    """Only the largest connected piece stays."""
    from scipy import ndimage

    pieces, count = ndimage.label(field.values < 0)
    if count > 1:
        sizes = np.bincount(pieces.ravel())
        main = 1 + int(np.argmax(sizes[1:]))
        stray = (pieces > 0) & (pieces != main)
        field.values[ndimage.binary_dilation(stray, iterations=2) & (pieces != main)] = 6
    return field
