"""The small pages behind the Help menu."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QMessageBox, QTextBrowser, QVBoxLayout, QWidget

import overread
from overread.io.places import user_places
from overread.ui.actions import keys_page
from overread.viewing.findings import RESEARCH_USE


def keys_dialog(parent: QWidget) -> QDialog:
    """All keys and what the mouse does."""
    dialog = QDialog(parent)
    dialog.setObjectName("keys-dialog")
    dialog.setWindowTitle("Keys and mouse")
    dialog.resize(640, 760)
    page = QTextBrowser()
    page.setObjectName("keys-page")
    page.setAccessibleName("Keys and mouse")
    page.document().setDocumentMargin(14)
    page.setHtml(keys_page())
    QVBoxLayout(dialog).addWidget(page)
    return dialog


def about_dialog(parent: QWidget) -> QDialog:
    """Version and purpose."""
    words = (f"Overread {overread.__version__}\n\nA desktop second reader for liver CT and MR, for research and "
             f"teaching.\n{RESEARCH_USE}")
    box = QMessageBox(QMessageBox.Icon.NoIcon, "About Overread", words, parent=parent)
    box.setObjectName("about-dialog")
    box.addButton("Close", QMessageBox.ButtonRole.AcceptRole)
    return box


def open_log_folder() -> None:
    """Show the folder of the log files in the file manager."""
    folder = user_places().log
    folder.mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
