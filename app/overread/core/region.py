"""Where a person, a mask or a detector says a lesion is: circles on slices, in patient space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from overread.core.errors import InputError

SOURCES = ("circle", "mark", "recist", "mask", "truth", "detector")
MASK_MARGIN_MM = 10.0
"""How far the circle of a mask reaches beyond the smallest one around it (CONTRACT section 1)."""
LEAST_RADIUS_MM = 0.5
"""No circle is made smaller than this, and no lesion is taken to be [A]."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle in the plane of a slice: centre in mm, LPS, and radius in mm."""

    centre_mm: tuple[float, float, float]
    radius_mm: float

    def __post_init__(self) -> None:
        if not (all(math.isfinite(v) for v in self.centre_mm) and math.isfinite(self.radius_mm) and self.radius_mm > 0):
            raise ValueError("a circle has finite coordinates and a radius above 0")


@dataclass(frozen=True, slots=True)
class LesionRegion:
    """One lesion: a circle for every slice that shows it, in order of the slices.

    ``source`` says where it comes from, ``margin_mm`` how far its circles reach beyond the lesion's edge.
    """

    id: str
    circles: tuple[Circle, ...]
    source: str
    margin_mm: float = 0.0

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ValueError(f"no such source of a region: {self.source}")
        if not self.circles:
            raise ValueError("a region has at least one circle")
        if not (math.isfinite(self.margin_mm) and self.margin_mm >= 0):
            raise ValueError("a margin is a number of mm from 0")

    @property
    def largest(self) -> Circle:
        """The largest circle, the first of equals."""
        return max(self.circles, key=lambda circle: circle.radius_mm)

    @property
    def diameter_mm(self) -> float:
        """Largest diameter of the lesion itself: that of the largest circle less the margin on both sides."""
        return max(0.0, 2 * (self.largest.radius_mm - self.margin_mm))

    def at_margin(self, margin_mm: float) -> LesionRegion:
        """The same lesion with circles that reach so far beyond its edge; its diameter stays."""
        if margin_mm == self.margin_mm:
            return self
        more = margin_mm - self.margin_mm
        circles = tuple(Circle(c.centre_mm, max(c.radius_mm + more, LEAST_RADIUS_MM)) for c in self.circles)
        return LesionRegion(self.id, circles, self.source, margin_mm)


@dataclass(frozen=True, slots=True)
class Region:
    """What a system shall look at: lesions, the one to be read first, which is the largest or a detector's surest.

    ``notes`` are sentences about what of a file became no lesion; a reading repeats them among its messages.
    """

    lesions: tuple[LesionRegion, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.lesions:
            raise ValueError("a region holds at least one lesion")

    def to_json(self) -> dict[str, Any]:
        """As it stands in a reading."""
        return {
            "lesions": [
                {
                    "id": lesion.id,
                    "source": lesion.source,
                    "margin_mm": lesion.margin_mm,
                    "circles": [{"centre_mm": list(c.centre_mm), "radius_mm": c.radius_mm} for c in lesion.circles],
                }
                for lesion in self.lesions
            ]
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Region:
        """Read what ``to_json`` gives.

        Raises
        ------
        InputError
            A part is missing or wrong.
        """
        try:
            return cls(tuple(_lesion(item) for item in document["lesions"]))
        except (KeyError, TypeError, ValueError, OverflowError) as problem:
            raise InputError(
                "This region cannot be used", f"a part is missing or wrong ({problem})", "Draw or export it again"
            ) from problem


def largest_first(lesions: list[LesionRegion]) -> tuple[LesionRegion, ...]:
    """Lesions by falling size; equal ones keep their order."""
    return tuple(sorted(lesions, key=lambda lesion: -lesion.diameter_mm))


def _lesion(item: Mapping[str, Any]) -> LesionRegion:
    return LesionRegion(
        id=str(item["id"]),
        circles=tuple(_circle(circle) for circle in item["circles"]),
        source=str(item["source"]),
        margin_mm=float(item.get("margin_mm", 0.0)),
    )


def _circle(item: Mapping[str, Any]) -> Circle:
    x, y, z = (float(v) for v in item["centre_mm"])
    return Circle((x, y, z), float(item["radius_mm"]))
