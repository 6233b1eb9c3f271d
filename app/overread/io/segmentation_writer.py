"""Masks out as a DICOM Segmentation (PS3.3 A.51): which voxels of a written series are liver, vessel, lesion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.geometry import Affine
from overread.io.atomic import write_atomically
from overread.io.source_headers import complete_planes, read_source_headers, refused_headers
from overread.io.uids import uid_from

if TYPE_CHECKING:
    from pydicom import Dataset

ANATOMY, ABNORMAL = ("91723000", "Anatomical Structure"), ("49755003", "Morphologically Abnormal Structure")
_COUINAUD = ("71133005", "277956007", "277957003", "277958008", "277959000", "277960005", "277961009", "277962002")
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
_NODULE = ("27925004", "Nodule")
STRUCTURES: dict[str, tuple[str, str]] = {
    "liver": ("10200004", "Liver"),
    **{f"segment-{n}": (code, f"Couinaud hepatic segment {_ROMAN[n - 1]}") for n, code in enumerate(_COUINAUD, 1)},
    "portal-vein": ("32764006", "Portal vein"),
    "hepatic-vein": ("8993003", "Hepatic vein"),
    "hepatic-artery": ("76015000", "Hepatic artery"),
    "vessel": ("59820001", "Blood Vessel"),
    "gallbladder": ("28231008", "Gallbladder"),
    "spleen": ("78961009", "Spleen"),
    "kidney": ("64033007", "Kidney"),
    "pancreas": ("15776009", "Pancreas"),
    "stomach": ("69695003", "Stomach"),
    "aorta": ("15825003", "Aorta"),
    "inferior-vena-cava": ("64131007", "Inferior vena cava"),
}
"""Kind of a segment -> SNOMED CT code and meaning (PS3.16 CID 7154, 7170)."""
LESIONS: dict[str, tuple[str, str]] = {
    "hcc": ("25370001", "Hepatocellular carcinoma"),
    "icc": ("70179006", "Cholangiocarcinoma"),
    "metastasis": ("14799000", "Neoplasm, metastatic"),
    "cyst": ("367643001", "Cyst"),
    "haemangioma": ("400210000", "Hemangioma"),
    "abscess": ("44132006", "Abscess"),
    "fnh": _NODULE,
    "regenerative-nodule": _NODULE,
    "dysplastic-nodule": _NODULE,
    "other-primary": ("372087000", "Neoplasm, Primary"),
}
"""Types of lesions (CONTRACT section 5) -> SNOMED CT code and meaning; the name of the segment says the rest."""
ACTIVATION = "activation"
_MAP = ("309825002", "Spatial and Relational Concept")
_CLASS_ACTIVATION = ("130402", "Class activation")
_SAME_MM = 1e-2


@dataclass(frozen=True, slots=True)
class Segment:
    """One mask with its name.

    ``kind``: a key of ``STRUCTURES`` or ``LESIONS``, or ``ACTIVATION`` for what a network's map covers, which is no
    lesion; ``mask``: bool [k, j, i]; ``algorithm``: name and version of what made the mask, None for a person.
    """

    name: str
    kind: str
    mask: NDArray[np.bool_]
    algorithm: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.kind not in STRUCTURES and self.kind not in LESIONS and self.kind != ACTIVATION:
            raise ValueError(f"no code for {self.kind}")
        if self.mask.ndim != 3 or self.mask.dtype != np.bool_:
            raise ValueError(f"the mask of {self.name} is {self.mask.dtype} {self.mask.shape}, not bool [k, j, i]")


def write_segmentation(
    path: Path,
    segments: Sequence[Segment],
    affine: Affine,
    sources: Sequence[Path],
    *,
    frames: Sequence[int] | None = None,
    description: str = "Segmentation",
    series_number: int = 900,
    maker: Mapping[str, str] | None = None,
    identified: bool = True,
    identity: str | None = None,
    made_at: str | None = None,
) -> Path:
    """Write masks as one binary DICOM SEG in the frame of reference of a series; they may overlap.

    Parameters
    ----------
    path
        The file to write.
    segments
        Numbered from 1 in this order. Empty masks are left out.
    affine
        Of the masks' grid: that of the source volume.
    sources
        Files of the volume that the masks were drawn on, by slice index: one per slice, or one multi-frame file that
        holds nothing else or whose ``frames`` are named.
    frames
        For a multi-frame source: the frame of each slice, from 0.
    description, series_number
        Of the new series.
    maker
        ``manufacturer``, ``model``, ``version`` of what drew the masks.
    identified
        Whether the object carries the patient and study modules of its source; see ``read_source_headers``.
    identity
        What the object's UIDs follow from, beside its series; by default its file's name.
    made_at
        Date and time as ``YYYYMMDDHHMMSS``; by default those of the study.

    Raises
    ------
    InputError
        highdicom is missing, no mask holds a voxel, or masks and sources do not lie on one grid.
    """
    kept = [s for s in segments if s.mask.any()]
    if not kept:
        raise InputError("No segmentation was written", "none of its masks holds a voxel", "Leave it out")
    images = read_source_headers(sources, identified=identified)
    _check_places(images, affine, kept[0].mask.shape, frames)
    complete_planes(images, affine.spacing_mm, frames)
    base = f"{images[0].SeriesInstanceUID}/segmentation/{identity or Path(path).name}"
    data = _segmentation(images, kept, base, description, series_number, maker or {})
    if frames is not None:
        _refer_to_frames(data, frames)
    _settle(data, made_at or _moment_of(images[0]), base)
    write_atomically(Path(path), lambda beside: data.save_as(beside, enforce_file_format=True))
    return Path(path)


def _check_places(images: list[Dataset], affine: Affine, shape: tuple[int, ...], frames: Sequence[int] | None) -> None:
    """Refuse masks that do not lie where their sources lie."""
    is_multiframe = len(images) == 1 and "PerFrameFunctionalGroupsSequence" in images[0]
    sources: Sequence[Dataset] = images[0].PerFrameFunctionalGroupsSequence if is_multiframe else images
    count = len(sources)
    chosen = range(count) if frames is None else frames
    expected = affine.to_mm(np.stack([np.arange(shape[0]), np.zeros(shape[0]), np.zeros(shape[0])], axis=1))
    if (
        len(chosen) != shape[0]
        or max(chosen) >= count
        or np.abs(np.array([_position(sources[n]) for n in chosen]) - expected).max() > _SAME_MM
        or (images[0].Rows, images[0].Columns) != shape[1:]
    ):
        raise InputError(
            "The segmentation does not fit its series",
            "masks and slices lie on different grids",
            "Give the files of the volume on which the masks were drawn, by slice index",
        )


def _refer_to_frames(data: Dataset, frames: Sequence[int]) -> None:
    """Name the frames of the source file where the header given to the library held only those of one volume."""
    items = {
        id(source): source  # segments on one slice may share an item
        for group in data.PerFrameFunctionalGroupsSequence
        for derivation in group.get("DerivationImageSequence") or ()
        for source in derivation.SourceImageSequence
    }
    for source in items.values():
        source.ReferencedFrameNumber = frames[int(source.ReferencedFrameNumber) - 1] + 1


def _position(header: Dataset) -> list[float]:
    if "PlanePositionSequence" in header:
        header = header.PlanePositionSequence[0]
    return [float(v) for v in header.ImagePositionPatient]


def _segmentation(
    images: list[Dataset],
    segments: Sequence[Segment],
    base: str,
    description: str,
    series_number: int,
    maker: Mapping[str, str],
) -> Any:
    import warnings

    try:
        import highdicom
        from highdicom.seg import Segmentation
    except ImportError as problem:
        raise InputError(
            "No segmentation can be written",
            "the library highdicom is not installed",
            "Install it with: pip install highdicom (Python below 3.14)",
        ) from problem
    masks = np.stack([s.mask for s in segments], axis=-1)
    with warnings.catch_warnings(), refused_headers("The segmentation was not written"):
        warnings.simplefilter("ignore")
        return Segmentation(
            source_images=images,
            pixel_array=masks,
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[_described(s, n, base) for n, s in enumerate(segments, 1)],
            series_instance_uid=uid_from(f"{base}/series"),
            series_number=series_number,
            sop_instance_uid=uid_from(base),
            instance_number=1,
            manufacturer=maker.get("manufacturer", "Overread"),
            manufacturer_model_name=maker.get("model", "Overread"),
            software_versions=maker.get("version", "0"),
            device_serial_number="0",
            content_label="SEGMENTATION",
            content_description=description,
            series_description=description,
            omit_empty_frames=True,
        )


def _described(segment: Segment, number: int, base: str) -> Any:
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription
    from pydicom.sr.coding import Code

    category, (code, scheme, meaning) = _coded(segment.kind)
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.name[:64],
        segmented_property_category=Code(category[0], "SCT", category[1]),
        segmented_property_type=Code(code, scheme, meaning),
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC if segment.algorithm else SegmentAlgorithmTypeValues.MANUAL,
        algorithm_identification=_algorithm(segment.algorithm),
        tracking_id=segment.name[:64],
        tracking_uid=uid_from(f"{base}/{number}/{segment.name}"),
    )


def _coded(kind: str) -> tuple[tuple[str, str], tuple[str, str, str]]:
    """Category (SNOMED CT) and type (code, scheme, meaning) of a segment."""
    if kind == ACTIVATION:
        return _MAP, (_CLASS_ACTIVATION[0], "DCM", _CLASS_ACTIVATION[1])
    code, meaning = LESIONS[kind] if kind in LESIONS else STRUCTURES[kind]
    return (ABNORMAL if kind in LESIONS else ANATOMY), (code, "SCT", meaning)


def _algorithm(named: tuple[str, str] | None) -> Any:
    if named is None:
        return None
    from highdicom import AlgorithmIdentificationSequence
    from pydicom.sr.codedict import codes

    return AlgorithmIdentificationSequence(
        name=named[0][:64], version=named[1][:64], family=codes.DCM.ArtificialIntelligence
    )


def _moment_of(source: Dataset) -> str:
    """When the study was made, as far as its header says."""
    day, time = str(source.get("StudyDate") or "20000101"), str(source.get("StudyTime") or "000000")
    return day + time


def _settle(data: Dataset, moment: str, base: str) -> None:
    """Replace what depends on the clock or on chance: the same masks give the same file."""
    day, time = moment[:8], moment[8:]
    for keyword, value in (
        ("ContentDate", day),
        ("ContentTime", time),
        ("SeriesDate", day),
        ("SeriesTime", time),
        ("InstanceCreationDate", day),
        ("InstanceCreationTime", time),
    ):
        if keyword in data:
            setattr(data, keyword, value)
    for item in data.get("ContributingEquipmentSequence") or ():
        item.ContributionDateTime = day + time
    organisation = uid_from(f"{base}/dimensions")
    for item in (*data.DimensionOrganizationSequence, *data.DimensionIndexSequence):
        item.DimensionOrganizationUID = organisation
