"""UIDs that follow from a text: the same text gives the same UID, on every machine."""

from __future__ import annotations

import hashlib


def uid_from(text: str) -> str:
    """A UID of the form ``2.25.`` + integer, from the SHA-256 of a text.

    References
    ----------
    DICOM PS3.5 B.2 (UUID-derived UIDs): 128 bits, marked as a name-based UUID.
    """
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    number &= ~(0xF << 76) & ~(0x3 << 62)
    number |= (0x8 << 76) | (0x2 << 62)
    return f"2.25.{number}"
