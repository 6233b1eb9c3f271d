"""One image file whose frames are decoded one at a time."""

from __future__ import annotations

from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from overread.io.codecs import NATIVE, CodecError, FrameShape, decode_stream
from overread.io.elements import open_pixels, read_elements
from overread.io.found import BrokenHeaderError, Elements, NotDicomError
from overread.io.fragments import Fragment, frames_in_fragments, read_frame
from overread.io.frames import bytes_per_frame, why_unusable
from overread.io.headers import has_big_endian_pixels
from overread.io.tags import DOUBLE_PIXEL_DATA, FLOAT_PIXEL_DATA

_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601: how bright red, green and blue look."""


class PixelFile:
    """An image file held open; a context manager.

    Raises
    ------
    CodecError
        The header cannot be read any more or makes no sense.
    OSError
        The file cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with open(path, "rb") as file:
                self._found: Elements = read_elements(file, with_frames=False)
            self._file: BinaryIO = open_pixels(path, self._found)
        except (BrokenHeaderError, NotDicomError) as problem:
            raise CodecError(f"its header cannot be read: {problem}") from problem
        self._fragments: list[tuple[Fragment, ...]] | None = None
        values = self._found.values
        problem_text = why_unusable(values)
        if problem_text is not None or self._found.pixel_tag is None:
            self._file.close()
            raise CodecError(problem_text or "it has no pixel data")
        self._syntax = self._found.syntax or ""
        self._shape = FrameShape(
            rows=int(values["Rows"]), columns=int(values["Columns"]), samples=int(values.get("SamplesPerPixel") or 1),
            bits_allocated=int(values["BitsAllocated"]), is_planar=values.get("PlanarConfiguration") == 1,
            photometric=str(values.get("PhotometricInterpretation") or "MONOCHROME2"))

    def __enter__(self) -> PixelFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def frame(self, index: int) -> NDArray[Any]:
        """Frame ``index`` as it is shown: (rows, columns), sign and unused bits right, colour as luminance.

        Raises
        ------
        CodecError
            It cannot be decoded.
        """
        stored = self.stored_frame(index)
        photometric = self._shape.photometric
        if photometric.startswith("PALETTE"):
            return self._looked_up(stored)
        if stored.ndim == 3:
            return _luminance(stored, photometric, self._found.pixel_length is None)
        return self._inverted(stored) if photometric == "MONOCHROME1" else stored

    def stored_frame(self, index: int) -> NDArray[Any]:
        """Frame ``index`` as stored: sign and unused bits right, nothing else changed; colour keeps its samples."""
        if self._found.pixel_length is None:
            return self._with_sign(self._compressed(index))
        if self._syntax not in NATIVE:
            raise CodecError("its pixels are not in the form that its transfer syntax asks for")
        return self._native(index)

    def _compressed(self, index: int) -> NDArray[Any]:
        if self._fragments is None:
            stated = self._found.values.get("NumberOfFrames")
            count = stated if isinstance(stated, int) and stated > 0 else 1
            self._fragments = frames_in_fragments(self._file, self._found, count)
        if not 0 <= index < len(self._fragments):
            raise CodecError("the file holds no compressed data for it")
        return decode_stream(read_frame(self._file, self._fragments[index]), self._syntax, self._shape)

    def _native(self, index: int) -> NDArray[Any]:
        shape = self._shape
        if shape.bits_allocated == 1:
            return self._single_bits(index)
        size = bytes_per_frame(self._found.values)
        raw = self._bytes(index * size, size)
        if len(raw) < size:
            raise CodecError("its pixel data break off")
        if self._found.pixel_tag in (FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA):
            raise CodecError("floating-point pixels are not shown")
        if size * 8 < shape.count * shape.bits_allocated:
            return _unpacked_422(np.frombuffer(raw, np.uint8), shape)
        stored_as = shape.dtype.newbyteorder(">" if has_big_endian_pixels(self._found) else "<")
        values = np.frombuffer(raw, stored_as, shape.count).astype(shape.dtype)
        if shape.samples > 1:
            planes = values.reshape(shape.samples, shape.rows, shape.columns) if shape.is_planar else None
            return np.moveaxis(planes, 0, -1) if planes is not None else values.reshape(shape.array_shape)
        return self._with_sign(values.reshape(shape.array_shape))

    def _bytes(self, start: int, count: int) -> bytes:
        """Bytes of native pixel data; single bytes in big endian words are put in order (PS3.5 8.1.1)."""
        found = self._found
        is_swapped = found.is_big_endian and found.pixel_vr == b"OW" and self._shape.bits_allocated == 8
        if not is_swapped:
            self._file.seek(found.pixel_offset + start)
            return self._file.read(count)
        first = start // 2 * 2
        self._file.seek(found.pixel_offset + first)
        raw = self._file.read((start + count + 1) // 2 * 2 - first)
        words = np.frombuffer(raw[:len(raw) // 2 * 2], np.uint16).byteswap()
        return words.tobytes()[start - first:start - first + count]

    def _single_bits(self, index: int) -> NDArray[Any]:
        """Frames of single bits lie without padding between them, least significant bit first (PS3.5 8.1.1)."""
        count = self._shape.count
        first, last = index * count, (index + 1) * count
        self._file.seek(self._found.pixel_offset + first // 8)
        raw = self._file.read((last + 7) // 8 - first // 8)
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")[first % 8:first % 8 + count]
        if len(bits) < count:
            raise CodecError("its pixel data break off")
        return bits.reshape(self._shape.array_shape)

    def _with_sign(self, values: NDArray[Any]) -> NDArray[Any]:
        """Mask the bits above Bits Stored and extend the sign (PS3.5 8.1.1); the type is the stored one."""
        header, shape = self._found.values, self._shape
        if values.ndim == 3 or shape.bits_allocated == 1:
            return values
        is_signed = header.get("PixelRepresentation") == 1
        stored = int(header.get("BitsStored") or shape.bits_allocated)
        # a decoder may hand out a narrower or signed type than allocated
        plain = values.astype(shape.dtype) if values.dtype != shape.dtype else values
        shift = int(header.get("HighBit") or stored - 1) + 1 - stored
        if 0 < shift <= shape.bits_allocated - stored and self._found.pixel_length is not None:
            plain = plain >> np.array(shift, shape.dtype)
        unused = shape.bits_allocated - stored
        if unused and not is_signed:
            plain = plain & np.array((1 << stored) - 1, shape.dtype)
        if not is_signed:
            return plain
        signed = plain.view(np.dtype(f"i{shape.dtype.itemsize}"))
        if unused:
            places = np.array(unused, signed.dtype)
            signed = (signed << places) >> places
        return signed

    def _inverted(self, stored: NDArray[Any]) -> NDArray[Any]:
        bits = int(self._found.values.get("BitsStored") or self._shape.bits_allocated)
        if stored.dtype.kind == "i":
            return np.asarray(np.invert(stored))
        return np.asarray(np.array((1 << bits) - 1, stored.dtype) - stored)

    def _looked_up(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Luminance of a palette picture (PS3.3 C.7.9)."""
        tables = [self._table(colour) for colour in ("Red", "Green", "Blue")]
        if stored.ndim != 2 or any(table is None for table in tables):
            return stored.astype(np.uint8, copy=False)
        first = int(self._found.values["RedPaletteColorLookupTableDescriptor"][1])
        grey = np.stack([t for t in tables if t is not None], axis=-1).astype(np.float32) @ _LUMINANCE
        index = np.clip(stored.astype(np.int64) - first, 0, len(grey) - 1)
        return np.asarray(np.rint(grey).astype(np.uint8)[index])

    def _table(self, colour: str) -> NDArray[np.uint8] | None:
        values = self._found.values
        descriptor = values.get(f"{colour}PaletteColorLookupTableDescriptor")
        raw = values.get(f"{colour}PaletteColorLookupTableData")
        if descriptor is None or len(descriptor) != 3 or not isinstance(raw, bytes):
            return None
        count, bits = int(descriptor[0]) & 0xFFFF or 65_536, int(descriptor[2])
        if bits == 8 and len(raw) < 2 * count:
            entries = np.frombuffer(raw, np.uint8)[:count]
        else:
            order = ">" if self._found.is_big_endian else "<"
            entries = (np.frombuffer(raw[:len(raw) // 2 * 2], order + "u2")[:count] >> (8 if bits == 16 else 0)
                       ).astype(np.uint8)
        return entries if len(entries) == count else None


def _luminance(colour: NDArray[Any], photometric: str, is_compressed: bool) -> NDArray[np.uint8]:
    """Brightness of a colour picture: the Y of YBR, else the weighted sum of RGB; wide samples lose their low bits."""
    shift = 8 * (colour.dtype.itemsize - 1)
    bytes_ = (colour >> np.array(shift, colour.dtype)).astype(np.uint8) if shift else colour.astype(np.uint8)
    is_rgb_now = photometric in ("RGB", "ARGB") or (is_compressed and photometric in ("YBR_RCT", "YBR_ICT"))
    if is_rgb_now:
        return np.asarray(np.rint(bytes_[..., :3].astype(np.float32) @ _LUMINANCE).astype(np.uint8))
    return np.ascontiguousarray(bytes_[..., 0])


def _unpacked_422(raw: NDArray[np.uint8], shape: FrameShape) -> NDArray[np.uint8]:
    """Two Y, one Cb, one Cr per pair of pixels (PS3.3 C.7.6.3.1.2, YBR_FULL_422)."""
    quads = raw[:shape.rows * shape.columns * 2].reshape(-1, 4)
    full = np.empty((quads.shape[0], 2, 3), dtype=np.uint8)
    full[:, :, 0] = quads[:, :2]
    full[:, :, 1], full[:, :, 2] = quads[:, 2:3], quads[:, 3:4]
    return full.reshape(shape.rows, shape.columns, 3)
