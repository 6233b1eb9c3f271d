"""The data set of an Enhanced MR or CT file (PS3.3 A.36.2, A.38.1): one frame per slice, functional groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.io.enhanced_groups import ct_groups, is_diffusion, item, mr_groups, stored_numbers, top_level
from overread.io.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

ENHANCED_MR, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.2.1"
_KEPT = (
    "SpecificCharacterSet",
    "StudyDate",
    "StudyTime",
    "SeriesDate",
    "SeriesTime",
    "AccessionNumber",
    "Modality",
    "Manufacturer",
    "ReferringPhysicianName",
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "InstitutionName",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "StudyID",
    "SeriesNumber",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PatientPosition",
    "BodyPartExamined",
    "ImageComments",
)
_CONTRAST = ("ContrastBolusAgent", "ContrastBolusStartTime")
"""Written as a private extension would be: so do scanners."""
_STACK = (0x00209057, 0x00209111)
_DIMENSIONS = (
    ("DiffusionBValue", (0x00189087, 0x00189117)),
    ("TemporalPositionIdentifier", (0x00209128, 0x00209111)),
    ("EchoTime", (0x00189082, 0x00189114)),
    ("AcquisitionTime", (0x00209128, 0x00209111)),
)
"""What may tell volumes of one file apart -> (element, functional group) that a dimension index points to."""


@dataclass(frozen=True, slots=True)
class Content:
    """One volume of the file: its attributes as of a classic slice, its pixels [k, j, i] and where they lie."""

    header: Dataset
    stored: NDArray[Any]
    slope: float
    intercept: float
    affine: Affine


def enhanced_dataset(contents: Sequence[Content], sop_uid: str) -> Dataset:
    """Enhanced MR or CT data set, still without pixels.

    Parameters
    ----------
    contents
        Volumes of one matrix and pixel type, in the order of their frames.
    sop_uid
        Its SOP Instance UID.
    """
    from pydicom import Dataset, Sequence

    first = contents[0].header
    if len({(c.stored.shape[1:], c.stored.dtype, c.header.Modality) for c in contents}) > 1:
        raise ValueError("the volumes of one enhanced file have different matrices, pixel types or modalities")
    is_ct = first.Modality == "CT"
    data = Dataset()
    for keyword in _KEPT:
        if keyword in first:
            setattr(data, keyword, first[keyword].value)
    for keyword in _CONTRAST:  # of a dynamic acquisition the first volume may have been taken before the injection
        value = next((c.header[keyword].value for c in contents if c.header.get(keyword)), None)
        if value is not None:
            setattr(data, keyword, value)
    data.SOPClassUID, data.SOPInstanceUID = ENHANCED_CT if is_ct else ENHANCED_MR, sop_uid
    data.InstanceNumber = 1
    data.NumberOfFrames = sum(c.stored.shape[0] for c in contents)
    data.ContentDate = _date(first)
    data.ContentTime = str(first.get("ContentTime") or first.get("StudyTime") or "000000")
    data.AcquisitionDateTime, data.AcquisitionDuration = _moment(first), 1.0
    top_level(data, [c.header for c in contents])
    pointer = _telling(contents)
    _add_dimensions(data, sop_uid, pointer)
    groups = (ct_groups if is_ct else mr_groups)(first)
    is_same_scale = len({(c.slope, c.intercept) for c in contents}) == 1
    if is_same_scale:
        groups.PixelValueTransformationSequence = Sequence([_scale(contents[0])])
    data.SharedFunctionalGroupsSequence = Sequence([groups])
    data.PerFrameFunctionalGroupsSequence = Sequence(
        [
            _frame_groups(content, number, k, pointer is not None, not is_same_scale)
            for number, content in enumerate(contents)
            for k in range(content.stored.shape[0])
        ]
    )
    data.AcquisitionContextSequence = Sequence([])
    return data


def _telling(contents: Sequence[Content]) -> tuple[int, int] | None:
    """The dimension by which volumes differ; None for a lone volume."""
    if len(contents) == 1:
        return None
    for keyword, pointer in _DIMENSIONS:
        if len({str(c.header.get(keyword)) for c in contents}) == len(contents):
            return pointer
    return _DIMENSIONS[1][1]


def _add_dimensions(data: Dataset, sop_uid: str, pointer: tuple[int, int] | None) -> None:
    from pydicom import Sequence

    organisation = uid_from(f"{sop_uid}/dimensions")
    data.DimensionOrganizationSequence = Sequence([item(DimensionOrganizationUID=organisation)])
    data.DimensionIndexSequence = Sequence(
        [
            item(DimensionOrganizationUID=organisation, DimensionIndexPointer=element, FunctionalGroupPointer=group)
            for element, group in (*((pointer,) if pointer else ()), _STACK)
        ]
    )


def _scale(content: Content) -> Dataset:
    is_ct = content.header.Modality == "CT"
    return item(
        RescaleIntercept=f"{content.intercept:.10g}",
        RescaleSlope=f"{content.slope:.10g}",
        RescaleType="HU" if is_ct else "US",
    )


def _frame_groups(content: Content, number: int, k: int, has_dimension: bool, is_scaled: bool) -> Dataset:
    from pydicom import Sequence

    header = content.header
    x, y, z = (f"{v + 0.0:.6f}" for v in content.affine.to_mm((k, 0, 0)))
    groups = item()
    frame = item(
        FrameAcquisitionNumber=number + 1,
        DimensionIndexValues=[number + 1, k + 1] if has_dimension else [k + 1],
        StackID="1",
        InStackPositionNumber=k + 1,
        FrameAcquisitionDateTime=_moment(header),
        FrameReferenceDateTime=_moment(header),
        FrameAcquisitionDuration=1.0,
    )
    if header.get("TemporalPositionIdentifier"):
        frame.TemporalPositionIndex = int(header.TemporalPositionIdentifier)
    elif has_dimension:
        frame.TemporalPositionIndex = number + 1
    groups.FrameContentSequence = Sequence([frame])
    groups.PlanePositionSequence = Sequence([item(ImagePositionPatient=[x, y, z])])
    if is_scaled:
        groups.PixelValueTransformationSequence = Sequence([_scale(content)])
    if header.Modality == "MR":
        echo_time = stored_numbers(header, "EchoTime")
        groups.MREchoSequence = Sequence([item(EffectiveEchoTime=echo_time[0] if echo_time else 0.0)])
        if is_diffusion(header) and "DiffusionBValue" in header:
            b_value = float(header.DiffusionBValue)
            groups.MRDiffusionSequence = Sequence(
                [item(DiffusionBValue=b_value, DiffusionDirectionality="NONE" if b_value == 0 else "ISOTROPIC")]
            )
    return groups


def _date(header: Dataset) -> str:
    return str(header.get("AcquisitionDate") or header.get("StudyDate") or "20000101")


def _moment(header: Dataset) -> str:
    """When a volume was acquired, as a date and time in one; a trigger time counts from the acquisition's begin."""
    clock = str(header.get("AcquisitionTime") or header.get("StudyTime") or "000000")
    trigger = stored_numbers(header, "TriggerTime")
    if not trigger or len(clock) < 6:
        return _date(header) + clock
    seconds = int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + float(clock[4:]) + trigger[0] / 1000
    minutes, rest = divmod(seconds % 86_400, 60)
    return f"{_date(header)}{int(minutes) // 60:02d}{int(minutes) % 60:02d}{rest:05.2f}"
