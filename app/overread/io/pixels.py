"""Pixels of a volume, decoded when asked for, kept in their stored integer type.

Bits above Bits Stored are masked and signs extended; pictures in MONOCHROME1 are inverted so that large means bright
(their absolute values then run backwards); colour and palette pictures become luminance, uint8.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import DecodeError
from overread.core.progress import SILENT, Progress
from overread.core.study import FrameRef, Pixels, Volume
from overread.io.codecs import NATIVE, CodecError
from overread.io.pixel_file import PixelFile
from overread.io.volume_files import read_volume_file, read_volume_file_slice

Slice = NDArray[np.generic]
STAGE = "Reading pixels"
_REMEDY = "Export the series again"


def read_slice(volume: Volume, k: int) -> Slice:
    """Stored pixels of one slice, decoded now.

    Parameters
    ----------
    volume
        From a scan.
    k
        Index of the slice.

    Returns
    -------
    ndarray
        (rows, columns), the volume's stored integer type.

    Raises
    ------
    DecodeError
        The slice cannot be decoded, or its file has gone.
    """
    if volume.file_format == "volume-file":
        return read_volume_file_slice(volume, k)
    reference = volume.slices[k]
    try:
        with PixelFile(reference.path) as file:
            return _fitted(file.frame(reference.frame), volume)
    except (CodecError, OSError) as problem:
        raise _decode_error(volume, f"slice {k + 1}: {_why(problem)}") from problem


def read_pixels(volume: Volume, progress: Progress = SILENT, order: Sequence[int] | None = None,
                on_slice: Callable[[int, Slice], None] | None = None) -> Pixels:
    """All pixels of a volume.

    Parameters
    ----------
    volume
        From a scan.
    progress
        Told after every slice, asked before.
    order
        In which order slices are decoded (the window wants the middle first); left-out ones follow.
    on_slice
        Called with the index and the pixels of each decoded slice, in this thread.

    Returns
    -------
    Pixels
        Slices that cannot be decoded are in ``missing`` and hold the smallest stored value.

    Raises
    ------
    DecodeError
        No slice at all can be decoded, or the volume is larger than this machine's memory.
    """
    if volume.file_format == "volume-file":
        return _whole_volume_file(volume, progress, order, on_slice)
    dtype = np.dtype(volume.dtype or "uint16")
    _check_memory(volume, dtype)
    stored = np.zeros(volume.shape, dtype=dtype)
    indices = _order(volume.shape[0], order)
    missing: list[int] = []
    reason = "no slice can be decoded"
    for done, (k, pixels, problem) in enumerate(_decoded(volume, indices, progress), start=1):
        if pixels is None:
            missing.append(k)
            reason = problem
        else:
            stored[k] = pixels
            if on_slice is not None:
                on_slice(k, stored[k])
        progress.step(STAGE, done, len(indices))
    if len(missing) == len(indices):
        raise _decode_error(volume, reason)
    if missing:
        good = np.setdiff1d(np.arange(len(indices)), missing)
        stored[missing] = min(stored[k].min() for k in good)
    return Pixels(stored, np.array([s.slope for s in volume.slices]), np.array([s.intercept for s in volume.slices]),
                  volume.units, tuple(sorted(missing)))


def pixels_sha256(pixels: Pixels) -> str:
    """SHA-256 of decoded values with their shape, type and rescale: the same wherever the files lie.

    Stored values enter little endian; slopes and intercepts as float64.
    """
    stored = np.ascontiguousarray(pixels.stored)
    digest = hashlib.sha256(f"{stored.dtype.newbyteorder('<').str}{stored.shape}{pixels.units}".encode())
    for k in range(stored.shape[0]):
        digest.update(np.ascontiguousarray(stored[k].astype(stored.dtype.newbyteorder("<"), copy=False)).data)
    for numbers in (pixels.slope, pixels.intercept):
        digest.update(np.ascontiguousarray(numbers, dtype="<f8").data)
    digest.update(str(pixels.missing).encode())
    return digest.hexdigest()


def _order(count: int, order: Sequence[int] | None) -> list[int]:
    wanted = dict.fromkeys(k for k in (order or ()) if 0 <= k < count)
    return [*wanted, *(k for k in range(count) if k not in wanted)]


def _decoded(volume: Volume, indices: Sequence[int],
             progress: Progress) -> Iterator[tuple[int, Slice | None, str]]:
    """Slices in the order asked for: each file opened once while its frames follow each other."""
    if volume.transfer_syntax in NATIVE or len({s.path for s in volume.slices}) == 1:
        yield from _decoded_here(volume, indices)
        return
    threads = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        ahead = 4 * threads
        waiting = [(k, pool.submit(_try_slice, volume, volume.slices[k])) for k in indices[:ahead]]
        try:
            for n in range(len(indices)):
                k, future = waiting[n]
                pixels, problem = future.result()
                waiting[n] = (k, future)
                if n + ahead < len(indices):
                    following = indices[n + ahead]
                    waiting.append((following, pool.submit(_try_slice, volume, volume.slices[following])))
                progress.check()
                yield k, pixels, problem
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _decoded_here(volume: Volume, indices: Sequence[int]) -> Iterator[tuple[int, Slice | None, str]]:
    frames = Counter(reference.path for reference in volume.slices)
    open_file: PixelFile | None = None
    try:
        for k in indices:
            reference = volume.slices[k]
            if frames[reference.path] == 1:
                yield k, *_try_slice(volume, reference)
                continue
            try:
                if open_file is None or open_file.path != reference.path:
                    if open_file is not None:
                        open_file.close()
                    open_file = PixelFile(reference.path)
                yield k, _fitted(open_file.frame(reference.frame), volume), ""
            except (CodecError, OSError) as problem:
                yield k, None, _why(problem)
    finally:
        if open_file is not None:
            open_file.close()


def _try_slice(volume: Volume, reference: FrameRef) -> tuple[Slice | None, str]:
    try:
        with PixelFile(reference.path) as file:
            return _fitted(file.frame(reference.frame), volume), ""
    except (CodecError, OSError) as problem:
        return None, _why(problem)


def _fitted(pixels: NDArray[Any], volume: Volume) -> Slice:
    """The slice in the volume's type; another size means that the file was changed since the scan."""
    if pixels.shape != volume.shape[1:]:
        raise CodecError("the file has changed since it was scanned")
    return pixels.astype(np.dtype(volume.dtype or pixels.dtype), copy=False)


def _why(problem: BaseException) -> str:
    if isinstance(problem, OSError):
        return f"its file cannot be read ({problem.strerror or 'it is damaged'})"
    return str(problem)


def _check_memory(volume: Volume, dtype: np.dtype[Any]) -> None:
    needed = int(np.prod([int(n) for n in volume.shape], dtype=object)) * dtype.itemsize
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        there = 16 << 30
    if needed > 0.8 * there:
        raise _decode_error(volume, f"they take {needed / 2**30:.0f} GiB, more than this machine's memory",
                            "Use a machine with more memory, or leave this series out")


def _decode_error(volume: Volume, why: str, remedy: str = _REMEDY) -> DecodeError:
    name = volume.description or f"volume {volume.id}"
    if not Path(volume.slices[0].path).exists():
        why, remedy = "its files are no longer there", "Check that the disk or share is there, then open it again"
    return DecodeError(f"The pixels of '{name}' cannot be read", why, remedy)


def _whole_volume_file(volume: Volume, progress: Progress, order: Sequence[int] | None,
                       on_slice: Callable[[int, Slice], None] | None) -> Pixels:
    progress.step(STAGE, 0, volume.shape[0])
    pixels = read_volume_file(volume)
    for done, k in enumerate(_order(volume.shape[0], order), start=1):
        if on_slice is not None:
            on_slice(k, pixels.stored[k])
        progress.step(STAGE, done, volume.shape[0])
    return pixels
