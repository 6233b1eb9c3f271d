"""What every tissue shows in one image: signals of the MR sequences, attenuation of CT.

PHANTOM 3.3 and 3.4. Signals are relative to normal liver of the tables in the same image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from overread.phantom.timing import Phase
from overread.phantom.tissues import Surroundings, Tissue, normal_liver

GRE, TSE, DWI, CT = "gre", "tse", "dwi", "ct"
CT_PHASES = ("pre", "arterial", "portal", "delayed")
FAST_DIFFUSION = 70.0
"""Pseudo-diffusion of flowing blood, 10^-3 mm2/s."""
APPARENT_B = 0.8
"""b-value, 10^3 s/mm2, for which the tables state the apparent diffusion coefficient [A]."""
FAT_LINES = ((-3.4, 0.70), (-2.6, 0.12), (-3.8, 0.10), (0.6, 0.08))
"""Chemical shift of the fat lines in ppm, and their shares."""
MHZ_PER_T = 42.577


@dataclass(frozen=True, slots=True)
class Sequence:
    """How an image was taken. ``kind``: gre, tse, dwi or ct."""

    kind: str
    tr_ms: float = 0.0
    te_ms: float = 0.0
    flip_deg: float = 90.0
    b_value: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """Signals of all tissues in one image: water and fat part; ``weights`` of the maps that modulate painted tissue.

    Maps (see `layers`): ``texture`` always; ``uptake`` uneven hepatocyte function; ``net`` fibrosis; ``moire`` the
    spleen's arterial bands. For CT ``water`` is (HU + 1000) / 1000 and ``fat`` is 0.
    """

    water: Mapping[str, float]
    fat: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)


def look_of(tissues: Mapping[str, Tissue], sequence: Sequence, phase: Phase, shared: Surroundings) -> Look:
    """Signals of ``tissues`` under a sequence at a phase of the contrast passage."""
    if sequence.kind == CT:
        at = CT_PHASES.index(phase.name if phase.name in CT_PHASES else "delayed")
        density = {name: (tissue.hounsfield[at] + 1000) / 1000 for name, tissue in tissues.items()}
        return Look(density, {}, {"texture": 0.12, "moire": 0.05 if phase.name == "arterial" else 0.0})
    whole = replace(normal_liver(shared), fat=0.0)
    reference = water_signal(whole, replace(sequence, b_value=0.0), phase) * whole.density
    fat_tissue = tissues["fat"]
    fat_one = water_signal(fat_tissue, sequence, phase, is_fat=True) / reference
    blood = water_signal(tissues["portal-vein"], sequence, phase) * tissues["portal-vein"].density
    water: dict[str, float] = {}
    fat: dict[str, float] = {}
    is_hbp = phase.name == "hbp" and sequence.kind == GRE
    for name, tissue in tissues.items():
        signal = water_signal(tissue, sequence, phase) * tissue.density
        if is_hbp and tissue.blood_ratio is not None:
            signal = blood * tissue.blood_ratio
        water[name] = signal * (1 - tissue.fat) / reference
        if tissue.fat > 0:
            fat[name] = tissue.density * tissue.fat * fat_one
    return Look(water, fat, _weights(sequence, phase))


def water_signal(tissue: Tissue, sequence: Sequence, phase: Phase, *, is_fat: bool = False) -> float:
    """Signal per proton density of one tissue (PHANTOM 3.3).

    References
    ----------
    Spoiled gradient echo: sin a (1 - E1) / (1 - E1 cos a) exp(-TE / T2*). Spin echoes: (1 - exp(-TR / T1))
    exp(-TE / 1.1 T2), magnetisation transfer 0.9 on solid tissue. Diffusion: IVIM with two compartments.
    """
    rate = 1000 / tissue.t1_ms + _enhanced(tissue, phase)
    t1 = 1000 / rate
    if sequence.kind == GRE:
        flip = np.radians(sequence.flip_deg)
        decay = np.exp(-sequence.tr_ms / t1)
        t2s_rate = 1000 / tissue.t2s_ms + _t2s_change(tissue, phase)
        echo = np.exp(-sequence.te_ms * t2s_rate / 1000)
        return float(np.sin(flip) * (1 - decay) / (1 - decay * np.cos(flip)) * echo)
    recovered = (1 - np.exp(-sequence.tr_ms / t1)) * tissue.flow
    if sequence.kind == TSE:
        t2 = 110.0 if is_fat else 1.1 * tissue.t2_ms
        transfer = 0.9 if tissue.t2_ms < 150 and not is_fat else 1.0
        return float(recovered * transfer * np.exp(-sequence.te_ms / t2))
    diffused = _diffused(tissue, sequence.b_value / 1000)
    return float(recovered * np.exp(-sequence.te_ms / tissue.t2_ms) * diffused)


def _diffused(tissue: Tissue, b: float) -> float:
    """What diffusion leaves at ``b`` (10^3 s/mm2).

    The tables state the apparent coefficient between b 0 and 800, which holds the perfusion; slow diffusion is what
    remains of it.
    """
    share = tissue.perfusion
    if share >= 0.5:
        return float(np.exp(-b * FAST_DIFFUSION))
    slow = max(tissue.adc + np.log(1 - share) / APPARENT_B, 0.1 * tissue.adc)
    return float((1 - share) * np.exp(-b * slow) + share * np.exp(-b * FAST_DIFFUSION))


def opposed_factor(te_ms: float, field_t: float) -> complex:
    """What the fat signal is multiplied with at an echo time, as a complex number (PHANTOM 3.3, water/fat)."""
    turns = [ppm * MHZ_PER_T * field_t * te_ms / 1000 for ppm, _ in FAT_LINES]
    return complex(sum(share * np.exp(2j * np.pi * t) for t, (_, share) in zip(turns, FAT_LINES, strict=True)))


def _enhanced(tissue: Tissue, phase: Phase) -> float:
    change = sum(w * e for w, e in zip(phase.weights, tissue.enhancement, strict=True))
    if phase.name == "hbp":
        change *= phase.late**0.5 if tissue.takes_up else 1 / max(phase.late, 0.5)
    return float(change)


def _t2s_change(tissue: Tissue, phase: Phase) -> float:
    """Contrast also shortens T2*: 1.6 times the change of R1 in blood, 5 times the concentration in bile."""
    return 1.6 * _enhanced(tissue, phase) if tissue.perfusion == 1.0 or tissue.t2_ms > 400 else 0.0


def _weights(sequence: Sequence, phase: Phase) -> dict[str, float]:
    if sequence.kind != GRE:
        return {"texture": 1.0, "net": 0.5}
    uptake = {"hbp": 1.0, "transitional": 0.5}.get(phase.name, 0.0)
    net = {"hbp": -1.0, "transitional": -0.2, "delayed": 0.8, "portal": 0.2}.get(phase.name, 0.0)
    moire = 1.0 if phase.name == "arterial" else 0.0
    return {"texture": 1.0, "uptake": uptake, "net": net, "moire": moire}
