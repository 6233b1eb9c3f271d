"""What every table of the window has in common: rows are chosen whole, one at a time, and nothing is edited."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget


def set_up_table(
    table: QTableWidget,
    name: str,
    accessible: str,
    columns: Sequence[tuple[str, str]],
    alignment: Qt.AlignmentFlag,
    stretched: int,
) -> None:
    """Give an empty table its columns (title, tool tip) and the window's manners; ``stretched`` takes the rest."""
    table.setObjectName(name)
    table.setAccessibleName(accessible)
    table.setHorizontalHeaderLabels([title for title, _tip in columns])
    for n, (_title, tip) in enumerate(columns):
        header = table.horizontalHeaderItem(n)
        if header is not None:
            header.setToolTip(tip)
            header.setTextAlignment(alignment)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    view = table.horizontalHeader()
    view.setHighlightSections(False)
    view.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    view.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
