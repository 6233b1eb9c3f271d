"""What a folder holds: Study > Series > Volume, as plain values without pixels, and the scan that found them.

Values are small and picklable: they travel between processes; pixels are read when needed by ``overread.io``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, Grid
from overread.core.roles import Role

WARNING_CODES = (
    "missing-slices",
    "uneven-spacing",
    "duplicate-position",
    "uid-collision",
    "gantry-tilt",
    "mixed-size",
    "mixed-orientation",
    "no-position",
    "single-slice",
    "truncated-pixels",
    "unknown-syntax",
    "inconsistent-rescale",
    "mixed-frame-of-reference",
)


@dataclass(frozen=True, slots=True)
class VolumeWarning:
    """Something odd about a volume: a code of the contract, a sentence, the files concerned."""

    code: str
    text: str
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in WARNING_CODES:
            raise ValueError(f"no such warning: {self.code}")


@dataclass(frozen=True, slots=True)
class FrameRef:
    """Where the pixels of one slice are: a file, and which frame of it (0 for a classic single-frame file).

    ``slope`` and ``intercept`` turn stored values into values with a unit (rescale); ``position_mm`` is the centre
    of the slice's first voxel, None when unknown.
    """

    path: str
    frame: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    position_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """Slices that belong together.

    ``kind`` is ``volume`` (regular grid), ``stack`` (slices that form no regular grid) or ``image`` (no position).
    ``shape`` is (k, j, i). ``slices`` are in order of k. ``file_format`` is ``dicom`` or ``volume-file`` (NIfTI,
    NRRD, MHA: one FrameRef with the path; its slices are read together).
    ``split_by`` names the tags that told it from other volumes of its series, ``told_apart`` says so in words.
    ``window`` is (centre, width) from the header. ``acquired_s``: seconds after the first volume of its group.
    """

    id: str
    kind: str
    shape: tuple[int, int, int]
    affine: Affine | None
    orientation: str
    slices: tuple[FrameRef, ...]
    role: Role
    modality: str | None = None
    description: str | None = None
    frame_of_reference: str | None = None
    file_count: int = 1
    split_by: tuple[str, ...] = ()
    told_apart: tuple[str, ...] = ()
    warnings: tuple[VolumeWarning, ...] = ()
    phase: int | None = None
    b_value: float | None = None
    acquired_s: float | None = None
    units: str | None = None
    dtype: str | None = None
    transfer_syntax: str | None = None
    window: tuple[float, float] | None = None
    slice_thickness_mm: float | None = None
    file_format: str = "dicom"
    size_bytes: int = 0

    @property
    def grid(self) -> Grid | None:
        """The regular grid, or None for a stack or an image."""
        return Grid(self.shape, self.affine) if self.kind == "volume" and self.affine is not None else None

    @property
    def spacing_mm(self) -> tuple[float, float, float] | None:
        """Spacing along k, j, i; None without an affine."""
        return None if self.affine is None else self.affine.spacing_mm

    @property
    def frames(self) -> int:
        """How many slices there are."""
        return self.shape[0]


@dataclass(frozen=True, slots=True)
class OtherObject:
    """A DICOM object that is not shown as a picture, or shown only on something else (SEG, SR ...)."""

    path: str
    kind: str
    refers_to: tuple[str, ...] = ()
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """A DICOM series, or one volume file."""

    series_uid: str | None
    modality: str | None
    number: int | None
    description: str | None
    volumes: tuple[Volume, ...] = ()
    objects: tuple[OtherObject, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """A DICOM study, or the volume files of one folder. Patient names and IDs are not kept."""

    study_uid: str | None
    date: str | None
    description: str | None
    series: tuple[Series, ...] = ()

    def volumes(self) -> Iterator[Volume]:
        """All volumes, in the order of their series."""
        for series in self.series:
            yield from series.volumes


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file or frames that are in no volume, and why. ``frames`` is None for what has no frames."""

    path: str
    reason: str
    frames: int | None


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Every file found, in exactly one class (CONTRACT section 3)."""

    found: int = 0
    image: int = 0
    other_dicom: int = 0
    volume_file: int = 0
    not_dicom: int = 0
    unreadable: int = 0
    duplicate: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """All that was found under some paths."""

    roots: tuple[str, ...]
    files: FileCounts
    studies: tuple[Study, ...]
    set_aside: tuple[SetAside, ...]
    seconds: float = 0.0

    def volumes(self) -> Iterator[Volume]:
        """All volumes of all studies."""
        for study in self.studies:
            yield from study.volumes()

    def volume(self, volume_id: str) -> Volume | None:
        """The volume with this id, or whose id alone begins with it; None when there is none."""
        matches = [v for v in self.volumes() if v.id.startswith(volume_id)]
        exact = [v for v in matches if v.id == volume_id]
        return (exact or matches)[0] if exact or len(matches) == 1 else None


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Decoded pixels of a volume, kept in their stored integer type.

    ``stored`` is [k, j, i]; value = stored * slope[k] + intercept[k] in ``units``.
    ``missing`` are the slices whose pixels could not be decoded: they hold the smallest stored value.
    """

    stored: NDArray[np.generic]
    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    units: str | None = None
    missing: tuple[int, ...] = field(default=())

    @property
    def is_uniform(self) -> bool:
        """Whether all slices share one rescale."""
        return bool(np.all(self.slope == self.slope[0]) and np.all(self.intercept == self.intercept[0]))

    def slice_values(self, k: int) -> NDArray[np.float32]:
        """Slice k with its unit, (rows, columns), float32."""
        values: NDArray[np.float32] = self.stored[k].astype(np.float32)
        if self.slope[k] != 1:
            values *= np.float32(self.slope[k])
        if self.intercept[k] != 0:
            values += np.float32(self.intercept[k])
        return values

    def values(self) -> NDArray[np.float32]:
        """The whole volume with its unit, [k, j, i], float32."""
        return np.stack([self.slice_values(k) for k in range(self.stored.shape[0])])
