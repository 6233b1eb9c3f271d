"""How stored slices are turned for display, and the letters that then stand at the edges.

Axial slices are always shown as radiologists read them: the patient's right on the viewer's left, front on
top.
Other DICOM slices are shown as stored, since there the maker chose rows and columns for viewing. In volume
files
rows and columns mean nothing, so all planes are turned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine, letters_of, opposite

_TO_SHOWN = str.maketrans("HF", "SI")
_RIGHT_AND_DOWN = {
    2: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    1: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    0: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
}
"""By the main axis of the slice normal: patient directions that are shown to the right and downwards."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Transpose first, then mirror: from the stored slice to the shown one."""

    transposed: bool = False
    rows_mirrored: bool = False
    columns_mirrored: bool = False

    def of(self, stored: NDArray[Any]) -> NDArray[Any]:
        """The shown slice (rows, columns), a view without a copy."""
        shown = stored.T if self.transposed else stored
        return shown[:: -1 if self.rows_mirrored else 1, :: -1 if self.columns_mirrored else 1]

    def shape(self, stored: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of the shown slice, or row and column spacing."""
        return (stored[1], stored[0]) if self.transposed else stored

    def spacing(self, stored: tuple[float, float]) -> tuple[float, float]:
        """Distance between shown rows and between shown columns."""
        return (stored[1], stored[0]) if self.transposed else stored

    def to_shown(self, j: float, i: float, stored: tuple[int, int]) -> tuple[float, float]:
        """Shown (row, column) of stored row j and column i of a slice of that stored shape."""
        row, column = (i, j) if self.transposed else (j, i)
        rows, columns = self.shape(stored)
        return (rows - 1 - row if self.rows_mirrored else row,
                columns - 1 - column if self.columns_mirrored else column)

    def to_stored(self, row: float, column: float, stored: tuple[int, int]) -> tuple[float, float]:
        """Stored (j, i) of a shown row and column."""
        rows, columns = self.shape(stored)
        row = rows - 1 - row if self.rows_mirrored else row
        column = columns - 1 - column if self.columns_mirrored else column
        return (column, row) if self.transposed else (row, column)


def turn_for(affine: Affine | None, any_plane: bool = False) -> Turn:
    """The turn for a volume.

    Parameters
    ----------
    affine
        Its place, None when unknown: then it is shown as stored.
    any_plane
        Turn coronal and sagittal slices as well (volume files).
    """
    if affine is None:
        return Turn()
    along_i, along_j = affine.direction("i"), affine.direction("j")
    axis = int(np.argmax(np.abs(np.cross(along_i, along_j))))
    if affine.orientation != "axial" and not any_plane:
        return Turn()
    right, down = (np.array(v) for v in _RIGHT_AND_DOWN[axis])
    transposed = bool(abs(along_i @ right) < abs(along_j @ right))
    across, along = (along_j, along_i) if transposed else (along_i, along_j)
    return Turn(transposed, bool(along @ down < 0), bool(across @ right < 0))


def edge_letters(affine: Affine | None, turn: Turn) -> tuple[str, str, str, str]:
    """Letters at the left, right, top and bottom edge as shown, S and I for head and foot; empty when
    unknown."""
    if affine is None:
        return "", "", "", ""
    along_i, along_j = affine.direction("i"), affine.direction("j")
    across, along = (along_j, along_i) if turn.transposed else (along_i, along_j)
    right = letters_of(-across if turn.columns_mirrored else across).translate(_TO_SHOWN)
    bottom = letters_of(-along if turn.rows_mirrored else along).translate(_TO_SHOWN)
    return _opposite(right), right, _opposite(bottom), bottom


def position_words(xyz: tuple[float, float, float], axis: int) -> str:
    """One patient coordinate as letter and mm: ``S 34.5``. ``axis`` is 0, 1 or 2 for x, y, z."""
    letters = (("L", "R"), ("P", "A"), ("S", "I"))[axis]
    value = xyz[axis]
    return f"{letters[0] if value >= 0 else letters[1]} {abs(value):.1f}"


def _opposite(letters: str) -> str:
    return opposite(letters.translate(str.maketrans("SI", "HF"))).translate(_TO_SHOWN)
