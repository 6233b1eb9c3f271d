"""Findings out and in as a DICOM Structured Report: Comprehensive 3D SR with template TID 1500 (PS3.16).

One measurement group (TID 1410) per own mark and per candidate: a point in patient space, a tracking identifier, the
rating or score, the reader's verdict. A length is a group of its own (TID 1501) under the same tracking identifier, as
a region has no room for a line. What DICOM has no code for is coded in the scheme ``99OVERREAD``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overread.core.errors import InputError
from overread.core.study import Volume
from overread.io.atomic import write_atomically
from overread.io.candidate_segmentation import dicom_grid
from overread.io.source_headers import DAMAGED, read_source_headers, refused_headers
from overread.io.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

_WHAT = "The structured report was not written"
SCHEME = "99OVERREAD"
OWN, CANDIDATE = "own mark", "candidate"
_SERIES_NUMBER = 902
_LESION, _LIVER = ("52988006", "SCT", "Lesion"), ("10200004", "SCT", "Liver")
_SELECTED = ("111099", "DCM", "Selected region")
_LENGTH, _SCORE = ("410668003", "SCT", "Length"), ("246262008", "SCT", "Score")
_TRACKING, _REGION = "112040", "111030"
_COMMENT = ("121106", "DCM", "Comment")
_EXTENT = ("activation", SCHEME, "Activation extent, not a lesion size")
_SUSPICION = ("suspicion", SCHEME, "Suspicion of hepatocellular carcinoma, 1 to 5")
_VERDICT = ("verdict", SCHEME, "Verdict of the reader on the candidate")
_WHEN = ("when", SCHEME, "Stage of the second read at which it was marked")
_MILLIMETRE, _NO_UNIT = ("mm", "UCUM", "millimeter"), ("1", "UCUM", "no units")
_ORDER = ("order", SCHEME, "Order of the second read")
_ORDERS = {"alone-first": "alone first, then with systems", "shown-from-start": "systems shown from the start"}
_VERDICTS = {"accept": "accepted", "dismiss": "dismissed", "unsure": "unsure"}
_STAGES = {"alone": "before any system was shown", "after": "after the systems were shown"}
_PROCEDURES = {
    "CT": ("77477000", "SCT", "Computed tomography"),
    "MR": ("113091000", "SCT", "Magnetic resonance imaging"),
}

Point = tuple[float, float, float]
Coded = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ReportFinding:
    """One line of the report.

    ``kind`` is ``OWN`` or ``CANDIDATE``. Own marks have ``rating`` (1-5), ``ends_mm`` and ``added``; candidates have
    ``system``, ``bundle_digest``, ``score``, ``extent_mm`` and ``verdict``. ``slice`` is the index in the volume.
    """

    kind: str
    id: str
    centre_mm: Point
    slice: int | None
    rating: int | None = None
    ends_mm: tuple[Point, Point] | None = None
    added: str | None = None
    system: str | None = None
    bundle_digest: str | None = None
    score: float | None = None
    extent_mm: float | None = None
    verdict: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class StructuredReport:
    """The findings of one reader on one volume, systems' candidates included.

    ``is_final`` says whether the second read is finished; ``made_at`` is ``YYYYMMDDHHMMSS``; ``identity`` is what the
    object's UID follows from; ``rating_words`` are the words of the scale; ``order`` is ``alone-first`` or
    ``shown-from-start``.
    """

    reader: str
    findings: tuple[ReportFinding, ...]
    is_final: bool
    made_at: str
    identity: str
    version: str
    rating_words: Mapping[int, str]
    order: str = "alone-first"


def write_structured_report(path: Path, report: StructuredReport, volume: Volume, *, identified: bool) -> Path:
    """Write a report that belongs to the study of its volume.

    Parameters
    ----------
    identified
        Whether the object carries the patient and study modules of its source; see ``read_source_headers``.

    Raises
    ------
    InputError
        The volume is no DICOM or has no frame of reference, or highdicom is missing.
    StorageError
        See ``write_atomically``.

    References
    ----------
    DICOM PS3.16 TID 1500, 1410, 300; PS3.3 A.35.13.
    """
    dicom_grid(volume, _WHAT)
    try:
        import highdicom.sr  # noqa: F401
    except ImportError as problem:
        raise InputError(
            _WHAT,
            "the library highdicom is not installed",
            "Install it with: pip install highdicom (Python below 3.14)",
        ) from problem
    paths = list(dict.fromkeys(Path(s.path) for s in volume.slices))
    headers = read_source_headers(paths, identified=identified)
    data = _document(report, headers, volume)
    write_atomically(Path(path), lambda beside: data.save_as(beside, enforce_file_format=True))
    return Path(path)


def read_structured_report(path: Path) -> StructuredReport:
    """The report that ``write_structured_report`` wrote; places to about a thousandth of a mm (they are float32).

    Raises
    ------
    InputError
        The file is missing, damaged, or no report of this program.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    name = Path(path).name
    try:
        data = pydicom.dcmread(path)
        groups = [
            group
            for container in data.ContentSequence
            if _is(container, "126010")
            for group in container.ContentSequence
        ]
        observer = next(i for i in data.ContentSequence if _is(i, "121008"))
        findings = _read_findings([group.ContentSequence for group in groups])
        order = next(code for g in groups if (code := _value_code(g.ContentSequence, _ORDER[0])) is not None)
        return StructuredReport(
            reader=str(observer.PersonName),
            findings=findings,
            is_final=data.get("PreliminaryFlag") == "FINAL",
            made_at=str(data.ContentDate) + str(data.ContentTime),
            identity=str(data.SOPInstanceUID),
            version=str(data.get("SoftwareVersions", "")),
            rating_words={},
            order=order,
        )
    except (OSError, InvalidDicomError) as problem:
        raise InputError(f"{name} cannot be read", "it is missing or no DICOM file", "Check the path") from problem
    except DAMAGED as problem:
        raise InputError(
            f"{name} cannot be used", "it is no report of a second read", "Give a report that this program wrote"
        ) from problem


def _document(report: StructuredReport, headers: list[Dataset], volume: Volume) -> Dataset:
    import warnings

    from highdicom.sr import Comprehensive3DSR, MeasurementReport

    source = headers[0]
    base = f"{source.SeriesInstanceUID}/second-read/{report.identity}"
    with warnings.catch_warnings(), refused_headers(_WHAT):
        warnings.simplefilter("ignore")
        frame = str(volume.frame_of_reference)
        groups = [_whole(report, base), *(group for f in report.findings for group in _groups(f, report, frame, base))]
        content = MeasurementReport(
            observation_context=_observers(report, base),
            procedure_reported=_code(_PROCEDURES.get(str(source.get("Modality")), _PROCEDURES["MR"])),
            imaging_measurements=groups,
        )
        data: Dataset = Comprehensive3DSR(
            evidence=headers,
            content=content,
            series_instance_uid=uid_from(f"{base}/series"),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=uid_from(base),
            instance_number=1,
            manufacturer="Overread",
            manufacturer_model_name="Overread",
            software_versions=report.version,
            device_serial_number="0",
            series_description="Second read, research use, not a medical device",
            is_complete=True,
            is_final=report.is_final,
        )
    _settle(data, report.made_at)
    return data


def _observers(report: StructuredReport, base: str) -> Any:
    """The person who read, and the program with the systems whose candidates are listed."""
    from highdicom.sr import (
        DeviceObserverIdentifyingAttributes,
        ObservationContext,
        ObserverContext,
        PersonObserverIdentifyingAttributes,
    )
    from pydicom.sr.codedict import codes

    systems = list(dict.fromkeys(f.system for f in report.findings if f.system))
    person = PersonObserverIdentifyingAttributes(name=report.reader)
    device = DeviceObserverIdentifyingAttributes(
        uid=uid_from(f"overread/{report.version}/{','.join(systems)}"),
        name=", ".join(["Overread", *systems])[:64],
        manufacturer_name="Overread",
        model_name="Overread",
        serial_number=report.version,
    )
    return ObservationContext(
        observer_person_context=ObserverContext(codes.DCM.Person, person),
        observer_device_context=ObserverContext(codes.DCM.Device, device),
    )


def _whole(report: StructuredReport, base: str) -> Any:
    """The group of the series as a whole: how it was read, which also stands where nothing was marked."""
    from highdicom.sr import (
        FindingSite,
        MeasurementsAndQualitativeEvaluations,
        QualitativeEvaluation,
        TrackingIdentifier,
    )

    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=uid_from(f"{base}/whole"), identifier="second read"),
        finding_sites=[FindingSite(_code(_LIVER))],
        qualitative_evaluations=[
            QualitativeEvaluation(_code(_ORDER), _code((report.order, SCHEME, _ORDERS[report.order])))
        ],
    )


def _groups(finding: ReportFinding, report: StructuredReport, frame: str, base: str) -> list[Any]:
    """The measurement groups of one finding: its place, and its length if there is one."""
    from highdicom.sr import (
        FindingSite,
        ImageRegion3D,
        MeasurementsAndQualitativeEvaluations,
        PlanarROIMeasurementsAndQualitativeEvaluations,
        RelationshipTypeValues,
        TextContentItem,
        TrackingIdentifier,
    )

    def shared() -> dict[str, Any]:
        uid = uid_from(f"{base}/{finding.kind}/{finding.system}/{finding.id}")
        return {
            "tracking_identifier": TrackingIdentifier(uid=uid, identifier=_tracking_words(finding)),
            "finding_type": _code(_LESION if finding.kind == OWN else _SELECTED),
            "finding_sites": [FindingSite(_code(_LIVER))],
            "algorithm_id": _algorithm(finding),
        }

    place = PlanarROIMeasurementsAndQualitativeEvaluations(
        **shared(),
        referenced_region=ImageRegion3D("POINT", np.array([finding.centre_mm], dtype=np.float64), frame),
        measurements=_measurements(finding),
        qualitative_evaluations=_evaluations(finding, report.rating_words),
    )
    if finding.note:
        comment = TextContentItem(_code(_COMMENT), finding.note, RelationshipTypeValues.CONTAINS)
        place[0].ContentSequence.append(comment)
    if finding.ends_mm is None:
        return [place]
    length = _length(finding.ends_mm, frame)
    return [place, MeasurementsAndQualitativeEvaluations(**shared(), measurements=[length])]


def _tracking_words(finding: ReportFinding) -> str:
    """Kind, id and slice (counted from 1), as in ``candidate C1, slice 12``."""
    where = "" if finding.slice is None else f", slice {finding.slice + 1}"
    return f"{finding.kind} {finding.id}{where}"


def _algorithm(finding: ReportFinding) -> Any:
    from highdicom.sr import AlgorithmIdentification

    if finding.system is None:
        return None
    return AlgorithmIdentification(finding.system, finding.bundle_digest or "unknown", manufacturer="Overread")


def _length(ends_mm: tuple[Point, Point], frame: str) -> Any:
    from highdicom.sr import CoordinatesForMeasurement3D, Measurement

    ends = np.array(ends_mm, dtype=np.float64)
    line = CoordinatesForMeasurement3D("POLYLINE", ends, frame)
    length = round(float(np.linalg.norm(ends[1] - ends[0])), 3)
    return Measurement(_code(_LENGTH), length, _code(_MILLIMETRE), referenced_coordinates=[line])


def _measurements(finding: ReportFinding) -> list[Any]:
    from highdicom.sr import Measurement

    found = []
    if finding.score is not None:
        found.append(Measurement(_code(_SCORE), float(f"{finding.score:.9g}"), _code(_NO_UNIT)))
    if finding.extent_mm is not None:
        found.append(Measurement(_code(_EXTENT), round(finding.extent_mm, 3), _code(_MILLIMETRE)))
    return found


def _evaluations(finding: ReportFinding, words: Mapping[int, str]) -> list[Any]:
    from highdicom.sr import QualitativeEvaluation

    said: list[tuple[Coded, Coded]] = []
    if finding.rating is not None:
        said.append((_SUSPICION, (str(finding.rating), SCHEME, words.get(finding.rating, str(finding.rating)))))
    if finding.added is not None:
        said.append((_WHEN, (finding.added, SCHEME, _STAGES[finding.added])))
    if finding.verdict is not None:
        said.append((_VERDICT, (finding.verdict, SCHEME, _VERDICTS[finding.verdict])))
    return [QualitativeEvaluation(_code(name), _code(value)) for name, value in said]


def _settle(data: Dataset, made_at: str) -> None:
    """The moment of the second read instead of that of the export: the same record gives the same file."""
    day, time = made_at[:8], made_at[8:]
    for keyword, value in (
        ("ContentDate", day),
        ("ContentTime", time),
        ("InstanceCreationDate", day),
        ("InstanceCreationTime", time),
        ("SeriesDate", day),
        ("SeriesTime", time),
    ):
        if keyword in data:
            setattr(data, keyword, value)
    for item in data.get("ContributingEquipmentSequence") or ():
        item.ContributionDateTime = made_at


def _code(coded: Coded) -> Any:
    from highdicom.sr import CodedConcept

    return CodedConcept(value=coded[0], scheme_designator=coded[1], meaning=coded[2])


def _read_findings(groups: Sequence[Sequence[Dataset]]) -> tuple[ReportFinding, ...]:
    """Findings of measurement groups; those with a length under the same tracking identifier belong together."""
    lengths = {_one(g, _TRACKING).UID: _find(g, _LENGTH[0]) for g in groups if _find(g, _LENGTH[0]) is not None}
    places = [g for g in groups if _find(g, _REGION) is not None]
    return tuple(_read_finding(g, lengths.get(_one(g, _TRACKING).UID)) for g in places)


def _read_finding(items: Sequence[Dataset], length: Dataset | None) -> ReportFinding:
    """A measurement group back as a finding."""
    words = str(_one(items, "112039").TextValue)
    kind = OWN if words.startswith(OWN) else CANDIDATE
    name, _, where = words.removeprefix(kind).strip().partition(", slice ")
    rating, verdict, added = (_value_code(items, c) for c in ("suspicion", "verdict", "when"))
    comment = _find(items, _COMMENT[0])
    system, bundle = _find(items, "111001"), _find(items, "111003")
    return ReportFinding(
        kind=kind,
        id=name,
        centre_mm=_points(_one(items, _REGION))[0],
        slice=int(where) - 1 if where else None,
        rating=None if rating is None else int(rating),
        ends_mm=None if length is None else _ends(length),
        added=added,
        system=None if system is None else str(system.TextValue),
        bundle_digest=None if bundle is None or bundle.TextValue == "unknown" else str(bundle.TextValue),
        score=_number(items, _SCORE[0]),
        extent_mm=_number(items, _EXTENT[0]),
        verdict=verdict,
        note=None if comment is None else str(comment.TextValue),
    )


def _is(item: Dataset, code: str) -> bool:
    return "ConceptNameCodeSequence" in item and item.ConceptNameCodeSequence[0].CodeValue == code


def _find(items: Sequence[Dataset], code: str) -> Dataset | None:
    return next((i for i in items if _is(i, code)), None)


def _one(items: Sequence[Dataset], code: str) -> Dataset:
    found = _find(items, code)
    if found is None:
        raise KeyError(code)
    return found


def _value_code(items: Sequence[Dataset], code: str) -> str | None:
    item = _find(items, code)
    return None if item is None else str(item.ConceptCodeSequence[0].CodeValue)


def _number(items: Sequence[Dataset], code: str) -> float | None:
    item = _find(items, code)
    return None if item is None else float(item.MeasuredValueSequence[0].NumericValue)


def _points(item: Dataset) -> list[Point]:
    values = [float(v) for v in item.GraphicData]
    return [(values[n], values[n + 1], values[n + 2]) for n in range(0, len(values), 3)]


def _ends(length: Dataset) -> tuple[Point, Point]:
    first, second = _points(next(i for i in length.ContentSequence if "GraphicData" in i))
    return first, second
