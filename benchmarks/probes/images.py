"""Cheap features of images that no reader should need: border, brightness, noise, spectrum, what erasing leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.phantom import FIRST_LESION, LABELS
from overread.phantom.lattice import Floats
from overread.phantom.layers import Labels

Features = dict[str, float]
BINS = 32
"""Rings of the radial spectrum (PHANTOM 11)."""
_PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
_CORNER = 1 / 12
"""Side of a corner relative to the columns."""
_SPREAD = 2


def border(image: Floats) -> Features:
    """The outer frame of three pixels, side by side."""
    sides = {"top": image[:3], "bottom": image[-3:], "left": image[:, :3], "right": image[:, -3:]}
    found = {}
    for name, side in sides.items():
        found |= {f"{name} mean": float(side.mean()), f"{name} sd": float(side.std()), f"{name} max": float(side.max())}
    return found


def brightness(values: Floats) -> Features:
    """Mean, sd and percentiles of all values."""
    found = {"mean": float(values.mean()), "sd": float(values.std())}
    found |= {f"p{p}": float(v) for p, v in zip(_PERCENTILES, np.percentile(values, _PERCENTILES), strict=True)}
    return found


def liver_crop(image: Floats, labels: Labels) -> Features:
    """Brightness in the box round the liver and everything in it, and the aspect of that box; NaN without a liver."""
    inside = (labels == LABELS["liver"]) | (labels >= 40)
    if not inside.any():
        return dict.fromkeys([*brightness(image), "aspect"], float("nan"))
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    box = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return brightness(box) | {"aspect": len(columns) / len(rows)}


def corners(image: Floats) -> list[Floats]:
    """The four corners, square."""
    side = max(round(image.shape[1] * _CORNER), 4)
    return [
        image[a, b] for a in (slice(None, side), slice(-side, None)) for b in (slice(None, side), slice(-side, None))
    ]


def noise(image: Floats, labels: Labels) -> Features:
    """Noise in the corners, and fine structure of liver and body; none of it reaches a lesion's pixels."""
    found = {}
    for number, corner in enumerate(corners(image)):
        found |= {f"corner {number} sd": float(corner.std()), f"corner {number} mean": float(corner.mean())}
    rest = image[1:-1, 1:-1] - (image[:-2, 1:-1] + image[2:, 1:-1] + image[1:-1, :-2] + image[1:-1, 2:]) / 4
    for name, is_there in (("liver", labels == LABELS["liver"]), ("muscle", labels == LABELS["muscle"])):
        core = (
            is_there[1:-1, 1:-1] & is_there[:-2, 1:-1] & is_there[2:, 1:-1] & is_there[1:-1, :-2] & is_there[1:-1, 2:]
        )
        enough = np.count_nonzero(core) > 20
        found[f"{name} fine"] = float(np.median(np.abs(rest[core]))) if enough else float("nan")
        level = float(np.median(np.abs(image[1:-1, 1:-1][core]))) if enough else float("nan")
        found[f"{name} fine relative"] = found[f"{name} fine"] / max(level, 1e-6)
    return found


def spectrum(image: Floats) -> Features:
    """Logarithm of the mean power in rings of k-space, relative to the whole."""
    power = np.abs(np.fft.fftshift(np.fft.fft2(image - image.mean()))) ** 2
    v, u = (np.abs(np.fft.fftshift(np.fft.fftfreq(n))) for n in image.shape)
    ring = np.minimum((np.hypot(v[:, None], u[None, :]) / 0.5 * BINS).astype(int), BINS)
    total = np.bincount(ring.ravel(), power.ravel(), BINS + 1)[:BINS]
    count = np.bincount(ring.ravel(), minlength=BINS + 1)[:BINS]
    level = np.log(total / np.maximum(count, 1) + 1e-6)
    return {f"ring {n}": float(value) for n, value in enumerate(level - level.mean())}


def erased(image: Floats, labels: Labels, where: NDArray[np.bool_]) -> Features:
    """What is left at the rim of ``where`` once it is filled from the ring round it, `_SPREAD` pixels farther out.

    The point spread carries a lesion's signal that far [A]. Gradient across the rim and level of the ring, relative to
    the liver of the same slice.
    """
    from scipy import ndimage

    hole = ndimage.binary_dilation(where, iterations=_SPREAD)
    filled = _fill(image, hole)
    gradient = np.hypot(*np.gradient(filled))
    ring = ndimage.binary_dilation(hole) & ~hole
    outer = ndimage.binary_dilation(hole, iterations=3) & ~ndimage.binary_dilation(hole)
    parenchyma = (labels == LABELS["liver"]) & ~ndimage.binary_dilation(hole, iterations=3)
    if np.count_nonzero(parenchyma) < 30:
        return dict.fromkeys(("rim gradient", "rim gradient sd", "ring level", "ring minus outer"), float("nan"))
    usual, level = float(gradient[parenchyma].mean()), float(np.median(image[parenchyma]))
    spread = float(image[parenchyma].std()) + 1e-6
    return {
        "rim gradient": float(gradient[ring].mean()) / usual,
        "rim gradient sd": float(gradient[ring].std()) / usual,
        "ring level": (float(image[ring].mean()) - level) / spread,
        "ring minus outer": (float(image[ring].mean()) - float(image[outer].mean())) / spread,
    }


def target_mask(labels: Labels) -> NDArray[np.bool_]:
    """Pixels of the lesions that a case is about."""
    return labels >= FIRST_LESION


def _fill(image: Floats, hole: NDArray[np.bool_]) -> Floats:
    """The hole filled with the harmonic function of its rim, by relaxation in its window."""
    rows, columns = np.nonzero(hole)
    window = (
        slice(max(rows.min() - 1, 0), rows.max() + 2),
        slice(max(columns.min() - 1, 0), columns.max() + 2),
    )
    part, inside = image[window].astype(np.float64), hole[window]
    part[inside] = part[~inside].mean() if (~inside).any() else float(image.mean())
    for _ in range(400):
        padded = np.pad(part, 1, mode="edge")
        mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
        part[inside] = mean[inside]
    result = image.copy()
    result[window] = part
    return result
