"""The candidate list with its operating point and what the reading says. A click jumps to the slice where the
candidate is strongest."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from overread.ui.read.operating import OperatingControl
from overread.ui.widgets.parts import button, label
from overread.ui.widgets.tables import set_up_table
from overread.viewing.class_words import class_words
from overread.viewing.findings import Findings

COLUMNS = ("#", "Score", "Activation\nextent", "Slices", "Peak")
_TIPS = (
    "Number in the order of scores", "Score of the slice on which it is strongest; not a probability",
    "Diameter of what the map covers at half its height; not a lesion size", "Slices over which it reaches",
    "Slice on which it is strongest",
)
_CLASS_COLUMNS = ("#", "Score", "Square\nread", "Slice", "Class")
_CLASS_TIPS = (
    "Number in the order of scores", "Of the detector, or how little benign, or of MVI; not a probability",
    "Edge of the square that was looked at; not a lesion size", "Slice that was looked at",
    "The class with the highest score on this slice alone",
)
_EMPTY = "No system has read this series yet.\nChoose a system above and run it."
_WIDEST = ("50", "> 0.99", "100 mm", "188–188", "188")
"""Cells as wide as they come; a candidate of hundreds of slices may still be cut, and has a tool tip."""
_CELL_PADDING = 14
_NOTES_SHOWN = 2
_ROWS_SHOWN = 3
"""The table keeps room for so many candidates, however little height there is."""


class CandidateList(QWidget):
    """Summary, operating point, table. Emits ``jump`` with a candidate's number."""

    jump = Signal(int)

    def __init__(self, findings: Findings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("candidates")
        self._findings = findings
        self._empty_words = _EMPTY
        self._all_notes = False
        self.summary = label("candidates-summary")
        self.caution = label("candidates-caution", caution=True)
        self.operating = OperatingControl(findings)
        self.warnings = label("reading-warnings", caution=True)
        self.notes = label("reading-notes", quiet=True)
        self.notes_button = button("reading-notes-more", "", "What the system says beside its result", link=True)
        self.notes_button.clicked.connect(self._fold_notes)
        self.table = _table()
        self.table.cellClicked.connect(lambda row, _column: self._chosen(row))
        self.table.cellActivated.connect(lambda row, _column: self._chosen(row))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self.summary, self.warnings, self.caution, self.operating):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        column.addWidget(self.notes)
        column.addWidget(self.notes_button)
        column.addStretch(0)
        findings.listeners.append(self.refresh)
        self.refresh("reading")

    @property
    def meaning(self) -> QLabel:
        """What the operating point has meant."""
        return self.operating.meaning

    def refresh(self, what: str) -> None:
        """Show the findings' state."""
        if what == "reading":
            self._all_notes = False
            self._show_notes()
        if what in ("reading", "point"):
            self._fill()
        self._show_selection()

    def set_empty_words(self, words: str) -> None:
        """Say why nothing is listed while there is no reading; the usual sentence if this is empty."""
        if words != self._empty_words:
            self._empty_words = words or _EMPTY
            self._fill()

    def changeEvent(self, event: QEvent) -> None:
        """Another text size needs other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._keep_room(self.table.rowCount())

    def _fill(self) -> None:
        findings = self._findings
        has_reading = findings.reading is not None
        self.summary.setText(findings.summary() if has_reading else self._empty_words)
        is_on_card = findings.reading is not None and findings.reading.result in ("classes", "no-region")
        self.summary.setVisible(not is_on_card)
        self.summary.setProperty("quiet", not has_reading)
        self.summary.style().polish(self.summary)
        self.caution.setText(findings.caution)
        self.caution.setVisible(findings.has_scores and not findings.is_classes)  # the card of classes says it
        candidates = findings.candidates()
        self._name_columns()
        self.table.setVisible(bool(candidates))
        self.table.setRowCount(len(candidates))
        point = findings.point
        tip = "\n".join(filter(None, (findings.caution, point.meaning if point is not None else "")))
        for row, candidate in enumerate(candidates):
            peak = "–" if candidate.mark.peak_slice is None else str(candidate.mark.peak_slice + 1)
            last = class_words(candidate.mark.category) if findings.is_classes else peak
            cells = (str(candidate.number), candidate.score_words, candidate.extent_words,
                     candidate.slices_words, last)
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                item.setData(Qt.ItemDataRole.UserRole, candidate.number)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(f"Score {candidate.score_words}, not a probability. {tip}")
                self.table.setItem(row, column, item)
        self._keep_room(len(candidates))

    def _name_columns(self) -> None:
        is_classes = self._findings.is_classes
        names, tips = (_CLASS_COLUMNS, _CLASS_TIPS) if is_classes else (COLUMNS, _TIPS)
        for column, (words, tip) in enumerate(zip(names, tips, strict=True)):
            header = self.table.horizontalHeaderItem(column)
            if header is not None:
                header.setText(words)
                header.setToolTip(tip)

    def _keep_room(self, rows: int) -> None:
        """The header and a few rows never give way, nor does any column; the rest of the height is shared."""
        row_tall = self.table.rowHeight(0) if rows else 0
        header = self.table.horizontalHeader().sizeHint().height()
        metrics, header_view = self.table.fontMetrics(), self.table.horizontalHeader()
        wide = sum(max(header_view.sectionSizeHint(column), metrics.horizontalAdvance(words) + _CELL_PADDING)
                   for column, words in enumerate(_WIDEST))
        self.table.setMinimumWidth(wide + self.table.verticalScrollBar().sizeHint().width() + 4)
        self.table.setMinimumHeight(header + min(rows, _ROWS_SHOWN) * row_tall + 4)

    def _show_notes(self) -> None:
        warnings, notes = self._findings.notes("warning"), self._findings.notes("info")
        self.warnings.setText("\n".join(warnings))
        self.warnings.setVisible(bool(warnings))
        self.notes.setText("\n".join(notes if self._all_notes else notes[:_NOTES_SHOWN]))
        self.notes.setVisible(bool(notes))
        rest = len(notes) - _NOTES_SHOWN
        self.notes_button.setText("Show fewer notes" if self._all_notes else f"Show {rest} more notes" if rest > 1
                                  else "Show 1 more note")
        self.notes_button.setAccessibleName(self.notes_button.text())
        self.notes_button.setVisible(rest > 0)

    def _fold_notes(self) -> None:
        self._all_notes = not self._all_notes
        self._show_notes()

    def _show_selection(self) -> None:
        selected = self._findings.selected
        for row in range(self.table.rowCount()):
            item = self.table.item(row, 0)
            if item is not None and item.data(Qt.ItemDataRole.UserRole) == selected:
                self.table.selectRow(row)
                return
        self.table.clearSelection()

    def _chosen(self, row: int) -> None:
        item = self.table.item(row, 0)
        if item is not None:
            self.jump.emit(int(item.data(Qt.ItemDataRole.UserRole)))


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
    columns = tuple(zip(COLUMNS, _TIPS, strict=True))
    set_up_table(table, "candidate-table", "Candidates", columns, right, stretched=COLUMNS.index("Slices"))
    return table
