"""The operating point: a slider from the floor to 1 with named stops, and what the place it stands on has meant."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLineF, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QVBoxLayout,
    QWidget,
)

from overread.ui import theme
from overread.ui.widgets.parts import button, label
from overread.viewing.findings import Findings
from overread.viewing.operating import STEPS, Point, point_words

_KEY_STEP, _PAGE_STEP = STEPS // 100, STEPS // 20
_TICK = 5
_GAP = 4


class OperatingControl(QWidget):
    """Slider, stops, words; follows the findings' operating point and changes it."""

    def __init__(self, findings: Findings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("operating")
        self._findings = findings
        self.value = label("operating-point-value", wrap=False)
        self.place = label("operating-point-place", quiet=True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("operating-point")
        self.slider.setAccessibleName("Operating point")
        self.slider.setToolTip("Hides what scores lower. Left and Right move it, the stops are named below it")
        self.slider.setSingleStep(_KEY_STEP)
        self.slider.setPageStep(_PAGE_STEP)
        self.slider.valueChanged.connect(lambda step: findings.set_threshold(findings.scale.threshold_of(step)))
        self.stops = StopRow(self.slider, findings)
        self.meaning = label("operating-point-meaning", quiet=True)
        head = QHBoxLayout()
        head.addWidget(label("operating-point-label", "Operating point", wrap=False))
        head.addStretch(1)
        head.addWidget(self.value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.slider)
        column.addWidget(self.stops)
        column.addWidget(self.place)
        column.addWidget(self.meaning)
        findings.listeners.append(self.refresh)
        self.refresh("reading")

    def refresh(self, what: str) -> None:
        """Show the findings' operating point."""
        findings, threshold = self._findings, self._findings.threshold
        self.setVisible(findings.has_scores and threshold is not None)
        if threshold is None:
            return
        if what == "reading":
            self.slider.blockSignals(True)
            self.slider.setRange(findings.scale.first_step(), STEPS)
            self.slider.blockSignals(False)
            self.stops.set_points(findings.points)
        if what in ("reading", "point"):
            self.slider.blockSignals(True)
            self.slider.setValue(findings.scale.step_of(threshold))
            self.slider.blockSignals(False)
            words = findings.scale.place_words(threshold)
            self.value.setText(f"score ≥ {threshold:.2f}")
            self.place.setText(_capital(words))
            self.place.setVisible(findings.scale.at(threshold) is None)  # a stop is lit up below the slider
            self.slider.setAccessibleDescription(f"Score {threshold:.2f} or more, {words}")
            self.stops.set_current(findings.scale.at(threshold))
            meaning = findings.scale.meaning(threshold)
            elsewhere = findings.scale.elsewhere(threshold)
            more = "\nOther sets: rest the pointer here." if elsewhere else ""
            self.meaning.setText((meaning or "What this point has meant was not measured.") + more)
            self.meaning.setToolTip(elsewhere)
            self.meaning.setAccessibleDescription(elsewhere)


class StopRow(QWidget):
    """The named stops under the slider, each below its place; a click goes there."""

    def __init__(self, slider: QSlider, findings: Findings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("operating-stops")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._slider, self._findings = slider, findings
        self._points: tuple[Point, ...] = ()
        self._buttons: dict[str, QPushButton] = {}

    def set_points(self, points: tuple[Point, ...]) -> None:
        """Name these stops."""
        if points == self._points:
            return
        self._points = points
        for old in self._buttons.values():
            old.hide()
            old.deleteLater()
        self._buttons = {}
        for point in points:
            made = button(f"stop-{point.name}", _capital(point_words(point.name)), link=True)
            made.setParent(self)
            made.setProperty("stop", True)
            made.setCheckable(True)
            made.ensurePolished()  # its width counts before it is seen
            lines = (f"Score {point.threshold:.2f} or more.", point.meaning, point.elsewhere)
            made.setToolTip("\n".join(filter(None, lines)))
            made.clicked.connect(lambda _on=False, name=point.name: self._findings.set_point(name))
            made.show()
            self._buttons[point.name] = made
        self._slider.ensurePolished()
        self._place()
        self.updateGeometry()

    def set_current(self, point: Point | None) -> None:
        """Show which stop the slider stands on, if any."""
        for name, stop in self._buttons.items():
            stop.setChecked(point is not None and name == point.name)
        self.update()

    def x_of(self, threshold: float, wide: int | None = None) -> float:
        """Where a threshold lies along the slider's groove, in this widget's points; both are equally wide.

        ``wide`` is a width that the layout asks about; it may be another than the present one.
        """
        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        style, kind = self._slider.style(), QStyle.ComplexControl.CC_Slider
        handle = style.subControlRect(kind, option, QStyle.SubControl.SC_SliderHandle, self._slider).width()
        span = max((self.width() if wide is None else wide) - handle, 1)
        low, high = self._slider.minimum(), self._slider.maximum()
        return handle / 2 + span * (threshold * STEPS - low) / max(high - low, 1)

    def sizeHint(self) -> QSize:
        """High enough for the rows that the names need."""
        return QSize(200, self.heightForWidth(max(self.width(), 200)))

    def heightForWidth(self, wide: int) -> int:
        """Height of all rows at a width."""
        places = self._rows(wide)
        tall = max((b.sizeHint().height() for b in self._buttons.values()), default=0)
        return _TICK + (1 + max((row for row, _ in places.values()), default=-1)) * tall

    def changeEvent(self, event: QEvent) -> None:
        """Another text size: names need other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put every name below its place again, and ask for more room where that was reckoned before it was seen."""
        super().resizeEvent(event)
        self._place()
        if self.heightForWidth(self.width()) != self.height():
            self.updateGeometry()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A tick at every stop, down to its name; a plate under the stop the slider stands on."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for stop in (b for b in self._buttons.values() if b.isChecked()):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.RAISED))
            painter.drawRoundedRect(stop.geometry(), 4, 4)
        painter.setPen(QPen(QColor(theme.QUIET), 1))
        for point in self._points:
            x = round(self.x_of(point.threshold)) + 0.5
            painter.drawLine(QLineF(QPointF(x, 0), QPointF(x, self._buttons[point.name].y())))
        painter.end()

    def _rows(self, wide: int) -> dict[str, tuple[int, int]]:
        """(row, left) of every name: below its place, in the first row where it touches no other."""
        ends: list[int] = []
        places = {}
        for point in self._points:
            room = self._buttons[point.name].sizeHint().width()
            left = min(max(round(self.x_of(point.threshold, wide)) - room // 2, 0), max(wide - room, 0))
            row = next((n for n, end in enumerate(ends) if left >= end + _GAP), len(ends))
            ends[row : row + 1] = [left + room]
            places[point.name] = (row, left)
        return places

    def _place(self) -> None:
        for name, (row, left) in self._rows(self.width()).items():
            stop = self._buttons[name]
            size = stop.sizeHint()
            stop.setGeometry(left, _TICK + row * size.height(), size.width(), size.height())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
