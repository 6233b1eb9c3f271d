"""Circling a lesion with the mouse: drag from its middle to its edge; the middle moves it, the edge resizes it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from overread.viewing.measure import Position
from overread.viewing.placement import Placement
from overread.viewing.regions import CENTRE, EDGE, Regions, ShownCircle
from overread.viewing.viewport import Viewport

_REACH, _EDGE_REACH = 9.0, 6.0


@dataclass(slots=True)
class CirclePencil:
    """Turns pointer positions into changes of the circled lesions. ``placement`` gives where the slice lies now."""

    viewport: Viewport
    regions: Regions
    placement: Callable[[], Placement]

    @property
    def is_held(self) -> bool:
        """Whether a circle is in hand."""
        return self.regions.is_held

    def draw(self, place: Position) -> None:
        """Start a circle here."""
        if self.viewport.volume is not None and self.viewport.volume.affine is not None:
            self.regions.begin(self.viewport.slice, place)

    def grab(self, x: float, y: float) -> bool:
        """Take hold of the circle under a widget point, by its middle or its edge; whether there was one."""
        found = self._part_at(x, y)
        if found is not None:
            self.regions.grab(found[0].lesion, self.viewport.slice, found[1])
        return found is not None

    def choose(self, x: float, y: float) -> bool:
        """Choose the lesion under a widget point; whether there was one."""
        for one in self.regions.circles_in(self.viewport):
            (cx, cy), radius = self._place(one)
            if math.hypot(x - cx, y - cy) <= max(radius, _REACH):
                self.regions.select(one.lesion)
                return True
        return False

    def is_over(self, x: float, y: float) -> bool:
        """Whether a press here would take hold of a circle."""
        return self._part_at(x, y) is not None

    def _part_at(self, x: float, y: float) -> tuple[ShownCircle, str] | None:
        for one in self.regions.circles_in(self.viewport):
            (cx, cy), radius = self._place(one)
            away = math.hypot(x - cx, y - cy)
            if one.is_own and away <= _REACH:
                return one, CENTRE
            if one.is_own and abs(away - radius) <= _EDGE_REACH:
                return one, EDGE
        return None

    def _place(self, one: ShownCircle) -> tuple[tuple[float, float], float]:
        placed, spacing = self.placement(), self.viewport.spacing_mm or (1.0, 1.0)
        return placed.to_widget(one.row, one.column), one.radius_mm / spacing[1] * placed.column_width
