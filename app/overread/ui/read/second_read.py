"""The second read as a panel: where it stands, what to do now, own marks, verdicts, key images, what changed."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QListView,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from overread.study.second_read import SecondRead
from overread.ui.read.stage_line import StageLine
from overread.ui.read.verdicts import CandidatesPart, OwnMarksPart
from overread.ui.widgets.parts import button, label, rule
from overread.viewing.key_images import KeyImages
from overread.viewing.second_reading import ALONE, FINISHED, REVEAL, VERDICTS, SecondReading
from overread.viewing.session import Session

_THUMBNAIL = QSize(112, 84)
_SIDE = 14
"""Margin at the sides, points."""
_NOTHING = "Nothing is open. A second read belongs to a series: open one first."
_NO_PLACE = "This series has no place in the patient, so marks on it cannot be kept."
_ALONE = ("Read the series on your own and mark what you see: M at the pointer, L for a length, G for the rating. "
          "What systems find stays hidden until you are done.")  # fmt: skip
_AT_ONCE = "Mark what you see: M at the pointer, L for a length, G for the rating."
_WAITS = "A system has read this series. It is shown when you are done alone."
_TO_RUN = "No system has read this series yet. Let one read it: its candidates then come here."
_JUDGE = "Say of each candidate what it is: Y accept, U unsure, J dismiss. N and P go from one to the next."
_SKIPPED = "Shown from the start: nothing was read alone, and the record says so."


class SecondReadPanel(QWidget):
    """Draws ``session.second`` and sends what the reader wants.

    Signals: ``run_wanted`` (show where systems are run), ``export_wanted``, ``unaided_first`` with the new state of the
    switch, ``left`` when the image shall have the keys again, ``shown`` when the panel shall be in front,
    ``image_removed`` with the order of a key image.
    """

    run_wanted = Signal()
    export_wanted = Signal()
    unaided_first = Signal(bool)
    left = Signal()
    shown = Signal()
    image_removed = Signal(int)

    is_built = False

    def __init__(self, session: Session, images: KeyImages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("second-read")
        self.setAccessibleName("Second read")
        self._session, self._second, self._images = session, session.second, images
        self._build()
        self._arrange()
        self.is_built = True
        self._second.listeners.append(lambda _what: self.refresh())
        session.listeners.append(lambda _what: self.refresh())
        images.listeners.append(lambda _what: self._show_images())
        self.refresh()
        self._show_images()

    def refresh(self) -> None:
        """Show the state."""
        second, record = self._second, self._second.record
        is_open = record is not None
        step = second.step
        self.stages.setVisible(is_open)
        self.stages.set_step(step, record is not None and record.shown_from_start)
        self.task.setText(task_words(second))
        self.waits.setText(_WAITS if second.has_waiting_result else "")
        self.waits.setVisible(second.has_waiting_result)
        self.body.setVisible(is_open)
        self.marks.refresh()
        has_verdicts = step >= VERDICTS and self._session.findings.reading is not None
        self.verdicts_box.setVisible(has_verdicts)
        if has_verdicts:
            self.verdicts.refresh()
        changes = record.change_list() if record is not None else ()
        self.changes_box.setVisible(is_open and step > ALONE and bool(changes))
        self.changes.setText("\n".join(f"\u2022 {change.words}" for change in changes))
        self._show_buttons(record, step)

    def rate(self) -> None:
        """Open the rating of the chosen mark, or of the newest one; digits rate until it is closed."""
        second = self._second
        if second.mark is None and second.record is not None and second.record.marks:
            second.select(second.record.marks[-1].number)
        if second.mark is not None and second.can_mark:
            self.shown.emit()
            self.area.ensureWidgetVisible(self.marks.rating)
            self.marks.rating.open()

    def send_notes(self) -> None:
        """Take in what is still being typed, before something is sealed."""
        self.marks.note.send()
        self.verdicts.note.send()

    def done_alone(self) -> None:
        """Close reading alone."""
        self.send_notes()
        self._second.done_alone()

    def finish_reading(self) -> None:
        """Seal the final reading."""
        self.send_notes()
        self._second.finish()

    def changeEvent(self, event: QEvent) -> None:
        """Other text needs other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._reserve()

    def showEvent(self, event: QShowEvent) -> None:
        """Widths are known once everything is dressed."""
        super().showEvent(event)
        self._reserve()

    def _reserve(self) -> None:
        """Keep the width of the verdict buttons free before they are there: the image must not jump at the reveal."""
        if self.is_built:
            bar = self.area.verticalScrollBar().sizeHint().width()
            self.setMinimumWidth(self.verdicts.editor.minimumSizeHint().width() + 2 * _SIDE + bar)

    def _show_buttons(self, record: SecondRead | None, step: int) -> None:
        second = self._second
        self.done.setVisible(record is not None and step == ALONE)
        self.done.setEnabled(second.can_mark)
        count = len(record.marks) if record is not None else 0
        marks = "lock my mark" if count == 1 else f"lock my {count} marks" if count else "nothing to mark"
        self.done.setText(f"Done alone: {marks}")
        self.show_now.setVisible(step == ALONE and second.is_withheld)
        self.run.setVisible(step == REVEAL)
        self.finish.setVisible(step in (REVEAL, VERDICTS))
        left = second.counts()[0] if step == VERDICTS else 0
        self.finish.setText(f"Finish: {left} open" if left else "Finish")
        self.reopen.setVisible(step == FINISHED)
        self.export.setVisible(record is not None and step > ALONE and record.is_begun)
        self.switch.setChecked(second.unaided_first)

    def _show_images(self) -> None:
        self.images.clear()
        for image in self._images.images:
            item = QListWidgetItem(QIcon(QPixmap(str(image.path))), image.words)
            item.setData(Qt.ItemDataRole.UserRole, image.order)
            item.setToolTip(f"{image.words}. Click: go there. Del: remove")
            self.images.addItem(item)
        has_some = bool(self._images.images)
        self.images.setVisible(has_some)
        self.no_images.setVisible(not has_some)

    def _go_to(self, item: QListWidgetItem) -> None:
        order = item.data(Qt.ItemDataRole.UserRole)
        image = next((i for i in self._images.images if i.order == order), None)
        if image is not None:
            self._session.layout.active.go_to(image.slice)

    def _build(self) -> None:
        self.stages = StageLine()
        self.task = label("second-read-task")
        self.waits = label("second-read-waits", caution=True)
        self.marks = OwnMarksPart(self._second)
        self.verdicts = CandidatesPart(self._second, self._session.findings)
        self.marks.left.connect(self.left)
        self.verdicts.left.connect(self.left)
        self.images = KeyImageList()
        self.images.itemClicked.connect(self._go_to)
        self.images.itemActivated.connect(self._go_to)
        self.images.removed.connect(self.image_removed)
        self.no_images = label("key-images-empty", "None. K keeps the picture as it stands, without patient data.",
                               quiet=True)  # fmt: skip
        self.changes = label("second-read-changes")
        self.done = button("second-read-done-alone", "Done alone", "Lock the marks and show what systems found "
                           "(Ctrl+Return)", primary=True)  # fmt: skip
        self.done.clicked.connect(self.done_alone)
        self.show_now = button("second-read-show-now", "Show now, without reading alone",
                               "The record will say that systems were shown from the start", link=True)  # fmt: skip
        self.show_now.clicked.connect(self._second.show_now)
        self.run = button("second-read-run", "Choose a system…", "Where systems are run", primary=True)
        self.run.clicked.connect(self.run_wanted)
        self.finish = button("second-read-finish", "Finish", "Seal the final reading, whether or not every candidate "
                             "has a verdict (Ctrl+Return)", primary=True)
        self.finish.clicked.connect(self.finish_reading)
        self.reopen = button("second-read-reopen", "Reopen", "Go on; what was sealed stays")
        self.reopen.clicked.connect(self._second.reopen)
        self.export = button("second-read-export", "Export…", "CSV, PDF, DICOM SR and SEG, key images (Ctrl+E)")
        self.export.clicked.connect(self.export_wanted)
        self.switch = QCheckBox("Unaided first")
        self.switch.setObjectName("second-read-unaided-first")
        self.switch.setAccessibleName("Unaided first: hide what systems find until reading alone is done")
        self.switch.setToolTip("On: what systems find is hidden until you are done alone. Off: shown from the start")
        self.switch.clicked.connect(self.unaided_first)

    def _arrange(self) -> None:
        self.verdicts_box = _section("candidates", "CANDIDATES", self.verdicts)
        self.changes_box = _section("changes", "CHANGED AFTER READING ALONE", self.changes)
        self.body = QWidget()
        inner = QVBoxLayout(self.body)
        inner.setContentsMargins(_SIDE, 8, _SIDE, 10)
        inner.setSpacing(12)
        inner.addWidget(self.verdicts_box)
        inner.addWidget(_section("marks", "OWN MARKS", self.marks))
        inner.addWidget(self.changes_box)
        inner.addWidget(_section("key-images", "KEY IMAGES", self.no_images, self.images))
        inner.addStretch(1)
        self.area = QScrollArea()
        self.area.setObjectName("second-read-scroll")
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self.body)
        head = QVBoxLayout()
        head.setContentsMargins(_SIDE, 12, _SIDE, 4)
        head.setSpacing(8)
        for part in (self.stages, self.task, self.waits):
            head.addWidget(part)
        row = QHBoxLayout()
        row.addWidget(self.reopen, 1)
        row.addWidget(self.run, 1)
        row.addWidget(self.finish, 1)
        row.addWidget(self.export)
        foot = QVBoxLayout()
        foot.setContentsMargins(_SIDE, 8, _SIDE, 12)
        foot.setSpacing(7)
        foot.addWidget(self.done)
        foot.addWidget(self.show_now)
        foot.addLayout(row)
        foot.addWidget(self.switch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        column.addWidget(rule())
        column.addLayout(foot)


def task_words(second: SecondReading) -> str:
    """What there is to do now, in a sentence or two."""
    record, volume = second.record, second.volume
    if record is None or volume is None:
        return _NOTHING
    if volume.affine is None:
        return _NO_PLACE
    if record.stage == "alone":
        return _ALONE if second.unaided_first else _AT_ONCE
    begun = _SKIPPED if record.shown_from_start else f"Read alone until {_clock(record.times['alone_done_at'])}."
    if record.stage == "finished":
        accepted = sum(v.call == "accept" for v in record.verdicts)
        return (f"Finished {_clock(record.times['finished_at'])}: {len(record.marks)} own "
                f"{'mark' if len(record.marks) == 1 else 'marks'}, {accepted} accepted "
                f"{'candidate' if accepted == 1 else 'candidates'}. {begun}")  # fmt: skip
    return f"{begun} {_JUDGE if record.readings else _TO_RUN}"


def _clock(at: str | None) -> str:
    return "" if at is None else datetime.fromisoformat(at).astimezone().strftime("%H:%M")


def _section(name: str, title: str, *parts: QWidget) -> QWidget:
    made = QWidget()
    made.setObjectName(f"second-read-section-{name}")
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    column.addWidget(label(f"heading-second-read-{name}", title, heading=True))
    for part in parts:
        column.addWidget(part)
    return made


class KeyImageList(QListWidget):
    """Thumbnails. Emits ``removed`` with the order of the chosen one when Del is pressed on it."""

    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("key-images")
        self.setAccessibleName("Key images")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setIconSize(_THUMBNAIL)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setWordWrap(True)
        self.setSpacing(4)
        self.setMinimumHeight(_THUMBNAIL.height() + 56)

    def event(self, event: QEvent) -> bool:
        """Del is the list's own here: elsewhere it removes a measurement or a mark."""
        is_asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_asked and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Delete:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del removes the chosen picture."""
        item = self.currentItem()
        if event.key() == Qt.Key.Key_Delete and item is not None:
            self.removed.emit(int(item.data(Qt.ItemDataRole.UserRole)))
        else:
            super().keyPressEvent(event)
