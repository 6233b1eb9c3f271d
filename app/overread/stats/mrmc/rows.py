"""One line of a table of tests: what every method of this room hands out, in the order it is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Method = Literal["or", "dbm", "ustat", "delong", "standalone"]
Covariance = Literal["jackknife", "delong", "unbiased", "bootstrap"]
Generalisation = Literal["rrrc", "frrc", "rrfc"]
"""To whom a result is carried: random readers and cases, these readers and random cases, random readers and these
cases."""

NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TestRow:
    """A test, or the interval of a mean; NaN where a number is not available, and then ``note`` says why.

    Attributes
    ----------
    figure
        Figure of merit as CONTRACT section 6 calls it.
    method, covariance, generalises_to
        How the p-value was got; None where there is nothing of the kind, as a covariance of cases in ``rrfc``.
    contrast
        What is compared, e.g. ``A - B``, ``all conditions``, ``A``, ``A - B | reader 3``; of a U-statistic also what
        it is tested against.
    difference
        First minus second, or the mean itself where one thing stands alone; NaN for a test of all at once.
    se
        Standard error of ``difference``.
    statistic
        F or chi square of a test of all at once, otherwise t or z.
    df
        Degrees of freedom: two of F, one of t and chi square, none of z.
    p
        Two-sided.
    ci
        Lower and upper limit of ``difference``.
    components
        Variance components and mean squares that the test is made of, by name.
    """

    figure: str
    method: Method
    covariance: Covariance | None
    generalises_to: Generalisation | None
    contrast: str
    difference: float = math.nan
    se: float = math.nan
    statistic: float = math.nan
    df: tuple[float, ...] = ()
    p: float = math.nan
    ci: tuple[float, float] = (math.nan, math.nan)
    components: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    note: str = ""

    __test__ = False  # pytest would take the name for a class of tests

    def as_entry(self) -> dict[str, Any]:
        """The row as ``tests`` of ``analysis.json`` holds it: None in place of what is no finite number."""
        df = [_number(value) for value in self.df]
        limits = [_number(limit) for limit in self.ci]
        return {
            "figure": self.figure,
            "method": self.method,
            "covariance": self.covariance,
            "generalises_to": self.generalises_to,
            "contrast": self.contrast,
            "difference": _number(self.difference),
            "se": _number(self.se),
            "statistic": _number(self.statistic),
            "df": None if not df else df[0] if len(df) == 1 else df,
            "p": _number(self.p),
            "ci": None if limits == [None, None] else limits,
            "components": {name: _number(value) for name, value in self.components.items()} or None,
            **({"note": self.note} if self.note else {}),
        }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
