"""The circled lesions: a list, and what can be done with the chosen one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from overread.ui.picture import holds_file_text
from overread.ui.read.place_table import PlaceTable
from overread.ui.widgets.parts import button, label
from overread.viewing.session import Session

_COLUMNS = (("#", "Number of the lesion"), ("Diameter", "Of the largest circle"), ("Slices", "That have a circle"))
_EMPTY = (
    "No lesion is circled. Press D and drag from its middle to its edge on a slice; Ctrl+Down copies the circle to the "
    "next slice. Slices between two circles are filled in. Systems are given 10 mm more, the dotted line."
)
_SOURCES = {"circle": "drawn", "mark": "from an own mark", "detector": "from a candidate"}


class RegionsList(QWidget):
    """Emits ``wanted`` with the id of a command."""

    wanted = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("regions")
        self._session, self._regions = session, session.regions
        self.empty = label("regions-empty", _EMPTY, quiet=True)
        self.table = PlaceTable("regions-table", "Circled lesions", _COLUMNS)
        self.table.chosen.connect(self._chosen)
        self.notes = holds_file_text(label("regions-notes", caution=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(4)
        self.buttons = {}
        for n, (command, words, tip) in enumerate((
            ("region-draw", "Circle (D)", "Draw a circle: from the middle of the lesion to its edge"),
            ("region-new", "New lesion", "The next circle begins another lesion"),
            ("region-from-mark", "From my mark", "A circle at the chosen own mark, as wide as its diameter"),
            ("region-from-candidate", "From candidate", "A circle at the chosen candidate; check its size"),
            ("region-file", "From file…", "Masks (SEG, NIfTI, NRRD), truth.json, circles as JSON; or drop it here"),
            ("region-remove", "Remove", "Remove the chosen lesion with all its circles; Ctrl+Z brings it back"),
        )):  # fmt: skip
            made = button(f"regions-{command}", words, tip)
            made.setProperty("compact", True)
            made.clicked.connect(lambda _on, name=command: self.wanted.emit(name))
            self.buttons[command] = made
            grid.addWidget(made, n // 2, n % 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.empty)
        column.addWidget(self.table)
        column.addWidget(self.notes)
        column.addLayout(grid)
        for state in (self._regions, session.second, session.findings, session):
            state.listeners.append(lambda _what: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show the lesions."""
        session, lesions = self._session, self._regions.lesions
        rows = []
        for lesion in lesions:
            slices = lesion.words.partition(", ")[2].removeprefix("slices ").removeprefix("slice ")
            tip = f"Lesion L{lesion.number}, {_SOURCES.get(lesion.source, 'from a file')}: {lesion.words}"
            rows.append((lesion.number, (f"L{lesion.number}", f"{lesion.diameter_mm:.0f} mm", slices), tip))
        self.table.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.notes.setText("\n".join(self._regions.notes))
        self.notes.setVisible(bool(self.notes.text()))
        self.table.fill(rows, self._regions.selected)
        has_place = session.layout.active.volume is not None and session.layout.active.volume.affine is not None
        chosen = session.findings.candidate(session.findings.selected)
        for command, enabled in (
            ("region-draw", has_place), ("region-new", bool(rows)),
            ("region-from-mark", session.second.mark is not None),
            ("region-from-candidate", chosen is not None), ("region-file", has_place), ("region-remove", bool(rows)),
        ):  # fmt: skip
            self.buttons[command].setEnabled(enabled)

    def _chosen(self, number: int) -> None:
        self._regions.select(number)
        lesion, active = self._regions.chosen, self._session.layout.active
        if lesion is None:
            return
        k, circle = max(lesion.circles.items(), key=lambda pair: pair[1].radius_mm)
        if active.volume is not None and active.volume.id == lesion.volume_id:
            active.go_to(k)
        self._session.linking.show_place(active, circle.centre_mm)
