"""Signal of the tissues in the hepatobiliary phase: a spoiled gradient echo, 10-25 min after gadoxetate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from overread.phantom.disease import Disease
from overread.phantom.noise import stream
from overread.phantom.protocols import Protocol

Row = tuple[float, float, float, float, float, float, float]

TISSUES: dict[str, Row] = {
    "liver": (0.80, 586, 809, 27, 19, 2.8, 0.06),
    "cirrhosis": (0.80, 640, 860, 25, 17, 2.1, 0.08),
    "spleen": (0.85, 1060, 1328, 45, 30, 0.40, 0.06),
    "kidney": (0.85, 966, 1142, 60, 50, 2.2, 0.08),
    "medulla": (0.88, 1410, 1545, 60, 45, 2.9, 0.12),
    "pelvis": (1.00, 2500, 2800, 20, 9, 14.0, 0.20),
    "pancreas": (0.80, 654, 717, 35, 28, 0.32, 0.10),
    "muscle": (0.80, 856, 898, 28, 22, 0.20, 0.05),
    "blood": (0.95, 1400, 1580, 120, 35, 0.80, 0.06),
    "fat": (0.90, 343, 382, 40, 28, 0.0, 0.05),
    "marrow": (0.45, 549, 586, 12, 8, 0.1, 0.15),
    "disc": (0.85, 1100, 1250, 60, 40, 0.1, 0.10),
    "shell": (0.15, 900, 1000, 0.5, 0.4, 0.0, 0.0),
    "csf": (1.00, 4000, 4300, 1500, 900, 0.0, 0.03),
    "cord": (0.80, 800, 950, 55, 45, 0.0, 0.05),
    "bile-dark": (1.00, 2500, 2800, 400, 200, 0.1, 0.15),
    "bile-bright": (1.00, 2500, 2800, 60, 30, 6.0, 0.25),
    "bowel-fluid": (1.00, 2000, 2300, 80, 40, 0.0, 0.25),
    "bowel-bright": (1.00, 500, 560, 60, 30, 1.2, 0.30),
    "bowel-wall": (0.82, 900, 1050, 35, 25, 0.45, 0.10),
    "myocardium": (0.82, 1000, 1180, 36, 28, 0.40, 0.06),
    "lung": (0.12, 1200, 1300, 1.5, 0.8, 0.3, 0.20),
    "cyst": (1.00, 2600, 3000, 300, 200, 0.0, 0.08),
    "ascites": (1.00, 3200, 3500, 400, 200, 0.0, 0.10),
}
"""PD, T1 at 1.5 and 3 T (ms), T2* at 1.5 and 3 T (ms), delta R1 at 20 min (1/s, 3 T), relative sd.

PHANTOM 3.1, 3.2; sd between patients. Not in its tables and assumed [A]: delta R1 of medulla, pelvis, muscle,
marrow, bile, wall and content of the bowel.
"""

LIVER_AT_1_5T, OTHERS_AT_1_5T = 1.27, 1.04
"""Factors on delta R1 at 1.5 T (PHANTOM 3.2)."""


@dataclass(frozen=True, slots=True)
class Signals:
    """Signal per tissue, relative to liver of normal uptake under the same protocol (which is 1)."""

    of: dict[str, float]

    def __getitem__(self, tissue: str) -> float:
        return self.of[tissue]


def spoiled_gradient_echo(density: float, t1_ms: float, t2s_ms: float, protocol: Protocol) -> float:
    """Steady-state signal of a spoiled gradient echo (PHANTOM 3.3)."""
    flip = np.radians(protocol.flip_deg)
    decay = np.exp(-protocol.tr_ms / t1_ms)
    echo = np.exp(-protocol.te_ms / t2s_ms)
    return float(density * np.sin(flip) * (1 - decay) / (1 - decay * np.cos(flip)) * echo)


def draw_signals(seed: int, protocol: Protocol, disease: Disease) -> Signals:
    """Signals of one patient's tissues; T1 and delta R1 vary between patients."""
    rng = stream(seed, "tissues")
    is_low = protocol.field_t < 2
    shared_blood = float(np.exp(rng.normal(0, 0.22)))
    late = float(np.clip(protocol.delay_min / 20, 0.75, 1.25))
    result: dict[str, float] = {}
    for name, (density, t1_low, t1_high, t2s_low, t2s_high, uptake, spread) in TISSUES.items():
        t1 = (t1_low if is_low else t1_high) * float(np.exp(rng.normal(0, spread)))
        extra = uptake * float(np.exp(rng.normal(0, 0.12)))
        if name == "blood":
            extra = uptake * shared_blood / late
        if name in ("liver", "cirrhosis"):
            extra = disease.uptake * late**0.5 * (LIVER_AT_1_5T if is_low else 1)
        elif is_low:
            extra *= OTHERS_AT_1_5T
        result[name] = spoiled_gradient_echo(
            density, 1000 / (1000 / t1 + extra), t2s_low if is_low else t2s_high, protocol
        )
    reference = _normal_liver(protocol, is_low)
    of = {name: value / reference for name, value in result.items()}
    of["parenchyma"] = of["cirrhosis" if disease.stage else "liver"]
    of["gas"] = 0.0
    return Signals(of)


def _normal_liver(protocol: Protocol, is_low: bool) -> float:
    density, t1_low, t1_high, t2s_low, t2s_high, uptake, _ = TISSUES["liver"]
    rate = 1000 / (t1_low if is_low else t1_high) + uptake * (LIVER_AT_1_5T if is_low else 1)
    return spoiled_gradient_echo(density, 1000 / rate, t2s_low if is_low else t2s_high, protocol)
