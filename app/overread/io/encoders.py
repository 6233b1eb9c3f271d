"""Arrays to code streams, all without loss: RLE, JPEG-LS and JPEG 2000. The way back is in ``codecs``."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.io.codecs import RLE
from overread.io.found import EXPLICIT_LE

JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
SYNTAXES: dict[str, str] = {
    "native": EXPLICIT_LE,
    "rle": RLE,
    "jpeg-ls": JPEG_LS_LOSSLESS,
    "jpeg-2000": JPEG_2000_LOSSLESS,
}
"""What a writer may be asked for -> transfer syntax UID."""


def encode_frame(frame: NDArray[Any], syntax: str) -> bytes:
    """The code stream of one frame.

    Parameters
    ----------
    frame
        [j, i], uint8, uint16 or int16.
    syntax
        Transfer syntax UID: one of the compressed values of ``SYNTAXES``.
    """
    import imagecodecs

    frame = np.ascontiguousarray(frame)
    if syntax == RLE:
        return _run_lengths(frame)
    if syntax == JPEG_LS_LOSSLESS:  # the standard knows no sign: the bits of a signed pixel go as they are
        return bytes(imagecodecs.jpegls_encode(frame.view(f"u{frame.itemsize}")))
    if syntax == JPEG_2000_LOSSLESS:
        return bytes(imagecodecs.jpeg2k_encode(frame, level=0, codecformat="j2k", reversible=True, mct=False))
    raise ValueError(f"no encoder for the transfer syntax {syntax}")


def _run_lengths(frame: NDArray[Any]) -> bytes:
    """Byte planes, most significant first, run-length coded row by row (PS3.5 annex G)."""
    import imagecodecs

    rows, columns = frame.shape
    planes = frame.astype(frame.dtype.newbyteorder(">")).view(np.uint8).reshape(rows, columns, frame.itemsize)
    segments = []
    for n in range(frame.itemsize):
        plane = np.ascontiguousarray(planes[..., n])
        coded = b"".join(bytes(imagecodecs.packbits_encode(row.tobytes())) for row in plane)
        segments.append(coded + b"\0" * (len(coded) % 2))
    starts = [64 + sum(map(len, segments[:n])) for n in range(len(segments))]
    return struct.pack("<16I", len(segments), *starts, *[0] * (15 - len(segments))) + b"".join(segments)
