"""Where things are: index space to patient space and back. Nobody else multiplies an affine by hand.

Index order is always (k, j, i) = (slice, row, column), whole numbers at voxel centres. Positions are patient
coordinates in mm, LPS (x to the patient's left, y to the back, z to the head; DICOM PS3.3 C.7.6.2.1.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.errors import GeometryError

Points = NDArray[np.float64]

_LETTERS = (("L", "R"), ("P", "A"), ("H", "F"))
_AXIAL, _CORONAL, _SAGITTAL = 2, 1, 0
OBLIQUE_DEGREES = 30.0
"""A stack whose normal is farther than this from every main axis is called oblique."""


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """Maps voxel centres (i, j, k, 1) to patient coordinates (x, y, z, 1) in mm, LPS.

    Parameters
    ----------
    matrix
        4 x 4, float64. Columns: step along columns i, rows j, slices k, then the centre of voxel (0, 0, 0).

    Raises
    ------
    GeometryError
        The matrix is not finite or has no inverse.
    """

    matrix: NDArray[np.float64]

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.all(np.isfinite(matrix)):
            raise GeometryError(
                "This volume cannot be placed",
                "its affine is not a finite 4 x 4 matrix",
                "Leave it out or export it again",
            )
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if np.any(lengths == 0) or abs(np.linalg.det(matrix[:3, :3] / np.where(lengths == 0, 1, lengths))) < 1e-6:
            raise GeometryError(
                "This volume cannot be placed", "its axes do not span a space", "Leave it out or export it again"
            )
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Affine) and bool(np.array_equal(self.matrix, other.matrix))

    def __hash__(self) -> int:
        return hash(self.matrix.tobytes())

    def to_mm(self, kji: ArrayLike) -> Points:
        """Patient position (..., 3) as x, y, z of index positions (..., 3) as k, j, i. Fractions are allowed."""
        index = np.asarray(kji, dtype=np.float64)[..., ::-1]
        moved: Points = index @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return moved

    def to_index(self, xyz: ArrayLike) -> Points:
        """Index position (..., 3) as k, j, i of patient positions (..., 3) as x, y, z in mm."""
        inverse = np.linalg.inv(self.matrix[:3, :3])
        ijk = (np.asarray(xyz, dtype=np.float64) - self.matrix[:3, 3]) @ inverse.T
        return np.ascontiguousarray(ijk[..., ::-1])

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along k, j and i."""
        step_i, step_j, step_k = np.linalg.norm(self.matrix[:3, :3], axis=0)
        return float(step_k), float(step_j), float(step_i)

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector along increasing slice index k."""
        step = self.matrix[:3, 2]
        return np.asarray(step / np.linalg.norm(step))

    def direction(self, axis: str) -> NDArray[np.float64]:
        """Unit vector along increasing ``"k"``, ``"j"`` (down the rows) or ``"i"`` (along the columns)."""
        step = self.matrix[:3, "ijk".index(axis)]
        return np.asarray(step / np.linalg.norm(step))

    def then(self, inner: Affine) -> Affine:
        """This affine after ``inner``, where ``inner`` maps indices of a derived grid to indices (i, j, k) here."""
        return Affine(self.matrix @ inner.matrix)

    @property
    def orientation(self) -> str:
        """``axial``, ``coronal``, ``sagittal`` or ``oblique``, by the normal of the slice plane."""
        return orientation_of(np.cross(self.direction("i"), self.direction("j")))

    def letters(self) -> tuple[str, str, str, str]:
        """Orientation letters at the left, right, top and bottom edge of a slice drawn with row 0 on top."""
        right, bottom = letters_of(self.direction("i")), letters_of(self.direction("j"))
        return opposite(right), right, opposite(bottom), bottom


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of voxels: shape (k, j, i) and where it lies."""

    shape: tuple[int, int, int]
    affine: Affine

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(
                "This volume cannot be placed",
                f"its shape {self.shape} is not that of a volume",
                "Leave it out or export it again",
            )

    def contains(self, xyz: ArrayLike) -> bool:
        """Whether the position lies inside the voxels of this grid (their outer faces included)."""
        kji = self.affine.to_index(xyz)
        return bool(np.all(kji >= -0.5 - 1e-6) and np.all(kji <= np.array(self.shape) - 0.5 + 1e-6))


def affine_from_dicom(
    position: Sequence[float], orientation: Sequence[float], pixel_spacing: Sequence[float], step: ArrayLike
) -> Affine:
    """Affine of a stack from the attributes of its first slice.

    Parameters
    ----------
    position
        Image Position (Patient) of slice 0, mm.
    orientation
        Image Orientation (Patient): direction of increasing column index, then of increasing row index.
    pixel_spacing
        Pixel Spacing: distance between rows, then between columns, mm.
    step
        Vector from slice 0 to slice 1, mm.

    References
    ----------
    DICOM PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1.
    """
    matrix = np.eye(4)
    matrix[:3, 0] = np.asarray(orientation[:3], dtype=np.float64) * float(pixel_spacing[1])
    matrix[:3, 1] = np.asarray(orientation[3:6], dtype=np.float64) * float(pixel_spacing[0])
    matrix[:3, 2] = np.asarray(step, dtype=np.float64)
    matrix[:3, 3] = np.asarray(position, dtype=np.float64)
    return Affine(matrix)


def orientation_of(normal: ArrayLike) -> str:
    """Name of the plane whose normal this is: ``axial``, ``coronal``, ``sagittal`` or ``oblique``."""
    vector = np.abs(np.asarray(normal, dtype=np.float64))
    length = float(np.linalg.norm(vector))
    if length == 0 or not np.isfinite(length):
        return "oblique"
    axis = int(np.argmax(vector))
    if vector[axis] / length < np.cos(np.radians(OBLIQUE_DEGREES)):
        return "oblique"
    return {_AXIAL: "axial", _CORONAL: "coronal", _SAGITTAL: "sagittal"}[axis]


def letters_of(direction: ArrayLike, threshold: float = 0.2) -> str:
    """Letters towards which a direction points, the main one first: ``L``, ``PL``, ``H`` ...

    Components below ``threshold`` of the length are left out (DICOM PS3.3 C.7.6.1.1.1: Patient Orientation).
    """
    vector = np.asarray(direction, dtype=np.float64)
    order = np.argsort(-np.abs(vector), kind="stable")
    chosen = [int(a) for a in order if abs(vector[a]) >= threshold * np.linalg.norm(vector)]
    return "".join(_LETTERS[a][0] if vector[a] > 0 else _LETTERS[a][1] for a in chosen)


def opposite(letters: str) -> str:
    """The letters of the opposite edge."""
    return letters.translate(str.maketrans("LRPAHF", "RLAPFH"))
