"""The seven clinical facts of mvi-prediction, with their units and what can be believed of them.

References
----------
Liu 2021 (SEEDS 4.3): gender, age, diameter, AFP, Child-Pugh, HBsAg, HCV.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from overread.core.errors import InputError

UNITS = {"age_y": "years", "diameter_mm": "mm", "afp_ng_ml": "ng/ml"}
LIMITS = {"age_y": (0.0, 120.0), "diameter_mm": (1.0, 300.0), "afp_ng_ml": (0.0, 10_000_000.0)}
CHOICES = {"sex": ("male", "female"), "child_pugh": ("A", "B", "C")}
TRUTHS = ("hbsag", "hcv")
_LONG_BITS = 128


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a patient; None is unknown. Age in years, diameter in mm, AFP in ng/ml."""

    sex: str | None = None
    age_y: float | None = None
    diameter_mm: float | None = None
    afp_ng_ml: float | None = None
    child_pugh: str | None = None
    hbsag: bool | None = None
    hcv: bool | None = None

    def missing(self) -> tuple[str, ...]:
        """Names of the facts that are not known."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is None)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a reading; what is unknown is null."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


FACT_NAMES = tuple(field.name for field in fields(Facts))


def facts_from(document: Mapping[str, Any]) -> Facts:
    """Facts from the keys of a JSON object; a key that is not there, or null, is unknown.

    Raises
    ------
    InputError
        A key is none of the seven, or a value has the wrong kind or cannot be true.
    """
    unknown = sorted(set(document) - set(FACT_NAMES))
    if unknown:
        raise InputError(
            "These facts cannot be used",
            f"{', '.join(repr(str(name)) for name in unknown)} is none of {', '.join(FACT_NAMES)}",
            "Correct the names; see overread read --help",
        )
    return Facts(**{name: _checked(name, document[name]) for name in FACT_NAMES if document.get(name) is not None})


def _checked(name: str, value: Any) -> Any:
    if name in TRUTHS:
        if isinstance(value, bool):
            return value
        raise _wrong(name, value, "true or false")
    if name in CHOICES:
        if value in CHOICES[name]:
            return value
        raise _wrong(name, value, " or ".join(CHOICES[name]))
    low, high = LIMITS[name]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and low <= value <= high:  # neither NaN nor infinite, and no whole number that is no float
        return float(value)
    raise _wrong(name, value, f"a number from {low:g} to {high:,.0f} ({UNITS[name]})")


def _wrong(name: str, value: Any, wanted: str) -> InputError:
    is_long = isinstance(value, int) and value.bit_length() > _LONG_BITS  # Python writes no number of any length
    said = "a number of very many digits" if is_long else f"{value!r:.60}"
    return InputError("These facts cannot be used", f"{name} is {said}, not {wanted}", "Correct it, or leave it out")
