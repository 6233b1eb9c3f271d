"""NIfTI, NRRD and MetaImage in and out, through SimpleITK in the helper process.

SimpleITK works in LPS as we do; it turns NIfTI's RAS itself. Volumes whose axes are left-handed are read with their
slices in reverse order, so that slices always rise along row direction x column direction.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import DecodeError, InputError
from overread.core.geometry import Affine
from overread.core.study import Pixels, Volume
from overread.io.apart import call_apart
from overread.io.atomic import write_atomically

_SHEAR = 1e-3


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """What the header of a volume file says; ``problem`` says why it cannot be shown, None when it can."""

    path: str
    shape: tuple[int, int, int] | None = None
    matrix: tuple[float, ...] | None = None
    dtype: str | None = None
    problem: str | None = None


def describe_volume_files(paths: Sequence[str]) -> list[VolumeFile]:
    """Read the headers of volume files (in the helper process)."""
    return call_apart(_describe_all, list(paths)) if paths else []


def read_volume_file(volume: Volume) -> Pixels:
    """Pixels of a volume that came from a volume file.

    Raises
    ------
    DecodeError
        The file cannot be read any more or has another size.
    """
    stored = _asked_apart(volume, None)
    count = volume.shape[0]
    return Pixels(stored, np.ones(count), np.zeros(count), volume.units)


def read_volume_file_slice(volume: Volume, k: int) -> NDArray[Any]:
    """One slice of a volume that came from a volume file; the helper process keeps the rest for the next call.

    Raises
    ------
    DecodeError
        See ``read_volume_file``.
    """
    return _asked_apart(volume, k)


def _asked_apart(volume: Volume, k: int | None) -> NDArray[Any]:
    name = volume.description or volume.id
    try:
        state = os.stat(volume.slices[0].path)
        stored = call_apart(_part, volume.slices[0].path, state.st_mtime_ns, state.st_size, k)
    except OSError as problem:
        raise DecodeError(f"The pixels of '{name}' cannot be read", "its file has gone or cannot be opened",
                          "Open the folder again") from problem
    except InputError as problem:
        raise DecodeError(f"The pixels of '{name}' cannot be read", problem.why, problem.remedy) from problem
    if stored.shape != (volume.shape if k is None else volume.shape[1:]):
        raise DecodeError(f"The pixels of '{name}' cannot be read", "the file has changed since it was scanned",
                          "Open the folder again")
    return stored


def read_volume_array(path: Path) -> tuple[NDArray[Any], Affine]:
    """Array [k, j, i] and affine of a volume file.

    Raises
    ------
    InputError
        It is missing, or no volume that can be read.
    """
    try:
        state = os.stat(path)
    except OSError as problem:
        raise InputError(f"{Path(path).name} cannot be read", "there is no such file", "Check the path") from problem
    stored, matrix = call_apart(_read, str(path), state.st_mtime_ns, state.st_size)
    return stored, Affine(np.array(matrix).reshape(4, 4))


def write_volume_nifti(path: Path, values: NDArray[Any], affine: Affine) -> None:
    """Write an array [k, j, i] with its affine as NIfTI, packed when the name ends in ``.gz``.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    InputError
        The affine is sheared (a tilted gantry): NIfTI through SimpleITK cannot hold it.
    """
    matrix = tuple(float(x) for x in affine.matrix.ravel())
    array = np.ascontiguousarray(values)
    columns = affine.matrix[:3, :3] / np.linalg.norm(affine.matrix[:3, :3], axis=0)
    if float(np.abs(columns.T @ columns - np.eye(3)).max()) > _SHEAR:
        raise InputError(f"{Path(path).name} cannot be written", "its slices are sheared, which NIfTI files made here "
                         "cannot hold", "Resample the volume to an upright grid first")
    write_atomically(Path(path), lambda beside: call_apart(_write, str(beside), array, matrix))


def _describe_all(paths: Sequence[str]) -> list[VolumeFile]:
    return [_describe(path) for path in paths]


def _describe(path: str) -> VolumeFile:
    sitk = _simple_itk()
    reader = sitk.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as problem:
        return VolumeFile(path, problem=f"it cannot be read as an image volume ({_last_line(problem)})")
    size, dimension = reader.GetSize(), reader.GetDimension()
    if dimension not in (2, 3) and any(n > 1 for n in size[3:]):
        return VolumeFile(path, problem=f"it has {dimension} dimensions: split it into volumes first")
    if reader.GetNumberOfComponents() != 1:
        return VolumeFile(path, problem=f"it has {reader.GetNumberOfComponents()} values per voxel")
    dtype = _DTYPES.get(sitk.GetPixelIDValueAsString(reader.GetPixelID()))
    if dtype is None:
        return VolumeFile(path, problem="its kind of values cannot be shown")
    size3 = tuple(size[:3]) if dimension >= 3 else (size[0], size[1], 1)
    matrix = _matrix(reader.GetOrigin(), reader.GetSpacing(), reader.GetDirection(), dimension)
    if not np.all(np.isfinite(matrix)) or abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
        return VolumeFile(path, problem="its position in space makes no sense")
    turned, _ = _right_handed(matrix, size3[2])
    return VolumeFile(path, (size3[2], size3[1], size3[0]), tuple(float(x) for x in turned.ravel()), dtype)


def _simple_itk() -> Any:
    """The library, its chatter off; only ever in the helper process."""
    import SimpleITK as sitk

    library: Any = sitk
    library.ProcessObject.SetGlobalWarningDisplay(False)
    return library


_DTYPES = {
    "8-bit signed integer": "int8", "8-bit unsigned integer": "uint8", "16-bit signed integer": "int16",
    "16-bit unsigned integer": "uint16", "32-bit signed integer": "int32", "32-bit unsigned integer": "uint32",
    "64-bit signed integer": "int64", "64-bit unsigned integer": "uint64", "32-bit float": "float32",
    "64-bit float": "float64",
}


def _last_line(problem: RuntimeError) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    text = lines[-1].rsplit(":", 1)[-1].strip() if lines else ""
    return text[:80] if text and "/" not in text and "\\" not in text else "the library refuses it"


def _matrix(origin: Sequence[float], spacing: Sequence[float], direction: Sequence[float],
            dimension: int) -> NDArray[np.float64]:
    full = np.eye(dimension) if len(direction) != dimension**2 else np.array(direction).reshape(dimension, dimension)
    axes = np.eye(3)
    kept = min(3, dimension)
    axes[:kept, :kept] = full[:kept, :kept]
    steps = np.ones(3)
    steps[:kept] = spacing[:kept]
    matrix = np.eye(4)
    matrix[:3, :3] = axes * steps
    matrix[:kept, 3] = origin[:kept]
    return matrix


def _right_handed(matrix: NDArray[np.float64], slices: int) -> tuple[NDArray[np.float64], bool]:
    """The matrix with slices in reverse order where its axes are left-handed, and whether that was so."""
    if np.linalg.det(matrix[:3, :3]) > 0:
        return matrix, False
    turned = matrix.copy()
    turned[:3, 3] += (slices - 1) * matrix[:3, 2]
    turned[:3, 2] = -matrix[:3, 2]
    return turned, True


def _part(path: str, modified_ns: int, size: int, k: int | None) -> NDArray[Any]:
    array, _ = _read(path, modified_ns, size)
    return array if k is None else np.asarray(array[min(k, array.shape[0] - 1)])


@lru_cache(maxsize=1)
def _read(path: str, _modified_ns: int, _size: int) -> tuple[NDArray[Any], tuple[float, ...]]:
    """Array and matrix of a volume file; the last one is kept, as slices are asked for one after the other."""
    sitk = _simple_itk()
    try:
        image = sitk.ReadImage(path)
    except RuntimeError as problem:
        raise InputError(f"{os.path.basename(path)} cannot be read", f"it is damaged or no volume "
                         f"({_last_line(problem)})", "Export it again") from problem
    array = sitk.GetArrayFromImage(image)
    while array.ndim > 3 and array.shape[0] == 1:
        array = array[0]
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3:
        raise InputError(f"{os.path.basename(path)} cannot be read", f"it has {array.ndim} dimensions, not 3",
                         "Split it into volumes first")
    matrix = _matrix(image.GetOrigin(), image.GetSpacing(), image.GetDirection(), image.GetDimension())
    turned, is_turned = _right_handed(matrix, array.shape[0])
    array = np.ascontiguousarray(array[::-1]) if is_turned else array
    return array, tuple(float(x) for x in turned.ravel())


def _write(path: str, array: NDArray[Any], matrix: tuple[float, ...]) -> None:
    sitk = _simple_itk()
    full = np.array(matrix).reshape(4, 4)
    spacing = np.linalg.norm(full[:3, :3], axis=0)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing([float(x) for x in spacing])
    image.SetOrigin([float(x) for x in full[:3, 3]])
    image.SetDirection([float(x) for x in (full[:3, :3] / spacing).ravel()])
    try:
        sitk.WriteImage(image, path, useCompression=path.endswith(".gz"))
    except RuntimeError as problem:
        raise OSError(None, "the library could not write it") from problem
