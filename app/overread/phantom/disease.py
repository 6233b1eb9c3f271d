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
    capsule with cells of ``nodule_mm``; ``texture`` multiplies the fine texture; ``net`` is the depth of
    the dark fibrous net.
    """

    stage: int
    uptake: float
    surface_mm: float
    nodule_mm: float
    texture: float
    net: float
    uneven_uptake: float
    volume_ratio: float
    caudate: float
    spleen: float
    vein_narrowing: float
    ascites_mm: float
    bright_ducts: bool
    bile: str
    cysts: int

    @property
    def name(self) -> str:
        """Name of the stage."""
        return STAGES[self.stage]


def draw_disease(seed: int, shares: tuple[float, float, float, float], uptake_factor: float) -> Disease:
    """Draw the background disease; ``shares`` are the frequencies of no cirrhosis and Child-Pugh A, B, C."""
    rng = stream(seed, "disease")
    stage = pick(rng, shares)
    uptake = clipped_normal(rng, (2.8, 2.1, 1.25, 0.65)[stage], (0.35, 0.40, 0.35, 0.3)[stage], 0.35, 3.7)
    micronodular = rng.random() < 0.6
    has_net = rng.random() < (0.0, 0.3, 0.5, 0.6)[stage]
    net = float(rng.uniform(0.04, 0.12))
    volume = clipped_normal(rng, (1.0, 0.86, 0.74, 0.65)[stage], (0.08, 0.12, 0.12, 0.12)[stage], 0.45, 1.2)
    caudate = float(np.exp(rng.normal(np.log((1.0, 1.22, 1.35, 1.45)[stage]), 0.10)))
    spleen = float(np.exp(rng.normal(np.log((1.0, 1.6, 2.1, 2.4)[stage]), 0.33)))
    has_ascites = rng.random() < (0.01, 0.04, 0.35, 0.7)[stage]
    bile = pick(rng, ((0.45, 0.15, 0.40), (0.35, 0.10, 0.55), (0.20, 0.05, 0.75), (0.05, 0.0, 0.95))[stage])
    bright_ducts = rng.random() < (0.93, 0.85, 0.55, 0.2)[stage]
    return Disease(
        stage=stage,
        uptake=uptake * uptake_factor * float(np.exp(rng.normal(0, 0.14))),
        surface_mm=(0.3, 0.8, 1.2, 1.6)[stage] * float(np.exp(rng.normal(0, 0.2))),
        nodule_mm=6.0 if micronodular else 14.0,
        texture=(1.0, 1.8, 2.4, 3.0)[stage] * float(np.exp(rng.normal(0, 0.15))),
        net=net if has_net else 0.0,
        uneven_uptake=(0.02, 0.06, 0.10, 0.10)[stage],
        volume_ratio=volume,
        caudate=caudate,
        spleen=spleen,
        vein_narrowing=(1.0, 0.85, 0.75, 0.70)[stage],
        ascites_mm=(3.0, 3.0, 8.0, 14.0)[stage] if has_ascites else 0.0,
        bright_ducts=bool(bright_ducts),
        bile=("layered", "bright", "dark")[bile],
        cysts=_draw_cysts(seed),
    )


def _draw_cysts(seed: int) -> int:
    """Number of cysts: 40 % of all patients have some (TRAINING 1)."""
    rng = stream(seed, "cyst-count")
    has_any = rng.random() < 0.40
    return 1 + int(rng.poisson(0.7)) if has_any else 0
