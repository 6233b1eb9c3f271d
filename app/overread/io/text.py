"""Texts of headers made safe to show: decoded by their character set where possible, never with an error."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Sequence

LONGEST = 200
_DEFAULT_SETS = frozenset(("", "ISO_IR 6", "ISO 2022 IR 6", "ISO_IR 100", "ISO 2022 IR 100"))


def decode_text(raw: bytes, character_sets: Sequence[str] = ()) -> str | None:
    """Text of an element in the file's Specific Character Set, cleaned; None when nothing is left.

    Unknown or wrong sets fall back to UTF-8 where the bytes are that, else to Latin-1: never an error.
    Reference: DICOM PS3.3 C.12.1.1.2.
    """
    if raw.isascii() and b"\x1b" not in raw:
        return clean(raw.decode("ascii"))
    if set(character_sets) <= _DEFAULT_SETS and b"\x1b" not in raw:
        try:
            return clean(raw.decode("utf-8"))
        except UnicodeDecodeError:
            return clean(raw.decode("latin-1"))
    from pydicom.charset import convert_encodings, decode_bytes

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return clean(decode_bytes(raw, convert_encodings(list(character_sets)), {0x5C, 0x0A, 0x0C, 0x0D}))
        except (LookupError, ValueError, TypeError, AttributeError):
            return clean(raw.decode("utf-8", "replace"))


def clean(text: str) -> str | None:
    """One line of at most 200 characters without control or direction characters; None when nothing is left."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c
                   for c in text if unicodedata.category(c) not in ("Cf", "Cs", "Co"))
    line = " ".join(kept.split())
    return line[:LONGEST] or None


def plain_uid(text: str | None) -> str | None:
    """A UID as it may be compared and printed: printable ASCII, at most 128 characters; None when empty."""
    if not text:
        return None
    kept = text.strip()
    if not (kept.isascii() and kept.isprintable()):
        kept = "".join(c for c in kept if c.isascii() and c.isprintable())
    return kept[:128] or None
