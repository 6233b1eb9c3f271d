"""The lean reader: walks a DICOM file's elements and keeps the few that matter, never the pixels.

It is many times faster than a complete parse, and it is forgiving: a wrong length or an unknown representation
ends the walk, not the program. Nothing is allocated because a file says so: every read is bounded by the file.
References: DICOM PS3.5 sections 7.1 (elements), 7.5 (sequences), A.4 and A.5 (encapsulated, deflated); PS3.10.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from overread.io.found import DEFLATED, EXPLICIT_BE, GE_PRIVATE, IMPLICIT_LE, BrokenHeaderError, Elements, NotDicomError
from overread.io.tags import (
    FRAME_SEQUENCES,
    ITEM,
    ITEM_END,
    ORPHANS,
    PER_FRAME_GROUPS,
    PIXEL_TAGS,
    PRIVATE,
    PRIVATE_GROUPS,
    REFERENCE_SEQUENCES,
    REFERENCED_SOP_UID,
    SEQUENCE_END,
    SERIES_UID,
    SHARED_GROUPS,
    WANTED,
    Tag,
)
from overread.io.values import decode_value

BLOCK = 16 * 1024
MOST_ELEMENTS = 500_000
MOST_VALUE_BYTES = 1 << 20
MOST_DEPTH = 24
MOST_REFERENCES = 4096
MOST_INFLATED = 1 << 30
UNDEFINED = 0xFFFFFFFF

_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = frozenset((b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
                    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"))


class _EndError(Exception):
    """The bytes ended inside an element."""


_INTERESTING = frozenset((*WANTED, *PIXEL_TAGS, *FRAME_SEQUENCES, *REFERENCE_SEQUENCES, SHARED_GROUPS,
                          PER_FRAME_GROUPS))
_EXPLICIT_HEAD, _LENGTH = struct.Struct("<HH2sH"), struct.Struct("<I")


def read_elements(file: BinaryIO, with_frames: bool = True) -> Elements:
    """Walk a file that is open for reading.

    Parameters
    ----------
    file
        Seekable, at any position.
    with_frames
        Whether the per-frame functional groups are read (the pixel reader does without).

    Raises
    ------
    NotDicomError, BrokenHeaderError
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(BLOCK)
    start, is_marked = _dataset_or_meta_start(head)
    walk = _Walk(file, size, head, with_frames)
    if not is_marked:
        walk.guess_encoding(start)
    try:
        pos = walk.meta(start) if is_marked or head[start:start + 2] == b"\x02\x00" else start
    except (_EndError, struct.error) as problem:
        raise BrokenHeaderError("its file meta header breaks off") from problem
    walk.found.dataset_start = pos
    if walk.found.values.get("TransferSyntaxUID") == DEFLATED:
        walk, pos = walk.inflated(pos), 0  # found.size is then the inflated size
    walk.top(pos, is_marked)
    return walk.found


def open_pixels(path: str, found: Elements) -> BinaryIO:
    """Open the file so that ``found.pixel_offset`` is right: deflated files come inflated in memory."""
    file = open(path, "rb")  # noqa: SIM115 (handed to the caller, who closes it)
    if found.values.get("TransferSyntaxUID") != DEFLATED:
        return file
    with file:
        file.seek(found.dataset_start)
        return io.BytesIO(_inflate(file.read()))


def _dataset_or_meta_start(head: bytes) -> tuple[int, bool]:
    """Where the first element is, and whether the DICM mark stands before it."""
    if head[128:132] == b"DICM" and not (head[:4] in _FIRST_TAGS and head[132:134] != b"\x02\0"):
        return 132, True
    if head[:4] == b"DICM":
        return 4, True
    if len(head) < 8:
        raise NotDicomError("it is empty" if not head else "it is too short to be DICOM")
    for start in (0, 128):
        if len(head) >= start + 8 and head[start:start + 4] in _FIRST_TAGS:
            return start, False
    raise NotDicomError("it has neither the DICM mark nor a DICOM element at its start")


_FIRST_TAGS = frozenset(
    struct.pack(order + "HH", group, element)
    for order in "<>" for group, elements in (
        (0x0002, (0, 1, 2, 3, 0x10)), (0x0008, (0, 1, 5, 6, 8, 0x0C, 0x10, 0x12, 0x13, 0x14, 0x16, 0x18, 0x20, 0x60)))
    for element in elements)


def _inflate(data: bytes) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return engine.decompress(data, MOST_INFLATED)
    except zlib.error as problem:
        raise BrokenHeaderError("its deflated data set cannot be inflated") from problem


class _Walk:
    """One pass over the elements of one file; keeps a window of its bytes."""

    def __init__(self, file: BinaryIO, size: int, head: bytes, with_frames: bool) -> None:
        self._file, self._size, self._buffer, self._base = file, size, head, 0
        self._with_frames = with_frames
        self._count = 0
        self.found = Elements(size=size)
        self._set_encoding(explicit=True, big=False)

    def _set_encoding(self, explicit: bool, big: bool) -> None:
        self._explicit, self._order = explicit, ">" if big else "<"
        self._tag = struct.Struct(self._order + "HH").unpack_from
        self._u2 = struct.Struct(self._order + "H").unpack_from
        self._u4 = struct.Struct(self._order + "I").unpack_from
        self.found.is_explicit, self.found.is_big_endian = explicit, big

    def _need(self, pos: int, count: int) -> int:
        """Make ``count`` bytes at ``pos`` available and return their place in the window."""
        local = pos - self._base
        if local >= 0 and local + count <= len(self._buffer):
            return local
        if pos + count > self._size:
            raise _EndError
        self._file.seek(pos)
        self._buffer, self._base = self._file.read(max(count, BLOCK)), pos
        if len(self._buffer) < count:
            raise _EndError
        return 0

    def _bytes(self, pos: int, count: int) -> bytes:
        local = self._need(pos, count)
        return self._buffer[local:local + count]

    def guess_encoding(self, pos: int) -> None:
        """Tell explicit from implicit and little from big endian by the first element of the data set."""
        first = self._bytes(pos, 8)
        big = first[0] == 0 and first[1] != 0
        self._set_encoding(explicit=first[4:6] in _LONG or first[4:6] in _SHORT, big=big)

    def meta(self, pos: int) -> int:
        """Read the file meta information (always explicit little endian) and return where the data set begins."""
        self._set_encoding(explicit=True, big=False)
        while pos + 8 <= self._size and self._bytes(pos, 2) == b"\x02\x00":
            tag, vr, length, start = self._element(pos)
            if length == UNDEFINED or start + length > self._size:
                raise BrokenHeaderError("a length in its file meta header is impossible")
            if tag in WANTED and length <= MOST_VALUE_BYTES:
                self._keep(WANTED[tag], vr, start, length, self.found.values)
            pos = start + length
        return pos

    def inflated(self, pos: int) -> _Walk:
        """The same walk over the inflated bytes of a deflated file."""
        data = _inflate(self._bytes(pos, self._size - pos))
        walk = _Walk(io.BytesIO(data), len(data), data[:BLOCK], self._with_frames)
        walk.found.values.update(self.found.values)
        walk.found.dataset_start = pos
        return walk

    def top(self, pos: int, is_marked: bool) -> None:
        """Walk the data set up to the pixels."""
        if pos + 8 <= self._size:
            self._choose_encoding(pos)
        try:
            self._walk(pos, self._size, self.found.values, 0, is_top=True)
        except (_EndError, struct.error):
            self.found.complete = False
        if not self.found.values.keys() & _SIGNS_OF_DICOM:
            if not is_marked:
                raise NotDicomError("it has neither the DICM mark nor the elements of an image or object")
            if not self._count or not self.found.complete:
                raise BrokenHeaderError("none of the elements that every DICOM object has can be found in it")

    def _choose_encoding(self, pos: int) -> None:
        """Trust the bytes more than the stated syntax: writers often state the wrong one."""
        stated = self.found.values.get("TransferSyntaxUID")
        first = self._bytes(pos, 8)
        looks_big = first[0] == 0 and first[1] != 0
        big = looks_big if stated in (None, EXPLICIT_BE) or looks_big else False
        explicit = first[4:6] in _LONG or first[4:6] in _SHORT
        if not explicit and first[4:6].isalpha() and first[4:6].isupper():
            explicit = stated not in (IMPLICIT_LE, GE_PRIVATE, None)
        self._set_encoding(explicit, big)

    def _element(self, pos: int) -> tuple[int, bytes, int, int]:
        """Tag, representation (empty when implicit), length and start of the value of the element at ``pos``."""
        local = self._need(pos, 8)
        buffer = self._buffer
        group, element = self._tag(buffer, local)
        tag = group << 16 | element
        if not self._explicit or group == 0xFFFE:
            return tag, b"", self._u4(buffer, local + 4)[0], pos + 8
        vr = buffer[local + 4:local + 6]
        if vr in _SHORT:
            return tag, vr, self._u2(buffer, local + 6)[0], pos + 8
        if vr in _LONG or (vr.isalpha() and vr.isupper() and buffer[local + 6:local + 8] == b"\0\0"):
            local = self._need(pos, 12)
            return tag, vr, self._u4(self._buffer, local + 8)[0], pos + 12
        if vr.isalpha() and vr.isupper():
            return tag, vr, self._u2(buffer, local + 6)[0], pos + 8
        return tag, b"", self._u4(buffer, local + 4)[0], pos + 8

    def _walk(self, pos: int, end: int, into: dict[str, Any] | None, depth: int, is_top: bool = False) -> int:
        """Walk elements from ``pos`` to ``end`` or to the end of the item; return the position after them.

        ``into`` is None where nothing is kept and only the end is looked for.
        """
        if depth > MOST_DEPTH:
            raise BrokenHeaderError("its sequences are nested too deeply")
        creators: dict[int, str] = {}
        while pos + 8 <= end:
            self._count += 1
            if self._count > MOST_ELEMENTS:
                raise BrokenHeaderError("it has too many elements")
            pos = self._skipped(pos, end)
            if pos + 8 > end:
                break
            tag, vr, length, start = self._element(pos)
            if tag == ITEM_END and not is_top:
                return start
            if is_top and tag in PIXEL_TAGS:
                self._note_pixels(tag, vr, length, start)
                return end
            if length == UNDEFINED:
                pos = self._sequence(tag, vr, start, self._size, into, depth, is_open=True)
                continue
            if into is not None:
                self._take(tag, vr, length, start, into, depth, creators)
            pos = start + length
        if is_top and pos > end:
            self.found.complete = False
        return pos

    def _skipped(self, pos: int, end: int) -> int:
        """Run over elements of no interest within the bytes at hand: most of a header, so this is kept lean."""
        if not self._explicit or self._order == ">":
            return pos
        buffer, base, unpack = self._buffer, self._base, _EXPLICIT_HEAD.unpack_from
        local, last = pos - base, min(len(buffer), end - base) - 12
        begun = local
        while 0 <= local <= last:
            group, element, vr, length = unpack(buffer, local)
            if vr in _SHORT:
                following = local + 8 + length
            elif vr in _LONG:
                length = _LENGTH.unpack_from(buffer, local + 8)[0]
                following = local + 12 + length
            else:
                break
            if length == UNDEFINED or group in PRIVATE_GROUPS or group << 16 | element in _INTERESTING:
                break
            local = following
            self._count += 1
        return pos + local - begun

    def _take(self, tag: int, vr: bytes, length: int, start: int, into: dict[str, Any], depth: int,
              creators: dict[int, str]) -> None:
        """Keep what is wanted of one element whose length is known."""
        if tag in WANTED:
            if start + length > self._size:
                raise _EndError
            if length <= MOST_VALUE_BYTES:
                self._keep(WANTED[tag], vr, start, length, into)
            if depth and tag == SERIES_UID:
                self._refer(self.found.series_references, start, length)
            elif depth and tag == REFERENCED_SOP_UID:
                self._refer(self.found.instance_references, start, length)
        elif tag in FRAME_SEQUENCES or tag in REFERENCE_SEQUENCES or tag in (SHARED_GROUPS, PER_FRAME_GROUPS):
            self._sequence(tag, vr, start, min(start + length, self._size), into, depth)
        elif tag >> 16 in PRIVATE_GROUPS:
            self._private(tag, vr, start, length, into, creators)

    def _note_pixels(self, tag: int, vr: bytes, length: int, start: int) -> None:
        found = self.found
        found.pixel_tag, found.pixel_vr, found.pixel_offset = tag, vr, start
        found.pixel_length = None if length == UNDEFINED else length
        found.complete = length == UNDEFINED or start + length <= self._size

    def _refer(self, uids: list[str], start: int, length: int) -> None:
        uid = self._bytes(start, min(length, 128)).rstrip(b"\0 ").decode("ascii", "replace")
        if uid and len(uids) < MOST_REFERENCES:
            uids.append(uid)

    def _private(self, tag: int, vr: bytes, start: int, length: int, into: dict[str, Any],
                 creators: dict[int, str]) -> None:
        group, element = tag >> 16, tag & 0xFFFF
        if 0x10 <= element <= 0xFF and length <= 64:
            name = self._bytes(start, length).rstrip(b"\0 ").decode("ascii", "replace").strip().upper()
            creators[group << 8 | element] = name
        elif element > 0xFF and (group, element & 0xFF) in ORPHANS and length <= MOST_VALUE_BYTES:
            known = PRIVATE.get((group, creators.get(group << 8 | element >> 8, ""), element & 0xFF))
            if known is None and element >> 8 == 0x10 and group << 8 | 0x10 not in creators:
                known = ORPHANS[group, element & 0xFF]  # some anonymisers drop the creator and keep the element
            if known is not None:
                self._keep(known, vr, start, length, into)

    def _keep(self, known: Tag, vr: bytes, start: int, length: int, into: dict[str, Any]) -> None:
        value = decode_value(self._bytes(start, length), known, vr.decode("ascii", "replace"), self._order)
        if value is not None:
            into.setdefault(known.keyword, value)

    def _sequence(self, tag: int, vr: bytes, pos: int, end: int, into: dict[str, Any] | None, depth: int,
                  is_open: bool = False) -> int:
        """Walk the items of a sequence (or the fragments of encapsulated data) and return the position after it."""
        was = self._explicit, self._order == ">"
        if vr == b"UN":  # PS3.5 6.2.2 note 4: the content of such an element is implicit little endian
            self._set_encoding(explicit=False, big=False)
        is_closed = False
        while pos + 8 <= end:
            self._count += 1
            item, _, length, start = self._element(pos)
            if item != ITEM:  # anything but an item ends the sequence: some writers forget the delimiter
                pos, is_closed = (start if item == SEQUENCE_END else pos), True
                break
            pos = self._item(tag, vr, length, start, into, depth)
        if vr == b"UN":
            self._set_encoding(*was)
        if is_open and not is_closed:
            raise _EndError
        return pos

    def _item(self, tag: int, vr: bytes, length: int, start: int, into: dict[str, Any] | None, depth: int) -> int:
        target = self._target(tag, into)
        if length != UNDEFINED and (target is None or vr in (b"OB", b"OW")):
            return start + length
        end = self._size if length == UNDEFINED else min(start + length, self._size)
        stop = self._walk(start, end, target, depth + 1)
        return stop if length == UNDEFINED else start + length

    def _target(self, tag: int, into: dict[str, Any] | None) -> dict[str, Any] | None:
        """Where the values inside an item go: its frame, the shared groups, around it, or nowhere (None)."""
        if into is None or (tag in (PER_FRAME_GROUPS, SHARED_GROUPS) and not self._with_frames):
            return None
        if tag == PER_FRAME_GROUPS:
            self.found.frames.append({})
            return self.found.frames[-1]
        if tag == SHARED_GROUPS:
            return self.found.shared
        if tag in FRAME_SEQUENCES:
            return into
        return {} if tag in REFERENCE_SEQUENCES else None


_SIGNS_OF_DICOM: Mapping[str, None] = dict.fromkeys((
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "Rows", "ImageType",
    "MediaStorageSOPClassUID"))
