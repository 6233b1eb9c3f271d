"""What a system is asked and what it answers; plain values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass

from overread.core.facts import Facts
from overread.core.heatmap import Heatmap
from overread.core.reading import Reading
from overread.core.region import Region
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
    precision
        ``float32``, ``bfloat16`` where the processor has it and the scores stay the same, or ``auto``.
    use_cache
        Whether a reading made before of the same pixels in the same way may be given again, and this one kept.
    region
        Where to look, for systems that are told; None leaves it to them, or they refuse.
    facts
        Clinical facts, for systems that use them; None is nothing known.
    """

    system: str
    volumes: tuple[tuple[str, Volume], ...]
    variant: str | None = None
    device: str = "auto"
    engine: str = "auto"
    case_id: str | None = None
    study_uid: str | None = None
    bundle_folder: str | None = None
    precision: str = "float32"
    use_cache: bool = True
    region: Region | None = None
    facts: Facts | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A system's reading, and its heatmap where it has one.

    ``device_words`` (``GPU: ...`` or ``CPU, because ...``), ``notes`` and ``is_from_cache`` tell how this answer came
    about. They stand beside the reading, not in it: the same answer has the same content digest wherever it was
    computed. ``is_regular`` is False where it did not run as planned (a GPU gave up).
    """

    reading: Reading
    heatmap: Heatmap | None = None
    device_words: str = ""
    notes: tuple[str, ...] = ()
    is_from_cache: bool = False
    is_regular: bool = True
