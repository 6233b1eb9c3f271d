"""What a system could read of what is open: the gate's answer per volume, the volumes that need nobody's word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from overread.core.errors import OverreadError
from overread.core.study import Series, Study, Volume
from overread.systems import SYSTEMS, ReadRequest, System, gate_answer
from overread.viewing.chooser import CHOICES, Choice, Readiness, Slot, plays, readiness, slots_of
from overread.viewing.corner import date_words, volume_title
from overread.viewing.results import reader_name
from overread.viewing.session import Session, study_key


@dataclass(frozen=True, slots=True)
class GateWords:
    """Whether a system refuses a volume, and the sentences to be shown with it."""

    is_refused: bool = False
    sentences: tuple[str, ...] = ()


def gate_words(system: System, volume: Volume) -> GateWords:
    """What the gate of a system says to a volume in its first role; a bundle that cannot run refuses all."""
    try:
        answer = gate_answer(system.id, volume)
    except OverreadError as problem:
        return GateWords(True, (str(problem),))
    return GateWords(answer.verdict == "refuse", answer.sentences)


def title_of(series: Series, volume: Volume) -> str:
    """A volume as it is called in lists: its series, and what tells it from others of that series."""
    return ", ".join((volume_title(series, volume), *volume.told_apart))


def place_words(session: Session, volume_id: str) -> str:
    """An open volume as it is called in a list of runs: with its study where series of several are open."""
    studies = {id(study): n for n, (study, _, _) in enumerate(session.places())}
    place = session.find(volume_id)
    if place is None:
        return "a series that is no longer open"
    study, series, volume = place
    title = title_of(series, volume)
    if len(studies) < 2:
        return title
    number = list(studies).index(id(study)) + 1
    return f"{title}, study {number}" + (f" of {date_words(study.date)}" if study.date else "")


def run_title(session: Session, request: ReadRequest) -> str:
    """A run as it is called in the list: what it reads, and who reads where there is more than the first system."""
    place = place_words(session, request.volumes[0][1].id)
    if len(request.volumes) > 1:
        place = f"{place} and {len(request.volumes) - 1} more"
    is_first = request.system == next(iter(SYSTEMS))
    return place if is_first else f"{reader_name(request.system, request.variant)}: {place}"


def readiness_in(session: Session, choice: Choice, study: Study | None, slots: Sequence[Slot]) -> Readiness:
    """Whether a choice can run with these volumes, with what the reader circled and wrote in the clinical form."""
    first = next((slot.volume for slot in slots if slot.volume is not None), None)
    form = session.form
    is_its = study is not None and study_key(study) == form.study
    return readiness(choice, study, slots, session.regions.region_for(first), form.facts if is_its else None,
                     form_error=is_its and form.has_errors)  # fmt: skip


def readable(session: Session, choice: Choice) -> list[ReadRequest]:
    """A request for everything open that a choice can start on now: every series of one role, every study of several.

    Left out: what the gate refuses, roles that are a guess, what it has read already, what is in the queue.
    """
    studies = session.scan.studies if session.scan is not None else ()
    return [request for study in studies for request in _readable_in(session, choice, study)]


def runnable(session: Session) -> list[ReadRequest]:
    """A request for every system and variant that can start on the shown study now.

    Only that study's gates are asked: this runs on the window's thread whenever something changes.
    """
    study = session.study
    return [] if study is None else [r for choice in CHOICES for r in _readable_in(session, choice, study)]


def fitting(session: Session, present: Choice) -> Choice:
    """The choice to begin with on the shown study: the present one unless another fits it better.

    Best is what can start, then what lacks only a region or facts, then what needs a person's word for a role.
    """
    study = session.study
    if study is None:
        return present
    return max((present, *CHOICES), key=lambda choice: _fit(session, choice, study))  # of equals the present one


def _fit(session: Session, choice: Choice, study: Study) -> int:
    best, shown = 0, session.layout.active.volume
    ways = [*_ways(choice, study), slots_of(choice, study)]
    if len(choice.roles) == 1 and shown is not None:  # its role may be nobody's guess, and still be said by a person
        ways.append(slots_of(choice, study, {choice.roles[0]: shown}))
    for slots in ways:
        if all(slot.volume is not None and not slot.is_refused for slot in slots):
            is_sure = all(slot.is_sure for slot in slots)
            can_start = is_sure and readiness_in(session, choice, study, slots).can_run
            best = max(best, 1 + is_sure + can_start)
    return best


def _readable_in(session: Session, choice: Choice, study: Study) -> Iterator[ReadRequest]:
    """The requests for one study that a choice can start on now."""
    for slots in _ways(choice, study):
        request = readiness_in(session, choice, study, slots).request
        if request is not None and all(slot.is_sure for slot in slots) and not _is_done(session, choice, request):
            yield request


def _ways(choice: Choice, study: Study) -> Iterator[tuple[Slot, ...]]:
    """The volumes that a choice could read in a study: with one role each that plays it for sure."""
    role, *others = choice.roles
    if others:
        yield slots_of(choice, study)
        return
    for volume in study.volumes():
        if plays(choice.system, role, volume):
            yield slots_of(choice, study, {role: volume})


def _is_done(session: Session, choice: Choice, request: ReadRequest) -> bool:
    """Whether this has been read, or is in the queue. A region or facts that have changed are another question."""
    if session.queue.holds(request):
        return True
    result = session.result(request.volumes[0][1].id, choice.name)
    if result is None or result.reading is None or set(result.volumes) != {v.id for _, v in request.volumes}:
        return False
    region = None if request.region is None else request.region.to_json()
    return not choice.system.needs_region or result.reading.region == region
