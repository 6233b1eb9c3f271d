"""One case in words: class, lesions with sizes and signs, liver disease, person, clinical facts. No geometry.

``describe`` is what everything else is drawn from; it takes well under a millisecond, so that frequencies can be
checked over thousands of cases.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from overread.core.errors import InputError
from overread.phantom import mvi
from overread.phantom.lesions.mix import Range, check_range, cohort, draw_diameters, size_of
from overread.phantom.lesions.signs import chance, draw_latent, draw_lesion
from overread.phantom.lesions.sketch import Description, Sketch
from overread.phantom.noise import pick, stream
from overread.phantom.tables import numbers

IF_CIRRHOSIS = "if-cirrhosis"
"""Variant of background nodules that whoever draws the liver drops where there is no cirrhosis."""

LABELS = {
    "hcc": "primary",
    "other-primary": "primary",
    "metastasis": "metastasis",
}
"""Classes of the kind ``triage``; every other type is benign."""

TARGETS = (
    "hcc",
    "icc",
    "metastasis",
    "haemangioma",
    "fnh",
    "cyst",
    "abscess",
    "benign-nodule",
    "other-primary",
)
CYSTS, HAEMANGIOMAS, NODULES = 0.22, 0.07, 0.25
"""Patients with findings beside what the case is about (PHANTOM 4.5); nodules: of those with cirrhosis."""

DYSPLASTIC = 0.3
"""[A] Share of dysplastic ones among nodules."""

PRIMARIES = {"icc": 0.75, "combined": 0.15, "rare": 0.10}
"""Other primaries (PHANTOM 4.5 [A])."""

WITHOUT_CIRRHOSIS = 0.39
"""HCC patients without cirrhosis (PHANTOM 5: 61 % have it); all of them count as Child-Pugh A."""

Stages = tuple[float, float, float, float]


def describe(
    kind: str, seed: int, site: str = "internal", normals: float = 0.0, diameter_mm: Range | None = None
) -> Description:
    """Draw the description of one case.

    Parameters
    ----------
    kind
        ``hbp``, ``multiphase``, ``triage`` or ``ct-mvi``.
    seed
        Of the study; the same seed gives the same description.
    site
        Where the case comes from (PHANTOM 9); ``stress`` is as ``internal``.
    normals
        Kind ``hbp`` alone: share of livers without HCC.
    diameter_mm
        Smallest and greatest diameter of the lesions that the case is about; the class is drawn first.

    Returns
    -------
    Description
        Targets first, the largest before the others, then findings beside them.

    Raises
    ------
    InputError
        For an unknown kind or site, a share that is none, or a range that no lesion can have.
    """
    row = cohort(kind, site)
    check_range(diameter_mm)
    if not 0 <= normals <= 1 or (normals > 0 and kind != "hbp"):
        raise InputError(
            f"No {kind} cases with a share of {normals:g} without HCC",
            "the share lies between 0 and 1 and belongs to the kind hbp",
            "Leave the share out or give one for hbp",
        )
    if kind == "ct-mvi":
        return _describe_mvi(seed, site, row["mvi-positive"], diameter_mm)
    if kind == "hbp":
        return _describe_hbp(seed, row, normals, diameter_mm)
    rng = _stream(seed, kind, "case")
    chosen = TARGETS[pick(rng, tuple(row.get(name, 0.0) for name in TARGETS))]
    targets = _targets(seed, kind, chosen, diameter_mm)
    share = chance(targets[0].type, "cirrhosis", targets[0].diameter_mm, targets[0].variant)
    stages = (1 - share, share * row["child-pugh-a"], share * row["child-pugh-b"], share * row["child-pugh-c"])
    if kind == "multiphase":
        who = numbers("people", f"multiphase.{chosen}")
        beside = _background(seed, kind, has_nodules=True)
        label = chosen
    else:
        who = numbers("people", f"triage.{'internal' if site == 'stress' else site}")
        beside = _background(seed, kind, has_nodules=False, most_mm=targets[0].diameter_mm)
        label = LABELS.get(targets[0].type, "benign")
    return Description(label, targets + beside, stages, who["male"], (who["age"], who["age_sd"]))


def _describe_hbp(seed: int, row: Mapping[str, float], normals: float, diameter_mm: Range | None) -> Description:
    """HCC or none; what lies beside it is drawn without regard to it."""
    has_hcc = _stream(seed, "hbp", "case").random() >= normals
    targets = _targets(seed, "hbp", "hcc", diameter_mm) if has_hcc else ()
    who = numbers("people", "hbp")
    stages = (row["none"], row["child-pugh-a"], row["child-pugh-b"], row["child-pugh-c"])
    return Description(
        "hcc" if has_hcc else "none",
        targets + _background(seed, "hbp", has_nodules=True),
        stages,
        who["male"],
        (who["age"], who["age_sd"]),
    )


def _describe_mvi(seed: int, site: str, prevalence: float, diameter_mm: Range | None) -> Description:
    """One HCC on CT, its three signs and the patient's clinical facts, given MVI or not."""
    is_positive = bool(_stream(seed, "ct-mvi", "case").random() < prevalence)
    factors = mvi.factors_of(site)
    diameter = mvi.draw_diameter(_stream(seed, "ct-mvi", "target-sizes"), factors, is_positive, diameter_mm)
    present, hidden = mvi.draw_signs(_stream(seed, "ct-mvi", "mvi-signs"), is_positive, diameter)
    plain = draw_lesion("hcc", diameter, draw_latent(_stream(seed, "ct-mvi", "target-signs")), is_target=True)
    signs = {sign: value for sign, value in plain.signs.items() if not sign.startswith(("t1-", "t2-", "dwi-", "hbp-"))}
    signs |= present | {"thrombus": False}
    tumour = Sketch("hcc", diameter, True, plain.variant, signs, plain.grade, hidden)
    facts = mvi.draw_facts(_stream(seed, "ct-mvi", "facts"), factors, is_positive, diameter)
    stages: dict[str, Stages] = {
        "A": (WITHOUT_CIRRHOSIS, 1 - WITHOUT_CIRRHOSIS, 0.0, 0.0),
        "B": (0.0, 0.0, 1.0, 0.0),
        "C": (0.0, 0.0, 0.0, 1.0),
    }
    return Description(
        "mvi+" if is_positive else "mvi-",
        (tumour, *_background(seed, "ct-mvi", has_nodules=False, most_mm=diameter)),
        stages[facts["child_pugh"]],
        1.0 if facts["sex"] == "male" else 0.0,
        (float(facts["age_y"]), 0.0),
        dict(facts),
    )


def _targets(seed: int, kind: str, chosen: str, diameter_mm: Range | None) -> tuple[Sketch, ...]:
    """What the case is about: lesions of one type, alike as those of one patient are."""
    may_have_satellites = chosen in ("icc", "other-primary")
    size = size_of(f"{kind}.{chosen}")
    diameters = draw_diameters(
        _stream(seed, kind, "target-sizes"), size, diameter_mm, has_satellites=may_have_satellites
    )
    rng = _stream(seed, kind, "target-signs")
    type_, variant = _type_of(chosen, rng)
    shared = draw_latent(rng)
    sketches = []
    for n, diameter in enumerate(diameters):
        form = "satellite" if type_ == "icc" and n else variant
        latent = draw_latent(rng, shared)
        sketches.append(
            draw_lesion(type_, diameter, latent, is_target=True, variant=form, has_melanoma=kind != "multiphase")
        )
    return tuple(sketches)


def _type_of(chosen: str, rng: np.random.Generator) -> tuple[str, str | None]:
    """Lesion type of a class of the mix, and its variant where the class holds several."""
    if chosen == "benign-nodule":
        return ("dysplastic-nodule" if rng.random() < DYSPLASTIC else "regenerative-nodule"), None
    if chosen == "other-primary":
        return chosen, tuple(PRIMARIES)[pick(rng, tuple(PRIMARIES.values()))]
    return chosen, None


def _background(seed: int, kind: str, *, has_nodules: bool, most_mm: float | None = None) -> tuple[Sketch, ...]:
    """Cysts, haemangiomas and nodules of cirrhosis, the same whatever the case is about.

    ``most_mm``: where the largest lesion gives the label, the others stay below it.
    """
    rng = _stream(seed, kind, "background")
    found: list[tuple[str, str, str | None]] = []
    if rng.random() < CYSTS:
        found += [("cyst", "background.cyst", None)] * size_of("background.cyst").draw_number(rng)
    if rng.random() < HAEMANGIOMAS:
        found += [("haemangioma", "background.haemangioma", None)]
    rng = _stream(seed, kind, "background-nodules")
    if has_nodules and rng.random() < NODULES:
        for _ in range(size_of("background.nodule").draw_number(rng)):
            type_ = "dysplastic-nodule" if rng.random() < DYSPLASTIC else "regenerative-nodule"
            found.append((type_, "background.nodule", IF_CIRRHOSIS))
    if not found:
        return ()
    rng = _stream(seed, kind, "background-signs")
    sketches = []
    for type_, name, variant in found:
        diameter = size_of(name).draw_diameter(rng)
        latent = draw_latent(rng)
        if most_mm is None or diameter < most_mm:
            sketches.append(draw_lesion(type_, diameter, latent, is_target=False, variant=variant))
    return tuple(sketches)


def _stream(seed: int, kind: str, name: str) -> np.random.Generator:
    return stream(seed, f"describe-{kind}-{name}")
