"""What can be measured of the three signs where a tumour is circled. A measurement; no sign is predicted.

References
----------
Liu 2021 (SEEDS 4.4): internal arteries, hypodense halo, tumour-liver difference. Only the last is a difference of
two means, and only it is measured here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Grid
from overread.core.region import Circle

TISSUE_HU = (0.0, 200.0)
"""Values outside are fat, air, bone or vessels full of contrast [A]."""
INNER_SHARE = 0.8
"""The tumour is measured inside this share of its radius [A]."""
RING_FROM_MM = 2.0
"""The liver round it is measured from this far beyond its edge to the edge of the circle [A]."""
LEAST_PIXELS = 20
_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class Difference:
    """Medians of tumour and of what lies round it, and the noise (from the median deviation), in HU."""

    slice: int
    tumour_hu: float
    around_hu: float
    noise_hu: float

    @property
    def difference_hu(self) -> float:
        """Tumour less surround."""
        return self.tumour_hu - self.around_hu

    def to_json(self) -> dict[str, Any]:
        """As it stands in a reading's parameters."""
        return {
            "slice": self.slice,
            "tumour_hu": round(self.tumour_hu, 1),
            "around_hu": round(self.around_hu, 1),
            "difference_hu": round(self.difference_hu, 1),
            "noise_hu": round(self.noise_hu, 1),
        }


def tumour_liver_difference(
    values_hu: NDArray[np.float32], grid: Grid, k: int, circle: Circle, margin_mm: float
) -> Difference | None:
    """Attenuation inside a circled tumour and in the ring between its edge and the circle.

    Parameters
    ----------
    values_hu
        Slice k, (rows, columns).
    margin_mm
        How far the circle goes beyond the tumour's edge.

    Returns
    -------
    Difference or None
        None where the circle leaves no ring, or too few pixels of soft tissue lie in tumour or ring.
    """
    edge = circle.radius_mm - margin_mm
    _, row, column = grid.affine.to_index([circle.centre_mm])[0]
    _, step_j, step_i = grid.affine.spacing_mm
    rows, columns = np.ogrid[: grid.shape[1], : grid.shape[2]]
    away = np.hypot((rows - row) * step_j, (columns - column) * step_i)
    is_tissue = (values_hu >= TISSUE_HU[0]) & (values_hu <= TISSUE_HU[1])
    inside = values_hu[is_tissue & (away <= INNER_SHARE * edge)]
    around = values_hu[is_tissue & (away >= edge + RING_FROM_MM) & (away <= circle.radius_mm)]
    if min(inside.size, around.size) < LEAST_PIXELS:
        return None
    middle = float(np.median(around))
    noise = _TO_SD * float(np.median(np.abs(around - middle)))
    return Difference(k, float(np.median(inside)), middle, noise)
