"""Window and level: the presets, the window a stack opens with, and the table that turns stored values into
grey."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.study import Pixels, Volume

MIN_WIDTH = 1e-3
_AIR_HU = -200
"""A stack of CT without anything as dark as this holds no HU: a mask, a map."""
_SAMPLE = 250_000
"""Voxels looked at when a default window is chosen: percentiles of so many are steady to a grey level."""
_BODY_SAMPLE = 20_000
_OVER_BODY = 4.0
"""An auto window goes up to so many times the middle of the body at most: fluid on T2 is ten times as bright as the
liver, which percentile 99.5 alone leaves nearly black. Series without such fluid have a ratio of 1.6 to 3.7."""


@dataclass(frozen=True, slots=True)
class Window:
    """Values between ``centre`` - ``width`` / 2 and + ``width`` / 2 are spread over all greys."""

    centre: float
    width: float
    name: str = ""

    @property
    def low(self) -> float:
        """The value that is black."""
        return self.centre - self.width / 2

    @property
    def high(self) -> float:
        """The value that is white."""
        return self.centre + self.width / 2

    def grey(self, value: float) -> float:
        """Grey of a value, 0 to 255."""
        return float(np.clip((value - self.low) / self.width, 0, 1) * 255)

    def dragged(self, right: float, up: float, speed: float = 1.0) -> Window:
        """The window after a drag of so many points: right is wider, up is brighter (a lower centre)."""
        step = self.width * speed / 300
        width = max(self.width + right * step, MIN_WIDTH)
        return Window(self.centre - up * step, width, "by hand")

    def words(self) -> str:
        """``W 400 L 40``, with the name of the preset."""
        digits = 0 if self.width >= 20 else 2
        name = f" ({self.name})" if self.name else ""
        return f"W {self.width:.{digits}f}  L {self.centre:.{digits}f}{name}"


@dataclass(frozen=True, slots=True)
class Preset:
    """A window for CT with its digit."""

    key: str
    id: str
    window: Window


CT_PRESETS = (
    Preset("1", "abdomen", Window(40, 400, "Abdomen")),
    Preset("2", "liver", Window(90, 150, "Liver, contrast")),
    Preset("3", "liver-plain", Window(30, 150, "Liver, plain")),
    Preset("4", "vessels", Window(120, 350, "Arterial, vessels")),
    Preset("5", "lung", Window(-600, 1500, "Lung base")),
    Preset("6", "bone", Window(350, 2000, "Bone")),
)
"""Widths and centres in HU, after ux/UX.md section 2.4."""


def header_window(volume: Volume) -> Window | None:
    """The window its header asks for, None when there is none."""
    if volume.window is None or volume.window[1] <= 0:
        return None
    return Window(volume.window[0], volume.window[1], "header")


def auto_window(values: NDArray[np.float32]) -> Window:
    """From percentile 1 to 99.5 of the voxels that are not padding (the smallest value counts as padding), and no
    further up than four times the middle of what is not air."""
    if values.size == 0:
        return Window(0.5, 1.0, "auto")
    darkest, brightest = float(values.min()), float(values.max())
    inside = values[values > darkest]
    low, high = (float(v) for v in np.percentile(inside, (1, 99.5))) if inside.size else (darkest,
                                                                                          darkest + 1)
    if high <= low:  # one value but for the padding, as in a mask
        low, high = darkest, brightest
    elif darkest >= 0 and inside.size:
        high = min(high, low + _OVER_BODY * (_middle_of_body(inside, high) - low))
    return Window((low + high) / 2, max(high - low, MIN_WIDTH), "auto")


def _middle_of_body(values: NDArray[np.float32], brightest: float) -> float:
    """Median of the brighter of two classes, parted half-way between their means on roots of values, where neither air
    nor a few bright voxels weigh much (Ridler and Calvard 1978)."""
    values = values[:: max(1, values.size // _BODY_SAMPLE)]
    roots = np.sqrt(np.minimum(values, brightest))
    at = float(roots.mean())
    for _ in range(20):
        bright = roots > at
        if bright.all() or not bright.any():
            break
        at = float((roots[bright].mean() + roots[~bright].mean()) / 2)
    bright = roots > at
    return float(np.median(values[bright])) if bright.any() else brightest


def is_sensible(window: Window, values: NDArray[np.float32]) -> bool:
    """Whether at least 5 per cent of the voxels fall in the middle 80 per cent of the window's ramp."""
    inside = np.abs(values - np.float32(window.centre)) <= 0.4 * window.width
    return values.size > 0 and float(np.mean(inside)) >= 0.05


def default_window(volume: Volume, values: NDArray[np.float32]) -> Window:
    """The window a stack opens with: its header's if that shows something, else the abdomen for CT, else
    auto."""
    header = header_window(volume)
    if header is not None and is_sensible(header, values):
        return header
    is_ct = volume.modality == "CT" and values.size > 0 and float(values.min()) <= _AIR_HU
    if is_ct and is_sensible(CT_PRESETS[0].window, values):
        return CT_PRESETS[0].window
    return auto_window(values)


def sample(pixels: Pixels) -> NDArray[np.float32]:
    """An even sample of all slices, with its unit: what the default window is chosen from."""
    stored = pixels.stored
    step = max(1, int(np.sqrt(stored.size / _SAMPLE)))
    thin = stored[:, ::step, ::step].astype(np.float32)
    thin *= pixels.slope.astype(np.float32)[:, None, None]
    thin += pixels.intercept.astype(np.float32)[:, None, None]
    present = np.setdiff1d(np.arange(stored.shape[0]), pixels.missing)
    return np.ascontiguousarray(thin[present]).ravel()


def grey_table(window: Window, dtype: np.dtype[Any], slope: float, intercept: float,
               inverted: bool = False) -> NDArray[np.uint32] | None:
    """Opaque RGB32 for every stored bit pattern of an 8 or 16 bit type; None for wider types.

    Returns
    -------
    table
        256 or 65,536 entries 0xFFgggggg, indexed by the stored bits read as unsigned.
    """
    if dtype.kind not in "iu" or dtype.itemsize > 2:
        return None
    bits = np.arange(1 << (8 * dtype.itemsize), dtype=np.uint32).astype(f"u{dtype.itemsize}")
    values = bits.view(dtype.newbyteorder("=")).astype(np.float32) * np.float32(slope) + np.float32(intercept)
    return rgb32(to_grey(values, window, inverted))


def to_grey(values: NDArray[np.float32], window: Window, inverted: bool = False) -> NDArray[np.uint8]:
    """Grey 0 to 255 of values with their unit."""
    ramp = (values - np.float32(window.low)) * np.float32(255 / window.width)
    grey: NDArray[np.uint8] = np.clip(np.nan_to_num(ramp) + 0.5, 0, 255).astype(np.uint8)
    return ~grey if inverted else grey


def rgb32(grey: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Opaque RGB32 of greys."""
    return grey.astype(np.uint32) * np.uint32(0x010101) | np.uint32(0xFF000000)
