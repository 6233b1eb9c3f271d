"""Trivial readers: what a score is worth that knows nothing of HCC. A system must stand beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BRIGHT = 0.5
"""Pixels above this share of the body's intensity range belong to bright organs."""
DARK_PERCENTILE = 1.0


def darkest_of_largest_bright_organ(image: NDArray[np.float32]) -> float:
    """How dark the darkest 1 % of the largest bright organ is.

    Parameters
    ----------
    image
        A prepared slice, 0 to 1. The organ is the largest connected region of bright pixels with its holes filled.

    Returns
    -------
    float
        Minus the 1st percentile within the organ: darker is more suspicious; -1 without an organ.
    """
    from scipy import ndimage

    smooth = ndimage.uniform_filter(image, 3)
    labels, count = ndimage.label(smooth > BRIGHT)
    if count == 0:
        return -1.0
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    organ = ndimage.binary_fill_holes(labels == int(np.argmax(sizes)))
    return -float(np.percentile(smooth[organ], DARK_PERCENTILE))


def middle_of_the_stack(index: int, count: int) -> float:
    """The nearer to the middle of the series, the more suspicious: 0 in the middle, -1 at both ends."""
    return -abs(2 * index / max(count - 1, 1) - 1)


def darkest_of_the_liver(image: NDArray[np.float32], liver: NDArray[np.bool_]) -> float:
    """How dark the darkest 1 % of the true liver is: a reader who is shown the organ. -1 on slices without it."""
    return -float(np.percentile(image[liver], DARK_PERCENTILE)) if liver.any() else -1.0
