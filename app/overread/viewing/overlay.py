"""The heatmap over a volume: shown or hidden, how opaque, from which activation on."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Grid
from overread.core.heatmap import Heatmap
from overread.viewing.colourmap import first_level
from overread.viewing.contour import contour_segments, joined
from overread.viewing.state import State
from overread.viewing.turn import Turn

DEFAULT_OPACITY = 0.35
DEFAULT_THRESHOLD = 0.25
OPACITY_STEP = 0.1
_KEPT_SLICES = 48
Line = NDArray[np.float32]
_CONTOUR_GRID = 64
"""Squares per side on which the contour is traced: the map is far coarser than the image."""


@dataclass(frozen=True, slots=True, eq=False)
class HeatSlice:
    """One slice of the map at image size, as shown: 256 levels of the fixed scale."""

    levels: NDArray[np.uint8]

    def box(self, level: int) -> tuple[int, int, int, int] | None:
        """Top, bottom, left, right (ends excluded) of what reaches a level; None when nothing does."""
        reached = self.levels >= level
        rows, columns = np.flatnonzero(reached.any(axis=1)), np.flatnonzero(reached.any(axis=0))
        if rows.size == 0:
            return None
        return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


class Look(State):
    """How maps are drawn, one for all viewports. Tells ``look`` (opacity, threshold) or ``shown``."""

    def __init__(self) -> None:
        super().__init__()
        self.opacity = DEFAULT_OPACITY
        self.threshold = DEFAULT_THRESHOLD
        self.shown = True
        self.held = False


class Overlay(State):
    """State of the layer over one volume. Tells ``heatmap``, ``look`` (opacity, threshold) or ``shown``.

    Parameters
    ----------
    look
        Shared with other viewports; its own without one.
    """

    def __init__(self, look: Look | None = None) -> None:
        super().__init__()
        self._look = look or Look()
        self._look.listeners.append(self.tell)
        self.heatmap: Heatmap | None = None
        self.called: frozenset[int] | None = None
        self._grid: Grid | None = None
        self._turn = Turn()
        self._levels: OrderedDict[int, HeatSlice] = OrderedDict()
        self._contours: OrderedDict[tuple[int, float], list[Line]] = OrderedDict()

    @property
    def opacity(self) -> float:
        """Opacity of the layer, 0 to 1."""
        return self._look.opacity

    @opacity.setter
    def opacity(self, opacity: float) -> None:
        self._look.opacity = opacity

    @property
    def threshold(self) -> float:
        """Share of the scale from which on the map is drawn, 0 to 1."""
        return self._look.threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self._look.threshold = threshold

    @property
    def shown(self) -> bool:
        """Whether maps and marks are shown."""
        return self._look.shown

    @shown.setter
    def shown(self, shown: bool) -> None:
        self._look.shown = shown

    @property
    def held(self) -> bool:
        """Whether a key hides them for as long as it is held."""
        return self._look.held

    def release(self) -> None:
        """Hear no more of the shared look: the viewport is gone."""
        self._look.listeners.remove(self.tell)

    @property
    def is_visible(self) -> bool:
        """Whether the layer is drawn now."""
        return self.heatmap is not None and self.shown and not self.held

    @property
    def first_level(self) -> int:
        """The lowest of 256 levels that is drawn."""
        return first_level(self.threshold)

    @property
    def threshold_activation(self) -> float:
        """The threshold in the map's own unit."""
        return self.threshold * (self.heatmap.scale if self.heatmap is not None else 1.0)

    def set_heatmap(self, heatmap: Heatmap | None, grid: Grid | None, turn: Turn) -> None:
        """Lay another map over the volume, or none. A map is shown when it comes."""
        self.heatmap = heatmap if grid is not None else None
        self._grid, self._turn = grid, turn
        self._levels.clear()
        self._contours.clear()
        was_hidden, self._look.shown = not self.shown, self.shown or self.heatmap is not None
        self.tell("heatmap")
        if was_hidden and self.shown:
            self._look.tell("shown")

    def set_opacity(self, opacity: float) -> None:
        """Set the opacity of the layer, 0 to 1."""
        self.opacity = float(np.clip(round(opacity, 3), 0, 1))
        self._look.tell("look")

    def set_threshold(self, threshold: float) -> None:
        """Set the share of the scale from which on the map is drawn, 0 to 1."""
        self.threshold = float(np.clip(round(threshold, 3), 0, 1))
        self._look.tell("look")

    def set_called(self, slices: frozenset[int] | None) -> None:
        """Show the map on these slices only; None shows it on all.

        The colours keep their fixed scale whatever the operating point is, so that two pictures can be compared.
        What the point decides is on which slices there is colour at all: on those whose own score reaches it.
        It is the same rule that colours the bars of the strip and that the sensitivity and specificity beside the
        point count by, so colour means "this slice is called" and nothing else. Inside a slice nothing is cut:
        the score belongs to the slice, and a border drawn by us through a map would be taken for a finding. The
        rings of shown candidates stay on their neighbouring slices, uncoloured where the slice falls short.
        """
        if slices != self.called:
            self.called = slices
            self.tell("look")

    def is_called(self, k: int) -> bool:
        """Whether the map of slice k may show at the present operating point."""
        return self.called is None or k in self.called

    def toggle(self) -> None:
        """Show or hide the layer for good."""
        self.shown = not self.shown
        self._look.tell("shown")

    def hold(self, held: bool) -> None:
        """Hide the layer, and all marks, for as long as a key is held."""
        if held != self.held:
            self._look.held = held
            self._look.tell("shown")

    def heat_slice(self, k: int) -> HeatSlice | None:
        """The map of slice k at image size, None where the operating point hides it; the newest are kept."""
        if self.heatmap is None or self._grid is None or not 0 <= k < self.heatmap.values.shape[0]:
            return None
        if not self.is_called(k):
            return None
        if k not in self._levels:
            values = self._turn.of(self.heatmap.on_slice(self._grid, k))
            scaled = np.clip(values * np.float32(255 / self.heatmap.scale) + np.float32(0.5), 0, 255)
            self._levels[k] = HeatSlice(np.ascontiguousarray(scaled.astype(np.uint8)))
            _keep_newest(self._levels)
        self._levels.move_to_end(k)
        return self._levels[k]

    def contour(self, k: int) -> list[Line]:
        """The lines at the threshold: points in shown rows and columns."""
        heat = self.heat_slice(k)
        if heat is None:
            return []
        key = (k, self.threshold)
        if key not in self._contours:
            step = max(1, max(heat.levels.shape) // _CONTOUR_GRID)
            thin = heat.levels[::step, ::step].astype(np.float32)
            segments = contour_segments(thin, self.first_level - 0.5)
            self._contours[key] = [line * np.float32(step) for line in joined(segments)]
            _keep_newest(self._contours)
        self._contours.move_to_end(key)
        return self._contours[key]


def _keep_newest(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > _KEPT_SLICES:
        kept.popitem(last=False)
