"""A second read as the DICOM objects of ``overread.io``: one structured report, one segmentation per system."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from overread import __version__
from overread.core.errors import InputError
from overread.core.progress import Progress
from overread.core.reading import canonical_json
from overread.io.candidate_segmentation import write_candidate_segmentation
from overread.io.structured_report import CANDIDATE, OWN, ReportFinding, StructuredReport, write_structured_report
from overread.io.uids import uid_from
from overread.study import findings_table
from overread.study.export import ExportRequest, file_stem
from overread.study.findings_table import FindingRow, finding_rows, rows_in_use
from overread.study.marks import RATING_WORDS
from overread.study.second_read import SecondRead
from overread.study.standing import LOOKING


def write_report(second_read: SecondRead, request: ExportRequest, _progress: Progress) -> list[Path]:
    """The structured report: own marks that stand, candidates at the operating point or with a verdict."""
    rows = rows_in_use(finding_rows(second_read, request.threshold))
    report = StructuredReport(
        reader=second_read.reader,
        findings=tuple(_finding(row) for row in rows),
        is_final=second_read.stage == "finished",
        made_at=_moment(second_read),
        identity=_identity(second_read, request),
        version=__version__,
        rating_words=RATING_WORDS,
        order="shown-from-start" if second_read.shown_from_start else "alone-first",
    )
    path = Path(request.folder) / f"{file_stem(second_read)}-sr.dcm"
    return [write_structured_report(path, report, request.volume, identified=request.identified)]


def write_segmentations(second_read: SecondRead, request: ExportRequest, progress: Progress) -> list[Path]:
    """The activation around the candidates of each system whose map is at hand.

    Raises
    ------
    InputError
        No system has one.
    """
    used = {(r.system, r.number) for r in rows_in_use(finding_rows(second_read, request.threshold))}
    paths = []
    for reading in second_read.readings:
        heatmap = request.heatmaps.get(reading.reader.id)
        if heatmap is None or heatmap.volume != request.volume.id:
            continue
        paths.append(
            write_candidate_segmentation(
                Path(request.folder) / f"{file_stem(second_read)}-seg-{reading.reader.id}.dcm",
                [m for m in reading.marks if (reading.reader.id, m.id) in used],
                heatmap,
                request.volume,
                reading.reader,
                identified=request.identified,
                identity=f"{reading.reader.id}/{_identity(second_read, request)}",
                made_at=_moment(second_read),
                version=__version__,
                progress=progress,
            )
        )
    if not paths:
        raise InputError(
            "The segmentation was not written",
            "no system's map of this series is at hand",
            "Let the system read the series again, then export",
        )
    return paths


def _finding(row: FindingRow) -> ReportFinding:
    return ReportFinding(
        kind=OWN if row.kind == findings_table.OWN else CANDIDATE,
        id=row.number,
        centre_mm=row.centre_mm,
        slice=row.slice,
        rating=row.rating,
        ends_mm=row.ends_mm,
        added=row.added,
        system=row.system,
        bundle_digest=row.bundle_digest,
        score=row.score,
        extent_mm=row.extent_mm,
        verdict=row.verdict,
        note=row.note,
    )


def _moment(second_read: SecondRead) -> str:
    """When something was last said, as DICOM writes it; of a record without a word the first day of 2000."""
    said = [str(e["at"]) for e in second_read.events if e["kind"] not in LOOKING]
    return datetime.fromisoformat(said[-1]).strftime("%Y%m%d%H%M%S") if said else "20000101000000"


def _identity(second_read: SecondRead, request: ExportRequest) -> str:
    """What the UIDs of new objects follow from: all that was said, so that other content has another UID.

    Opening the study again says nothing: the same export then gives the same objects.
    """
    said = [{k: v for k, v in e.items() if k != "n"} for e in second_read.events if e["kind"] not in LOOKING]
    return uid_from(
        canonical_json([second_read.volume, second_read.reader, said, request.threshold, request.identified])
    )
