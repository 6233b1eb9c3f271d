"""Descriptions of cases: class mixes, sizes, numbers, signs, and what is meant to be confused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from math import log, pi, sqrt
from statistics import NormalDist, fmean, median

import numpy as np
import pytest

from overread.core.errors import InputError
from overread.phantom.lesions.describe import IF_CIRRHOSIS, describe
from overread.phantom.lesions.mix import sites_of
from overread.phantom.lesions.signs import (
    GROUPS,
    LATENTS,
    NEEDS,
    OPPOSITES,
    TABLED,
    Drawn,
    chance,
    draw_signs,
    looks_like,
)
from overread.phantom.lesions.sketch import Description, Sketch
from overread.phantom.tables import table

pytestmark = pytest.mark.light

KINDS = ("hbp", "multiphase", "triage", "ct-mvi")
NORMAL = NormalDist()
NODULES = ("regenerative-nodule", "dysplastic-nodule")


@cache
def _cases(kind: str, site: str = "internal", count: int = 2000) -> tuple[Description, ...]:
    return tuple(describe(kind, seed, site) for seed in range(count))


@cache
def _drawn(column: str, diameter_mm: float, count: int = 4000) -> tuple[Drawn, ...]:
    rng = np.random.default_rng(7)
    return tuple(draw_signs((column,), diameter_mm, rng.standard_normal(LATENTS)) for _ in range(count))


def _agrees(hits: Iterable[bool], expected: float, errors: float = 4.0) -> bool:
    """Whether a share lies within four binomial standard errors of what is expected."""
    found = list(hits)
    error = sqrt(expected * (1 - expected) / len(found))
    return abs(fmean(found) - expected) <= errors * error + 1e-9


def _class(sketch: Sketch) -> str:
    return "benign-nodule" if sketch.type in NODULES else sketch.type


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_gives_the_same_description(kind: str) -> None:
    first = describe(kind, 900_001)
    describe(kind, 5)
    assert describe(kind, 900_001) == first
    assert describe(kind, 900_002) != first


@pytest.mark.parametrize("kind", KINDS)
def test_stress_is_described_as_internal(kind: str) -> None:
    assert describe(kind, 17, "stress") == describe(kind, 17, "internal")


def test_sites_are_those_of_the_contract() -> None:
    found = {kind: sites_of(kind) for kind in KINDS}
    assert found["hbp"] == ("internal", "external-1", "external-2", "external-3", "stress")
    assert found["triage"] == ("internal", "external-1", "external-2", "stress")
    assert found["multiphase"] == found["ct-mvi"] == ("internal", "external-1", "stress")


@pytest.mark.parametrize(
    ("kind", "site", "shares"),
    [
        ("multiphase", "internal", {"hcc": 207 / 400, "icc": 83 / 400, "metastasis": 110 / 400}),
        ("multiphase", "external-1", {"hcc": 0.45, "icc": 0.20, "metastasis": 0.35}),
        ("triage", "internal", {"cyst": 0.1037 / 1.001, "hcc": 0.2651 / 1.001, "metastasis": 0.0937 / 1.001}),
        ("triage", "external-1", {"abscess": 0.08, "hcc": 0.35, "fnh": 0.07}),
        ("triage", "external-2", {"haemangioma": 0.28, "hcc": 0.18}),
    ],
)
def test_class_mix_is_that_of_the_site(kind: str, site: str, shares: dict[str, float]) -> None:
    types = [_class(case.lesions[0]) for case in _cases(kind, site)]
    assert all(_agrees((found == name for found in types), share) for name, share in shares.items())


@pytest.mark.parametrize(("site", "share"), [("internal", 0.31), ("external-1", 0.24)])
def test_invasion_is_as_frequent_as_printed(site: str, share: float) -> None:
    assert _agrees((case.label == "mvi+" for case in _cases("ct-mvi", site)), share)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_normals_are_the_share_of_livers_without_hcc(share: float) -> None:
    labels = [describe("hbp", seed, normals=share).label for seed in range(800)]
    assert _agrees((label == "none" for label in labels), share)


def test_what_lies_beside_is_the_same_with_and_without_hcc() -> None:
    for seed in range(100):
        with_hcc, without = describe("hbp", seed), describe("hbp", seed, normals=1.0)
        assert tuple(s for s in with_hcc.lesions if not s.is_target) == without.lesions
        assert with_hcc.stages == without.stages


@pytest.mark.parametrize(("name", "share"), [("cyst", 0.22), ("haemangioma", 0.07), ("nodule", 0.25)])
def test_background_findings_are_as_frequent_as_tabled(name: str, share: float) -> None:
    beside = [[s for s in case.lesions if not s.is_target] for case in _cases("hbp")]
    assert _agrees((any(name in s.type for s in found) for found in beside), share)


def test_background_nodules_wait_for_cirrhosis() -> None:
    nodules = [s for case in _cases("hbp") for s in case.lesions if s.type in NODULES]
    assert nodules
    assert {s.variant for s in nodules} == {IF_CIRRHOSIS}


def test_numbers_of_metastases_follow_the_table() -> None:
    counts = [len([s for s in c.lesions if s.is_target]) for c in _cases("multiphase") if c.label == "metastasis"]
    for low, high, share in ((1, 1, 0.35), (2, 2, 0.20), (3, 5, 0.25), (6, 99, 0.20)):
        assert _agrees((low <= count <= high for count in counts), share)


def test_a_quarter_of_icc_has_satellites_much_smaller_than_the_mass() -> None:
    groups = [[s for s in c.lesions if s.is_target] for c in _cases("multiphase") if c.label == "icc"]
    assert _agrees((len(group) > 1 for group in groups), 0.25)
    assert all(s.variant == "satellite" for group in groups for s in group[1:])
    assert all(s.diameter_mm < 0.6 * group[0].diameter_mm for group in groups for s in group[1:])


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_lesion_of_a_case_comes_first(kind: str) -> None:
    for case in _cases(kind):
        sizes = [s.diameter_mm for s in case.lesions if s.is_target]
        assert sizes == sorted(sizes, reverse=True)


def test_triage_label_is_the_class_of_the_largest_lesion_of_all() -> None:
    malignant = {"hcc": "primary", "other-primary": "primary", "metastasis": "metastasis"}
    for case in _cases("triage"):
        largest = max(case.lesions, key=lambda s: s.diameter_mm)
        assert case.label == malignant.get(largest.type, "benign")


@pytest.mark.parametrize(("label", "middle"), [("hcc", 39.7), ("icc", 54.3), ("metastasis", 31.1)])
def test_multiphase_sizes_have_the_printed_medians(label: str, middle: float) -> None:
    sizes = [c.lesions[0].diameter_mm for c in _cases("multiphase") if c.label == label]
    assert abs(log(median(sizes) / middle)) < 4 * 1.2533 * 0.69 / sqrt(len(sizes)) + 0.03


def test_triage_sizes_pool_to_the_printed_distribution() -> None:
    sizes = [case.lesions[0].diameter_mm for case in _cases("triage")]
    assert abs(median(sizes) - 39.9) < 3.5
    assert abs(fmean(sizes) - 49) < 3.5


def test_most_positive_studies_of_hbp_have_three_to_ten_positive_slices() -> None:
    spacing_mm, least_mm2 = 2.5, 25.0
    counts = []
    for case in _cases("hbp"):
        radii = [s.diameter_mm / 2 for s in case.lesions if s.is_target]
        counts.append(sum(2 * sqrt(max(r**2 - least_mm2 / pi, 0)) / spacing_mm for r in radii))
    assert fmean(2.5 <= count <= 10.5 for count in counts) > 0.7
    assert min(counts) > 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("span", [(4.0, 10.0), (10.0, 20.0), (60.0, 61.0), (150.0, 200.0)])
def test_target_diameters_lie_in_the_range_asked_for(kind: str, span: tuple[float, float]) -> None:
    for seed in range(60):
        sizes = [s.diameter_mm for s in describe(kind, seed, diameter_mm=span).lesions if s.is_target]
        assert sizes
        assert all(span[0] <= size <= span[1] for size in sizes)


def test_a_range_without_mass_is_filled_evenly_in_the_logarithm() -> None:
    sizes = [describe("hbp", seed, diameter_mm=(80, 180)).lesions[0].diameter_mm for seed in range(1000)]
    assert _agrees((size < 120 for size in sizes), 0.5)


@pytest.mark.parametrize("span", [(20.0, 10.0), (0.0, 10.0), (5.0, 5.0), (50.0, 900.0), (float("nan"), 10.0)])
def test_an_impossible_range_is_refused(span: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="diameters lie between"):
        describe("hbp", 1, diameter_mm=span)


def test_unknown_kinds_sites_and_shares_are_refused_with_what_there_is() -> None:
    with pytest.raises(InputError, match="multiphase"):
        describe("pet", 1)
    with pytest.raises(InputError, match="external-3"):
        describe("hbp", 1, "external-4")
    with pytest.raises(InputError, match="between 0 and 1"):
        describe("hbp", 1, normals=1.5)
    with pytest.raises(InputError, match="kind hbp"):
        describe("triage", 1, normals=0.5)


@pytest.mark.parametrize("column", [name for name in table("signs")["aphe"] if name != "sign"])
def test_signs_of_lesions_of_2_to_5_cm_are_as_frequent_as_tabled(column: str) -> None:
    drawn = _drawn(column, 33.0)
    own_rows = {"scar"} if column == "fnh" else set()
    for sign in set(TABLED) - own_rows:
        expected = float(table("signs")[sign][column])
        if (column, sign) == ("hcc", "capsule"):
            expected = chance("hcc", "capsule", 33.0)
            assert expected == pytest.approx(0.48, abs=0.01)
        assert _agrees((d.signs[sign] for d in drawn), expected), sign


@pytest.mark.parametrize(
    ("column", "sign", "diameter_mm", "expected"),
    [
        ("hcc", "aphe", 9.0, 0.60),
        ("hcc", "aphe", 15.0, 0.72),
        ("hcc", "aphe", 30.0, 0.82),
        ("hcc", "mosaic", 60.0, 0.60),
        ("hcc", "capsule", 9.0, 0.4 * 0.48),
        ("hcc", "washout", 9.0, 0.4 * 0.56),
        ("icc", "aphe-rim", 9.0, 0.4 * 0.75),
        ("metastasis", "washout-peripheral", 9.0, 0.4 * 0.30),
        ("haemangioma", "aphe", 12.0, 0.45),
        ("fnh", "scar", 25.0, 0.45),
        ("fnh", "scar", 35.0, 0.70),
        ("fnh", "scar", 9.0, 0.4 * 0.45),
        ("hcc", "thrombus", 12.0, 0.0),
    ],
)
def test_frequencies_change_with_size_as_tabled(column: str, sign: str, diameter_mm: float, expected: float) -> None:
    assert _agrees((d.signs[sign] for d in _drawn(column, diameter_mm)), expected)


@pytest.mark.parametrize("column", ["hcc", "icc", "metastasis", "haemangioma", "cyst", "abscess", "benign-nodule"])
def test_signs_that_exclude_each_other_are_never_together(column: str) -> None:
    for drawn in _drawn(column, 33.0):
        assert not any(drawn.signs[first] and drawn.signs[second] for first, second in OPPOSITES)
        assert all(drawn.signs[host] for sign, host in NEEDS.items() if drawn.signs[sign])
        assert not (drawn.signs["washout"] and drawn.signs["washout-peripheral"])


@pytest.mark.parametrize(
    ("group", "sign", "expected"),
    [
        ("early", "hbp-bright", 0.35),
        ("poor", "hbp-bright", 0.08),
        ("early", "washout", 0.35),
        ("well", "washout", 0.35),
    ],
)
def test_grade_moves_uptake_and_washout_of_hcc(group: str, sign: str, expected: float) -> None:
    edges = {
        "early": (-9.0, NORMAL.inv_cdf(GROUPS["early"])),
        "well": (NORMAL.inv_cdf(GROUPS["early"]), NORMAL.inv_cdf(GROUPS["early"] + GROUPS["well"])),
        "poor": (NORMAL.inv_cdf(1 - GROUPS["poor"]), 9.0),
    }
    low, high = edges[group]
    chosen = [d.signs[sign] for d in _drawn("hcc", 33.0) if low < d.grade < high]
    assert _agrees(chosen, expected)


def test_uptake_and_grade_of_hcc_correlate_by_about_minus_0_3() -> None:
    drawn = _drawn("hcc", 33.0)
    bright = np.array([d.signs["hbp-bright"] for d in drawn], dtype=float)
    grades = np.array([d.grade for d in drawn])
    slope = np.cov(grades, bright)[0, 1] / NORMAL.pdf(NORMAL.inv_cdf(float(bright.mean())))
    assert slope == pytest.approx(-0.3, abs=0.08)


def test_fat_and_good_differentiation_correlate_by_about_a_half() -> None:
    drawn = _drawn("hcc", 33.0)
    fat = np.array([d.signs["fat"] for d in drawn], dtype=float)
    grades = np.array([d.grade for d in drawn])
    slope = np.cov(grades, fat)[0, 1] / NORMAL.pdf(NORMAL.inv_cdf(float(fat.mean())))
    assert slope == pytest.approx(-0.5, abs=0.08)


def test_washout_goes_with_aphe_as_by_a_latent_correlation_of_0_35() -> None:
    from scipy.stats import multivariate_normal

    edges = [NORMAL.inv_cdf(0.15), NORMAL.inv_cdf(0.25)]
    expected = float(multivariate_normal.cdf(edges, cov=[[1, 0.35], [0.35, 1]]))
    assert _agrees((d.signs["aphe"] and d.signs["washout"] for d in _drawn("metastasis", 33.0)), expected)


def test_large_hcc_have_a_capsule_more_often_than_small_ones() -> None:
    shares = [fmean(d.signs["capsule"] for d in _drawn("hcc", size, 2000)) for size in (12.0, 33.0, 90.0)]
    assert shares[0] + 0.1 < shares[1] < shares[2] - 0.1


@pytest.mark.parametrize(
    ("own", "other", "low", "high"),
    [
        ("hcc", "icc", 0.06, 0.10),
        ("icc", "hcc", 0.10, 0.15),
        ("metastasis", "hcc", 0.12, 0.18),
        ("metastasis", "icc", 0.15, 0.20),
        ("fnh", "hcc", 0.07, 0.09),
        ("abscess", "metastasis", 0.18, 0.22),
    ],
)
def test_designed_confusions_are_as_frequent_as_meant(own: str, other: str, low: float, high: float) -> None:
    sketches = [Sketch(own, 33.0, True, d.variant, d.signs) for d in _drawn(own, 33.0)]
    assert low <= fmean(looks_like(s) == other for s in sketches) <= high


def test_lesions_of_one_patient_are_more_alike_than_those_of_two() -> None:
    pairs = [
        [s.has("aphe") for s in case.lesions if s.is_target][:2]
        for case in _cases("multiphase", count=4000)
        if case.label == "metastasis" and sum(s.is_target for s in case.lesions) > 1
    ]
    both = fmean(first and second for first, second in pairs)
    assert both > 2 * fmean(first for first, _ in pairs) * fmean(second for _, second in pairs)


@pytest.mark.parametrize(
    ("column", "variant", "share"),
    [
        ("hcc", "scirrhous", 0.05),
        ("hcc", "infiltrative", 0.07),
        ("metastasis", "hypervascular", 0.15),
        ("haemangioma", "hyalinised", 0.05),
        ("cyst", "septate", 0.10),
        ("abscess", "cluster", 0.40),
    ],
)
def test_variants_are_as_frequent_as_tabled(column: str, variant: str, share: float) -> None:
    assert _agrees((d.variant == variant for d in _drawn(column, 33.0)), share)


def test_other_primaries_are_mostly_icc_and_multiphase_has_no_melanoma() -> None:
    others = [c.lesions[0].variant for c in _cases("triage") if c.lesions[0].type == "other-primary"]
    assert _agrees((variant == "icc" for variant in others), 0.75)
    found = Counter(s.variant for c in _cases("multiphase") for s in c.lesions if s.type == "metastasis")
    assert found["melanoma"] == 0
    assert found["hypervascular"] > 0


@pytest.mark.parametrize(("label", "share"), [("hcc", 0.61), ("icc", 0.30), ("metastasis", 0.07)])
def test_cirrhosis_depends_on_the_class_as_printed(label: str, share: float) -> None:
    case = next(case for case in _cases("multiphase") if case.label == label)
    assert 1 - case.stages[0] == pytest.approx(share)
    assert sum(case.stages) == pytest.approx(1)


def test_sicker_patients_come_to_the_external_sites_of_hbp() -> None:
    assert describe("hbp", 1).stages == (0.50, 0.43, 0.06, 0.01)
    assert describe("hbp", 1, "external-1").stages == (0.33, 0.45, 0.20, 0.02)
    assert describe("hbp", 1, "external-2").stages == (0.08, 0.60, 0.30, 0.02)
    assert describe("hbp", 1, "external-3").stages == (0.50, 0.40, 0.08, 0.02)
