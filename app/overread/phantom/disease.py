"""Background disease of the liver: it acts on shape, texture and uptake, never on whether there is HCC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.noise import clipped_normal, pick, stream

STAGES = ("none", "child-pugh-a", "child-pugh-b", "child-pugh-c")


@dataclass(frozen=True, slots=True)
class Disease:
    """What the parenchyma suffers from.

    ``uptake`` is the HBP shortening delta R1 in 1/s at 3 T (PHANTOM 5); ``surface_mm`` the relief of the
    capsule (rms) with cells of ``nodule_mm``; ``texture`` multiplies the fine texture; ``net`` is the depth of
    the dark fibrous net. ``fat`` is the fat fraction (0 to 1), ``iron_r2s`` the rate that iron adds to R2* in
    1/s at 3 T. ``volume_ratio`` is the liver volume relative to a healthy liver without fat; ``right_lobe``,
    ``caudate`` and ``lateral_segment`` are the volumes of these parts relative to a healthy liver.
    ``fissure_mm``, ``notch_mm`` and ``portal_mm`` are what disease adds to the fissures, to the notch at the
    gallbladder and to the width of the portal vein.
    """

    stage: int
    uptake: float
    surface_mm: float
    nodule_mm: float
    texture: float
    net: float
    uneven_uptake: float
    volume_ratio: float
    right_lobe: float
    caudate: float
    lateral_segment: float
    fissure_mm: float
    notch_mm: float
    portal_mm: float
    spleen: float
    vein_narrowing: float
    ascites_mm: float
    fat: float
    iron_r2s: float
    has_cholestasis: bool
    has_varices: bool
    bright_ducts: bool
    bile: str

    @property
    def name(self) -> str:
        """Name of the stage."""
        return STAGES[self.stage]


def draw_disease(seed: int, shares: tuple[float, float, float, float], uptake_factor: float) -> Disease:
    """Draw the background disease; ``shares`` are the frequencies of no cirrhosis and Child-Pugh A, B, C."""
    rng = stream(seed, "disease")
    stage = pick(rng, shares)
    has_cholestasis = bool(stream(seed, "cholestasis").random() < 0.03)
    working = max(stage, 2) if has_cholestasis else stage
    uptake = clipped_normal(rng, (2.8, 2.1, 1.25, 0.65)[working], (0.35, 0.40, 0.35, 0.3)[working], 0.35, 3.7)
    micronodular = rng.random() < 0.6
    has_net = rng.random() < (0.0, 0.3, 0.5, 0.6)[stage]
    net = float(rng.uniform(0.04, 0.12))
    ratio = clipped_normal(rng, (1.0, 0.83, 0.72, 0.63)[stage], (0.08, 0.14, 0.13, 0.14)[stage], 0.42, 1.2)
    spleen = float(np.exp(rng.normal(np.log((1.0, 1.6, 2.1, 2.4)[stage]), 0.33)))
    has_ascites = rng.random() < (0.01, 0.04, 0.35, 0.7)[stage]
    bile = pick(rng, ((0.45, 0.15, 0.40), (0.35, 0.10, 0.55), (0.20, 0.05, 0.75), (0.05, 0.0, 0.95))[working])
    bright_ducts = rng.random() < (0.93, 0.85, 0.55, 0.2)[working]
    fat = _draw_fat(seed)
    right, caudate, lateral = _draw_lobes(seed, stage)
    other = stream(seed, "disease-signs")
    has_varices = other.random() < (0, 0.25, 0.5, 0.65)[stage]
    width = float(np.exp(other.normal(0, 0.35)))
    return Disease(
        stage=stage,
        uptake=uptake * uptake_factor * float(np.exp(rng.normal(0, 0.14))),
        surface_mm=(0.3, 0.7, 1.1, 1.5)[stage] * float(np.exp(rng.normal(0, 0.2))),
        nodule_mm=4.0 if micronodular else 12.0,
        texture=(1.0, 1.8, 2.4, 3.0)[stage] * float(np.exp(rng.normal(0, 0.15))),
        net=net if has_net else 0.0,
        uneven_uptake=(0.02, 0.06, 0.10, 0.10)[stage],
        volume_ratio=ratio * (1 + _SWELLING * float(np.sqrt(fat - LEAST_FAT))),
        right_lobe=right,
        caudate=caudate,
        lateral_segment=lateral,
        fissure_mm=(0.0, 3.0, 5.0, 8.0)[stage] * width,
        notch_mm=(0.0, 3.0, 5.0, 8.0)[stage] * width,
        portal_mm=(0.0, 1.0, 1.5, 1.0)[stage],
        spleen=spleen,
        vein_narrowing=(1.0, 0.85, 0.75, 0.75)[stage],
        ascites_mm=(3.0, 3.0, 8.0, 15.0)[stage] if has_ascites else 0.0,
        fat=fat,
        iron_r2s=_draw_iron(seed),
        has_cholestasis=has_cholestasis,
        has_varices=bool(has_varices),
        bright_ducts=bool(bright_ducts),
        bile=("layered", "bright", "dark")[bile],
    )


LEAST_FAT = 0.025
"""Fat fraction of a liver without steatosis (PHANTOM 5)."""

_SWELLING = 0.79
"""Growth of the liver with the root of its fat: steatotic livers hold 1.26 times a healthy one (PHANTOM 1.2, S12)."""


def _draw_fat(seed: int) -> float:
    """Fat fraction: none, mild, moderate, severe steatosis (PHANTOM 5)."""
    rng = stream(seed, "steatosis")
    grade = pick(rng, (0.62, 0.24, 0.10, 0.04))
    low, high = ((LEAST_FAT, 0.05), (0.05, 0.14), (0.13, 0.23), (0.22, 0.34))[grade]
    spread = (0.008, 0.02, 0.025, 0.03)[grade]
    return clipped_normal(rng, (LEAST_FAT, 0.09, 0.18, 0.28)[grade], spread, low, high)


def _draw_iron(seed: int) -> float:
    """Addition to R2* at 3 T, 1/s: T2* falls to about 8 ms (mild) or 3 ms (moderate) (PHANTOM 5)."""
    rng = stream(seed, "iron")
    grade = pick(rng, (0.925, 0.06, 0.015))
    return (0.0, 80.0, 280.0)[grade] * float(np.exp(rng.normal(0, 0.2)))


def _draw_lobes(seed: int, stage: int) -> tuple[float, float, float]:
    """Volumes of right lobe, caudate and lateral segment relative to a healthy liver (PHANTOM 5), with overlap [A]."""
    rng = stream(seed, "lobes")
    means = ((1.0, 1.0, 1.0), (0.92, 1.80, 1.30), (0.87, 2.60, 1.50), (0.82, 3.20, 1.65))[stage]
    spreads = (0.05, 0.25 if stage else 0.15, (0.10, 0.26, 0.32, 0.36)[stage])
    right, caudate, lateral = (
        float(mean * np.exp(rng.normal(-(sd**2) / 2, sd))) for mean, sd in zip(means, spreads, strict=True)
    )
    return right, caudate, lateral
