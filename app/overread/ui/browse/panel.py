"""The left zone: the tree, and a footer whose numbers add up."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QProgressBar,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from overread.core.progress import Stage
from overread.core.study import Scan
from overread.ui.browse.tree import StudyTree
from overread.ui.widgets.parts import button, label, panel, rule


class BrowsePanel(QWidget):
    """Studies, and how many files were read, shown and set aside. ``cancelled``: stop the scan."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("browse")
        self.tree = StudyTree()
        self.footer = label("scan-footer", quiet=True)
        self.set_aside = button("set-aside", "show", "What was set aside, and why", link=True)
        self.set_aside.clicked.connect(self._show_set_aside)
        self.progress = QProgressBar()
        self.progress.setObjectName("scan-progress")
        self.progress.setAccessibleName("Progress of reading the folder")
        self.progress.setTextVisible(False)
        self.stop = button("scan-cancel", "Stop", "Stop reading the folder; what was found stays", link=True)
        self.stop.clicked.connect(self.cancelled)
        self._scan: Scan | None = None
        self.dialog: QDialog | None = None
        frame = panel("browse-panel", "What there is")
        foot = QHBoxLayout()
        foot.addWidget(self.footer, 1)
        foot.addWidget(self.set_aside)
        foot.addWidget(self.stop)
        bottom = QVBoxLayout()
        bottom.setContentsMargins(12, 8, 8, 8)
        bottom.addWidget(self.progress)
        bottom.addLayout(foot)
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tree, 1)
        column.addWidget(rule())
        column.addLayout(bottom)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(frame)
        self.set_scan(None, is_running=False)

    def set_scan(self, scan: Scan | None, is_running: bool) -> None:
        """Show the counts of a scan, finished or not."""
        self._scan = scan
        self.tree.set_scan(scan)
        self.footer.setText(footer_words(scan, is_running))
        self.set_aside.setVisible(scan is not None and bool(scan.set_aside) and not is_running)
        self.progress.setVisible(is_running)
        self.stop.setVisible(is_running)

    def set_stage(self, stage: Stage) -> None:
        """Move the bar."""
        self.progress.setRange(0, 0 if stage.fraction is None else 1000)
        if stage.fraction is not None:
            self.progress.setValue(round(stage.fraction * 1000))

    def _show_set_aside(self) -> None:
        if self._scan is None:
            return
        dialog = QDialog(self)
        dialog.setObjectName("set-aside-dialog")
        dialog.setWindowTitle("Set aside")
        dialog.resize(680, 420)
        text = QTextBrowser()
        text.setObjectName("set-aside-list")
        text.setAccessibleName("Files that were set aside, and why")
        text.setPlainText("\n\n".join(
            f"{entry.path}\n    {entry.reason}" + (f" ({entry.frames} frames)" if entry.frames else "")
            for entry in self._scan.set_aside))
        close = button("set-aside-close", "Close", primary=True)
        close.clicked.connect(dialog.accept)
        column = QVBoxLayout(dialog)
        column.addWidget(text)
        column.addWidget(close)
        self.dialog = dialog
        dialog.open()


def footer_words(scan: Scan | None, is_running: bool) -> str:
    """``120 files read, 117 shown in 3 stacks, 3 set aside``."""
    if scan is None:
        return "Reading the folder…" if is_running else "Nothing is open."
    if is_running:
        return f"{scan.files.found:,} files read so far…"
    files = scan.files
    stacks = list(scan.volumes())
    shown = sum(volume.file_count for volume in stacks)
    count = f"{len(stacks)} stack{'s' if len(stacks) != 1 else ''}"
    words = f"{files.found:,} file{'s' if files.found != 1 else ''} read, {shown:,} shown in {count}"
    aside = files.found - shown
    return words + (f", {aside:,} set aside" if aside > 0 else "")
