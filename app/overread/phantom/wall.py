"""Paints the trunk of a slice: skin, fat, muscles, ribs, spine (PHANTOM 1.1, 1.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.labels import LABELS
from overread.phantom.lattice import Field, Floats, occupancy
from overread.phantom.layers import Layers
from overread.phantom.liver import Landmarks
from overread.phantom.noise import stream
from overread.phantom.person import Person

RIBS = 14


@dataclass(frozen=True, slots=True)
class Traits:
    """What makes one trunk differ from another of the same size.

    ``rib_turn`` and ``rib_size``: jitter of angle (degrees) and relative size, [side, rib]. ``back``: half-width and
    half-depth of the erector muscles; ``flank``: thickness of the side muscles relative to the front's.
    """

    rib_turn: NDArray[np.float64]
    rib_size: NDArray[np.float64]
    rib_phase: float
    back: tuple[float, float]
    flank: float
    vertebra: tuple[float, float]
    cortex_mm: float


@dataclass(frozen=True, slots=True)
class Trunk:
    """Distances of a slice that others need: to the skin and to the cavity [rows, columns], and what lies inside."""

    skin: Floats
    cavity: Floats
    inside: Floats


def draw_traits(seed: int, person: Person) -> Traits:
    """Draw ribs, back and flanks."""
    rng = stream(seed, "wall")
    strong = float(np.exp(rng.normal(0, 0.10))) * (1.0 if person.sex == "male" else 0.9)
    return Traits(
        rib_turn=rng.normal(0, 3.0, (2, RIBS)),
        rib_size=np.exp(rng.normal(0, 0.18, (2, RIBS))),
        rib_phase=float(rng.uniform(0, 21)),
        back=(31 * strong, 19.5 * strong * float(np.exp(rng.normal(0, 0.08)))),
        flank=float(rng.uniform(0.8, 1.5)),
        vertebra=(float(rng.normal(21.5, 1.3)), float(rng.normal(16.5, 1.0))),
        cortex_mm=float(rng.uniform(0.5, 0.9)),
    )


def paint_trunk(
    canvas: Layers,
    person: Person,
    traits: Traits,
    skin_field: Field,
    cavity_field: Field,
    *,
    fine: Floats,
    medium: Floats,
    wide: Floats,
) -> Trunk:
    """Skin, subcutaneous fat, the muscles of front and flanks, and the fat of the cavity."""
    found = canvas.sampler.distance(skin_field, canvas.z_mm)
    inner = canvas.sampler.distance(cavity_field, canvas.z_mm)
    if found is None or inner is None:
        raise ValueError("the lattice does not cover the slice")
    window, skin, _ = found
    whole = canvas.whole()
    big_skin = np.full(canvas.labels.shape, 60, dtype=np.float32)
    big_cavity = big_skin.copy()
    big_skin[window], big_cavity[window] = skin, inner[1]
    strands = np.float32(-0.09) * np.clip(1 - np.abs(medium) * np.float32(3), 0, 1)
    fatty = {"texture": np.float32(0.015) * fine + np.float32(0.5) * strands}
    canvas.paint(whole, occupancy(big_skin, canvas.pixel_mm), "fat", LABELS["body"], fatty)
    canvas.paint(whole, occupancy(np.abs(big_skin + 0.9) - 0.8, canvas.pixel_mm) * np.float32(0.6), "skin")
    x, y = canvas.grid(whole)
    belt = _belt(person, traits, canvas.z_mm, x, y) * (1 + 0.14 * np.clip(wide, -2, 2))
    ring = occupancy(big_cavity - belt, canvas.pixel_mm) * _layers(person, canvas.z_mm, x, big_cavity, belt, wide)
    muscular = {"texture": np.float32(0.05) * fine + np.float32(0.04) * medium + np.float32(0.6) * strands}
    canvas.paint(whole, ring.astype(np.float32), "muscle", LABELS["muscle"], muscular)
    inside = occupancy(big_cavity, canvas.pixel_mm)
    deep = {"texture": np.float32(0.02) * fine + strands}
    canvas.paint(whole, inside, "fat-visceral", LABELS["body"], deep)
    return Trunk(big_skin, big_cavity, inside)


def _belt(person: Person, traits: Traits, z_mm: float, x: Floats, y: Floats) -> Floats:
    """Thickness of the muscles between skin fat and cavity, mm.

    In front two straight muscles with the white line between, thin where they end; at the flanks three sheets below
    the ribs; thinner over the ribs; thick where the broad muscle of the back begins.
    """
    thick = float(person.muscle)
    front = np.clip((person.middle_y - 0.35 * person.half_depth - y) / (0.25 * person.half_depth), 0, 1)
    reach = 62 + 0.12 * (person.half_width - 160)
    across = np.abs(x - 1.5)
    lens = np.sqrt(np.clip(1 - ((across - 0.5 * reach) / (0.5 * reach)) ** 2, 0.0, 1))
    straight = thick * (0.28 + 0.55 * lens) * (1 - 0.85 * np.clip(1.3 - across / 3.0, 0, 1))
    side = thick * np.where(across > reach, 0.28 + 0.5 * np.clip((across - reach) / 28, 0, 1), 0.28)
    in_front = np.where(across < reach, straight, side)
    below = float(np.clip((10 - z_mm) / 50, 0, 1))
    flank = thick * (0.75 + (traits.flank - 0.75) * below)
    behind = np.clip((y - person.middle_y - 0.15 * person.half_depth) / (0.35 * person.half_depth), 0, 1)
    flank = flank + 0.5 * thick * behind * (1 - 0.6 * below)
    if z_mm > person.dome_z - 55:
        in_front = np.maximum(in_front, 0.5 * thick)
    result: Floats = (in_front * front + flank * (1 - front)).astype(np.float32)
    return result


def _layers(person: Person, z_mm: float, x: Floats, cavity: Floats, belt: Floats, wide: Floats) -> Floats:
    """Thin fat between the sheets of the flank, broken and faint, below the ribs alone."""
    below = float(np.clip((20 - z_mm) / 40, 0, 1))
    depth = cavity / np.maximum(belt, 1)
    sheets = np.maximum(
        np.clip(1 - np.abs(depth - 0.36 - 0.05 * wide) * belt / 1.2, 0, 1),
        np.clip(1 - np.abs(depth - 0.68 + 0.05 * wide) * belt / 1.2, 0, 1),
    )
    seen = np.clip(0.6 + 0.5 * wide, 0, 1) * (np.abs(x) > 0.42 * person.half_width)
    result: Floats = (1 - 0.75 * below * sheets * seen).astype(np.float32)
    return result


def paint_back(
    canvas: Layers, person: Person, traits: Traits, marks: Landmarks, trunk: Trunk, *, fine: Floats, medium: Floats
) -> None:
    """Back muscles, psoas, crura, vertebra, ribs."""
    z = canvas.z_mm
    septa = np.float32(-0.16) * np.clip(1 - np.abs(medium + np.float32(0.4)) * np.float32(3), 0, 1)
    maps = {"texture": np.float32(0.06) * fine + septa}
    limit = occupancy(trunk.skin + person.fat * 0.75 + 1.5, canvas.pixel_mm)
    code = LABELS["muscle"]
    wide, deep = traits.back
    for side in (-1, 1):
        canvas.ellipse(
            (side * (wide + 3), 63), (wide, deep), "muscle", code, angle=side * -0.16, limit=limit, power=2.7, maps=maps
        )
        canvas.ellipse((side * 15, 66), (12, 18), "muscle", code, limit=limit, power=2.4, maps=maps)
        size = float(np.clip((15 - z) / 40, 0, 1))
        if size > 0.2:
            canvas.ellipse((side * (30 + 6 * size), 28), (15 * size, 16 * size), "muscle", code, maps=maps)
            canvas.ellipse((side * 62, 46), (14 * size, 6 * size), "muscle", code, angle=side * 0.5, maps=maps)
        crus = float(np.clip((70 - z) / 60, 0, 1)) * float(np.clip((z + 100) / 50, 0, 1))
        if crus > 0.2:
            middle = (marks.aorta(z)[0] - 2 + side * 17, 2.0)
            canvas.ellipse(middle, (3.6 * crus + 1.2, 14), "muscle", code, angle=side * 0.35, maps=maps)
    _paint_spine(canvas, traits, marks, fine, medium)
    _paint_ribs(canvas, person, traits, trunk)


def _paint_spine(canvas: Layers, traits: Traits, marks: Landmarks, fine: Floats, medium: Floats) -> None:
    code = LABELS["spine"]
    phase = ((canvas.z_mm + marks.vertebra_z) / 32.0) % 1.0
    is_disc = phase > 0.80
    maps = {"texture": np.float32(0.10) * fine + np.float32(0.05) * medium}
    half_x, half_y = traits.vertebra
    rim = traits.cortex_mm
    if phase < 0.55:
        for side in (-1, 1):
            canvas.ellipse((side * 16.5, 41), (5.5, 9), "marrow", code, angle=side * -0.15, maps=maps)
            canvas.ellipse((side * 31, 51), (14, 4.0), "marrow", code, angle=side * 0.35, maps=maps)
    canvas.ellipse((0, 24), (half_x, half_y), "shell", code, power=2.4)
    inside = (half_x - rim, half_y - rim)
    canvas.ellipse((0, 24), inside, "disc" if is_disc else "marrow", code, power=2.4, maps=maps)
    if phase < 0.6:
        canvas.ellipse((0, 71), (2.6, 15), "marrow", code, maps=maps)
    for side in (-1, 1):
        canvas.ellipse((side * 11, 55), (10, 4.6), "marrow", code, angle=side * -0.7, maps=maps)
        if phase < 0.5:
            canvas.ellipse((side * 17, 52), (5.5, 4.5), "marrow", code, maps=maps)
    canvas.ellipse((0, 47), (12.0, 9.0), "fat-visceral", code)
    canvas.ellipse((0, 46.5), (9.5, 7.3), "csf", code, power=2.3)
    if canvas.z_mm > -60:
        canvas.ellipse((0, 47), (5.3, 4.0), "cord", code)


def _paint_ribs(canvas: Layers, person: Person, traits: Traits, trunk: Trunk) -> None:
    """Ribs run obliquely: a slice cuts each as a band along the wall, the longer the flatter it lies there."""
    z = canvas.z_mm
    farthest = float(np.clip(95 + 0.7 * (z + 70), 60, 150))
    for place, side in enumerate((-1, 1)):
        for rib in range(RIBS):
            jitter, size = float(traits.rib_turn[place, rib]), float(traits.rib_size[place, rib])
            turn = 21.0 * rib - 0.9 * (z + 40) - 60 + traits.rib_phase + 2 * side + jitter
            if not 38 < turn < farthest:
                continue
            at = np.radians(turn)
            heading = (side * float(np.sin(at)), float(np.cos(at)))
            radius = _outward(canvas, trunk, person.middle_y + 10, heading, 0.34 * person.muscle)
            if radius is None:
                continue
            centre = (heading[0] * radius, person.middle_y + 10 + heading[1] * radius)
            lean = float(np.arctan2(heading[0] / person.half_width**2, -heading[1] / person.half_depth**2))
            length = (7.5 + 7.0 * float(np.clip((turn - 40) / 60, 0, 1))) * size * (0.8 + 0.5 * traits.flank / 1.5)
            canvas.ellipse(centre, (length, 3.9 * size**0.5), "bone", LABELS["body"], angle=lean)
            canvas.ellipse(centre, (length - 1.0, 3.0 * size**0.5), "marrow", LABELS["body"], angle=lean)


def _outward(canvas: Layers, trunk: Trunk, middle_y: float, heading: tuple[float, float], level: float) -> float | None:
    """How far from the middle of the trunk the cavity's distance reaches ``level`` along a ray."""
    along = np.arange(50.0, 200.0, 1.5)
    column = np.rint((heading[0] * along - canvas.x_mm[0]) / canvas.pixel_mm).astype(int)
    row = np.rint((middle_y + heading[1] * along - canvas.y_mm[0]) / canvas.pixel_mm).astype(int)
    ok = (row >= 0) & (row < len(canvas.y_mm)) & (column >= 0) & (column < len(canvas.x_mm))
    beyond = np.flatnonzero(trunk.cavity[row[ok], column[ok]] > level)
    return float(along[ok][beyond[0]]) if beyond.size else None
