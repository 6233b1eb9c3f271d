"""What is drawn over the slice in widget points: letters, scale bar, corner text, contour, candidates,
colour bar."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from overread.viewing.colourmap import inferno
from overread.viewing.corner import CornerText, wrapped
from overread.viewing.linking import Line
from overread.viewing.placement import Placement, bar_words, scale_bar
from overread.viewing.viewport import Viewport

MARGIN = 12.0
PLATE = QColor(0, 0, 0, 190)
HALO = QColor(0, 0, 0, 170)
INK = QColor("#e6e8ea")
_CONTOUR = QColor("#ffd27a")
_CAUTION = QColor("#e0b050")
_LINE = QColor("#9fd0ff")


def draw_text(painter: QPainter, x: float, y: float, text: str, colour: QColor = INK) -> None:
    """Text with its baseline at (x, y), readable on black and on white."""
    if not text:
        return
    ratio = painter.device().devicePixelRatio()
    picture, ascent = _text_picture(text, painter.font().toString(), colour.rgba(), ratio)
    painter.drawImage(QPointF(round(x * ratio) / ratio - 1, round((y - ascent) * ratio) / ratio - 1), picture)


@functools.lru_cache(maxsize=512)
def _text_picture(text: str, font_words: str, colour: int, ratio: float) -> tuple[QImage, float]:
    """A line of text with its halo, and its ascent: painting one costs five times what showing it again does."""
    font = QFont()
    font.fromString(font_words)
    metrics = QFontMetricsF(font)
    wide, high = math.ceil(metrics.horizontalAdvance(text)) + 4, math.ceil(metrics.height()) + 3
    picture = QImage(math.ceil(wide * ratio), math.ceil(high * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setFont(font)
    painter.setPen(HALO)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        painter.drawText(QPointF(1 + dx, 1 + metrics.ascent() + dy), text)
    painter.setPen(QColor.fromRgba(colour))
    painter.drawText(QPointF(1, 1 + metrics.ascent()), text)
    painter.end()
    return picture, metrics.ascent()


def draw_corners(painter: QPainter, width: float, height: float, text: CornerText, reserved: float,
                 signs: Sequence[str] = (), letter: tuple[float, float] = (0.0, 0.0)) -> float:
    """The four blocks of corner text, broken into more lines where the room is short.

    ``reserved`` points at the right edge stay free for the colour bar; ``signs`` stand at the upper left; ``letter`` is
    the room of the letters in the middle of the upper and lower edge, which no text runs over. How many lines the lower
    right block took.
    """
    metrics = QFontMetricsF(painter.font())
    line, drawn, widest = metrics.height(), 0.0, 0.0
    for block, is_right, is_bottom in ((text.top_right, True, False), (text.bottom_left, False, True),
                                       (text.bottom_right, True, True)):
        share = 0.5 if is_bottom or text.top_left else 0.6 if any(signs) else 0.8
        room = (width - 3 * MARGIN) * share
        if is_right and is_bottom:  # the lower left block often leaves it more
            room = max(room, width - 3 * MARGIN - widest)
        lines = wrapped(block, room - line, metrics.horizontalAdvance)
        widest = max(map(metrics.horizontalAdvance, lines), default=0.0)
        away = letter[1] + 2 if min(widest, room) + MARGIN > (width - letter[0]) / 2 - 3 else 0.0
        top = height - MARGIN - line * len(lines) - away if is_bottom else MARGIN + away
        for n, words in enumerate(lines):
            fitted = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
            x = width - MARGIN - reserved - metrics.horizontalAdvance(fitted) if is_right else MARGIN
            draw_text(painter, x, top + n * line + metrics.ascent(), fitted)
        drawn = len(lines) + away / line
    room = (width - letter[0]) / 2 - MARGIN - 3
    left = [(words, INK) for words in _by_words(text.top_left, room, metrics)]
    left += [(words, _CAUTION) for words in _by_words(signs, room, metrics)]
    for n, (words, colour) in enumerate(left):
        draw_text(painter, MARGIN, MARGIN + n * line + metrics.ascent(), words, colour)
    return drawn


def _by_words(signs: Sequence[str], room: float, metrics: QFontMetricsF) -> list[str]:
    """Signs in lines no wider than ``room``, broken between words: no part of a caution may be cut off."""
    lines = []
    for sign in filter(None, signs):
        now = ""
        for word in sign.split():
            longer = f"{now} {word}".strip()
            if now and metrics.horizontalAdvance(longer) > room:
                lines.append(now)
                longer = word
            now = longer
        lines.append(now)
    return lines


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


def draw_lines(painter: QPainter, placed: Placement, lines: Sequence[Line], active: Viewport) -> None:
    """Where slices of other views cross this one: that of the active view drawn through, the others dotted."""
    for line in lines:
        ends = QLineF(QPointF(*placed.to_widget(*line.a)), QPointF(*placed.to_widget(*line.b)))
        style = Qt.PenStyle.SolidLine if line.of is active else Qt.PenStyle.DotLine
        for pen in (QPen(HALO, 3.0), QPen(_LINE, 1.2, style)):
            painter.setPen(pen)
            painter.drawLine(ends)


def draw_cursor(painter: QPainter, placed: Placement, at: tuple[float, float] | None) -> None:
    """The place that the pointer shows in another view: a cross that leaves its middle free."""
    if at is None:
        return
    x, y = placed.to_widget(*at)
    inner, outer = 5.0, 16.0
    arms = [QLineF(x + dx * inner, y + dy * inner, x + dx * outer, y + dy * outer)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    for pen in (QPen(HALO, 3.6), QPen(_LINE, 1.6)):
        painter.setPen(pen)
        painter.drawLines(arms)


def draw_colour_bar(painter: QPainter, width: float, height: float, viewport: Viewport, *, unit: str, caution: str,
                    font: QFont, above: float) -> None:
    """The fixed scale of the heatmap with threshold, ``unit`` and caution, ``above`` points over the lower
    edge; without a caution for a small view that says it elsewhere."""
    overlay = viewport.overlay
    if overlay.heatmap is None:
        return
    painter.save()
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    bottom = height - above - MARGIN
    lines = tuple(filter(None, (unit, caution)))
    plate_height = len(lines) * metrics.height() + 14
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
    wide = max(metrics.horizontalAdvance(words) for words in lines)
    top = bar.top() - 10 - (len(lines) - 1) * metrics.height() - metrics.ascent()
    plate = QRectF(width - MARGIN - wide - 4, top - 2, wide + 8, len(lines) * metrics.height() + 4)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(plate, 3, 3)
    for n, words in enumerate(lines):
        y = bar.top() - 10 - (len(lines) - 1 - n) * metrics.height()
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
