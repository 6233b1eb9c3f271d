"""The card of a reading of classes: scores as bars with numbers, the call, how sure it is, what that has meant."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from overread.ui import theme
from overread.ui.widgets.parts import label
from overread.viewing.class_words import Bar, ClassCard, card_of
from overread.viewing.session import Session

_GAP = 5
_HISTOGRAM_HEIGHT = 34


class ClassBars(QWidget):
    """A bar for each class, its name left, its number right; the called one is filled and carries a sign."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("class-bars")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._bars: tuple[Bar, ...] = ()

    def show_bars(self, bars: tuple[Bar, ...]) -> None:
        """Show other scores."""
        self._bars = bars
        self.setAccessibleName("Class scores: " + ", ".join(f"{bar.words} {bar.value:.2f}" for bar in bars))
        self.setVisible(bool(bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A line for each class."""
        return QSize(200, len(self._bars) * (self.fontMetrics().height() + _GAP))

    def minimumSizeHint(self) -> QSize:
        """As high as it wants to be, as wide as names and numbers need."""
        metrics = self.fontMetrics()
        names = max((metrics.horizontalAdvance(bar.words) for bar in self._bars), default=0)
        return QSize(names + metrics.horizontalAdvance("\u25b8 0.00") + 60, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bars."""
        painter = QPainter(self)
        metrics, line = painter.fontMetrics(), painter.fontMetrics().height()
        sign = metrics.horizontalAdvance("\u25b8 ")
        names = max((metrics.horizontalAdvance(bar.words) for bar in self._bars), default=0) + sign
        number = metrics.horizontalAdvance("0.00") + 8
        room = max(self.width() - names - 8 - number, 20)
        for n, bar in enumerate(self._bars):
            top = n * (line + _GAP)
            painter.setPen(QColor(theme.TEXT if bar.is_called else theme.QUIET))
            base = QPointF(0, top + metrics.ascent())
            if bar.is_called:
                painter.drawText(base, "\u25b8")
            painter.drawText(base + QPointF(sign, 0), bar.words)
            track = QRectF(names + 8, top + line * 0.22, room, line * 0.56)
            painter.fillRect(track, QColor(theme.RAISED))
            share = min(max(bar.value, 0.0), 1.0)
            painter.fillRect(QRectF(track.left(), track.top(), room * share, track.height()),
                             QColor(theme.ACCENT if bar.is_called else theme.DISABLED))  # fmt: skip
            painter.drawText(QPointF(self.width() - metrics.horizontalAdvance("0.00"), base.y()), f"{bar.value:.2f}")
        painter.end()


class SurenessPicture(QWidget):
    """The confidences of validation cases as a histogram, the 70 % line, and where this one lies."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sureness-picture")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._counts: tuple[int, ...] = ()
        self._low, self._high, self._value, self._cut = 0.0, 1.0, 0.0, None  # type: tuple[float, float, float, float | None]

    def show_place(
        self, histogram: tuple[tuple[int, ...], float, float], value: float | None, cut: float | None
    ) -> None:
        """Show where a confidence lies; nothing without validation cases."""
        self._counts, self._low, self._high = histogram
        self._value, self._cut = value or 0.0, cut
        self.setVisible(bool(self._counts) and value is not None)
        self.setAccessibleName(f"Confidence {self._value:.3f} among {sum(self._counts)} validation cases")
        self.setToolTip("Confidences of the validation cases. Dashed: the line above which the surest 70 % lie. "
                        "Arrow: this reading.")  # fmt: skip
        self.update()

    def sizeHint(self) -> QSize:
        """Low, with a line of text."""
        return QSize(200, _HISTOGRAM_HEIGHT + self.fontMetrics().height() + 10)

    def minimumSizeHint(self) -> QSize:
        """As high as it wants to be."""
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw histogram, line and arrow."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most, base = max(self._counts, default=1) or 1, 10.0 + _HISTOGRAM_HEIGHT
        wide = self.width() / max(len(self._counts), 1)
        for n, count in enumerate(self._counts):
            tall = _HISTOGRAM_HEIGHT * count / most
            painter.fillRect(QRectF(n * wide + 0.5, base - tall, max(wide - 1, 1), tall), QColor(theme.DISABLED))
        painter.setPen(QPen(QColor(theme.BORDER), 1))
        painter.drawLine(QLineF(0, base, self.width(), base))
        if self._cut is not None:
            x = self._x(self._cut)
            painter.setPen(QPen(QColor(theme.TEXT), 1, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(x, 8, x, base))
        x = self._x(self._value)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.ACCENT))
        painter.drawPolygon(QPolygonF([QPointF(x, 9), QPointF(x - 5, 0), QPointF(x + 5, 0)]))
        painter.setPen(QPen(QColor(theme.ACCENT), 1.5))
        painter.drawLine(QLineF(x, 9, x, base))
        metrics, y = painter.fontMetrics(), base + painter.fontMetrics().ascent() + 2
        painter.setPen(QColor(theme.QUIET))
        painter.drawText(QPointF(0, y), f"{self._low:.3f}")
        high = f"{self._high:.3f}"
        painter.drawText(QPointF(self.width() - metrics.horizontalAdvance(high), y), high)
        painter.end()

    def _x(self, value: float) -> float:
        span = self._high - self._low or 1.0
        return min(max((value - self._low) / span, 0.0), 1.0) * (self.width() - 12) + 6


class ClassesCard(QWidget):
    """Shows the reading of the panel where it is one of classes; hidden otherwise."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classes-card")
        self.setAccessibleName("Class scores of the system")
        self._session = session
        self.card: ClassCard | None = None
        self.call = label("class-call")
        self.bars = ClassBars()
        self.rules = label("class-rules", quiet=True)
        self.sureness = label("class-sureness")
        self.picture = SurenessPicture()
        self.sureness_words = label("class-sureness-words", quiet=True)
        self.facts = label("class-facts", caution=True)
        self.meaning = label("class-meaning", quiet=True)
        self.caution = label("class-caution", caution=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.call, self.bars, self.rules, self.sureness, self.picture, self.sureness_words, self.facts,
                       self.meaning, self.caution):  # fmt: skip
            column.addWidget(widget)
        self._embolden()
        session.findings.listeners.append(lambda what: self.refresh() if what == "reading" else None)
        self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Another text size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._embolden()

    def refresh(self) -> None:
        """Show the reading of the panel."""
        result = self._session.panel_result
        self.card = card_of(result) if result is not None else None
        card = self.card
        self.setVisible(card is not None)
        if card is None or result is None:
            return
        self.bars.show_bars(card.bars)
        evidence = result.evidence
        self.picture.show_place(evidence.histogram(), card.sureness, evidence.cut)
        rank = "" if card.sureness is None else evidence.rank_words(card.sureness)
        said = "" if card.sureness is None else f"Confidence of the call: {card.sureness:.3f}, no probability"
        said += f"; {rank}" if rank else ""
        for widget, words in ((self.call, card.call), (self.rules, "\n".join(card.rules)), (self.sureness, said),
                              (self.sureness_words, card.sureness_words), (self.facts, card.facts),
                              (self.meaning, "\n".join(card.meaning)), (self.caution, card.caution)):  # fmt: skip
            widget.setText(words)
            widget.setVisible(bool(words))

    def _embolden(self) -> None:
        self.call.setFont(theme.scaled_font(self.font(), 1.15, bold=True))
