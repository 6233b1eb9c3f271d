"""Microvascular invasion: clinical factors, the three signs on CT, and the exact odds that follow (PHANTOM 6).

The generator is known, so the posterior odds of a case are too. ``present`` signs are in the tumour, ``seen`` ones are
in the image as well. ``ceiling`` asks how well anybody could do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lesions.mix import Range, Size
from overread.phantom.tables import numbers

Numbers = NDArray[np.float64]
Sample = dict[str, Numbers]
"""Cases as arrays: diameter and afp (natural logarithms), age, male, child_pugh (0, 1, 2), hbsag, hcv, and the three
signs as evidence of invasion: artery, halo_absent, difference_absent."""

SCENARIO = "mid"
SIGNS = ("artery", "halo_absent", "difference_absent")
ARTERY_MM = 10.0
"""A smaller tumour has no internal artery (PHANTOM 6.2)."""

EXCLUSION = 0.9
"""Anti-HCV is missing in this share of those who carry HBsAg and would have it otherwise (PHANTOM 6.1)."""

SEX_AGE_Y = 3.0
"""[A] Women are this much older; PHANTOM 6.2 ties sex and age but gives no number."""

AFP_NG_ML = (0.5, 200_000.0)
"""[A] Limits of AFP."""

AGE_Y = (25.0, 85.0)
RARE = 0.005
"""[A] Share of Child-Pugh C where a paper counts none but its other group has some: nothing proves a class."""

MOST_ODDS = 12.0
"""Log-odds are cut here: sizes beyond the limits of one group would give infinite ones."""

_NORMAL = NormalDist()
_QUARTILES = 2 * _NORMAL.inv_cdf(0.75)
"""Gap between the quartiles of the standard normal."""


@dataclass(frozen=True, slots=True)
class TwoPiece:
    """A normal distribution with two widths, half of its mass on each side of the median, cut at both ends."""

    median: float
    below: float
    above: float
    least: float
    most: float

    def draw(self, rng: np.random.Generator, count: int) -> Numbers:
        """Values [count]."""
        is_above = rng.random(count) < 0.5
        width = np.where(is_above, self.above, self.below)
        reach = np.where(is_above, self.most - self.median, self.median - self.least) / width
        steps = np.abs(rng.standard_normal(count))
        while (outside := steps > reach).any():
            steps[outside] = np.abs(rng.standard_normal(int(outside.sum())))
        values: Numbers = self.median + np.where(is_above, 1, -1) * width * steps
        return values

    def log_density(self, values: Numbers) -> Numbers:
        """Logarithm of the density, without the terms common to all such distributions."""
        gap = np.asarray(values) - self.median
        width = np.where(gap >= 0, self.above, self.below)
        mass = np.where(
            gap >= 0,
            _NORMAL.cdf((self.most - self.median) / self.above) - 0.5,
            _NORMAL.cdf((self.median - self.least) / self.below) - 0.5,
        )
        inside = (values >= self.least) & (values <= self.most)
        return np.where(inside, -0.5 * (gap / width) ** 2 - np.log(width * mass), -np.inf)


@dataclass(frozen=True, slots=True)
class Group:
    """Clinical factors of patients with or without MVI; diameter (mm) and AFP (ng/ml) as natural logarithms."""

    diameter: TwoPiece
    afp: TwoPiece
    age: TwoPiece
    male: float
    child_pugh: tuple[float, float, float]
    hbsag: float
    hcv: float

    def hcv_given(self, exclusion: float) -> tuple[float, float]:
        """Share with anti-HCV among those without and with HBsAg."""
        free = self.hcv / (1 - exclusion * self.hbsag)
        return free, free * (1 - exclusion)


@dataclass(frozen=True, slots=True)
class Factors:
    """Both groups and how their factors hang together; ``has_sex``: whether sex tells anything about MVI."""

    positive: Group
    negative: Group
    exclusion: float = EXCLUSION
    sex_age_y: float = SEX_AGE_Y
    has_sex: bool = True

    def group(self, is_positive: bool) -> Group:
        """Patients with MVI or without."""
        return self.positive if is_positive else self.negative


@cache
def factors_of(site: str) -> Factors:
    """Factors of a site as SEEDS 4.1 prints them (training columns for ``internal``); ``other``: those of PHANTOM 6.1.

    In ``other`` the binary factors are independent and sex tells nothing, as where PHANTOM 6.3 takes its ceilings.
    """
    name = "internal" if site == "stress" else site
    rows = [numbers("mvi", f"{name}.mvi{sign}") for sign in "+-"]
    has_c = any(row["child_pugh_c"] > 0 for row in rows)
    shift = 0.0 if name == "other" else SEX_AGE_Y
    positive, negative = (_group(row, has_c, shift) for row in rows)
    if name == "other":
        return Factors(positive, negative, exclusion=0.0, sex_age_y=0.0, has_sex=False)
    return Factors(positive, negative)


@cache
def sign_shares(scenario: str, misread: float = 0.0) -> dict[str, tuple[float, float]]:
    """Shares of artery, no halo and no difference with and without MVI; ``misread``: each read wrongly so often."""
    row = numbers("mvi_signs", scenario)
    return {
        sign: (
            row[f"{sign}+"] * (1 - 2 * misread) + misread,
            row[f"{sign}-"] * (1 - 2 * misread) + misread,
        )
        for sign in SIGNS
    }


def draw_diameter(rng: np.random.Generator, factors: Factors, is_positive: bool, within: Range | None = None) -> float:
    """Diameter in mm of one tumour, inside ``within`` where given."""
    spread = factors.group(is_positive).diameter
    if within is None:
        return exp(float(spread.draw(rng, 1)[0]))
    size = Size(exp(spread.median), (spread.below + spread.above) / 2, within[0], within[1], ())
    return size.draw_diameter(rng)


def draw_facts(rng: np.random.Generator, factors: Factors, is_positive: bool, diameter_mm: float) -> dict[str, Any]:
    """Clinical facts of one patient, by the keys of ``--facts``."""
    drawn = _draw_clinical(rng, factors, is_positive, 1)
    return {
        "sex": "male" if drawn["male"][0] else "female",
        "age_y": round(float(drawn["age"][0])),
        "diameter_mm": round(diameter_mm, 1),
        "afp_ng_ml": round(exp(float(drawn["afp"][0])), 1),
        "child_pugh": "ABC"[int(drawn["child_pugh"][0])],
        "hbsag": bool(drawn["hbsag"][0]),
        "hcv": bool(drawn["hcv"][0]),
    }


def draw_signs(
    rng: np.random.Generator, is_positive: bool, diameter_mm: float, scenario: str = SCENARIO
) -> tuple[dict[str, bool], tuple[str, ...]]:
    """Signs of one tumour by their names in a sketch, and those that are there but too small to be seen."""
    side = 0 if is_positive else 1
    shares = sign_shares(scenario)
    rolls = rng.random(5)
    artery = bool(rolls[0] < shares["artery"][side]) and diameter_mm >= ARTERY_MM
    halo = bool(rolls[1] >= shares["halo_absent"][side])
    difference = bool(rolls[2] >= shares["difference_absent"][side])
    artery_seen, halo_seen = (float(value[0]) for value in _visibility(np.array([diameter_mm])))
    is_lost = {"artery": artery and rolls[3] >= artery_seen, "halo": halo and rolls[4] >= halo_seen}
    hidden = tuple(sign for sign, lost in is_lost.items() if lost)
    return {"artery": artery, "halo": halo, "difference": difference}, hidden


def log_odds(
    facts: Mapping[str, Any], seen: Mapping[str, bool], *, site: str, prevalence: float, scenario: str = SCENARIO
) -> float:
    """Exact log-odds of MVI for whoever knows the facts and what the image shows of artery, halo and difference."""
    factors = factors_of(site)
    sample = {
        "diameter": np.array([log(facts["diameter_mm"])]),
        "afp": np.array([log(max(facts["afp_ng_ml"], AFP_NG_ML[0]))]),
        "age": np.array([float(facts["age_y"])]),
        "male": np.array([float(facts["sex"] == "male")]),
        "child_pugh": np.array([float("ABC".index(facts["child_pugh"]))]),
        "hbsag": np.array([float(facts["hbsag"])]),
        "hcv": np.array([float(facts["hcv"])]),
        "artery": np.array([float(seen["artery"])]),
        "halo_absent": np.array([float(not seen["halo"])]),
        "difference_absent": np.array([float(not seen["difference"])]),
    }
    terms = log_ratios(sample, factors, scenario, is_visible=True)
    total = log(prevalence / (1 - prevalence)) + sum(
        float(np.clip(value[0], -MOST_ODDS, MOST_ODDS)) for value in terms.values()
    )
    return min(max(total, -MOST_ODDS), MOST_ODDS)


def draw_sample(
    rng: np.random.Generator,
    factors: Factors,
    is_positive: bool,
    count: int,
    *,
    scenario: str = SCENARIO,
    is_visible: bool = False,
    misread: float = 0.0,
) -> Sample:
    """Many cases at once; ``is_visible``: only what the image shows of the signs counts (PHANTOM 6.2)."""
    sample = _draw_clinical(rng, factors, is_positive, count)
    sample["diameter"] = factors.group(is_positive).diameter.draw(rng, count)
    for sign, chance in _sign_chances(sample["diameter"], scenario, is_positive, is_visible).items():
        sample[sign] = (rng.random(count) < chance * (1 - 2 * misread) + misread).astype(np.float64)
    return sample


def log_ratios(
    sample: Sample,
    factors: Factors,
    scenario: str = SCENARIO,
    *,
    is_visible: bool = False,
    misread: float = 0.0,
) -> dict[str, Numbers]:
    """What every part of the knowledge adds to the log-odds of MVI.

    Returns
    -------
    dict
        diameter, afp, age (given sex), sex, child_pugh, viral (both viruses) and signs -> [cases].
    """
    positive, negative = _log_clinical(sample, factors, True), _log_clinical(sample, factors, False)
    with np.errstate(invalid="ignore"):
        terms = {name: positive[name] - negative[name] for name in positive}
    if not factors.has_sex:
        terms["sex"] = np.zeros_like(terms["sex"])
    signs = np.zeros_like(sample["diameter"])
    chances = [_sign_chances(sample["diameter"], scenario, side, is_visible) for side in (True, False)]
    for sign in SIGNS:
        for_it, against = (each[sign] * (1 - 2 * misread) + misread for each in chances)
        signs += np.log(_bernoulli(sample[sign], for_it) / _bernoulli(sample[sign], against))
    return terms | {"signs": signs}


def _group(row: Mapping[str, float], has_c: bool, shift: float) -> Group:
    """One row of the table.

    [A] Ages are normal around the mean of the three printed numbers: their skewness lies within the standard error
    of a median of 68 patients, and a density bent through them would make age tell far more than it does.
    """
    c = max(row["child_pugh_c"], RARE) if has_c else 0.0
    diameter = TwoPiece(
        log(row["diameter"]),
        row["diameter_sigma"],
        row["diameter_sigma"],
        log(row["diameter_least"]),
        log(row["diameter_most"]),
    )
    years = (row["age_low"] + row["age"] + row["age_high"]) / 3
    width = (row["age_high"] - row["age_low"]) / _QUARTILES
    return Group(
        diameter,
        _from_quartiles(
            log(row["afp_low"]), log(row["afp"]), log(row["afp_high"]), limits=(log(AFP_NG_ML[0]), log(AFP_NG_ML[1]))
        ),
        TwoPiece(years, width, width, AGE_Y[0] + shift * (1 - row["male"]), AGE_Y[1] - shift * row["male"]),
        row["male"],
        (1 - row["child_pugh_b"] - c, row["child_pugh_b"], c),
        row["hbsag"],
        row["hcv"],
    )


def _from_quartiles(low: float, median: float, high: float, *, limits: Range) -> TwoPiece:
    """The two-piece normal whose quartiles, after the cut, are the printed ones."""
    below = _width(median - low, median - limits[0])
    above = _width(high - median, limits[1] - median)
    return TwoPiece(median, below, above, limits[0], limits[1])


def _width(quartile: float, limit: float) -> float:
    """Width of a half normal cut at ``limit`` with half of its mass below ``quartile``; found by halving."""
    narrow, wide = 0.1 * quartile, 100 * quartile
    for _ in range(80):
        width = sqrt(narrow * wide)
        share = (_NORMAL.cdf(quartile / width) - 0.5) / (_NORMAL.cdf(limit / width) - 0.5)
        narrow, wide = (width, wide) if share > 0.5 else (narrow, width)
    return sqrt(narrow * wide)


def _draw_clinical(rng: np.random.Generator, factors: Factors, is_positive: bool, count: int) -> Sample:
    """All but the diameter; AFP as its logarithm."""
    group = factors.group(is_positive)
    male = rng.random(count) < group.male
    hbsag = rng.random(count) < group.hbsag
    free, with_hbsag = group.hcv_given(factors.exclusion)
    edges = np.cumsum(group.child_pugh[:2])
    return {
        "male": male.astype(np.float64),
        "age": group.age.draw(rng, count) + _age_shift(male, group, factors),
        "afp": group.afp.draw(rng, count),
        "child_pugh": np.searchsorted(edges, rng.random(count), side="right").astype(np.float64),
        "hbsag": hbsag.astype(np.float64),
        "hcv": (rng.random(count) < np.where(hbsag, with_hbsag, free)).astype(np.float64),
    }


def _age_shift(male: NDArray[Any], group: Group, factors: Factors) -> Numbers:
    """Years that sex adds to the age, zero on average."""
    return np.where(male > 0, -factors.sex_age_y * (1 - group.male), factors.sex_age_y * group.male)


def _log_clinical(sample: Sample, factors: Factors, is_positive: bool) -> dict[str, Numbers]:
    group = factors.group(is_positive)
    free, with_hbsag = group.hcv_given(factors.exclusion)
    hcv = np.where(sample["hbsag"] > 0, with_hbsag, free)
    child_pugh = np.log(np.maximum(group.child_pugh, 1e-9))
    return {
        "diameter": group.diameter.log_density(sample["diameter"]),
        "afp": group.afp.log_density(sample["afp"]),
        "age": group.age.log_density(sample["age"] - _age_shift(sample["male"], group, factors)),
        "sex": np.log(_bernoulli(sample["male"], group.male)),
        "child_pugh": child_pugh[sample["child_pugh"].astype(np.int64)],
        "viral": np.log(_bernoulli(sample["hbsag"], group.hbsag) * _bernoulli(sample["hcv"], hcv)),
    }


def _sign_chances(diameter: Numbers, scenario: str, is_positive: bool, is_visible: bool) -> dict[str, Numbers]:
    """Chance of every sign of `SIGNS` given the logarithm of the diameter."""
    side = 0 if is_positive else 1
    flat = {sign: np.full(diameter.shape, shares[side]) for sign, shares in sign_shares(scenario).items()}
    if is_visible:
        size = np.exp(diameter)
        artery, halo = _visibility(size)
        flat["artery"] = flat["artery"] * artery * (size >= ARTERY_MM)
        flat["halo_absent"] = 1 - (1 - flat["halo_absent"]) * halo
    return flat


def _visibility(diameter_mm: Numbers) -> tuple[Numbers, Numbers]:
    """Chance that an artery and a halo that are there are seen (PHANTOM 6.2)."""
    from scipy.special import ndtr

    return ndtr((diameter_mm - 14) / 6), ndtr((diameter_mm - 9) / 4)


def _bernoulli(values: Numbers, share: Numbers | float) -> Numbers:
    chances: Numbers = np.where(values > 0, share, 1 - np.asarray(share))
    return np.maximum(chances, 1e-12)
