"""Two parts of the second read's panel: the own marks with rating and note, the candidates with verdict and note."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from overread.study.second_read import OwnMark
from overread.ui.picture import holds_file_text
from overread.ui.read.place_table import PlaceTable
from overread.ui.read.rating_row import RatingRow
from overread.ui.widgets.parts import button, label
from overread.viewing.findings import Candidate, Findings
from overread.viewing.second_reading import CALL_KEYS, CALL_SIGNS, CALL_WORDS, SecondReading, rating_words

_NO_MARKS = "None yet. M marks the place under the pointer; a length drawn around it becomes its diameter."
_NO_MARKS_KEPT = "None."
_CALL_BUTTONS = {"accept": "Accept", "unsure": "Unsure", "dismiss": "Dismiss"}


class NoteLine(QLineEdit):
    """One line of text that is sent when it is left or Enter is pressed. Emits ``noted`` and ``left``."""

    noted = Signal(str)
    left = Signal()

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setPlaceholderText("Note")
        holds_file_text(self)
        self.setMaxLength(2000)
        self._shown = ""
        self.editingFinished.connect(self.send)
        self.returnPressed.connect(self.left)

    def show_note(self, note: str | None) -> None:
        """Show a note; what is being typed is not touched while it is the same one."""
        if (note or "") != self._shown or not self.hasFocus():
            self._shown = note or ""
            self.setText(self._shown)

    def send(self) -> None:
        """Send what was typed and not yet sent."""
        if self.text() != self._shown:
            self._shown = self.text()
            self.noted.emit(self.text())


class OwnMarksPart(QWidget):
    """The list of own marks, and the chosen one to rate, note or remove.

    Emits ``left`` when the image shall have the keys again.
    """

    left = Signal()

    def __init__(self, second: SecondReading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("own-marks-part")
        self._second = second
        self.empty = label("own-marks-empty", quiet=True)
        self.table = PlaceTable(
            "own-marks", "Own marks",
            (("#", "Name of the mark"), ("Slice", "Slice on which it lies"), ("Length", "The length drawn around it"),
             ("Rating", "Suspicion, 1 to 5")),
        )  # fmt: skip
        self.table.chosen.connect(second.select)
        self.rating = RatingRow()
        self.rating.rated.connect(second.rate)
        self.rating.closed.connect(self.left)
        self.note = NoteLine("mark-note", "Note on the chosen mark")
        self.note.noted.connect(second.set_note)
        self.note.left.connect(self.left)
        self.remove = button("mark-remove", "Remove", "Withdraw the chosen mark (Del)")
        self.remove.clicked.connect(second.remove_selected)
        line = QHBoxLayout()
        line.addWidget(self.note, 1)
        line.addWidget(self.remove)
        self.editor = QWidget()
        self.editor.setObjectName("mark-editor")
        inner = QVBoxLayout(self.editor)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        inner.addWidget(self.rating)
        inner.addLayout(line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.empty)
        column.addWidget(self.table)
        column.addWidget(self.editor)

    def refresh(self) -> None:
        """Show the state."""
        second, record = self._second, self._second.record
        marks = record.marks if record is not None else ()
        self.empty.setText(_NO_MARKS if second.can_mark else _NO_MARKS_KEPT)
        self.empty.setVisible(not marks)
        self.table.setVisible(bool(marks))
        self.table.fill([(m.number, _mark_cells(m), _mark_tip(m)) for m in marks], second.selected)
        mark = second.mark
        self.editor.setVisible(mark is not None and second.can_mark)
        if mark is not None:
            self.rating.set_rating(mark.rating)
            self.note.show_note(mark.note)


class CandidatesPart(QWidget):
    """The candidates at the operating point, each with the reader's verdict. Emits ``left`` as the other part does."""

    left = Signal()

    def __init__(self, second: SecondReading, findings: Findings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("verdicts-part")
        self._second, self._findings = second, findings
        self.caution = label("verdicts-caution", caution=True)
        self.progress = label("verdicts-progress")
        self.table = PlaceTable(
            "verdicts", "Candidates and verdicts",
            (("#", "Number in the order of scores"), ("Slice", "Slice on which it is strongest"),
             ("Score", "Score of that slice; not a probability"), ("Verdict", "What you said of it")),
        )  # fmt: skip
        self.table.chosen.connect(findings.select)
        self.calls = {call: self._call_button(call) for call in CALL_KEYS}
        self.note = NoteLine("verdict-note", "Note on the chosen candidate")
        self.note.noted.connect(second.note_candidate)
        self.note.left.connect(self.left)
        row = QHBoxLayout()
        row.setSpacing(4)
        for made in self.calls.values():
            row.addWidget(made, 1)
        self.editor = QWidget()
        self.editor.setObjectName("verdict-editor")
        inner = QVBoxLayout(self.editor)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        inner.addLayout(row)
        inner.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self.progress, self.caution, self.table, self.editor):
            column.addWidget(part)

    def refresh(self) -> None:
        """Show the state."""
        findings, second = self._findings, self._second
        shown = findings.candidates()
        self.progress.setText(progress_words(*second.counts()) if shown else findings.summary())
        self.caution.setText(findings.caution)
        self.caution.setVisible(bool(shown))
        self.table.setVisible(bool(shown))
        point = findings.point
        meaning = point.meaning if point is not None else ""
        self.table.fill([(c.number, _candidate_cells(c, second), meaning) for c in shown], findings.selected)
        self.editor.setVisible(second.can_judge)
        if second.candidate is not None:
            verdict = second.verdict_of(second.candidate)
            for call, made in self.calls.items():
                made.setChecked(verdict is not None and verdict.call == call)
            self.note.show_note(verdict.note if verdict is not None else None)

    def _call_button(self, call: str) -> QPushButton:
        made = button(
            f"verdict-{call}",
            f"{_CALL_BUTTONS[call]} ({CALL_KEYS[call]})",
            f"{_CALL_BUTTONS[call]} the chosen candidate: key {CALL_KEYS[call]}. Again: take it back",
        )
        made.setCheckable(True)
        made.setProperty("compact", True)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(lambda _checked: self._judge(call))
        return made

    def _judge(self, call: str) -> None:
        self._second.judge(call)
        self.refresh()


def progress_words(without: int, total: int) -> str:
    """``3 of 7 without verdict``."""
    if without == 0:
        return f"All {total} have a verdict." if total != 1 else "It has a verdict."
    return f"{without} of {total} without verdict"


def _mark_cells(mark: OwnMark) -> tuple[str, str, str, str]:
    length = "\u2013" if mark.length_mm is None else f"{mark.length_mm:.1f} mm"
    rating = "\u2013" if mark.rating is None else str(mark.rating)
    after = " (after)" if mark.added == "after" else ""
    return f"M{mark.number}", str(mark.slice + 1), length, rating + after


def _mark_tip(mark: OwnMark) -> str:
    when = "Marked alone" if mark.added == "alone" else "Marked after the reveal"
    return ". ".join(filter(None, (when, f"Rating: {rating_words(mark.rating)}", mark.note)))


def _candidate_cells(candidate: Candidate, second: SecondReading) -> tuple[str, str, str, str]:
    verdict, peak = second.verdict_of(candidate), candidate.mark.peak_slice
    call = verdict.call if verdict is not None else None
    words = "\u2013" if call is None else f"{CALL_SIGNS[call]} {CALL_WORDS[call]}"
    return str(candidate.number), "\u2013" if peak is None else str(peak + 1), candidate.score_words, words
