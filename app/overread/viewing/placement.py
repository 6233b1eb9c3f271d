"""Where the shown slice lies in a widget: fit, zoom, pan, and the way from pixels to widget points and
back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MIN_ZOOM, MAX_ZOOM = 0.25, 32.0
_BARS_MM = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_USUAL_BAR_MM = 50


@dataclass(frozen=True, slots=True)
class Placement:
    """The shown slice in a widget. ``left`` and ``top`` are the outer corner of its first pixel, in widget
    points."""

    left: float
    top: float
    column_width: float
    row_height: float
    rows: int
    columns: int

    @property
    def width(self) -> float:
        """Width of the whole slice in widget points."""
        return self.columns * self.column_width

    @property
    def height(self) -> float:
        """Height of the whole slice in widget points."""
        return self.rows * self.row_height

    def to_widget(self, row: float, column: float) -> tuple[float, float]:
        """Widget point (x, y) of the centre of a shown pixel; fractions are allowed."""
        return self.left + (column + 0.5) * self.column_width, self.top + (row + 0.5) * self.row_height

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Shown (row, column) under a widget point, whole at pixel centres."""
        return (y - self.top) / self.row_height - 0.5, (x - self.left) / self.column_width - 0.5

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The shown pixel under a widget point, None outside the slice."""
        row, column = (round(v) for v in self.to_image(x, y))
        return (row, column) if 0 <= row < self.rows and 0 <= column < self.columns else None


def place(shape: tuple[int, int], spacing: tuple[float, float], size: tuple[float, float], zoom: float = 1.0,
          centre: tuple[float, float] = (0.0, 0.0)) -> Placement:
    """Place a slice of ``shape`` (rows, columns) in a widget.

    Parameters
    ----------
    spacing
        Distance between rows and between columns, mm (1, 1 when unknown): pixels keep their true aspect.
    size
        Width and height of the widget, points.
    zoom
        1 fits the slice into the widget.
    centre
        What lies in the middle of the widget: mm to the right of and below the middle of the slice.
    """
    rows, columns = shape
    height_mm, width_mm = rows * spacing[0], columns * spacing[1]
    points_per_mm = max(min(size[0] / width_mm, size[1] / height_mm), 1e-6) * zoom
    left = size[0] / 2 - (width_mm / 2 + centre[0]) * points_per_mm
    top = size[1] / 2 - (height_mm / 2 + centre[1]) * points_per_mm
    return Placement(left, top, spacing[1] * points_per_mm, spacing[0] * points_per_mm, rows, columns)


def scale_bar(points_per_mm: float, room: float) -> tuple[int, float]:
    """Length of the scale bar in mm and in widget points: 5 cm where that fits, else the longest of 1, 2, 5
    that does.

    Parameters
    ----------
    room
        Points the bar may take.
    """
    usual = _USUAL_BAR_MM * points_per_mm
    if room / 5 <= usual <= room:
        return _USUAL_BAR_MM, usual
    fitting = [mm for mm in _BARS_MM if mm * points_per_mm <= room]
    length = fitting[-1] if fitting else _BARS_MM[0]
    return length, length * points_per_mm


def bar_words(length_mm: int) -> str:
    """The length as written beside the bar."""
    return f"{length_mm // 10} cm" if length_mm >= 10 else f"{length_mm} mm"


Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, width, height, in widget points."""
LABEL_GAP = 8.0


def label_beside_line(a: Point, b: Point, size: Point, room: Point, taken: Sequence[Box] = ()) -> Box:
    """Where the label of a line goes: beside it, never on it, inside the widget, off other labels where that can be.

    Parameters
    ----------
    a, b
        The ends of the line.
    size
        Width and height of the label.
    room
        Width and height of the widget.
    taken
        Boxes where other labels stand.
    """
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.hypot(dx, dy)
    ux, uy = (dx / length, dy / length) if length > 0 else (1.0, 0.0)
    # half the label's extent along a direction: so far its middle must stay from what it shall not touch
    off_end = abs(ux) * size[0] / 2 + abs(uy) * size[1] / 2 + LABEL_GAP
    off_side = abs(uy) * size[0] / 2 + abs(ux) * size[1] / 2 + LABEL_GAP
    far, start = (b, a) if ux >= 0 else (a, b)
    sign = 1.0 if ux >= 0 else -1.0
    along = (sign * ux * off_end, sign * uy * off_end)
    middles = [(far[0] + along[0], far[1] + along[1]), (start[0] - along[0], start[1] - along[1])]
    for share in (0.5, 0.0, 1.0):
        x, y = a[0] + share * dx, a[1] + share * dy
        middles += [(x - uy * off_side, y + ux * off_side), (x + uy * off_side, y - ux * off_side)]
    return _best_box(middles, size, room, taken, lambda box: _misses_line(box, a, b))


def label_beside_box(around: Box, size: Point, room: Point, taken: Sequence[Box] = ()) -> Box:
    """Where the label of something that fills ``around`` goes: right of it, else left, below, above."""
    left, top, wide, high = around
    x, y = left + wide / 2, top + high / 2
    aside, over = wide / 2 + size[0] / 2 + LABEL_GAP, high / 2 + size[1] / 2 + LABEL_GAP
    middles = [(x + aside, y), (x - aside, y), (x, y + over), (x, y - over)]
    return _best_box(middles, size, room, taken, lambda box: not overlap(box, around))


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return (one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
            and one[1] < other[1] + other[3] and other[1] < one[1] + one[3])


def _best_box(middles: Sequence[Point], size: Point, room: Point, taken: Sequence[Box],
              is_off: Callable[[Box], bool]) -> Box:
    """The first box about one of ``middles`` that is off the shape, inside the widget and free; else the least bad."""
    boxes = [(x - size[0] / 2, y - size[1] / 2, *size) for x, y in middles]
    pushed = [(min(max(left, 0.0), max(room[0] - size[0], 0.0)), min(max(top, 0.0), max(room[1] - size[1], 0.0)), *size)
              for left, top, _, _ in boxes]
    free = [box for box in pushed if is_off(box)]
    unpushed = [box for box, moved in zip(boxes, pushed, strict=True) if box == moved and is_off(box)]
    for choice in (unpushed, free):
        for box in choice:
            if not any(overlap(box, other) for other in taken):
                return box
    return (unpushed or free or pushed)[0]


def _misses_line(box: Box, a: Point, b: Point) -> bool:
    """Whether the straight piece from a to b stays outside a box (slab method)."""
    near, far = 0.0, 1.0
    for axis in (0, 1):
        low, high, start, way = box[axis], box[axis] + box[axis + 2], a[axis], b[axis] - a[axis]
        if way == 0:
            if not low < start < high:
                return True
            continue
        one, other = sorted(((low - start) / way, (high - start) / way))
        near, far = max(near, one), min(far, other)
    return near >= far
