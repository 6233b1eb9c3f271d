"""Where in the liver a lesion wants to lie, and the name of its segment (PHANTOM 2.2, 4.5)."""

from __future__ import annotations

from overread.phantom.lesions.shape import Point
from overread.phantom.lesions.sketch import Sketch
from overread.phantom.liver import Landmarks
from overread.phantom.noise import pick, stream

DEEP, SUBCAPSULAR, EXOPHYTIC, HILAR, FOCAL = "deep", "subcapsular", "exophytic", "hilar", "focal"
SUBCAPSULAR_SHARE, EXOPHYTIC_SHARE, HILAR_SHARE = 0.35, 0.06, 0.40
OFTEN_SUBCAPSULAR = {"metastasis": 0.5, "fnh": 0.5}
EXOPHYTIC_UP_TO_MM = 60.0
"""Larger lesions bulge instead: they would grow through the body wall [A]."""


def site_of(sketch: Sketch, number: int, seed: int) -> str:
    """The kind of place a lesion takes; the same answer whenever it is asked."""
    rng = stream(seed, f"lesion-{number}-site")
    if sketch.variant.startswith("focal"):
        return FOCAL
    near = SUBCAPSULAR if sketch.has("retraction") else HILAR if sketch.has("ducts") else None
    hilar = HILAR_SHARE if sketch.type in ("icc", "other-primary") else 0.0
    shell = OFTEN_SUBCAPSULAR.get(sketch.type, SUBCAPSULAR_SHARE)
    out = EXOPHYTIC_SHARE if sketch.diameter_mm <= EXOPHYTIC_UP_TO_MM else 0.0
    kinds = (HILAR, SUBCAPSULAR, EXOPHYTIC, DEEP)
    drawn = kinds[pick(rng, (hilar, shell * (1 - hilar), out * (1 - hilar), (1 - shell - out) * (1 - hilar)))]
    return drawn if near is None else near


def segment_of(point: Point, marks: Landmarks) -> str:
    """Segment of a point by the planes of PHANTOM 2.2, roughly."""
    x, y, z = point
    cx, cy = marks.ivc(z)
    if abs(x - cx - 17) < 18 and -36 < y < -4 and -4 < z < 56:
        return "S1"
    if x > marks.fissure_x:
        return "S2" if z > 20 else "S3"
    angle = _degrees(-(y - cy), -(x - cx))
    if angle > 62:
        return "S4"
    is_high = z > 6 + 0.05 * (x + 30)
    if angle > 8:
        return "S8" if is_high else "S5"
    return "S7" if is_high else "S6"


def _degrees(rise: float, run: float) -> float:
    from math import atan2, degrees

    return degrees(atan2(rise, run))
