"""Where the program's files lie, and the cache: a page of the settings."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from overread.core.errors import OverreadError
from overread.io.cache_folder import clear_folder, folder_bytes
from overread.io.places import user_places
from overread.ui.dialogs import open_folder
from overread.ui.jobs import Job
from overread.ui.widgets.parts import button, label

_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


class FilesPage(QWidget):
    """Four folders that can be opened, and one that can be emptied; both happen at once, Cancel or not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings-files")
        self._places = user_places()
        self._job: Job | None = None
        self.size_words = label("settings-cache-size", quiet=True)
        self.clear_button = button("settings-cache-clear", "Clear cache", "Remove what can be made again")
        self.clear_button.clicked.connect(self.clear)
        cache = QHBoxLayout()
        cache.addWidget(self.size_words, 1)
        cache.addWidget(self.clear_button)
        self.said = label("settings-files-said", caution=True)
        self.said.hide()
        column = QVBoxLayout(self)
        column.setSpacing(9)
        column.addWidget(label("heading-folders", "WHERE FILES LIE", heading=True))
        column.addLayout(self._folders())
        column.addSpacing(10)
        column.addWidget(label("heading-cache", "CACHE", heading=True))
        column.addLayout(cache)
        column.addWidget(
            label(
                "settings-cache-about",
                "Readings and prepared networks that were kept so that the same "
                "run is quick the next time. Cleared at once; nothing of yours is lost.",
                quiet=True,
            )
        )
        column.addWidget(self.said)
        column.addStretch(1)

    def measure(self) -> None:
        """Find out how large the cache is, off this thread."""
        self.size_words.setText("Measuring…")
        self._start("Measuring the cache", False)

    def clear(self) -> None:
        """Empty the cache, off this thread."""
        self.said.hide()
        self.size_words.setText("Clearing…")
        self._start("Clearing the cache", True)

    def close_jobs(self) -> None:
        """Hear nothing more of what still runs."""
        if self._job is not None:
            self._job.drop()
            self._job = None

    def _start(self, name: str, is_clearing: bool) -> None:
        self.close_jobs()
        folder = self._places.cache
        self.clear_button.setEnabled(False)
        self._job = Job(
            name,
            lambda progress: (clear_folder if is_clearing else folder_bytes)(folder, progress),
            parent=self,
            on_done=self._cleared if is_clearing else self._measured,
            on_error=self._failed,
        )
        self._job.start()

    def _measured(self, size: int) -> None:
        self.size_words.setText(f"{bytes_words(size)} in the cache" if size else "The cache is empty")
        self.clear_button.setEnabled(size > 0)

    def _cleared(self, freed: int) -> None:
        self.size_words.setText(f"{bytes_words(freed)} cleared; the cache is empty")

    def _failed(self, problem: OverreadError) -> None:
        self._tell(problem)
        self.measure()

    def _folders(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        named = (
            ("Data", "data", self._places.data),
            ("Settings", "config", self._places.config),
            ("Cache", "cache", self._places.cache),
            ("Log", "log", self._places.log),
        )
        for row, (title, name, folder) in enumerate(named):
            shown = QLineEdit(str(folder))
            shown.setObjectName(f"settings-folder-{name}")
            shown.setAccessibleName(f"{title} folder")
            shown.setReadOnly(True)
            shown.setCursorPosition(0)
            shown.setToolTip(str(folder))
            opens = button(f"settings-open-{name}", "Open", f"Show the folder: {title.lower()}")
            opens.setAccessibleName(f"Open the folder: {title.lower()}")
            opens.clicked.connect(partial(self._open, folder))
            grid.addWidget(label(f"settings-folder-{name}-title", title, wrap=False), row, 0)
            grid.addWidget(shown, row, 1)
            grid.addWidget(opens, row, 2)
        grid.setColumnStretch(1, 1)
        return grid

    def _open(self, folder: Path) -> None:
        try:
            open_folder(folder)
        except OverreadError as problem:
            self._tell(problem)

    def _tell(self, problem: OverreadError) -> None:
        self.said.setText(str(problem))
        self.said.show()


def bytes_words(size: int) -> str:
    """A size as people say it: ``3.2 MB``."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}" if size < 10 * unit else f"{size / unit:.0f} {name}"
    return f"{size} bytes" if size != 1 else "1 byte"
