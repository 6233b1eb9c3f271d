"""What a system could read of what is open: the gate's answer per volume, the volumes that need nobody's word."""

from __future__ import annotations

from dataclasses import dataclass

from overread.core.errors import OverreadError
from overread.core.study import Series, Study, Volume
from overread.systems import ReadRequest, System, gate_answer
from overread.viewing.corner import date_words, volume_title
from overread.viewing.session import Session


@dataclass(frozen=True, slots=True)
class GateWords:
    """Whether a system refuses a volume, and the sentences to be shown with it."""

    is_refused: bool = False
    sentences: tuple[str, ...] = ()


def gate_words(system: System, volume: Volume) -> GateWords:
    """What the gate of a system says to a volume by its headers alone; a bundle that cannot run refuses all."""
    try:
        answer = gate_answer(system.id, volume)
    except OverreadError as problem:
        return GateWords(True, (str(problem),))
    return GateWords(answer.verdict == "refuse", answer.sentences)


def is_sure(system: System, volume: Volume) -> bool:
    """Whether a volume plays the system's role for certain, so that nobody need confirm it."""
    return volume.role.name == system.roles[0] and volume.role.is_sure


def request_of(system: System, study: Study, volume: Volume) -> ReadRequest:
    """The request to let a system read one volume in its first role."""
    return ReadRequest(system.id, ((system.roles[0], volume),), study_uid=study.study_uid)


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


def readable(session: Session, system: System) -> list[ReadRequest]:
    """A request for every open volume that the system can start on now.

    Left out: what the gate refuses, roles that are a guess, what it has read already, what is in the queue.
    """
    found = []
    for study, _, volume in session.places():
        if not is_sure(system, volume) or session.result(volume.id, system.id) is not None:
            continue
        request = request_of(system, study, volume)
        if not session.queue.holds(request) and not gate_words(system, volume).is_refused:
            found.append(request)
    return found
