"""The protocol of one study: what the header will say, and how well the acquisition went."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.noise import pick, stream
from overread.phantom.sites import Scanner, Site


@dataclass(frozen=True, slots=True)
class Vendor:
    """Ranges of one vendor's HBP sequence (PHANTOM 8) and the names it goes by."""

    manufacturers: tuple[str, ...]
    sequence: str
    tr_ms: tuple[float, float]
    te_ms: tuple[float, float]
    flip_deg: tuple[float, float]
    descriptions: tuple[str, ...]
    coil: str
    is_square: bool
    has_slope: bool


VENDORS: dict[str, Vendor] = {
    "philips": Vendor(
        ("Philips Medical Systems", "Philips Healthcare", "Philips"),
        "THRIVE",
        (3.1, 4.0),
        (1.3, 1.6),
        (10, 15),
        ("eTHRIVE_20min", "THRIVE HBP 20MIN", "肝胆期", "HBP 20MIN", "WATER: mDIXON HBP", "DELAY 20"),
        "Torso",
        False,
        True,
    ),
    "siemens": Vendor(
        ("SIEMENS", "Siemens Healthineers"),
        "fl3d1_ns",
        (3.4, 4.3),
        (1.2, 1.4),
        (9, 13),
        ("t1_vibe_hepatobiliaer_20min", "leberspez", "t1_vibe_fs_tra_320_late", "HEPATOBILIARY"),
        "BO1,2;SP2-4",
        False,
        False,
    ),
    "ge": Vendor(
        ("GE MEDICAL SYSTEMS",),
        "EFGRE3D",
        (3.2, 4.5),
        (1.1, 2.2),
        (12, 15),
        ("HBP 20MIN", "Ax LAVA HBP", "LAVA 20 MIN", "간담도기"),
        "GEM Anterior Array",
        True,
        False,
    ),
}


@dataclass(frozen=True, slots=True)
class Protocol:
    """What the scanner was set to; the writer puts it into the header."""

    manufacturer: str
    model: str
    field_t: float
    sequence_name: str
    series_description: str
    protocol_name: str
    receive_coil: str
    tr_ms: float
    te_ms: float
    flip_deg: float
    delay_min: float
    slice_thickness_mm: float
    slice_spacing_mm: float
    pixel_spacing_mm: tuple[float, float]
    rows: int
    columns: int
    acquired_matrix: tuple[int, int]
    phase_direction: str
    bandwidth_hz_per_px: float
    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How well the acquisition went: everything that shapes the image but stands in no header.

    ``snr`` is that of liver with a normal uptake; ``fat_residual`` the share of fat signal left, with patches
    that reach ``fat_patch`` where suppression fails; ``scale`` is the value of normal liver.
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


def draw_protocol(seed: int, site: Site, body_mm: tuple[float, float]) -> Protocol:
    """Draw scanner and protocol; ``body_mm`` is the width and depth that the field of view must hold."""
    rng = stream(seed, "protocol")
    scanner: Scanner = site.scanners[pick(rng, tuple(s.share for s in site.scanners))]
    vendor = VENDORS[scanner.vendor]
    fov = float(np.clip(rng.uniform(1.03, 1.22) * body_mm[0], max(330, body_mm[0] * 1.02), 480))
    columns = int(rng.choice(site.matrices))
    is_square = vendor.is_square or bool(rng.random() < 0.35)
    share = max(rng.uniform(0.72, 0.86), (body_mm[1] * 1.05) / fov)
    pixel = round(fov / columns, 4)
    rows = columns if is_square else min(columns, int(np.ceil(share * columns / 16)) * 16)
    spacing = round(float(rng.uniform(*site.spacing_mm)), 1)
    description = str(rng.choice(vendor.descriptions))
    read, phase = sorted(rng.uniform(*site.acquired, 2), reverse=True)
    return Protocol(
        manufacturer=str(rng.choice(vendor.manufacturers)),
        model=scanner.model,
        field_t=scanner.field_t,
        sequence_name=vendor.sequence,
        series_description=description,
        protocol_name=f"{vendor.sequence} HBP",
        receive_coil=vendor.coil,
        tr_ms=round(float(rng.uniform(*vendor.tr_ms)), 2),
        te_ms=round(float(rng.uniform(*vendor.te_ms)), 2),
        flip_deg=round(float(rng.uniform(*(site.flip_deg or vendor.flip_deg)))),
        delay_min=round(float(np.clip(rng.normal(20, 2), 15, 25)), 1),
        slice_thickness_mm=round(spacing * float(rng.uniform(*site.thickness_ratio)), 1),
        slice_spacing_mm=spacing,
        pixel_spacing_mm=(pixel, pixel),
        rows=rows,
        columns=columns,
        acquired_matrix=(int(phase * rows), int(read * columns)),
        phase_direction="COL" if rng.random() < 0.85 else "ROW",
        bandwidth_hz_per_px=round(float(rng.uniform(300, 700)), 1),
        slope=round(float(rng.uniform(0.3, 4.0)), 5) if vendor.has_slope else 1.0,
        intercept=0.0,
    )


def draw_quality(seed: int, site: Site) -> Quality:
    """Draw how well the acquisition went. Varied widely even within a site (TRAINING, short of it, 5)."""
    rng = stream(seed, "quality")
    state = pick(rng, site.fat)
    residual = (rng.uniform(0.10, 0.32), rng.uniform(0.12, 0.35), rng.uniform(0.6, 1.15))[state]
    motion = rng.random()
    severe, mild = 0.03 * site.motion, 0.20 * site.motion
    ghost = rng.uniform(0.05, 0.09) if motion < severe else rng.uniform(0.012, 0.04) if motion < mild else 0.0
    blur = rng.uniform(*site.psf_px)
    if rng.random() < 0.12 * site.motion:
        blur += rng.uniform(0.3, 0.8)
    return Quality(
        snr=float(np.exp(rng.uniform(np.log(site.snr[0]), np.log(site.snr[1])))),
        psf_px=float(blur),
        shading=float(rng.uniform(0.4, 1.1) * site.shading),
        correction=float(rng.uniform(0.3, 1.0)),
        b1_dip=float(rng.uniform(0.0, 0.28)),
        ghost=float(ghost),
        ghost_shift=float(rng.uniform(0.06, 0.30)),
        fat_residual=float(residual),
        fat_patch=float(rng.uniform(0.5, 1.0)) if state == 1 else 0.0,
        gamma=float(np.exp(rng.uniform(np.log(site.gamma[0]), np.log(site.gamma[1])))),
        scale=float(np.exp(rng.uniform(np.log(220), np.log(1600)))),
        texture=float(rng.uniform(0.7, 1.4)),
    )
