"""From a file's header to its frames: where each lies, how its values are scaled, what tells it from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from overread.io.headers import FileHeader

MOST_PIXELS = 1 << 28
"""A frame of more pixels than this is not a medical image but an attack or an accident."""
MOST_FRAMES = 100_000
BITS = (1, 8, 16, 32, 64)
_FLAT_MODALITIES = frozenset(("CR", "DX", "MG", "US", "SC", "OT", "XA", "RF", "IO", "PX", "NM", "ES", "GM", "SM", "XC",
                              "IVUS", "OPT", "OP", "ECG", "DOC"))
"""Modalities whose pictures are not stacked: each file stands for itself."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of one image file.

    ``position`` and ``directions`` (row direction, then column direction) are None for what has no place in the
    patient. ``pixel_spacing`` is rows, then columns, mm.
    """

    header: FileHeader
    index: int
    rows: int
    columns: int
    position: tuple[float, float, float] | None
    directions: tuple[float, ...] | None
    pixel_spacing: tuple[float, float] | None
    slope: float
    intercept: float

    def get(self, keyword: str) -> Any:
        """Value of a keyword for this frame."""
        return self.header.get(keyword, self.index)

    @property
    def identity(self) -> str:
        """SOP Instance UID and frame number: what this frame is, wherever its file lies."""
        return f"{self.header.values.get('SOPInstanceUID') or ''}#{self.index}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """Frames of one file that cannot be shown, and why. ``is_truncated``: their pixels break off."""

    header: FileHeader
    frames: int
    reason: str
    is_truncated: bool = False


def frames_of(header: FileHeader) -> tuple[list[Frame], Unusable | None]:
    """All usable frames of an image file and what had to be left out; the two add up to the claimed frames."""
    claimed = header.claimed_frames
    problem = why_unusable(header.values) or (None if header.pixel_bytes else "its pixel data are empty")
    if problem is not None:
        return [], Unusable(header, claimed, problem)
    held = min(claimed, _held_frames(header), MOST_FRAMES)
    rows, columns = header.values["Rows"], header.values["Columns"]
    frames = [_frame(header, index, rows, columns) for index in range(held)]
    if held == claimed:
        return frames, None
    what = "its pixel data break off" if held == 0 else f"its pixel data end after {held} of {claimed} frames"
    return frames, Unusable(header, claimed - held, what, is_truncated=True)


def bytes_per_frame(values: Mapping[str, Any]) -> int:
    """Size of one uncompressed frame (PS3.5 section 8.1.1; 4:2:2 sampled colour takes two thirds)."""
    samples = values.get("SamplesPerPixel") or 1
    bits = int(values["Rows"]) * int(values["Columns"]) * int(samples) * int(values.get("BitsAllocated") or 8)
    if values.get("PhotometricInterpretation") in ("YBR_FULL_422", "YBR_PARTIAL_422") and samples == 3:
        bits = bits * 2 // 3
    return (bits + 7) // 8


def why_unusable(values: Mapping[str, Any]) -> str | None:
    """Why no frame of a file with this header can be used, in words; None when nothing speaks against it."""
    rows, columns = values.get("Rows"), values.get("Columns")
    if not isinstance(rows, int) or not isinstance(columns, int):
        return "its header does not say how many rows and columns it has"
    if rows < 1 or columns < 1:
        return f"its header says {rows} rows and {columns} columns"
    if rows * columns > MOST_PIXELS:
        return f"its header claims {rows} x {columns} pixels, more than any medical image has"
    bits = values.get("BitsAllocated")
    if bits not in BITS:
        return f"its header says {bits} bits per pixel" if bits is not None else "its header lacks Bits Allocated"
    stored = values.get("BitsStored", bits)
    if not 1 <= stored <= bits:
        return f"its header says {stored} of {bits} bits are used"
    samples = values.get("SamplesPerPixel", 1)
    return None if samples in (1, 3, 4) else f"its header says {samples} samples per pixel"


def _held_frames(header: FileHeader) -> int:
    """How many frames the bytes in the file can hold; for compressed ones an upper bound."""
    if header.is_encapsulated:
        return max(0, (header.pixel_bytes - 8) // 8)
    values = header.values
    if values.get("BitsAllocated") == 1:  # frames of single bits follow each other without padding
        pixels = int(values["Rows"]) * int(values["Columns"]) * int(values.get("SamplesPerPixel") or 1)
        return header.pixel_bytes * 8 // pixels
    return header.pixel_bytes // bytes_per_frame(values)


def _frame(header: FileHeader, index: int, rows: int, columns: int) -> Frame:
    position, directions = None, None
    if has_place(header):
        position = _vector(header.get("ImagePositionPatient", index))
        directions = _directions(header.get("ImageOrientationPatient", index))
    spacing = header.get("PixelSpacing", index)
    is_spaced = spacing is not None and len(spacing) >= 2 and 1e-4 < spacing[0] < 1e4 and 1e-4 < spacing[1] < 1e4
    slope, intercept = header.get("RescaleSlope", index), header.get("RescaleIntercept", index)
    is_scaled = isinstance(slope, int | float) and slope != 0
    return Frame(
        header=header, index=index, rows=rows, columns=columns,
        position=position if directions is not None else None, directions=directions if position is not None else None,
        pixel_spacing=(float(spacing[0]), float(spacing[1])) if is_spaced else None,
        slope=float(slope) if is_scaled else 1.0, intercept=float(intercept) if intercept is not None else 0.0)


def has_place(header: FileHeader) -> bool:
    """Whether this file's pictures are slices of the patient: not a mosaic, an X-ray or a screen copy."""
    return header.values.get("Modality") not in _FLAT_MODALITIES and not is_mosaic(header)


def is_mosaic(header: FileHeader) -> bool:
    """Whether one picture holds many slices side by side (Siemens, United Imaging)."""
    if "MOSAIC" in (header.values.get("ImageType") or ()):
        return True
    tiles = header.values.get("UIHFramesInMosaic")
    return isinstance(tiles, int | float) and tiles > 1


def _vector(value: Any) -> tuple[float, float, float] | None:
    if value is None or len(value) != 3 or max(abs(float(x)) for x in value) > 1e6:
        return None
    return float(value[0]), float(value[1]), float(value[2])


def _directions(value: Any) -> tuple[float, ...] | None:
    """Six direction cosines of unit length, None when they do not span a plane (PS3.3 C.7.6.2.1.1)."""
    if value is None or len(value) != 6:
        return None
    pair = np.asarray(value, dtype=np.float64).reshape(2, 3)
    lengths = np.linalg.norm(pair, axis=1)
    if not np.all(np.isfinite(pair)) or lengths.min() < 0.5 or lengths.max() > 2:
        return None
    pair = pair / lengths[:, None]
    if abs(float(pair[0] @ pair[1])) > 0.05:
        return None
    return tuple(float(x) for x in pair.ravel())
