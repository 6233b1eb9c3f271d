"""The list of systems and variants: each with a line below its name that says whether it can run here, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QStyleOptionViewItem,
    QStylePainter,
    QWidget,
)

from overread.ui import theme
from overread.viewing.chooser import CHOICES, Readiness, choice_of

LINE, CAN_RUN = Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
_SIDE, _TOP = 10, 4
_SIGN = 18
"""Room for the sign in front of a name."""
_BAR = 4
_EDGE = 6
_FEWEST_CHARACTERS = 18
_COMBO_SIDES = 48


class SystemCombo(QComboBox):
    """All systems; ``ask`` says of each whether it can run, each time the list is opened."""

    def __init__(self, ask: Callable[[], Mapping[str, Readiness]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self.setObjectName("system")
        self.setAccessibleName("System")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_FEWEST_CHARACTERS)
        self.setMaxVisibleItems(len(CHOICES))
        for choice in CHOICES:
            self.addItem(choice.title, choice.key)
        self.setItemDelegate(_TwoLines(self))
        self.keep_room()

    def keep_room(self) -> None:
        """The name of a system is never cut where it is one of the first; the rest have a tool tip."""
        titles = [choice.system.title for choice in CHOICES]
        widest = max(self.fontMetrics().horizontalAdvance(title) for title in titles)
        self.setMinimumWidth(widest + _COMBO_SIDES)

    def refresh(self) -> None:
        """Ask anew what can run."""
        for key, ready in self._ask().items():
            row = self.findData(key)
            self.setItemData(row, ready.line, LINE)
            self.setItemData(row, ready.can_run, CAN_RUN)
            tip = "\n".join((*ready.reasons, *ready.remarks)) or ready.line
            self.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
            words = f"{self.itemText(row)}. {ready.line}"
            self.setItemData(row, words, Qt.ItemDataRole.AccessibleTextRole)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Where there is no room for all of a title, the variant stays: it tells one entry from the next."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        kind = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, kind, self).width() - _EDGE
        option.currentText = self.shown_title(room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def shown_title(self, room: int) -> str:
        """The chosen title as it fits into so many points, cut in front of the variant."""
        choice = choice_of(str(self.currentData()))
        metrics, tail = self.fontMetrics(), "" if choice.variant is None else f": {choice.variant}"
        left = max(room - metrics.horizontalAdvance(tail), 0)
        return metrics.elidedText(choice.system.title, Qt.TextElideMode.ElideRight, left) + tail

    def showPopup(self) -> None:
        """Open the list, as wide as its lines need within the window."""
        self.refresh()
        window = self.window()
        room = window.mapToGlobal(window.rect().bottomRight()).x() - self.mapToGlobal(self.rect().topLeft()).x()
        self.view().setMinimumWidth(max(self.width(), min(room - 8, 620)))
        self.view().setTextElideMode(Qt.TextElideMode.ElideRight)
        super().showPopup()


class _TwoLines(QStyledItemDelegate):
    """The name, and below it in a quieter ink whether it can run."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Room for both, the second broken where it is long."""
        line = option.fontMetrics.height()
        wide = max(self._width() - 2 * _SIDE - _SIGN, 1)
        words, wrap = str(index.data(LINE) or " "), int(Qt.TextFlag.TextWordWrap)
        below = option.fontMetrics.boundingRect(QRect(0, 0, wide, 20 * line), wrap, words).height()
        return QSize(200, line + max(below, line) + 2 * _TOP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw both lines; what cannot run carries a sign, not a colour alone."""
        painter.save()
        is_marked = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_marked:
            painter.fillRect(option.rect, option.palette.color(QPalette.ColorRole.Highlight))
        can_run = bool(index.data(CAN_RUN))
        box = option.rect.adjusted(_SIDE, _TOP, -_SIDE, -_TOP)
        line = option.fontMetrics.height()
        painter.setFont(option.font)
        painter.setPen(QColor(theme.ON_ACCENT if is_marked else theme.TEXT))
        sign = "\u2713" if can_run else "\u2013"
        painter.drawText(QRect(box.left(), box.top(), _SIGN, line), Qt.AlignmentFlag.AlignLeft, sign)
        text = box.adjusted(_SIGN, 0, 0, 0)
        title = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(QRect(text.left(), text.top(), text.width(), line), Qt.AlignmentFlag.AlignLeft, title)
        if not is_marked:
            painter.setPen(QColor(theme.QUIET if can_run else theme.WARNING))
        below = QRect(text.left(), text.top() + line, text.width(), text.height() - line)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap), str(index.data(LINE)))
        painter.restore()

    def _width(self) -> int:
        combo = self.parent()
        if not isinstance(combo, QComboBox):
            return 200
        return max(combo.view().viewport().width(), combo.view().minimumWidth() - _BAR)
