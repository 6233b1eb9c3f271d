"""Microvascular invasion: facts, signs, exact odds and ceilings."""

from __future__ import annotations

from functools import cache
from math import exp, log, sqrt
from statistics import NormalDist, fmean

import numpy as np
import pytest

from overread.phantom import mvi
from overread.phantom.ceiling import MISREAD, ceilings
from overread.phantom.lesions.describe import describe
from overread.phantom.lesions.sketch import Description

pytestmark = pytest.mark.light

PRINTED = {
    "diameter": 0.786,
    "afp": 0.645,
    "age": 0.549,
    "viral + function": 0.567,
    "clinical without diameter": 0.671,
    "clinical": 0.820,
    "signs": 0.738,
    "image": 0.846,
    "signs + clinical without diameter": 0.785,
    "everything": 0.868,
}
"""Ceilings of PHANTOM 6.3 for its own factors."""


@cache
def _cases(count: int = 3000) -> tuple[Description, ...]:
    return tuple(describe("ct-mvi", seed) for seed in range(count))


@cache
def _other(scenario: str = "mid", is_visible: bool = False, misread: float = 0.0) -> dict[str, float]:
    factors = mvi.factors_of("other")
    return ceilings(factors, scenario, is_visible=is_visible, misread=misread, count=200_000)


def test_ceilings_of_the_other_factors_are_the_printed_ones() -> None:
    found = _other()
    assert {
        name: round(found[name] - value, 4) for name, value in PRINTED.items() if abs(found[name] - value) > 0.005
    } == {}


@pytest.mark.parametrize(
    ("scenario", "signs", "image", "everything"),
    [("weak", 0.649, 0.811, 0.840), ("mid", 0.738, 0.846, 0.868), ("strong", 0.834, 0.896, 0.910)],
)
def test_ceilings_of_every_scenario_are_the_printed_ones(
    scenario: str, signs: float, image: float, everything: float
) -> None:
    found = _other(scenario)
    assert [found["signs"], found["image"], found["everything"]] == pytest.approx([signs, image, everything], abs=0.005)


@pytest.mark.parametrize(
    ("scenario", "signs", "image", "everything"),
    [("weak", 0.603, 0.798, 0.830), ("mid", 0.671, 0.818, 0.845), ("strong", 0.746, 0.850, 0.871)],
)
def test_ceilings_with_misread_signs_are_the_printed_ones(
    scenario: str, signs: float, image: float, everything: float
) -> None:
    found = _other(scenario, misread=MISREAD)
    assert [found["signs"], found["image"], found["everything"]] == pytest.approx([signs, image, everything], abs=0.005)


@pytest.mark.parametrize(
    ("scenario", "image", "everything"),
    [("weak", 0.808, 0.838), ("mid", 0.840, 0.863), ("strong", 0.887, 0.902)],
)
def test_ceilings_of_what_can_be_seen_are_the_printed_ones(scenario: str, image: float, everything: float) -> None:
    found = _other(scenario, is_visible=True)
    assert [found["image"], found["everything"]] == pytest.approx([image, everything], abs=0.005)


@pytest.mark.parametrize(("span", "image"), [((0, 20), 0.71), ((20, 50), 0.76), ((50, 1000), 0.79)])
def test_ceilings_by_size_are_the_printed_ones(span: tuple[float, float], image: float) -> None:
    found = ceilings(mvi.factors_of("other"), is_visible=True, within_mm=span)
    assert found["image"] == pytest.approx(image, abs=0.01)


@pytest.mark.parametrize("is_positive", [True, False])
def test_printed_quartiles_of_afp_come_out(is_positive: bool) -> None:
    values = np.exp(mvi.factors_of("internal").group(is_positive).afp.draw(np.random.default_rng(1), 40_000))
    printed = (6.5, 33.5, 1294.9) if is_positive else (3.7, 11.4, 209.6)
    for edge, share in zip(printed, (0.25, 0.5, 0.75), strict=True):
        assert float((values < edge).mean()) == pytest.approx(share, abs=4 * sqrt(share * (1 - share) / 40_000))
    assert values.min() >= 0.5
    assert values.max() <= 200_000


@pytest.mark.parametrize("name", ["diameter", "afp", "age"])
@pytest.mark.parametrize("site", ["internal", "external-1", "other"])
def test_densities_have_unit_mass(name: str, site: str) -> None:
    spread = getattr(mvi.factors_of(site).positive, name)
    grid = np.linspace(spread.least, spread.most, 200_001)
    density = np.exp(spread.log_density(grid)) * 0.5 / sqrt(2 * np.pi)
    assert float(np.trapezoid(density, grid)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("label", "key", "value", "share"),
    [
        ("mvi+", "sex", "male", 0.809),
        ("mvi-", "sex", "male", 0.696),
        ("mvi+", "hbsag", True, 0.544),
        ("mvi-", "hbsag", True, 0.527),
        ("mvi+", "hcv", True, 0.338),
        ("mvi-", "hcv", True, 0.351),
        ("mvi+", "child_pugh", "B", 0.058),
        ("mvi-", "child_pugh", "C", 0.014),
    ],
)
def test_printed_percentages_of_the_facts_come_out(label: str, key: str, value: object, share: float) -> None:
    found = [case.facts[key] == value for case in _cases() if case.label == label]
    assert fmean(found) == pytest.approx(share, abs=4 * sqrt(share * (1 - share) / len(found)))


def test_both_viruses_together_are_rare() -> None:
    with_hbv = [case.facts["hcv"] for case in _cases() if case.facts["hbsag"]]
    without = [case.facts["hcv"] for case in _cases() if not case.facts["hbsag"]]
    assert fmean(map(bool, with_hbv)) < 0.15 * fmean(map(bool, without))


def test_facts_agree_with_tumour_person_and_stage() -> None:
    for case in _cases():
        assert set(case.facts) == {"sex", "age_y", "diameter_mm", "afp_ng_ml", "child_pugh", "hbsag", "hcv"}
        assert case.facts["diameter_mm"] == pytest.approx(case.lesions[0].diameter_mm, abs=0.051)
        assert case.male == (case.facts["sex"] == "male")
        assert case.age == (case.facts["age_y"], 0.0)
        possible = {stage for stage, share in enumerate(case.stages) if share > 0}
        assert possible == {"A": {0, 1}, "B": {2}, "C": {3}}[str(case.facts["child_pugh"])]


def test_one_hcc_that_says_nothing_about_magnetic_resonance_and_spares_the_portal_vein() -> None:
    for case in _cases():
        targets = [s for s in case.lesions if s.is_target]
        assert [s.type for s in targets] == ["hcc"]
        assert not any(sign.startswith(("t1-", "t2-", "dwi-", "hbp-")) for sign in targets[0].signs)
        assert not targets[0].has("thrombus")


@pytest.mark.parametrize(
    ("label", "sign", "share"),
    [
        ("mvi+", "artery", 0.62),
        ("mvi-", "artery", 0.28),
        ("mvi+", "halo", 1 - 0.62),
        ("mvi-", "halo", 1 - 0.40),
        ("mvi+", "difference", 1 - 0.48),
        ("mvi-", "difference", 1 - 0.32),
    ],
)
def test_signs_are_as_frequent_as_in_the_middle_scenario(label: str, sign: str, share: float) -> None:
    tumours = [case.lesions[0] for case in _cases() if case.label == label and case.lesions[0].diameter_mm >= 10]
    found = fmean(tumour.has(sign) for tumour in tumours)
    assert found == pytest.approx(share, abs=4 * sqrt(share * (1 - share) / len(tumours)))


def test_small_tumours_have_no_artery_and_hide_what_they_have() -> None:
    small = [describe("ct-mvi", seed, diameter_mm=(7, 9.9)).lesions[0] for seed in range(300)]
    assert not any(tumour.has("artery") for tumour in small)
    middle = [describe("ct-mvi", seed, diameter_mm=(13.9, 14.1)).lesions[0] for seed in range(2000)]
    with_artery = [tumour for tumour in middle if tumour.has("artery")]
    assert fmean(t.shows("artery") for t in with_artery) == pytest.approx(0.5, abs=4 * 0.5 / sqrt(len(with_artery)))
    assert any(case.lesions[0].hidden for case in _cases())
    assert all(case.lesions[0].has(sign) for case in _cases() for sign in case.lesions[0].hidden)


def _odds(case: Description) -> float:
    tumour = case.lesions[0]
    seen = {sign: tumour.shows(sign) for sign in ("artery", "halo", "difference")}
    return mvi.log_odds(case.facts, seen, site="internal", prevalence=0.31)


def test_odds_are_calibrated() -> None:
    chances = np.array([1 / (1 + exp(-_odds(case))) for case in _cases()])
    labels = np.array([case.label == "mvi+" for case in _cases()])
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1)):
        chosen = (chances >= low) & (chances < high)
        error = sqrt(float((chances[chosen] * (1 - chances[chosen])).sum())) / chosen.sum()
        assert abs(float(labels[chosen].mean() - chances[chosen].mean())) < 4 * error


def test_odds_are_the_sum_that_the_specification_writes_down() -> None:
    facts = {"sex": "male", "age_y": 66, "diameter_mm": 38.0, "afp_ng_ml": 90.0}
    facts |= {"child_pugh": "B", "hbsag": True, "hcv": False}
    seen = {"artery": True, "halo": False, "difference": True}
    size, log_afp = log(38.0), log(90.0)
    by_hand = log(0.31 / 0.69)
    by_hand += log(_density(size, 3.807, 0.669) / _density(size, 3.091, 0.607))
    by_hand += log(_density(log_afp, 3.511, 2.2) / _density(log_afp, 2.434, 1.9))
    by_hand += log(_density(66, 58, 11.5) / _density(66, 60, 11.0))
    by_hand += log(0.09 / 0.07) + log(0.74 / 0.66) + log(0.90 / 0.84)
    artery, halo = NormalDist().cdf((38 - 14) / 6), NormalDist().cdf((38 - 9) / 4)
    by_hand += log(0.62 * artery / (0.28 * artery))
    by_hand += log((1 - 0.38 * halo) / (1 - 0.60 * halo)) + log(0.52 / 0.68)
    assert mvi.log_odds(facts, seen, site="other", prevalence=0.31) == pytest.approx(by_hand, abs=0.03)


def _density(value: float, mean: float, sd: float) -> float:
    return NormalDist(mean, sd).pdf(value)
