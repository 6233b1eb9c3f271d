"""Five buttons for the suspicion of a mark. Digits rate only while the row is open: elsewhere they are windows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from overread.study.second_read import RATING_WORDS
from overread.ui.widgets.parts import button, label

_DIGITS = {Qt.Key(Qt.Key.Key_0.value + n): n for n in RATING_WORDS}
_CLOSED = "G, then 1 to 5, rates the chosen mark."


class RatingRow(QWidget):
    """Emits ``rated`` with 1 to 5, or None when the chosen one is clicked again; ``closed`` when the keys are free."""

    rated = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mark-rating")
        self.setAccessibleName("Rating of the chosen mark: press 1 to 5")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.is_open = False
        self._rating: int | None = None
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self.buttons = {n: self._button(n) for n in RATING_WORDS}
        self.words = label("mark-rating-words", quiet=True)
        row = QHBoxLayout()
        row.setSpacing(4)
        for made in self.buttons.values():
            row.addWidget(made, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.words)
        self.set_rating(None)

    def open(self) -> None:
        """Take the digits: the next one rates."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_rating(self, rating: int | None) -> None:
        """Show a rating."""
        self._rating = rating
        for n, made in self.buttons.items():
            made.setChecked(n == rating)
        self._say()

    def event(self, event: QEvent) -> bool:
        """While it is open, digits and Escape are its own, whatever shortcuts they are elsewhere."""
        is_asked = event.type() == QEvent.Type.ShortcutOverride and self.is_open
        if is_asked and isinstance(event, QKeyEvent) and event.key() in (*_DIGITS, Qt.Key.Key_Escape):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A digit rates and gives the keys back; Escape only gives them back."""
        rating = _DIGITS.get(Qt.Key(event.key()))
        if rating is not None:
            self.rated.emit(rating)
            self.closed.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Open."""
        self.is_open = True
        self._say()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Close."""
        self.is_open = False
        self._say()
        super().focusOutEvent(event)

    def _say(self) -> None:
        if self.is_open:
            self.words.setText("Press 1 to 5. Esc leaves.")
        elif self._rating is not None:
            self.words.setText(f"{self._rating}: {RATING_WORDS[self._rating]}")
        else:
            self.words.setText(_CLOSED)
        self.words.setProperty("quiet", not self.is_open)

    def _button(self, n: int) -> QPushButton:
        made = button(f"mark-rating-{n}", str(n), f"{n}: {RATING_WORDS[n]}")
        made.setAccessibleName(f"Rating {n}: {RATING_WORDS[n]}")
        made.setCheckable(True)
        made.setProperty("compact", True)
        made.setMinimumWidth(24)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.clicked.connect(lambda checked: self.rated.emit(n if checked else None))
        self._group.addButton(made)
        return made
