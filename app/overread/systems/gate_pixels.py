"""Figures about decoded pixels that tell an image of a body from a mask, noise, an empty or a spoilt series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from overread.core.study import Pixels

MOST_SLICES, MOST_PIXELS = 32, 1 << 24
"""Slices, and pixels of them, that are looked at closely, evenly spread; every slice is looked at for being empty."""
_LARGEST = np.float32(1e30)
BLOCK = 8
"""Pixels along a block whose mean is taken: noise has gone in it (1/64 of its variance), anatomy has not."""


def pixel_figures(pixels: Pixels) -> dict[str, float]:
    """Figures by the names of ``gate_limits.DEFAULTS``; slices that could not be decoded are left out of all but one.

    - ``blank_share``: slices that hold one value only; ``undecoded_share``: slices that could not be decoded;
    - ``no_number_share``: values that are not finite;
    - ``grey_values``: different stored values; ``commonest_share``: pixels at the commonest of them;
      ``brightest_share``: pixels at the largest;
    - ``structure``: share of the variance of a slice that is left when blocks of 8 x 8 pixels are averaged;
    - ``edge_brightness``: median of the outermost pixels less that of the middle half, over the span from the 1st to
      the 99th percentile.
    """
    count = pixels.stored.shape[0]
    missing = set(pixels.missing)
    there = [k for k in range(count) if k not in missing]
    figures = {"undecoded_share": len(missing) / count}
    if not there:
        return figures
    shown = [k for k in there if pixels.stored[k].min() != pixels.stored[k].max()]
    figures["blank_share"] = 1 - len(shown) / len(there)
    if not shown:
        return figures | {"grey_values": 1.0}
    number = max(1, min(MOST_SLICES, MOST_PIXELS // pixels.stored[0].size))
    chosen = [shown[n] for n in np.unique(np.linspace(0, len(shown) - 1, number).round().astype(int))]
    figures |= _of_values(pixels.stored[chosen])
    with np.errstate(all="ignore"):
        values = np.stack([_finite(pixels.slice_values(k)) for k in chosen])
    return figures | {"structure": _structure(values), "edge_brightness": _edge_brightness(values)}


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values within what squares and sums can hold; 0 for what is no number."""
    return np.clip(np.nan_to_num(values, posinf=0, neginf=0), -_LARGEST, _LARGEST)


def _of_values(stored: NDArray[np.generic]) -> dict[str, float]:
    sample = stored[:, ::2, ::2].ravel()
    share = 0.0
    if sample.dtype.kind == "f":
        finite = np.isfinite(sample)
        share = 1 - float(finite.mean())
        sample = sample[finite]
    if sample.size == 0:
        return {"no_number_share": 1.0}
    kinds, counts = np.unique(sample, return_counts=True)
    return {
        "no_number_share": share,
        "grey_values": float(kinds.size),
        "commonest_share": float(counts.max() / counts.sum()),
        "brightest_share": float(counts[-1] / counts.sum()),
    }


def _structure(values: NDArray[np.float32]) -> float:
    """Variance of block means over variance of pixels, within slices; 1 where the slices are smaller than blocks."""
    slices, rows, columns = values.shape
    high, wide = rows // BLOCK, columns // BLOCK
    if high < 2 or wide < 2:
        return 1.0
    blocks = values[:, : high * BLOCK, : wide * BLOCK].astype(np.float64).reshape(slices, high, BLOCK, wide, BLOCK)
    whole = float(blocks.var(axis=(1, 2, 3, 4)).mean())
    return float(blocks.mean(axis=(2, 4)).var(axis=(1, 2)).mean()) / whole if whole > 0 else 1.0


def _edge_brightness(values: NDArray[np.float32]) -> float:
    rows, columns = values.shape[1:]
    edges = (values[:, 0], values[:, -1], values[:, :, 0], values[:, :, -1])
    edge = float(np.median(np.concatenate([e.ravel() for e in edges])))
    middle = float(np.median(values[:, rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4]))
    low, high = np.percentile(values[:, ::2, ::2].astype(np.float64), (1, 99))
    return float(np.clip((edge - middle) / (high - low), -1e6, 1e6)) if high > low else 0.0
