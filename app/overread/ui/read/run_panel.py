"""Which system reads what, what speaks against it before the run, what computes here, and the queue; the model card
one click away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from overread.core.study import Study, Volume
from overread.systems import System
from overread.ui.picture import holds_file_text
from overread.ui.read.queue import QueueList
from overread.ui.read.role_rows import RoleRows
from overread.ui.read.system_combo import SystemCombo
from overread.ui.widgets.parts import button, label
from overread.viewing.chooser import CHOICES, Choice, Readiness, Slot, choice_of, part_words, slots_of
from overread.viewing.readable import fitting, gate_words, readable, readiness_in, runnable, title_of
from overread.viewing.regions import CHANGED
from overread.viewing.session import Session, first_to_show

_FEWEST_CHARACTERS = 18
_RUN_TIP = "Let the system read (Ctrl+R)"
_NO_DEVICE = "What computes here is known once an image stands."
_NOTHING_OPEN = "Nothing is open yet"


class RunPanel(QWidget):
    """Emits ``run`` with a request, ``card`` with a choice's key, ``chosen`` with a volume's id."""

    run = Signal(object)
    card = Signal(str)
    chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-panel")
        self._session = session
        self._by_person: dict[str, dict[str, str]] = {}
        self._is_chosen = self._is_read = False
        self._offered: set[str] = set()
        self._is_offering = False
        self._slots: tuple[Slot, ...] = ()
        self._ready = Readiness()
        self.systems = SystemCombo(self._all_ready)
        self.systems.currentIndexChanged.connect(lambda _index: self._system_changed())
        self.systems.activated.connect(lambda _index: self._note_choice())
        self.about = label("system-about", quiet=True)
        self.card_button = button("model-card", "Model card", "What it was trained on, and how it did", link=True)
        self.card_button.clicked.connect(lambda: self.card.emit(self.choice.key))
        self.volumes = _combo("run-volume", "Series that the system reads")
        holds_file_text(self.volumes)
        self.volumes.setPlaceholderText(_NOTHING_OPEN)
        self.volumes.currentIndexChanged.connect(lambda _index: self._check())
        self.volumes.activated.connect(lambda _index: self._note_choice())
        self.roles = RoleRows()
        self.roles.changed.connect(self._role_changed)
        self.roles_button = button("run-roles-fold", "", "Which series plays which role; change it there", link=True)
        self.roles_button.clicked.connect(self._fold_roles)
        self._lists_roles = False
        self.confirm = QCheckBox()
        self.confirm.setObjectName("run-confirm")
        self.confirm.toggled.connect(lambda _on: self._enable())
        self.confirm.clicked.connect(lambda _on: self._note_choice())
        self.reasons = label("run-reasons", caution=True)
        self.run_button = button("run", "Run", _RUN_TIP, primary=True)
        self.run_button.clicked.connect(self.start)
        self.all_button = button("run-all", "Queue all", "Let the system read every series it can start on")
        self.all_button.clicked.connect(self.start_all)
        self.every_button = button("run-every", "", "Let every system and variant that can start on this study read it "
                                   "(Ctrl+Alt+R)", link=True)  # fmt: skip
        self.every_button.clicked.connect(self.start_every)
        self.device = label("run-device", _NO_DEVICE, quiet=True)
        self.queue = QueueList(session)
        self.queue.chosen.connect(self.chosen)
        self._build()
        self._count_soon = QTimer(self)
        self._count_soon.setSingleShot(True)
        self._count_soon.timeout.connect(self._count)
        session.listeners.append(self._session_changed)
        session.queue.listeners.append(self._queue_changed)
        session.regions.listeners.append(lambda what: self._check() if what in CHANGED else None)
        session.form.listeners.append(lambda _what: self._check())
        self._fill_volumes()

    def changeEvent(self, event: QEvent) -> None:
        """Another text size needs other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.systems.keep_room()

    @property
    def choice(self) -> Choice:
        """The chosen system in its variant."""
        return choice_of(str(self.systems.currentData()))

    @property
    def system(self) -> System:
        """The chosen system."""
        return self.choice.system

    @property
    def volume(self) -> Volume | None:
        """The volume of the first role."""
        return self._slots[0].volume if self._slots else None

    @property
    def can_run(self) -> bool:
        """Whether Run would start or queue something."""
        return self.run_button.isEnabled()

    def choose(self, key: str | None, volume_id: str | None = None) -> None:
        """Choose a system and a volume from outside."""
        self._is_chosen = self._is_chosen or key is not None
        if key is not None and self.systems.findData(key) >= 0:
            self.systems.setCurrentIndex(self.systems.findData(key))
        if volume_id is not None and self.volumes.findData(volume_id) >= 0:
            self.volumes.setCurrentIndex(self.volumes.findData(volume_id))

    def offer(self) -> None:
        """Turn to a system that fits the shown study, once all is read and unless somebody has chosen one since.

        A series is asked about once; the present system stays unless another fits better.
        """
        self._is_read, shown = True, self._session.layout.active.volume
        if self._is_chosen or shown is None or shown.id in self._offered:
            return
        self._offered.add(shown.id)
        fit = fitting(self._session, self.choice)
        if fit != self.choice:
            self._is_offering = True
            self.systems.setCurrentIndex(self.systems.findData(fit.key))
            self._is_offering = False
            self._follow(shown)

    def start(self) -> None:
        """Ask for the run that is set up here, if it may start."""
        if self._ready.request is not None and self.can_run:
            self._note_choice()
            self.run.emit(self._ready.request)

    def start_all(self) -> None:
        """Ask for a run on everything open that the system can start on without anybody's word."""
        for request in readable(self._session, self.choice):
            self.run.emit(request)

    def start_every(self) -> None:
        """Ask for a run of every system and variant that can start on the shown study."""
        for request in runnable(self._session):
            self.run.emit(request)

    def set_device(self, words: str) -> None:
        """Say what computes here, or why it is not something faster."""
        if words:
            self.device.setText(words)

    # What has changed

    def _session_changed(self, what: str) -> None:
        if what == "scan":
            self._by_person.clear()
            if self._session.scan is None:
                self._is_chosen, self._is_read = False, False
                self._offered.clear()
            self._fill_volumes()
        elif what == "results":
            self._enable()
        elif what == "volume":
            self._follow(self._session.layout.active.volume)
            if not self._reads_one:
                self._check()
            if self._is_read:
                self.offer()
            self._count_soon.start()  # another study may be shown, whose systems are others

    def _follow(self, shown: Volume | None) -> None:
        """Stand at the shown series where the system would read it."""
        if self._reads_one and shown is not None and not gate_words(self.system, shown).is_refused:
            self.choose(None, shown.id)

    def _note_choice(self) -> None:
        self._is_chosen = True

    def _queue_changed(self, what: str) -> None:
        if what == "runs":
            self._enable()

    def _system_changed(self) -> None:
        shown = self._session.layout.active.volume
        if shown is not None and not self._is_offering:  # an offer does not change which reading is looked at
            self._session.prefer(shown.id, self.choice.name)
        self._fill_volumes()

    def _role_changed(self, role: str, volume_id: str) -> None:
        self._note_choice()
        self._by_person.setdefault(self.choice.key, {})[role] = volume_id
        self._check()

    # What is shown

    @property
    def _reads_one(self) -> bool:
        return len(self.choice.roles) == 1

    def _fill_volumes(self) -> None:
        """List the volumes; the surest for the role is chosen, or the one chosen before."""
        before, choice = self.volumes.currentData(), self.choice
        roles = choice.roles
        words = part_words(roles[0]) if len(roles) == 1 else f"{len(roles)} series"
        variant = f"{choice.variant}: reads" if choice.variant is not None else "Reads"
        self.about.setText(f"{variant} {words}, after {choice.system.paper}")
        self.about.setToolTip(choice.system.one_line)
        self.systems.setToolTip(choice.system.one_line)
        places = list(self._session.places())
        self.volumes.blockSignals(True)
        self.volumes.clear()
        for _study, series, volume in places:
            self.volumes.addItem(f"{title_of(series, volume)}  ({volume.frames})", volume.id)
        best = first_to_show([volume for _, _, volume in places], roles[:1])
        at = self.volumes.findData(before) if before is not None else -1
        shown = self._session.layout.active.volume
        fits = best is not None and best.role.name == roles[0]
        is_other = at >= 0 and fits and best is not None and self._role_of(before) != roles[0]
        if (at < 0 or is_other) and best is not None:
            wanted = best if fits or shown is None else shown
            at = self.volumes.findData(wanted.id)
            if at < 0:  # shown while the folder was still being read: the volume has grown and has another id now
                at = self.volumes.findData(best.id)
        self.volumes.setCurrentIndex(at)
        self.volumes.blockSignals(False)
        self._check()

    def _role_of(self, volume_id: object) -> str | None:
        found = self._session.find(str(volume_id))
        return found[2].role.name if found is not None else None

    def _check(self) -> None:
        """Ask the gates, and ask for a person's word where a role is a guess."""
        choice, reads_one = self.choice, self._reads_one
        study, self._slots = self._set_up(choice)
        self._ready = readiness_in(self._session, choice, study, self._slots)
        self.volumes.setVisible(reads_one)
        self._show_roles()
        self.volumes.setToolTip(self.volumes.currentText())
        if not reads_one:
            places = [(series, volume) for owner, series, volume in self._session.places() if owner is study]
            self.roles.show_slots(self._slots, places)
        is_blank = study is None and next(self._session.places(), None) is None
        said = () if is_blank and self._ready.reasons == ("Nothing is open.",) else self._ready.reasons
        self.reasons.setText("\n".join((*said, *self._ready.remarks)))
        self.reasons.setVisible(bool(self.reasons.text()))
        self.run_button.setToolTip("\n".join(said) if said else _RUN_TIP)
        unsure = " and ".join(self._ready.unsure)
        self.confirm.setText(f"I confirm: this is {unsure}" if reads_one else f"I confirm {unsure} as chosen")
        self.confirm.setAccessibleName(self.confirm.text())
        self.confirm.setToolTip("A role is a guess or another one; no system starts on a guess")
        self.confirm.setChecked(False)
        self.confirm.setVisible(bool(unsure) and self._ready.can_run)
        self._enable()

    def _show_roles(self) -> None:
        """The series stand there while one of them is in question; else behind a button, to leave room for results."""
        is_clear = all(slot.volume is not None and slot.is_sure and not slot.is_refused for slot in self._slots)
        reads_one, count = self._reads_one, len(self._slots)
        self.roles.setVisible(not reads_one and (self._lists_roles or not is_clear))
        self.roles_button.setVisible(not reads_one and is_clear)
        self.roles_button.setText("Hide the series" if self._lists_roles else f"All {count} series are known: show")
        self.roles_button.setAccessibleName(self.roles_button.text())

    def _fold_roles(self) -> None:
        self._lists_roles = not self._lists_roles
        self._show_roles()

    def _set_up(self, choice: Choice) -> tuple[Study | None, tuple[Slot, ...]]:
        """The study and the volumes that the panel stands at for a choice."""
        if len(choice.roles) > 1:
            chosen = {role: found[2] if (found := self._session.find(volume_id)) is not None else None
                      for role, volume_id in self._by_person.get(choice.key, {}).items()}  # fmt: skip
            study = self._session.study
            return study, slots_of(choice, study, chosen)
        place = self._session.find(str(self.volumes.currentData()))
        if place is None:
            return None, slots_of(choice, None)
        return place[0], slots_of(choice, place[0], {choice.roles[0]: place[2]})

    def _all_ready(self) -> dict[str, Readiness]:
        """Whether each system and variant can run: the chosen one as set up here, others on the shown study."""
        found = {}
        for choice in CHOICES:
            if choice == self.choice:
                found[choice.key] = self._ready
            elif len(choice.roles) > 1:
                study, slots = self._set_up(choice)
                found[choice.key] = readiness_in(self._session, choice, study, slots)
            else:
                study = self._session.study
                found[choice.key] = readiness_in(self._session, choice, study, slots_of(choice, study))
        return found

    def _enable(self) -> None:
        """Run adds to the queue while another series is being read, but never the same series twice."""
        queue, request = self._session.queue, self._ready.request
        has_word = self.confirm.isHidden() or self.confirm.isChecked()
        is_held = request is not None and queue.holds(request)
        self.run_button.setEnabled(request is not None and has_word and not is_held)
        self.run_button.setText("In the queue" if is_held else "Add to the queue" if queue.is_busy else "Run")
        self.run_button.setAccessibleName(self.run_button.text())
        self._count_soon.start()

    def _count(self) -> None:
        """Say how many could be read with one click: asked once, however much changes in one turn of the loop."""
        others = len(readable(self._session, self.choice))
        self.all_button.setText(f"Queue all {others}")
        self.all_button.setAccessibleName(f"Queue all {others} series that this system can read")
        self.all_button.setVisible(others > 1)
        every = runnable(self._session)
        self.every_button.setText(f"Run all {len(every)} that can run on this study")
        self.every_button.setAccessibleName(self.every_button.text())
        self.every_button.setVisible(len({(each.system, each.variant) for each in every}) > 1)

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
        for widget in (self.volumes, self.roles_button, self.roles, self.confirm, self.reasons):
            column.addWidget(widget)
        column.addLayout(buttons)
        column.addWidget(self.every_button)
        column.addWidget(self.device)
        column.addWidget(self.queue)


def _combo(name: str, accessible: str) -> QComboBox:
    made = QComboBox()
    made.setObjectName(name)
    made.setAccessibleName(accessible)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(_FEWEST_CHARACTERS)
    return made
