"""What the lean reader hands back: the elements found in one file, or that there is nothing to be found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

IMPLICIT_LE, EXPLICIT_LE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, EXPLICIT_BE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
GE_PRIVATE = "1.2.840.113619.5.2"
"""Implicit VR little endian, but the pixels are big endian."""


class NotDicomError(Exception):
    """Nothing in the file looks like DICOM."""


class BrokenHeaderError(Exception):
    """The file looks like DICOM, but its header cannot be followed."""


@dataclass(slots=True)
class Elements:
    """What the walk found.

    ``values`` maps keywords to values, ``shared`` and ``frames`` hold the flattened functional groups.
    ``pixel_offset`` is where the pixel element's value begins (in the inflated bytes for a deflated file),
    ``pixel_length`` None where it is encapsulated. ``complete`` is False where the bytes ended too early.
    """

    size: int = 0
    dataset_start: int = 0
    is_explicit: bool = True
    is_big_endian: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    frames: list[dict[str, Any]] = field(default_factory=list)
    series_references: list[str] = field(default_factory=list)
    instance_references: list[str] = field(default_factory=list)
    pixel_tag: int | None = None
    pixel_vr: bytes = b""
    pixel_offset: int = 0
    pixel_length: int | None = None
    complete: bool = True

    @property
    def syntax(self) -> str | None:
        """Transfer syntax UID as stated, or as seen where the file has no meta header."""
        stated = self.values.get("TransferSyntaxUID")
        if stated:
            return str(stated)
        if not self.is_explicit:
            return IMPLICIT_LE
        return EXPLICIT_BE if self.is_big_endian else EXPLICIT_LE
