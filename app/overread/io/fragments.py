"""Where the compressed frames of a file are: fragments, offset tables, and what to do without one.

Reference: DICOM PS3.5 A.4.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from overread.io.found import Elements

MOST_FRAGMENTS = 1_000_000
_ITEM = b"\xfe\xff\x00\xe0"


@dataclass(frozen=True, slots=True)
class Fragment:
    """Bytes of one item: where they begin in the file and how many there are."""

    start: int
    length: int


def frames_in_fragments(file: BinaryIO, found: Elements, frames: int) -> list[tuple[Fragment, ...]]:
    """Fragments of each frame, in order; fewer lists than ``frames`` where the file holds fewer.

    Parameters
    ----------
    file
        Open for reading.
    found
        Its elements; ``found.pixel_offset`` is where the first item (the offset table) begins.
    frames
        How many frames the header claims.
    """
    table, fragments = _items(file, found.pixel_offset)
    if not fragments:
        return []
    if frames == 1:
        return [tuple(fragments)]
    if len(fragments) == frames:
        return [(fragment,) for fragment in fragments]
    extended = found.values.get("ExtendedOffsetTable")
    if isinstance(extended, bytes) and len(extended) == 8 * frames:
        offsets: Sequence[int] = struct.unpack(f"<{frames}Q", extended)
    elif len(table) == 4 * frames:
        offsets = struct.unpack(f"<{frames}I", table)
    else:
        offsets = ()
    by_table = _by_offsets(fragments, offsets)
    if by_table is not None:
        return by_table
    if len(fragments) < frames:
        return [(fragment,) for fragment in fragments]
    return _by_marks(file, fragments)[:frames]


def read_frame(file: BinaryIO, fragments: Sequence[Fragment]) -> bytes:
    """Code stream of one frame."""
    parts = []
    for fragment in fragments:
        file.seek(fragment.start)
        parts.append(file.read(fragment.length))
    return b"".join(parts)


def _items(file: BinaryIO, pos: int) -> tuple[bytes, list[Fragment]]:
    """The basic offset table and all fragments after it; a fragment that breaks off is kept as far as it goes."""
    size = file.seek(0, os.SEEK_END)
    file.seek(pos)
    table: bytes | None = None
    fragments: list[Fragment] = []
    while len(fragments) < MOST_FRAGMENTS:
        head = file.read(8)
        if len(head) < 8 or head[:4] != _ITEM:
            break
        length = struct.unpack("<I", head[4:])[0]
        start = pos + 8
        length = min(length, size - start)
        if table is None:
            table = file.read(length) if length <= 4 * MOST_FRAGMENTS else b""
        elif length > 0:
            fragments.append(Fragment(start, length))
        pos = start + length
        file.seek(pos)
    return table or b"", fragments


def _by_offsets(fragments: Sequence[Fragment], offsets: Sequence[int]) -> list[tuple[Fragment, ...]] | None:
    """Frames by the offset table, None where the table does not point at fragments."""
    if not offsets or offsets[0] != 0:
        return None
    base = fragments[0].start - 8
    number = {fragment.start - 8 - base: n for n, fragment in enumerate(fragments)}
    starts = [number.get(offset) for offset in offsets]
    known = [s for s in starts if s is not None]
    if len(known) != len(starts) or known != sorted(set(known)):
        return None
    ends = [*known[1:], len(fragments)]
    return [tuple(fragments[a:b]) for a, b in zip(known, ends, strict=True)]


_FIRST_BYTES = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")


def _by_marks(file: BinaryIO, fragments: Sequence[Fragment]) -> list[tuple[Fragment, ...]]:
    """Frames by where code streams begin (JPEG, JPEG-LS, JPEG 2000); else every fragment is a frame."""
    frames: list[list[Fragment]] = []
    for fragment in fragments:
        file.seek(fragment.start)
        head = file.read(8)
        if head.startswith(_FIRST_BYTES) or not frames:
            frames.append([fragment])
        else:
            frames[-1].append(fragment)
    return [tuple(f) for f in frames] if len(frames) > 1 else [(fragment,) for fragment in fragments]
