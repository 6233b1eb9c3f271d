"""A circled tumour as the network sees it: windowed, boxed, trimmed, set upright and brought to one size.

References
----------
Liu 2021 (SEEDS 4.2): circle about 1 cm beyond the tumour's edge; circle to square box; box cropped to 0.8 of its edge;
grey values from level 70, width 200 to 0..255; resized to 256 x 256.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Grid
from overread.core.region import Circle
from overread.systems.resampling import patch

LEVEL_HU, WIDTH_HU = 70.0, 200.0
MARGIN = 0.8
SIZE = 256
_WHITE = 255.0


@dataclass(frozen=True, slots=True)
class Preparation:
    """How regions become images: what a manifest's ``[input]`` and ``[region]`` say.

    ``margin``: share of the box's edge that is kept. ``size``: pixels along an edge. ``channels``: planes, all equal.
    """

    margin: float = MARGIN
    size: int = SIZE
    channels: int = 3
    level_hu: float = LEVEL_HU
    width_hu: float = WIDTH_HU

    def side_mm(self, circle: Circle) -> float:
        """Edge of the square that is looked at."""
        return 2 * circle.radius_mm * self.margin

    def grey(self, values_hu: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Grey values 0 to 255 of a slice in HU; what is no number is black."""
        scaled = (values_hu - np.float32(self.level_hu - self.width_hu / 2)) * np.float32(_WHITE / self.width_hu)
        grey: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(scaled, nan=0.0), 0, _WHITE)).astype(np.uint8)
        return grey

    def image(self, grey: NDArray[np.uint8], grid: Grid, circle: Circle) -> NDArray[np.float32]:
        """The square round a circle of a grey slice (rows, columns): float32 (channels, size, size), 0 to 1.

        What lies outside the slice is 0. Bicubic overshoot at edges is cut, as it is in a file of grey values.
        """
        square = patch(grey.astype(np.float32), grid, circle.centre_mm, self.side_mm(circle), self.size)
        plane = np.clip(square, 0, _WHITE) / np.float32(_WHITE)
        return np.broadcast_to(plane, (self.channels, self.size, self.size)).astype(np.float32)
