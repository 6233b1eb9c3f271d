"""What systems mark and what the reader circled, on the slice: drawn in widget points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from overread.core.region import MASK_MARGIN_MM
from overread.ui.read.annotations import HALO, draw_text
from overread.ui.read.layer_style import draw_shape, ink, style_of
from overread.viewing.layers import Found
from overread.viewing.placement import Placement
from overread.viewing.regions import ShownCircle
from overread.viewing.viewport import Viewport

REGION = QColor("#c8f08f")
_CHOSEN = QColor("#ffffff")
_SMALLEST = 9.0
_CENTRE = 3.5


def draw_found(
    painter: QPainter,
    placed: Placement,
    viewport: Viewport,
    found: Sequence[Found],
    font: QFont,
    signs: Mapping[int, str],
) -> None:
    """A shape as large as the mark's extent with its letter and number, and the sign of its verdict, on the slices
    near its peak."""
    painter.save()
    painter.setFont(font)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    spacing = viewport.spacing_mm or (1.0, 1.0)
    taken: list[tuple[float, float]] = []
    for one in found:
        x, y = placed.to_widget(one.row, one.column)
        radius_mm = (one.candidate.mark.extent_mm or 0.0) / 2
        radius = max(radius_mm / spacing[1] * placed.column_width, _SMALLEST)
        style = style_of(one.rank)
        colour = _CHOSEN if one.is_chosen else ink(style)
        line = Qt.PenStyle.SolidLine if one.is_peak else Qt.PenStyle.DashLine
        for pen in (QPen(HALO, 3.6), QPen(colour, 1.8 if one.is_chosen else 1.4, line)):
            painter.setPen(pen)
            draw_shape(painter, style, x, y, radius)
        for pen in (QPen(HALO, 3.2), QPen(colour, 1.2)):
            painter.setPen(pen)
            painter.drawLines([QLineF(x - 4, y, x + 4, y), QLineF(x, y - 4, x, y + 4)])
        sign = signs.get(one.candidate.number) if one.is_of_panel else None
        words = " ".join(filter(None, (f"{one.letter}{one.candidate.number}", sign)))
        at = _free(x + radius * 0.71 + 4, y - radius * 0.71 - 3, taken, QFontMetricsF(font).height())
        taken.append(at)
        draw_text(painter, *at, words, colour)
    painter.restore()


def draw_regions(
    painter: QPainter, placed: Placement, viewport: Viewport, circles: Sequence[ShownCircle], font: QFont
) -> None:
    """Circles of lesions: the edge that was drawn, broken where it is interpolated or from another series, and dotted
    what a system is given, which goes 10 mm beyond."""
    painter.save()
    painter.setFont(font)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    spacing = viewport.spacing_mm or (1.0, 1.0)
    for one in circles:
        x, y = placed.to_widget(one.row, one.column)
        is_chosen = one.is_chosen and one.is_own  # by its width: white belongs to the chosen mark of a system
        style = Qt.PenStyle.SolidLine if one.is_drawn else Qt.PenStyle.DashLine
        across, down = (one.radius_mm / spacing[n] * size for n, size in ((1, placed.column_width),
                                                                           (0, placed.row_height)))  # fmt: skip
        beyond = MASK_MARGIN_MM / one.radius_mm
        for pen in (QPen(HALO, 4.4 if is_chosen else 3.4), QPen(REGION, 2.6 if is_chosen else 1.5, style)):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(x, y), across, down)
        painter.setPen(QPen(REGION, 1.0, Qt.PenStyle.DotLine))
        painter.drawEllipse(QPointF(x, y), across * (1 + beyond), down * (1 + beyond))
        if one.is_own:
            for pen in (QPen(HALO, 3.0), QPen(REGION, 1.2)):
                painter.setPen(pen)
                painter.drawEllipse(QPointF(x, y), _CENTRE, _CENTRE)
        words = f"L{one.lesion}  {2 * one.radius_mm:.0f} mm" + ("" if one.is_drawn else "  between")
        if not one.is_own:
            words = f"L{one.lesion}"
        wide = QFontMetricsF(font).horizontalAdvance(words)
        draw_text(painter, x - wide / 2, y + down + QFontMetricsF(font).ascent() + 4, words, REGION)
    painter.restore()


def _free(x: float, y: float, taken: Sequence[tuple[float, float]], line: float) -> tuple[float, float]:
    """A place for a label: below those that stand there already."""
    while any(abs(x - ox) < 3 * line and abs(y - oy) < line * 0.8 for ox, oy in taken):
        y += line
    return x, y
