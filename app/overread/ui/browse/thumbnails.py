"""Small pictures of middle slices, made in a background thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from overread import io
from overread.core.study import Volume
from overread.viewing.turn import turn_for
from overread.viewing.window_level import default_window, to_grey

SIDE = 64


def thumbnail(volume: Volume) -> NDArray[np.uint8]:
    """The middle slice as greys, turned and in true aspect, its longer side ``2 * SIDE`` pixels.

    Raises
    ------
    OverreadError
        The pixels cannot be decoded.
    """
    k = volume.frames // 2
    stored = io.read_slice(volume, k)
    reference = volume.slices[k] if k < len(volume.slices) else None
    slope, intercept = (reference.slope, reference.intercept) if reference is not None else (1.0, 0.0)
    values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    grey = to_grey(values, default_window(volume, values.ravel()))
    turn = turn_for(volume.affine, any_plane=volume.file_format != "dicom")
    shown = turn.of(grey)
    spacing = volume.spacing_mm
    row_mm, column_mm = turn.spacing((spacing[1], spacing[2])) if spacing is not None else (1.0, 1.0)
    rows_mm, columns_mm = shown.shape[0] * row_mm, shown.shape[1] * column_mm
    scale = 2 * SIDE / max(rows_mm, columns_mm)
    return _resized(shown, max(1, round(rows_mm * scale)), max(1, round(columns_mm * scale)))


def to_image(grey: NDArray[np.uint8]) -> QImage:
    """The greys as an image of its own."""
    rows, columns = grey.shape
    return QImage(np.ascontiguousarray(grey).data, columns, rows, columns,
                  QImage.Format.Format_Grayscale8).copy()


def _resized(grey: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """Means over boxes when made smaller, nearest when made larger."""
    fine = 4
    at_row = np.minimum((np.arange(rows * fine) + 0.5) * grey.shape[0] / (rows * fine), grey.shape[0] - 1)
    at_column = np.minimum((np.arange(columns * fine) + 0.5) * grey.shape[1] / (columns * fine),
                           grey.shape[1] - 1)
    picked = grey[np.ix_(at_row.astype(int), at_column.astype(int))].astype(np.float32)
    mean: NDArray[np.uint8] = picked.reshape(rows, fine, columns, fine).mean(axis=(1, 3)).astype(np.uint8)
    return mean
