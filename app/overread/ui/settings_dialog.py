"""The one dialog of the settings. It works on a copy: Cancel leaves everything as it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from overread.core.errors import OverreadError
from overread.core.progress import Progress
from overread.ui import theme
from overread.ui.actions import mouse_help, mouse_words
from overread.ui.files_page import FilesPage
from overread.ui.jobs import Job
from overread.ui.settings import CHOICES, MOUSE_PROFILES, Settings
from overread.ui.widgets.parts import button, label, rule

AskDevice = Callable[[str, Progress], str]
WORDS: dict[str, dict[str | int, str]] = {
    "theme": {name: look.title for name, look in theme.THEMES.items()},
    "text_scale": {100: "100 %", 115: "115 %", 125: "125 %", 150: "150 %"},
    "corner_text": {"all": "All", "few": "Few: window and slice number", "none": "None"},
    "device": {
        "auto": "Automatic: the fastest one here", "cpu": "Processor (CPU)", "cuda": "NVIDIA graphics card (CUDA)",
        "mps": "Apple graphics (MPS), untried",
    },
    "engine": {
        "auto": "Automatic: the fastest one here", "torch": "PyTorch",
        "onnx": "ONNX Runtime (an optional part)",
    },
}  # fmt: skip
"""How the choices are named to people."""
_LOOK = ("theme", "text_scale")


class SettingsDialog(QDialog):
    """Emits ``kept`` with the names of what was changed, once the settings have taken it.

    Parameters
    ----------
    settings
        Changed only by OK.
    show_look
        Shows a theme and a text scale at once; called while they are being chosen, and to undo that.
    ask_device
        Says what a wished device comes to here, in a sentence. Called off the window's thread. None leaves the
        line out.
    """

    kept = Signal(object)

    def __init__(
        self,
        settings: Settings,
        show_look: Callable[[str, int], None],
        parent: QWidget | None = None,
        ask_device: AskDevice | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("settings-dialog")
        self.setWindowTitle("Settings")
        self._settings, self._draft = settings, dataclasses.replace(settings)
        self._show_look, self._ask_device = show_look, ask_device
        self._device_job: Job | None = None
        self._combos: dict[str, QComboBox] = {}
        self._sliders: dict[str, tuple[QSlider, QLabel]] = {}
        self.mouse = QButtonGroup(self)
        self.gestures = QGridLayout()
        self.unaided = QCheckBox("Second read: mine first, the systems' findings after “Done alone”")
        self.hang = QCheckBox("Hang the phases of a study side by side when it is opened")
        self.device_line = label("settings-device-line", quiet=True)
        self.files = FilesPage()
        self.pages = QTabWidget()
        self.pages.setObjectName("settings-pages")
        self.pages.setAccessibleName("Pages of the settings")
        self.pages.tabBar().setObjectName("settings-tabs")
        self.pages.tabBar().setAccessibleName("Pages of the settings")
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setDrawBase(False)
        for title, page in (
            ("Mouse and reading", self._reading()),
            ("Appearance", self._appearance()),
            ("Systems", self._systems()),
            ("Files", self.files),
        ):
            page.setContentsMargins(4, 8, 4, 4)
            self.pages.addTab(page, title)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 12, 18, 14)
        column.setSpacing(10)
        column.addWidget(self.pages, 1)
        column.addWidget(rule())
        column.addLayout(self._buttons())
        self._show()
        self.finished.connect(self._over)
        self.files.measure()

    @property
    def draft(self) -> Settings:
        """What OK would keep."""
        return self._draft

    def accept(self) -> None:
        """Keep what was chosen."""
        names = [field.name for field in dataclasses.fields(Settings)]
        changed = frozenset(n for n in names if getattr(self._settings, n) != getattr(self._draft, n))
        self._settings.take(self._draft)
        super().accept()
        self.kept.emit(changed)

    def reject(self) -> None:
        """Leave everything as it was, the look included."""
        self._draft = dataclasses.replace(self._settings)
        self._change_look()
        super().reject()

    def reset(self) -> None:
        """Choose every default; nothing is kept before OK."""
        self._draft.take(Settings(last_folder=self._draft.last_folder))
        self._show()
        self._change_look()

    # Pages

    def _reading(self) -> QWidget:
        page, column = _page("settings-reading")
        column.addWidget(label("heading-mouse", "MOUSE", heading=True))
        for number, profile in enumerate(MOUSE_PROFILES):
            choice = QRadioButton(mouse_words(profile))
            choice.setObjectName(f"settings-mouse-{profile}")
            choice.setAccessibleName(f"Mouse profile {profile}: {mouse_words(profile)}")
            self.mouse.addButton(choice, number)
            column.addWidget(choice)
        self.mouse.idClicked.connect(lambda number: self._choose("mouse", MOUSE_PROFILES[number]))
        self.gestures.setHorizontalSpacing(16)
        self.gestures.setVerticalSpacing(3)
        self.gestures.setContentsMargins(26, 2, 0, 0)
        self.gestures.setColumnStretch(1, 1)
        for row, (gesture, _does) in enumerate(mouse_help(MOUSE_PROFILES[0])):
            self.gestures.addWidget(label(f"settings-gesture-{row}", gesture, quiet=True, wrap=False), row, 0)
            self.gestures.addWidget(label(f"settings-gesture-{row}-does", wrap=False), row, 1)
        column.addLayout(self.gestures)
        column.addSpacing(8)
        column.addWidget(label("heading-reading", "READING", heading=True))
        self.unaided.setObjectName("settings-unaided-first")
        self.unaided.setAccessibleName(self.unaided.text())
        self.unaided.toggled.connect(lambda on: self._choose("unaided_first", on))
        column.addWidget(self.unaided)
        self.hang.setObjectName("settings-hang-on-open")
        self.hang.setAccessibleName(self.hang.text())
        self.hang.toggled.connect(lambda on: self._choose("hang_on_open", on))
        column.addWidget(self.hang)
        column.addLayout(self._form(("Text on the image", "corner_text")))
        column.addStretch(1)
        return page

    def _appearance(self) -> QWidget:
        page, column = _page("settings-appearance")
        column.addWidget(label("heading-theme", "THEME AND TEXT", heading=True))
        column.addLayout(self._form(("Theme", "theme"), ("Size of all text", "text_scale")))
        column.addWidget(
            label(
                "settings-look-about",
                "Shown at once, no restart. The image keeps its black surround "
                "in every theme; icons and pictures keep their size.",
                quiet=True,
            )
        )
        column.addSpacing(8)
        column.addWidget(label("heading-heat", "HEATMAP", heading=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        for row, (title, name) in enumerate((("Opacity", "heat_opacity"), ("Show from", "heat_threshold"))):
            slider, words = self._slider(name, f"{title} of the heatmap")
            grid.addWidget(label(f"settings-{name}-title", title, wrap=False), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(words, row, 2)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        column.addWidget(
            label(
                "settings-heat-about",
                "The same two as beside the image, where the last look is remembered.",
                quiet=True,
            )
        )
        column.addStretch(1)
        return page

    def _systems(self) -> QWidget:
        page, column = _page("settings-systems")
        column.addWidget(label("heading-runs", "RUNS", heading=True))
        column.addLayout(self._form(("Compute on", "device"), ("Compute with", "engine")))
        self.device_line.setVisible(self._ask_device is not None)
        column.addWidget(self.device_line)
        column.addWidget(
            label(
                "settings-runs-about",
                "From the next run on. A device or engine that is asked for and "
                "missing stops the run with a sentence; the automatic choice takes another one and "
                "says so.",
                quiet=True,
            )
        )
        column.addStretch(1)
        return page

    def _buttons(self) -> QHBoxLayout:
        self.reset_button = button("settings-reset", "Reset to defaults", "Choose every default; OK keeps them")
        self.cancel_button = button("settings-cancel", "Cancel", "Leave everything as it was (Esc)")
        self.ok_button = button("settings-ok", "OK", "Keep what is chosen (Enter)", primary=True)
        self.ok_button.setDefault(True)
        self.reset_button.setAutoDefault(False)
        row = QHBoxLayout()
        row.addWidget(self.reset_button)
        row.addStretch(1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.ok_button)
        for made, act in (
            (self.reset_button, self.reset),
            (self.cancel_button, self.reject),
            (self.ok_button, self.accept),
        ):
            made.clicked.connect(act)
        return row

    def _form(self, *rows: tuple[str, str]) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, name in rows:
            combo = QComboBox()
            combo.setObjectName(f"settings-{name.replace('_', '-')}")
            combo.setAccessibleName(title)
            for choice in CHOICES[name]:
                combo.addItem(WORDS[name].get(choice, str(choice)), choice)
            combo.currentIndexChanged.connect(
                lambda _at, name=name, combo=combo: self._choose(name, combo.currentData())
            )
            self._combos[name] = combo
            form.addRow(label(f"settings-{name}-title", title, wrap=False), combo)
        return form

    def _slider(self, name: str, accessible: str) -> tuple[QSlider, QLabel]:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName(f"settings-{name.replace('_', '-')}")
        slider.setAccessibleName(accessible)
        slider.setRange(0, 100)
        slider.valueChanged.connect(lambda value: self._choose(name, value / 100))
        words = label(f"settings-{name}-value", quiet=True, wrap=False)
        self._sliders[name] = slider, words
        return slider, words

    # State

    def _choose(self, name: str, value: str | int | float | bool) -> None:
        setattr(self._draft, name, value)
        self._show()
        if name in _LOOK:
            self._change_look()

    def _change_look(self) -> None:
        self._show_look(self._draft.theme, self._draft.text_scale)
        self.adjustSize()

    def _show(self) -> None:
        """Show the draft."""
        draft = self._draft
        self.mouse.button(MOUSE_PROFILES.index(draft.mouse)).setChecked(True)
        for row, (_gesture, does) in enumerate(mouse_help(draft.mouse)):
            item = self.gestures.itemAtPosition(row, 1)
            words = item.widget() if item is not None else None
            if isinstance(words, QLabel):
                words.setText(does)
        self.unaided.setChecked(draft.unaided_first)
        self.hang.setChecked(draft.hang_on_open)
        for name, combo in self._combos.items():
            combo.setCurrentIndex(combo.findData(getattr(draft, name)))
        for name, (slider, words) in self._sliders.items():
            slider.blockSignals(True)
            slider.setValue(round(getattr(draft, name) * 100))
            slider.blockSignals(False)
            words.setText(f"{getattr(draft, name):.0%}".replace("%", " %"))
        self._show_device(draft.device)

    def _show_device(self, wish: str) -> None:
        """Ask what the wished device comes to, once per wish."""
        if self._ask_device is None or self.device_line.property("wish") == wish:
            return
        self.device_line.setProperty("wish", wish)
        self.device_line.setText("Asking the machine…")
        if self._device_job is not None:
            self._device_job.drop()
        ask = self._ask_device
        self._device_job = Job(
            "Asking for the device",
            lambda progress: ask(wish, progress),
            parent=self,
            on_done=self.device_line.setText,
            on_error=self._no_device,
        )
        self._device_job.start()

    def _no_device(self, problem: OverreadError) -> None:
        self.device_line.setText(str(problem))

    def _over(self, _result: int) -> None:
        self.files.close_jobs()
        if self._device_job is not None:
            self._device_job.drop()


def _page(name: str) -> tuple[QWidget, QVBoxLayout]:
    page = QWidget()
    page.setObjectName(name)
    column = QVBoxLayout(page)
    column.setSpacing(6)
    return page, column
