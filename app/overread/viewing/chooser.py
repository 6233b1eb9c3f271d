"""Which systems can read the open study, with which series in which role, and why others cannot, before any run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from overread.core.errors import BundleError, OverreadError
from overread.core.facts import Facts
from overread.core.region import Region
from overread.core.study import Study, Volume
from overread.systems import SYSTEMS, Bundle, ReadRequest, System, find_bundle, gate_answer
from overread.systems.reading import sure_volumes
from overread.viewing.corner import ROLE_WORDS
from overread.viewing.results import reader_name

_NO_REGION = "No lesion is circled on this study: circle it in the Lesion panel (Shift+S)."
_LOOKS_ITSELF = "No lesion is circled: it reads what the detectors of multiphase-characterisation find."
_DETECTS = "multiphase-characterisation"
_FORM_ERROR = "The clinical form holds a value that cannot be used."


@dataclass(frozen=True, slots=True)
class Choice:
    """A system in one of its variants; None where its paper has none."""

    system: System
    variant: str | None = None

    @property
    def key(self) -> str:
        """``mvi-prediction/image``, or the system alone."""
        return self.system.id if self.variant is None else f"{self.system.id}/{self.variant}"

    @property
    def name(self) -> str:
        """The name that its readings are shown under."""
        return reader_name(self.system.id, self.variant)

    @property
    def title(self) -> str:
        """As it stands in the list of systems."""
        return self.system.title if self.variant is None else f"{self.system.title}: {self.variant}"

    @property
    def roles(self) -> tuple[str, ...]:
        """The series it reads: its bundle's, or all of the system's while no bundle is there."""
        bundle = bundle_of(self)
        return bundle.roles if bundle is not None else self.system.roles

    @property
    def uses_facts(self) -> bool:
        """Whether clinical facts change its answer."""
        return self.system.uses_facts and self.variant != "image"


CHOICES: tuple[Choice, ...] = tuple(
    Choice(system, variant) for system in SYSTEMS.values() for variant in (system.variants or (None,))
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A role of a system and the volume that would play it.

    ``is_sure``: nobody need confirm it. ``why`` says what speaks against it, or what its gate warns of.
    """

    role: str
    volume: Volume | None = None
    is_sure: bool = True
    is_refused: bool = False
    why: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The role as it is called."""
        return part_words(self.role)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a choice can be run now.

    ``reasons`` say why not, ``remarks`` what will be said of the reading; ``unsure`` are the roles that need a
    person's word. ``request`` is what would be run; None while something is missing.
    """

    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    request: ReadRequest | None = None

    @property
    def can_run(self) -> bool:
        """Whether it can start once the roles that are guesses were confirmed."""
        return self.request is not None

    @property
    def line(self) -> str:
        """In one short line, for the list of systems."""
        if self.reasons:
            first = self.reasons[0].split(". ")[0].rstrip(".")
            return f"Cannot run: {first[:1].lower()}{first[1:]}."
        if self.unsure:
            return f"Can run once you confirm {_listed(self.unsure)}"
        return "Can run"


def choice_of(key: str) -> Choice:
    """The choice with this key."""
    return next(choice for choice in CHOICES if choice.key == key)


def bundle_of(choice: Choice) -> Bundle | None:
    """The bundle that would read; None where none can."""
    with suppress(BundleError):
        return find_bundle(choice.system.id, choice.variant)
    return None


def part_words(role: str) -> str:
    """A role as it is called in the window."""
    return ROLE_WORDS.get(role, role)


def slots_of(
    choice: Choice, study: Study | None, chosen: Mapping[str, Volume | None] | None = None
) -> tuple[Slot, ...]:
    """The roles of a choice, each with the volume that a person chose, else the one that plays it.

    A single volume that may only be guessed to play a role is put there as a guess; of several sure ones, or none,
    nothing is.

    Parameters
    ----------
    chosen
        What a person put there: a volume, or None for missing. Roles that are not in it are found. Choosing a volume
        for one role of several is a person's word; of a system with one role the volume is just the one looked at.
    """
    bundle, taken = bundle_of(choice), dict(chosen or {})
    roles = choice.system.roles if bundle is None else bundle.roles
    found = []
    for role in roles:
        if role in taken:
            volume = taken[role]
            is_sure = len(roles) > 1 or volume is None or plays(choice.system, role, volume)
            found.append(_checked(choice, role, volume, is_sure))
        elif study is None:
            found.append(Slot(role))
        else:
            volume, is_sure = _presumed(choice, role, study, bundle)
            found.append(_checked(choice, role, volume, is_sure))
    return tuple(found)


def plays(system: System, role: str, volume: Volume) -> bool:
    """Whether a volume plays a role for certain, so that nobody need confirm it."""
    return volume.role.is_sure and volume.role.name in system.names_of(role)


def readiness(
    choice: Choice,
    study: Study | None,
    slots: Sequence[Slot],
    region: Region | None = None,
    facts: Facts | None = None,
    form_error: bool = False,
) -> Readiness:
    """Whether a choice can run with these volumes, and the request it would be run with.

    Parameters
    ----------
    region
        The lesions that are circled in the frame of reference of what it reads.
    facts, form_error
        What the clinical form says, and whether a field of it cannot be used.
    """
    try:
        find_bundle(choice.system.id, choice.variant)
    except OverreadError as problem:
        return Readiness((_without_name(str(problem), choice),))
    reasons, remarks = [], []
    missing = [slot.words for slot in slots if slot.volume is None]
    if study is None:
        reasons.append("Nothing is open.")
    elif missing:
        reasons.append(f"No series is known to be {_listed(missing)}.")
    reasons += [words for slot in slots if slot.is_refused for words in slot.why]
    remarks += [words for slot in slots if not slot.is_refused for words in slot.why]
    if choice.system.needs_region and region is None:
        looks_itself = choice.system.id != "mvi-prediction" and bundle_of(Choice(SYSTEMS[_DETECTS])) is not None
        (remarks if looks_itself else reasons).append(_LOOKS_ITSELF if looks_itself else _NO_REGION)
    if choice.uses_facts:
        if form_error:
            reasons.append(_FORM_ERROR)
        elif facts is None or facts.missing():
            count = len((facts or Facts()).missing())
            remarks.append(f"{count} of 7 clinical facts are unknown; training means stand for them.")
    unsure = tuple(slot.words for slot in slots if slot.volume is not None and not slot.is_sure)
    if reasons or study is None:
        return Readiness(tuple(dict.fromkeys(reasons)), tuple(remarks), unsure)
    volumes = tuple((slot.role, slot.volume) for slot in slots if slot.volume is not None)
    request = ReadRequest(
        choice.system.id,
        volumes,
        variant=choice.variant,
        study_uid=study.study_uid,
        region=region,
        facts=facts if choice.uses_facts and facts is not None and facts != Facts() else None,
    )
    return Readiness((), tuple(dict.fromkeys(remarks)), unsure, request)


def _presumed(choice: Choice, role: str, study: Study, bundle: Bundle | None) -> tuple[Volume | None, bool]:
    sure = sure_volumes(study, choice.system, role, bundle)
    if sure:
        return (sure[0], True) if len(sure) == 1 else (None, True)
    names = choice.system.names_of(role)
    guesses = [volume for volume in study.volumes() if volume.role.name in names and not volume.role.is_sure]
    return (guesses[0], False) if len(guesses) == 1 else (None, True)


def _checked(choice: Choice, role: str, volume: Volume | None, is_sure: bool) -> Slot:
    """A slot with what the gate says of its volume by the headers alone."""
    if volume is None:
        return Slot(role)
    try:
        answer = gate_answer(choice.system.id, volume, role, choice.variant)
    except OverreadError:  # no bundle: said once, not for every role
        return Slot(role, volume, is_sure)
    return Slot(role, volume, is_sure, answer.verdict == "refuse", answer.sentences)


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _without_name(sentence: str, choice: Choice) -> str:
    """An error's sentence without the system's name in front, which stands beside it."""
    _, _, rest = sentence.partition(" cannot run: ")
    return f"{rest[:1].upper()}{rest[1:]}" if rest and choice.system.id in sentence[:60] else sentence
