"""What an evaluation is asked, and what it stands on once every case is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from overread.core.progress import Progress
from overread.evaluation.comparison import OtherReader
from overread.evaluation.rows import Patients
from overread.evaluation.tasks import CaseTask
from overread.systems.bundle import Bundle

Kept = TypeVar("Kept")
"""What is kept of a case: `measured.Measured`, or `classes.case.ClassCase`."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an evaluation shall be made.

    ``seed`` of the bootstrap; ``jobs`` processes; ``twins``: how many slices to draw again without their lesions;
    ``against``: readings of somebody else on the same cases; ``folder``: where what was read is kept, None for a
    folder of its own that goes afterwards; ``resume``: take over what an earlier run kept there.
    """

    device: str = "auto"
    engine: str = "auto"
    seed: int = 1
    jobs: int = 1
    twins: int = 0
    against: Path | None = None
    folder: Path | None = None
    resume: bool = True


AS_USUAL = Wish()


@dataclass(frozen=True, slots=True, eq=False)
class Run(Generic[Kept]):
    """Everything that figures are counted from; ``tasks`` and ``cases`` are of the same cases in the same order."""

    bundle: Bundle
    wish: Wish
    tasks: Sequence[CaseTask]
    cases: Sequence[Kept]
    people: Patients
    others: Sequence[OtherReader]
    progress: Progress


@dataclass(frozen=True, slots=True)
class Way(Generic[Kept]):
    """How cases of one family of systems are measured, taken up again and counted.

    ``measure`` keeps one case on disk, ``restore`` makes a value of what was kept, ``count`` gives the parts of the
    document that depend on the family.
    ``has_twins``: whether its slices can be drawn again without their lesions.
    """

    measure: Callable[[CaseTask], None]
    restore: Callable[[dict[str, Any]], Kept]
    count: Callable[[Run[Kept]], dict[str, Any]]
    has_twins: bool = False


def reader_name(bundle: Bundle) -> str:
    """What the evaluated system is called in the rows."""
    return f"{bundle.system} {bundle.variant}"


def people_notes(cases: Sequence[Any], people: Patients) -> list[str]:
    """What a reader of the figures must know of the patients and the machines."""
    notes = []
    if people.count < 2:
        notes.append("All cases are of one patient: nothing can be resampled, so those intervals are unknown.")
    if len({(c.engine["engine"], c.engine["device"]) for c in cases}) > 1:
        notes.append("The cases were not all read by the same engine on the same device; see the time.")
    if people.count < len(cases):
        notes.append(f"{len(cases)} cases are of {people.count} patients; resamples draw patients.")
    return notes
