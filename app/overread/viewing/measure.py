"""Lengths and round regions on slices: where their ends lie, what they measure, how they are drawn and changed.

Positions are patient coordinates in mm (LPS), so a measurement survives flips, zoom, pan and the way its stack is
turned. Where nothing is known of the spacing they are (column i, row j, slice k) and every word says px.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.study import Volume
from overread.viewing.state import State

Position = tuple[float, float, float]
MM, PX = "mm", "px"
TOOLS = ("length", "region", "mark", "circle")
TOOL_HINTS = {
    "length": "Length: drag along the lesion, or click both ends.  Esc: done",
    "region": "Region: drag from its middle outwards.  Esc: done",
    "mark": "Mark: click the place.  Esc: done",
    "circle": "Lesion: drag from its middle to its edge.  Ctrl+Down: copy to the next slice.  Esc: done",
}
_KEPT_UNDOS = 100


@dataclass(frozen=True, slots=True)
class Length:
    """A straight line on slice ``slice`` (counted from 0)."""

    number: int
    slice: int
    points: tuple[Position, Position]
    unit: str = MM

    @property
    def length(self) -> float:
        """Distance between the ends, in ``unit``."""
        return math.dist(*self.points)

    @property
    def middle(self) -> Position:
        """The point half-way."""
        (ax, ay, az), (bx, by, bz) = self.points
        return (ax + bx) / 2, (ay + by) / 2, (az + bz) / 2

    @property
    def words(self) -> tuple[str, ...]:
        """``23.4 mm``, or ``41.0 px`` where the spacing is unknown."""
        return (f"{self.length:.1f} {self.unit}",)

    def moved(self, handle: int, to: Position) -> Length:
        """The same with one end (0 or 1) elsewhere."""
        return replace(self, points=(to, self.points[1]) if handle == 0 else (self.points[0], to))


@dataclass(frozen=True, slots=True)
class Region:
    """A circle on a slice, by its middle and a point of its rim."""

    number: int
    slice: int
    points: tuple[Position, Position]
    unit: str = MM

    @property
    def radius(self) -> float:
        """Of the circle, in ``unit``."""
        return math.dist(*self.points)

    def moved(self, handle: int, to: Position) -> Region:
        """The same with the middle (0: the whole circle moves) or the rim point (1: it grows) elsewhere."""
        middle, rim = self.points
        if handle == 1:
            return replace(self, points=(middle, to))
        x, y, z = (new - old + edge for new, old, edge in zip(to, middle, rim, strict=True))
        return replace(self, points=(to, (x, y, z)))


Measure = Length | Region


@dataclass(frozen=True, slots=True)
class RegionValue:
    """Values of the pixels whose centres lie in a circle. ``sd`` is that of a sample (n - 1); None below two pixels.

    ``area`` is that of the circle as drawn, in mm2 or px.
    """

    count: int
    mean: float | None
    sd: float | None
    lowest: float | None
    highest: float | None
    area: float


def region_value(
    values: NDArray[Any],
    middle: tuple[float, float],
    radius: float,
    step_j: NDArray[np.float64],
    step_i: NDArray[np.float64],
) -> RegionValue:
    """Mean, spread and extremes inside a circle.

    Parameters
    ----------
    values
        One slice as stored, [j, i], with its rescale applied.
    middle
        (j, i) of the circle's middle; fractions are usual.
    radius
        In the unit of the steps.
    step_j, step_i
        Vectors from one row, and from one column, to the next: mm, or unit vectors where spacing is unknown.
    """
    rows, columns = values.shape
    j, i = np.arange(rows) - middle[0], np.arange(columns) - middle[1]
    # |j a + i b|^2 = j^2 a.a + 2 i j a.b + i^2 b.b: right for steps of unequal length and for skewed ones
    squared = (
        (j**2)[:, None] * float(step_j @ step_j)
        + 2 * np.outer(j, i) * float(step_j @ step_i)
        + (i**2)[None, :] * float(step_i @ step_i)
    )
    inside = values[squared <= radius**2 * (1 + 1e-12)].astype(np.float64)
    area = math.pi * radius**2
    if inside.size == 0:
        return RegionValue(0, None, None, None, None, area)
    sd = float(inside.std(ddof=1)) if inside.size > 1 else None
    return RegionValue(inside.size, float(inside.mean()), sd, float(inside.min()), float(inside.max()), area)


def region_words(value: RegionValue, quantity: str, unit: str) -> tuple[str, ...]:
    """The value in three short lines: ``HU mean 54.2, SD 12.1``, ``min 12, max 98``, ``120 mm², n 84``.

    Parameters
    ----------
    quantity
        ``HU``, ``signal`` or ``value``: what the numbers are.
    unit
        ``mm`` or ``px``.
    """
    size = f"{value.area:.0f} {'mm²' if unit == MM else 'px²'}, n {value.count}"
    if value.mean is None or value.lowest is None or value.highest is None:
        return "no pixel inside", size
    spread = f", SD {number_words(value.sd)}" if value.sd is not None else ""
    return (
        f"{quantity} mean {number_words(value.mean)}{spread}",
        f"min {number_words(value.lowest)}, max {number_words(value.highest)}",
        size,
    )


def number_words(number: float) -> str:
    """One decimal below 1000; more for values that lie near zero."""
    if number == 0 or abs(number) >= 1000 or float(number).is_integer():
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 1 else f"{number:.3g}"


def quantity_words(units: str | None, modality: str | None) -> str:
    """What the numbers of a volume are called: ``HU`` on CT, ``signal`` on MR, whose numbers have no unit."""
    if modality == "CT" and units in (None, "HU"):
        return "HU"
    if units and units not in ("US", "HU"):
        return units
    return "signal" if modality == "MR" else "value"


def steps_of(volume: Volume) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Vectors from row to row and from column to column, and their unit."""
    if volume.affine is None:
        return np.array((0.0, 1.0, 0.0)), np.array((1.0, 0.0, 0.0)), PX
    _, between_rows, between_columns = volume.affine.spacing_mm
    return volume.affine.direction("j") * between_rows, volume.affine.direction("i") * between_columns, MM


class Measuring(State):
    """The measurements of every volume of the open study, and the tool in hand.

    Tells ``tool``, ``measures``, ``drawn`` (one has just been finished or changed), ``removed`` or ``selected``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tool: str | None = None
        self.volume_id: str | None = None
        self.selected: int | None = None
        self.pending: Measure | None = None
        self._of: dict[str, tuple[Measure, ...]] = {}
        self._before: dict[str, list[tuple[Measure, ...]]] = {}
        self._handle = 1
        self._numbers = 0

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measurements of the shown volume, in the order drawn; the one in hand is among them."""
        kept = self._of.get(self.volume_id or "", ())
        if self.pending is None:
            return kept
        return (*(m for m in kept if m.number != self.pending.number), self.pending)

    def on_slice(self, k: int, volume_id: str | None = None) -> tuple[Measure, ...]:
        """Those that lie on slice k of a volume, the shown one unless another is named."""
        is_shown = volume_id is None or volume_id == self.volume_id
        of = self.measures if is_shown else self._of.get(volume_id or "", ())
        return tuple(m for m in of if m.slice == k)

    @property
    def last_length(self) -> Length | None:
        """The length drawn or changed last on the shown volume."""
        lengths = [m for m in self._of.get(self.volume_id or "", ()) if isinstance(m, Length)]
        return lengths[-1] if lengths else None

    def show(self, volume_id: str | None) -> None:
        """Turn to another volume; what was half drawn is dropped."""
        self.volume_id, self.pending, self.selected = volume_id, None, None
        self.tell("measures")

    def forget(self) -> None:
        """The study is closed: its measurements go with it."""
        self._of.clear()
        self._before.clear()
        self.tool = None
        self.show(None)

    def use(self, tool: str | None) -> None:
        """Take a tool in hand, or none; taking the same one again puts it down."""
        if tool is not None and tool not in TOOLS:
            raise ValueError(f"no such tool: {tool}")
        self.pending = None
        self.tool = None if tool == self.tool else tool
        self.tell("tool")

    def leave(self) -> bool:
        """Escape: drop what is half drawn, else put the tool down, else choose nothing; whether that did anything."""
        if self.pending is not None:
            self.pending = None
            self.tell("measures")
        elif self.tool is not None:
            self.use(None)
        elif self.selected is not None:
            self.select(None)
        else:
            return False
        return True

    def begin(self, k: int, at: Position, unit: str) -> None:
        """Start drawing with the tool in hand (length or region)."""
        kind = Region if self.tool == "region" else Length
        self._numbers += 1
        self.pending, self._handle = kind(self._numbers, k, (at, at), unit), 1
        self.selected = self.pending.number
        self.tell("measures")

    def grab(self, number: int, handle: int) -> None:
        """Take hold of an end of a measurement."""
        found = self.find(number)
        if found is not None:
            self.pending, self._handle, self.selected = found, handle, number
            self.tell("selected")

    def drag(self, to: Position) -> None:
        """Move what is held."""
        if self.pending is not None:
            self.pending = self.pending.moved(self._handle, to)
            self.tell("measures")

    def finish(self) -> Measure | None:
        """Let go: what was drawn is kept. A line or circle without extent is dropped."""
        done, self.pending = self.pending, None
        if done is None:
            return None
        if math.dist(*done.points) == 0:
            self.selected = None
            self.tell("measures")
            return None
        kept = self._of.get(self.volume_id or "", ())
        if done in kept:  # held and let go without a move
            self.tell("measures")
            return done
        self._keep((*(m for m in kept if m.number != done.number), done))
        self.tell("drawn")
        return done

    def find(self, number: int | None) -> Measure | None:
        """The measurement of the shown volume with this number."""
        return next((m for m in self.measures if m.number == number), None)

    def select(self, number: int | None) -> None:
        """Choose one, or none."""
        if number != self.selected:
            self.selected = number
            self.tell("selected")

    def remove_selected(self) -> bool:
        """Remove the chosen one; whether there was one."""
        kept = self._of.get(self.volume_id or "", ())
        left = tuple(m for m in kept if m.number != self.selected)
        if left == kept:
            return False
        self._keep(left)
        self.selected = None
        self.tell("removed")
        return True

    @property
    def can_undo(self) -> bool:
        """Whether a measurement of the shown volume was drawn, changed or removed."""
        return bool(self._before.get(self.volume_id or ""))

    def undo(self) -> None:
        """Take the last change back."""
        before = self._before.get(self.volume_id or "")
        if before:
            self.pending, self.selected = None, None
            self._of[self.volume_id or ""] = before.pop()
            self.tell("measures")

    def _keep(self, measures: tuple[Measure, ...]) -> None:
        of = self.volume_id or ""
        before = self._before.setdefault(of, [])
        before.append(self._of.get(of, ()))
        del before[:-_KEPT_UNDOS]
        self._of[of] = measures


def is_diameter_of(length: Length, k: int, at: Position, slack: float = 5.0) -> bool:
    """Whether a length on slice k is drawn around a position: it lies in the circle over the length, or near it.

    Parameters
    ----------
    slack
        How far outside the circle it may lie, in the length's unit.
    """
    return length.slice == k and math.dist(length.middle, at) <= length.length / 2 + slack


def nearest_handle(
    handles: Sequence[tuple[int, int, float, float]], x: float, y: float, reach: float
) -> tuple[int, int] | None:
    """(number, handle) of the drawn end nearest to a widget point, None where all lie beyond ``reach``."""
    near = [(math.hypot(hx - x, hy - y), number, handle) for number, handle, hx, hy in handles]
    distance, number, handle = min(near, default=(math.inf, 0, 0))
    return (number, handle) if distance <= reach else None


def distance_to_line(x: float, y: float, a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of a point from the straight piece between a and b."""
    along = (b[0] - a[0], b[1] - a[1])
    squared = along[0] ** 2 + along[1] ** 2
    share = 0.0 if squared == 0 else ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / squared
    share = min(max(share, 0.0), 1.0)
    return math.hypot(x - a[0] - share * along[0], y - a[1] - share * along[1])
