"""What the left button does with a tool in hand, or on something drawn: draws, drags ends, places marks, chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from overread.ui.read.circle_pencil import CirclePencil
from overread.ui.read.drawn import circle_axes, placed_measures
from overread.viewing.measure import Length, Measuring, Position, distance_to_line, nearest_handle, steps_of
from overread.viewing.placement import Placement
from overread.viewing.second_reading import SecondReading
from overread.viewing.viewport import Viewport

CLICK = 4.0
"""A pointer that moves less between press and release has clicked, points."""
_REACH, _LINE_REACH, _MARK_REACH = 8.0, 6.0, 12.0


@dataclass(slots=True)
class Pencil:
    """Turns pointer positions into changes of ``measuring`` and of the own marks.

    ``placement`` gives where the slice lies now. A line can be drawn by a drag or by two clicks: after a press and
    release on one spot its end follows the pointer until the next press.
    """

    viewport: Viewport
    measuring: Measuring
    second: SecondReading
    placement: Callable[[], Placement]
    circles: CirclePencil
    _pressed: tuple[float, float] | None = None
    _follows: bool = False

    def press(self, x: float, y: float) -> bool:
        """The left button goes down; whether it is taken (the profile's drag is for the rest)."""
        measuring, place = self.measuring, self.place_at(x, y)
        volume = self.viewport.volume
        if place is None or volume is None:
            return False
        self._pressed = (x, y)
        if self._follows:
            measuring.drag(place)
            return True
        if measuring.tool == "mark":
            self.second.mark_at(self.viewport.slice, place)
            measuring.use(None)
            return True
        held = self._handle_at(x, y)
        if held is not None and measuring.tool != "circle":
            measuring.grab(*held)
        elif measuring.tool in (None, "circle") and self.circles.grab(x, y):
            return True
        elif measuring.tool == "circle":
            self.circles.draw(place)
            return self.circles.is_held
        elif measuring.tool is not None:
            measuring.begin(self.viewport.slice, place, steps_of(volume)[2])
        return measuring.pending is not None

    def move(self, x: float, y: float) -> None:
        """The pointer moves with something in hand."""
        place = self.place_at(x, y)
        if self.circles.is_held and place is not None:
            self.circles.regions.drag(place)
        elif self.measuring.pending is not None and place is not None:
            self.measuring.drag(place)

    def release(self, x: float, y: float) -> None:
        """The left button comes up: a drag ends here, a first click goes on."""
        pressed, self._pressed = self._pressed, None
        if self.circles.is_held:
            self.circles.regions.finish()
            return
        if self.measuring.pending is None or pressed is None:
            self._follows = False
        elif self._follows or _has_moved(pressed, x, y) or self.measuring.tool is None:
            self._follows = False
            self.measuring.finish()
        else:
            self._follows = True

    def drop(self) -> None:
        """Another slice, Escape: what is half drawn is no more."""
        self._follows, self._pressed = False, None
        self.circles.regions.drop()
        if self.measuring.pending is not None:
            self.measuring.leave()

    def click(self, x: float, y: float) -> None:
        """A click that no tool took chooses what lies under it, or nothing."""
        marks = [(abs(px - x) + abs(py - y), number) for number, px, py in self._mark_points()]
        distance, number = min(marks, default=(_MARK_REACH + 1, 0))
        if distance <= _MARK_REACH:
            self.measuring.select(None)
            self.second.select(number)
            return
        self.measuring.select(self._measure_at(x, y))
        if self.measuring.selected is None and not self.circles.choose(x, y):
            self.second.select(None)

    def is_over_handle(self, x: float, y: float) -> bool:
        """Whether a press here would take hold of an end."""
        return self._handle_at(x, y) is not None or self.circles.is_over(x, y)

    def place_at(self, x: float, y: float) -> Position | None:
        """The place under a widget point, at the nearest edge when the point lies outside the slice."""
        placed = self.placement()
        row, column = placed.to_image(x, y)
        return self.viewport.place_at(
            min(max(row, -0.5), placed.rows - 0.5), min(max(column, -0.5), placed.columns - 0.5)
        )

    def _handle_at(self, x: float, y: float) -> tuple[int, int] | None:
        drawn = placed_measures(self.measuring, self.viewport, self.placement())
        handles = [(one.measure.number, n, *point) for one in drawn for n, point in enumerate((one.a, one.b))]
        return nearest_handle(handles, x, y, _REACH)

    def _measure_at(self, x: float, y: float) -> int | None:
        placed = self.placement()
        for one in placed_measures(self.measuring, self.viewport, placed):
            if isinstance(one.measure, Length):
                if distance_to_line(x, y, one.a, one.b) <= _LINE_REACH:
                    return one.measure.number
                continue
            across, down = circle_axes(one, self.viewport, placed)
            if ((x - one.a[0]) / max(across, 1)) ** 2 + ((y - one.a[1]) / max(down, 1)) ** 2 <= 1:
                return one.measure.number
        return None

    def _mark_points(self) -> list[tuple[int, float, float]]:
        placed = self.placement()
        return [
            (mark.number, *placed.to_widget(mark.row, mark.column))
            for mark in self.second.drawn_marks()
            if mark.is_here
        ]


def _has_moved(pressed: tuple[float, float], x: float, y: float) -> bool:
    return abs(x - pressed[0]) + abs(y - pressed[1]) >= CLICK
