"""One dialog for every error: what happened, why, what to do next. Never two on top of each other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

import overread
from overread.core.errors import OverreadError
from overread.ui import theme
from overread.ui.dialogs import open_log_folder
from overread.ui.jobs import Unexpected


class ErrorDialog(QDialog):
    """Shows one error at a time; the same error again is counted, another one replaces the text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error-dialog")
        self.setWindowTitle("Overread")
        self.setMinimumWidth(460)
        self.what, self.why = self._label("what"), self._label("why")
        self.remedy, self.count = self._label("remedy"), self._label("count")
        self.what.setFont(theme.scaled_font(self.font(), 1.2, bold=True))
        self.count.setProperty("quiet", True)
        self.log_button = QPushButton("Open log folder")
        self.log_button.setObjectName("error-log")
        self.log_button.clicked.connect(open_log_folder)
        copy = QPushButton("Copy")
        copy.setObjectName("error-copy")
        copy.clicked.connect(self.copy)
        close = QPushButton("Close")
        close.setObjectName("error-close")
        close.setProperty("primary", True)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.log_button)
        buttons.addStretch(1)
        buttons.addWidget(copy)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 18)
        column.setSpacing(10)
        for label in (self.what, self.why, self.remedy, self.count):
            column.addWidget(label)
        column.addSpacing(8)
        column.addLayout(buttons)
        self._times = 0

    def tell(self, error: OverreadError) -> None:
        """Show an error without holding up the window."""
        shown = (self.what.text(), self.why.text())
        same = self.isVisible() and shown == (_sentence(error.what), _sentence(error.why))
        self._times = self._times + 1 if same else 1
        self.what.setText(_sentence(error.what))
        self.why.setText(_sentence(error.why))
        self.remedy.setText(_sentence(error.remedy))
        self.count.setText(f"This happened {self._times} times.")
        self.count.setVisible(self._times > 1)
        self.log_button.setVisible(isinstance(error, Unexpected))
        self.setAccessibleDescription(str(error))
        self.adjustSize()
        self.open()

    def copy(self) -> None:
        """Put the text and the version on the clipboard."""
        lines = (self.what.text(), self.why.text(), self.remedy.text(), f"Overread {overread.__version__}")
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _label(self, name: str) -> QLabel:
        label = QLabel()
        label.setObjectName(f"error-{name}")
        label.setAccessibleName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "." if text else ""
