"""The model card: what a system was trained on, how it did, what it must not be used for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from overread.systems import Bundle, System
from overread.ui.help import space_out
from overread.ui.widgets.parts import button, label


class CardDialog(QDialog):
    """Shows the card of a bundle."""

    def __init__(self, system: System, bundle: Bundle, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card-dialog")
        self.setWindowTitle(f"Model card: {system.title}")
        self.resize(760, 680)
        self.text = QTextBrowser()
        self.text.setObjectName("card-text")
        self.text.setAccessibleName("Model card")
        self.text.setOpenExternalLinks(False)
        self.text.setOpenLinks(False)
        self.text.document().setDocumentMargin(16)
        self.text.setMarkdown(bundle.card)
        space_out(self.text.document())
        about = f"{system.id}, bundle {bundle.version}, after {system.paper}. Digest {bundle.digest[:12]}."
        close = button("card-close", "Close", primary=True)
        close.clicked.connect(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(label("card-caution", bundle.caution, caution=True))
        column.addWidget(self.text, 1)
        column.addWidget(label("card-about", about, quiet=True))
        column.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
