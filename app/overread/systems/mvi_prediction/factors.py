"""The seven clinical facts as the nine numbers of the network and the machines; what is missing takes a mean.

References
----------
Liu 2021 (SEEDS 4.3): gender, age, diameter, AFP, Child-Pugh (A, B, C as one of three [A]), HBsAg, HCV.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError
from overread.core.facts import CHOICES, FACT_NAMES, Facts

COLUMNS = ("male", "age_y", "diameter_mm", "afp", "child_pugh_a", "child_pugh_b", "child_pugh_c", "hbsag", "hcv")
COLUMNS_OF: Mapping[str, tuple[int, ...]] = {
    "sex": (0,),
    "age_y": (1,),
    "diameter_mm": (2,),
    "afp_ng_ml": (3,),
    "child_pugh": (4, 5, 6),
    "hbsag": (7,),
    "hcv": (8,),
}
AFP_SCALES = ("log10", "raw")
"""AFP as log10(1 + ng/ml) [A: it spans six decades], or as it is."""


@dataclass(frozen=True, slots=True, eq=False)
class FactScale:
    """Mean and standard deviation of the nine columns over the training patients; a manifest's ``[facts]``."""

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    afp: str = "log10"

    def __post_init__(self) -> None:
        if self.mean.shape != (len(COLUMNS),) or self.sd.shape != (len(COLUMNS),):
            raise ValueError(f"mean and sd are not {len(COLUMNS)} numbers each")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.sd).all() and (self.sd > 0).all()):
            raise ValueError("mean or sd cannot be")
        if self.afp not in AFP_SCALES:
            raise ValueError(f"afp is {self.afp!r}, not one of {', '.join(AFP_SCALES)}")

    def vector(self, facts: Facts) -> NDArray[np.float64]:
        """The nine numbers, standardised; those of a missing fact are 0, which is the training mean."""
        raw = row_of(facts, self.afp)
        return np.where(np.isnan(raw), 0.0, (raw - self.mean) / self.sd)

    def imputed(self, facts: Facts) -> dict[str, Any]:
        """What stands for the missing facts: the training mean of a number, the training shares of a choice."""
        return {name: self._mean_of(name) for name in facts.missing()}

    def _mean_of(self, name: str) -> Any:
        values = [float(self.mean[column]) for column in COLUMNS_OF[name]]
        if name == "child_pugh":
            return dict(zip(CHOICES[name], values, strict=True))
        if name == "sex":
            return {"male": values[0], "female": 1 - values[0]}
        if name == "afp_ng_ml" and self.afp == "log10":
            return 10 ** values[0] - 1
        return values[0]

    def to_table(self) -> dict[str, Any]:
        """As a manifest holds it."""
        return {
            "columns": list(COLUMNS),
            "mean": [round(float(v), 6) for v in self.mean],
            "sd": [round(float(v), 6) for v in self.sd],
            "afp": self.afp,
        }


def scale_from(table: Mapping[str, Any], bundle_name: str) -> FactScale:
    """The scale of a manifest's ``[facts]`` table.

    Raises
    ------
    BundleError
        A part is missing or cannot be.
    """
    try:
        if tuple(table["columns"]) != COLUMNS:
            raise ValueError("its columns are others than this version's")
        mean, sd = (np.array(table[key], dtype=np.float64) for key in ("mean", "sd"))
        return FactScale(mean, sd, str(table["afp"]))
    except (KeyError, TypeError, ValueError) as problem:
        why = f"{problem} is missing" if isinstance(problem, KeyError) else str(problem)
        raise BundleError(
            f"The bundle {bundle_name} cannot run", f"its table of facts is damaged ({why})", "Install the bundle again"
        ) from problem


def row_of(facts: Facts, afp: str = "log10") -> NDArray[np.float64]:
    """The nine numbers before they are standardised; NaN where a fact is not known."""
    row = np.full(len(COLUMNS), np.nan)
    if facts.sex is not None:
        row[0] = float(facts.sex == "male")
    if facts.age_y is not None:
        row[1] = facts.age_y
    if facts.diameter_mm is not None:
        row[2] = facts.diameter_mm
    if facts.afp_ng_ml is not None:
        row[3] = math.log10(1 + facts.afp_ng_ml) if afp == "log10" else facts.afp_ng_ml
    if facts.child_pugh is not None:
        row[4:7] = [float(facts.child_pugh == grade) for grade in CHOICES["child_pugh"]]
    for column, value in ((7, facts.hbsag), (8, facts.hcv)):
        if value is not None:
            row[column] = float(value)
    return row


def scale_of(patients: list[Facts], afp: str = "log10") -> FactScale:
    """The scale of training patients; a column that is the same in all keeps its width of 1."""
    rows = np.stack([row_of(facts, afp) for facts in patients])
    mean, sd = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    return FactScale(mean, np.where(sd > 1e-9, sd, 1.0), afp)


assert tuple(COLUMNS_OF) == FACT_NAMES
