"""Which system reads what; its run with stage, progress, remaining time and Cancel; the model card one click
away."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from overread.core.errors import OverreadError
from overread.core.progress import Stage
from overread.core.study import Volume
from overread.systems import SYSTEMS, ReadRequest, System, check_gate
from overread.ui.widgets.parts import button, label
from overread.viewing.corner import ROLE_WORDS, volume_title
from overread.viewing.remaining import remaining_s, remaining_words
from overread.viewing.session import Session, first_to_show

_FEWEST_CHARACTERS = 18


class RunPanel(QWidget):
    """Emits ``run`` with a request, ``cancel``, ``card`` with a system's id."""

    run = Signal(object)
    cancel = Signal()
    card = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-panel")
        self._session = session
        self.systems = _combo("system", "System")
        for system in SYSTEMS.values():
            self.systems.addItem(system.title, system.id)
        self.systems.currentIndexChanged.connect(lambda _index: self._fill_volumes())
        self.about = label("system-about", quiet=True)
        self.card_button = button("model-card", "Model card", "What it was trained on, and how it did",
                                  link=True)
        self.card_button.clicked.connect(lambda: self.card.emit(self.system.id))
        self.reads = label("run-reads", quiet=True)
        self.volumes = _combo("run-volume", "Series that the system reads")
        self.volumes.currentIndexChanged.connect(lambda _index: self._check())
        self.confirm = QCheckBox()
        self.confirm.setObjectName("run-confirm")
        self.confirm.toggled.connect(lambda _on: self._enable())
        self.reasons = label("run-reasons", caution=True)
        self.run_button = button("run", "Run", "Let the system read (Ctrl+R)", primary=True)
        self.run_button.clicked.connect(self.start)
        self.cancel_button = button("run-cancel", "Cancel", "Stop within a second (Ctrl+.)")
        self.cancel_button.clicked.connect(self.cancel)
        self.bar = QProgressBar()
        self.bar.setObjectName("run-progress")
        self.bar.setAccessibleName("Progress of the run")
        self.bar.setTextVisible(False)
        self.stage = label("run-stage", quiet=True)
        self._running = False
        self._refused = False
        self._stage_name, self._stage_began_s = "", 0.0
        self._build()
        session.listeners.append(self._session_changed)
        self.set_running(False)
        self._fill_volumes()

    @property
    def system(self) -> System:
        """The chosen system."""
        return SYSTEMS[str(self.systems.currentData())]

    @property
    def volume(self) -> Volume | None:
        """The chosen volume."""
        found = self._session.find(str(self.volumes.currentData()))
        return found[2] if found is not None else None

    @property
    def can_run(self) -> bool:
        """Whether Run would start something."""
        return self.run_button.isEnabled() and not self._running

    def choose(self, system_id: str | None, volume_id: str | None = None) -> None:
        """Choose a system and a volume from outside."""
        if system_id is not None and self.systems.findData(system_id) >= 0:
            self.systems.setCurrentIndex(self.systems.findData(system_id))
        if volume_id is not None and self.volumes.findData(volume_id) >= 0:
            self.volumes.setCurrentIndex(self.volumes.findData(volume_id))

    def start(self) -> None:
        """Ask for the run that is set up here, if it may start."""
        volume, found = self.volume, self._session.find(str(self.volumes.currentData()))
        if volume is None or found is None or not self.can_run:
            return
        self.run.emit(ReadRequest(self.system.id, ((self.system.roles[0], volume),),
                                  study_uid=found[0].study_uid))

    def set_running(self, running: bool, words: str = "") -> None:
        """Show Cancel and the bar during a run, Run otherwise."""
        self._running = running
        self._stage_name = ""
        self.run_button.setVisible(not running)
        self.cancel_button.setVisible(running)
        self.cancel_button.setEnabled(True)
        self.bar.setVisible(running)
        self.bar.setRange(0, 0 if running else 1)
        self.stage.setText(words)
        self.stage.setVisible(bool(words))
        for widget in (self.systems, self.volumes, self.confirm):
            widget.setEnabled(not running)
        self._enable()

    def set_cancelling(self) -> None:
        """Say that the wish to stop was heard."""
        self.cancel_button.setEnabled(False)
        self.stage.show()
        self.stage.setText("Stopping…")

    def set_stage(self, stage: Stage) -> None:
        """Show the stage, how much of it is done, and how long it will still take."""
        if not self._running or not self.cancel_button.isEnabled():
            return
        self.stage.show()
        if stage.name != self._stage_name:
            self._stage_name, self._stage_began_s = stage.name, time.monotonic()
        self.bar.setRange(0, 0 if stage.fraction is None else 1000)
        if stage.fraction is not None:
            self.bar.setValue(round(stage.fraction * 1000))
        left = remaining_words(remaining_s(time.monotonic() - self._stage_began_s, stage.fraction))
        count = f"{stage.done:.0f} of {stage.total:.0f}" if stage.total else ""
        self.stage.setText("   ".join(filter(None, (_capital(stage.name), count, left))))

    def _session_changed(self, what: str) -> None:
        if what == "scan":
            self._fill_volumes()
        elif what == "volume" and not self._running:
            shown = self._session.layout.active.volume
            if shown is not None and self._refusals(shown) == []:
                self.choose(None, shown.id)

    def _fill_volumes(self) -> None:
        """List the volumes; the surest for the role is chosen, or the one chosen before."""
        if self._running:
            return
        before = self.volumes.currentData()
        self.about.setText(self.system.one_line + f" After {self.system.paper}.")
        role = self.system.roles[0]
        self.reads.setText(f"Reads: {ROLE_WORDS.get(role, role)}")
        places = list(self._session.places())
        self.volumes.blockSignals(True)
        self.volumes.clear()
        for _study, series, volume in places:
            told_apart = "".join(f", {words}" for words in volume.told_apart)
            self.volumes.addItem(f"{volume_title(series, volume)}{told_apart}  ({volume.frames})", volume.id)
        best = first_to_show([volume for _, _, volume in places], self.system.roles)
        at = self.volumes.findData(before) if before is not None else -1
        if at < 0 and best is not None:
            shown = self._session.layout.active.volume
            wanted = best if best.role.name in self.system.roles or shown is None else shown
            at = self.volumes.findData(wanted.id)
            if at < 0:  # shown while the folder was still being read: the volume has grown and has another id now
                at = self.volumes.findData(best.id)
        self.volumes.setCurrentIndex(at)
        self.volumes.blockSignals(False)
        self._check()

    def _check(self) -> None:
        """Ask the gate, and ask for a person's word where the role is a guess."""
        volume, role = self.volume, self.system.roles[0]
        reasons = self._refusals(volume) if volume is not None else []
        self._refused = bool(reasons)
        self.reasons.setText("Cannot read this series: " + "; ".join(reasons) + "." if reasons else "")
        self.run_button.setToolTip(self.reasons.text() or "Let the system read (Ctrl+R)")
        self.reasons.setVisible(self._refused)
        is_sure = volume is not None and volume.role.name == role and volume.role.is_sure
        self.confirm.setText(f"I confirm: this is {ROLE_WORDS.get(role, role)}")
        self.confirm.setAccessibleName(self.confirm.text())
        self.confirm.setToolTip("Its role is a guess or another one; no system starts on a guess")
        self.confirm.setChecked(False)
        self.confirm.setVisible(volume is not None and not is_sure and not self._refused)
        self._enable()

    def _refusals(self, volume: Volume) -> list[str]:
        try:
            return check_gate(self.system.id, volume)
        except OverreadError as problem:
            return [problem.why]

    def _enable(self) -> None:
        has_word = self.confirm.isHidden() or self.confirm.isChecked()
        is_ready = self.volume is not None and not self._refused and has_word
        self.run_button.setEnabled(is_ready and not self._running)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        about = QHBoxLayout()
        about.addWidget(self.about, 1)
        about.addWidget(self.card_button)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button, 1)
        buttons.addWidget(self.cancel_button, 1)
        column.addWidget(self.systems)
        column.addLayout(about)
        column.addWidget(self.reads)
        column.addWidget(self.volumes)
        column.addWidget(self.confirm)
        column.addWidget(self.reasons)
        column.addLayout(buttons)
        column.addWidget(self.bar)
        column.addWidget(self.stage)


def _combo(name: str, accessible: str) -> QComboBox:
    made = QComboBox()
    made.setObjectName(name)
    made.setAccessibleName(accessible)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(_FEWEST_CHARACTERS)
    return made


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
