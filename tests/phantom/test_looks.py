"""What tissues show in each sequence: tabulated ratios come out, fat and water interfere, diffusion is as stated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from overread.phantom.looks import CT, DWI, GRE, TSE, Look, Sequence, look_of, opposed_factor
from overread.phantom.timing import ANCHOR_S, PRE, Phase, draw_phases, phase_at
from overread.phantom.tissues import (
    EXTRACELLULAR,
    GADOXETATE,
    ORGANS,
    Surroundings,
    Tissue,
    draw_surroundings,
    make_tissue,
    normal_liver,
)

pytestmark = pytest.mark.light
T1 = Sequence(GRE, 3.8, 1.4, 12)
# PHANTOM 3.2, ratios to normal liver at 3 T, computed outside this project: pre, late arterial, portal, 3 min, (HBP).
GADOXETATE_RATIOS = {
    "spleen": (0.71, 1.95, 1.13, 0.80, 0.44),
    "arteries": (0.67, 3.47, 1.80, 1.27, 0.59),
    "portal-vein": (0.69, 1.92, 1.81, 1.26, 0.59),
    "hepatic-veins": (0.69, 0.84, 1.58, 1.23, 0.59),
    "kidney-cortex": (0.83, 2.74, 1.78, 1.51, 0.94),
    "muscle": (0.93, 0.81, 0.64, 0.60, 0.45),
}
EXTRACELLULAR_RATIOS = {
    "spleen": (2.17, 1.17, 1.04),
    "arteries": (3.64, 1.94, 1.72),
    "portal-vein": (2.31, 1.95, 1.70),
    "kidney-cortex": (2.99, 1.92, 1.95),
}
T2_RATIOS = {"spleen": 2.78, "muscle": 0.67, "kidney-cortex": 3.64}
DWI_800_RATIOS = {"spleen": 2.96, "muscle": 0.60, "kidney-cortex": 1.52}


def tabulated(agent: str, field_t: float = 3.0) -> tuple[dict[str, Tissue], Surroundings]:
    """Tissues without variation."""
    shared = Surroundings(field_t, agent, 1.0, 1.0)
    tissues = {name: make_tissue(rows, shared, None) for name, rows in ORGANS.items()}
    tissues["liver"] = normal_liver(shared)
    return tissues, shared


def ratio(look: Look, tissue: str) -> float:
    return look.water[tissue] / 1.0


@pytest.mark.parametrize("tissue", GADOXETATE_RATIOS)
def test_gadoxetate_ratios_are_those_of_the_table(tissue: str) -> None:
    tissues, shared = tabulated(GADOXETATE)
    phases = (PRE, *(phase_at("hbp" if s == 1200 else "dynamic", s) for s in ANCHOR_S[1:]))
    found = [ratio(look_of(tissues, T1, phase, shared), tissue) for phase in phases]
    assert found == pytest.approx(GADOXETATE_RATIOS[tissue], rel=0.08)


@pytest.mark.parametrize("tissue", EXTRACELLULAR_RATIOS)
def test_extracellular_ratios_are_those_of_the_table(tissue: str) -> None:
    tissues, shared = tabulated(EXTRACELLULAR)
    found = [ratio(look_of(tissues, T1, phase_at("dynamic", s), shared), tissue) for s in ANCHOR_S[1:4]]
    assert found == pytest.approx(EXTRACELLULAR_RATIOS[tissue], rel=0.08)


@pytest.mark.parametrize("tissue", T2_RATIOS)
def test_spin_echo_and_diffusion_ratios_are_those_of_the_table(tissue: str) -> None:
    tissues, shared = tabulated(EXTRACELLULAR)
    t2 = look_of(tissues, Sequence(TSE, 4000, 85), PRE, shared)
    assert t2.water[tissue] / t2.water["liver"] == pytest.approx(T2_RATIOS[tissue], rel=0.08)
    dwi = look_of(tissues, Sequence(DWI, 4000, 60, 90, 800), PRE, shared)
    assert dwi.water[tissue] / dwi.water["liver"] == pytest.approx(DWI_800_RATIOS[tissue], rel=0.08)


def test_apparent_diffusion_between_0_and_800_is_the_tabulated_one() -> None:
    tissues, shared = tabulated(EXTRACELLULAR)
    low, high = (look_of(tissues, Sequence(DWI, 4000, 60, 90, b), PRE, shared) for b in (0, 800))
    for name in ("liver", "spleen", "kidney-cortex", "muscle", "bile"):
        measured = np.log(low.water[name] / high.water[name]) / 0.8
        assert measured == pytest.approx(tissues[name].adc, rel=0.02), name


def test_opposed_phase_cancels_fat_and_in_phase_adds_it() -> None:
    assert opposed_factor(2.3, 3.0).real > 0.6
    assert opposed_factor(1.15, 3.0).real < -0.4
    tissues, shared = tabulated(EXTRACELLULAR)
    fatty = {**tissues, "liver": replace(tissues["liver"], fat=0.2)}
    signals = []
    for te in (2.3, 1.15):
        look = look_of(fatty, Sequence(GRE, 4.2, te, 10), PRE, shared)
        signals.append(abs(look.water["liver"] + opposed_factor(te, 3.0) * look.fat["liver"]))
    assert signals[1] < 0.75 * signals[0]


def test_tumour_tied_to_blood_follows_it_in_the_hepatobiliary_phase_only() -> None:
    tissues, shared = tabulated(GADOXETATE)
    tumour = make_tissue(("hcc", "hcc-hypervascular", "hcc-hypervascular"), shared, None)
    tissues["tumour"] = replace(tumour, blood_ratio=1.1)
    late = look_of(tissues, T1, phase_at("hbp", 1200), shared)
    assert late.water["tumour"] == pytest.approx(1.1 * late.water["portal-vein"], rel=0.02)
    arterial = look_of(tissues, T1, phase_at("arterial", 27), shared)
    assert arterial.water["tumour"] == pytest.approx(1.60, rel=0.08)


def test_attenuation_is_the_tabulated_one_in_every_phase() -> None:
    tissues, shared = tabulated("iodine", 0.0)
    expected = {"pre": 58, "arterial": 72, "portal": 112, "delayed": 92}
    for name, value in expected.items():
        look = look_of(tissues, Sequence(CT), Phase(name, 0, (0, 0, 0, 0, 0)), shared)
        assert 1000 * (look.water["liver"] - 1) == pytest.approx(value)
        assert look.fat == {}


def test_arterial_phases_are_missed_as_often_as_tabulated() -> None:
    seconds = np.array([draw_phases(seed)["arterial"].seconds for seed in range(3000)])
    # Standard error of a share near 0.1 with 3,000 draws: 0.0055.
    assert np.mean(seconds < 22) == pytest.approx(0.10, abs=0.022)
    assert np.mean(seconds > 36) == pytest.approx(0.18, abs=0.028)
    for phase in draw_phases(3).values():
        assert sum(phase.weights) in (pytest.approx(0.0), pytest.approx(1.0))


def test_iodine_is_brighter_at_a_low_voltage_and_nothing_else_is() -> None:
    usual, low = (draw_surroundings(5, 0.0, "iodine", kvp) for kvp in (120, 100))
    rows = ("blood-arterial", "arteries", "arteries")
    usual_hu, low_hu = (make_tissue(rows, s, np.random.default_rng(1)).hounsfield[:2] for s in (usual, low))
    assert usual_hu[0] == low_hu[0]
    rise = [values[1] - values[0] for values in (usual_hu, low_hu)]
    assert rise[1] > rise[0] * 1.1
    assert low.iodine == pytest.approx(1.25 * usual.iodine)
