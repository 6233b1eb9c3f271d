"""A small table of places: as high as its rows, one chosen at most, a click or the arrow keys choose."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from overread.ui.widgets.tables import set_up_table

_MOST_ROWS = 7


class PlaceTable(QTableWidget):
    """Emits ``chosen`` with the number of a row's place, also when it is chosen already."""

    chosen = Signal(int)

    is_built = False

    def __init__(self, name: str, accessible: str, columns: Sequence[tuple[str, str]], parent: QWidget | None = None):
        super().__init__(0, len(columns), parent)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        set_up_table(self, name, accessible, columns, left, stretched=len(columns) - 1)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.horizontalHeader().setMinimumSectionSize(20)
        self._filling = False
        self.is_built = True
        self.cellClicked.connect(self._choose)
        self.currentCellChanged.connect(lambda row, _c, _r, _b: self._choose(row, 0))

    def fill(self, rows: Sequence[tuple[int, Sequence[str], str]], chosen: int | None) -> None:
        """Show rows of (number, cells, tool tip); the one with the number ``chosen`` is selected."""
        self._filling = True
        self.setRowCount(len(rows))
        for at, (number, cells, tip) in enumerate(rows):
            for column, words in enumerate(cells):
                item = self.item(at, column)
                if item is None:
                    item = QTableWidgetItem()
                    self.setItem(at, column, item)
                item.setText(words)
                item.setToolTip(tip)
                item.setData(Qt.ItemDataRole.UserRole, number)
        found = next((at for at, row in enumerate(rows) if row[0] == chosen), None)
        if found is None:
            self.clearSelection()
            self.setCurrentCell(-1, -1)
        else:
            self.setCurrentCell(found, 0)
            self.selectRow(found)
        self._filling = False
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Other text has rows of another height."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Rows have their height only once they are dressed."""
        super().showEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as its rows, up to some: the panel scrolls as a whole."""
        if not self.is_built:
            return
        rows = sum(self.rowHeight(at) for at in range(min(self.rowCount(), _MOST_ROWS)))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + 2 * self.frameWidth() + 2)

    def _choose(self, row: int, _column: int) -> None:
        item = self.item(row, 0) if row >= 0 else None
        if item is not None and not self._filling:
            self.chosen.emit(int(item.data(Qt.ItemDataRole.UserRole)))
