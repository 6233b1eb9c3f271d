"""What is drawn over the slice in widget points: letters, scale bar, corner text, contour, candidates,
colour bar."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from overread.ui import theme
from overread.viewing.colourmap import inferno
from overread.viewing.corner import CornerText, wrapped
from overread.viewing.findings import Findings
from overread.viewing.placement import Placement, bar_words, scale_bar
from overread.viewing.viewport import Viewport

MARGIN = 12.0
PLATE = QColor(0, 0, 0, 190)
HALO = QColor(0, 0, 0, 170)
INK = QColor("#e6e8ea")
_CONTOUR = QColor("#ffd27a")
_MARK = QColor(theme.IMAGE_ACCENT)
_CAUTION = QColor("#e0b050")
_CHOSEN = QColor("#ffffff")
_SMALLEST_RING = 9.0


def draw_text(painter: QPainter, x: float, y: float, text: str, colour: QColor = INK) -> None:
    """Text with its baseline at (x, y), readable on black and on white."""
    painter.setPen(HALO)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        painter.drawText(QPointF(x + dx, y + dy), text)
    painter.setPen(colour)
    painter.drawText(QPointF(x, y), text)


def draw_corners(painter: QPainter, width: float, height: float, text: CornerText, reserved: float) -> int:
    """The four blocks of corner text, broken into more lines where the room is short.

    ``reserved`` points at the right edge stay free for the colour bar. How many lines the lower right block took.
    """
    metrics = QFontMetricsF(painter.font())
    line, drawn = metrics.height(), 0
    for block, is_right, is_bottom in ((text.top_left, False, False), (text.top_right, True, False),
                                       (text.bottom_left, False, True), (text.bottom_right, True, True)):
        share = 0.5 if is_bottom or text.top_left else 0.8
        lines = wrapped(block, (width - 3 * MARGIN) * share - line, metrics.horizontalAdvance)
        top = height - MARGIN - line * len(lines) if is_bottom else MARGIN
        for n, words in enumerate(lines):
            fitted = metrics.elidedText(words, Qt.TextElideMode.ElideRight, (width - 3 * MARGIN) * share)
            x = width - MARGIN - reserved - metrics.horizontalAdvance(fitted) if is_right else MARGIN
            draw_text(painter, x, top + n * line + metrics.ascent(), fitted)
        drawn = len(lines)
    return drawn


def draw_letters(painter: QPainter, width: float, height: float, letters: tuple[str, str, str, str],
                 font: QFont) -> None:
    """Orientation letters in the middle of the four edges."""
    painter.save()
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    left, right, top, bottom = letters
    middle = height / 2 + metrics.ascent() / 2
    draw_text(painter, MARGIN, middle, left)
    draw_text(painter, width - MARGIN - metrics.horizontalAdvance(right), middle, right)
    draw_text(painter, (width - metrics.horizontalAdvance(top)) / 2, MARGIN + metrics.ascent(), top)
    draw_text(painter, (width - metrics.horizontalAdvance(bottom)) / 2, height - MARGIN - metrics.descent(),
              bottom)
    painter.restore()


def draw_scale_bar(painter: QPainter, width: float, height: float, points_per_mm: float) -> None:
    """A ruler at the right edge, above its middle letter, with its length."""
    length_mm, length = scale_bar(points_per_mm, height * 0.3)
    x, bottom = width - MARGIN - 6, height / 2 - 26
    top = bottom - length
    lines = [QLineF(x, top, x, bottom), QLineF(x - 5, top, x + 1, top), QLineF(x - 5, bottom, x + 1, bottom)]
    lines += [QLineF(x - 3, top + length * n / 5, x, top + length * n / 5) for n in range(1, 5)]
    for pen in (QPen(HALO, 3.5), QPen(INK, 1.3)):
        painter.setPen(pen)
        painter.drawLines(lines)
    words = bar_words(length_mm)
    draw_text(painter, x - 9 - QFontMetricsF(painter.font()).horizontalAdvance(words), top + length / 2 + 4,
              words)


def draw_contour(painter: QPainter, placed: Placement, viewport: Viewport) -> None:
    """The line at the overlay's threshold: 2 points wide, dark outside."""
    scale = np.array((placed.row_height, placed.column_width), dtype=np.float32)
    origin = np.array((placed.top, placed.left), dtype=np.float32)
    lines = [QPolygonF([QPointF(x, y) for y, x in ((line + np.float32(0.5)) * scale + origin).tolist()])
             for line in viewport.overlay.contour(viewport.slice)]
    for colour, wide in ((QColor(0, 0, 0, 200), 4.0), (_CONTOUR, 2.0)):
        painter.setPen(QPen(colour, wide, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap,
                            Qt.PenJoinStyle.BevelJoin))
        for line in lines:
            painter.drawPolyline(line)


def draw_candidates(painter: QPainter, placed: Placement, viewport: Viewport, findings: Findings,
                    font: QFont, signs: Mapping[int, str]) -> None:
    """A ring of the activation extent with the candidate's number and the sign of its verdict, on the slices
    near its peak."""
    painter.save()
    painter.setFont(font)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    spacing = viewport.spacing_mm or (1.0, 1.0)
    for candidate in findings.candidates():
        point = viewport.shown_point(candidate.mark.centre_mm)
        if point is None or not candidate.is_near(viewport.slice):
            continue
        x, y = placed.to_widget(point[0], point[1])
        radius_mm = (candidate.mark.extent_mm or 0.0) / 2
        across = max(radius_mm / spacing[1] * placed.column_width, _SMALLEST_RING)
        chosen = candidate.number == findings.selected
        colour = _CHOSEN if chosen else _MARK
        style = Qt.PenStyle.SolidLine if viewport.slice == candidate.mark.peak_slice else Qt.PenStyle.DashLine
        for pen in (QPen(HALO, 3.6), QPen(colour, 1.8 if chosen else 1.4, style)):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(x, y), across, across)
        for pen in (QPen(HALO, 3.2), QPen(colour, 1.2)):
            painter.setPen(pen)
            painter.drawLines([QLineF(x - 4, y, x + 4, y), QLineF(x, y - 4, x, y + 4)])
        draw_text(painter, x + across * 0.71 + 4, y - across * 0.71 - 3,
                  " ".join(filter(None, (str(candidate.number), signs.get(candidate.number)))), colour)
    painter.restore()


def draw_colour_bar(painter: QPainter, width: float, height: float, viewport: Viewport, *, caution: str,
                    font: QFont, above: float) -> None:
    """The fixed scale of the heatmap with threshold, unit and caution, ``above`` points over the lower
    edge."""
    overlay = viewport.overlay
    if overlay.heatmap is None:
        return
    painter.save()
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    bottom = height - above - MARGIN
    plate_height = 2 * metrics.height() + 14
    free = bottom - plate_height - height / 2 - 1.5 * metrics.height()  # below the letter in the middle of the edge
    tall = min(170.0, max(48.0, min(height * 0.24, free)))
    bar = QRectF(width - MARGIN - 14, bottom - tall, 12, tall)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.fillRect(bar.adjusted(-1, -1, 1, 1), HALO)
    painter.drawImage(bar, _bar_picture(overlay.first_level))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    scale = overlay.heatmap.scale
    threshold_y = bar.bottom() - tall * overlay.threshold
    painter.setPen(QPen(_CONTOUR, 2))
    painter.drawLine(QLineF(bar.left() - 4, threshold_y, bar.right() + 1, threshold_y))
    ticks = [(bar.top(), f"≥ {scale:.3g}"), (threshold_y, f"{overlay.threshold_activation:.3g}")]
    if threshold_y < bar.bottom() - metrics.height():
        ticks.append((bar.bottom(), "0"))
    for y, words in ticks:
        left = bar.left() - 8 - metrics.horizontalAdvance(words)
        draw_text(painter, left, min(y, bar.bottom()) + metrics.ascent() / 2 - 1, words)
    lines = ("activation (logit)", caution)
    wide = max(metrics.horizontalAdvance(words) for words in lines)
    top = bar.top() - 10 - metrics.height() - metrics.ascent()
    plate = QRectF(width - MARGIN - wide - 4, top - 2, wide + 8, 2 * metrics.height() + 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(plate, 3, 3)
    for n, words in enumerate(lines):
        y = bar.top() - 10 - (1 - n) * metrics.height()
        colour = INK if n == 0 else _CAUTION
        draw_text(painter, width - MARGIN - metrics.horizontalAdvance(words), y, words, colour)
    painter.restore()


@functools.lru_cache(maxsize=128)
def _bar_picture(first_level: int) -> QImage:
    """One column of 256 levels, the highest on top; grey where nothing is drawn."""
    colours = inferno().astype(np.uint32)
    column = 0xFF000000 | colours[:, 0] << 16 | colours[:, 1] << 8 | colours[:, 2]
    column[:first_level] = 0xFF161616
    flipped = np.ascontiguousarray(column[::-1].astype(np.uint32))
    return QImage(flipped.data, 1, 256, 4, QImage.Format.Format_RGB32).copy()
