"""How well the acquisition of a study went: everything that shapes its images but stands in no header."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from overread.phantom.looks import DWI, GRE
from overread.phantom.noise import pick, stream
from overread.phantom.protocols import Protocol
from overread.phantom.sites import Site

AIR_MASKED = 0.4
"""Share of studies whose scanner blanks the air [A]."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Draws behind one MR volume.

    ``snr`` is that of liver with normal uptake (of the b = 0 image for diffusion); ``fat_residual`` the share of fat
    signal left, with patches that reach ``fat_patch`` where suppression fails; ``scale`` is the value of normal liver;
    ``is_air_masked``: the scanner blanks the air round the body; ``dwi_loss`` and ``distortion_mm`` act on diffusion
    images alone.
    """

    snr: float
    psf_px: float
    shading: float
    correction: float
    b1_dip: float
    ghost: float
    ghost_shift: float
    fat_residual: float
    fat_patch: float
    gamma: float
    scale: float
    texture: float
    is_air_masked: bool = False
    distortion_mm: float = 0.0
    dwi_loss: float = 0.0


def draw_quality(seed: int, site: Site) -> Quality:
    """Draw how well a study went. Varied widely even within a site (TRAINING, short of it, 5)."""
    rng = stream(seed, "quality")
    state = pick(rng, site.fat)
    residual = (rng.uniform(0.10, 0.32), rng.uniform(0.12, 0.35), rng.uniform(0.6, 1.15))[state]
    blur = rng.uniform(*site.psf_px)
    if rng.random() < 0.12 * site.motion:
        blur += rng.uniform(0.3, 0.8)
    return Quality(
        snr=float(np.exp(rng.uniform(np.log(site.snr[0]), np.log(site.snr[1])))),
        psf_px=float(blur),
        shading=float(rng.uniform(0.4, 1.1) * site.shading),
        correction=float(rng.uniform(0.3, 1.0)),
        b1_dip=float(rng.uniform(0.0, 0.28)),
        ghost=0.0,
        ghost_shift=float(rng.uniform(0.06, 0.30)),
        fat_residual=float(residual),
        fat_patch=float(rng.uniform(0.5, 1.0)) if state == 1 else 0.0,
        gamma=float(np.exp(rng.uniform(np.log(site.gamma[0]), np.log(site.gamma[1])))),
        scale=float(np.exp(rng.uniform(np.log(220), np.log(1600)))),
        texture=float(rng.uniform(0.7, 1.4)),
        is_air_masked=bool(rng.random() < AIR_MASKED),
    )


def quality_of(study: Quality, seed: int, site: Site, protocol: Protocol) -> Quality:
    """How one volume of a study came out: its own motion, the noise of its sequence."""
    family = protocol.role.split(":")[0]
    family = "dwi" if family == "adc" else family
    rng = stream(seed, f"quality-{family}")
    is_gadoxetate_arterial = protocol.role == "t1-arterial" and protocol.agent == "gadoxetate"
    factor = site.motion * (3.0 if is_gadoxetate_arterial else 1.0)
    motion = rng.random()
    ghost = 0.0
    if motion < 0.03 * factor:
        ghost = float(rng.uniform(0.05, 0.09))
    elif motion < 0.20 * factor:
        ghost = float(rng.uniform(0.012, 0.04))
    result = replace(study, ghost=ghost, ghost_shift=float(rng.uniform(0.06, 0.30)))
    if protocol.sequence.kind == DWI:
        snr = float(rng.uniform(24, 42))
        return replace(
            result,
            snr=snr * min(study.snr / 24, 1.0),
            ghost=0.0,
            psf_px=float(rng.uniform(0.3, 0.6)),
            correction=1.0,
            gamma=1.0,
            fat_residual=0.04,
            fat_patch=0.35 * study.fat_patch,
            distortion_mm=float(rng.uniform(2.0, 7.0)) * site.distortion,
            dwi_loss=float(rng.uniform(0.25, 1.2)),
        )
    if protocol.sequence.kind != GRE:
        return replace(
            result,
            snr=float(rng.uniform(20, 40)) * min(study.snr / 20, 1.0),
            gamma=1.0,
            fat_residual=0.35 * study.fat_residual,
            fat_patch=0.5 * study.fat_patch,
        )
    return result if protocol.role == "t1-hbp" else replace(result, snr=study.snr * 0.9)
