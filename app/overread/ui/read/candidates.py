"""The candidate list with its operating point. A click jumps to the slice where the candidate is
strongest."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from overread.ui.widgets.parts import label
from overread.viewing.findings import Findings, point_words

COLUMNS = ("#", "Score", "Activation\nextent", "Slices", "Peak")
_TIPS = (
    "Number in the order of scores", "Score of the slice on which it is strongest; not a probability",
    "Diameter of what the map covers at half its height; not a lesion size", "Slices over which it reaches",
    "Slice on which it is strongest",
)
_RUNNING = "A system is reading.\nWhat it marks will be listed here."
_EMPTY = "No system has read this series yet.\nChoose a system above and run it."


class CandidateList(QWidget):
    """Summary, operating point, table. Emits ``jump`` with a candidate's number."""

    jump = Signal(int)

    def __init__(self, findings: Findings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("candidates")
        self._findings = findings
        self._is_awaited = False
        self.summary = label("candidates-summary")
        self.caution = label("candidates-caution", caution=True)
        self.points = QComboBox()
        self.points.setObjectName("operating-point")
        self.points.setAccessibleName("Operating point")
        self.points.activated.connect(self._choose_point)
        self.meaning = label("operating-point-meaning", quiet=True)
        self.table = _table()
        self.table.cellClicked.connect(lambda row, _column: self._chosen(row))
        self.table.cellActivated.connect(lambda row, _column: self._chosen(row))
        point_row = QHBoxLayout()
        self._point_label = label("operating-point-label", "Operating point", wrap=False)
        point_row.addWidget(self._point_label)
        point_row.addWidget(self.points, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.summary)
        column.addWidget(self.caution)
        column.addLayout(point_row)
        column.addWidget(self.meaning)
        column.addWidget(self.table, 1)
        column.addStretch(0)
        findings.listeners.append(self.refresh)
        self.refresh("reading")

    def refresh(self, what: str) -> None:
        """Show the findings' state."""
        findings = self._findings
        if what == "reading":
            self.points.clear()
            for point in findings.points:
                words = f"{point_words(point.name).capitalize()}  (score ≥ {point.threshold:.2f})"
                self.points.addItem(words, point.name)
        if what in ("reading", "point"):
            self._fill()
        self._show_selection()

    def set_awaited(self, is_awaited: bool) -> None:
        """Say that a system is reading, where nothing is listed yet."""
        self._is_awaited = is_awaited
        self._fill()

    def _fill(self) -> None:
        findings = self._findings
        has_reading = findings.reading is not None
        has_scores = has_reading and findings.reading is not None and findings.reading.result != "refused"
        self.summary.setText(findings.summary() if has_reading else _RUNNING if self._is_awaited else _EMPTY)
        self.summary.setProperty("quiet", not has_reading)
        self.caution.setText(findings.caution)
        self.caution.setVisible(has_scores)
        for widget in (self.points, self._point_label):
            widget.setVisible(has_scores and bool(findings.points))
        point = findings.point
        if point is not None:
            self.points.setCurrentIndex(self.points.findData(point.name))
        self.meaning.setText(point.meaning if point is not None else "")
        self.meaning.setVisible(has_scores and bool(self.meaning.text()))
        candidates = findings.candidates()
        self.table.setVisible(bool(candidates))
        self.table.setRowCount(len(candidates))
        for row, candidate in enumerate(candidates):
            peak = "–" if candidate.mark.peak_slice is None else str(candidate.mark.peak_slice + 1)
            cells = (str(candidate.number), candidate.score_words, candidate.extent_words,
                     candidate.slices_words, peak)
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                item.setData(Qt.ItemDataRole.UserRole, candidate.number)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)

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

    def _choose_point(self, index: int) -> None:
        self._findings.set_point(str(self.points.itemData(index)))


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setObjectName("candidate-table")
    table.setAccessibleName("Candidates")
    table.setHorizontalHeaderLabels(list(COLUMNS))
    for column, tip in enumerate(_TIPS):
        header = table.horizontalHeaderItem(column)
        if header is not None:
            header.setToolTip(tip)
            header.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    header_view = table.horizontalHeader()
    header_view.setHighlightSections(False)
    header_view.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header_view.setSectionResizeMode(COLUMNS.index("Slices"), QHeaderView.ResizeMode.Stretch)
    return table
