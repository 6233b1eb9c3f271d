"""The strip below the image: where one is in the stack, and the score of every slice. Click to go there."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from overread.ui import theme
from overread.viewing.findings import Findings, score_words
from overread.viewing.viewport import Viewport

_SIDE = 12.0
_PLAIN_HEIGHT, _SCORE_HEIGHT = 32, 92
"""Beside the lines of text: one below the track, one above the scores."""
_SMALL = 0.85
_SIGN = 11.0
"""Height that the ticks of candidates need."""
_NO_SCORES = "No slice scores of the series in the active view"
_BAR = QColor("#7f8994")
_REACHED = QColor("#f0a04b")


class SliceStrip(QWidget):
    """A bar per slice, as high as its score; the operating point as a line; candidates as ticks."""

    def __init__(self, viewport: Viewport, findings: Findings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("slice-strip")
        self.setAccessibleName("Slices and their scores")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._viewport, self._findings = viewport, findings
        self._keeps_room = False
        for state in (viewport, findings):
            state.listeners.append(self._changed)

    def follow(self, viewport: Viewport) -> None:
        """Show another viewport from here on: the active one."""
        self._viewport.listeners.remove(self._changed)
        self._viewport = viewport
        viewport.listeners.append(self._changed)
        self._changed("volume")

    def keep_room(self, wanted: bool) -> None:
        """Stay as high as with scores while any view has them: views must not jump when another becomes active."""
        if wanted != self._keeps_room:
            self._keeps_room = wanted
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Higher when there are scores."""
        line, is_high = round(self._line()), self._keeps_room or bool(self._findings.slice_scores())
        return QSize(400, _SCORE_HEIGHT + 2 * line if is_high else _PLAIN_HEIGHT + line)

    def slice_at(self, x: float) -> int:
        """The slice whose column lies at a widget coordinate."""
        frames = max(self._viewport.frames, 1)
        return min(max(int((x - _SIDE) / max(self.width() - 2 * _SIDE, 1) * frames), 0), frames - 1)

    def x_of(self, k: int) -> float:
        """Middle of the column of slice k."""
        return _SIDE + (k + 0.5) * (self.width() - 2 * _SIDE) / max(self._viewport.frames, 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the slice under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._viewport.go_to(self.slice_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow a drag; else say which slice lies here."""
        k = self.slice_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._viewport.go_to(k)
        elif self._viewport.frames:
            QToolTip.showText(event.globalPosition().toPoint(), self._tip(k), self)

    def leaveEvent(self, _event: QEvent) -> None:
        """No tool tip when the pointer has gone."""
        QToolTip.hideText()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the strip."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(theme.PANEL))
        painter.setFont(theme.scaled_font(self.font(), _SMALL))
        if self._viewport.volume is None:
            painter.setPen(QColor(theme.QUIET))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter,
                             "The slices of the open series appear here.")
        else:
            self._draw_track(painter)
            if self._findings.slice_scores():
                self._draw_scores(painter)
            elif self._keeps_room:
                painter.setPen(QColor(theme.QUIET))
                painter.drawText(QPointF(_SIDE, painter.fontMetrics().ascent() + 4), _NO_SCORES)
            self._draw_position(painter)
        painter.end()

    def _changed(self, what: str) -> None:
        if what in ("volume", "reading"):
            self.updateGeometry()
        if what in ("volume", "slice", "pixels", "reading", "point", "selected"):
            self.update()

    def _tip(self, k: int) -> str:
        """The slice, and where it has a score what stands with every score: the caution and what it meant."""
        score, point = self._findings.slice_scores().get(k), self._findings.point
        if score is None:
            return f"Slice {k + 1}"
        reached = "" if point is None else (", reaches the operating point" if score >= point.threshold
                                            else ", below the operating point: no colour on it")
        meaning = point.meaning if point is not None else ""
        return "\n".join(filter(None, (f"Slice {k + 1}: score {score_words(score)}{reached}", self._findings.caution,
                                       meaning)))

    def _line(self) -> float:
        return QFontMetricsF(theme.scaled_font(self.font(), _SMALL)).height()

    def _base(self) -> float:
        return self.height() - self._line() - 7.0

    def _top(self) -> float:
        is_high = self._keeps_room or bool(self._findings.slice_scores())
        return self._line() + 7.0 + _SIGN if is_high else 12.0

    def _draw_track(self, painter: QPainter) -> None:
        base, span = self._base(), self.width() - 2 * _SIDE
        painter.fillRect(QRectF(_SIDE, base, span, 3), QColor(theme.BORDER))
        painter.fillRect(QRectF(_SIDE, base, span * self._viewport.loaded, 3), QColor(theme.ACCENT_DARK))
        missing = self._viewport.pixels.missing if self._viewport.pixels is not None else ()
        wide = span / max(self._viewport.frames, 1)
        for k in missing:
            painter.fillRect(QRectF(self.x_of(k) - wide / 2, base, max(wide, 2), 3), QColor(theme.WARNING))
        painter.setPen(QColor(theme.QUIET))
        painter.drawText(QPointF(_SIDE, self.height() - 5.0), "1")
        last = str(self._viewport.frames)
        painter.drawText(QPointF(self.width() - _SIDE - painter.fontMetrics().horizontalAdvance(last),
                                 self.height() - 5.0), last)

    def _draw_scores(self, painter: QPainter) -> None:
        base, top = self._base() - 1, self._top()
        wide = (self.width() - 2 * _SIDE) / max(self._viewport.frames, 1)
        point = self._findings.point
        limit = point.threshold if point is not None else 2.0
        for k, score in self._findings.slice_scores().items():
            tall = max((base - top) * min(max(score, 0.0), 1.0), 1.0)
            bar = QRectF(self.x_of(k) - wide * 0.4, base - tall, max(wide * 0.8, 1), tall)
            painter.fillRect(bar, _REACHED if score >= limit else _BAR)
        if point is not None:
            y = base - (base - top) * point.threshold
            painter.setPen(QPen(QColor(theme.TEXT), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(_SIDE, y, self.width() - _SIDE, y))
        for candidate in sorted(self._findings.candidates(), key=lambda c: c.number == self._findings.selected):
            if candidate.mark.peak_slice is not None:
                self._draw_tick(painter, candidate.mark.peak_slice,
                                candidate.number == self._findings.selected)
        self._draw_words(painter)

    def _draw_words(self, painter: QPainter) -> None:
        """What the bars are, as fully as there is room for; the caution always."""
        metrics, room = painter.fontMetrics(), self.width() - 2 * _SIDE
        caution, baseline = self._findings.caution, metrics.ascent() + 4
        at = room - metrics.horizontalAdvance(caution)
        here = self._findings.slice_scores().get(self._viewport.slice)
        score = score_words(here) if here is not None else "none"
        for words in (f"Slice score, 0 to 1, not a probability; this slice: {score}",
                      f"Slice score, no probability; here: {score}", f"Slice score: {score}"):
            if metrics.horizontalAdvance(words) + 2 * _SIDE <= at:
                painter.setPen(QColor(theme.QUIET))
                painter.drawText(QPointF(_SIDE, baseline), words)
                break
        painter.setPen(QColor(theme.WARNING))
        painter.drawText(QPointF(_SIDE + at, baseline), caution)

    def _draw_tick(self, painter: QPainter, k: int, chosen: bool) -> None:
        x, y = self.x_of(k), self._top() - 4
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.TEXT if chosen else theme.ACCENT))
        painter.drawPolygon(QPolygonF([QPointF(x, y), QPointF(x - 5, y - 7), QPointF(x + 5, y - 7)]))

    def _draw_position(self, painter: QPainter) -> None:
        x = self.x_of(self._viewport.slice)
        painter.setPen(QPen(QColor(theme.TEXT), 2))
        painter.drawLine(QLineF(x, self._top(), x, self._base() + 3))
        words = str(self._viewport.slice + 1)
        wide = painter.fontMetrics().horizontalAdvance(words)
        left = min(max(x - wide / 2, _SIDE + 14), self.width() - _SIDE - 28 - wide)
        painter.drawText(QPointF(left, self.height() - 5.0), words)
