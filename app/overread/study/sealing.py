"""A second read as sealed readings of a person, and the list of what changed between them."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from overread.core.hits import MARGIN_MM
from overread.core.reading import Input, Mark, Message, Reader, Reading
from overread.study.marks import CALL_WORDS, RATING_WORDS, Change, OwnMark
from overread.study.standing import Standing, key_of

_CHANGE_KINDS = {"accept": "accepted", "dismiss": "dismissed", "unsure": "unsure"}
SHOWN_FROM_START = "The systems' candidates were shown from the start: nothing was read alone."


def alone_reading(standing: Standing, head: Mapping[str, Any], at: str) -> Reading:
    """What was marked before any system was shown, as it stands at the moment ``at``.

    Parameters
    ----------
    head
        ``reader``, ``study_uid``, ``inputs`` of the second read.
    """
    marks = tuple(_own_mark(m) for m in standing.marks.values() if not m.withdrawn)
    times: dict[str, float | str | None] = {
        "started_at": standing.started_at or at,
        "alone_done_at": at,
        "alone_s": round(standing.seconds_at(at), 3),
    }
    return Reading(
        **_frame(standing, head, at, "alone"),
        inputs=head["inputs"],
        marks=marks,
        rating=_case_rating(standing),
        messages=_messages(standing, ()),
        times=times,
        parameters={"second_read": "alone"},
    )


def final_reading(standing: Standing, head: Mapping[str, Any], at: str, threshold: float | None) -> Reading:
    """The reader's answer after the reveal: own marks and accepted candidates, chained to the reading before.

    Parameters
    ----------
    threshold
        The score from which on the candidates were looked through; None when there was none. It is no operating point
        of this reading, whose marks are rated on the reader's own scale.
    """
    total_s = standing.seconds_at(at)
    alone_s = standing.alone_s or 0.0
    times: dict[str, float | str | None] = {
        "started_at": standing.started_at or at,
        "alone_done_at": None if standing.shown_from_start else standing.alone_at,
        "revealed_at": standing.revealed_at,
        "finished_at": at,
        "alone_s": None if standing.shown_from_start else round(alone_s, 3),
        "aided_s": round(total_s - alone_s, 3),
        "total_s": round(total_s, 3),
    }
    accepted = tuple(accepted_candidates(standing))
    own = tuple(_own_mark(m, standing) for m in standing.marks.values() if not m.withdrawn)
    return Reading(
        **_frame(standing, head, at, "final", len(accepted)),
        inputs=head["inputs"] or _inputs_of_systems(standing),
        marks=own + tuple(_accepted_mark(reader, mark, standing) for reader, mark in accepted),
        rating=_case_rating(standing),
        messages=_messages(standing, _undecided(standing, threshold)),
        times=times,
        parameters={**_parameters(standing, accepted), "looked_through_from": threshold},
        previous_seal=standing.sealed[-1].to_json()["seal"] if standing.sealed else None,
    )


def accepted_candidates(standing: Standing) -> Iterator[tuple[Reader, Mark]]:
    """Candidates that the reader accepted, with the system each came from."""
    for reading in standing.readings:
        for mark in reading.marks:
            verdict = standing.verdicts.get(key_of(reading.reader, mark.id))
            if verdict is not None and verdict.call == "accept":
                yield reading.reader, mark


def change_list(standing: Standing) -> tuple[Change, ...]:
    """What differs from the marks as they stood before the first system was shown: own marks, then candidates."""
    if standing.stage == "alone":
        return ()
    return (*_own_changes(standing), *_candidate_changes(standing))


def _own_changes(standing: Standing) -> Iterator[Change]:
    for number, mark in standing.marks.items():
        before = standing.alone.get(number)
        where = f"on slice {mark.slice + 1}"
        if before is None:
            if mark.added == "after" and not mark.withdrawn:
                yield _change("added", f"Own mark M{number} added {where}{_rated(mark)}.", mark)
        elif mark.withdrawn:
            yield _change("withdrawn", f"Own mark M{number} {where}, made alone, withdrawn.", mark)
        else:
            said = "; ".join(_differences(before, mark))
            if said:
                yield _change("changed", f"Own mark M{number} {where}: {said}.", mark)


def _differences(before: OwnMark, now: OwnMark) -> Iterator[str]:
    if now.rating != before.rating:
        yield f"rating {_rating_words(before.rating)} is now {_rating_words(now.rating)}"
    if now.length_mm != before.length_mm:
        yield f"length {_length_words(before.length_mm)} is now {_length_words(now.length_mm)}"
    if now.note != before.note:
        yield "note changed"


def _candidate_changes(standing: Standing) -> Iterator[Change]:
    for reading in standing.readings:
        for mark in reading.marks:
            verdict = standing.verdicts.get(key_of(reading.reader, mark.id))
            if verdict is None or verdict.call is None:
                continue
            where = "" if mark.peak_slice is None else f" on slice {mark.peak_slice + 1}"
            near = _near_words(standing, mark) if verdict.call == "accept" else ""
            words = f"Candidate {mark.id} of {reading.reader.id}{where} {CALL_WORDS[verdict.call]}{near}."
            yield Change(_CHANGE_KINDS[verdict.call], words, mark.peak_slice, mark.centre_mm)


def _near_words(standing: Standing, candidate: Mark) -> str:
    """Says which own mark lies within the acceptance distance of the contract: the place is no news then."""
    own = [(math.dist(m.centre_mm, candidate.centre_mm), m.number) for m in standing.marks.values() if not m.withdrawn]
    distance, number = min(own, default=(math.inf, 0))
    return f", {distance:.0f} mm from own mark M{number}" if distance <= MARGIN_MM else ""


def _frame(standing: Standing, head: Mapping[str, Any], at: str, stage: str, more_marks: int = 0) -> dict[str, Any]:
    """The parts of a reading that do not depend on where the marks lie."""
    count = sum(not m.withdrawn for m in standing.marks.values()) + more_marks
    name = f"{standing.volume}/{standing.started_at}/{head['reader']}/{stage}/{len(standing.sealed)}/{at}"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        "created": at,
        "reader": Reader("person", head["reader"]),
        "case": {"id": f"case-{standing.volume[:8]}", "study_uid": head["study_uid"], "condition": None},
        "result": "marks" if count else "none",
        "scale": {"low": 1.0, "high": 5.0, "words": [RATING_WORDS[n] for n in sorted(RATING_WORDS)]},
    }


def _own_mark(mark: OwnMark, standing: Standing | None = None) -> Mark:
    """An own mark in the shared record; ``edited`` when it was read alone and changed since."""
    before = None if standing is None else standing.alone.get(mark.number)
    is_edited = before is not None and any(_differences(before, mark))
    return Mark(
        id=f"M{mark.number}",
        centre_mm=mark.centre_mm,
        score=None if mark.rating is None else float(mark.rating),
        extent_mm=mark.length_mm,
        volume=mark.volume,
        peak_slice=mark.slice,
        slices=(mark.slice,),
        category="hcc",
        verdict="edited" if is_edited else None,
        note=mark.note,
    )


def _accepted_mark(reader: Reader, mark: Mark, standing: Standing) -> Mark:
    """An accepted candidate as a mark of the person, who rated nothing and measured nothing there."""
    return Mark(
        id=f"{reader.id}:{mark.id}",
        centre_mm=mark.centre_mm,
        score=None,
        volume=mark.volume,
        peak_slice=mark.peak_slice,
        slices=mark.slices,
        category=mark.category,
        verdict="accept",
        note=standing.verdicts[key_of(reader, mark.id)].note,
    )


def _parameters(standing: Standing, accepted: tuple[tuple[Reader, Mark], ...]) -> dict[str, Any]:
    """Where accepted candidates come from, and in which order the case was read."""
    return {
        "second_read": "shown from the start" if standing.shown_from_start else "alone first",
        "systems": [
            {
                "system": r.reader.id,
                "variant": r.reader.variant,
                "bundle_digest": r.reader.bundle_digest,
                "content_digest": r.to_json()["content_digest"],
            }
            for r in standing.readings
        ],
        "accepted": [
            {
                "mark": f"{reader.id}:{mark.id}",
                "bundle_digest": reader.bundle_digest,
                "score": mark.score,
                "activation_extent_mm": mark.extent_mm,
            }
            for reader, mark in accepted
        ],
    }


def _case_rating(standing: Standing) -> float | None:
    """The highest rating of a mark that stands; without a rated mark the reader has not said."""
    ratings = [m.rating for m in standing.marks.values() if not m.withdrawn and m.rating is not None]
    return float(max(ratings)) if ratings else None


def _inputs_of_systems(standing: Standing) -> tuple[Input, ...]:
    """The volume as the systems name it, with the digest of its pixels."""
    return tuple({i.volume: i for r in standing.readings for i in r.inputs if i.volume == standing.volume}.values())


def _undecided(standing: Standing, threshold: float | None) -> tuple[Message, ...]:
    count = sum(
        verdict is None or verdict.call is None
        for reading in standing.readings
        for mark in (reading.marks if threshold is None else reading.marks_at(threshold))
        for verdict in (standing.verdicts.get(key_of(reading.reader, mark.id)),)
    )
    if not count:
        return ()
    return (Message("info", f"{count} {'candidate is' if count == 1 else 'candidates are'} without a verdict."),)


def _messages(standing: Standing, more: tuple[Message, ...]) -> tuple[Message, ...]:
    found = [Message("warning", SHOWN_FROM_START)] if standing.shown_from_start else []
    if standing.clock_went_back:
        found.append(Message("warning", "The clock of this computer was set back meanwhile: times are not exact."))
    return (*found, *more)


def _change(kind: str, words: str, mark: OwnMark) -> Change:
    return Change(kind, words, mark.slice, mark.centre_mm)


def _rated(mark: OwnMark) -> str:
    return "" if mark.rating is None else f", rated {_rating_words(mark.rating)}"


def _rating_words(rating: int | None) -> str:
    return "none" if rating is None else f"{rating} ({RATING_WORDS[rating]})"


def _length_words(length_mm: float | None) -> str:
    return "none" if length_mm is None else f"{length_mm:.0f} mm"
