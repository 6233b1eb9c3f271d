"""Which series plays which role of a system: a row for each, changeable by the reader."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QWidget

from overread.core.study import Series, Volume
from overread.ui.picture import holds_file_text
from overread.ui.widgets.parts import label
from overread.viewing.chooser import Slot
from overread.viewing.readable import title_of

MISSING = "missing"
_FEWEST_CHARACTERS = 10
Place = tuple[Series, Volume]


class RoleRows(QWidget):
    """Emits ``changed`` with a role and the id of the volume that shall play it, empty for none."""

    changed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-roles")
        self.combos: dict[str, QComboBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)

    def show_slots(self, slots: Sequence[Slot], places: Sequence[Place]) -> None:
        """Show the roles of a system; rows stay where the roles are the same, so that the focus does too."""
        if list(self.combos) != [slot.role for slot in slots]:
            self._make(slots)
        for slot in slots:
            self._fill(self.combos[slot.role], slot, places)

    def _make(self, slots: Sequence[Slot]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.combos = {}
        before: QWidget | None = None
        for row, slot in enumerate(slots):
            combo = self._combo(slot)
            self.combos[slot.role] = combo
            name = label(f"run-role-{slot.role}-name", slot.words, quiet=True, wrap=False)
            name.setBuddy(combo)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(combo, row, 1)
            if before is not None:
                QWidget.setTabOrder(before, combo)
            before = combo

    def _combo(self, slot: Slot) -> QComboBox:
        made = QComboBox()
        made.setObjectName(f"run-role-{slot.role}")
        made.setAccessibleName(f"Series for {slot.words}")
        made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        made.setMinimumContentsLength(_FEWEST_CHARACTERS)
        holds_file_text(made)
        made.activated.connect(lambda _row, role=slot.role: self.changed.emit(role, str(made.currentData() or "")))
        return made

    def _fill(self, combo: QComboBox, slot: Slot, places: Sequence[Place]) -> None:
        combo.blockSignals(True)
        combo.clear()
        combo.addItem(MISSING, "")
        for series, volume in places:
            guess = " ?" if slot.volume is not None and volume.id == slot.volume.id and not slot.is_sure else ""
            combo.addItem(f"{title_of(series, volume)}  ({volume.frames}){guess}", volume.id)
        combo.setCurrentIndex(max(combo.findData(slot.volume.id) if slot.volume is not None else 0, 0))
        combo.blockSignals(False)
        combo.setToolTip("\n".join((combo.currentText(), *slot.why)))
