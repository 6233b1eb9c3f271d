"""A lesion in words, before it has a place: type, size and the signs it will show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from overread.core.truth import LESION_TYPES

SIGNS = (
    "t1-dark",
    "t1-bright",
    "t2-moderate",
    "t2-marked",
    "dwi-bright",
    "dwi-target",
    "aphe",
    "aphe-rim",
    "washout",
    "washout-peripheral",
    "delayed-centre",
    "capsule",
    "mosaic",
    "fat",
    "scar",
    "retraction",
    "ducts",
    "thad",
    "thrombus",
    "hbp-dark",
    "hbp-bright",
    "hbp-target",
    "hbp-band",
    "septa",
    "level",
    "gas",
    "artery",
    "halo",
    "difference",
)
"""Signs of PHANTOM 4.3 and, the last three, of PHANTOM 6.2 (CT): internal artery, hypodense halo, tumour-liver
difference."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A lesion of one case as it was drawn from the tables.

    ``is_target``: it belongs to what the case is about (its label); otherwise a finding beside it, such as a cyst.
    ``variant``: classic, early, hypovascular, scirrhous, infiltrative, hypervascular, mucinous, flash, hyalinised,
    satellite... (``lesions.signs``); ``if-cirrhosis``: a nodule to be dropped where there is no cirrhosis.
    ``signs``: sign -> whether it is there; every name is one of ``SIGNS``. ``grade``: of an HCC, standard normal, high
    is poorly differentiated. ``hidden``: signs that are there but that no image shows (PHANTOM 6.2).
    """

    type: str
    diameter_mm: float
    is_target: bool
    variant: str = "classic"
    signs: Mapping[str, bool] = field(default_factory=dict)
    grade: float = 0.0
    hidden: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.type not in LESION_TYPES:
            raise ValueError(f"no such lesion type: {self.type}")
        if unknown := set(self.signs) - set(SIGNS):
            raise ValueError(f"no such sign: {sorted(unknown)}")

    def has(self, sign: str) -> bool:
        """Whether a sign is there."""
        return self.signs.get(sign, False)

    def shows(self, sign: str) -> bool:
        """Whether a sign is there and an image can show it."""
        return self.has(sign) and sign not in self.hidden


@dataclass(frozen=True, slots=True)
class Description:
    """A case in words: what it is about and what it holds; drawn without any geometry.

    ``stages``: frequencies of no cirrhosis and Child-Pugh A, B, C to draw the liver from. ``male`` and ``age``
    (mean, sd): who has this. ``facts``: clinical facts that belong to the case (MVI: AFP, HBsAg ...), by the keys of
    ``--facts`` (CONTRACT section 1).
    """

    label: str
    lesions: tuple[Sketch, ...]
    stages: tuple[float, float, float, float]
    male: float
    age: tuple[float, float]
    facts: Mapping[str, object] = field(default_factory=dict)
