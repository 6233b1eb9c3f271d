"""Where a second read stands: four numbered steps in a line, and the name of the present one."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from overread.ui import theme
from overread.viewing.second_reading import FINISHED, STEPS

_RADIUS = 0.85
"""Of a step's circle, in heights of a line of text."""


class StageLine(QWidget):
    """Done steps carry a tick, the present one is filled, a skipped one is crossed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("second-read-stages")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._step, self._is_skipped = 0, False
        self.set_step(0, False)

    def set_step(self, step: int, is_skipped: bool) -> None:
        """Show another step; ``is_skipped``: reading alone was left out."""
        self._step, self._is_skipped = step, is_skipped
        skipped = " Reading alone was skipped." if is_skipped else ""
        self.setAccessibleName(f"Step {step + 1} of {len(STEPS)}: {STEPS[step]}.{skipped}")
        self.setToolTip(self.accessibleName())
        self.update()

    def sizeHint(self) -> QSize:
        """A circle and a line of text high."""
        line = self.fontMetrics().height()
        return QSize(200, round(line * (2 * _RADIUS + 1.5)))

    def minimumSizeHint(self) -> QSize:
        """As high as it wants to be."""
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw circles, what joins them, and words."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = theme.scaled_font(self.font(), 0.9)
        metrics = QFontMetricsF(small)
        radius, wide = self.fontMetrics().height() * _RADIUS, self.width() / len(STEPS)
        places = [QPointF((n + 0.5) * wide, radius + 1) for n in range(len(STEPS))]
        painter.setPen(QPen(QColor(theme.BORDER), 2))
        for left, right in itertools.pairwise(places):
            painter.drawLine(QLineF(left.x() + radius, left.y(), right.x() - radius, right.y()))
        has_room = all(metrics.horizontalAdvance(words) < wide - 4 for words in STEPS)
        for n, place in enumerate(places):
            self._draw_step(painter, n, place, radius)
            if has_room or n == self._step:
                painter.setFont(small)
                painter.setPen(QColor(theme.TEXT if n == self._step else theme.QUIET))
                length = metrics.horizontalAdvance(STEPS[n])
                x = min(max(place.x() - length / 2, 0), self.width() - length)
                painter.drawText(QPointF(x, 2 * radius + 4 + metrics.ascent()), STEPS[n])
        painter.end()

    def _draw_step(self, painter: QPainter, n: int, place: QPointF, radius: float) -> None:
        is_now, is_done = n == self._step and n < FINISHED, n < self._step or self._step == FINISHED
        painter.setPen(QPen(QColor(theme.ACCENT if is_now or is_done else theme.BORDER), 1.6))
        painter.setBrush(QColor(theme.ACCENT_DARK if is_now else theme.RAISED))
        painter.drawEllipse(place, radius, radius)
        words = str(n + 1)
        if is_done:
            words = "\u2715" if n == 0 and self._is_skipped else "\u2713"
        painter.setFont(theme.scaled_font(self.font(), 0.9, bold=is_now))
        painter.setPen(QColor(theme.ON_ACCENT if is_now else theme.TEXT if is_done else theme.QUIET))
        box = QRectF(place.x() - radius, place.y() - radius, 2 * radius, 2 * radius)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
