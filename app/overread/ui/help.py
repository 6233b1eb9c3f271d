"""Pages of help: Markdown of ours in a window of its own."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextBlockFormat, QTextCursor, QTextDocument, QTextTable
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from overread.core.places import resources
from overread.ui import theme
from overread.ui.widgets.parts import button

PAGES = {"phantom": "The digital liver", "second-read": "The second read"}
"""File in ``resources/help`` without its ending -> title."""


class HelpDialog(QDialog):
    """Shows one page."""

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"help-{page}-dialog")
        self.setWindowTitle(PAGES[page])
        self.resize(760, 720)
        self.text = QTextBrowser()
        self.text.setObjectName("help-text")
        self.text.setAccessibleName(PAGES[page])
        self.text.setOpenLinks(False)
        self.text.document().setDocumentMargin(18)
        self.text.setMarkdown((resources() / "help" / f"{page}.md").read_text(encoding="utf-8"))
        space_out(self.text.document())
        close = button("help-close", "Close", primary=True)
        close.clicked.connect(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.text, 1)
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)


def space_out(document: QTextDocument) -> None:
    """Air between paragraphs, quiet lines in tables: Markdown comes without either."""
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            lines = frame.format().toTableFormat()
            lines.setBorderBrush(QColor(theme.BORDER))
            lines.setCellPadding(6)
            lines.setBottomMargin(12)
            frame.setFormat(lines)
    block = document.begin()
    while block.isValid():
        cursor, air = QTextCursor(block), block.blockFormat()
        if cursor.currentTable() is None:
            air.setTopMargin(14 if air.headingLevel() else 0)
            air.setBottomMargin(3 if block.textList() is not None else 8)
            air.setLineHeight(125, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            cursor.setBlockFormat(air)
        block = block.next()
