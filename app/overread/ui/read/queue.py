"""The queue as a list: what waits, what reads now and for how long still, how each run ended; and the question before
the window closes on runs that wait."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from overread.ui import theme
from overread.ui.picture import holds_file_text
from overread.ui.widgets.parts import button, label
from overread.viewing.run_queue import CANCELLED, DONE, FAILED, REFUSED, RUNNING, STOPPING, Run, RunQueue
from overread.viewing.session import Session

_EMPTY = "Nothing runs. Runs will be listed here."
_ENDS = {DONE: "done", REFUSED: "refused by its gate", FAILED: "did not finish", CANCELLED: "cancelled"}
_ROWS_SHOWN = 3
_REFRESH_MS = 1000
"""The remaining time is written anew this often while a stage lasts."""


class RunRow(QFrame):
    """One run. Emits ``chosen`` with its volume's id, ``cancelled`` with its number."""

    chosen = Signal(str)
    cancelled = Signal(int)

    def __init__(self, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self.setObjectName(f"run-row-{run.number}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setProperty("row", True)
        self.setToolTip("Click to show this series")
        self.title = label(f"run-title-{run.number}", run.title)
        holds_file_text(self.title)
        self.state = label(f"run-state-{run.number}", quiet=True)
        self.bar = QProgressBar()
        self.bar.setObjectName(f"run-bar-{run.number}")
        self.bar.setAccessibleName(f"Progress of the run on {run.title}")
        self.bar.setTextVisible(False)
        self.cancel_button = button(f"run-cancel-{run.number}", "Cancel", "Stop this run, or take it out", link=True)
        self.cancel_button.setAccessibleName(f"Cancel the run on {run.title}")
        self.cancel_button.clicked.connect(lambda: self.cancelled.emit(self.run.number))
        grid = QGridLayout(self)
        grid.setContentsMargins(3, 2, 3, 4)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.title, 0, 0)
        grid.addWidget(self.cancel_button, 0, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.state, 1, 0, 1, 2)
        grid.addWidget(self.bar, 2, 0, 1, 2)
        grid.setColumnStretch(0, 1)

    def show_run(self, run: Run, words: str) -> None:
        """Show its state."""
        self.run = run
        self.state.setText(words)
        if self.state.property("caution") != (run.state in (REFUSED, FAILED)):
            self.state.setProperty("caution", run.state in (REFUSED, FAILED))
            self.state.style().polish(self.state)
        self.setAccessibleName(f"{run.title}: {words}")
        self.bar.setVisible(run.state in (RUNNING, STOPPING))
        self.cancel_button.setVisible(run.is_open)
        self.cancel_button.setEnabled(run.state != STOPPING)
        self.bar.setRange(0, 0 if run.fraction is None else 1000)
        if run.fraction is not None:
            self.bar.setValue(round(run.fraction * 1000))

    def paintEvent(self, event: QPaintEvent) -> None:
        """A frame where the keys go."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(QPen(QColor(theme.ACCENT), 1))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the series."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.run.volume_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the series, Delete cancels."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(self.run.volume_id)
        elif event.key() == Qt.Key.Key_Delete and self.run.is_open:
            self.cancelled.emit(self.run.number)
        else:
            super().keyPressEvent(event)


class QueueList(QWidget):
    """The runs, the newest state of each. Emits ``chosen`` with the id of a volume."""

    chosen = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-queue")
        self.setAccessibleName("Queue of runs")
        self._session, self._queue = session, session.queue
        self._rows: dict[int, RunRow] = {}
        self.summary = label("run-queue-summary", quiet=True)
        self.cancel_all_button = button(
            "run-cancel-all", "Cancel all", "Stop the run and take out all that wait", link=True
        )
        self.cancel_all_button.clicked.connect(self._queue.cancel_all)
        self._lists_done = False
        self.done_button = button(
            "run-done", "", "Runs that ended well; their results are with their series", link=True
        )
        self.done_button.clicked.connect(self._fold_done)
        self.clear_button = button("run-clear", "Clear", "Take ended runs off this list; their results stay", link=True)
        self.clear_button.clicked.connect(self._queue.clear_ended)
        head = QHBoxLayout()
        head.addWidget(self.summary, 1)
        head.addWidget(self.cancel_all_button)
        head.addWidget(self.done_button)
        head.addWidget(self.clear_button)
        inside = QWidget()
        inside.setObjectName("run-rows")
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(2)
        self._column.addStretch(1)
        self.area = QScrollArea()
        self.area.setObjectName("run-area")
        self.area.setAccessibleName("Runs")
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setWidget(inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.area)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._write_states)
        self._queue.listeners.append(self._changed)
        session.listeners.append(lambda what: self._write_states() if what == "results" else None)
        self._changed("runs")

    def row(self, number: int) -> RunRow:
        """The row of a run."""
        return self._rows[number]

    def resizeEvent(self, event: object) -> None:
        """Rows wrap anew when the panel becomes wider or narrower."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _changed(self, what: str) -> None:
        if what == "runs":
            self._make_rows()
            self._write_states()
            self._fit()
        elif (running := self._queue.running) is not None:
            self._write_state(running)

    def _make_rows(self) -> None:
        runs = {run.number: run for run in self._queue.runs}
        for number in [n for n in self._rows if n not in runs]:
            gone = self._rows.pop(number)
            self._column.removeWidget(gone)
            gone.deleteLater()
        for at, run in enumerate(_in_order(self._queue)):
            row = self._rows.get(run.number)
            if row is None:
                row = self._rows[run.number] = RunRow(run, self)
                row.chosen.connect(self.chosen)
                row.cancelled.connect(self._queue.cancel)
            self._column.insertWidget(at, row)
            row.setVisible(self._lists_done or run.state != DONE)
        done = sum(run.state == DONE for run in runs.values())
        self.summary.setText(_summary(self._queue))
        self.done_button.setText("Hide done" if self._lists_done else f"{done} done")
        self.done_button.setAccessibleName("Hide ended runs" if self._lists_done else f"List {done} ended runs")
        self.done_button.setVisible(done > 0)
        waits = len(self._queue.waiting) + (self._queue.running is not None)
        self.cancel_all_button.setVisible(waits > 1)
        self.clear_button.setVisible(any(not run.is_open for run in self._queue.runs))
        self.area.setVisible(any(not row.isHidden() for row in self._rows.values()))
        if self._queue.is_busy and not self._timer.isActive():
            self._timer.start(_REFRESH_MS)
        elif not self._queue.is_busy:
            self._timer.stop()

    def _fold_done(self) -> None:
        self._lists_done = not self._lists_done
        self._changed("runs")

    def _write_states(self) -> None:
        for run in self._queue.runs:
            self._write_state(run)

    def _write_state(self, run: Run) -> None:
        row = self._rows.get(run.number)
        if row is not None:
            withheld, ahead = self._session.is_withheld(run.volume_id), self._queue.ahead_of(run)
            row.show_run(run, run.state_words(time.monotonic(), withheld=withheld, ahead=ahead))

    def _fit(self) -> None:
        """As high as its rows, at most a few; what is running is brought into view."""
        shown = [row for run in _in_order(self._queue) if not (row := self._rows[run.number]).isHidden()]
        wide = max(self.area.viewport().width() - 6, 100)
        tall = sum(row.heightForWidth(wide) + 2 for row in shown[:_ROWS_SHOWN])
        self.area.setFixedHeight(max(tall + 4, 1))
        running = self._queue.running
        if running is not None and running.number in self._rows:
            self.area.ensureWidgetVisible(self._rows[running.number], 0, 0)


def _in_order(queue: RunQueue) -> list[Run]:
    """What runs, then what waits in its order, then what ended, the newest first."""
    ended = [run for run in reversed(queue.runs) if not run.is_open]
    return [*(run for run in queue.runs if run.is_open), *ended]


def _summary(queue: RunQueue) -> str:
    if not queue.is_busy:
        return f"Last run: {_ENDS[queue.runs[-1].state]}." if queue.runs else _EMPTY
    running, waiting = queue.running is not None, len(queue.waiting)
    return ", ".join(filter(None, ("1 running" if running else "", f"{waiting} waiting" if waiting else "")))


class CloseDialog(QDialog):
    """Asked once when the window is closed while runs wait; accepted when they shall be dropped."""

    def __init__(self, queue: RunQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("close-dialog")
        self.setWindowTitle("Runs are not finished")
        waiting, running = len(queue.waiting), queue.running is not None
        what = f"{waiting} run{'s' if waiting != 1 else ''} still wait{'s' if waiting == 1 else ''}"
        self.words = label(
            "close-words",
            f"{what}{' and one is being read' if running else ''}. Closing drops them; nothing of them is kept.",
        )
        self.words.setMinimumWidth(360)
        self.stay_button = button("close-stay", "Keep the window open", primary=True)
        self.stay_button.setDefault(True)
        self.stay_button.clicked.connect(self.reject)
        self.drop_button = button("close-drop", "Drop them and close")
        self.drop_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.drop_button)
        buttons.addWidget(self.stay_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(16)
        column.addWidget(self.words)
        column.addLayout(buttons)
