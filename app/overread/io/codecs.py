"""Code streams to arrays: RLE, JPEG, JPEG-LS, JPEG 2000 and HTJ2K, one table of transfer syntaxes.

What a stream says about its own size is compared with the header before any decoder sees it: a hostile header must
not make a decoder allocate, and a decoder must not fill an array of another size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.io.found import DEFLATED, EXPLICIT_BE, EXPLICIT_LE, GE_PRIVATE, IMPLICIT_LE

_BASE = "1.2.840.10008.1.2."
NATIVE = frozenset((IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE, DEFLATED, GE_PRIVATE, "1.2.840.10008.1.2.1.98"))
RLE = _BASE + "5"
JPEG = frozenset(_BASE + "4." + n for n in ("50", "51", "52", "53", "54", "55", "56", "57", "70"))
JPEG_LS = frozenset(_BASE + "4." + n for n in ("80", "81"))
JPEG_2000 = frozenset(_BASE + "4." + n for n in ("90", "91", "92", "93"))
HTJ2K = frozenset(_BASE + "4." + n for n in ("201", "202", "203"))
KNOWN = NATIVE | {RLE} | JPEG | JPEG_LS | JPEG_2000 | HTJ2K


class CodecError(Exception):
    """One frame that cannot be decoded, and why."""


@dataclass(frozen=True, slots=True)
class FrameShape:
    """What the header says a decoded frame is."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    is_planar: bool = False
    photometric: str = "MONOCHROME2"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Unsigned type of the allocated width."""
        return np.dtype(f"u{max(1, self.bits_allocated // 8)}")

    @property
    def count(self) -> int:
        """How many values a frame has."""
        return self.rows * self.columns * self.samples

    @property
    def array_shape(self) -> tuple[int, ...]:
        """Shape of the decoded array: rows, columns and, for colour, samples."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)


def decode_stream(stream: bytes, syntax: str, shape: FrameShape) -> NDArray[Any]:
    """Decode the code stream of one frame.

    Returns
    -------
    ndarray
        Rows, columns (and samples), of some integer type; signs and unused bits are not looked at here.

    Raises
    ------
    CodecError
        Unknown syntax, damaged stream, or a stream of another size than the header says.
    """
    decoder = _decoder(stream, syntax)
    try:
        array = decoder(stream, shape)
    except (RuntimeError, ValueError, TypeError, IndexError, struct.error, MemoryError) as problem:
        raise CodecError(f"the decoder gives up ({str(problem)[:120] or type(problem).__name__})") from problem
    if array.shape != shape.array_shape:
        raise CodecError(f"the picture decodes to {array.shape}, not {shape.array_shape}")
    return array


def _decoder(stream: bytes, syntax: str) -> Callable[[bytes, FrameShape], NDArray[Any]]:
    """By what the stream is rather than by what the header calls it: the two differ in the field."""
    if syntax == RLE:
        return _rle
    if stream[:4] == b"\xff\x4f\xff\x51" or stream[4:8] == b"jP  ":
        return _jpeg_2000
    if stream[:2] == b"\xff\xd8":
        return _jpeg_family
    if syntax in KNOWN:
        raise CodecError("the compressed data do not begin as they should")
    raise CodecError(f"the transfer syntax {syntax} is not known")


def _rle(stream: bytes, shape: FrameShape) -> NDArray[Any]:
    """Byte planes, most significant first, each run-length coded (PS3.5 annex G)."""
    if len(stream) < 64:
        raise CodecError("the run-length header is cut off")
    planes = shape.samples * (max(8, shape.bits_allocated) // 8)
    segments, *offsets = struct.unpack("<16I", stream[:64])
    if segments != planes:
        raise CodecError(f"it has {segments} run-length segments where {planes} are needed")
    starts = offsets[:segments]
    ends = [*starts[1:], len(stream)]
    pixels = shape.rows * shape.columns
    if pixels > 64 * len(stream):
        raise CodecError("the compressed data are too short for the picture")
    decoded = np.empty((shape.samples, planes // shape.samples, pixels), dtype=np.uint8)
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if not 64 <= start < end <= len(stream):
            raise CodecError("a run-length segment lies outside the data")
        plane = _unpacked(stream[start:end])
        if len(plane) < pixels:
            raise CodecError("a run-length segment is too short")
        decoded[n // decoded.shape[1], n % decoded.shape[1]] = np.frombuffer(plane, np.uint8, pixels)
    values = np.ascontiguousarray(decoded.transpose(0, 2, 1)).view(f">u{decoded.shape[1]}")[..., 0]
    values = values.reshape(shape.samples, shape.rows, shape.columns).astype(shape.dtype)
    return values[0] if shape.samples == 1 else np.moveaxis(values, 0, -1)


def _unpacked(segment: bytes) -> bytes:
    """One byte plane; the byte that pads a segment to even length may look like the start of a run."""
    import imagecodecs

    try:
        return bytes(imagecodecs.packbits_decode(segment))
    except (RuntimeError, ValueError):
        return bytes(imagecodecs.packbits_decode(segment[:-1]))


def _jpeg_family(stream: bytes, shape: FrameShape) -> NDArray[Any]:
    marker, rows, columns, samples = _start_of_frame(stream)
    if (rows, columns, samples) != (shape.rows, shape.columns, shape.samples):
        raise CodecError(f"the compressed picture is {rows} x {columns} x {samples}, the header says "
                         f"{shape.rows} x {shape.columns} x {shape.samples}")
    import imagecodecs

    if marker == 0xF7:
        return np.asarray(imagecodecs.jpegls_decode(stream))
    if marker == 0xC3:
        return _lossless(stream)
    if marker not in (0xC0, 0xC1, 0xC2):
        raise CodecError(f"this kind of JPEG (SOF{marker - 0xC0}) is not known")
    if samples == 1:
        return np.asarray(imagecodecs.jpeg8_decode(stream))
    space = "RGB" if shape.photometric == "RGB" and not _has_jfif(stream) else "YCBCR"
    return np.asarray(imagecodecs.jpeg8_decode(stream, colorspace=space, outcolorspace=space))


def _has_jfif(stream: bytes) -> bool:
    return b"JFIF\0" in stream[:64]


def _lossless(stream: bytes) -> NDArray[Any]:
    import imagecodecs

    try:
        return np.asarray(imagecodecs.ljpeg_decode(stream))
    except (RuntimeError, ValueError):
        return np.asarray(imagecodecs.jpegsof3_decode(stream))


def _start_of_frame(stream: bytes) -> tuple[int, int, int, int]:
    """Marker, rows, columns and components of a JPEG or JPEG-LS stream (ITU-T T.81 B.2.2, T.87 C.2.2)."""
    pos = 2
    while pos + 4 <= len(stream):
        if stream[pos] != 0xFF:
            raise CodecError("the JPEG markers cannot be followed")
        marker = stream[pos + 1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker in (0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7):
            if pos + 10 > len(stream):
                break
            rows, columns, samples = struct.unpack(">HHB", stream[pos + 5:pos + 10])
            return marker, rows, columns, samples
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            pos += 2
            continue
        pos += 2 + int(struct.unpack(">H", stream[pos + 2:pos + 4])[0])
    raise CodecError("the JPEG stream has no frame header")


def _jpeg_2000(stream: bytes, shape: FrameShape) -> NDArray[Any]:
    """JPEG 2000 and HTJ2K, both through OpenJPEG: imagecodecs' own HTJ2K decoder mixes up the colours of a sample."""
    _check_siz(stream, shape)
    import imagecodecs

    return np.asarray(imagecodecs.jpeg2k_decode(stream, planar=False))


def _check_siz(stream: bytes, shape: FrameShape) -> None:
    """Compare the size that a JPEG 2000 code stream states (ITU-T T.800 A.5.1) with the header's."""
    start = stream.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(stream) < start + 42:
        raise CodecError("the JPEG 2000 stream has no size marker")
    columns, rows, left, top = struct.unpack(">4I", stream[start + 8:start + 24])
    samples = struct.unpack(">H", stream[start + 40:start + 42])[0]
    if (rows - top, columns - left, samples) != (shape.rows, shape.columns, shape.samples):
        raise CodecError(f"the compressed picture is {rows - top} x {columns - left} x {samples}, the header says "
                         f"{shape.rows} x {shape.columns} x {shape.samples}")
