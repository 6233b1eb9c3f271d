"""The clinical form: seven fields with units, checked while they are typed; empty is unknown."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from overread.core.facts import FACT_NAMES, LIMITS
from overread.ui.picture import holds_file_text
from overread.ui.widgets.parts import button, label
from overread.viewing.facts import field_words, options
from overread.viewing.session import Session

UNKNOWN = "unknown"


class FactsFormView(QWidget):
    """Draws the form of the open study. Emits ``load`` and ``save`` when a file is wanted."""

    load = Signal()
    save = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("facts-form")
        self._session, self._form = session, session.form
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self.errors: dict[str, QLabel] = {}
        self.missing = label("facts-missing", quiet=True)
        self.offer = button(
            "facts-diameter-offer", "Take the diameter", "That of the largest circle of the chosen lesion", link=True
        )
        self.offer.clicked.connect(self._take_diameter)
        self.load_button = button("facts-load", "From file…", "Read a JSON file as --facts takes it", link=True)
        self.load_button.clicked.connect(self.load)
        self.save_button = button("facts-save", "To file…", "Write the known facts as JSON", link=True)
        self.save_button.clicked.connect(self.save)
        self.clear_button = button("facts-clear", "Clear", "Make everything unknown", link=True)
        self.clear_button.clicked.connect(self._form.clear)
        self._build()
        self._form.listeners.append(lambda _what: self.refresh())
        session.regions.listeners.append(lambda what: self._offer() if what != "region-drawn" else None)
        self.refresh()

    def refresh(self) -> None:
        """Show the form's state; the field that is typed into keeps its text and its cursor."""
        texts = self._form.texts
        for name, field in self.fields.items():
            text = texts.get(name, "")
            if isinstance(field, QComboBox):
                field.blockSignals(True)
                field.setCurrentIndex(max(field.findData(text), 0))
                field.blockSignals(False)
            elif field.text().strip() != text:
                field.setText(text)
            error = self._form.error_of(name)
            self.errors[name].setText(error)
            self.errors[name].setVisible(bool(error))
            field.setToolTip(error or _tip(name))
        self.missing.setText(self._form.missing_words())
        self.save_button.setEnabled(bool(texts) and not self._form.has_errors)
        self.clear_button.setEnabled(bool(texts))
        self._offer()

    def _offer(self) -> None:
        lesion = self._session.regions.chosen
        words = f"{lesion.diameter_mm:.0f}" if lesion is not None else ""
        is_new = bool(words) and self._form.texts.get("diameter_mm") != words
        if lesion is not None:
            self.offer.setText(f"Take {words} mm from lesion L{lesion.number}")
            self.offer.setAccessibleName(self.offer.text())
        self.offer.setVisible(is_new)

    def _take_diameter(self) -> None:
        lesion = self._session.regions.chosen
        if lesion is not None:
            self._form.set_text("diameter_mm", f"{lesion.diameter_mm:.0f}")

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for n, name in enumerate(FACT_NAMES):
            field = self._field(name)
            said = label(f"facts-{name}-name", field_words(name), wrap=False)
            said.setBuddy(field)
            self.fields[name], self.errors[name] = field, label(f"facts-{name}-error", caution=True)
            grid.addWidget(said, 3 * n, 0)
            grid.addWidget(field, 3 * n, 1)
            grid.addWidget(self.errors[name], 3 * n + 1, 0, 1, 2)
            if name == "diameter_mm":
                grid.addWidget(self.offer, 3 * n + 2, 0, 1, 2)
        buttons = QHBoxLayout()
        for made in (self.load_button, self.save_button, self.clear_button):
            buttons.addWidget(made)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(grid)
        column.addWidget(self.missing)
        column.addLayout(buttons)

    def _field(self, name: str) -> QLineEdit | QComboBox:
        made: QLineEdit | QComboBox
        if options(name):
            made = QComboBox()
            made.addItem(UNKNOWN, "")
            for word in options(name):
                made.addItem(word, word)
            combo = made
            made.activated.connect(lambda _row: self._form.set_text(name, str(combo.currentData() or "")))
        else:
            made = QLineEdit()
            made.setPlaceholderText(UNKNOWN)
            made.textEdited.connect(lambda text: self._form.set_text(name, text))
        holds_file_text(made)
        made.setObjectName(f"facts-{name}")
        made.setAccessibleName(field_words(name))
        return made


def _tip(name: str) -> str:
    if name in LIMITS:
        low, high = LIMITS[name]
        return f"A number from {low:g} to {high:,.0f}; empty is unknown"
    return "Unknown where nobody has said it"
