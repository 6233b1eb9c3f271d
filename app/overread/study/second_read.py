"""The second read of one volume: own marks first, done alone, reveal, a verdict on every candidate, done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from overread.core.errors import StudyError
from overread.core.reading import Input, Mark, Reader, Reading
from overread.study.marks import (
    CALLS,
    RATING_WORDS,
    CandidateVerdict,
    Change,
    OwnMark,
    Point,
    checked_ends,
    checked_note,
    checked_point,
    checked_rating,
)
from overread.study.replay import plain, plain_input, replay
from overread.study.sealing import alone_reading, change_list, final_reading
from overread.study.standing import LOOKING, STAGES, Event, Standing, key_of, same_source, says_the_same
from overread.study.store import SecondReadStore

__all__ = [
    "RATING_WORDS", "STAGES", "CandidateVerdict", "Change", "OwnMark", "SecondRead", "SecondReadStore",
]  # fmt: skip

SCHEMA = "overread.second-read/1"
_CHECKS: dict[str, Callable[[Any], Any]] = {
    "rating": checked_rating,
    "note": checked_note,
    "key_image": bool,
    "ends_mm": checked_ends,
    "centre_mm": checked_point,
    "slice": int,
}
_PLACE = ("centre_mm", "slice")
_REMEDY_REOPEN = "Reopen it first"


def utc_now() -> datetime:
    """The time of day, with its zone."""
    return datetime.now(UTC)


class SecondRead:
    """A reader's second read of one volume. Tells ``stage``, ``marks`` or ``verdicts`` to its listeners.

    Everything that happens is an event with its time; events are only ever added, and all else follows from them.

    Parameters
    ----------
    volume
        Id of the volume.
    reader
        What the reader is called in the record; never a patient.
    study_uid
        Of the DICOM study, if there is one.
    clock
        Gives the time, with its zone.
    inputs
        The volume with the digest of its pixels, where they are known.
    """

    def __init__(
        self,
        volume: str,
        reader: str = "reader",
        study_uid: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        *,
        inputs: tuple[Input, ...] = (),
    ) -> None:
        self.listeners: list[Callable[[str], None]] = []
        self.volume = volume
        self.reader = reader
        self.study_uid = study_uid
        self.inputs = inputs
        self._clock = clock
        self._events: list[Event] = []
        self._standing = Standing(volume)

    @property
    def stage(self) -> str:
        """``alone``, ``revealed`` (systems may be shown) or ``finished``."""
        return self._standing.stage

    @property
    def is_revealed(self) -> bool:
        """Whether anything that a system found may be shown."""
        return self._standing.stage != "alone"

    @property
    def shown_from_start(self) -> bool:
        """Whether reading alone was skipped."""
        return self._standing.shown_from_start

    @property
    def marks(self) -> tuple[OwnMark, ...]:
        """The own marks that stand."""
        return tuple(m for m in self._standing.marks.values() if not m.withdrawn)

    @property
    def all_marks(self) -> tuple[OwnMark, ...]:
        """The own marks, withdrawn ones included."""
        return tuple(self._standing.marks.values())

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The systems' readings that have joined, in that order."""
        return tuple(self._standing.readings)

    @property
    def systems(self) -> tuple[Reader, ...]:
        """The systems that have joined."""
        return tuple(r.reader for r in self._standing.readings)

    @property
    def verdicts(self) -> tuple[CandidateVerdict, ...]:
        """What the reader said of candidates."""
        return tuple(self._standing.verdicts.values())

    @property
    def sealed(self) -> tuple[Reading, ...]:
        """The reader's sealed readings: alone, then one per time it was finished; each chained to the one before."""
        return tuple(self._standing.sealed)

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, oldest first."""
        return tuple(self._events)

    @property
    def is_begun(self) -> bool:
        """Whether anything was done, beyond looking."""
        return any(event["kind"] not in LOOKING for event in self._events)

    @property
    def times(self) -> dict[str, str | None]:
        """When it was started, done alone, revealed, finished; None where it was not yet."""
        now = self._standing
        return {
            "started_at": now.started_at,
            "alone_done_at": None if now.shown_from_start else now.alone_at,
            "revealed_at": now.revealed_at,
            "finished_at": now.finished_at,
        }

    def marked_at(self, number: int) -> str | None:
        """When an own mark was last touched."""
        return self._standing.marked_at.get(number)

    def called_at(self, reading_reader: Reader, mark_id: str) -> str | None:
        """When the reader last said something of a candidate."""
        return self._standing.called_at.get(key_of(reading_reader, mark_id))

    def add_mark(
        self,
        centre_mm: Point,
        slice: int,
        rating: int | None = None,
        ends_mm: tuple[Point, Point] | None = None,
        note: str | None = None,
    ) -> OwnMark:
        """Mark a place (mm, LPS) on a slice.

        Raises
        ------
        StudyError
            The second read is finished, or a value makes no sense.
        """
        self._check_open("The mark was not kept")
        number = max(self._standing.marks, default=0) + 1
        given = {"centre_mm": centre_mm, "slice": slice, "rating": rating, "ends_mm": ends_mm, "note": note}
        self._record("mark-added", number=number, **{name: _CHECKS[name](v) for name, v in given.items()})
        self._tell("marks")
        return self._standing.marks[number]

    def change_mark(self, number: int, **changes: Any) -> OwnMark:
        """Change ``rating``, ``note``, ``key_image``, ``ends_mm``, ``centre_mm`` or ``slice`` of an own mark.

        What was read alone stays where it was put: its place cannot be changed any more, the rest can and is
        listed as a change; the reading sealed alone keeps what was said then.

        Raises
        ------
        StudyError
            There is no such mark, or it cannot be changed so.
        """
        mark = self._own(number, "The mark was not changed")
        if unknown := [name for name in changes if name not in _CHECKS]:
            raise TypeError(f"a mark has no {unknown[0]} to change")
        is_locked = self.is_revealed and mark.added == "alone"
        if is_locked and any(name in changes for name in _PLACE):
            raise StudyError(
                "The mark was not moved", "it was read alone and is sealed there", "Withdraw it and mark the new place"
            )
        wanted = {name: _CHECKS[name](value) for name, value in changes.items()}
        changed = {name: value for name, value in wanted.items() if getattr(mark, name) != value}
        if changed:
            self._record("mark-changed", number=number, changes=changed)
            self._tell("marks")
        return self._standing.marks[number]

    def withdraw_mark(self, number: int) -> None:
        """Take an own mark back. It stays in the record as withdrawn.

        Raises
        ------
        StudyError
            There is no such mark, or the second read is finished.
        """
        if not self._own(number, "The mark was not withdrawn").withdrawn:
            self._record("mark-withdrawn", number=number)
            self._tell("marks")

    def restore_mark(self, number: int) -> None:
        """Undo ``withdraw_mark``.

        Raises
        ------
        StudyError
            There is no such mark, or the second read is finished.
        """
        if self._own(number, "The mark was not restored").withdrawn:
            self._record("mark-restored", number=number)
            self._tell("marks")

    def done_alone(self) -> Reading:
        """Seal the own marks as read alone; from here on systems may be shown.

        Raises
        ------
        StudyError
            That was done before, or skipped.
        """
        self._check_alone("Reading alone was not closed")
        at = self._now()
        reading = alone_reading(self._standing, self._head(), at)
        self._record("alone-done", at, reading=reading.to_json())
        self._tell("stage")
        return reading

    def skip_alone(self) -> None:
        """Show systems from the start. The record and every reading from here on say so.

        Raises
        ------
        StudyError
            Reading alone was closed or skipped before.
        """
        self._check_alone("Reading alone was not skipped")
        self._record("shown-from-start")
        self._tell("stage")

    def reveal(self, reading: Reading) -> None:
        """Let a system's reading join; another answer than before reopens a finished second read.

        The same candidates again, from the same bundle on another device or engine, change nothing.

        Raises
        ------
        StudyError
            Reading alone is not done, the reading is a person's, or it is of another volume.
        """
        if not self.is_revealed:
            raise StudyError(
                "The system's reading is not shown yet", "reading alone is not done", "Press Done alone first"
            )
        if reading.reader.kind != "system":
            raise StudyError("The reading did not join", "it is a person's", "Choose a reading of a system")
        if reading.inputs and self.volume not in {i.volume for i in reading.inputs}:
            raise StudyError("The reading did not join", "it is of another volume", "Let the system read this volume")
        if any(says_the_same(r, reading) for r in self.readings):
            return
        was_finished = self.stage == "finished"
        if was_finished:
            self._record("reopened")
        self._record("revealed", reading=reading.to_json())
        if was_finished:
            self._tell("stage")
        self._tell("verdicts")

    def set_verdict(
        self, reading_reader: Reader, mark_id: str, call: str | None, note: str | None = None
    ) -> CandidateVerdict:
        """Say what a candidate is: ``accept``, ``dismiss``, ``unsure``, or None to take that back.

        ``note`` None leaves the note as it is; an empty one removes it.

        Raises
        ------
        StudyError
            There is no such candidate or call, or the second read is finished.
        """
        self._check_open("The verdict was not kept")
        if call is not None and call not in CALLS:
            raise StudyError("The verdict was not kept", "there is no such verdict", "Accept, dismiss or be unsure")
        if not any(same_source(reader, reading_reader) and m.id == mark_id for reader, m in self.candidates()):
            raise StudyError("The verdict was not kept", "there is no such candidate", "Let the system read again")
        before = self.verdict_of(reading_reader, mark_id)
        kept = (before.note if before else None) if note is None else checked_note(note)
        verdict = CandidateVerdict(reading_reader.id, reading_reader.bundle_digest or "", mark_id, call, kept)
        if verdict != before:
            self._record(
                "verdict", system=verdict.system, bundle_digest=verdict.bundle_digest, mark_id=mark_id, call=call,
                note=kept,
            )  # fmt: skip
            self._tell("verdicts")
        return verdict

    def verdict_of(self, reading_reader: Reader, mark_id: str) -> CandidateVerdict | None:
        """What the reader said of a candidate, or None."""
        return self._standing.verdicts.get(key_of(reading_reader, mark_id))

    def candidates(self) -> tuple[tuple[Reader, Mark], ...]:
        """Every candidate of every system that has joined."""
        return tuple((r.reader, m) for r in self._standing.readings for m in r.marks)

    def open_candidates(
        self, threshold: float | None = None, system: Reader | None = None
    ) -> tuple[tuple[Reader, Mark], ...]:
        """Candidates at or above an operating point that have no verdict yet, of one system or of all."""
        return tuple(
            (r.reader, m)
            for r in self._standing.readings
            if system is None or same_source(r.reader, system)
            for m in (r.marks if threshold is None else r.marks_at(threshold))
            if (verdict := self.verdict_of(r.reader, m.id)) is None or verdict.call is None
        )

    def finish(self, threshold: float | None = None) -> Reading:
        """Seal the final reading: own marks and accepted candidates. ``threshold``: the operating point in use.

        Raises
        ------
        StudyError
            Reading alone is not done, or it is finished.
        """
        self._check_open("The second read was not finished")
        if not self.is_revealed:
            raise StudyError("The second read was not finished", "reading alone is not done", "Press Done alone first")
        at = self._now()
        reading = final_reading(self._standing, self._head(), at, threshold)
        self._record("finished", at, reading=reading.to_json())
        self._tell("stage")
        return reading

    def reopen(self) -> None:
        """Go on after it was finished. The sealed readings stay; finishing again adds one.

        Raises
        ------
        StudyError
            It is not finished.
        """
        if self.stage != "finished":
            raise StudyError("The second read was not reopened", "it is not finished", "Go on with it")
        self._record("reopened")
        self._tell("stage")

    def note_opened(self) -> None:
        """Record that its images are on the screen: time starts here, and the time it lay closed does not count."""
        self._record("opened")

    def note_closed(self) -> None:
        """Record that its images leave the screen: time stops here."""
        self._record("closed")

    def change_list(self) -> tuple[Change, ...]:
        """What the reader added, withdrew, changed, accepted or dismissed after reading alone."""
        return change_list(self._standing)

    def to_json(self) -> dict[str, Any]:
        """The record as a document; ``from_json`` gives back an equal one."""
        return {
            "schema": SCHEMA,
            "volume": self.volume,
            "reader": self.reader,
            "study_uid": self.study_uid,
            "inputs": [plain_input(i) for i in self.inputs],
            "events": [dict(e) for e in self._events],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any], clock: Callable[[], datetime] = utc_now) -> SecondRead:
        """The second read that a document holds.

        Raises
        ------
        InputError
            It is none, is damaged, or a sealed reading in it was changed.
        """
        head, events, standing = replay(document, SCHEMA)
        made = cls(head["volume"], head["reader"], head["study_uid"], clock, inputs=head["inputs"])
        made._events, made._standing = events, standing
        return made

    def _record(self, kind: str, at: str | None = None, **content: Any) -> None:
        event = {"n": len(self._events) + 1, "at": at or self._now(), "kind": kind, **plain(content)}
        self._standing.apply(event)
        self._events.append(event)

    def _now(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")

    def _head(self) -> dict[str, Any]:
        return {"reader": self.reader, "study_uid": self.study_uid, "inputs": self.inputs}

    def _own(self, number: int, what: str) -> OwnMark:
        self._check_open(what)
        if number not in self._standing.marks:
            raise StudyError(what, f"there is no own mark {number}", "Choose a mark from the list")
        return self._standing.marks[number]

    def _check_open(self, what: str) -> None:
        if self.stage == "finished":
            raise StudyError(what, "the second read is finished", _REMEDY_REOPEN)

    def _check_alone(self, what: str) -> None:
        if self.is_revealed:
            raise StudyError(what, "that stage is over", "Go on with the candidates")

    def _tell(self, what: str) -> None:
        for listener in tuple(self.listeners):
            listener(what)
