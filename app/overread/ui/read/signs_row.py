"""The three signs of microvascular invasion: yes, no or not judged, and the rule's answer beside the systems'."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QGridLayout, QVBoxLayout, QWidget

from overread.core.signs import SIGNS
from overread.ui.widgets.parts import label
from overread.viewing.class_words import class_words
from overread.viewing.session import Session
from overread.viewing.signs import QUESTIONS, TIPS

_ANSWERS: tuple[tuple[str, bool | None], ...] = (("not judged", None), ("yes", True), ("no", False))
_SYSTEM = "mvi-prediction"


class SignsView(QWidget):
    """Asks the reader; nothing here enters a system's score."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("three-signs")
        self._session, self._signs = session, session.signs
        self.combos: dict[str, QComboBox] = {}
        self.rule = label("signs-rule")
        self.systems = label("signs-systems", quiet=True)
        self.note = label("signs-note", "A reading aid after Liu 2021. No score is made from it.", quiet=True)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        for n, sign in enumerate(SIGNS):
            combo = QComboBox()
            combo.setObjectName(f"sign-{n + 1}")
            combo.setAccessibleName(QUESTIONS[sign])
            combo.setToolTip(TIPS[sign])
            for words, _answer in _ANSWERS:
                combo.addItem(words)
            combo.activated.connect(lambda row, name=sign: self._signs.set_answer(name, _ANSWERS[row][1]))
            name = label(f"sign-{n + 1}-name", QUESTIONS[sign])
            name.setBuddy(combo)
            name.setToolTip(TIPS[sign])
            grid.addWidget(name, n, 0)
            grid.addWidget(combo, n, 1)
            self.combos[sign] = combo
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(grid)
        for widget in (self.rule, self.systems, self.note):
            column.addWidget(widget)
        self._signs.listeners.append(lambda _what: self.refresh())
        session.listeners.append(lambda what: self.refresh() if what in ("volume", "results", "layers") else None)
        self.refresh()

    def refresh(self) -> None:
        """Show the answers, the rule's and the systems'."""
        for sign, combo in self.combos.items():
            answer = self._signs.answer(sign)
            combo.setCurrentIndex(next(n for n, (_, value) in enumerate(_ANSWERS) if value is answer))
        self.rule.setText(self._signs.words())
        said, cautions = [], []
        for layer in self._session.layers():
            reading = layer.result.reading
            if reading is not None and reading.reader.id == _SYSTEM and reading.result == "classes":
                score = "" if reading.rating is None else f", score {reading.rating:.2f}"
                said.append(f"{layer.result.system}: {class_words(reading.category)}{score}.")
                cautions += [layer.result.caution] * bool(layer.result.caution)
        self.systems.setText("\n".join((*said, *dict.fromkeys(cautions))))
        self.systems.setVisible(bool(said))
