"""Values of regions on the shown volume: computed once for a region and the pixels it lies on."""

from __future__ import annotations

from collections import OrderedDict

from overread.viewing.measure import Region, RegionValue, quantity_words, region_value, steps_of
from overread.viewing.viewport import Viewport

_KEPT = 256


class RegionValues:
    """Remembers what was computed, since a label is drawn with every frame."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, Region], RegionValue] = OrderedDict()

    def of(self, region: Region, viewport: Viewport) -> RegionValue | None:
        """The value of a region; None while the pixels of its slice are not here."""
        volume = viewport.volume
        if volume is None:
            return None
        key = (volume.id, region)
        if key not in self._known:
            values = viewport.slice_values(region.slice)
            if values is None or (viewport.pixels is not None and region.slice in viewport.pixels.missing):
                return None
            step_j, step_i, _ = steps_of(volume)
            middle = viewport.stored_place(region.points[0], region.slice)
            self._known[key] = region_value(values, middle, region.radius, step_j, step_i)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[key]

    def quantity(self, viewport: Viewport) -> str:
        """What the numbers of the shown volume are called."""
        return quantity_words(viewport.units, viewport.volume.modality if viewport.volume is not None else None)
