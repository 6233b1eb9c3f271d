"""Which signs one lesion shows: frequencies by type, size and grade, and how signs hang together (PHANTOM 4.3).

One standard normal number stands behind each sign; a sign is there when its normal probability is below the sign's
frequency. Signs that exclude each other read the same number from its two ends, signs that need another one are drawn
only where that one is there, correlated signs mix their numbers. So every frequency of the table holds exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from math import erf, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lesions.sketch import SIGNS, Sketch
from overread.phantom.tables import table

Latent = NDArray[np.float64]

TABLED = SIGNS[:-3]
"""The signs of PHANTOM 4.3; the last three of all signs belong to ``mvi``."""

LATENTS = len(TABLED) + 2
"""Normal numbers behind one lesion: one for each sign, the grade, the form."""

EDGES_MM = (10.0, 15.0, 20.0, 30.0, 50.0)
"""Sizes at which some frequency changes."""

GROUPS = {"early": 0.10, "well": 0.12, "moderate": 0.43, "scirrhous": 0.05, "poor": 0.30}
"""Shares of HCC by grade, [A] but for scirrhous (PHANTOM 4.4): early ones are the best differentiated."""

FADING = frozenset({"aphe-rim", "dwi-target", "capsule", "washout", "washout-peripheral", "scar", "mosaic"})
"""Rim, capsule, washout, scar and mosaic are seldom seen up to 1 cm (PHANTOM 4.3): times `FADED`."""

FADED = 0.4
INFILTRATIVE = 0.07
"""Share of infiltrative HCC (PHANTOM 4.1), among those above 20 mm [A]; they have no capsule."""

OPPOSITES = (
    ("t1-dark", "t1-bright"),
    ("t2-moderate", "t2-marked"),
    ("aphe", "aphe-rim"),
    ("hbp-dark", "hbp-bright"),
    ("washout", "delayed-centre"),
)
"""Pairs of which a lesion shows one at most."""

NEEDS = {"dwi-target": "dwi-bright", "hbp-target": "hbp-dark"}
"""Signs that only make sense within another one. The ring of an FNH in HBP is bright, its late centre is the scar."""

FNH_NEEDS = {"dwi-target": "dwi-bright", "hbp-target": "hbp-bright", "delayed-centre": "scar"}

SAME_PATIENT = 0.5
"""[A] Share of the variance that lesions of one type and one patient have in common (PHANTOM 4.4)."""

_APHE_WASHOUT = 0.35
_GRADE_FAT = 0.5
_SIZE_CAPSULE = 0.4
_THAD_SEPTA = 0.15
"""The first three: PHANTOM 4.3. The last [A]: a fifth of the abscesses then show neither cluster nor wedge (4.4)."""

_CLUSTER = 0.4 / 0.55
_HYALINISED = 0.05 / (0.12 * 0.82)
_CAPSULE_SIZE_MM = 33.0
_CAPSULE_SIGMA = 0.69
_INDEX = {sign: n for n, sign in enumerate(TABLED)}
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Drawn:
    """Signs of one lesion with the variant that follows from them, and its grade (standard normal, high is poor)."""

    signs: dict[str, bool]
    variant: str
    grade: float


def draw_latent(rng: np.random.Generator, shared: Latent | None = None) -> Latent:
    """Normal numbers [LATENTS] of one lesion; ``shared`` are those of its patient."""
    own = rng.standard_normal(LATENTS)
    return own if shared is None else sqrt(SAME_PATIENT) * shared + sqrt(1 - SAME_PATIENT) * own


def draw_lesion(
    type_: str,
    diameter_mm: float,
    latent: Latent,
    *,
    is_target: bool,
    variant: str | None = None,
    has_melanoma: bool = True,
) -> Sketch:
    """Sketch of one lesion with its signs.

    Parameters
    ----------
    type_
        One of ``LESION_TYPES``.
    diameter_mm
        Its size.
    latent
        From `draw_latent`.
    is_target
        Whether the case is about it.
    variant
        Given for other primaries (icc, combined, rare), satellites and nodules; else it follows from the signs.
    has_melanoma
        Whether a metastasis bright on T1 is one of a melanoma (not where all are adenocarcinomas, SEEDS 2.1).
    """
    drawn = draw_signs(_columns(type_, variant or "classic"), diameter_mm, latent, has_melanoma=has_melanoma)
    signs = drawn.signs
    if variant == "satellite":
        signs |= {"thrombus": False, "retraction": False, "ducts": False}
    return Sketch(type_, diameter_mm, is_target, variant or drawn.variant, signs, grade=drawn.grade)


def draw_signs(columns: tuple[str, ...], diameter_mm: float, latent: Latent, *, has_melanoma: bool = True) -> Drawn:
    """Read the signs of a lesion from its normal numbers; ``columns`` of the table are averaged."""
    z = _mixed(latent, columns, diameter_mm)
    u = [0.5 + 0.5 * erf(value / sqrt(2)) for value in z.tolist()]
    grade, form = u[-2], u[-1]
    group = group_of(grade, form) if columns == ("hcc",) else ""
    chances = _chances(columns, bisect_left(EDGES_MM, diameter_mm), group)
    signs = {sign: u[n] < chances[sign] for n, sign in enumerate(TABLED)}
    for first, second in OPPOSITES:
        signs[second] = u[_INDEX[first]] > 1 - chances[second] and not signs[first]
    rest = 1 - chances["washout"]
    signs["washout-peripheral"] = not signs["washout"] and _is_below(
        u, "washout-peripheral", chances["washout-peripheral"], rest
    )
    for sign, host in (FNH_NEEDS if columns == ("fnh",) else NEEDS).items():
        signs[sign] = signs[host] and _is_below(u, sign, chances[sign], chances[host])
    is_infiltrative = columns == ("hcc",) and _is_infiltrative(diameter_mm, group, form)
    if is_infiltrative:
        signs["capsule"] = False
    elif columns == ("hcc",) and diameter_mm > EDGES_MM[2]:
        signs["capsule"] = u[_INDEX["capsule"]] < chances["capsule"] / (1 - INFILTRATIVE)
    variant = _variant(columns, diameter_mm, signs, group=group, form=form, has_melanoma=has_melanoma)
    return Drawn(signs, "infiltrative" if is_infiltrative else variant, float(z[-2]))


def chance(type_: str, sign: str, diameter_mm: float, variant: str = "classic") -> float:
    """Frequency of a sign among lesions of a type and size, whatever their grade.

    ``variant`` matters for other primaries only. ``cirrhosis`` asks for the share of patients with cirrhosis.
    """
    columns = _columns(type_, variant)
    value = _tabled(columns, sign, bisect_left(EDGES_MM, diameter_mm), "")
    if sign == "capsule" and type_ == "hcc" and diameter_mm > EDGES_MM[0]:
        scale = 1 - INFILTRATIVE if diameter_mm > EDGES_MM[2] else 1.0
        shift = _SIZE_CAPSULE * _size(diameter_mm)
        reach = _NORMAL.inv_cdf(value / scale) + shift
        return scale * _NORMAL.cdf(reach / sqrt(1 - _SIZE_CAPSULE**2))
    return value


def group_of(grade: float, form: float) -> str:
    """Group of an HCC from the normal probabilities of its grade and form."""
    early, well = GROUPS["early"], GROUPS["early"] + GROUPS["well"]
    if grade < well:
        return "early" if grade < early else "well"
    if grade > 1 - GROUPS["poor"]:
        return "poor"
    return "scirrhous" if form > 1 - GROUPS["scirrhous"] / (1 - well - GROUPS["poor"]) else "moderate"


def looks_like(sketch: Sketch) -> str:
    """Type that the signs of a lesion suggest: its own, or the one it is built to be taken for (PHANTOM 4.4).

    An HCC with a rim or a target looks like an ICC, an ICC that enhances throughout or washes out without rim or
    target like an HCC; a hypervascular metastasis like an HCC, one with a late centre, or with a rim and wide
    ducts, like an ICC; an FNH without uptake like an HCC; an abscess without cluster and wedge like a metastasis.
    """
    has = sketch.has
    has_target = has("dwi-target") or has("hbp-target")
    rules = {
        "hcc": (("icc", has("aphe-rim") or (sketch.variant == "scirrhous" and has_target)),),
        "icc": (("hcc", has("aphe") or (has("washout") and not has("aphe-rim") and not has_target)),),
        "metastasis": (
            ("hcc", has("aphe")),
            ("icc", has("delayed-centre") or (has("ducts") and has("aphe-rim"))),
        ),
        "fnh": (("hcc", not has("hbp-bright")),),
        "abscess": (("metastasis", not has("septa") and not has("thad")),),
    }
    return next((name for name, is_so in rules.get(sketch.type, ()) if is_so), sketch.type)


def _mixed(latent: Latent, columns: tuple[str, ...], diameter_mm: float) -> Latent:
    """The normal numbers with their correlations; each keeps its unit variance, the capsule's its size shift."""
    z = latent.copy()
    _tie(z, "washout", float(z[_INDEX["aphe"]]), _APHE_WASHOUT)
    if columns == ("hcc",):
        _tie(z, "fat", float(z[-2]), _GRADE_FAT)
        if diameter_mm > EDGES_MM[0]:
            _tie(z, "capsule", -_size(diameter_mm), _SIZE_CAPSULE)
    elif columns == ("abscess",):
        _tie(z, "septa", float(z[_INDEX["thad"]]), _THAD_SEPTA)
    return z


def _tie(z: Latent, sign: str, value: float, correlation: float) -> None:
    n = _INDEX[sign]
    z[n] = correlation * value + sqrt(1 - correlation**2) * z[n]


def _size(diameter_mm: float) -> float:
    """Log size in standard deviations around the middle of the 2-5 cm for which the table stands."""
    return float(np.log(diameter_mm / _CAPSULE_SIZE_MM)) / _CAPSULE_SIGMA


def _is_below(u: list[float], sign: str, share: float, host: float) -> bool:
    """Whether a sign is there, given that its host is: ``share`` is its frequency among all lesions."""
    return u[_INDEX[sign]] * host < share


def _is_infiltrative(diameter_mm: float, group: str, form: float) -> bool:
    shares = GROUPS["moderate"] + GROUPS["poor"]
    is_open = group in ("moderate", "poor") and diameter_mm > EDGES_MM[2]
    return is_open and form < INFILTRATIVE / shares * (_FORM_OF_MODERATE if group == "moderate" else 1.0)


_FORM_OF_MODERATE = GROUPS["moderate"] / (GROUPS["moderate"] + GROUPS["scirrhous"])
"""Moderate grade takes only this part of the range of the form: the rest is scirrhous."""


def _variant(
    columns: tuple[str, ...],
    diameter_mm: float,
    signs: dict[str, bool],
    *,
    group: str,
    form: float,
    has_melanoma: bool,
) -> str:
    """Name of the variant that shows these signs (PHANTOM 4.2)."""
    rules: dict[str, tuple[tuple[str, bool], ...]] = {
        "hcc": (
            ("scirrhous", group == "scirrhous"),
            ("early", group == "early" and diameter_mm <= 30),
            ("hypovascular", not signs["aphe"] and not signs["aphe-rim"]),
        ),
        "icc": (("arterial", signs["aphe"]),),
        "metastasis": (
            ("hypervascular", signs["aphe"]),
            ("melanoma", signs["t1-bright"] and has_melanoma),
            ("mucinous", signs["t2-marked"]),
            ("necrotic", signs["delayed-centre"]),
        ),
        "haemangioma": (
            ("flash", signs["aphe"]),
            ("hyalinised", not signs["t2-marked"] and form < _HYALINISED),
        ),
        "cyst": (("septate", signs["septa"]),),
        "abscess": (("cluster", signs["septa"] and form < _CLUSTER), ("single", True)),
    }
    return next((name for name, is_so in rules.get(columns[0], ()) if is_so), "classic")


def _columns(type_: str, variant: str) -> tuple[str, ...]:
    """Columns of the table for a type; other primaries borrow theirs [A]."""
    if type_ == "other-primary":
        return {"icc": ("icc",), "combined": ("hcc", "icc"), "rare": ("metastasis",)}.get(variant, ("icc",))
    return ("benign-nodule",) if type_ in ("regenerative-nodule", "dysplastic-nodule") else (type_,)


@cache
def _chances(columns: tuple[str, ...], band: int, group: str) -> dict[str, float]:
    return {sign: _tabled(columns, sign, band, group) for sign in TABLED}


@cache
def _tabled(columns: tuple[str, ...], sign: str, band: int, group: str) -> float:
    """Frequency by type, size band and grade; grades that no row names share what is left of the total."""
    values = []
    for column in columns:
        total = _banded(column, sign, band)
        named = {name: _cell(f"{sign}:{name}", column) for name in GROUPS} if group else {}
        known = {name: value for name, value in named.items() if value is not None}
        rest = 1 - sum(GROUPS[name] for name in known)
        taken = sum(GROUPS[name] * value for name, value in known.items())
        value = known[group] if group in known else (total - taken) / rest
        values.append(min(max(value, 0.0), 1.0) * (FADED if band == 0 and sign in FADING else 1.0))
    return sum(values) / len(values)


def _banded(column: str, sign: str, band: int) -> float:
    edges = ("0", *(f"{edge:.0f}" for edge in EDGES_MM), "")
    special = _cell(f"{sign}@{edges[band]}-{edges[band + 1]}", column)
    return float(table("signs")[sign][column]) if special is None else special


def _cell(row: str, column: str) -> float | None:
    text = table("signs").get(row, {}).get(column, "")
    return float(text) if text else None
