"""What stands in the middle while nothing is open: a sentence and the ways to open something."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from overread.core.research_use import RESEARCH_USE
from overread.ui import theme
from overread.ui.widgets.parts import button, label

_WAYS = (
    ("Drop", "a folder or files anywhere on this window"),
    ("Ctrl+O", "a folder with DICOM files"),
    ("Ctrl+Shift+O", "one file: DICOM, NIfTI, NRRD, MHA"),
    ("overread PATH", "from the command line"),
    ("overread demo", "a phantom, made and read on this machine"),
)


class EmptyPage(QWidget):
    """Emits ``open_folder`` and ``open_file``."""

    open_folder = Signal()
    open_file = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("empty-page")
        self.title = label("empty-title")
        self.title.setFont(theme.scaled_font(self.font(), 1.9))
        self.words = label("empty-words", quiet=True)
        self.folder_button = folder = button("empty-open-folder", "Open folder…", "Ctrl+O", primary=True)
        folder.clicked.connect(self.open_folder)
        file = button("empty-open-file", "Open file…", "Ctrl+Shift+O")
        file.clicked.connect(self.open_file)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addWidget(folder)
        buttons.addWidget(file)
        buttons.addStretch(1)
        ways = QGridLayout()
        ways.setHorizontalSpacing(18)
        ways.setVerticalSpacing(7)
        for row, (key, what) in enumerate(_WAYS):
            left = label(f"empty-way-{row}", key, wrap=False)
            left.setFont(theme.scaled_font(self.font(), 1.0, bold=True))
            ways.addWidget(left, row, 0)
            ways.addWidget(label(f"empty-what-{row}", what, quiet=True), row, 1)
        ways.setColumnStretch(1, 1)
        inner = QWidget()
        inner.setMaximumWidth(560)
        column = QVBoxLayout(inner)
        column.setSpacing(14)
        column.addWidget(self.title)
        column.addWidget(self.words)
        column.addSpacing(4)
        column.addLayout(buttons)
        column.addSpacing(16)
        column.addLayout(ways)
        column.addSpacing(16)
        column.addWidget(label("empty-use", RESEARCH_USE, quiet=True))
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(inner, 4, Qt.AlignmentFlag.AlignVCenter)
        outer.addStretch(1)
        self.say_nothing_open()

    def say_nothing_open(self) -> None:
        """Before anything was opened."""
        self.title.setText("Open a liver CT or MR")
        self.words.setText("Read it yourself, then let a system read it too and see where you differ. "
                           "Everything stays on this computer.")

    def say_reading(self) -> None:
        """While paths are being read and no image has been found yet."""
        self.title.setText("Reading the folder…")
        self.words.setText("The first image appears as soon as one is found.")

    def say_no_images(self, files: int, reasons: dict[str, int]) -> None:
        """After paths were read that hold no image."""
        self.title.setText("No images here")
        why = "; ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
        count = f"{files:,} file{'s' if files != 1 else ''}"
        self.words.setText(f"{count} looked at: {why or 'nothing was found'}. "
                           "Open another folder, or see what was set aside at the lower left.")
