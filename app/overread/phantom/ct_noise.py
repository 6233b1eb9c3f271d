"""Noise, sharpness and streaks of a CT image: what is left of the scanner in the picture (PHANTOM 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Floats

KERNELS: dict[str, float] = {
    "B20f": 0.33,
    "B30f": 0.42,
    "B40f": 0.55,
    "I30f": 0.42,
    "SOFT": 0.33,
    "STANDARD": 0.43,
    "DETAIL": 0.55,
    "B": 0.43,
    "C": 0.50,
    "FC08": 0.41,
    "FC18": 0.41,
}
"""Spatial frequency (1/mm) at which the transfer of a reconstruction kernel has fallen to one half.

PHANTOM 3.4: soft .40-.45, smoother .33, sharper .55. Assumed [A]: the places within .40-.45, Philips C between the
soft and the sharp ones.
"""

VENDOR_KERNELS: dict[str, tuple[str, ...]] = {
    "Siemens": ("B30f", "B20f", "B40f", "I30f"),
    "GE": ("STANDARD", "SOFT", "DETAIL"),
    "Philips": ("B", "C"),
    "Canon": ("FC08", "FC18"),
}
"""Kernels for the abdomen by vendor, the usual one first."""

SOFT_MTF50 = 0.425
"""Middle of the soft kernels, at which the noise of PHANTOM 3.4 is stated (1/mm)."""

BLEND = (0.0, 0.3, 0.5, 1.0)
BLEND_SD = (1.0, 0.803, 0.746, 0.53)
BLEND_PEAK = (0.27, 0.18, 0.14, 0.09)
"""Iterative strength (1 is model-based), noise sd relative to filtered back-projection, and NPS peak in 1/mm.

PHANTOM 3.4: model-based lies 47 % below filtered back-projection, 34 % below the 30 % and 29 % below the 50 % blend.
"""

MU_WATER = 0.019
"""Attenuation of water per mm (PHANTOM 3.4)."""

CURRENT_FOLLOWS = 0.7
"""Share of the attenuation through the middle of the body that the tube current makes up for, by angle [A]."""

SECTORS = 4
"""Directions into which the noise is divided."""

ANGLES = 4096
"""Entries of a table of rays around a source."""


@dataclass(frozen=True, slots=True)
class NoiseField:
    """Filters of the noise by direction on the half plane of ``rfft2``, and their local strengths [rows, columns]."""

    parts: tuple[Floats, ...]
    gains: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Rays:
    """Polar view of a window of pixels from a source of streaks."""

    rows: slice
    columns: slice
    angle: NDArray[np.int16]
    """Entry [rows, columns] of the table of angles."""
    fade: Floats
    """Strength [rows, columns]: 0 at the source, rises within some millimetres, falls with the decay length."""


def nps_peak_of(mtf50: float, iterative: float) -> float:
    """Frequency (1/mm) of the peak of the noise power: moves with the kernel, falls with iteration."""
    return float(np.interp(iterative, BLEND, BLEND_PEAK)) * mtf50 / SOFT_MTF50


def kernel_gain(mtf50: float) -> float:
    """Noise sd relative to a soft kernel: the power f^2 exp(-(f/f0)^2) df integrates to f0^3."""
    return float((mtf50 / SOFT_MTF50) ** 1.5)


def mtf_filter(shape: tuple[int, int], pixel_mm: float, mtf50: float) -> Floats:
    """Transfer of the scanner on the half plane of ``rfft2``.

    The Gaussian of the kernel divided by the transfer of painting (an edge is a ramp of one pixel), so that the
    picture as a whole has the kernel's sharpness. The division stops where it would double the signal [A].

    Parameters
    ----------
    shape
        Rows and columns of the picture.
    pixel_mm, mtf50
        Width of a pixel, and where the transfer is one half (1/mm).
    """
    _, _, f = _frequencies(shape, pixel_mm)
    ramp = np.maximum(np.sinc(f * pixel_mm), 0.5)
    result: Floats = (np.exp(-np.log(2) * (f / mtf50) ** 2) / ramp).astype(np.float32)
    return result


def nps_filter(shape: tuple[int, int], pixel_mm: float, peak: float, floor: float) -> Floats:
    """Amplitude on the half plane of ``rfft2`` that gives white unit noise the texture of CT, with sd 1.

    Parameters
    ----------
    shape
        Rows and columns of the picture.
    pixel_mm
        Width of a pixel.
    peak
        Frequency of the largest noise power (1/mm); power f exp(-(f/f0)^2) with f0 = sqrt(2) peak.
    floor
        Power at frequency 0 as a share of the peak: the discrete reconstruction does not vanish there.
    """
    _, _, f = _frequencies(shape, pixel_mm)
    top = peak * np.exp(-0.5)
    power = (f / top + floor) * np.exp(-0.5 * (f / peak) ** 2)
    result: Floats = np.sqrt(power / _mean_over_plane(power, shape)).astype(np.float32)
    return result


def noise_field(
    nps: Floats,
    x_mm: Floats,
    y_mm: Floats,
    *,
    half: tuple[float, float],
    middle_y: float,
) -> NoiseField:
    """Noise of the given power that is drawn out along the rays with the longest way through the body.

    At each place the variance of a ray grows as exp(mu L) with its way L through the ellipse of the trunk, less what
    the tube current follows. The beam shaper halves the exponent [A]. The sd is 1 everywhere.
    """
    shape = (len(y_mm), len(x_mm))
    down, across, f = _frequencies(shape, float(x_mm[1] - x_mm[0]))
    turn = np.arctan2(down, across)
    parts, gains = [], []
    for sector in range(SECTORS):
        angle = sector * np.pi / SECTORS
        off = (turn - angle + np.pi / 2) % np.pi - np.pi / 2
        hat = np.where(np.abs(off) < np.pi / SECTORS, np.cos(off * SECTORS / 2) ** 2, 0.0)
        parts.append(np.where(f > 0, hat, 1 / SECTORS) * nps)
        gains.append(_ray_gain(x_mm, y_mm, half, middle_y, (-float(np.sin(angle)), float(np.cos(angle)))))
    overlap = [[_mean_over_plane(one * other, shape) for other in parts] for one in parts]
    variance = np.zeros(shape)
    for one, row in zip(gains, overlap, strict=True):
        for other, share in zip(gains, row, strict=True):
            variance += share * one * other
    norm = 1 / np.sqrt(variance)
    return NoiseField(
        tuple(part.astype(np.float32) for part in parts), tuple((gain * norm).astype(np.float32) for gain in gains)
    )


def _ray_gain(
    x_mm: Floats, y_mm: Floats, half: tuple[float, float], middle_y: float, direction: tuple[float, float]
) -> Floats:
    """Relative noise amplitude of the rays in one direction [rows, columns]."""
    (a, b), (u, v) = half, direction
    x, y = x_mm[None, :] / a, (y_mm[:, None] - middle_y) / b
    slant = (u / a) ** 2 + (v / b) ** 2
    cross = x * (u / a) + y * (v / b)
    way = 2 * np.sqrt(np.maximum(cross**2 - slant * (x * x + y * y - 1), 0)) / slant
    followed = CURRENT_FOLLOWS * 2 / np.sqrt(slant)
    result: Floats = np.exp(0.25 * MU_WATER * (way - followed))
    return result


def coloured(white: Floats, field: NoiseField) -> Floats:
    """White unit noise [rows, columns] in the colour and the directions of a field."""
    from scipy import fft

    spectrum = cast("NDArray[np.complex64]", fft.rfft2(white))
    total = np.zeros_like(white)
    for part, gain in zip(field.parts, field.gains, strict=True):
        layer = cast("Floats", fft.irfft2(spectrum * part, s=white.shape, overwrite_x=True))
        layer *= gain
        total += layer
    return total


def apply_filter(picture: Floats, transfer: Floats) -> Floats:
    """Picture [rows, columns] times ``transfer`` in frequency space, float32 throughout."""
    from scipy import fft

    spectrum = cast("NDArray[np.complex64]", fft.rfft2(picture))
    spectrum *= transfer
    return cast("Floats", fft.irfft2(spectrum, s=picture.shape, overwrite_x=True))


def local_sd(radius: Floats) -> Floats:
    """Relative noise sd by the elliptical radius (1 at the skin): 1.25 in the centre, .75 at the skin, less beyond.

    It is 1 half-way between, where most of the liver lies; .5 far outside [A].
    """
    inside = 1.25 - 0.5 * np.minimum(radius, 1) ** 2
    outside = 0.25 * np.clip((radius - 1) / 0.6, 0, 1)
    result: Floats = (inside - outside).astype(np.float32)
    return result


def rays_from(x_mm: Floats, y_mm: Floats, source: tuple[float, float], decay_mm: float, near_mm: float) -> Rays:
    """Angles and fading of the pixels around a source, within three decay lengths of it."""
    rows = _within(y_mm, source[1], 3 * decay_mm)
    columns = _within(x_mm, source[0], 3 * decay_mm)
    x = (x_mm[None, columns] - source[0]).astype(np.float32)
    y = (y_mm[rows, None] - source[1]).astype(np.float32)
    distance = np.sqrt(x * x + y * y)
    turn = (np.arctan2(y, x) + np.float32(np.pi)) * np.float32(ANGLES / (2 * np.pi))
    edge = np.clip(3 - distance / decay_mm, 0, 1)
    fade = (1 - np.exp(-distance / near_mm)) * np.exp(-distance / decay_mm) * edge
    return Rays(rows, columns, turn.astype(np.int16) % ANGLES, fade.astype(np.float32))


def line_pairs(rng: np.random.Generator, count: int, widths_rad: tuple[float, float], both_ways: bool) -> Floats:
    """Table [ANGLES] of ``count`` pairs of a bright and a dark line at random angles; peaks of at most 1.

    ``both_ways``: the line goes on behind its source.
    """
    angle = np.arange(ANGLES) * (2 * np.pi / ANGLES)
    table = np.zeros(ANGLES)
    for _ in range(count):
        at, width = rng.uniform(0, 2 * np.pi), rng.uniform(*widths_rad)
        size = rng.uniform(0.35, 1.0) * rng.choice((-1, 1))
        period = np.pi if both_ways else 2 * np.pi
        u = ((angle - at + period / 2) % period - period / 2) / width
        table += size * u * np.exp(0.5 - 0.5 * u * u)
    result: Floats = np.clip(table, -1, 1).astype(np.float32)
    return result


def _mean_over_plane(power: Floats, shape: tuple[int, int]) -> float:
    """Mean over all frequencies of a quantity [rows, columns / 2 + 1] on the half plane of ``rfft2``."""
    weight = np.full(power.shape[1], 2.0)
    weight[0] = 1.0
    if shape[1] % 2 == 0:
        weight[-1] = 1.0
    return float((power * weight).sum() / (shape[0] * shape[1]))


def _frequencies(shape: tuple[int, int], pixel_mm: float) -> tuple[Floats, Floats, Floats]:
    """Frequencies down [rows, 1], across [1, columns / 2 + 1] and their length, in 1/mm."""
    down = np.fft.fftfreq(shape[0], pixel_mm)[:, None]
    across = np.fft.rfftfreq(shape[1], pixel_mm)[None, :]
    return down, across, np.hypot(down, across)


def _within(positions_mm: Floats, middle: float, reach: float) -> slice:
    first, last = np.searchsorted(positions_mm, (middle - reach, middle + reach))
    return slice(int(first), int(last))
