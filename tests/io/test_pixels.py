"""Pixels: every coding gives what went in; what cannot be decoded is named, never made up."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian

from overread.core.errors import Cancelled, DecodeError
from overread.core.progress import CallbackProgress
from overread.core.study import Volume
from overread.io import pixels_sha256, read_pixels, read_slice, scan

pytestmark = pytest.mark.light
RLE, LOSSLESS, BASELINE = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.50"
JPEG_LS, J2K, HTJ2K = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201"


def one(path: Path) -> Volume:
    (volume,) = scan([path]).volumes()
    return volume


def noise(dtype: str, shape: tuple[int, ...] = (24, 20), seed: int = 5) -> np.ndarray:
    limits = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(limits.min, int(limits.max) + 1, shape).astype(dtype)


def encapsulated(write_slice, name: str, pixels: np.ndarray, streams: list[bytes], syntax: str, **attributes) -> Path:
    frames = encapsulate(streams, has_bot=attributes.pop("has_table", True))
    return write_slice(name, pixels=pixels, syntax=syntax, PixelData=frames, **attributes)


def rle(pixels: np.ndarray) -> bytes:
    planes = [pixels.astype(pixels.dtype.newbyteorder(">")).view(np.uint8).reshape(pixels.size, -1)[:, n]
              for n in range(pixels.dtype.itemsize)]
    segments = [imagecodecs.packbits_encode(np.ascontiguousarray(p).tobytes()) for p in planes]
    segments = [s + b"\0" * (len(s) % 2) for s in segments]
    offsets = np.cumsum([64, *(len(s) for s in segments[:-1])])
    return np.array([len(segments), *offsets, *[0] * (15 - len(segments))], "<u4").tobytes() + b"".join(segments)


CODECS = {
    RLE: rle, LOSSLESS: imagecodecs.ljpeg_encode, JPEG_LS: imagecodecs.jpegls_encode,
    J2K: lambda a: imagecodecs.jpeg2k_encode(a, level=0, codecformat="j2k", reversible=True),
    HTJ2K: lambda a: imagecodecs.htj2k_encode(a, reversible=True),
}


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32"])
def test_native_pixels_keep_type_and_values(tmp_path: Path, write_slice, dtype: str) -> None:
    pixels = noise(dtype)
    write_slice("1", pixels=pixels)
    found = read_pixels(one(tmp_path))
    assert found.stored.dtype == pixels.dtype
    np.testing.assert_array_equal(found.stored[0], pixels)


def test_big_endian_pixels(tmp_path: Path, write_slice) -> None:
    pixels = noise("int16")
    write_slice("1", pixels=pixels, PixelData=pixels.astype(">i2").tobytes(), syntax=ExplicitVRBigEndian)
    np.testing.assert_array_equal(read_slice(one(tmp_path), 0), pixels)


@pytest.mark.parametrize("syntax", list(CODECS))
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_lossless_codings_give_back_what_went_in(tmp_path: Path, write_slice, syntax: str, dtype: str) -> None:
    pixels = noise(dtype)
    encapsulated(write_slice, "1", pixels, [bytes(CODECS[syntax](pixels))], syntax)
    np.testing.assert_array_equal(read_slice(one(tmp_path), 0), pixels)


@pytest.mark.parametrize("syntax", [RLE, LOSSLESS, JPEG_LS])
def test_signed_pixels_in_unsigned_streams_get_their_sign(tmp_path: Path, write_slice, syntax: str) -> None:
    pixels = noise("int16") >> 4 << 4 >> 4
    encapsulated(write_slice, "1", pixels, [bytes(CODECS[syntax](pixels.view(np.uint16)))], syntax)
    np.testing.assert_array_equal(read_slice(one(tmp_path), 0), pixels)


def test_sign_is_extended_and_unused_bits_are_masked(tmp_path: Path, write_slice) -> None:
    stored = np.array([[0x0FFF, 0x07FF], [0xF800, 0x0001]], np.uint16)
    write_slice("a/1", pixels=stored, BitsStored=12, HighBit=11, PixelRepresentation=1)
    write_slice("b/1", pixels=stored, BitsStored=12, HighBit=11, PixelRepresentation=0)
    assert read_slice(one(tmp_path / "a"), 0).tolist() == [[-1, 2047], [-2048, 1]]
    assert read_slice(one(tmp_path / "b"), 0).tolist() == [[4095, 2047], [2048, 1]]


def test_frames_of_single_bits_without_padding(tmp_path: Path, write_slice) -> None:
    bits = np.random.default_rng(2).integers(0, 2, (3, 5, 5)).astype(np.uint8)
    raw = np.packbits(bits.ravel(), bitorder="little").tobytes()
    write_slice("1", pixels=bits[0], PixelData=raw, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=3,
                Modality="OT")
    np.testing.assert_array_equal(read_pixels(one(tmp_path)).stored, bits)


def test_inverted_pictures_are_turned_so_that_large_is_bright(tmp_path: Path, write_slice) -> None:
    pixels = np.array([[0, 4095], [100, 1]], np.uint16)
    write_slice("1", pixels=pixels, BitsStored=12, HighBit=11, PhotometricInterpretation="MONOCHROME1", RescaleIntercept
                =0, WindowCenter=100, WindowWidth=50)
    volume = one(tmp_path)
    assert read_slice(volume, 0).tolist() == [[4095, 0], [3995, 4094]]
    assert volume.window == (3995, 50)


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_becomes_luminance(tmp_path: Path, write_slice, planar: int) -> None:
    rgb = np.zeros((2, 2, 3), np.uint8)
    rgb[0, 0], rgb[0, 1], rgb[1, 0] = (255, 0, 0), (0, 255, 0), (255, 255, 255)
    raw = np.moveaxis(rgb, -1, 0) if planar else rgb
    write_slice("1", pixels=rgb[..., 0], PixelData=raw.tobytes(), SamplesPerPixel=3, PlanarConfiguration=planar,
                PhotometricInterpretation="RGB", Modality="OT", BitsAllocated=8)
    volume = one(tmp_path)
    assert (volume.kind, volume.dtype) == ("image", "uint8")
    assert read_slice(volume, 0).tolist() == [[76, 150], [255, 0]]


def test_palette_becomes_luminance(tmp_path: Path, write_slice) -> None:
    ramp = np.array([0, 40, 80, 255], "<u2") * 257
    tables = {f"{c}PaletteColorLookupTable{part}": value for c in ("Red", "Green", "Blue")
              for part, value in (("Descriptor", [4, 0, 16]), ("Data", ramp.tobytes()))}
    write_slice("1", pixels=np.array([[0, 1], [2, 3]], np.uint8), PhotometricInterpretation="PALETTE COLOR",
                Modality="US", **tables)
    assert read_slice(one(tmp_path), 0).tolist() == [[0, 40], [80, 255]]


@pytest.mark.parametrize("has_table", [True, False])
def test_frames_in_several_fragments(tmp_path: Path, write_slice, has_table: bool) -> None:
    frames = [noise("uint8", seed=n) for n in range(3)]
    encapsulated(write_slice, "1", frames[0], [bytes(CODECS[JPEG_LS](f)) for f in frames], JPEG_LS, NumberOfFrames=3,
                 Modality="OT", has_table=has_table)
    np.testing.assert_array_equal(read_pixels(one(tmp_path)).stored, np.stack(frames))


def test_rescale_and_units(tmp_path: Path, write_slice) -> None:
    for k in range(3):
        write_slice(f"{k}", z=3.0 * k, value=10 * k, RescaleSlope=2, RescaleIntercept=-1000)
    found = read_pixels(one(tmp_path))
    assert found.units == "HU"
    assert found.is_uniform
    assert found.values()[:, 0, 0].tolist() == [-1000, -980, -960]


def test_asked_order_and_each_slice_told_once(tmp_path: Path, write_slice) -> None:
    for k in range(6):
        write_slice(f"{k}", z=3.0 * k, value=k)
    told: list[tuple[int, int]] = []
    read_pixels(one(tmp_path), order=[3, 2, 4], on_slice=lambda k, stored: told.append((k, int(stored.max()))))
    assert told == [(3, 3), (2, 2), (4, 4), (0, 0), (1, 1), (5, 5)]


def test_damaged_slice_is_missing_and_holds_the_smallest_value(tmp_path: Path, write_slice) -> None:
    for k in range(4):
        pixels = noise("uint16", seed=k) | 8
        path = encapsulated(write_slice, f"{k}", pixels, [bytes(CODECS[JPEG_LS](pixels))], JPEG_LS,
                            ImagePositionPatient=[0, 0, 3 * k])
        if k == 2:
            data = path.read_bytes()
            path.write_bytes(data[:-300] + b"\x11" * 300)
    found = read_pixels(one(tmp_path))
    assert found.missing == (2,)
    assert set(found.stored[2].ravel().tolist()) == {int(found.stored[[0, 1, 3]].min())}


def test_nothing_decodable_is_one_sentence(tmp_path: Path, write_slice) -> None:
    pixels = noise("uint8")
    encapsulated(write_slice, "1", pixels, [b"\xff\xd8garbage" * 20], LOSSLESS)
    volume = one(tmp_path)
    with pytest.raises(DecodeError, match=r"cannot be read: .*\. Export the series again\.$"):
        read_pixels(volume)
    with pytest.raises(DecodeError):
        read_slice(volume, 0)


def test_unknown_syntax_is_warned_of_and_named(tmp_path: Path, write_slice) -> None:
    pixels = noise("uint8")
    encapsulated(write_slice, "1", pixels, [b"12345678" * 20], "1.2.840.10008.1.2.4.100")
    volume = one(tmp_path)
    assert "unknown-syntax" in [w.code for w in volume.warnings]
    with pytest.raises(DecodeError, match=r"1\.2\.840\.10008\.1\.2\.4\.100"):
        read_pixels(volume)


def test_stream_of_another_size_than_the_header_is_not_decoded(tmp_path: Path, write_slice) -> None:
    stream = bytes(CODECS[JPEG_LS](noise("uint8", (64, 64))))
    encapsulated(write_slice, "1", noise("uint8", (24, 20)), [stream], JPEG_LS)
    with pytest.raises(DecodeError, match="64 x 64 x 1, the header says 24 x 20 x 1"):
        read_pixels(one(tmp_path))


@pytest.mark.parametrize("segments", [0, 1, 15, 2**32 - 1])
def test_hostile_run_length_headers(tmp_path: Path, write_slice, segments: int) -> None:
    stream = np.array([segments, 64, 64, *[0] * 13], "<u4").tobytes() + b"\x81\0" * 10
    encapsulated(write_slice, "1", noise("uint16"), [stream], RLE)
    with pytest.raises(DecodeError):
        read_pixels(one(tmp_path))


def test_volume_larger_than_memory_is_refused(tmp_path: Path, write_slice) -> None:
    write_slice("1")
    huge = dataclasses.replace(one(tmp_path), shape=(10**7, 4096, 4096))
    with pytest.raises(DecodeError, match="more than this machine's memory"):
        read_pixels(huge)


def test_file_that_went_away(tmp_path: Path, write_slice) -> None:
    path = write_slice("1")
    volume = one(tmp_path)
    path.unlink()
    with pytest.raises(DecodeError, match="cannot be read"):
        read_pixels(volume)


def test_cancelling_a_read(tmp_path: Path, write_slice) -> None:
    for k in range(6):
        write_slice(f"{k}", z=3.0 * k)
    told: list[int] = []
    progress = CallbackProgress(lambda stage: None, lambda: len(told) >= 2)
    with pytest.raises(Cancelled):
        read_pixels(one(tmp_path), progress, on_slice=lambda k, stored: told.append(k))
    assert len(told) == 2


def test_digest_does_not_depend_on_files_but_on_every_value(tmp_path: Path, write_slice) -> None:
    for k in range(4):
        write_slice(f"a/{k}", z=3.0 * k, value=k)
        write_slice(f"b/{9 - k}", z=3.0 * k, value=k)
        write_slice(f"c/{k}", z=3.0 * k, value=k + (k == 3))
        write_slice(f"d/{k}", z=3.0 * k, value=k, RescaleSlope=2)
    digests = [pixels_sha256(read_pixels(one(tmp_path / name))) for name in "abcd"]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
