"""How wheel turns and drags become slices."""

from __future__ import annotations

POINTS_PER_SLICE = 3.0
"""Of a drag; MITK's PACS scheme has the same."""
FAST = 5
PAGE = 10
_NOTCH = 120


class WheelCounter:
    """Adds up wheel angles, so that a fine wheel or a touch pad needs a whole notch for a slice."""

    def __init__(self) -> None:
        self._left_over = 0.0

    def notches(self, angle: float) -> int:
        """Whole notches reached by this angle (120 is one); towards the reader is positive: the next
        slice."""
        if angle * self._left_over > 0:
            self._left_over = 0.0
        self._left_over -= angle
        whole = int(self._left_over / _NOTCH)
        self._left_over -= whole * _NOTCH
        return whole


def dragged_slices(points_down: float, frames: int, height: float) -> int:
    """Slices moved by a drag of so many points downwards: the whole stack in one height, at most one per 3
    points."""
    points = POINTS_PER_SLICE if frames <= 1 else max(POINTS_PER_SLICE, min(height / frames, 12.0))
    return round(points_down / points)
