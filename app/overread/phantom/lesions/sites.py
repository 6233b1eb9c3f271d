"""Where in the liver a lesion wants to lie, and the number by which its draws are seeded (PHANTOM 4.5)."""

from __future__ import annotations

from collections.abc import Sequence

from overread.phantom.lesions.sketch import Sketch
from overread.phantom.noise import pick, stream

DEEP, SUBCAPSULAR, EXOPHYTIC, HILAR, FOCAL = "deep", "subcapsular", "exophytic", "hilar", "focal"
SUBCAPSULAR_SHARE, EXOPHYTIC_SHARE, HILAR_SHARE = 0.35, 0.06, 0.40
OFTEN_SUBCAPSULAR = {"metastasis": 0.5, "fnh": 0.5}
EXOPHYTIC_UP_TO_MM = 60.0
"""Larger lesions bulge instead: they would grow through the body wall [A]."""


FIRST_FINDING_NUMBER = 500


def numbers_of(sketches: Sequence[Sketch]) -> list[int]:
    """Number of each lesion, by which its draws are seeded.

    Targets and findings beside them are numbered apart, so that a patient has the same cysts with and without a tumour.
    """
    result, targets, findings = [], 0, FIRST_FINDING_NUMBER
    for sketch in sketches:
        result.append(targets if sketch.is_target else findings)
        targets, findings = targets + sketch.is_target, findings + (not sketch.is_target)
    return result


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
