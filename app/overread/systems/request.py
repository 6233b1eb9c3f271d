"""What a system is asked and what it answers; plain values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass

from overread.core.heatmap import Heatmap
from overread.core.reading import Reading
from overread.core.study import Volume


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Which system shall read which volumes.

    Parameters
    ----------
    system
        Id of the system.
    volumes
        Pairs (role, volume).
    variant
        The bundle's variant; None takes the first that is installed.
    device, engine
        ``auto``, or one of the devices and engines of this machine.
    case_id
        Name of the case in the reading, never a patient's; None takes one that follows from the volume.
    bundle_folder
        A bundle outside the usual folders.
    """

    system: str
    volumes: tuple[tuple[str, Volume], ...]
    variant: str | None = None
    device: str = "auto"
    engine: str = "auto"
    case_id: str | None = None
    study_uid: str | None = None
    bundle_folder: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A system's reading, and its heatmap where it has one."""

    reading: Reading
    heatmap: Heatmap | None = None
