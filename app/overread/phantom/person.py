"""Who lies in the scanner: sex, age, build, and the numbers that place the organs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.noise import clipped_normal, stream
from overread.phantom.sites import Site


@dataclass(frozen=True, slots=True)
class Person:
    """Build of one person (PHANTOM 1.1). Lengths in mm, frame: x left, y back, z head."""

    sex: str
    age_y: int
    height_m: float
    bmi: float
    half_width: float
    half_depth: float
    middle_y: float
    waist: float
    fat: float
    muscle: float
    dome_z: float
    rim_z: float
    left_tip: float
    liver_ml: float

    def width_at(self, z: float) -> float:
        """Half-width of the trunk at the height ``z``."""
        return self.half_width * (1 - 0.06 * max(z, 0) / 90 - self.waist * min(max(-z, 0) / 90, 1.2))


def draw_person(seed: int, site: Site, liver_ratio: float) -> Person:
    """Draw a person; ``liver_ratio`` is the liver volume relative to a healthy one."""
    rng = stream(seed, "person")
    is_male = bool(rng.random() < 0.78)
    is_european = bool(rng.random() < site.european)
    height = clipped_normal(rng, (1.70 if is_male else 1.58) + 0.06 * is_european, 0.07, 1.42, 1.98)
    bmi = float(np.clip(np.exp(rng.normal(np.log(26.5 if is_european else 23.8), 0.15)), 16, 42))
    width = float(np.clip(160 + 2.6 * (bmi - 24) + 6 * is_male + rng.normal(0, 5), 138, 192))
    depth = float(np.clip((0.70 if bmi < 30 else 0.74) * width + rng.normal(0, 5), 95, 142))
    fat = float(
        np.clip(np.exp(rng.normal(np.log(14 + 0.9 * (bmi - 24)), 0.35)) * (1.0 if is_male else 1.2), 5, 42)
    )
    fat = min(fat, 0.30 * depth)
    back = 84 + min(fat, 30)
    area = 0.007184 * (bmi * height**2) ** 0.425 * (height * 100) ** 0.725
    ideal = 1267 * area - 640 if is_european else 758.3 * area - 60
    return Person(
        sex="male" if is_male else "female",
        age_y=round(clipped_normal(rng, 60, 11, 25, 88)),
        height_m=height,
        bmi=bmi,
        half_width=width,
        half_depth=depth,
        middle_y=back - depth,
        waist=float(rng.uniform(0.02, 0.08)),
        fat=fat,
        muscle=clipped_normal(rng, 11, 1.5, 7, 14),
        dome_z=clipped_normal(rng, 88, 7, 72, 102),
        rim_z=clipped_normal(rng, -82, 10, -104, -60),
        left_tip=clipped_normal(rng, 88, 16, 40, 118),
        liver_ml=float(np.clip(ideal * liver_ratio * np.exp(rng.normal(0, 0.15)), 620, 2300)),
    )
