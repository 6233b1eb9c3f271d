"""Where the shown slice lies in a widget: fit, zoom, pan, and the way from pixels to widget points and
back."""

from __future__ import annotations

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
