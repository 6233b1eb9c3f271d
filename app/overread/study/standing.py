"""What the events of a second read amount to. The events are the record; everything here follows from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from overread.core.reading import Mark, Reader, Reading
from overread.io.readings import reading_from_json
from overread.study.marks import (
    CALLS,
    CandidateVerdict,
    OwnMark,
    checked_ends,
    checked_point,
    checked_rating,
    length_of,
)

Event = Mapping[str, Any]
VerdictKey = tuple[str, str, str]
STAGES = ("alone", "revealed", "finished")
LOOKING = ("opened", "closed")
"""Kinds of events that say only when the images were on the screen."""
_SAME_MM = 1.0
"""A candidate that comes back this near under its id, from the same bundle, is the same candidate."""
_SAME_SCORE = 1e-3
"""Two engines or devices that run the same bundle agree within this."""


@dataclass(slots=True)
class Standing:
    """Where a second read stands.

    ``alone`` are the marks as they stood when the first system was allowed in; ``sealed`` the readings sealed so
    far, each chained to the one before. ``active_s`` leaves out the time during which the record was closed, and what
    was looked at after it was finished.
    """

    volume: str
    stage: str = "alone"
    shown_from_start: bool = False
    marks: dict[int, OwnMark] = field(default_factory=dict)
    marked_at: dict[int, str] = field(default_factory=dict)
    alone: dict[int, OwnMark] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    verdicts: dict[VerdictKey, CandidateVerdict] = field(default_factory=dict)
    called_at: dict[VerdictKey, str] = field(default_factory=dict)
    sealed: list[Reading] = field(default_factory=list)
    started_at: str | None = None
    alone_at: str | None = None
    revealed_at: str | None = None
    finished_at: str | None = None
    active_s: float = 0.0
    alone_s: float | None = None
    clock_went_back: bool = False
    last_at: str | None = None

    def apply(self, event: Event) -> None:
        """Take one event in.

        Raises
        ------
        KeyError, TypeError, ValueError, OverreadError
            It is no event of this record.
        """
        at = str(event["at"])
        self._count_time(at, event["kind"])
        _APPLY[event["kind"]](self, event, at)
        self.last_at = at
        self.started_at = self.started_at or at

    def seconds_at(self, at: str) -> float:
        """Active seconds up to a moment after the last event."""
        if self.last_at is None:
            return self.active_s
        return self.active_s + max(0.0, _seconds_between(self.last_at, at))

    def _count_time(self, at: str, kind: str) -> None:
        gap = 0.0 if self.last_at is None else _seconds_between(self.last_at, at)
        if gap < 0:
            self.clock_went_back = True
        elif kind != "opened" and self.stage != "finished":
            self.active_s += gap


def key_of(reader: Reader, mark_id: str) -> VerdictKey:
    """What a verdict belongs to: the system, its bundle, the candidate's id."""
    return reader.id, reader.bundle_digest or "", mark_id


def same_source(one: Reader, other: Reader) -> bool:
    """Whether two readings come from one system with one bundle."""
    return (one.id, one.bundle_digest) == (other.id, other.bundle_digest)


def says_the_same(one: Reading, other: Reading) -> bool:
    """Whether two readings of one bundle have the same candidates, up to what devices and engines differ by."""
    return (
        same_source(one.reader, other.reader)
        and one.result == other.result
        and len(one.marks) == len(other.marks)
        and all(
            a.id == b.id and _is_same(a, b) and abs((a.score or 0.0) - (b.score or 0.0)) <= _SAME_SCORE
            for a, b in zip(one.marks, other.marks, strict=True)
        )
    )


def _seconds_between(one: str, other: str) -> float:
    return (datetime.fromisoformat(other) - datetime.fromisoformat(one)).total_seconds()


def _looked(standing: Standing, _event: Event, _at: str) -> None:
    """Nothing but a moment: the time before ``opened`` does not count as reading."""


def _mark_added(standing: Standing, event: Event, at: str) -> None:
    ends = checked_ends(event["ends_mm"])
    number = int(event["number"])
    standing.marks[number] = OwnMark(
        number=number,
        centre_mm=checked_point(event["centre_mm"]),
        volume=standing.volume,
        slice=int(event["slice"]),
        rating=checked_rating(event["rating"]),
        ends_mm=ends,
        length_mm=length_of(ends),
        note=event["note"],
        added="alone" if standing.stage == "alone" else "after",
    )
    standing.marked_at[number] = at


def _mark_changed(standing: Standing, event: Event, at: str) -> None:
    changes = dict(event["changes"])
    if "centre_mm" in changes:
        changes["centre_mm"] = checked_point(changes["centre_mm"])
    if "ends_mm" in changes:
        changes["ends_mm"] = checked_ends(changes["ends_mm"])
        changes["length_mm"] = length_of(changes["ends_mm"])
    if "rating" in changes:
        changes["rating"] = checked_rating(changes["rating"])
    _set(standing, event, at, **changes)


def _mark_withdrawn(standing: Standing, event: Event, at: str) -> None:
    _set(standing, event, at, withdrawn=True)


def _mark_restored(standing: Standing, event: Event, at: str) -> None:
    """One that was not there when reading alone was closed comes back as a mark made after."""
    is_late = standing.stage != "alone" and int(event["number"]) not in standing.alone
    _set(standing, event, at, withdrawn=False, **({"added": "after"} if is_late else {}))


def _set(standing: Standing, event: Event, at: str, **changes: Any) -> None:
    number = int(event["number"])
    standing.marks[number] = replace(standing.marks[number], **changes)
    standing.marked_at[number] = at


def _alone_done(standing: Standing, event: Event, at: str) -> None:
    standing.sealed.append(reading_from_json(event["reading"]))
    _open_to_systems(standing, at)


def _shown_from_start(standing: Standing, _event: Event, at: str) -> None:
    standing.shown_from_start = True
    _open_to_systems(standing, at)


def _open_to_systems(standing: Standing, at: str) -> None:
    standing.stage = "revealed"
    standing.alone = {n: m for n, m in standing.marks.items() if not m.withdrawn}
    standing.alone_at = at
    standing.alone_s = standing.active_s


def _revealed(standing: Standing, event: Event, at: str) -> None:
    """A system's reading joins; from the same bundle it takes the place of the one before."""
    reading = reading_from_json(event["reading"])
    earlier = [r for r in standing.readings if same_source(r.reader, reading.reader)]
    standing.readings = [r for r in standing.readings if not same_source(r.reader, reading.reader)] + [reading]
    standing.revealed_at = standing.revealed_at or at
    places = {m.id: m for m in reading.marks}
    for mark in (m for r in earlier for m in r.marks):
        if not _is_same(mark, places.get(mark.id)):
            standing.verdicts.pop(key_of(reading.reader, mark.id), None)


def _is_same(mark: Mark, other: Mark | None) -> bool:
    return other is not None and math.dist(mark.centre_mm, other.centre_mm) <= _SAME_MM


def _verdict(standing: Standing, event: Event, at: str) -> None:
    if event["call"] not in (*CALLS, None):
        raise ValueError(f"no such verdict: {event['call']!r}")
    verdict = CandidateVerdict(
        system=event["system"],
        bundle_digest=event["bundle_digest"],
        mark_id=event["mark_id"],
        call=event["call"],
        note=event["note"],
    )
    key = (verdict.system, verdict.bundle_digest, verdict.mark_id)
    standing.verdicts[key] = verdict
    standing.called_at[key] = at


def _finished(standing: Standing, event: Event, at: str) -> None:
    standing.sealed.append(reading_from_json(event["reading"]))
    standing.stage = "finished"
    standing.finished_at = at


def _reopened(standing: Standing, _event: Event, _at: str) -> None:
    standing.stage = "revealed"
    standing.finished_at = None


_APPLY: dict[str, Callable[[Standing, Event, str], None]] = {
    "opened": _looked,
    "closed": _looked,
    "mark-added": _mark_added,
    "mark-changed": _mark_changed,
    "mark-withdrawn": _mark_withdrawn,
    "mark-restored": _mark_restored,
    "alone-done": _alone_done,
    "shown-from-start": _shown_from_start,
    "revealed": _revealed,
    "verdict": _verdict,
    "finished": _finished,
    "reopened": _reopened,
}
