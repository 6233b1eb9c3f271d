"""What stands around the image of a view: corner text with the signs of its links, colour bar, the frame."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from overread.ui import theme
from overread.ui.read.annotations import draw_colour_bar, draw_corners
from overread.viewing.corner import corner_text
from overread.viewing.session import Session
from overread.viewing.viewport import Viewport

SMALL = (460, 400)
"""A view narrower or lower than this, in points at the usual text size, has less text on it."""
_USUAL_LINE = 15.0


def is_small(size: QSizeF, font: QFont) -> bool:
    """Whether a view of this size has room for the most important words only."""
    grown = max(QFontMetricsF(font).height() / _USUAL_LINE, 1.0)
    return size.width() < SMALL[0] * grown or size.height() < SMALL[1] * grown


def letter_font(font: QFont, small: bool) -> QFont:
    """The font of the orientation letters."""
    return theme.scaled_font(font, 1.05 if small else 1.25, True)


def draw_words(
    painter: QPainter,
    viewport: Viewport,
    session: Session,
    *,
    size: QSizeF,
    font: QFont,
    small: bool,
    cursor: tuple[int, int] | None,
    blinded: bool,
) -> None:
    """The four corners, and the colour bar above the lower right one. The painter has the font of the corners."""
    is_visible, findings = viewport.overlay.is_visible, session.findings_of(viewport)
    signs = [session.linking.words(viewport)]
    if is_visible and small:  # no room for a plate over the colour bar
        signs.append(findings.caution)
    text = corner_text(viewport, cursor, session.layer_words(viewport), blinded=blinded, small=small)
    metrics = QFontMetricsF(letter_font(font, small))
    letter = max(map(metrics.horizontalAdvance, viewport.letters)), metrics.height()
    lines = draw_corners(painter, size.width(), size.height(), text, 0.0, signs, letter)
    if is_visible:
        below = painter.fontMetrics().height() * (lines + 0.6)
        draw_colour_bar(
            painter,
            size.width(),
            size.height(),
            viewport,
            unit=findings.map_words(),
            caution="" if small else findings.caution,
            font=theme.scaled_font(font, 0.85),
            above=below,
        )


def draw_frame(painter: QPainter, area: QRectF, *, width: int, dashed: bool) -> None:
    """A frame just inside a view."""
    pen = QPen(QColor(theme.IMAGE_ACCENT), width)
    if dashed:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    inset = pen.widthF() / 2
    painter.drawRect(area.adjusted(inset, inset, -inset, -inset))
