"""How well a CT study turned out: noise, sharpness and artefacts, drawn by site (PHANTOM 3.4, 8, 9)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from overread.phantom.ct_noise import BLEND, BLEND_SD, KERNELS, MU_WATER, kernel_gain, nps_peak_of
from overread.phantom.noise import clipped_normal, pick, stream

STRESSED = ("noise", "streaks", "metal", "arms", "hardening", "step")
"""What a stress study shows at its worst, one at a time (PHANTOM 9)."""


@dataclass(frozen=True, slots=True)
class CtQuality:
    """How well one CT study turned out: drawn once, the same for all its slices."""

    noise_sd: float
    """HU in the liver, for the thickness, kernel and reconstruction of this study."""
    mtf50: float
    """1/mm."""
    nps_peak: float
    """1/mm."""
    thickness_mm: float
    nps_floor: float = 0.03
    iterative: float = 0.0
    """0 filtered back-projection, 1 model-based."""
    mas: float = 150.0
    streaks: int = 0
    """Pairs of lines in a slice."""
    streak_hu: float = 0.0
    cupping_hu: float = 0.0
    """Offset in the middle of the body."""
    band_hu: float = 0.0
    """Depth of the dark band between spine and stomach; 0 for none."""
    clips: int = 0
    drain: bool = False
    arms_down: bool = False
    table: bool = True
    folds: int = 0
    """Layers of gown or blanket around the body."""
    step_z_mm: float | None = None
    """Height at which the patient breathed; that slice has double contours."""
    step_mm: float = 3.0


def draw_ct_quality(
    seed: int, site: str, thickness_mm: float, kernel: str, kvp: float, body: tuple[float, float]
) -> CtQuality:
    """Draw the quality of a study.

    Parameters
    ----------
    site
        ``external-1`` has a wider range of noise and iterative reconstruction, ``stress`` one factor at its worst;
        every other site is like the internal one.
    thickness_mm, kernel, kvp
        The protocol; ``kernel`` is a key of `KERNELS`.
    body
        Half the width and depth of the trunk in mm.
    """
    rng = stream(seed, "ct-quality")
    mtf50 = KERNELS[kernel]
    strength, flat, wide, normal = rng.random(), rng.random(), rng.uniform(8, 15), clipped_normal(rng, 11, 1.6, 8, 15)
    is_iterative = kernel.startswith("I") or (site == "external-1" and strength < 0.8)
    iterative = 0.2 + 0.6 * flat if is_iterative else 0.0
    surplus = MU_WATER * (2 * float(np.sqrt(body[0] * body[1])) - 300)
    # The tube current follows the patient for the most part [A: .75].
    mas = 150 * float(np.exp(0.75 * surplus)) * (120 / kvp) ** 1.5
    drawn = wide if site == "external-1" else normal
    level = float(np.clip(drawn * np.exp(0.125 * surplus), 8, 15)) * (120 / kvp) ** 0.5
    quality = CtQuality(
        noise_sd=level * _scale(thickness_mm, mtf50, iterative),
        mtf50=mtf50,
        nps_peak=nps_peak_of(mtf50, iterative),
        thickness_mm=thickness_mm,
        nps_floor=float(rng.uniform(0.02, 0.05)),
        iterative=iterative,
        mas=mas * (normal / 11) ** -2,
        streaks=int(rng.integers(12, 41)),
        streak_hu=float(rng.uniform(3, 8)),
        cupping_hu=float(rng.uniform(-3, 3)),
        band_hu=float(rng.uniform(5, 12)) * float(rng.random() < 0.25),
        table=bool(rng.random() < 0.97),
        folds=int(rng.integers(1, 4)) * int(rng.random() < 0.5),
    )
    events = stream(seed, "ct-events")
    has_metal, is_drain, has_arms, has_step = events.random(4) < (0.04, 0.3, 0.06, 0.05)
    clips, height, far = int(events.integers(2, 6)), float(events.uniform(-40, 70)), float(events.uniform(2, 4))
    quality = replace(
        quality,
        clips=clips if has_metal and not is_drain else 0,
        drain=bool(has_metal and is_drain),
        arms_down=bool(has_arms),
        step_z_mm=height if has_step else None,
        step_mm=far,
    )
    return _stressed(seed, quality, height) if site == "stress" else quality


def _scale(thickness_mm: float, mtf50: float, iterative: float) -> float:
    """Noise relative to 5 mm, a soft kernel and filtered back-projection."""
    return float(np.sqrt(5 / thickness_mm) * kernel_gain(mtf50) * np.interp(iterative, BLEND, BLEND_SD))


def _stressed(seed: int, quality: CtQuality, height: float) -> CtQuality:
    """One factor at the worst tenth of its range."""
    rng = stream(seed, "ct-stress")
    factor = STRESSED[pick(rng, (1.0,) * len(STRESSED))]
    worst = float(rng.uniform(0.9, 1.0))
    if factor == "noise":
        level = 8 + 7 * worst
        return replace(quality, noise_sd=level * _scale(quality.thickness_mm, quality.mtf50, quality.iterative))
    if factor == "streaks":
        return replace(quality, streaks=round(12 + 28 * worst), streak_hu=2 * (3 + 5 * worst))
    if factor == "metal":
        return replace(quality, clips=5, drain=bool(rng.random() < 0.5))
    if factor == "arms":
        return replace(quality, arms_down=True, streak_hu=1.5 * quality.streak_hu)
    if factor == "hardening":
        return replace(quality, cupping_hu=float(rng.choice((-3, 3))) * worst, band_hu=5 + 7 * worst)
    return replace(quality, step_z_mm=height, step_mm=2 + 2 * worst)
