"""From a person's region to the slices that are looked at: one lesion, one circle a slice."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from overread.core.errors import GateRefusal
from overread.core.geometry import Grid
from overread.core.region import MASK_MARGIN_MM, Circle, LesionRegion, Region

SYSTEM = "mvi-prediction"
LARGEST_MM = 180.0
"""Diameter of the largest tumour of the phantoms (PHANTOM section 6)."""


@dataclass(frozen=True, slots=True)
class Circled:
    """The lesion that is read, its circles by slice, and what a reader of the result must know about the choice."""

    lesion: LesionRegion
    circles: tuple[tuple[int, Circle], ...]
    notes: tuple[str, ...] = ()

    @property
    def largest(self) -> tuple[int, Circle]:
        """Slice and circle of the largest, the first of equals."""
        return max(self.circles, key=lambda pair: pair[1].radius_mm)


def circled(region: Region | None, grid: Grid, missing: Collection[int] = ()) -> Circled:
    """Choose the largest lesion and lay its circles on the slices of a volume, one a slice.

    Every circle is brought to 10 mm beyond the tumour's edge, which is how the network was shown tumours: the same
    lesion gives the same squares whether it was circled at its edge, beyond it, or came as a mask.

    Parameters
    ----------
    missing
        Slices that could not be decoded; they are left out and said.

    Raises
    ------
    GateRefusal
        There is no region, or none of the lesion's circles lies on a slice that can be read.
    """
    if region is None:
        raise GateRefusal(
            f"{SYSTEM} does not read this study",
            "nobody has circled the tumour on it",
            "Circle it on every slice in the window, or give the region with --region FILE",
        )
    given = region.lesions[0]
    lesion = given.at_margin(MASK_MARGIN_MM)
    chosen: dict[int, Circle] = {}
    outside = 0
    for circle in lesion.circles:
        k = round(float(grid.affine.to_index([circle.centre_mm])[0, 0]))
        if not (grid.contains(circle.centre_mm) and 0 <= k < grid.shape[0]):
            outside += 1
        elif k not in chosen or circle.radius_mm > chosen[k].radius_mm:
            chosen[k] = circle
    kept = tuple((k, chosen[k]) for k in sorted(chosen) if k not in missing)
    if not kept:
        why = "its slices there could not be decoded" if chosen else "the circled region lies outside this volume"
        raise GateRefusal(f"{SYSTEM} does not read this study", why, "Circle the tumour on this very series")
    notes = []
    if len(region.lesions) > 1:
        count = len(region.lesions)
        notes.append(f"The region holds {count} lesions; the largest, {lesion.id}, was read and the others were not.")
    if lesion is not given:
        notes.append(
            f"The circles reach {given.margin_mm:g} mm beyond the tumour's edge; "
            f"they were brought to {MASK_MARGIN_MM:g} mm beyond it, as it learnt."
        )
    if lesion.diameter_mm > LARGEST_MM:
        notes.append(f"The region is {lesion.diameter_mm:.0f} mm across, more than any tumour it learnt from.")
    if outside:
        notes.append(f"{outside} of {len(lesion.circles)} circles lie outside this volume and were left out.")
    if lost := len(chosen) - len(kept):
        notes.append(f"{lost} circled slices could not be decoded and were left out.")
    return Circled(lesion, kept, tuple(notes))
