"""The small pages behind the Help menu."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

import overread
from overread.core.errors import StorageError
from overread.core.research_use import RESEARCH_USE
from overread.io.places import user_places


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
    open_folder(user_places().log)


def open_folder(folder: Path) -> None:
    """Show a folder of ours in the file manager; it is made where it is not there yet.

    Raises
    ------
    StorageError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise StorageError(f"The folder {folder} cannot be opened", problem.strerror or "the system refuses",
                           "Set OVERREAD_HOME to a folder that can be written") from problem
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
