"""The page of keys: every key of the table of commands and what the mouse does, to search and to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QKeySequence,
    QPageLayout,
    QPageSize,
    QPaintDevice,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

import overread
from overread.core.errors import OverreadError, StorageError
from overread.io import write_atomically
from overread.ui.actions import COMMANDS, MENUS, mouse_help
from overread.ui.widgets.parts import button, label

_PAGE_WIDTHS = (700.0, 800.0, 900.0, 1000.0)
"""Widths at which the printed page may be laid out, in points; the one that fills the paper best is taken."""
_MARGIN_MM = 14.0


@dataclass(frozen=True, slots=True)
class KeyRow:
    """Keys or a gesture of the mouse, as they are read, and what they do."""

    keys: str
    meaning: str

    def holds(self, words: str) -> bool:
        """Whether every one of some words stands in it; a single sign is looked for among the keys only."""
        keys, text = self.keys.casefold(), f"{self.keys} {self.meaning}".casefold()
        return all(word in (keys if len(word) == 1 else text) for word in words.casefold().split())


def key_groups(profile: str, words: str = "") -> list[tuple[str, tuple[KeyRow, ...]]]:
    """Titles and rows of the page: one group per menu, then the mouse; groups without a row are left out.

    Parameters
    ----------
    profile
        The mouse profile.
    words
        Only rows that hold all of these.
    """
    groups = [
        (menu, tuple(KeyRow(_keys(c.keys), c.tip) for c in COMMANDS if c.menu == menu and c.keys)) for menu in MENUS
    ]
    groups.append((f"Mouse, profile “{profile}”", tuple(KeyRow(what, does) for what, does in mouse_help(profile))))
    found = [(title, tuple(row for row in rows if row.holds(words))) for title, rows in groups]
    return [(title, rows) for title, rows in found if rows]


def keys_page(profile: str, words: str = "") -> str:
    """The page as HTML, in one column."""
    groups = key_groups(profile, words)
    if not groups:
        return f"<p>No key or gesture is about “{escape(words)}”.</p>"
    return _table(groups, 230)


class KeysDialog(QDialog):
    """The page, with a line to search in it."""

    def __init__(self, profile: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("keys-dialog")
        self.setWindowTitle("Keys and mouse")
        self.resize(680, 760)
        self._profile = profile
        self.search = QLineEdit()
        self.search.setObjectName("keys-search")
        self.search.setAccessibleName("Search the keys")
        self.search.setPlaceholderText("Search: slice, overlay, Ctrl…")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._fill)
        self.page = QTextBrowser()
        self.page.setObjectName("keys-page")
        self.page.setAccessibleName("Keys and mouse")
        self.page.document().setDocumentMargin(14)
        self.said = label("keys-said", quiet=True)
        self.save_button = button("keys-save", "Save as PDF…", "One page, to hang beside the screen")
        self.print_button = button("keys-print", "Print…", "One page, to hang beside the screen")
        close = button("keys-close", "Close", primary=True)
        self.save_button.clicked.connect(self._ask_file)
        self.print_button.clicked.connect(self._print)
        close.clicked.connect(self.accept)
        for made in (self.save_button, self.print_button, close):
            made.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.addWidget(self.save_button)
        buttons.addWidget(self.print_button)
        buttons.addWidget(self.said, 1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addWidget(self.search)
        column.addWidget(self.page, 1)
        column.addLayout(buttons)
        self._fill("")

    def save(self, file: Path) -> None:
        """Write the whole page, whatever is searched for, as PDF.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        write_atomically(file, self._write_pdf)

    def _write_pdf(self, file: Path) -> None:
        writer = QPdfWriter(str(file))
        writer.setTitle("Overread: keys and mouse")
        writer.setPageLayout(_paper())
        draw_page(writer, self._profile)
        if not file.is_file():
            raise StorageError(f"{file.name} cannot be written", "the folder refuses it", "Choose another folder")

    def _fill(self, words: str) -> None:
        self.page.setHtml(keys_page(self._profile, words))

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the page of keys", "overread-keys.pdf", "PDF (*.pdf)")
        if name:
            try:
                self.save(Path(name))
                self.said.setText(f"Saved as {Path(name).name}.")
            except OverreadError as problem:
                self.said.setText(str(problem))

    def _print(self) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        printer = QPrinter()
        printer.setDocName("Overread: keys and mouse")
        printer.setPageLayout(_paper())
        asked = QPrintDialog(printer, self)
        if asked.exec() == QDialog.DialogCode.Accepted:
            draw_page(printer, self._profile)


def draw_page(device: QPaintDevice, profile: str) -> None:
    """Draw the page in two columns, black on white, so that it fills one sheet and no more."""
    groups = key_groups(profile)
    title = f"<h2>Overread {overread.__version__}: keys and mouse</h2>"
    left, right = _halves(groups)
    columns = f'<td width="50%">{_table(left, 150)}</td><td width="50%">{_table(right, 150)}</td>'
    page = QTextDocument()
    page.setHtml(f'{title}<table width="100%" cellspacing="6"><tr>{columns}</tr></table>')
    painter = QPainter(device)
    room = QRectF(painter.viewport())

    def scale_at(width: float) -> float:
        page.setTextWidth(width)
        return min(room.width() / page.size().width(), room.height() / page.size().height())

    best = max(_PAGE_WIDTHS, key=scale_at)
    scale = scale_at(best)
    painter.scale(scale, scale)
    look = QAbstractTextDocumentLayout.PaintContext()
    look.palette.setColor(QPalette.ColorRole.Text, QColor(Qt.GlobalColor.black))
    page.documentLayout().draw(painter, look)
    painter.end()


def _halves(
    groups: Sequence[tuple[str, tuple[KeyRow, ...]]],
) -> tuple[list[tuple[str, tuple[KeyRow, ...]]], list[tuple[str, tuple[KeyRow, ...]]]]:
    """The groups in two columns of about the same height, in order."""
    heights = [len(rows) + 2 for _title, rows in groups]
    cut = min(range(len(groups) + 1), key=lambda at: abs(sum(heights[:at]) - sum(heights[at:])))
    return list(groups[:cut]), list(groups[cut:])


def _table(groups: Sequence[tuple[str, tuple[KeyRow, ...]]], key_width: int) -> str:
    lines = []
    for title, rows in groups:
        lines.append(f'<tr><td colspan="2"><h3>{escape(title)}</h3></td></tr>')
        lines += [
            f'<tr><td width="{key_width}"><b>{escape(row.keys)}</b></td><td>{escape(row.meaning)}</td></tr>'
            for row in rows
        ]
    return f'<table cellspacing="4">{"".join(lines)}</table>'


def _keys(keys: Sequence[str]) -> str:
    """Keys as this system writes them; both Enter keys are one."""
    native = QKeySequence.SequenceFormat.NativeText
    names = [QKeySequence(key).toString(native) for key in keys if not (key == "Return" and "Enter" in keys)]
    return " or ".join(dict.fromkeys(names))


def _paper() -> QPageLayout:
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    size = QPageSize(QPageSize.PageSizeId.A4)
    return QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
