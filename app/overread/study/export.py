"""A second read out as CSV, PDF, DICOM SR and SEG.

Everything but the CSV needs libraries that must not be loaded in the window's process. A caller there hands the whole
request to a worker process, from a background thread::

    result = worker.call("overread.study.export:export_second_read", request, progress=progress)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError, OverreadError
from overread.core.heatmap import Heatmap
from overread.core.progress import SILENT, Progress
from overread.core.study import Volume
from overread.io.atomic import write_atomically
from overread.study.findings_table import FindingRow, finding_rows
from overread.study.second_read import SecondRead

FORMATS = ("csv", "pdf", "sr", "seg")
COLUMNS = (
    "number",
    "origin",
    "system",
    "bundle",
    "slice",
    "x_mm",
    "y_mm",
    "z_mm",
    "score",
    "rating",
    "length_mm",
    "activation_extent_mm",
    "at_operating_point",
    "withdrawn",
    "verdict",
    "note",
    "when",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


@dataclass(frozen=True, slots=True, eq=False)
class KeyPicture:
    """A key image with its caption: RGB, uint8 (rows, columns, 3), or the path of a PNG file."""

    caption: str
    picture: NDArray[np.uint8] | str


@dataclass(frozen=True, slots=True, eq=False)
class ExportRequest:
    """What shall be written where; plain values that travel to another process.

    Parameters
    ----------
    folder
        Made if need be.
    formats
        Of ``FORMATS``.
    record
        ``SecondRead.to_json()``.
    volume
        The one that was read.
    threshold, point
        The operating point in use and its name; None for all candidates.
    heatmaps
        By the system's id; for the SEG.
    pictures
        The first four go on the PDF.
    caution
        The line that stands wherever a score stands.
    identified
        Whether the PDF, SR and SEG name the patient. The CSV never does.
    """

    folder: str
    formats: tuple[str, ...]
    record: Mapping[str, Any]
    volume: Volume
    threshold: float | None = None
    point: str | None = None
    heatmaps: Mapping[str, Heatmap] = field(default_factory=dict)
    pictures: tuple[KeyPicture, ...] = ()
    caution: str = ""
    identified: bool = False


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The files that were written, and a sentence for each format that could not be."""

    paths: tuple[Path, ...]
    refused: tuple[str, ...] = ()


def export_second_read(request: ExportRequest, progress: Progress = SILENT) -> ExportResult:
    """Write a second read in the formats asked for. Every file is complete or not there.

    Raises
    ------
    InputError
        None of the formats can be written.
    StorageError
        The folder cannot be written to, or the disk is full.
    Cancelled
        What was complete by then stays.
    """
    second_read = SecondRead.from_json(request.record)
    paths: list[Path] = []
    refused: list[OverreadError] = []
    for n, name in enumerate(request.formats):
        progress.step(f"Writing {name.upper()}", n, len(request.formats))
        try:
            paths += _writers()[name](second_read, request, progress)
        except InputError as problem:
            refused.append(problem)
    if refused and not paths:
        raise refused[0]
    progress.report("Written", len(request.formats), len(request.formats))
    return ExportResult(tuple(paths), tuple(str(problem) for problem in refused))


def write_csv(path: Path, second_read: SecondRead, threshold: float | None = None) -> Path:
    """Write one row per own mark and per candidate down to the floor; slices count from 1, places are LPS mm.

    Cells that a spreadsheet would take for a formula begin with an apostrophe. No cell names the patient, unless the
    reader wrote so in a note.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in finding_rows(second_read, threshold))
    data = text.getvalue().encode("utf-8-sig")
    write_atomically(Path(path), lambda beside: _write(beside, data))
    return Path(path)


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def file_stem(second_read: SecondRead) -> str:
    """How the files of a second read are called: by the volume's id, which names nobody."""
    return f"second-read-{second_read.volume}"


def _cells(row: FindingRow) -> list[str]:
    words = (row.number, row.origin, row.system or "", row.bundle_digest or "")
    at_point = "" if row.at_point is None else ("yes" if row.at_point else "no")
    withdrawn = "" if row.added is None else ("yes" if row.is_withdrawn else "no")
    return [
        *map(safe_cell, words),
        "" if row.slice is None else str(row.slice + 1),
        *(f"{v:.3f}" for v in row.centre_mm),
        "" if row.score is None else f"{row.score:.6g}",
        "" if row.rating is None else str(row.rating),
        "" if row.length_mm is None else f"{row.length_mm:.2f}",
        "" if row.extent_mm is None else f"{row.extent_mm:.2f}",
        at_point,
        withdrawn,
        row.verdict or "",
        safe_cell(row.note or ""),
        row.when or "",
    ]


def _writers() -> Mapping[str, Callable[[SecondRead, ExportRequest, Progress], list[Path]]]:
    from overread.study.export_dicom import write_report, write_segmentations
    from overread.study.sheet import write_pdf_of

    return {"csv": _csv_of, "pdf": write_pdf_of, "sr": write_report, "seg": write_segmentations}


def _csv_of(second_read: SecondRead, request: ExportRequest, _progress: Progress) -> list[Path]:
    return [write_csv(Path(request.folder) / f"{file_stem(second_read)}.csv", second_read, request.threshold)]


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
