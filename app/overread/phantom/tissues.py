"""What one patient's tissues are made of: relaxation, diffusion, fat, contrast uptake, attenuation.

PHANTOM 3.1, 3.2 and 3.4; the tables lie in ``resources/phantom``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from overread.phantom.disease import Disease
from overread.phantom.noise import stream
from overread.phantom.tables import numbers, table

GADOXETATE, EXTRACELLULAR = "gadoxetate", "extracellular"
LIVER_AT_1_5T, OTHERS_AT_1_5T = 1.27, 1.04
"""Factors on the R1 change by gadoxetate at 1.5 T (PHANTOM 3.2)."""
IODINE_AT_100_KV = 1.25
"""Factor on the enhancement of CT at 100 kV (PHANTOM 3.4)."""
ANCHORS = ("ea", "la", "pv", "eq", "hbp")
"""Moments for which enhancement is tabulated: early and late arterial, portal venous, transitional or equilibrium,
20 minutes."""

Five = tuple[float, float, float, float, float]
Four = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Tissue:
    """A tissue at the field strength of the study.

    ``density`` relative to water; ``adc`` and perfusion as in IVIM (10^-3 mm2/s, share); ``fat`` is the share of fat
    protons; ``flow`` what flow leaves of the signal in spin echoes; ``enhancement`` the change of R1 in 1/s at the
    ``ANCHORS``; ``hounsfield`` HU before contrast, arterial, portal, delayed. ``blood_ratio``: the HBP signal is that
    of portal blood times this (PHANTOM 3.2). ``takes_up``: hepatocytes, whose HBP uptake grows with the delay.
    """

    density: float
    t1_ms: float
    t2_ms: float
    t2s_ms: float
    adc: float
    fat: float = 0.0
    perfusion: float = 0.06
    flow: float = 1.0
    enhancement: Five = (0.0, 0.0, 0.0, 0.0, 0.0)
    hounsfield: Four = (0.0, 0.0, 0.0, 0.0)
    blood_ratio: float | None = None
    takes_up: bool = False


ORGANS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "spleen": ("spleen", "spleen", "spleen"),
        "kidney-cortex": ("kidney-cortex", "kidney-cortex", "kidney-cortex"),
        "kidney-medulla": ("kidney-medulla", "kidney-medulla", "kidney-medulla"),
        "kidney-pelvis": ("kidney-pelvis", "kidney-pelvis", "kidney-pelvis"),
        "pancreas": ("pancreas", "pancreas", "pancreas"),
        "muscle": ("muscle", "muscle", "muscle"),
        "arteries": ("blood-arterial", "arteries", "arteries"),
        "portal-vein": ("blood-venous", "portal-vein", "portal-vein"),
        "hepatic-veins": ("blood-venous", "hepatic-veins", "hepatic-veins"),
        "ivc-low": ("blood-venous", "ivc-low", "ivc-low"),
        "ivc-high": ("blood-venous", "ivc-high", "ivc-high"),
        "fat": ("fat", "fat", "fat"),
        "fat-visceral": ("fat-visceral", "fat", "fat"),
        "marrow": ("marrow", "marrow", "marrow"),
        "bone": ("bone", "none", "bone"),
        "shell": ("bone", "none", "bone"),
        "skin": ("muscle", "muscle", "muscle"),
        "disc": ("disc", "none", "disc"),
        "csf": ("csf", "none", "csf"),
        "cord": ("cord", "cord", "cord"),
        "bile": ("bile", "none", "bile"),
        "bile-bright": ("bile", "bile-bright", "bile"),
        "bile-duct": ("bile", "bile-duct", "bile"),
        "bowel-fluid": ("bowel-fluid", "none", "bowel-fluid"),
        "bowel-content": ("bowel-content", "bowel-content", "bowel-content"),
        "bowel-wall": ("bowel-wall", "bowel-wall", "bowel-wall"),
        "myocardium": ("myocardium", "myocardium", "myocardium"),
        "lung": ("lung", "lung", "lung"),
        "gas": ("gas", "none", "gas"),
        "ascites": ("ascites", "none", "ascites"),
    }
)
"""Name of a tissue -> its rows in ``tissues``, ``enhancement`` and ``hounsfield``."""

_FLOW = {"arteries": 0.07, "portal-vein": 0.30, "hepatic-veins": 0.25, "ivc-low": 0.2, "ivc-high": 0.2}
_PERFUSION = {"spleen": 0.10, "kidney-cortex": 0.20, "kidney-medulla": 0.15, "pancreas": 0.15, "myocardium": 0.15}
_FLUIDS = ("bile", "bile-bright", "bile-duct", "csf", "ascites", "bowel-fluid", "kidney-pelvis")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What tissues of a study have in common: field strength, contrast agent, and the patient's shared factors."""

    field_t: float
    agent: str
    circulation: float
    iodine: float


def draw_surroundings(seed: int, field_t: float, agent: str, kvp: int = 120) -> Surroundings:
    """Draw how strongly this patient's blood enhances (cardiac output, weight); iodine more at a low voltage."""
    rng = stream(seed, "circulation")
    circulation, iodine = (float(np.exp(rng.normal(0, spread))) for spread in (0.18, 0.16))
    return Surroundings(field_t, agent, circulation, iodine * (IODINE_AT_100_KV if 0 < kvp <= 100 else 1.0))


def make_tissue(
    rows: tuple[str, str, str], shared: Surroundings, rng: np.random.Generator | None, own: float = 0.10
) -> Tissue:
    """A tissue from its rows of the three tables.

    Parameters
    ----------
    rows
        Keys in ``tissues``, ``enhancement`` and ``hounsfield``; a row that is missing there gives zeros.
    shared
        Field strength, agent and the patient's shared factors.
    rng
        Source of the variation between patients (``spread`` of the tables); None gives the tabulated values.
    own
        Relative sd of the enhancement beside the shared factor.
    """
    at = numbers("tissues", rows[0])
    field = "15" if shared.field_t < 2.3 else "30"
    spread = at["spread"]
    t1, t2, uptake = (1.0, 1.0, 1.0) if rng is None else np.exp(rng.normal(0, (spread, 0.7 * spread, own))).tolist()
    return Tissue(
        density=at["density"],
        t1_ms=at[f"t1_ms_{field}"] * t1,
        t2_ms=at[f"t2_ms_{field}"] * t2,
        t2s_ms=at[f"t2s_ms_{field}"] * t2,
        adc=at["adc"] * (1.0 if rng is None else float(np.exp(rng.normal(0, 0.08)))),
        fat=at["fat_percent"] / 100,
        enhancement=enhancement_of(rows[1], shared, uptake),
        hounsfield=hounsfield_of(rows[2], shared, rng),
    )


def enhancement_of(row: str, shared: Surroundings, factor: float = 1.0) -> Five:
    """Change of R1 (1/s) at the ``ANCHORS`` for a row of the table, at the field and with the agent of the study."""
    if row == "none":
        return (0.0, 0.0, 0.0, 0.0, 0.0)
    at = numbers("enhancement", row)
    if shared.agent == GADOXETATE:
        low = OTHERS_AT_1_5T if shared.field_t < 2.3 else 1.0
        values = [low * at[f"gx_{name}"] for name in ("ea", "la", "pv", "tp", "hbp")]
    else:
        values = [at[f"ec_{name}"] for name in ("ea", "la", "pv", "eq")]
        values.append(0.4 * values[-1])
    a, b, c, d, e = (float(v * factor) for v in values)
    return a, b, c, d, e


def hounsfield_of(row: str, shared: Surroundings, rng: np.random.Generator | None) -> Four:
    """HU before contrast, arterial, portal and delayed. One draw moves all phases of a tissue together."""
    if row not in table("hounsfield"):
        return (0.0, 0.0, 0.0, 0.0)
    at = numbers("hounsfield", row)
    base, late = (0.0, 0.0) if rng is None else rng.normal(0, 1, 2).tolist()
    before = at["pre"] + base * at["sd_pre"]
    values = [before]
    for name in ("arterial", "portal", "delayed"):
        rise = (at[name] - at["pre"]) * (1.0 if rng is None else shared.iodine)
        own = max(at[f"sd_{name}"] ** 2 - (0.16 * (at[name] - at["pre"])) ** 2 - at["sd_pre"] ** 2, 0) ** 0.5
        values.append(before + rise + late * own)
    a, b, c, d = values
    return a, b, c, d


def draw_tissues(seed: int, disease: Disease, shared: Surroundings) -> dict[str, Tissue]:
    """Tissues of all organs of one patient; lesions bring their own."""
    blood = ("arteries", "portal-vein", "hepatic-veins", "ivc-low", "ivc-high")
    result = {}
    for name, rows in ORGANS.items():
        tissue = make_tissue(rows, shared, stream(seed, f"tissue-{name}"))
        factor = shared.circulation if name in blood else shared.circulation**0.5
        a, b, c, d, e = (v * factor for v in tissue.enhancement)
        perfusion = 1.0 if name in blood else 0.0 if name in _FLUIDS else _PERFUSION.get(name, 0.06)
        flow = _FLOW.get(name, 1.0)
        result[name] = replace(tissue, enhancement=(a, b, c, d, e), perfusion=perfusion, flow=flow)
    result["liver"] = _liver(seed, disease, shared)
    fatty = float(stream(seed, "marrow-fat").uniform(0.25, 0.55))
    result["marrow"] = replace(result["marrow"], fat=fatty)
    return result


def normal_liver(shared: Surroundings) -> Tissue:
    """Liver by the tables, without variation: the reference of all signals (1)."""
    tissue = make_tissue(("liver", "liver", "liver"), shared, None)
    low = LIVER_AT_1_5T / OTHERS_AT_1_5T if shared.agent == GADOXETATE and shared.field_t < 2.3 else 1.0
    a, b, c, d, e = (v * low for v in tissue.enhancement)
    return replace(tissue, enhancement=(a, b, c, d, e), perfusion=0.22, takes_up=True)


def _liver(seed: int, disease: Disease, shared: Surroundings) -> Tissue:
    """Parenchyma: the stage's rows, the drawn uptake, steatosis and iron (PHANTOM 5)."""
    rng = stream(seed, "tissue-liver")
    row = "liver" if disease.stage == 0 else "liver-cirrhosis"
    tissue = make_tissue((row, ("liver", "liver-a", "liver-b", "liver-c")[disease.stage], row), shared, rng, 0.10)
    low = LIVER_AT_1_5T / OTHERS_AT_1_5T if shared.agent == GADOXETATE and shared.field_t < 2.3 else 1.0
    a, b, c, d, e = (v * low for v in tissue.enhancement)
    if shared.agent == GADOXETATE:
        e = disease.uptake * (LIVER_AT_1_5T if shared.field_t < 2.3 else 1.0)
    t2s = tissue.t2s_ms
    if disease.iron_r2s > 0:
        t2s = 1000 / (1000 / t2s + disease.iron_r2s * shared.field_t / 3.0)
    drop = 110 * disease.fat
    h0, h1, h2, h3 = (h - drop for h in tissue.hounsfield)
    return replace(
        tissue,
        enhancement=(a, b, c, d, e),
        fat=max(tissue.fat, disease.fat),
        t2_ms=tissue.t2_ms * (1.0 if disease.iron_r2s == 0 else 0.75),
        t2s_ms=t2s,
        hounsfield=(h0, h1, h2, h3),
        perfusion=float(rng.uniform(0.20, 0.25)),
        takes_up=True,
    )
