"""The second read of what is shown: whether systems are kept back, the own marks, the verdicts, every change saved.

The record itself is ``study.second_read.SecondRead``; this holds one per volume, joins the systems' readings to it when
they may be seen, and keeps the session from showing them before. Nothing is written until the reader does something:
who only looks leaves no record. With ``unaided_first`` off everything is shown from the start, and a record that is
begun all the same says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overread.core.errors import OverreadError
from overread.core.reading import Input, Reading
from overread.core.study import Volume
from overread.study.second_read import RATING_WORDS, CandidateVerdict, OwnMark, SecondRead, SecondReadStore
from overread.viewing.corner import role_words
from overread.viewing.findings import Candidate
from overread.viewing.linking import place_in
from overread.viewing.measure import MM, Measuring, Position, is_diameter_of
from overread.viewing.state import State
from overread.viewing.viewport import Viewport

if TYPE_CHECKING:
    from overread.viewing.session import Session

STEPS = ("Read alone", "Reveal", "Verdicts", "Finished")
ALONE, REVEAL, VERDICTS, FINISHED = range(len(STEPS))
CALL_KEYS = {"accept": "Y", "unsure": "U", "dismiss": "J"}
CALL_WORDS = {"accept": "Accepted", "unsure": "Unsure", "dismiss": "Dismissed"}
CALL_SIGNS = {"accept": "\u2713", "unsure": "?", "dismiss": "\u2717"}
_NEAR_SLICES = 2
_WITHOUT_CANDIDATES = ("refused", "no-region")


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """An own mark as it is drawn: its label, shown row and column, whether on its own slice, whether chosen.

    ``is_own``: it was placed on the very series that is shown, so that it can be chosen there.
    """

    number: int
    label: str
    row: float
    column: float
    is_here: bool
    is_chosen: bool
    is_own: bool = True


class SecondReading(State):
    """Tells ``record`` (of another volume), ``stage``, ``marks``, ``verdicts``, ``selected`` or ``mode``.

    Parameters
    ----------
    session
        Whose volume is read, and whose results are kept back.
    measuring
        The last length drawn around a mark becomes its diameter.
    """

    def __init__(self, session: Session, measuring: Measuring, store: SecondReadStore | None = None) -> None:
        super().__init__()
        self._session, self._measuring = session, measuring
        self.store = store or SecondReadStore()
        self.unaided_first = False
        self.selected: int | None = None
        self.on_trouble: Callable[[OverreadError], None] = lambda _trouble: None
        self._records: dict[str, SecondRead] = {}
        self._on_screen: SecondRead | None = None
        self._undo: list[tuple[str, int]] = []
        session.listeners.append(self._session_changed)
        session.findings.listeners.append(self._findings_changed)
        measuring.listeners.append(self._measured)
        session.regions.listeners.append(self._region_told)

    # What stands

    @property
    def volume(self) -> Volume | None:
        """The volume that is read."""
        return self._session.layout.active.volume

    @property
    def record(self) -> SecondRead | None:
        """The record of the shown volume."""
        return self._records.get(self.volume.id) if self.volume is not None else None

    @property
    def can_mark(self) -> bool:
        """Whether own marks can be placed: the volume has a place in the patient, and nothing is finished."""
        record, volume = self.record, self.volume
        return record is not None and volume is not None and volume.affine is not None and record.stage != "finished"

    @property
    def step(self) -> int:
        """Index in ``STEPS`` of where the reader is."""
        record = self.record
        if record is None or record.stage == "alone":
            return ALONE
        if record.stage == "finished":
            return FINISHED
        return VERDICTS if record.readings else REVEAL

    @property
    def is_withheld(self) -> bool:
        """Whether what systems find in the shown volume is kept back."""
        return self.volume is not None and self._session.is_withheld(self.volume.id)

    @property
    def has_waiting_result(self) -> bool:
        """Whether a system has read the shown volume and is kept back."""
        return self.is_withheld and self.volume is not None and self._session.has_result(self.volume.id)

    @property
    def mark(self) -> OwnMark | None:
        """The chosen own mark."""
        record = self.record
        return next((m for m in record.marks if m.number == self.selected), None) if record is not None else None

    @property
    def candidate(self) -> Candidate | None:
        """The chosen candidate, once verdicts can be given."""
        findings = self._session.findings
        return findings.candidate(findings.selected) if self.step >= VERDICTS else None

    @property
    def can_judge(self) -> bool:
        """Whether Accept, Unsure and Dismiss would do something now."""
        return self.step == VERDICTS and self.candidate is not None and self._is_joined()

    def verdict_of(self, candidate: Candidate) -> CandidateVerdict | None:
        """What the reader said of a candidate of the shown reading."""
        record, reading = self.record, self._session.findings.reading
        if record is None or reading is None:
            return None
        return record.verdict_of(reading.reader, candidate.mark.id)

    def counts(self) -> tuple[int, int]:
        """(candidates without verdict, candidates) of the shown system at its operating point."""
        shown = self._session.findings.candidates()
        open_ones = [c for c in shown if (v := self.verdict_of(c)) is None or v.call is None]
        return len(open_ones), len(shown)

    def drawn_marks(self, viewport: Viewport | None = None) -> list[OwnPlace]:
        """Own marks on or near the present slice of a view, the active one unless another is named.

        Marks of other series are seen where the slices meet, in one frame of reference; none of them is chosen there.
        Over a series that is still read alone only such as were made alone: others tell what a system found.
        """
        viewport = viewport or self._session.layout.active
        if viewport.volume is None:
            return []
        volume, drawn = viewport.volume, []
        for _, _, other in self._session.places():
            record = self._records.get(other.id)
            for mark in record.marks if record is not None and other.id != volume.id else ():
                if mark.added != "alone" and self._session.is_withheld(volume.id):
                    continue
                at = place_in(viewport, mark.centre_mm, other)
                if at is not None:
                    drawn.append((mark.number, role_words(other), at))
        own = self._own_marks(viewport, self._records.get(volume.id))
        numbers = [mark.number for mark in own] + [number for number, _, _ in drawn]
        for number, role, at in drawn:  # the series is named where two marks of one number meet: an image has no room
            words = f"M{number} {role}".rstrip() if numbers.count(number) > 1 else f"M{number}"
            own.append(OwnPlace(number, words, at[0], at[1], False, False, is_own=False))
        return own

    def _own_marks(self, viewport: Viewport, record: SecondRead | None) -> list[OwnPlace]:
        if record is None:
            return []
        chosen = self.selected if record is self.record else None
        near = [m for m in record.marks if abs(m.slice - viewport.slice) <= _NEAR_SLICES]
        return [
            OwnPlace(
                m.number, f"M{m.number}", *viewport.shown_place(m.centre_mm, m.slice), m.slice == viewport.slice,
                m.number == chosen,
            )
            for m in near
        ]  # fmt: skip

    # What the reader does

    def set_unaided_first(self, unaided_first: bool) -> None:
        """Read alone first, or show everything from the start. What was seen stays seen."""
        if unaided_first != self.unaided_first:
            self.unaided_first = unaided_first
            self._withhold()
            self._sync()
            self.tell("mode")

    def mark_at(self, k: int, place: Position) -> OwnMark | None:
        """Mark a place on slice k. The last length drawn around it, unless another mark has it, is its diameter."""
        record = self.record
        if record is None or not self.can_mark:
            return None
        length = self._measuring.last_length
        taken = {m.ends_mm for m in record.marks}
        is_its = length is not None and length.unit == MM and length.points not in taken
        ends = length.points if is_its and length is not None and is_diameter_of(length, k, place) else None
        centre = length.middle if ends is not None and length is not None else place
        made: list[OwnMark] = []
        if self._do(lambda: made.append(record.add_mark(centre, k, ends_mm=ends))):
            self._undo.append(("added", made[0].number))
            self.select(made[0].number)
        return made[0] if made else None

    def rate(self, rating: int | None) -> None:
        """Rate the chosen mark, 1 to 5."""
        self._change_mark(rating=rating)

    def set_note(self, note: str) -> None:
        """Note something on the chosen mark."""
        self._change_mark(note=note)

    def remove_selected(self) -> bool:
        """Withdraw the chosen mark; whether there was one."""
        record, mark = self.record, self.mark
        if record is None or mark is None:
            return False
        if self._do(lambda: record.withdraw_mark(mark.number)):
            self._undo.append(("withdrawn", mark.number))
            self.select(None)
        return True

    @property
    def can_undo(self) -> bool:
        """Whether a measurement, an own mark or a lesion's circle can be taken back."""
        return bool(self._undo) or self._session.regions.can_undo

    def undo(self) -> None:
        """Take back the last thing drawn, marked or removed on this volume."""
        if not self.can_undo:
            return
        what, number = self._undo.pop() if self._undo else ("region", 0)
        record = self.record
        if what == "region":
            self._session.regions.undo()
        elif what == "measure":
            self._measuring.undo()
        elif record is not None:
            self._do(lambda: record.withdraw_mark(number) if what == "added" else record.restore_mark(number))
            self.select(number if what == "withdrawn" else None)

    def select(self, number: int | None) -> None:
        """Choose an own mark, or none, and go to its slice. One thing is chosen at a time: a mark or a candidate."""
        if number == self.selected and number is None:
            return
        self.selected = number
        mark = self.mark
        if mark is not None:
            if self._session.findings.selected is not None:
                self._session.findings.select(None)
            self._session.layout.active.go_to(mark.slice)
        self.tell("selected")

    def done_alone(self) -> None:
        """Lock the own marks as read alone; what systems found is shown from here on."""
        record = self.record
        if record is not None and self._do(record.done_alone):
            self._open()

    def show_now(self) -> None:
        """Show what systems found before reading alone is done. The record says so."""
        record = self.record
        if record is not None and self._do(record.skip_alone):
            self._open()

    def judge(self, call: str) -> None:
        """Give the chosen candidate a verdict; the same one again takes it back."""
        candidate, record, reading = self.candidate, self.record, self._session.findings.reading
        if candidate is None or record is None or reading is None or not self.can_judge:
            return
        before = self.verdict_of(candidate)
        wanted = None if before is not None and before.call == call else call
        self._do(lambda: record.set_verdict(reading.reader, candidate.mark.id, wanted))

    def note_candidate(self, note: str) -> None:
        """Note something on the chosen candidate."""
        candidate, record, reading = self.candidate, self.record, self._session.findings.reading
        if candidate is None or record is None or reading is None or not self.can_judge:
            return
        before = self.verdict_of(candidate)
        call = before.call if before is not None else None
        if (note or "") != ((before.note if before is not None else None) or ""):
            self._do(lambda: record.set_verdict(reading.reader, candidate.mark.id, call, note))

    def finish(self) -> None:
        """Seal the final reading."""
        record = self.record
        if record is not None:
            self._do(lambda: record.finish(self._session.findings.threshold))

    def reopen(self) -> None:
        """Go on after it was finished."""
        record = self.record
        if record is not None:
            self._do(record.reopen)

    def note_key_image(self, number: int) -> None:
        """Remember that an own mark has a key image."""
        record = self.record
        if record is not None and record.stage != "finished":
            self._do(lambda: record.change_mark(number, key_image=True))

    def set_inputs(self, volume_id: str, inputs: Sequence[Input]) -> None:
        """Take the digest of the pixels, once it is known, into a record."""
        record = self._records.get(volume_id)
        if record is not None and not record.inputs:
            record.inputs = tuple(inputs)

    # Underneath

    def _open(self) -> None:
        """Systems may be seen: what was marked alone cannot be undone any more, only withdrawn."""
        self._undo.clear()
        self._withhold()
        self._sync()

    def _change_mark(self, **changes: Any) -> None:
        record, mark = self.record, self.mark
        if record is not None and mark is not None and record.stage != "finished":
            self._do(lambda: record.change_mark(mark.number, **changes))

    def _do(self, act: Callable[[], Any]) -> bool:
        """Do something to the record of the shown volume and save it; whether it was done."""
        record = self.record
        if record is None:
            return False
        try:
            act()
        except OverreadError as trouble:
            self.on_trouble(trouble)
            return False
        self._save(record)
        return True

    def _save(self, record: SecondRead) -> None:
        try:
            self.store.save(record)
        except OverreadError as trouble:
            self.on_trouble(trouble)

    def _is_joined(self) -> bool:
        """Whether the shown reading is among those of the record."""
        record, reading = self.record, self._session.findings.reading
        return (
            record is not None
            and reading is not None
            and any(
                (r.id, r.bundle_digest) == (reading.reader.id, reading.reader.bundle_digest) for r in record.systems
            )
        )

    def _record_of(self, volume_id: str) -> SecondRead:
        """The record of a volume: from memory, from the disk, or a new one."""
        if volume_id not in self._records:
            kept: SecondRead | None = None
            try:
                kept = self.store.load(volume_id)
            except OverreadError as trouble:
                self.on_trouble(trouble)
            place = self._session.find(volume_id)
            made = kept or SecondRead(volume_id, study_uid=place[0].study_uid if place is not None else None)
            self._records[volume_id] = made
            made.listeners.append(lambda what: self._record_changed(volume_id, what))
        return self._records[volume_id]

    def _withhold(self) -> None:
        """Keep back, or set free, every volume of the open study."""
        self._session.withhold({v.id: self._shall_wait(v.id) for _, _, v in tuple(self._session.places())})

    def _shall_wait(self, volume_id: str) -> bool:
        """Whether what systems find in a volume is for later. Its record is there from here on, whatever the mode."""
        record = self._record_of(volume_id)
        return self.unaided_first and not record.is_revealed

    def is_being_read_alone(self, volume_id: str) -> bool:
        """Whether its reader has begun on this volume and has not yet asked for what systems find in it."""
        return self._shall_wait(volume_id) and self._record_of(volume_id).is_begun

    def _note_shown(self) -> None:
        """Time counts for the volume that is on the screen. It is kept only with what the reader does there."""
        record = self.record
        if record is self._on_screen:
            return
        if self._on_screen is not None:
            self._on_screen.note_closed()
        if record is not None:
            record.note_opened()
        self._on_screen = record

    def _sync(self) -> None:
        """Join what may be seen to the record of the shown volume."""
        record = self.record
        readings = [r for r in self._seen() if r.result not in _WITHOUT_CANDIDATES]
        if record is None or not readings:
            return
        was_blank = not record.is_begun
        try:
            if record.stage == "alone":
                record.skip_alone()
            before = len(record.events)
            for reading in readings:
                record.reveal(reading)
        except OverreadError as trouble:
            self.on_trouble(trouble)
            return
        if not was_blank and len(record.events) != before:
            self._save(record)

    def _seen(self) -> list[Reading]:
        """The readings of the shown volume that can be seen now, that of the panel last."""
        shown = self._session.findings.reading
        layers = [y.result.reading for y in self._session.layers() if y.reads_it and y.is_shown and not y.is_chosen]
        return [reading for reading in (*layers, shown) if reading is not None]

    def _region_told(self, what: str) -> None:
        if what == "region-drawn":
            self._undo.append(("region", 0))

    def _session_changed(self, what: str) -> None:
        if what == "scan":
            self._withhold()
        elif what == "volume":
            volume = self.volume
            if volume is not None:
                self._session.withhold({volume.id: self._shall_wait(volume.id)})
            self._note_shown()
            self._measuring.show(volume.id if volume is not None else None)
            if self._session.scan is None:
                self._measuring.forget()
            self.selected = None
            self._undo.clear()
            self._sync()
            self.tell("record")

    def _findings_changed(self, what: str) -> None:
        if what == "reading" and self.record is not None:
            self._sync()
            self.tell("verdicts")
        elif what in ("point", "selected"):
            if what == "selected" and self._session.findings.selected is not None and self.selected is not None:
                self.selected = None
                self.tell("selected")
            self.tell("verdicts")

    def _record_changed(self, volume_id: str, what: str) -> None:
        if self.volume is not None and self.volume.id == volume_id:
            self.tell(what)

    def _measured(self, what: str) -> None:
        """A length drawn around the chosen mark, which has none yet, becomes its diameter."""
        if what in ("drawn", "removed"):
            self._undo.append(("measure", 0))
        mark, length = self.mark, self._measuring.last_length
        if what != "drawn" or mark is None or length is None or mark.ends_mm is not None or length.unit != MM:
            return
        if self.can_mark and is_diameter_of(length, mark.slice, mark.centre_mm):
            self._change_mark(ends_mm=length.points)


def rating_words(rating: int | None) -> str:
    """``4 probably HCC``; a dash without a rating."""
    return "\u2013" if rating is None else f"{rating} {RATING_WORDS[rating]}"
