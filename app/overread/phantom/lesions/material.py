"""Tissues of lesions: drawn from the tables, then moved just so far that the signs of a sketch show.

Every sign is a relation to the patient's own liver (PHANTOM 4.3). A tissue is drawn first; where its signal lies
outside the range that a sign asks for, the one property responsible is solved for: T1 before contrast, T2, diffusion,
the enhancement at one moment, HU in one phase.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from overread.phantom.lesions.sketch import Sketch
from overread.phantom.looks import DWI, GRE, TSE, Sequence, water_signal
from overread.phantom.noise import stream
from overread.phantom.timing import ANCHOR_S, PRE, Phase, phase_at
from overread.phantom.tissues import EXTRACELLULAR, Surroundings, Tissue, make_tissue

Range = tuple[float, float]

T1_WEIGHTED = Sequence(GRE, tr_ms=3.8, te_ms=1.4, flip_deg=12)
T2_WEIGHTED = Sequence(TSE, tr_ms=4000, te_ms=85)
DIFFUSION = Sequence(DWI, tr_ms=4000, te_ms=60, b_value=800)
"""The sequences for which PHANTOM 3.2 tabulates ratios to liver."""

MOMENTS: dict[str, Phase] = {
    "arterial": phase_at("arterial", ANCHOR_S[1]),
    "portal": phase_at("portal", ANCHOR_S[2]),
    "delayed": phase_at("delayed", ANCHOR_S[3]),
    "hbp": phase_at("hbp", ANCHOR_S[4]),
}
_ANCHOR = {"arterial": 1, "portal": 2, "delayed": 3, "hbp": 4}
_CT_COLUMN = {"arterial": 1, "portal": 2, "delayed": 3}
_HU_PER_RATIO = {"arterial": 55.0, "portal": 120.0, "delayed": 115.0}
"""HU from liver per unit of signal ratio: what makes PHANTOM 3.4 and the ratios of 3.2 agree [C]."""
_OWN_SD = 0.12
"""Relative sd of a lesion's enhancement beside what the patient's circulation does [A]."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the tissues of one lesion are made. ``made`` collects them under unique names."""

    sketch: Sketch
    number: int
    centre: tuple[float, float, float]
    radius: float
    liver: Tissue
    shared: Surroundings
    seed: int
    rng: np.random.Generator
    made: dict[str, Tissue] = field(default_factory=dict)

    @property
    def is_extracellular(self) -> bool:
        """Whether the agent stays outside the hepatocytes."""
        return self.shared.agent == EXTRACELLULAR

    def has(self, sign: str) -> bool:
        """Whether the sketch has a sign that images show."""
        return self.sketch.shows(sign)

    def knows(self, *signs: str) -> bool:
        """Whether the sketch says anything about one of these signs (a CT sketch says nothing about T2)."""
        return any(sign in self.sketch.signs for sign in signs)

    def draw(self, low: float, high: float) -> float:
        """A uniform draw."""
        return float(self.rng.uniform(low, high))

    def own(self, name: str) -> np.random.Generator:
        """A random source for one part, which other parts do not shift."""
        return stream(self.seed, f"lesion-{self.number}-{name}")

    def of_rows(self, tissue: str, enhancement: str, hounsfield: str) -> Tissue:
        """A tissue drawn from its rows of the tables, with the patient's circulation."""
        drawn = make_tissue((tissue, enhancement, hounsfield), self.shared, self.rng, _OWN_SD)
        power = 1.0 if enhancement == "haemangioma" else 0.5
        a, b, c, d, e = (v * self.shared.circulation**power for v in drawn.enhancement)
        return replace(drawn, enhancement=(a, b, c, d, e))

    def keep(self, name: str, tissue: Tissue) -> str:
        """File a tissue; returns the name under which painters find it."""
        full = f"lesion{self.number}/{name}"
        self.made[full] = tissue
        return full


def ratio(tissue: Tissue, liver: Tissue, sequence: Sequence, phase: Phase = PRE) -> float:
    """Water signal of a tissue relative to liver in one image."""
    return _signal(tissue, sequence, phase) / _signal(liver, sequence, phase)


def with_t1(bench: Bench, tissue: Tissue, wanted: Range) -> Tissue:
    """T1 such that the signal before contrast, relative to liver, lies in a range."""
    goal = _moved(bench, ratio(tissue, bench.liver, T1_WEIGHTED), wanted)
    if goal is None:
        return tissue
    rate = _rate_for(tissue, goal * _signal(bench.liver, T1_WEIGHTED, PRE))
    return replace(tissue, t1_ms=float(np.clip(1000 / rate, 180, 4200)))


def with_t2(bench: Bench, tissue: Tissue, wanted: Range) -> Tissue:
    """T2 such that the signal of the T2-weighted image, relative to liver, lies in a range."""
    goal = _moved(bench, ratio(tissue, bench.liver, T2_WEIGHTED), wanted)
    if goal is None:
        return tissue
    full = tissue.density * (1 - tissue.fat) * (1 - np.exp(-T2_WEIGHTED.tr_ms / tissue.t1_ms))
    for transfer in (0.9, 1.0):
        rest = goal * _signal(bench.liver, T2_WEIGHTED, PRE) / (full * transfer)
        t2 = float(np.clip(-T2_WEIGHTED.te_ms / 1.1 / np.log(min(rest, 0.96)), 10, 900))
        if t2 < 150:
            break
    return replace(tissue, t2_ms=t2, t2s_ms=tissue.t2s_ms * float(np.clip(t2 / tissue.t2_ms, 0.5, 1.5)))


def with_diffusion(bench: Bench, tissue: Tissue, wanted: Range) -> Tissue:
    """Apparent diffusion such that the signal at b = 800, relative to liver, lies in a range."""
    goal = _moved(bench, ratio(tissue, bench.liver, DIFFUSION), wanted)
    if goal is None:
        return tissue
    still = _signal(tissue, replace(DIFFUSION, b_value=0.0), PRE)
    adc = -1000 / DIFFUSION.b_value * np.log(goal * _signal(bench.liver, DIFFUSION, PRE) / still)
    return replace(tissue, adc=float(np.clip(adc, 0.45, 3.0)))


def at_phase(bench: Bench, tissue: Tissue, name: str, wanted: Range) -> Tissue:
    """Enhancement and HU such that the tissue, relative to liver, lies in a range in one phase.

    A new arterial enhancement moves the early arterial one along.
    """
    values, phase = list(tissue.enhancement), MOMENTS[name]
    goal = _moved(bench, ratio(tissue, bench.liver, T1_WEIGHTED, phase), wanted)
    if goal is not None:
        at = _ANCHOR[name]
        rate = _rate_for(tissue, goal * _signal(bench.liver, T1_WEIGHTED, phase))
        change = max(rate - 1000 / tissue.t1_ms, 0.0)
        if at == 1:
            values[0] *= change / max(values[1], 0.05)
        values[at] = change
    a, b, c, d, e = values
    tissue = replace(tissue, enhancement=(a, b, c, d, e), blood_ratio=None if name == "hbp" else tissue.blood_ratio)
    return tissue if name == "hbp" else _with_hounsfield(bench, tissue, name, wanted)


def before_contrast(bench: Bench, tissue: Tissue, low: float, high: float) -> Tissue:
    """HU before contrast within ``low`` to ``high`` of the liver; all phases shift along."""
    gap = tissue.hounsfield[0] - bench.liver.hounsfield[0]
    goal = _moved(bench, gap, (low, high))
    shift = 0.0 if goal is None else goal - gap
    a, b, c, d = (v + shift for v in tissue.hounsfield)
    return replace(tissue, hounsfield=(a, b, c, d))


def as_signed(bench: Bench, tissue: Tissue) -> Tissue:
    """The signs of the images without contrast: T2, T1 (which T2* touches) and diffusion of a solid lesion."""
    if bench.knows("t2-moderate", "t2-marked"):
        wanted = (2.9, 5.5) if bench.has("t2-marked") else (1.25, 2.5) if bench.has("t2-moderate") else (0.88, 1.15)
        tissue = with_t2(bench, tissue, wanted)
    if bench.knows("t1-dark", "t1-bright"):
        wanted = (1.10, 1.5) if bench.has("t1-bright") else (0.55, 0.92) if bench.has("t1-dark") else (0.96, 1.05)
        tissue = with_t1(bench, tissue, wanted)
    if bench.knows("dwi-bright"):
        tissue = with_diffusion(bench, tissue, (1.35, 3.3) if bench.has("dwi-bright") else (0.75, 1.12))
    return tissue


def dark_late(bench: Bench, tissue: Tissue, factor: float = 1.0) -> Tissue:
    """A tumour without hepatocytes: its HBP signal follows the portal vein (PHANTOM 3.2), times ``factor``."""
    return replace(tissue, blood_ratio=factor * float(np.exp(bench.rng.normal(0, 0.15))), takes_up=False)


def bright_late(bench: Bench, tissue: Tissue, wanted: Range) -> Tissue:
    """A tumour that takes up the hepatobiliary agent like, or more than, the patient's own liver."""
    if bench.is_extracellular:
        return tissue
    return replace(at_phase(bench, tissue, "hbp", wanted), takes_up=True)


def liver_like(bench: Bench, *, t1: float = 1.0, t2: float = 1.0, uptake: float = 1.0) -> Tissue:
    """The patient's liver with T1, T2 and uptake multiplied."""
    a, b, c, d, e = bench.liver.enhancement
    return replace(
        bench.liver,
        t1_ms=bench.liver.t1_ms * t1,
        t2_ms=bench.liver.t2_ms * t2,
        enhancement=(a, b, c, d, e * uptake),
    )


def varied(bench: Bench, tissue: Tissue, sd: float) -> Tissue:
    """The tissue with T1, T2 and enhancement drawn anew around it (mosaic, PHANTOM 4.2)."""
    t1, t2, rise = np.exp(bench.rng.normal(0, sd, 3)).tolist()
    a, b, c, d, e = (v * rise for v in tissue.enhancement)
    step = float(bench.rng.normal(0, sd))
    h0, h1, h2, h3 = (h + step * w for h, w in zip(tissue.hounsfield, (15, 90, 70, 60), strict=True))
    late = None if tissue.blood_ratio is None else tissue.blood_ratio * float(np.exp(bench.rng.normal(0, sd)))
    return replace(
        tissue,
        t1_ms=tissue.t1_ms * t1,
        t2_ms=tissue.t2_ms * t2,
        adc=tissue.adc * float(np.exp(bench.rng.normal(0, 0.6 * sd))),
        fat=tissue.fat * float(np.exp(bench.rng.normal(0, 4 * sd))) if tissue.fat < 0.1 else tissue.fat,
        enhancement=(a, b, c, d, e),
        hounsfield=(h0, h1, h2, h3),
        blood_ratio=late,
    )


def _with_hounsfield(bench: Bench, tissue: Tissue, name: str, wanted: Range) -> Tissue:
    at, scale = _CT_COLUMN[name], _HU_PER_RATIO[name]
    base = bench.liver.hounsfield[at]
    goal = _moved(bench, (tissue.hounsfield[at] - base) / scale + 1, wanted)
    if goal is None:
        return tissue
    values = list(tissue.hounsfield)
    values[at] = base + scale * (goal - 1)
    a, b, c, d = values
    return replace(tissue, hounsfield=(a, b, c, d))


def _moved(bench: Bench, value: float, wanted: Range) -> float | None:
    """None where the value may stay; otherwise a draw from the third of the range that lies nearest to it."""
    low, high = wanted
    if low <= value <= high:
        return None
    third = (high - low) / 3
    return bench.draw(low, low + third) if value < low else bench.draw(high - third, high)


def _signal(tissue: Tissue, sequence: Sequence, phase: Phase) -> float:
    return water_signal(tissue, sequence, phase) * tissue.density * (1 - tissue.fat)


def _rate_for(tissue: Tissue, signal: float) -> float:
    """R1 in 1/s at which the T1-weighted image gives a signal (the spoiled gradient echo solved for R1)."""
    flip = np.radians(T1_WEIGHTED.flip_deg)
    echo = np.exp(-T1_WEIGHTED.te_ms / tissue.t2s_ms)
    bare = min(signal / (tissue.density * (1 - tissue.fat) * echo), 0.97 * float(np.sin(flip)))
    left = (np.sin(flip) - bare) / (np.sin(flip) - bare * np.cos(flip))
    return float(-1000 * np.log(left) / T1_WEIGHTED.tr_ms)
