"""Paints the trunk of a slice: skin, fat, muscle ring, ribs, spine, great vessels of the back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.canvas import Canvas
from overread.phantom.labels import LABELS
from overread.phantom.lattice import Field, Floats, occupancy
from overread.phantom.liver import Landmarks
from overread.phantom.mr import Signals
from overread.phantom.person import Person


@dataclass(frozen=True, slots=True)
class Trunk:
    """Distances of a slice that others need: to the skin and to the cavity; and the fat map."""

    skin: Floats
    cavity: Floats
    inside: Floats
    fat: Floats


def paint_trunk(
    canvas: Canvas,
    person: Person,
    skin_field: Field,
    cavity_field: Field,
    signals: Signals,
    *,
    fat: Floats,
    fine: Floats,
    medium: Floats,
) -> Trunk:
    """Skin, subcutaneous fat, three muscle sheets with the white line, and the fat of the cavity."""
    found = canvas.sampler.distance(skin_field, canvas.z_mm)
    inner = canvas.sampler.distance(cavity_field, canvas.z_mm)
    if found is None or inner is None:
        raise ValueError("the lattice does not cover the slice")
    window, skin, _ = found
    cavity = inner[1]
    whole = canvas.whole()
    big_skin = np.full(canvas.signal.shape, 60, dtype=np.float32)
    big_cavity = big_skin.copy()
    big_skin[window], big_cavity[window] = skin, cavity
    muscle = np.float32(signals["muscle"]) * (1 + np.float32(0.05) * fine + np.float32(0.03) * medium)
    canvas.paint(whole, occupancy(big_skin, canvas.pixel_mm), fat, LABELS["body"])
    canvas.paint(
        whole, occupancy(np.abs(big_skin + 1.1) - 1.0, canvas.pixel_mm) * np.float32(0.8), 0.55, None
    )
    thick = float(person.muscle)
    ring = occupancy(big_cavity - thick, canvas.pixel_mm)
    x, y = canvas.grid(whole)
    front = y < person.middle_y - 0.55 * person.half_depth
    ring = ring * (1 - front * np.clip(1.5 - np.abs(x - 2) / 5, 0, 1))
    stripes = np.clip(np.float32(0.25) + np.cos(big_cavity * np.float32(6 * np.pi / thick)), 0, 1)
    sheets = 1 - np.float32(0.35) * stripes * ((np.abs(x) > 60) & (big_cavity > 1) & (big_cavity < thick - 1))
    canvas.paint(whole, (ring * sheets).astype(np.float32), muscle, LABELS["muscle"])
    inside = occupancy(big_cavity, canvas.pixel_mm)
    canvas.paint(whole, inside, fat * (1 + 0.06 * fine + 0.06 * medium), LABELS["body"])
    return Trunk(big_skin, big_cavity, inside, fat)


def paint_back(
    canvas: Canvas, person: Person, marks: Landmarks, trunk: Trunk, signals: Signals, *, fine: Floats
) -> None:
    """Back muscles, psoas, crura, vertebra, ribs."""
    z = canvas.z_mm
    muscle = signals["muscle"] * (1 + 0.06 * fine)
    limit = occupancy(trunk.skin + person.fat * 0.85 + 2, canvas.pixel_mm)
    code = LABELS["muscle"]
    for side in (-1, 1):
        canvas.ellipse((side * 29, 64), (24, 19), muscle, code, limit=limit)
        canvas.ellipse((side * 54, 60), (22, 14), muscle, code, angle=side * -0.35, limit=limit)
        size = float(np.clip((15 - z) / 40, 0, 1))
        if size > 0.2:
            canvas.ellipse((side * (30 + 6 * size), 28), (15 * size, 16 * size), muscle, code)
        crus = float(np.clip((70 - z) / 60, 0, 1)) * float(np.clip((z + 100) / 50, 0, 1))
        if crus > 0.2:
            canvas.ellipse(
                (marks.aorta(z)[0] - 2 + side * 17, 2),
                (3.6 * crus + 1.2, 14),
                muscle,
                code,
                angle=side * 0.35,
            )
    _paint_spine(canvas, marks, signals, fine)
    _paint_ribs(canvas, person, trunk, signals)


def _paint_spine(canvas: Canvas, marks: Landmarks, signals: Signals, fine: Floats) -> None:
    code = LABELS["spine"]
    phase = ((canvas.z_mm + marks.vertebra_z) / 32.0) % 1.0
    is_disc = phase > 0.80
    marrow = signals["marrow"] * (1 + 0.10 * fine)
    if phase < 0.55:
        for side in (-1, 1):
            canvas.ellipse((side * 22, 52), (18, 4.5), marrow, code, angle=side * 0.45)
    canvas.ellipse((0, 24), (22, 17), signals["shell"] + 0.4 * signals["muscle"], code, power=2.4)
    canvas.ellipse((0, 24), (20.4, 15.4), signals["disc"] if is_disc else marrow, code, power=2.4)
    if phase < 0.6:
        canvas.ellipse((0, 70), (3.2, 17), marrow, code)
        for side in (-1, 1):
            canvas.ellipse((side * 10, 54), (11, 4.2), marrow, code, angle=side * -0.75)
    canvas.ellipse((0, 48), (11.5, 9.5), trunk_fat(signals), code)
    canvas.ellipse((0, 47.5), (9.5, 7.5), signals["csf"], code)
    if canvas.z_mm > -60:
        canvas.ellipse((0, 48), (5.5, 4.2), signals["cord"], code)


def trunk_fat(signals: Signals) -> float:
    """Epidural fat, always well suppressed next to the spine."""
    return 0.25 * signals["fat"]


def _paint_ribs(canvas: Canvas, person: Person, trunk: Trunk, signals: Signals) -> None:
    z = canvas.z_mm
    farthest = float(np.clip(95 + 0.7 * (z + 70), 60, 150))
    for side in (-1, 1):
        for rib in range(14):
            turn = 21.0 * rib - 0.9 * (z + 40) - 60 + 2 * side
            if not 22 < turn < farthest:
                continue
            at = np.radians(turn)
            heading = (side * float(np.sin(at)), float(np.cos(at)))
            radius = _outward(canvas, trunk, person.middle_y + 10, heading, 0.5 * person.muscle)
            if radius is None:
                continue
            centre = (heading[0] * radius, person.middle_y + 10 + heading[1] * radius)
            lean = float(np.arctan2(heading[0] / person.half_width**2, -heading[1] / person.half_depth**2))
            canvas.ellipse(centre, (8.5, 3.6), signals["shell"] + 0.05, LABELS["body"], angle=lean)
            canvas.ellipse(centre, (7.0, 2.2), signals["marrow"], LABELS["body"], angle=lean)


def _outward(
    canvas: Canvas, trunk: Trunk, middle_y: float, heading: tuple[float, float], level: float
) -> float | None:
    """How far from the middle of the trunk the cavity's distance reaches ``level`` along a ray."""
    along = np.arange(50.0, 200.0, 1.5)
    column = np.rint((heading[0] * along - canvas.x_mm[0]) / canvas.pixel_mm).astype(int)
    row = np.rint((middle_y + heading[1] * along - canvas.y_mm[0]) / canvas.pixel_mm).astype(int)
    ok = (row >= 0) & (row < len(canvas.y_mm)) & (column >= 0) & (column < len(canvas.x_mm))
    beyond = np.flatnonzero(trunk.cavity[row[ok], column[ok]] > level)
    return float(along[ok][beyond[0]]) if beyond.size else None
