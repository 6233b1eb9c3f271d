"""What one file is, and what its header says: the unit that worker processes hand back to the scan."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from overread.io.elements import read_elements
from overread.io.found import GE_PRIVATE, BrokenHeaderError, Elements, NotDicomError
from overread.io.objects import kind_of_object
from overread.io.tags import TEXT
from overread.io.text import decode_text, plain_uid

IMAGE, OTHER, VOLUME_FILE, NOT_DICOM, UNREADABLE = "image", "other_dicom", "volume_file", "not_dicom", "unreadable"
VOLUME_ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
_DICOM_ENDINGS = (".dcm", ".dicom", ".ima", ".dic")
_UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
         "TransferSyntaxUID")
_NOT_PICTURES = frozenset((
    "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7", "1.2.840.10008.5.1.4.1.1.30",
    "1.2.840.10008.5.1.4.1.1.481.2",
))
"""Segmentations, parametric maps and doses have pixels, but they are shown on something else."""
_WITHOUT_PIXELS_NAMES = frozenset(("CT", "MR", "PT", "CR", "DX", "US", "NM", "XA", "MG", "OT", "SC", "RF"))


@dataclass(frozen=True, slots=True)
class FileHeader:
    """One file as the scan sees it.

    ``values`` are the elements of the data set, ``shared`` and ``frames`` the functional groups, flattened.
    ``pixel_bytes`` is how many bytes of pixel data the file really holds; ``is_encapsulated`` tells whether they are
    fragments. ``reason`` says why a file is no image.
    """

    path: str
    size: int
    kind: str
    reason: str | None = None
    object_kind: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)
    frames: tuple[Mapping[str, Any], ...] = ()
    refers_to: tuple[str, ...] = ()
    syntax: str | None = None
    dataset_start: int = 0
    pixel_bytes: int = 0
    is_encapsulated: bool = False

    def get(self, keyword: str, frame: int | None = None) -> Any:
        """Value of a keyword: of the frame, else shared by all frames, else of the data set; None when absent."""
        if frame is not None and frame < len(self.frames):
            value = self.frames[frame].get(keyword)
            if value is not None:
                return value
        value = self.shared.get(keyword)
        return self.values.get(keyword) if value is None else value

    @property
    def claimed_frames(self) -> int:
        """How many frames the header claims: at least one."""
        stated = self.values.get("NumberOfFrames")
        return int(stated) if isinstance(stated, int) and stated > 0 else 1


def read_header(path: str) -> FileHeader:
    """Read one file's header. Whatever is wrong with the file becomes its kind and reason, never an error."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return FileHeader(path, 0, NOT_DICOM, "it is not a plain file")
        with open(path, "rb") as file:
            return _from_elements(path, os.fstat(file.fileno()).st_size, read_elements(file))
    except NotDicomError as problem:
        return _no_dicom(path, str(problem))
    except BrokenHeaderError as problem:
        return FileHeader(path, _size(path), UNREADABLE, str(problem))
    except OSError as problem:
        return _unopened(path, problem)


def _unopened(path: str, problem: OSError) -> FileHeader:
    if isinstance(problem, FileNotFoundError):
        return FileHeader(path, 0, NOT_DICOM, "it is a link to nothing, or was removed meanwhile")
    if isinstance(problem, PermissionError):
        return FileHeader(path, _size(path), UNREADABLE, "there is no permission to read it")
    return FileHeader(path, _size(path), UNREADABLE, f"the system cannot read it ({problem.strerror})")


def read_headers(paths: Sequence[str]) -> list[FileHeader]:
    """Read many headers: what a worker process does with its share."""
    return [read_header(path) for path in paths]


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _no_dicom(path: str, reason: str) -> FileHeader:
    name, size = os.path.basename(path).lower(), _size(path)
    try:
        with open(path, "rb") as file:
            head = file.read(352)
    except OSError:
        head = b""
    if name.startswith("._"):
        return FileHeader(path, size, NOT_DICOM, "it holds only a Mac's notes on another file")
    if name.endswith(VOLUME_ENDINGS) or _is_volume_file(head):
        return FileHeader(path, size, VOLUME_FILE)
    if head[:4] == b"PK\x03\x04":
        return FileHeader(path, size, NOT_DICOM, "it is a ZIP archive, which is not looked into: unpack it first")
    if name.endswith(_DICOM_ENDINGS):
        return FileHeader(path, size, UNREADABLE, f"its name says DICOM, but {reason}")
    return FileHeader(path, size, NOT_DICOM, reason)


def _is_volume_file(head: bytes) -> bool:
    return (head[:7] == b"NRRD000" or head[344:348] in (b"n+1\0", b"ni1\0")
            or (head[:10] == b"ObjectType" and b"NDims" in head))


def _from_elements(path: str, size: int, found: Elements) -> FileHeader:
    values = _finished(found.values)
    pixel_bytes = max(0, found.size - found.pixel_offset) if found.pixel_tag is not None else 0
    if found.pixel_tag is not None and found.pixel_length is not None:
        pixel_bytes = min(pixel_bytes, found.pixel_length)
    sop_class = values.get("SOPClassUID") or values.get("MediaStorageSOPClassUID")
    kind, reason, object_kind = _kind(found, values, sop_class)
    return FileHeader(
        path=path, size=size, kind=kind, reason=reason, object_kind=object_kind, values=values,
        shared=_with_b_value(found.shared), frames=tuple(_with_b_value(f) for f in found.frames),
        refers_to=_references(found, values), syntax=plain_uid(found.syntax), dataset_start=found.dataset_start,
        pixel_bytes=pixel_bytes, is_encapsulated=found.pixel_tag is not None and found.pixel_length is None)


def _kind(found: Elements, values: Mapping[str, Any], sop_class: str | None) -> tuple[str, str | None, str | None]:
    object_kind = kind_of_object(sop_class, values.get("Modality"))
    if found.pixel_tag is not None:
        is_picture = sop_class not in _NOT_PICTURES and object_kind not in ("SEG", "RTDOSE")
        return (IMAGE, None, None) if is_picture else (OTHER, None, object_kind)
    is_image_class = "Rows" in values or object_kind in _WITHOUT_PIXELS_NAMES
    if not found.complete and (is_image_class or sop_class is None):
        return UNREADABLE, "its header breaks off before the end", None
    if is_image_class:
        return OTHER, "it is an image without pixel data", object_kind
    return OTHER, None, object_kind


def _finished(values: dict[str, Any]) -> dict[str, Any]:
    """The values with texts decoded and cleaned, UIDs plain, and one b-value whatever the vendor."""
    sets = values.pop("SpecificCharacterSet", ())
    for keyword in TEXT & values.keys():
        raw = values[keyword]
        text = decode_text(raw, sets) if isinstance(raw, bytes) else None
        if text is None:
            del values[keyword]
        else:
            values[keyword] = text
    for keyword in _UIDS:
        if keyword in values:
            values[keyword] = plain_uid(values[keyword])
    modality = values.get("Modality")
    if isinstance(modality, str):
        values["Modality"] = modality.upper()[:16]
    return _with_b_value(values)


def _with_b_value(values: dict[str, Any]) -> dict[str, Any]:
    """Put a vendor's private b-value and direction where the standard ones would be."""
    b_value = _b_value(values)
    if b_value is not None:
        values["DiffusionBValue"] = b_value
    if "DiffusionGradientOrientation" not in values:
        vectors: list[Any] = [values.get("SiemensGradientDirection"), values.get("UIHGradientDirection"),
                   *(tuple(values.get(keyword) for keyword in keywords) for keywords in _GRADIENTS)]
        for vector in vectors:
            if vector and len(vector) == 3 and None not in vector:
                values["DiffusionGradientOrientation"] = tuple(float(x) for x in vector)
                break
    return values


_GRADIENTS = (("GEGradientX", "GEGradientY", "GEGradientZ"),
              ("PhilipsGradientRL", "PhilipsGradientAP", "PhilipsGradientFH"))
_B_IN_SEQUENCE_NAME = re.compile(r"^\*?ep_b(\d{1,5})(?:t|#|$)")


def _b_value(values: Mapping[str, Any]) -> float | None:
    """The b-value in s/mm2, from the standard element or a vendor's (PHANTOM section 8), None when there is none."""
    for keyword in ("DiffusionBValue", "SiemensBValue", "PhilipsBValue", "UIHBValue", "CanonBValue"):
        value = values.get(keyword)
        if isinstance(value, int | float) and 0 <= value < 1e5:
            return float(value)
    ge = values.get("GEBValue")
    if ge:
        return float(ge[0] % 1_000_000_000) if ge[0] >= 100_000 else float(max(ge[0], 0))
    match = _B_IN_SEQUENCE_NAME.match(str(values.get("SequenceName", "")))
    return float(match.group(1)) if match else None


def _references(found: Elements, values: Mapping[str, Any]) -> tuple[str, ...]:
    """UIDs an object points to: series where it names them, else instances; its own left out."""
    own = {values.get("SeriesInstanceUID"), values.get("SOPInstanceUID")}
    uids = found.series_references or found.instance_references
    return tuple(dict.fromkeys(u for u in (plain_uid(uid) for uid in uids) if u and u not in own))


def has_big_endian_pixels(found: Elements) -> bool:
    """Whether native pixels are stored big endian."""
    return found.is_big_endian or found.values.get("TransferSyntaxUID") == GE_PRIVATE
