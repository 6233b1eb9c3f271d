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
_SAME_MM = 1e-2


@dataclass(frozen=True, slots=True)
class Segment:
    """One mask with its name. ``kind``: a key of ``STRUCTURES`` or ``LESIONS``; ``mask``: bool [k, j, i]."""

    name: str
    kind: str
    mask: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.kind not in STRUCTURES and self.kind not in LESIONS:
            raise ValueError(f"no code for {self.kind}")
        if self.mask.ndim != 3 or self.mask.dtype != np.bool_:
            raise ValueError(f"the mask of {self.name} is {self.mask.dtype} {self.mask.shape}, not bool [k, j, i]")


def write_segmentation(
    path: Path,
    segments: Sequence[Segment],
    affine: Affine,
    sources: Sequence[Path],
    *,
    description: str = "Segmentation",
    series_number: int = 900,
    maker: Mapping[str, str] | None = None,
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
        holds nothing else.
    description, series_number
        Of the new series.
    maker
        ``manufacturer``, ``model``, ``version`` of what drew the masks.

    Raises
    ------
    InputError
        highdicom is missing, no mask holds a voxel, or masks and sources do not lie on one grid.
    """
    kept = [s for s in segments if s.mask.any()]
    if not kept:
        raise InputError("No segmentation was written", "none of its masks holds a voxel", "Leave it out")
    images = _sources(sources, affine, kept[0].mask.shape)
    data = _segmentation(images, kept, Path(path), description, series_number, maker or {})
    write_atomically(Path(path), lambda beside: data.save_as(beside, enforce_file_format=True))
    return Path(path)


def _sources(paths: Sequence[Path], affine: Affine, shape: tuple[int, ...]) -> list[Dataset]:
    """Headers of the source files, which must lie where the masks lie."""
    import pydicom

    images: list[Dataset] = [pydicom.dcmread(p, stop_before_pixels=True) for p in paths]
    for image in images:  # highdicom takes no character set with code extensions
        image.decode()
        image.SpecificCharacterSet = "ISO_IR 192"
    positions = (
        [_position(g) for g in images[0].PerFrameFunctionalGroupsSequence]
        if len(images) == 1 and "PerFrameFunctionalGroupsSequence" in images[0]
        else [_position(i) for i in images]
    )
    expected = affine.to_mm(np.stack([np.arange(shape[0]), np.zeros(shape[0]), np.zeros(shape[0])], axis=1))
    if (
        len(positions) != shape[0]
        or np.abs(np.array(positions) - expected).max() > _SAME_MM
        or (images[0].Rows, images[0].Columns) != shape[1:]
    ):
        raise InputError(
            "The segmentation does not fit its series",
            "masks and slices lie on different grids",
            "Give the files of the volume on which the masks were drawn, by slice index",
        )
    return images


def _position(header: Dataset) -> list[float]:
    if "PlanePositionSequence" in header:
        header = header.PlanePositionSequence[0]
    return [float(v) for v in header.ImagePositionPatient]


def _segmentation(
    images: list[Dataset],
    segments: Sequence[Segment],
    path: Path,
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
    source = images[0]
    base = f"{source.SeriesInstanceUID}/segmentation/{path.name}"
    masks = np.stack([s.mask for s in segments], axis=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = Segmentation(
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
    _settle(data, source, base)
    return data


def _described(segment: Segment, number: int, base: str) -> Any:
    from highdicom.seg import SegmentAlgorithmTypeValues, SegmentDescription
    from pydicom.sr.coding import Code

    is_lesion = segment.kind in LESIONS
    code, meaning = LESIONS[segment.kind] if is_lesion else STRUCTURES[segment.kind]
    category = ABNORMAL if is_lesion else ANATOMY
    return SegmentDescription(
        segment_number=number,
        segment_label=segment.name[:64],
        segmented_property_category=Code(category[0], "SCT", category[1]),
        segmented_property_type=Code(code, "SCT", meaning),
        algorithm_type=SegmentAlgorithmTypeValues.MANUAL,
        tracking_id=segment.name[:64],
        tracking_uid=uid_from(f"{base}/{number}/{segment.name}"),
    )


def _settle(data: Dataset, source: Dataset, base: str) -> None:
    """Replace what depends on the clock or on chance: the same masks give the same file."""
    day = str(source.get("StudyDate") or "20000101")
    time = str(source.get("StudyTime") or "000000")
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
