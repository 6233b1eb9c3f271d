"""From state to a picture of the slice: one table, one buffer, heat blended at image size (ux/MEASURED.md
section 5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter

from overread.viewing.colourmap import heat_table
from overread.viewing.viewport import Viewport
from overread.viewing.window_level import Window, grey_table, rgb32, to_grey

_TableKey = tuple[Window, str, float, float, bool]


class SlicePainter:
    """Keeps what is worth keeping between two frames: tables and the buffer."""

    def __init__(self) -> None:
        self._buffer = np.zeros((0, 0), dtype=np.uint32)
        self._image = QImage()
        self._table_key: _TableKey | None = None
        self._table: NDArray[np.uint32] | None = None
        self._heat_key = (-1.0, -1.0)
        self._heat_table = np.zeros(256, dtype=np.uint32)

    def image(self, viewport: Viewport) -> QImage | None:
        """The present slice as RGB32, heat included; valid until the next call. None without pixels."""
        stored = viewport.stored_slice(viewport.slice)
        if stored is None or viewport.window is None:
            return None
        self._fill(viewport, viewport.turn.of(stored), viewport.window)
        if viewport.overlay.is_visible:
            self._blend_heat(viewport)
        return self._image

    def _fill(self, viewport: Viewport, shown: NDArray[Any], window: Window) -> None:
        if self._buffer.shape != shown.shape:
            self._buffer = np.zeros(shown.shape, dtype=np.uint32)
            rows, columns = shown.shape
            self._image = QImage(self._buffer.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
        slope, intercept = viewport.rescale(viewport.slice)
        table = self._grey_table(window, shown.dtype, slope, intercept, viewport.inverted)
        if table is None:
            values = shown.astype(np.float32) * np.float32(slope) + np.float32(intercept)
            self._buffer[:] = rgb32(to_grey(values, window, viewport.inverted))
        else:
            native = shown if shown.dtype.isnative else shown.astype(shown.dtype.newbyteorder("="))
            np.take(table, native.view(f"u{shown.dtype.itemsize}"), mode="clip", out=self._buffer)

    def _grey_table(self, window: Window, dtype: np.dtype[Any], slope: float, intercept: float,
                    inverted: bool) -> NDArray[np.uint32] | None:
        key = (window, dtype.str, slope, intercept, inverted)
        if key != self._table_key:
            self._table_key, self._table = key, grey_table(window, dtype, slope, intercept, inverted)
        return self._table

    def _blend_heat(self, viewport: Viewport) -> None:
        overlay = viewport.overlay
        heat = overlay.heat_slice(viewport.slice)
        box = heat.box(overlay.first_level) if heat is not None else None
        if heat is None or box is None:
            return
        if self._heat_key != (overlay.threshold, overlay.opacity):
            self._heat_key = (overlay.threshold, overlay.opacity)
            self._heat_table = heat_table(*self._heat_key)
        top, bottom, left, right = box
        layer = np.ascontiguousarray(self._heat_table[heat.levels[top:bottom, left:right]])
        picture = QImage(layer.data, right - left, bottom - top, 4 * (right - left),
                         QImage.Format.Format_ARGB32_Premultiplied)
        painter = QPainter(self._image)
        painter.drawImage(left, top, picture)
        painter.end()
