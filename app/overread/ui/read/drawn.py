"""What the reader has put on the slice: lengths, regions with their values, own marks. Drawn in widget points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from overread.ui.read.annotations import HALO, PLATE, draw_text
from overread.viewing.measure import Length, Measure, Measuring, Region, region_words
from overread.viewing.placement import Box, Placement, Point, label_beside_box, label_beside_line
from overread.viewing.region_values import RegionValues
from overread.viewing.second_reading import OwnPlace
from overread.viewing.viewport import Viewport

MEASURE = QColor("#ffe08a")
OWN_MARK = QColor("#f0a6d0")
CHOSEN = QColor("#ffffff")
HANDLE = 4.0
_MARK_SIDE = 9.0


@dataclass(frozen=True, slots=True)
class DrawnMeasure:
    """A measurement in widget points: its two handles, and where its label stands."""

    measure: Measure
    a: Point
    b: Point
    label: Box | None = None


def placed_measures(measuring: Measuring, viewport: Viewport, placed: Placement) -> list[DrawnMeasure]:
    """The measurements of the present slice where they lie in the widget."""
    found = []
    volume_id = viewport.volume.id if viewport.volume is not None else None
    for measure in measuring.on_slice(viewport.slice, volume_id):
        a, b = (placed.to_widget(*viewport.shown_place(p, measure.slice)) for p in measure.points)
        found.append(DrawnMeasure(measure, a, b))
    return found


def circle_axes(drawn: DrawnMeasure, viewport: Viewport, placed: Placement) -> tuple[float, float]:
    """Half width and half height of a region's circle in widget points."""
    spacing = viewport.spacing_mm or (1.0, 1.0)
    radius = drawn.measure.radius if isinstance(drawn.measure, Region) else 0.0
    return radius / spacing[1] * placed.column_width, radius / spacing[0] * placed.row_height


def draw_measures(
    painter: QPainter,
    viewport: Viewport,
    measuring: Measuring,
    values: RegionValues,
    placed: Placement,
    room: Point,
    marks: Sequence[OwnPlace] = (),
) -> list[DrawnMeasure]:
    """Draw lines and circles, then the labels beside them; what was drawn, with the boxes of the labels.

    Labels keep off their own shape always, off other shapes, labels and own marks where there is room.
    """
    drawn = placed_measures(measuring, viewport, placed)
    for one in drawn:
        colour = CHOSEN if one.measure.number == measuring.selected else MEASURE
        _draw_shape(painter, one, circle_axes(one, viewport, placed), colour)
    metrics = QFontMetricsF(painter.font())
    labelled: list[DrawnMeasure] = []
    for one in drawn:
        words = measure_words(one.measure, viewport, values)
        size = (max(metrics.horizontalAdvance(line) for line in words) + 8, metrics.height() * len(words) + 4)
        taken = [other.label for other in labelled if other.label is not None]
        taken += [_box(other, viewport, placed) for other in drawn if other is not one]
        taken += [_mark_box(mark, placed, metrics.height()) for mark in marks]
        if isinstance(one.measure, Length):
            box = label_beside_line(one.a, one.b, size, room, taken)
        else:
            box = label_beside_box(_box(one, viewport, placed), size, room, taken)
        _draw_label(painter, box, words, CHOSEN if one.measure.number == measuring.selected else MEASURE)
        labelled.append(DrawnMeasure(one.measure, one.a, one.b, box))
    return labelled


def measure_words(measure: Measure, viewport: Viewport, values: RegionValues) -> tuple[str, ...]:
    """The lines of a measurement's label."""
    if isinstance(measure, Length):
        return measure.words
    value = values.of(measure, viewport)
    return region_words(value, values.quantity(viewport), measure.unit) if value is not None else ("…",)


def _box(one: DrawnMeasure, viewport: Viewport, placed: Placement) -> Box:
    """The smallest upright box around a line or circle."""
    if isinstance(one.measure, Length):
        left, top = min(one.a[0], one.b[0]), min(one.a[1], one.b[1])
        return left, top, abs(one.a[0] - one.b[0]), abs(one.a[1] - one.b[1])
    across, down = circle_axes(one, viewport, placed)
    return one.a[0] - across, one.a[1] - down, 2 * across, 2 * down


def _mark_box(mark: OwnPlace, placed: Placement, line: float) -> Box:
    """Around a mark's diamond and its name."""
    x, y = placed.to_widget(mark.row, mark.column)
    return x - _MARK_SIDE, y - _MARK_SIDE - line, 2 * _MARK_SIDE + 2.5 * line, 2 * _MARK_SIDE + line


def draw_hint(painter: QPainter, words: str, width: float) -> None:
    """What the tool in hand does, in the middle of the upper edge."""
    metrics = QFontMetricsF(painter.font())
    wide = metrics.horizontalAdvance(words) + 20
    box = QRectF((width - wide) / 2, 34, wide, metrics.height() + 10)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(box, 4, 4)
    draw_text(painter, box.left() + 10, box.top() + 5 + metrics.ascent(), words, CHOSEN)


def draw_own_marks(painter: QPainter, marks: Sequence[OwnPlace], placed: Placement, font: QFont) -> None:
    """A diamond with the mark's name: another shape than a system's ring, not only another colour."""
    painter.save()
    painter.setFont(font)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for mark in marks:
        x, y = placed.to_widget(mark.row, mark.column)
        colour = CHOSEN if mark.is_chosen else OWN_MARK
        style = Qt.PenStyle.SolidLine if mark.is_here else Qt.PenStyle.DashLine
        corners = [
            QPointF(x, y - _MARK_SIDE),
            QPointF(x + _MARK_SIDE, y),
            QPointF(x, y + _MARK_SIDE),
            QPointF(x - _MARK_SIDE, y),
        ]
        for pen in (QPen(HALO, 3.8), QPen(colour, 2.0 if mark.is_chosen else 1.6, style)):
            painter.setPen(pen)
            painter.drawPolygon(QPolygonF(corners))
        draw_text(painter, x + _MARK_SIDE + 3, y - _MARK_SIDE + 2, mark.label, colour)
    painter.restore()


def _draw_shape(painter: QPainter, one: DrawnMeasure, axes: Point, colour: QColor) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(HALO, 3.6), QPen(colour, 1.5)):
        painter.setPen(pen)
        if isinstance(one.measure, Length):
            painter.drawLine(QLineF(*one.a, *one.b))
        else:
            painter.drawEllipse(QPointF(*one.a), *axes)
    for point in (one.a, one.b):
        for pen in (QPen(HALO, 3.2), QPen(colour, 1.4)):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(*point), HANDLE, HANDLE)


def _draw_label(painter: QPainter, box: Box, words: Sequence[str], colour: QColor) -> None:
    metrics = QFontMetricsF(painter.font())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 120))
    painter.drawRoundedRect(QRectF(*box), 3, 3)
    for n, line in enumerate(words):
        draw_text(painter, box[0] + 4, box[1] + 2 + n * metrics.height() + metrics.ascent(), line, colour)
