"""Which values of a volume become 0 and 1 in the images that the networks see.

References
----------
SEEDS 1.2, 2.3, 3.2: 1st to 99.5th percentile of the volume's body voxels [A]; no outline of the body is known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.core.study import Pixels

PERCENTILES = (1.0, 99.5)
BODY_SHARE = 0.08
"""A voxel brighter than this share of the span from darkest to bright belongs to the body [A]."""
_SAMPLE = 4


def body_range(pixels: Pixels) -> tuple[float, float]:
    """1st and 99.5th percentile of the volume's body voxels, from every fourth row and column."""
    missing = set(pixels.missing)
    sample = np.concatenate(
        [
            pixels.slice_values(k)[::_SAMPLE, ::_SAMPLE].ravel()
            for k in range(pixels.stored.shape[0])
            if k not in missing
        ]
    )
    return body_range_of(sample)


def body_range_of(sample: NDArray[np.float32]) -> tuple[float, float]:
    """As ``body_range``, of a plain array of values."""
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    dark, bright = np.percentile(sample, [0.5, 99.0])
    body = sample[sample > dark + BODY_SHARE * (bright - dark)]
    if body.size == 0:
        return float(dark), float(dark) + 1.0
    low, high = np.percentile(body, PERCENTILES)
    return float(low), float(high if high > low else low + 1.0)


def normalise(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Values with ``low`` at 0 and ``high`` at 1, clipped."""
    scaled = (values - np.float32(low)) * np.float32(1 / (high - low))
    return np.clip(np.nan_to_num(scaled, copy=False), 0, 1, out=scaled)
