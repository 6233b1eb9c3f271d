"""One case to read, whatever the system: what it is kept under, what is wrong with it alone, its reading on disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from overread.core.errors import DecodeError, GateRefusal, GeometryError, InputError
from overread.core.reading import Reading, canonical_json
from overread.evaluation.case_truth import map_digests
from overread.evaluation.measured import file_name, kept
from overread.io import CaseRow, write_json
from overread.io.heatmaps import write_heatmap
from overread.systems import Outcome

VERSION = 1
"""Of what is kept: another number and nothing of an earlier run is taken over."""
READINGS, MEASURED = "readings", "measured"
CASE_PROBLEMS = (InputError, DecodeError, GeometryError, GateRefusal)
"""What is the matter with one case, not with the bundle or the machine: the others are still read."""


@dataclass(frozen=True, slots=True)
class CaseTask:
    """One case to read: with which bundle, engine and device, and the folder that keeps what comes out.

    ``jobs``: how many are read at once, for the record of times.
    """

    row: CaseRow
    bundle: Path
    read_by: str
    device: str
    engine: str
    folder: Path
    jobs: int = 1

    @property
    def name(self) -> str:
        """Name of the files of this case."""
        return file_name(self.row.case)

    @property
    def path(self) -> Path:
        """Where the measured case is kept."""
        return self.folder / MEASURED / f"{self.name}.json"

    @property
    def key(self) -> str:
        """What a kept case must agree in to be taken over: bundle, engine, device, case, truth with its maps, files."""
        row = self.row
        truth = b"" if row.truth is None or not row.truth.is_file() else row.truth.read_bytes()
        parts = [
            VERSION,
            self.read_by,
            self.device,
            self.engine,
            [row.case, row.patient, row.site, row.label, dict(row.roles)],
            sha256(truth).hexdigest(),
            [] if row.truth is None else map_digests(row.truth),
            _files_of(row.folder),
        ]
        return sha256(canonical_json(parts).encode()).hexdigest()

    def is_done(self) -> bool:
        """Whether an earlier run has read it; a case that could not be read is tried again."""
        document = kept(self.path, self.key)
        return document is not None and "not_read" not in document


def keep_measured(task: CaseTask, measure: Callable[[CaseTask], dict[str, Any]]) -> None:
    """Measure a case and keep what the figures need; what is wrong with the case alone is kept in words."""
    try:
        document = measure(task)
    except CASE_PROBLEMS as problem:
        document = {"case": task.row.case, "not_read": str(problem)}
    write_json(task.path, {"key": task.key, **document})


def keep_reading(task: CaseTask, outcome: Outcome, name: str) -> None:
    """Write a reading, and its heatmap beside it where there is one, under a name."""
    reading, folder = outcome.reading, task.folder / READINGS
    if outcome.heatmap is not None:
        write_heatmap(folder / f"{name}.npz", outcome.heatmap)
        if reading.heatmap is not None:
            reading = replace(reading, heatmap=replace(reading.heatmap, file=f"{name}.npz"))
    write_json(folder / f"{name}.json", reading.to_json())


def refuse_unread(row: CaseRow, reading: Reading, otherwise: str = "") -> None:
    """Raise what the gate said, or ``otherwise`` where that is not empty.

    Raises
    ------
    GateRefusal
        The reading is refused, or cannot be counted.
    """
    if reading.result != "refused" and not otherwise:
        return
    why = next((m.text for m in reading.messages if m.level == "refusal"), otherwise)
    raise GateRefusal(f"Case {row.case} is not read by the system", why, "It counts in no figure")


def engine_of(reading: Reading) -> dict[str, str]:
    """What computed a reading."""
    reader = reading.reader
    return {
        "engine": reader.engine or "unknown",
        "precision": reader.precision or "unknown",
        "device": reader.device or "unknown",
    }


def _files_of(folder: Path) -> list[list[str | int]]:
    """Names, sizes and times of the files of a case: other files are another case."""
    if not folder.is_dir():
        return []
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return [[p.relative_to(folder).as_posix(), p.stat().st_size, p.stat().st_mtime_ns] for p in files]
