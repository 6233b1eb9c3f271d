"""The whole way from a request to a reading, the same for every system."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from overread.core.errors import BundleError, GateRefusal, InputError
from overread.core.progress import SILENT, Progress
from overread.core.reading import Message, Reader, Reading
from overread.core.study import Study, Volume
from overread.systems.bundle import Bundle, find_bundle, load_bundle
from overread.systems.gate import refusals
from overread.systems.registry import SYSTEMS, System
from overread.systems.request import Outcome, ReadRequest


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


def check_gate(system_id: str, volume: Volume) -> list[str]:
    """Reasons why a system would not read this volume; empty when it would. Reads no pixels."""
    return refusals(volume, find_bundle(system_id).manifest["gate"])


def choose_volumes(study: Study, system_id: str, assigned: Mapping[str, Volume]) -> tuple[tuple[str, Volume], ...]:
    """The volume for each role a system needs: as assigned, else the surest of the study.

    Raises
    ------
    GateRefusal
        No volume plays a role for sure, or several do.
    """
    system = system_of(system_id)
    for role in assigned:
        if role not in system.roles:
            raise InputError(
                f"--role {role}=... cannot be used",
                f"{system_id} reads {', '.join(system.roles)}",
                "Name one of these roles",
            )
    chosen = []
    for role in system.roles:
        if role in assigned:
            chosen.append((role, assigned[role]))
            continue
        sure = [v for v in study.volumes() if v.role.name == role and v.role.is_sure]
        if len(sure) == 1:
            chosen.append((role, sure[0]))
            continue
        raise GateRefusal(
            f"{system_id} cannot start",
            _why_no_choice(study, role, len(sure)),
            f"Name the volume with --role {role}=VOLUME; overread scan lists the volumes",
        )
    return tuple(chosen)


def read(request: ReadRequest, progress: Progress = SILENT) -> Outcome:
    """Let a system read.

    Returns
    -------
    Outcome
        A reading, also when the gate refuses (result ``refused`` with its sentence).

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
    for role, volume in request.volumes:
        reasons = refusals(volume, bundle.manifest["gate"])
        if reasons:
            return Outcome(
                _refused(
                    request,
                    bundle,
                    f"{system.id} does not read this {role} volume: "
                    f"{'; '.join(reasons)}. Choose another volume for it.",
                )
            )
    module, _, name = system.reader.partition(":")
    outcome: Outcome = getattr(importlib.import_module(module), name)(request, bundle, progress)
    return outcome


def warm_up(progress: Progress = SILENT) -> None:
    """Load what every reading needs, so that the first one need not wait: called in the worker while nobody reads."""
    progress.check()
    importlib.import_module("overread.engines.torch_engine")


def reading_frame(request: ReadRequest, bundle: Bundle) -> dict[str, Any]:
    """The parts of a reading that do not depend on what is found."""
    case_id = request.case_id or f"case-{request.volumes[0][1].id[:8]}"
    return {
        "id": str(uuid.uuid4()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "case": {"id": case_id, "study_uid": request.study_uid, "condition": None},
        "reader": Reader("system", bundle.system, bundle.variant, bundle.digest),
        "scale": {"low": 0.0, "high": 1.0, "words": []},
    }


def _refused(request: ReadRequest, bundle: Bundle, sentence: str) -> Reading:
    return Reading(
        **reading_frame(request, bundle),
        inputs=(),
        result="refused",
        rating=None,
        messages=(Message("refusal", sentence),),
    )


def _why_no_choice(study: Study, role: str, sure: int) -> str:
    if sure > 1:
        return f"{sure} volumes of this study are {role}"
    guesses = [v for v in study.volumes() if v.role.name == role]
    if guesses:
        return f"which volume is {role} is only a guess ({guesses[0].description or guesses[0].id})"
    modalities = sorted({v.modality for v in study.volumes() if v.modality})
    holds = f" (it is {', '.join(modalities)})" if modalities else ""
    return f"no volume of this study{holds} is known to be {role}"
