"""The whole way from a request to a reading, the same for every system."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from overread.core.errors import BundleError, GateRefusal, InputError
from overread.core.progress import SILENT, Progress
from overread.core.reading import Message, Reading
from overread.core.study import Pixels, Study, Volume
from overread.systems.bundle import Bundle, load_bundle
from overread.systems.frame import reading_frame
from overread.systems.gate import GateAnswer, check_headers, check_pixels, check_together
from overread.systems.installed import find_bundle
from overread.systems.registry import SYSTEMS, System
from overread.systems.request import Outcome, ReadRequest

WANTED_B, LOWEST_B = 800.0, 500.0
"""Which of several b-values is read (SEEDS 2.1, 3.1: 800 to 1000), and below which diffusion is not looked at."""
_NO_VOLUME = "no volume of this study"


def system_of(system_id: str) -> System:
    """The system with this id.

    Raises
    ------
    InputError
        There is none.
    """
    if system_id not in SYSTEMS:
        raise InputError(
            f"There is no system {system_id!r}",
            f"the systems are {', '.join(SYSTEMS)}",
            "Choose one of them; overread systems lists them",
        )
    return SYSTEMS[system_id]


def gate_answer(system_id: str, volume: Volume, role: str | None = None, variant: str | None = None) -> GateAnswer:
    """What a system's gate says of this volume: accept, warn or refuse, and the sentences. Reads no pixels.

    Parameters
    ----------
    role
        The role it would play; None stands for the first that the system reads.

    Raises
    ------
    BundleError
        No bundle of the system can be used.
    """
    bundle = find_bundle(system_id, variant)
    return check_headers(volume, bundle.gate(role or bundle.roles[0]))


def check_gate(system_id: str, volume: Volume) -> list[str]:
    """Reasons why a system would not read this volume; empty when it would. Reads no pixels."""
    return list(gate_answer(system_id, volume).reasons)


def choose_volumes(
    study: Study,
    system_id: str,
    assigned: Mapping[str, Volume],
    variant: str | None = None,
    bundle: Bundle | None = None,
) -> tuple[tuple[str, Volume], ...]:
    """The volume for each role a system needs: as assigned, else the one of the study that plays it for sure.

    Series of other names may play it too (``System.alternatives``): T2 is taken with fat suppression where there is
    such a series, as the bundles learnt it, and without it otherwise. What the gate would refuse is passed over while
    anything else is left, of any of these names: a coronal series beside an axial one, the low b-values of a diffusion
    series; of diffusion images that are left the b-value nearest to 800 is taken. ``dwi:800`` assigns a
    role and says the b-value that no header states. ``bundle`` is the one that will read, where it is not the installed
    one of the variant.

    Raises
    ------
    GateRefusal
        No volume plays a role for sure, or several do; every such role is named.
    InputError
        A role is assigned that the system does not have, or a b-value that the header contradicts.
    """
    system = system_of(system_id)
    if bundle is None:
        with suppress(BundleError):
            bundle = find_bundle(system_id, variant)
    roles = system.roles if bundle is None else bundle.roles
    named = dict(_named(word, volume, roles, system_id) for word, volume in assigned.items())
    chosen, problems = [], {}
    for role in roles:
        found = [named[role]] if role in named else sure_volumes(study, system, role, bundle)
        if len(found) == 1:
            chosen.append((role, found[0]))
        else:
            problems[role] = _why_no_choice(study, role, system.names_of(role), found)
    if problems:
        names = " and ".join(f"--role {role}=VOLUME" for role in problems)
        raise GateRefusal(
            f"{system_id} cannot start",
            _together(study, problems),
            f"Name the {'volume' if len(problems) == 1 else 'volumes'} with {names}; overread scan lists the volumes",
        )
    return tuple(chosen)


def read(request: ReadRequest, progress: Progress = SILENT) -> Outcome:
    """Let a system read.

    Returns
    -------
    Outcome
        A reading, also when the gate refuses (result ``refused`` with its sentence). What the gate warns of is among
        the reading's messages.

    Raises
    ------
    OverreadError
        No bundle, damaged weights, no such device, pixels that cannot be decoded.
    Cancelled
        The person asked to stop.
    """
    system = system_of(request.system)
    folder = request.bundle_folder
    bundle = load_bundle(Path(folder)) if folder is not None else find_bundle(system.id, request.variant)
    if bundle.system != system.id:
        raise BundleError(
            f"The bundle {bundle.folder.name} cannot run",
            f"it belongs to {bundle.system}, not {system.id}",
            f"Name a bundle of {system.id}",
        )
    try:
        warnings = admit(request, bundle)
        module, _, name = system.reader.partition(":")
        outcome: Outcome = getattr(importlib.import_module(module), name)(request, bundle, progress)
    except GateRefusal as refusal:
        return Outcome(_refused(request, bundle, str(refusal)))
    return _with_messages(outcome, warnings)


def admit(request: ReadRequest, bundle: Bundle) -> list[Message]:
    """Ask the gate about the headers of all volumes; what it warns of, as messages of the reading.

    Raises
    ------
    GateRefusal
        A volume is missing or is not let in.
    """
    volumes = dict(request.volumes)
    together = check_together(volumes, bundle.roles, bundle.gate())
    together.raise_refusal(bundle.gate())
    messages, system = _messages(together), SYSTEMS[bundle.system]
    messages += [Message("info", note) for note in (() if request.region is None else request.region.notes)]
    for role in bundle.roles:
        volume, gate = volumes[role], bundle.gate(role)
        answer = check_headers(volume, gate)
        answer.raise_refusal(gate)
        messages += _messages(answer, role if len(bundle.roles) > 1 else None)
        if not volume.role.is_sure:
            messages.append(Message("info", f"The role {role} was given by a person."))
        elif volume.role.name != role and volume.role.name in system.names_of(role):
            messages.append(Message("info", f"Its {volume.role.name} series was read as {role}."))
        elif volume.role.name != role:
            words = f"Read as {role} on a person's word; its header says {volume.role.name}."
            messages.append(Message("warning", words))
    return messages


def admit_pixels(pixels: Pixels, bundle: Bundle, role: str) -> list[Message]:
    """Ask the gate about decoded pixels; what it warns of, as messages of the reading. Systems call it first.

    Raises
    ------
    GateRefusal
        They are no images of a body, or spoilt. ``read`` makes a refused reading of it.
    """
    gate = bundle.gate(role)
    answer = check_pixels(pixels, gate)
    answer.raise_refusal(gate)
    return _messages(answer, role if len(bundle.roles) > 1 else None)


def warm_up(progress: Progress = SILENT) -> None:
    """Load what every reading needs, so that the first one need not wait: called in the worker while nobody reads."""
    progress.check()
    importlib.import_module("overread.engines.torch_engine")


def _messages(answer: GateAnswer, role: str | None = None) -> list[Message]:
    """What is warned of; with the role where several volumes are read."""
    beginning = "" if role is None else f"{role}: "
    return [Message("warning", beginning + sentence) for sentence in answer.warnings]


def _with_messages(outcome: Outcome, messages: Sequence[Message]) -> Outcome:
    """The outcome with further messages after its own; what it says already is not said twice."""
    said = {message.text for message in outcome.reading.messages}
    more = tuple(message for message in messages if message.text not in said)
    return replace(outcome, reading=replace(outcome.reading, messages=outcome.reading.messages + more))


def _named(word: str, volume: Volume, roles: Sequence[str], system_id: str) -> tuple[str, Volume]:
    """Role and volume of an assignment; ``dwi:800`` gives the volume its b-value."""
    role, _, b_value = word.partition(":")
    what = f"--role {word}=... cannot be used"
    if role not in roles:
        raise InputError(what, f"{system_id} reads {', '.join(roles)}", "Name one of these roles")
    if not b_value:
        return role, volume
    if not b_value.isdecimal() or len(b_value) > 5:
        raise InputError(what, f"{b_value!r} is no b-value", "Write the b-value in s/mm², as in dwi:800")
    if volume.b_value is not None and round(volume.b_value) != int(b_value):
        why = f"the header of this volume states b {volume.b_value:g}"
        raise InputError(what, why, f"Name another volume, or write --role {role}=...")
    return role, replace(volume, b_value=float(b_value))


def _refused(request: ReadRequest, bundle: Bundle, sentence: str) -> Reading:
    return Reading(
        **reading_frame(request, bundle),
        inputs=(),
        result="refused",
        rating=None,
        messages=(Message("refusal", sentence),),
    )


def sure_volumes(study: Study, system: System, role: str, bundle: Bundle | None) -> list[Volume]:
    """Volumes that may play a role for sure; more than one only where nothing speaks for any of them.

    Those of the first of the role's names that the gate would let in; where it lets none in, the first there are.
    """
    refused: list[Volume] = []
    for name in system.names_of(role):
        sure = [v for v in study.volumes() if v.role.name == name and v.role.is_sure]
        if bundle is not None:
            gate = bundle.gate(role)
            good = [v for v in sure if check_headers(v, gate).verdict != "refuse"]
            refused = refused or ([] if good else sure)
            sure = good
        if sure:
            return _nearest_b(sure) if role == "dwi" else sure
    return _nearest_b(refused) if role == "dwi" and refused else refused


def _nearest_b(volumes: Sequence[Volume]) -> list[Volume]:
    """Of diffusion images those nearest to b 800 among those of 500 or more, of equals the higher; all without any."""
    known = [(v.b_value, v) for v in volumes if v.b_value is not None and v.b_value >= LOWEST_B]
    best = min((abs(b - WANTED_B), -b) for b, _ in known) if known else None
    return [v for b, v in known if (abs(b - WANTED_B), -b) == best] or list(volumes)


def _together(study: Study, problems: Mapping[str, str]) -> str:
    """Why roles are not chosen: those that nothing is known to be in one breath, the others each by itself."""
    absent = [role for role, why in problems.items() if why.startswith(_NO_VOLUME)]
    if len(absent) < 2:
        return "; ".join(problems.values())
    others = [why for role, why in problems.items() if role not in absent]
    names = f"{', '.join(absent[:-1])} or {absent[-1]}"
    return "; ".join([f"{_NO_VOLUME}{_holds(study)} is known to be {names}", *others])


def _why_no_choice(study: Study, role: str, names: Sequence[str], sure: Sequence[Volume]) -> str:
    if sure:
        return f"{len(sure)} volumes of this study are {sure[0].role.name}"
    guesses = [v for v in study.volumes() if v.role.name in names]
    if guesses:
        return f"which volume is {role} is only a guess ({guesses[0].description or guesses[0].id})"
    return f"{_NO_VOLUME}{_holds(study)} is known to be {role}"


def _holds(study: Study) -> str:
    """Which modalities a study is of, in brackets."""
    modalities = sorted({v.modality for v in study.volumes() if v.modality})
    return f" (it is {', '.join(modalities)})" if modalities else ""
