"""Who lies in the scanner: sex, age, build, and the numbers that place the organs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.noise import clipped_normal, stream
from overread.phantom.sites import Site


@dataclass(frozen=True, slots=True)
class Person:
    """Build of one person (PHANTOM 1.1). Lengths in mm, frame: x left, y back, z head.

    ``rim_z`` is the lower rim of the liver without a Riedel tongue, which reaches ``riedel_mm`` farther down.
    ``visceral_fat`` is the share of the cavity that fat fills.
    """

    sex: str
    age_y: int
    height_m: float
    bmi: float
    is_european: bool
    half_width: float
    half_depth: float
    middle_y: float
    waist: float
    fat: float
    muscle: float
    visceral_fat: float
    dome_z: float
    rim_z: float
    riedel_mm: float
    left_tip: float
    liver_ml: float

    @property
    def weight_kg(self) -> float:
        """Body weight."""
        return self.bmi * self.height_m**2

    @property
    def lowest_z(self) -> float:
        """Where the liver ends below, roughly."""
        return self.rim_z - self.riedel_mm

    def width_at(self, z: float) -> float:
        """Half-width of the trunk at the height ``z``."""
        return self.half_width * (1 - 0.06 * max(z, 0) / 90 - self.waist * min(max(-z, 0) / 90, 1.2))


def draw_person(seed: int, site: Site, liver_ratio: float, male: float = 0.78) -> Person:
    """Draw a person.

    Parameters
    ----------
    seed, site
        The study and where it comes from.
    liver_ratio
        Liver volume relative to a healthy liver without fat.
    male
        Share of men (PHANTOM 1.1: .78, .70, .58, .81 for the four systems).
    """
    rng = stream(seed, "person")
    is_male = bool(rng.random() < male)
    is_european = bool(rng.random() < site.european)
    height = clipped_normal(rng, (1.70 if is_male else 1.58) + 0.06 * is_european, 0.07, 1.42, 1.98)
    bmi = float(np.clip(np.exp(rng.normal(np.log(26.5 if is_european else 23.8), 0.15)), 16, 42))
    width = float(np.clip(160 + 2.6 * (bmi - 24) + 6 * is_male + rng.normal(0, 5), 138, 192))
    depth = float(np.clip((0.70 if bmi < 30 else 0.74) * width + rng.normal(0, 5), 95, 142))
    fat = float(np.clip(np.exp(rng.normal(np.log(14 + 0.9 * (bmi - 24)), 0.35)) * (1.0 if is_male else 1.2), 5, 42))
    fat = min(fat, 0.30 * depth)
    back = 84 + min(fat, 30)
    liver_ml = _liver_ml(stream(seed, "liver-volume"), bmi * height**2, height, is_european, liver_ratio)
    large = liver_ml / _USUAL_ML - 1
    tail = stream(seed, "liver-habit")
    has_riedel = not is_male and tail.random() < 0.06
    inside = stream(seed, "visceral-fat").uniform(0.10, 0.32) + 0.006 * (bmi - 24) + 0.04 * is_male
    return Person(
        sex="male" if is_male else "female",
        age_y=round(clipped_normal(rng, 60, 11, 25, 88)),
        height_m=height,
        bmi=bmi,
        is_european=is_european,
        half_width=width,
        half_depth=depth,
        middle_y=back - depth,
        waist=float(rng.uniform(0.02, 0.08)),
        fat=fat,
        muscle=clipped_normal(rng, 11, 1.5, 7, 14),
        visceral_fat=float(np.clip(inside, 0.08, 0.5)),
        dome_z=clipped_normal(rng, 72 + 25 * large, 4.5, 52, 104),
        rim_z=clipped_normal(rng, -106 - 16 * large, 11, -134, -68),
        riedel_mm=float(tail.uniform(40, 58)) if has_riedel else 0.0,
        left_tip=_left_tip(rng, tail),
        liver_ml=liver_ml,
    )


def _left_tip(rng: np.random.Generator, tail: np.random.Generator) -> float:
    """How far the left lobe reaches: .08 to the spleen (beaver tail), .14 hardly past the midline [A]."""
    usual = clipped_normal(rng, 88, 14, 52, 118)
    kind = tail.random()
    if kind < 0.08:
        return usual + 45.0
    return float(tail.uniform(14, 34)) if kind < 0.22 else usual


_USUAL_ML = 1150.0
"""Liver volume at which the dome stands 72 mm above the portal fork and the rim 106 mm below [A]: a liver grows in all
directions, and PHANTOM 1.2 gives 140 mm (midclavicular) for 1500 mL."""

_MEAN_SWELLING = 1.10
"""Mean growth by fat over the prevalences of steatosis, and what the construction adds: cohort means hold both."""


def _liver_ml(rng: np.random.Generator, weight_kg: float, height_m: float, is_european: bool, ratio: float) -> float:
    """Liver volume from body surface (PHANTOM 1.2: S11 Chinese; S15 European, moved to the mean of S12 [A])."""
    surface_m2 = 0.007184 * weight_kg**0.425 * (height_m * 100) ** 0.725
    mean = 1267.3 * surface_m2 - 954 if is_european else 758.3 * surface_m2 - 124.3
    spread = 0.14 if is_european else 0.13
    drawn = mean / _MEAN_SWELLING * ratio * (1 + clipped_normal(rng, 0, spread, -0.4, 0.4))
    return float(np.clip(drawn, 480, 2900 if is_european else 2250))
