"""Where the reader says that a lesion is: circles on slices, drawn at its edge, kept in patient space.

A lesion is circled on one volume; between two circles that were drawn, those of the slices between are interpolated.
Every view of the same frame of reference shows them. What a system is given is each circle widened by the margin that
masks are widened by, so that a circle at the edge of a lesion means the same as its mask.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from overread.core.region import MASK_MARGIN_MM, Circle, LesionRegion, Region, largest_first
from overread.core.study import Volume
from overread.viewing.measure import Position
from overread.viewing.state import State
from overread.viewing.viewport import Viewport

LEAST_RADIUS_MM, FIRST_RADIUS_MM = 1.0, 10.0
CENTRE, EDGE = "centre", "edge"
CHANGED = ("region-drawn", "region-stepped")
"""What is told when the kept lesions are others than before; while a circle is in hand it is not."""
_KEPT_UNDOS = 100
_SLACK_MM = 0.01
_OVER = 1.5
"""A circle whose centre lies this many radii beside that of the nearest slice is still of the same lesion."""
Lesions = tuple["CircledLesion", ...]


@dataclass(frozen=True, slots=True)
class CircledLesion:
    """One lesion: the circles that were drawn, by slice of the volume they were drawn on."""

    number: int
    volume_id: str
    drawn: Mapping[int, Circle] = field(default_factory=dict)
    source: str = "circle"
    notes: tuple[str, ...] = ()
    """What was said of the file it came from; they go with it."""

    @property
    def circles(self) -> dict[int, Circle]:
        """Every slice from the first to the last that was drawn, those between interpolated."""
        slices, all_of = sorted(self.drawn), {}
        for low, high in itertools.pairwise(slices):
            for k in range(low, high):
                all_of[k] = _between(self.drawn[low], self.drawn[high], (k - low) / (high - low))
        return {**all_of, slices[-1]: self.drawn[slices[-1]]} if slices else {}

    @property
    def diameter_mm(self) -> float:
        """Of its largest circle."""
        return 2 * max(circle.radius_mm for circle in self.circles.values())

    @property
    def words(self) -> str:
        """``34 mm, slices 12-15``, the slices counted from 1."""
        slices = sorted(self.circles)
        low, high = slices[0] + 1, slices[-1] + 1
        where = f"slice {low}" if low == high else f"slices {low}–{high}"
        return f"{self.diameter_mm:.0f} mm, {where}"

    def to_region(self) -> LesionRegion:
        """As a system is given it: with the margin, in the order of the slices."""
        circles = (Circle(c.centre_mm, c.radius_mm + MASK_MARGIN_MM) for _, c in sorted(self.circles.items()))
        return LesionRegion(f"L{self.number}", tuple(circles), self.source, MASK_MARGIN_MM)


@dataclass(frozen=True, slots=True)
class ShownCircle:
    """A circle as a view draws it: shown (row, column), radius in mm, whether it was drawn on this very slice."""

    lesion: int
    row: float
    column: float
    radius_mm: float
    is_drawn: bool
    is_own: bool
    """Whether the view shows the volume it was drawn on, so that it can be changed there."""
    is_chosen: bool


class Regions(State):
    """The circled lesions of every frame of reference. Tells ``regions``, and before it what happened:
    ``region-drawn`` (a change that can be undone), ``region-stepped`` (undone or redone) or ``region-chosen``."""

    def __init__(self) -> None:
        super().__init__()
        self._of: dict[str, tuple[CircledLesion, ...]] = {}
        self._before: dict[str, list[tuple[CircledLesion, ...]]] = {}
        self._after: dict[str, list[tuple[CircledLesion, ...]]] = {}
        self._volume: Volume | None = None
        self.selected: int | None = None
        self._held: str | None = None
        self._pending: tuple[int, Circle] | None = None
        self._pending_lesion: int | None = None
        self.is_withheld: Callable[[str], bool] = lambda _volume_id: False
        """Whether a volume is still read alone; the session says."""

    # What stands

    def show(self, volume: Volume | None) -> None:
        """Turn to the volume of the active view."""
        before, self._volume = self._key, volume
        self._pending, self._held = None, None
        if self._key != before:
            self.selected = self.lesions[0].number if self.lesions else None
        self.tell("regions")

    @property
    def lesions(self) -> tuple[CircledLesion, ...]:
        """The lesions of the shown frame of reference, in the order drawn; the circle in hand is among them."""
        kept = self._told(self._of.get(self._key, ()), self._volume)
        return self._with_pending(kept) if self._pending is not None else kept

    def find(self, number: int | None) -> CircledLesion | None:
        """The lesion with this number."""
        return next((lesion for lesion in self.lesions if lesion.number == number), None)

    @property
    def chosen(self) -> CircledLesion | None:
        """The chosen lesion."""
        return self.find(self.selected)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was said of the files that the shown lesions came from: what of them became no lesion."""
        return _notes(self.lesions)

    @property
    def is_held(self) -> bool:
        """Whether a circle is being drawn, moved or resized."""
        return self._pending is not None

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before.get(self._key))

    @property
    def can_redo(self) -> bool:
        """Whether a change that was taken back can be made again."""
        return bool(self._after.get(self._key))

    def region_for(self, volume: Volume | None) -> Region | None:
        """What a system that reads this volume is given: the lesions of its frame of reference, the largest first."""
        lesions = self._of.get(_key_of(volume), ()) if volume is not None else ()
        return Region(largest_first([lesion.to_region() for lesion in lesions]), _notes(lesions)) if lesions else None

    def circles_in(self, viewport: Viewport) -> list[ShownCircle]:
        """The circles that a view shows on its present slice."""
        volume = viewport.volume
        if volume is None or volume.affine is None:
            return []
        is_here = _key_of(volume) == self._key
        lesions = self.lesions if is_here else self._of.get(_key_of(volume), ())
        lesions = self._told(lesions, volume)
        shown = (_shown(lesion, viewport, is_here and lesion.number == self.selected) for lesion in lesions)
        return [one for one in shown if one is not None]

    # What the reader does

    def select(self, number: int | None) -> None:
        """Choose a lesion, or none."""
        if number != self.selected:
            self.selected = number
            self.tell("region-chosen")

    def begin(self, k: int, centre: Position) -> None:
        """Start a circle on slice k: of the chosen lesion where it is of this volume, else of a new one."""
        if self._volume is None:
            return
        lesion = self.chosen
        can_join = lesion is not None and _goes_on(lesion, self._volume, k, centre)
        self._pending_lesion = lesion.number if lesion is not None and can_join else self._next_number()
        self._pending, self._held = (k, Circle(centre, LEAST_RADIUS_MM)), EDGE
        self.selected = self._pending_lesion
        self.tell("regions")

    def grab(self, number: int, k: int, part: str) -> None:
        """Take hold of a lesion's circle on slice k, by its ``centre`` or its ``edge``; an interpolated one too."""
        lesion = self.find(number)
        circle = lesion.circles.get(k) if lesion is not None else None
        if circle is not None:
            self._pending, self._pending_lesion, self._held, self.selected = (k, circle), number, part, number
            self.tell("regions")

    def drag(self, to: Position) -> None:
        """Move what is held: the centre takes the circle along, the edge makes it larger or smaller."""
        if self._pending is None:
            return
        k, circle = self._pending
        if self._held == CENTRE:
            circle = Circle(to, circle.radius_mm)
        else:
            circle = Circle(circle.centre_mm, max(LEAST_RADIUS_MM, math.dist(circle.centre_mm, to)))
        self._pending = k, circle
        self.tell("regions")

    def finish(self) -> None:
        """Let go: what was drawn is kept. A new circle without extent becomes one of the first size."""
        if self._pending is None:
            return
        k, circle = self._pending
        was_there = self._pending_lesion in {lesion.number for lesion in self._of.get(self._key, ())}
        if circle.radius_mm <= LEAST_RADIUS_MM and not (was_there and self._held == CENTRE):
            self._pending = k, Circle(circle.centre_mm, FIRST_RADIUS_MM)
        made = self._with_pending(self._of.get(self._key, ()))
        self._pending = self._held = None
        self._keep(made)

    def drop(self) -> None:
        """What is in hand is no more."""
        if self._pending is not None:
            self._pending = self._held = None
            self.tell("regions")

    def put(self, k: int, centre: Position, radius_mm: float, source: str = "circle", *, new: bool = False) -> None:
        """Put a circle on slice k at once: of the chosen lesion, or of a new one."""
        if self._volume is None:
            return
        if new:
            self.selected = None
        self.begin(k, centre)
        self._pending = k, Circle(centre, max(radius_mm, LEAST_RADIUS_MM + _SLACK_MM))
        made = self._with_pending(self._of.get(self._key, ()), source)
        self._pending = self._held = None
        self._keep(made)

    def take(self, region: Region) -> int:
        """Add the lesions of a file or a mask on the shown volume, and choose the largest; how many lie on it."""
        volume = self._volume
        if volume is None or volume.affine is None:
            return 0
        made: list[CircledLesion] = []
        number = self._next_number()
        for lesion in region.lesions:
            drawn = {}
            for circle in lesion.circles:
                k = round(float(volume.affine.to_index(circle.centre_mm)[0]))
                if 0 <= k < volume.frames:
                    drawn[k] = Circle(circle.centre_mm, max(LEAST_RADIUS_MM, circle.radius_mm - lesion.margin_mm))
            if drawn:
                made.append(CircledLesion(number + len(made), volume.id, drawn, lesion.source, region.notes))
        if made:
            self.selected = made[0].number
            self._keep((*self._of.get(self._key, ()), *made))
        return len(made)

    def copy_on(self, k: int, by: int) -> int | None:
        """Copy the chosen lesion's circle of slice k to the next (1) or previous (-1) one; that slice, or None."""
        lesion, volume = self.chosen, self._volume
        circle = lesion.circles.get(k) if lesion is not None else None
        if lesion is None or circle is None or volume is None or volume.affine is None or volume.id != lesion.volume_id:
            return None
        there = k + by
        if not 0 <= there < volume.frames:
            return None
        step = volume.affine.to_mm((there, 0, 0)) - volume.affine.to_mm((k, 0, 0))
        x, y, z = (float(a + b) for a, b in zip(circle.centre_mm, step, strict=True))
        self._change(lesion, {k: circle, there: Circle((x, y, z), circle.radius_mm)})
        return there

    def resize(self, k: int, by_mm: float) -> None:
        """Make the chosen lesion's circle on slice k larger or smaller."""
        lesion = self.chosen
        circle = lesion.circles.get(k) if lesion is not None else None
        if lesion is not None and circle is not None:
            radius = max(LEAST_RADIUS_MM + _SLACK_MM, circle.radius_mm + by_mm)
            self._change(lesion, {k: Circle(circle.centre_mm, radius)})

    def move(self, k: int, to: Position) -> None:
        """Move the chosen lesion's circle on slice k."""
        lesion = self.chosen
        circle = lesion.circles.get(k) if lesion is not None else None
        if lesion is not None and circle is not None:
            self._change(lesion, {k: Circle(to, circle.radius_mm)})

    def remove(self, k: int | None = None) -> bool:
        """Remove the chosen lesion's circle drawn on slice k, or all of the lesion; whether anything was there."""
        lesion = self.chosen
        if lesion is None or (k is not None and k not in lesion.drawn):
            return False
        left = {} if k is None else {at: circle for at, circle in lesion.drawn.items() if at != k}
        others = self._of.get(self._key, ())
        if left:
            self._keep(tuple(replace(o, drawn=left) if o.number == lesion.number else o for o in others))
        else:
            kept = tuple(other for other in others if other.number != lesion.number)
            self.selected = kept[-1].number if kept else None
            self._keep(kept)
        return True

    def undo(self) -> None:
        """Take the last change back."""
        self._step(self._before, self._after)

    def redo(self) -> None:
        """Make the last change that was taken back again."""
        self._step(self._after, self._before)

    # Underneath

    @property
    def _key(self) -> str:
        return _key_of(self._volume)

    def _told(self, lesions: tuple[CircledLesion, ...], volume: Volume | None) -> tuple[CircledLesion, ...]:
        """Those that may be seen with a volume: over one that is read alone a circle from a candidate would tell."""
        if volume is None or not self.is_withheld(volume.id):
            return lesions
        return tuple(lesion for lesion in lesions if lesion.source != "detector")

    def _next_number(self) -> int:
        return max((lesion.number for lesion in self._of.get(self._key, ())), default=0) + 1

    def _with_pending(self, kept: Sequence[CircledLesion], source: str = "circle") -> tuple[CircledLesion, ...]:
        assert self._pending is not None
        assert self._pending_lesion is not None
        k, circle = self._pending
        old = next((lesion for lesion in kept if lesion.number == self._pending_lesion), None)
        if old is None:
            volume_id = self._volume.id if self._volume is not None else ""
            return (*kept, CircledLesion(self._pending_lesion, volume_id, {k: circle}, source))
        made = replace(old, drawn={**old.drawn, k: circle})
        return tuple(made if lesion is old else lesion for lesion in kept)

    def _change(self, lesion: CircledLesion, circles: Mapping[int, Circle]) -> None:
        made = replace(lesion, drawn={**lesion.drawn, **circles})
        self._keep(tuple(made if other.number == lesion.number else other for other in self._of.get(self._key, ())))

    def _keep(self, lesions: tuple[CircledLesion, ...]) -> None:
        before = self._before.setdefault(self._key, [])
        before.append(self._of.get(self._key, ()))
        del before[:-_KEPT_UNDOS]
        self._after.pop(self._key, None)
        self._of[self._key] = lesions
        self.tell("region-drawn")
        self.tell("regions")

    def _step(self, source: dict[str, list[Lesions]], target: dict[str, list[Lesions]]) -> None:
        stack = source.get(self._key)
        if not stack:
            return
        target.setdefault(self._key, []).append(self._of.get(self._key, ()))
        self._of[self._key] = stack.pop()
        if self.chosen is None:
            self.selected = self.lesions[-1].number if self.lesions else None
        self.tell("region-stepped")
        self.tell("regions")


def _notes(lesions: Sequence[CircledLesion]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for lesion in lesions for note in lesion.notes))


def _key_of(volume: Volume | None) -> str:
    """Lesions belong to a frame of reference, or to one volume where that is unknown."""
    return "" if volume is None else volume.frame_of_reference or volume.id


def _between(one: Circle, other: Circle, share: float) -> Circle:
    x, y, z = (a + share * (b - a) for a, b in zip(one.centre_mm, other.centre_mm, strict=True))
    return Circle((x, y, z), one.radius_mm + share * (other.radius_mm - one.radius_mm))


def _goes_on(lesion: CircledLesion, volume: Volume, k: int, centre: Position) -> bool:
    """Whether a new circle on slice k is another of a lesion: it lies over its nearest one, along the slices."""
    if lesion.volume_id != volume.id or k in lesion.drawn or volume.affine is None:
        return False
    circle = lesion.drawn[min(lesion.drawn, key=lambda at: abs(at - k))]
    one, other = (volume.affine.to_index(place)[1:] for place in (circle.centre_mm, centre))
    down, across = ((one - other) * np.asarray(volume.affine.spacing_mm[1:])).tolist()
    return math.hypot(down, across) <= _OVER * circle.radius_mm


def _shown(lesion: CircledLesion, viewport: Viewport, is_chosen: bool) -> ShownCircle | None:
    volume = viewport.volume
    assert volume is not None
    assert volume.affine is not None
    if volume.id == lesion.volume_id:
        circle = lesion.circles.get(viewport.slice)
        if circle is None:
            return None
        row, column = viewport.shown_place(circle.centre_mm, viewport.slice)
        is_drawn = viewport.slice in lesion.drawn
        return ShownCircle(lesion.number, row, column, circle.radius_mm, is_drawn, True, is_chosen)
    places = [(circle, viewport.shown_point(circle.centre_mm)) for circle in lesion.circles.values()]
    found = [(abs(p[2] - viewport.slice), c, p) for c, p in places if p is not None]
    off, circle, point = min(found, key=lambda each: each[0])
    reach = max(volume.affine.spacing_mm[0], _step_mm(lesion)) / 2 + _SLACK_MM
    if off * volume.affine.spacing_mm[0] > reach:
        return None
    return ShownCircle(lesion.number, point[0], point[1], circle.radius_mm, False, False, is_chosen)


def _step_mm(lesion: CircledLesion) -> float:
    """Distance between neighbouring circles; 0 where there is one."""
    circles = [circle.centre_mm for _, circle in sorted(lesion.circles.items())]
    return math.dist(circles[0], circles[1]) if len(circles) > 1 else 0.0
