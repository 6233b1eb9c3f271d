"""Which system reads what, what its gate says about it before the run, what computes here, and the queue; the model
card one click away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from overread.core.study import Volume
from overread.systems import SYSTEMS, System
from overread.ui.picture import holds_file_text
from overread.ui.read.queue import QueueList
from overread.ui.widgets.parts import button, label
from overread.viewing.corner import ROLE_WORDS
from overread.viewing.readable import gate_words, is_sure, readable, request_of, title_of
from overread.viewing.session import Session, first_to_show

_FEWEST_CHARACTERS = 18
_COMBO_SIDES = 48
_RUN_TIP = "Let the system read (Ctrl+R)"
_NO_DEVICE = "What computes here is known once an image stands."
_NOTHING_OPEN = "Nothing is open yet"


class RunPanel(QWidget):
    """Emits ``run`` with a request, ``card`` with a system's id, ``chosen`` with a volume's id."""

    run = Signal(object)
    card = Signal(str)
    chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-panel")
        self._session = session
        self.systems = _combo("system", "System")
        for system in SYSTEMS.values():
            self.systems.addItem(system.title, system.id)
        self.systems.currentIndexChanged.connect(lambda _index: self._system_changed())
        self.about = label("system-about", quiet=True)
        self.card_button = button("model-card", "Model card", "What it was trained on, and how it did",
                                  link=True)
        self.card_button.clicked.connect(lambda: self.card.emit(self.system.id))
        self.volumes = _combo("run-volume", "Series that the system reads")
        holds_file_text(self.volumes)
        self.volumes.setPlaceholderText(_NOTHING_OPEN)
        self.volumes.currentIndexChanged.connect(lambda _index: self._check())
        self.confirm = QCheckBox()
        self.confirm.setObjectName("run-confirm")
        self.confirm.toggled.connect(lambda _on: self._enable())
        self.reasons = label("run-reasons", caution=True)
        self.run_button = button("run", "Run", _RUN_TIP, primary=True)
        self.run_button.clicked.connect(self.start)
        self.all_button = button("run-all", "Queue all", "Let the system read every series it can start on")
        self.all_button.clicked.connect(self.start_all)
        self.device = label("run-device", _NO_DEVICE, quiet=True)
        self.queue = QueueList(session)
        self.queue.chosen.connect(self.chosen)
        self._refused = False
        self._build()
        self._keep_room()
        session.listeners.append(self._session_changed)
        session.queue.listeners.append(self._queue_changed)
        self._fill_volumes()

    def changeEvent(self, event: QEvent) -> None:
        """Another text size needs other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._keep_room()

    def _keep_room(self) -> None:
        """The name of a system is never cut; those of series can be of any length and have a tool tip."""
        metrics = self.systems.fontMetrics()
        titles = [self.systems.itemText(n) for n in range(self.systems.count())]
        self.systems.setMinimumWidth(max(metrics.horizontalAdvance(title) for title in titles) + _COMBO_SIDES)

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
        """Whether Run would start or queue something."""
        return self.run_button.isEnabled()

    def choose(self, system_id: str | None, volume_id: str | None = None) -> None:
        """Choose a system and a volume from outside."""
        if system_id is not None and self.systems.findData(system_id) >= 0:
            self.systems.setCurrentIndex(self.systems.findData(system_id))
        if volume_id is not None and self.volumes.findData(volume_id) >= 0:
            self.volumes.setCurrentIndex(self.volumes.findData(volume_id))

    def start(self) -> None:
        """Ask for the run that is set up here, if it may start."""
        volume, found = self.volume, self._session.find(str(self.volumes.currentData()))
        if volume is not None and found is not None and self.can_run:
            self.run.emit(request_of(self.system, found[0], volume))

    def start_all(self) -> None:
        """Ask for a run on every open series that the system can start on without anybody's word."""
        for request in readable(self._session, self.system):
            self.run.emit(request)

    def set_device(self, words: str) -> None:
        """Say what computes here, or why it is not something faster."""
        if words:
            self.device.setText(words)

    def _session_changed(self, what: str) -> None:
        if what == "scan":
            self._fill_volumes()
        elif what == "results":
            self._enable()
        elif what == "volume":
            shown = self._session.layout.active.volume
            if shown is not None and not gate_words(self.system, shown).is_refused:
                self.choose(None, shown.id)

    def _queue_changed(self, what: str) -> None:
        if what == "runs":
            self._enable()

    def _system_changed(self) -> None:
        shown = self._session.layout.active.volume
        if shown is not None:
            self._session.prefer(shown.id, self.system.id)
        self._fill_volumes()

    def _fill_volumes(self) -> None:
        """List the volumes; the surest for the role is chosen, or the one chosen before."""
        before = self.volumes.currentData()
        role = ROLE_WORDS.get(self.system.roles[0], self.system.roles[0])
        self.about.setText(f"Reads {role}, after {self.system.paper}")
        self.about.setToolTip(self.system.one_line)
        self.systems.setToolTip(self.system.one_line)
        places = list(self._session.places())
        self.volumes.blockSignals(True)
        self.volumes.clear()
        for _study, series, volume in places:
            self.volumes.addItem(f"{title_of(series, volume)}  ({volume.frames})", volume.id)
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
        answer = gate_words(self.system, volume) if volume is not None else None
        self.volumes.setToolTip(self.volumes.currentText())
        self._refused = answer is not None and answer.is_refused
        self.reasons.setText("\n".join(answer.sentences) if answer is not None else "")
        self.reasons.setVisible(bool(self.reasons.text()))
        self.run_button.setToolTip(self.reasons.text() if self._refused else _RUN_TIP)
        self.confirm.setText(f"I confirm: this is {ROLE_WORDS.get(role, role)}")
        self.confirm.setAccessibleName(self.confirm.text())
        self.confirm.setToolTip("Its role is a guess or another one; no system starts on a guess")
        self.confirm.setChecked(False)
        self.confirm.setVisible(volume is not None and not is_sure(self.system, volume) and not self._refused)
        self._enable()

    def _enable(self) -> None:
        """Run adds to the queue while another series is being read, but never the same series twice."""
        volume, found = self.volume, self._session.find(str(self.volumes.currentData()))
        has_word = self.confirm.isHidden() or self.confirm.isChecked()
        queue = self._session.queue
        is_held = (volume is not None and found is not None
                   and queue.holds(request_of(self.system, found[0], volume)))
        is_ready = volume is not None and not self._refused and has_word
        self.run_button.setEnabled(is_ready and not is_held)
        self.run_button.setText("In the queue" if is_held else "Add to the queue" if queue.is_busy else "Run")
        self.run_button.setAccessibleName(self.run_button.text())
        others = len(readable(self._session, self.system))
        self.all_button.setText(f"Queue all {others}")
        self.all_button.setAccessibleName(f"Queue all {others} series that this system can read")
        self.all_button.setVisible(others > 1)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        about = QHBoxLayout()
        about.addWidget(self.about, 1)
        about.addWidget(self.card_button)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button, 1)
        buttons.addWidget(self.all_button)
        column.addWidget(self.systems)
        column.addLayout(about)
        for widget in (self.volumes, self.confirm, self.reasons):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self.device)
        column.addWidget(self.queue)


def _combo(name: str, accessible: str) -> QComboBox:
    made = QComboBox()
    made.setObjectName(name)
    made.setAccessibleName(accessible)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(_FEWEST_CHARACTERS)
    return made
