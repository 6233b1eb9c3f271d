"""Which features each probe sees, and how far PHANTOM 11 lets it get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lesions.mix import cohort
from overread.phantom.mvi import SCENARIO, draw_sample, factors_of, log_ratios
from overread.phantom.tables import numbers

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FITTED = ("logistic", "trees")
USUAL = 0.55


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe: name, groups of features (of ``collect``), limit by comparison.

    ``limit``: None where the table gives none. ``keep``: features of the groups whose name passes. ``models``: see
    `fit.cross_validated`. ``is_baseline``: not an image or header feature; over all strata together. ``by_sex``: men
    and women apart; ``by_size``: one of the rest of like diameter for each. ``leave_out``: a class that is not among
    the rest.
    """

    name: str
    groups: tuple[str, ...]
    limit: float | None = USUAL
    keep: Callable[[str], bool] = bool
    models: tuple[str, ...] = FITTED
    is_baseline: bool = False
    by_sex: bool = False
    by_size: bool = False
    leave_out: str = ""


SIZE = {"hcc": 0.53, "icc": 0.66, "metastasis": 0.63}
CIRRHOSIS = {"hcc": 0.72, "icc": 0.56, "metastasis": 0.73}
SIZE_AND_CIRRHOSIS = {"hcc": 0.74, "icc": 0.68, "metastasis": 0.80}
"""Ceilings of the kind multiphase, one class against the rest (PHANTOM 11)."""


def probes_of(kind: str, site: str, positive: str) -> list[Probe]:
    """The case-level probes of a comparison, as rows of PHANTOM 11."""
    found = [
        Probe("header fields", ("header", "words")),
        Probe("age and sex", ("person",), people_limit(kind, site, positive)),
        Probe("body size", ("body",)),
        Probe("body size, by sex", ("body",), by_sex=True),
        Probe("findings beside", ("findings",)),
    ]
    for prefix, name in (("", ""), ("twin ", "erased twin: ")):
        found += [
            Probe(f"{name}image border", (f"{prefix}border",)),
            Probe(f"{name}global histogram", (f"{prefix}brightness",)),
            Probe(f"{name}liver crop", (f"{prefix}liver",)),
            Probe(f"{name}noise in corners", (f"{prefix}noise",), 0.52, _is_corner),
            Probe(f"{name}fine structure", (f"{prefix}noise",), USUAL, _is_fine),
            Probe(f"{name}k-space footprint", (f"{prefix}spectrum",)),
        ]
    if kind == "hbp":
        return found
    size = {"multiphase": SIZE.get(positive), "triage": 0.58, "ct-mvi": 0.786}[kind]
    found += [
        Probe("lesion size", ("log diameter",), size, models=("direct", "trees"), is_baseline=True),
        Probe("lesion location", ("place",), None, _is_place),
        Probe("lesion location, sizes matched", ("place",), 0.56, _is_place, by_size=True),
    ]
    if kind != "ct-mvi":
        rest = "" if positive == "metastasis" else "metastasis"
        found.append(Probe("lesion count", ("count",), 0.56 if rest else 0.68, models=("direct",), leave_out=rest))
    limits = (CIRRHOSIS, SIZE_AND_CIRRHOSIS) if kind == "multiphase" else ({}, {})
    found.append(
        Probe("cirrhosis alone", ("cirrhosis",), limits[0].get(positive), models=("direct",), is_baseline=True)
    )
    found.append(Probe("size and cirrhosis", ("log diameter", "cirrhosis"), limits[1].get(positive), is_baseline=True))
    return found


def people_limit(kind: str, site: str, positive: str) -> float:
    """How far age and sex may tell: PHANTOM 11, or where the commission prints them by class (SEEDS 2.1, PHANTOM 6) the
    AUC of their exact odds by Monte Carlo, if that is more."""
    if kind == "triage":
        return 0.60
    if kind == "multiphase":
        return max(USUAL, _by_class(site, positive))
    return max(USUAL, _of_mvi(site)) if kind == "ct-mvi" else USUAL


def _by_class(site: str, positive: str) -> float:
    """One class of the kind multiphase against the others as they are mixed."""
    rng, mix = np.random.default_rng(0), cohort("multiphase", site)
    people = {name: numbers("people", f"multiphase.{name}") for name in SIZE}
    drawn = {}
    for name, row in people.items():
        count = round(200_000 * mix[name] / sum(mix[other] for other in SIZE))
        drawn[name] = rng.normal(row["age"], row["age_sd"], count), rng.random(count) < row["male"]

    def density(name: str, age: Floats, is_male: Flags) -> Floats:
        row = people[name]
        bell = np.exp(-(((age - row["age"]) / row["age_sd"]) ** 2) / 2) / row["age_sd"]
        return bell * np.where(is_male, row["male"], 1 - row["male"])

    def odds(name: str) -> Floats:
        rest = sum(mix[other] * density(other, *drawn[name]) for other in SIZE if other != positive)
        return np.asarray(density(positive, *drawn[name]) / rest)

    return _auc(odds(positive), np.concatenate([odds(other) for other in SIZE if other != positive]))


def _of_mvi(site: str) -> float:
    rng, factors = np.random.default_rng(0), factors_of(site)
    scores = []
    for is_positive in (True, False):
        sample = draw_sample(rng, factors, is_positive, 100_000, scenario=SCENARIO, is_visible=False)
        terms = log_ratios(sample, factors, SCENARIO, is_visible=False)
        scores.append(terms["age"] + terms["sex"])
    return _auc(*scores)


def _auc(positive: Floats, negative: Floats) -> float:
    order = np.sort(negative)
    below = np.searchsorted(order, positive, "left") + np.searchsorted(order, positive, "right")
    return float(below.mean() / 2 / len(order))


def _is_place(name: str) -> bool:
    return name in ("depth", "segment")


def _is_corner(name: str) -> bool:
    return name.startswith("corner") and name.endswith("sd")


def _is_fine(name: str) -> bool:
    return "fine" in name
