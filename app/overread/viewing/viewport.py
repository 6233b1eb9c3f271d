"""One image area: which volume, which slice, which window, how placed. A widget draws it and sends it
intents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.reading import Mark
from overread.core.study import Pixels, Volume
from overread.viewing.overlay import Look, Overlay
from overread.viewing.placement import MAX_ZOOM, MIN_ZOOM, Placement, place
from overread.viewing.state import State
from overread.viewing.turn import Turn, edge_letters, turn_for
from overread.viewing.window_level import Window, auto_window, default_window, header_window, sample

CORNER_TEXT = ("all", "few", "none")
_Lie = tuple[Volume, NDArray[np.float64], NDArray[np.float64], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Tie:
    """A link made by hand: positions of the volume plus ``shift_mm`` are positions in the other ``frame`` of
    reference. ``along_mm`` is the part of the shift across the slices."""

    frame: str
    shift_mm: tuple[float, float, float]
    along_mm: float


class Viewport(State):
    """State of one image area. Tells ``volume``, ``pixels``, ``slice``, ``window``, ``placement`` or
    ``text``.

    ``size`` is that of the widget that shows it, in points; ``is_linked`` whether it goes with other views,
    ``tie`` how it was tied to another frame of reference by hand.
    """

    def __init__(self, look: Look | None = None) -> None:
        super().__init__()
        self.volume: Volume | None = None
        self.pixels: Pixels | None = None
        self.title = ""
        self.date: str | None = None
        self.slice = 0
        self.window: Window | None = None
        self.inverted = False
        self.zoom = 1.0
        self.centre = (0.0, 0.0)
        self.turn = Turn()
        self.letters = ("", "", "", "")
        self.text = CORNER_TEXT[0]
        self.fault = ""
        self.overlay = Overlay(look)
        self.size = (1.0, 1.0)
        self.is_linked = True
        self.tie: Tie | None = None
        self._early: dict[int, NDArray[Any]] = {}
        self._is_default_window = True
        self._lie: _Lie | None = None

    @property
    def frames(self) -> int:
        """How many slices there are; 0 without a volume."""
        return self.volume.frames if self.volume is not None else 0

    @property
    def spacing_mm(self) -> tuple[float, float] | None:
        """Distance between shown rows and between shown columns; None when unknown."""
        lie = self._where_slices_lie()
        return None if lie is None else self.turn.spacing(lie[3])

    @property
    def has_default_window(self) -> bool:
        """Whether the window is the one that the stack opened with."""
        return self._is_default_window

    @property
    def units(self) -> str | None:
        """``HU`` for CT, None for values without a unit."""
        if self.pixels is not None and self.pixels.units:
            return self.pixels.units
        return self.volume.units if self.volume is not None else None

    @property
    def loaded(self) -> float:
        """Share of the slices whose pixels are here."""
        return 1.0 if self.pixels is not None else len(self._early) / max(1, self.frames)

    def show(self, volume: Volume | None, title: str = "", date: str | None = None) -> None:
        """Show another volume, from its middle slice on, fitted; its pixels come later."""
        self.volume, self.title, self.date = volume, title, date
        self.pixels, self._early, self.fault = None, {}, ""
        self.slice = volume.frames // 2 if volume is not None else 0
        self.window, self._is_default_window = None, True
        self.inverted, self.zoom, self.centre = False, 1.0, (0.0, 0.0)
        self.is_linked, self.tie = self.is_linked or volume is None, None
        affine = volume.affine if volume is not None else None
        self.turn = turn_for(affine, any_plane=volume is not None and volume.file_format != "dicom")
        self.letters = edge_letters(affine, self.turn)
        self.overlay.set_heatmap(None, None, self.turn)
        self.tell("volume")

    def set_early_slice(self, k: int, stored: NDArray[Any]) -> None:
        """Take one slice while the rest is still being read."""
        if self.volume is None or self.pixels is not None:
            return
        self._early[k] = stored
        if self.window is None:
            self.window = default_window(self.volume, self._values(k, stored).ravel())
        if k == self.slice:
            self.tell("pixels")

    def set_pixels(self, pixels: Pixels) -> None:
        """Take all slices. The default window is chosen anew from the whole stack, unless it was changed."""
        if self.volume is None:
            return
        self.pixels, self._early = pixels, {}
        if self._is_default_window:
            self.window = default_window(self.volume, sample(pixels))
        self.tell("pixels")

    @property
    def lack(self) -> str:
        """Why there is nothing to see on the present slice, in a sentence; empty when there is."""
        if self.pixels is not None and self.slice in self.pixels.missing:
            return "The pixels of this slice cannot be decoded."
        if self.stored_slice(self.slice) is not None:
            return ""
        return self.fault or "Reading the image…"

    def stored_slice(self, k: int) -> NDArray[Any] | None:
        """Stored values of slice k, [j, i]; None while they are not here."""
        if self.pixels is not None:
            stored: NDArray[Any] = self.pixels.stored[k]
            return stored
        return self._early.get(k)

    def rescale(self, k: int) -> tuple[float, float]:
        """Slope and intercept of slice k."""
        if self.pixels is not None:
            return float(self.pixels.slope[k]), float(self.pixels.intercept[k])
        if self.volume is not None and k < len(self.volume.slices):
            return self.volume.slices[k].slope, self.volume.slices[k].intercept
        return 1.0, 0.0

    def value_at(self, row: int, column: int) -> float | None:
        """The value, with its unit, of a shown pixel of the present slice."""
        stored = self.stored_slice(self.slice)
        if stored is None:
            return None
        slope, intercept = self.rescale(self.slice)
        return float(self.turn.of(stored)[row, column]) * slope + intercept

    def scroll(self, slices: int) -> None:
        """Move by so many slices, stopping at the ends."""
        self.go_to(self.slice + slices)

    def go_to(self, k: int) -> None:
        """Show slice k, or the nearest there is."""
        k = min(max(k, 0), max(self.frames - 1, 0))
        if k != self.slice:
            self.slice = k
            self.tell("slice")

    def go_to_mark(self, mark: Mark) -> None:
        """Show the slice on which a mark is strongest; a mark outside the enlarged view is brought to its
        middle."""
        if mark.peak_slice is not None:
            self.go_to(mark.peak_slice)
        elif self.volume is not None and self.volume.affine is not None:
            self.go_to(round(float(self.volume.affine.to_index(mark.centre_mm)[0])))
        point = self.shown_point(mark.centre_mm)
        spacing = self.spacing_mm
        if self.zoom > 1 and point is not None and spacing is not None:
            rows, columns = self.shown_shape()
            self.centre = ((point[1] + 0.5 - columns / 2) * spacing[1],
                           (point[0] + 0.5 - rows / 2) * spacing[0])
            self.tell("placement")

    def shown_point(self, xyz: tuple[float, float, float]) -> tuple[float, float, float] | None:
        """Shown (row, column) and slice index of a patient position, fractions included."""
        if self.volume is None or self.volume.affine is None:
            return None
        k, j, i = (float(v) for v in self.volume.affine.to_index(xyz))
        row, column = self.turn.to_shown(j, i, self.volume.shape[1:])
        return row, column, k

    def patient_point(self, row: float, column: float) -> tuple[float, float, float] | None:
        """Patient position, mm LPS, of a shown (row, column) of the present slice, by that slice's own
        position."""
        if self.volume is None or self.volume.affine is None:
            return None
        j, i = self.turn.to_stored(row, column, self.volume.shape[1:])
        point = self.volume.affine.to_mm((self.slice, j, i)) + self._own_shift(self.slice)
        x, y, z = (float(v) for v in point)
        return x, y, z

    def place_at(self, row: float, column: float) -> tuple[float, float, float] | None:
        """Where a measurement on the present slice is kept: the patient position, or (column i, row j,
        slice k) where the stack has none. None without a volume."""
        if self.volume is None:
            return None
        if self.volume.affine is not None:
            return self.patient_point(row, column)
        j, i = self.turn.to_stored(row, column, self.volume.shape[1:])
        return i, j, float(self.slice)

    def shown_place(self, place: tuple[float, float, float], k: int) -> tuple[float, float]:
        """Shown (row, column) of a place of ``place_at`` on slice k, by that slice's own position."""
        j, i = self.stored_place(place, k)
        return self.turn.to_shown(j, i, self.volume.shape[1:] if self.volume is not None else (1, 1))

    def stored_place(self, place: tuple[float, float, float], k: int) -> tuple[float, float]:
        """Stored (j, i) of a place of ``place_at`` on slice k, fractions included."""
        if self.volume is None or self.volume.affine is None:
            return place[1], place[0]
        moved = np.asarray(place) - self._own_shift(k)
        _, j, i = (float(v) for v in self.volume.affine.to_index(moved))
        return j, i

    def slice_values(self, k: int) -> NDArray[np.float32] | None:
        """Values of slice k as stored, [j, i], rescale applied; None while they are not here."""
        stored = self.stored_slice(k)
        return None if stored is None else self._values(k, stored)

    def shown_shape(self) -> tuple[int, int]:
        """Rows and columns of the slices as shown."""
        return self.turn.shape(self.volume.shape[1:]) if self.volume is not None else (1, 1)

    def show_placed(self, zoom: float, centre: tuple[float, float]) -> None:
        """Enlarge and place the slice as told; ``centre`` as in ``placement.place``."""
        self.zoom, self.centre = min(max(zoom, MIN_ZOOM), MAX_ZOOM), centre
        self.tell("placement")

    def placement(self, width: float, height: float) -> Placement:
        """Where the slice lies in a widget of this size."""
        return place(self.shown_shape(), self.spacing_mm or (1.0, 1.0), (width, height), self.zoom,
                     self.centre)

    def set_window(self, window: Window) -> None:
        """Set the window by hand or by preset."""
        self.window, self._is_default_window = window, False
        self.tell("window")

    def reset_window(self) -> None:
        """Go back to the window the stack opened with."""
        values = self._all_values()
        if self.volume is not None and values is not None:
            self.window, self._is_default_window = default_window(self.volume, values), True
            self.tell("window")

    def use_header_window(self) -> None:
        """Take the window of the header, where there is one."""
        window = header_window(self.volume) if self.volume is not None else None
        if window is not None:
            self.set_window(window)

    def use_auto_window(self) -> None:
        """Take the window from the percentiles of the stack."""
        values = self._all_values()
        if values is not None:
            self.set_window(auto_window(values))

    def invert(self) -> None:
        """Swap black and white."""
        self.inverted = not self.inverted
        self.tell("window")

    def pan(self, right: float, down: float, size: tuple[float, float]) -> None:
        """Move the slice by so many widget points."""
        spacing, placed = self.spacing_mm or (1.0, 1.0), self.placement(*size)
        self.centre = (self.centre[0] - right * spacing[1] / placed.column_width,
                       self.centre[1] - down * spacing[0] / placed.row_height)
        self.tell("placement")

    def zoom_at(self, factor: float, at: tuple[float, float], size: tuple[float, float]) -> None:
        """Enlarge by a factor; the pixel under the widget point ``at`` stays there."""
        zoom = min(max(self.zoom * factor, MIN_ZOOM), MAX_ZOOM)
        row, column = self.placement(*size).to_image(*at)
        self.zoom = zoom
        x, y = self.placement(*size).to_widget(row, column)
        self.pan(at[0] - x, at[1] - y, size)

    def fit(self) -> None:
        """Show the whole slice."""
        self.zoom, self.centre = 1.0, (0.0, 0.0)
        self.tell("placement")

    def reset(self) -> None:
        """Undo zoom, pan, window and inversion."""
        self.inverted = False
        self.fit()
        self.reset_window()

    def next_text(self) -> None:
        """Go on to the next state of the corner text: all, few, none."""
        self.text = CORNER_TEXT[(CORNER_TEXT.index(self.text) + 1) % len(CORNER_TEXT)]
        self.tell("text")

    @property
    def normal(self) -> NDArray[np.float64] | None:
        """Unit vector across the slices; None without a place."""
        lie = self._where_slices_lie()
        return None if lie is None else lie[1]

    def slice_positions(self) -> NDArray[np.float64]:
        """Where each slice lies along the normal, mm, by its own position where that is known; empty without
        a place."""
        lie = self._where_slices_lie()
        return np.zeros(0) if lie is None else lie[2]

    def _where_slices_lie(self) -> _Lie | None:
        """The volume, its normal, slice positions and spacing in plane: asked for with every frame, computed once."""
        volume = self.volume
        if volume is None or volume.affine is None:
            return None
        if self._lie is None or self._lie[0] is not volume:
            across = np.cross(volume.affine.direction("i"), volume.affine.direction("j"))
            normal = np.asarray(across / np.linalg.norm(across))
            corners = volume.affine.to_mm([(k, 0, 0) for k in range(volume.frames)])
            for k, one in enumerate(volume.slices[: volume.frames]):
                if one.position_mm is not None:
                    corners[k] = one.position_mm
            self._lie = volume, normal, corners @ normal, volume.affine.spacing_mm[1:]
        return self._lie

    def _own_shift(self, k: int) -> NDArray[np.float64]:
        """How far slice k lies from where the regular stack would have it, mm."""
        volume = self.volume
        own = volume.slices[k].position_mm if volume is not None and k < len(volume.slices) else None
        if volume is None or volume.affine is None or own is None:
            return np.zeros(3)
        return np.asarray(own, dtype=np.float64) - volume.affine.to_mm((k, 0, 0))

    def _all_values(self) -> NDArray[np.float32] | None:
        if self.pixels is not None:
            return sample(self.pixels)
        stored = self.stored_slice(self.slice)
        return None if stored is None else self._values(self.slice, stored).ravel()

    def _values(self, k: int, stored: NDArray[Any]) -> NDArray[np.float32]:
        slope, intercept = self.rescale(k)
        return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
