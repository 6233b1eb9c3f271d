"""Values of elements from their bytes: numbers, texts, raw data.

Reference: DICOM PS3.5 section 6.2.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from overread.io.tags import Tag

_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
_NUMERIC = frozenset((*_BINARY, "DS", "IS"))
_RAW = frozenset(("OB", "OW", "OV", "UN"))


def decode_value(raw: bytes, known: Tag, stated: str, order: str) -> Any:
    """Value of an element: numbers as int or float, texts as str, raw bytes for data; None when empty or senseless.

    Where the stated representation contradicts the tag's own, the bytes decide.
    """
    if known.vr in _RAW:
        return raw
    if known.vr not in _NUMERIC:
        text = raw.rstrip(b"\0 ")
        if known.many:
            return tuple(part.strip().decode("ascii", "replace") for part in text.split(b"\\")) if text else None
        return text or None if known.vr in ("LO", "LT") else text.strip(b"\0 ").decode("ascii", "replace") or None
    code = _BINARY.get(stated) or (_BINARY.get(known.vr) if stated not in ("DS", "IS") else None)
    numbers = _unpacked(raw, code, order) if code else _parsed(raw, whole=known.vr == "IS")
    if not numbers or numbers[0] is None:
        return None
    if known.many:
        return None if None in numbers else tuple(numbers)
    return numbers[0]


def _unpacked(raw: bytes, code: str, order: str) -> list[Any]:
    size = struct.calcsize(code)
    count = len(raw) // size
    return list(struct.unpack(f"{order}{count}{code}", raw[:count * size]))


def _parsed(raw: bytes, whole: bool) -> list[Any]:
    numbers: list[Any] = []
    for part in raw.strip(b"\0 ").split(b"\\")[:64]:
        try:
            number = float(part.strip(b"\0 ").decode("ascii").replace(",", "."))
        except ValueError:
            numbers.append(None)
            continue
        if not math.isfinite(number) or abs(number) > 1e30:
            numbers.append(None)
        else:
            numbers.append(int(number) if whole else number)
    return numbers
