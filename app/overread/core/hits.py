"""Which mark hits which lesion: one rule for people, systems and evaluation (CONTRACT section 7)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError

MARGIN_MM = 10.0
PRINTED_MARGINS_MM = (5.0, MARGIN_MM, 15.0)
"""Beside the margin that counts, what a narrower and a wider one would have given."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A lesion to be found: its id, the centres of its mask's voxels (n, 3), and its own centre; mm, LPS.

    Without a mask ``voxels_mm`` is empty and the centre must be given; with one the centre may be left out: it is the
    mean of the voxels then.
    """

    id: str
    voxels_mm: NDArray[np.float64]
    centre_mm: tuple[float, float, float] | None = None

    def distance_mm(self, place: Sequence[float]) -> float:
        """Distance in 3D from a place to the nearest voxel of the mask; infinite without a mask."""
        if len(self.voxels_mm) == 0:
            return math.inf
        return float(np.sqrt(((self.voxels_mm - np.asarray(place, dtype=np.float64)) ** 2).sum(axis=1).min()))

    def centre_distance_mm(self, place: Sequence[float]) -> float:
        """Distance in 3D from a place to the centre."""
        if self.centre_mm is None and len(self.voxels_mm) == 0:
            raise ValueError(f"target {self.id} has neither mask nor centre")
        centre = self.voxels_mm.mean(axis=0) if self.centre_mm is None else np.asarray(self.centre_mm)
        return float(np.sqrt(((centre - np.asarray(place, dtype=np.float64)) ** 2).sum()))


@dataclass(frozen=True, slots=True)
class AcceptanceRule:
    """How near a mark must come: to the mask within ``reach_mm``, or to the centre within it.

    Part of a study's data: what is frozen with it and written into every result that was scored by it.
    """

    kind: Literal["mask", "radius"] = "mask"
    reach_mm: float = MARGIN_MM

    def __post_init__(self) -> None:
        if self.kind not in {"mask", "radius"} or not 0 <= self.reach_mm < math.inf:
            raise InputError(
                "The acceptance rule cannot be used",
                f"it is {self.kind!r} with {self.reach_mm:g} mm",
                'Give rule = "mask" with margin_mm, or rule = "radius" with radius_mm, 0 mm or more',
            )

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> AcceptanceRule:
        """From ``[acceptance]`` of a study, or from `to_json`; the rule is ``mask`` with 10 mm where nothing is said.

        Raises
        ------
        InputError
            For another rule, a radius that is missing, or a length that is no number of 0 mm or more.
        """
        kind = table.get("rule", "mask")
        length = table.get("radius_mm") if kind == "radius" else table.get("margin_mm", MARGIN_MM)
        if isinstance(length, bool) or not isinstance(length, int | float):
            length = math.nan
        return cls(kind, float(length))

    def to_json(self) -> dict[str, Any]:
        """As ``[acceptance]`` of a study holds it."""
        return {"rule": self.kind, "margin_mm" if self.kind == "mask" else "radius_mm": self.reach_mm}

    def distance_mm(self, target: Target, place: Sequence[float]) -> float:
        """The distance that this rule looks at."""
        return target.distance_mm(place) if self.kind == "mask" else target.centre_distance_mm(place)

    def beside(self) -> tuple[AcceptanceRule, ...]:
        """The rules to print: for masks also margins of 5 and 15 mm; rising, this one among them."""
        if self.kind == "radius":
            return (self,)
        return tuple(AcceptanceRule("mask", mm) for mm in sorted({*PRINTED_MARGINS_MM, self.reach_mm}))


@dataclass(frozen=True, slots=True)
class Hit:
    """What became of one mark: ``hit`` (which target), ``repeat`` (of a taken target) or ``false``."""

    kind: str
    target: str | None
    distance_mm: float | None


def match_marks(
    places: Sequence[Sequence[float]],
    scores: Sequence[float],
    targets: Sequence[Target],
    rule: AcceptanceRule | float = MARGIN_MM,
) -> list[Hit]:
    """Marks by falling score each take the nearest free target that the rule lets them reach.

    A mark that reaches only taken targets is a repeat: neither hit nor false. Equal scores keep their order; of targets
    as near as each other the first by id is taken.

    Parameters
    ----------
    rule
        A number is a margin around masks, mm.

    Returns
    -------
    list of Hit
        In the order of ``places``.
    """
    accepted = rule if isinstance(rule, AcceptanceRule) else AcceptanceRule("mask", rule)
    order = sorted(range(len(places)), key=lambda n: (-scores[n], n))
    taken: set[str] = set()
    found: dict[int, Hit] = {}
    for n in order:
        reached = _reached(places[n], targets, accepted)
        free = [(d, name) for d, name in reached if name not in taken]
        if free:
            taken.add(free[0][1])
            found[n] = Hit("hit", free[0][1], free[0][0])
        elif reached:
            found[n] = Hit("repeat", reached[0][1], reached[0][0])
        else:
            found[n] = Hit("false", None, None)
    return [found[n] for n in range(len(places))]


def judge_place(place: Sequence[float], targets: Sequence[Target], rule: AcceptanceRule | float = MARGIN_MM) -> Hit:
    """What an LROC study's one place is worth: hitting any target is a hit."""
    return match_marks([place], [0.0], targets, rule)[0]


def _reached(place: Sequence[float], targets: Sequence[Target], rule: AcceptanceRule) -> list[tuple[float, str]]:
    """Distances and ids of the targets within reach, the nearest first."""
    reached = sorted((rule.distance_mm(target, place), target.id) for target in targets)
    return [(distance, name) for distance, name in reached if distance <= rule.reach_mm]
