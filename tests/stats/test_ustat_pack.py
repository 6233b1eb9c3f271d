"""The U-statistics of iMRMC's R program: every number of its entries in the reference pack."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.stats.reference_pack import PACK, agree, entries, leaves, load, needs_pack

from overread.stats.mrmc.ustat import (
    Ustat,
    UstatTest,
    condition_test,
    difference_test,
    difference_variance,
    reader_pairs,
    ustat,
)
from overread.stats.mrmc.ustat_moments import COMPONENTS, Estimate, Moments

pytestmark = [pytest.mark.light, pytest.mark.shared, needs_pack]

ALL = (
    "vandyke_roc",
    "franken_roc",
    "imrmc_example",
    "vandyke_missing",
    "vandyke_splitplot",
    "vandyke_unpaired_cases",
)
SUFFIX: dict[Estimate, tuple[str, str]] = {"unbiased": ("", ""), "biased": (".b", ".biased")}
Tree = dict[str, Any]


def result_of(study: Ustat, moments: Moments, estimate: Estimate) -> UstatTest:
    a, b = moments.first, moments.second
    if a == b:
        return condition_test(study, a, estimate, "imrmc")
    return difference_test(study, a, b, estimate, "imrmc")


def decided(p: float) -> float:
    return math.nan if math.isnan(p) else float(p <= 0.05)


def p_values(test: UstatTest, suffix: str) -> Tree:
    tree: Tree = {}
    for kind, p, interval in (
        ("ormal", test.p_normal, test.normal_interval),
        ("BDG", test.p, test.interval),
    ):
        normal = "N" + kind if kind == "ormal" else kind
        limits = "n" + kind if kind == "ormal" else kind
        tree[f"pValue{normal}{suffix}"] = p
        tree[f"botCI{limits}{suffix}"], tree[f"topCI{limits}{suffix}"] = interval
        tree[f"reject{normal}{suffix}"] = decided(p)
    return tree


def summary(study: Ustat, moments: Moments, estimate: Estimate) -> Tree:
    """A row of ``Ustat`` or ``MLEstat``."""
    a, b = moments.first, moments.second
    test = result_of(study, moments, estimate)
    is_pair = a != b
    nothing = math.nan
    return {
        "NR": moments.readers,
        "N0": moments.healthy,
        "N1": moments.diseased,
        "AUCA": moments.areas[0],
        "varAUCA": study.of(a, a).covariance(estimate),
        "AUCB": moments.areas[1] if is_pair else nothing,
        "varAUCB": study.of(b, b).covariance(estimate) if is_pair else nothing,
        "AUCAminusAUCB": test.value if is_pair else nothing,
        "varAUCAminusAUCB": test.variance if is_pair else nothing,
        "dfBDG": test.degrees,
        **p_values(test, ""),
    }


def per_reader(study: Ustat) -> Tree:
    rows: Tree = {}
    for n, pair in enumerate(reader_pairs(study)):
        is_pair = pair.first != pair.second
        # the program has 0/0 where a reader read no case under both conditions; ours is the variance of a sum
        has_shared = pair.healthy > 0 and pair.diseased > 0
        rows[str(n + 1)] = {
            "N0": pair.healthy,
            "N1": pair.diseased,
            "AUCA": pair.areas[0],
            "varAUCA": pair.variances[0],
            "AUCB": pair.areas[1] if is_pair else math.nan,
            "varAUCB": pair.variances[1] if is_pair else math.nan,
            "AUCAminusAUCB": pair.difference if is_pair else math.nan,
            "varAUCAminusAUCB": pair.variance if is_pair and has_shared else math.nan,
        }
    return rows


def own_degrees(study: Ustat, moments: Moments, estimate: Estimate) -> float:
    """Degrees of freedom that the program gives a covariance as if it were a variance."""
    variance = moments.covariance(estimate)
    if variance < 0:
        return math.nan
    spread = np.sum(moments.components("biased")[[0, 1, 3]] ** 2 / moments.degrees**3)
    return max(float(moments.degrees.min()), variance**2 / float(spread))


def full(study: Ustat, moments: Moments) -> Tree:
    """A row of ``full$Ustat.full``."""
    a, b = moments.first, moments.second
    is_pair = a != b
    tree: Tree = {
        "NR": moments.readers,
        "N0": moments.healthy,
        "N1": moments.diseased,
        "AUC.1": moments.areas[0],
        "AUC.2": moments.areas[1],
        **dict(zip(("dfN", "dfD", "dfR"), moments.degrees, strict=True)),
        "AUC1minusAUC2": moments.areas[0] - moments.areas[1] if is_pair else math.nan,
    }
    least = np.minimum(study.of(a, a).degrees, study.of(b, b).degrees)
    for n, name in enumerate(("dfN.diff", "dfD.diff", "dfR.diff")):
        tree[name] = least[n] if is_pair else math.nan
    for estimate, (short, long) in SUFFIX.items():
        test = result_of(study, moments, estimate)
        parts = (moments.unbiased if estimate == "unbiased" else moments.biased, moments.components(estimate))
        tree[f"covAUC{long}"] = moments.covariance(estimate)
        tree[f"dfBDG{long}"] = own_degrees(study, moments, estimate)
        tree[f"varAUC1minusAUC2{long}"] = difference_variance(study, a, b, estimate) if is_pair else math.nan
        tree[f"dfBDG{long}.diff"] = test.degrees if is_pair else math.nan
        tree |= {f"M{n + 1}{short}": m for n, m in enumerate(parts[0])}
        tree |= {f"BCK.{name}{short}": c for name, c in zip(COMPONENTS, parts[1], strict=True)}
        tree |= p_values(test, long)
    tree |= {f"M{n + 1}.coeff": w for n, w in enumerate(moments.weights)}
    tree |= {f"BCK.{name}.coeff": w for name, w in zip(COMPONENTS, moments.component_weights, strict=True)}
    tree |= {f"numer{n + 1}": v for n, v in enumerate(moments.numerators)}
    tree |= {f"denom{n + 1}": v for n, v in enumerate(moments.denominators)}
    return tree


def plain_ratio(moments: Moments) -> np.ndarray:
    """The program guards 0/0 in its full table, but not in this one."""
    nothing = np.full(8, math.nan)
    return np.divide(moments.numerators, moments.denominators, out=nothing, where=moments.denominators != 0)


def decomposition(study: Ustat) -> Tree:
    names = {"BDG": tuple(f"M{n}" for n in range(1, 9)), "BCK": COMPONENTS}
    tree: Tree = {}
    for kind, columns in names.items():
        tree[kind] = {}
        for label, estimate in (("MLE", "biased"), ("Ustat", "unbiased")):
            parts: Tree = {"comp": {}, "coeff": {}}
            for n, m in enumerate(study.moments):
                moments = m.unbiased if estimate == "unbiased" else plain_ratio(m)
                values = moments if kind == "BDG" else m.components(estimate)
                weights = m.weights if kind == "BDG" else m.component_weights
                parts["comp"][str(n + 1)] = dict(zip(columns, values, strict=True))
                parts["coeff"][str(n + 1)] = dict(zip(columns, weights, strict=True))
            tree[kind][label] = parts
    return tree


def ours(dataset: str) -> Tree:
    """Our results in the shape of ``doIMRMC``'s."""
    study = ustat(load(dataset), "imrmc")
    numbered = {str(n + 1): m for n, m in enumerate(study.moments)}
    return {
        "Ustat": {n: summary(study, m, "unbiased") for n, m in numbered.items()},
        "MLEstat": {n: summary(study, m, "biased") for n, m in numbered.items()},
        "perReader": per_reader(study),
        "varDecomp": decomposition(study),
        "full_moments": {n: full(study, m) for n, m in numbered.items()},
    }


@pytest.mark.parametrize("dataset", ALL)
def test_every_number_of_the_ustat_entry_is_ours(dataset: str) -> None:
    tree = ours(dataset)
    (entry,) = [e for e in entries(dataset) if e.name == "ustat_BDG"]
    theirs = list(leaves(entry.result))
    compared = 0
    wrong = []
    for path, value in theirs:
        node: Any = tree
        for key in path:
            node = node[key]
        compared += 1
        number = float(node)
        if not agree(number, value):
            wrong.append(("/".join(path), number, value))
    assert not wrong, wrong[:10]
    print(f"\n{dataset}: {compared} numbers compared")  # noqa: T201
    assert compared == len(theirs) > 0


def test_no_ustat_entry_of_the_pack_is_passed_over() -> None:
    holding = {
        path.stem
        for path in (PACK / "reference").glob("*.json")
        if any(e.program == "iMRMC" for e in entries(path.stem))
    }
    assert holding == set(ALL)
