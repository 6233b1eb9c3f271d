"""What the acquisition does to a slice: coil, k-space window, ghosts, noise, correction, magnitude."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Floats
from overread.phantom.noise import stream
from overread.phantom.protocols import Protocol, Quality

Complex = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Everything of one study that turns a tissue picture into an image; maps are [rows, columns]."""

    seed: int
    sigma: float
    coil: Floats
    correction: Floats
    window: Floats
    ghost: Complex | None
    gamma: float
    scale: float


def prepare(
    seed: int,
    protocol: Protocol,
    quality: Quality,
    x_mm: Floats,
    y_mm: Floats,
    *,
    middle_y: float,
    half: tuple[float, float],
) -> Acquisition:
    """Maps and windows of a study; ``half`` is half the width and depth of the trunk."""
    rng = stream(seed, "coil")
    x, y = x_mm[None, :] / half[0], (y_mm[:, None] - middle_y) / half[1]
    depth = (1 - np.minimum(np.sqrt(x * x + y * y), 1.2)) * half[1]
    coil = 0.78 + 0.38 * np.exp(-depth / 55) * (1 + float(rng.uniform(-0.5, 0.5)) * np.clip(y, -1, 1))
    for _ in range(3):
        u, v = rng.normal(0, 1.3, 2)
        coil = coil + float(rng.normal(0, 0.045)) * np.cos(u * x + v * y + float(rng.uniform(0, 6)))
    coil = (coil / float(coil.mean())) ** quality.shading
    centre = (float(rng.normal(0.1, 0.12)), float(rng.normal(-0.35, 0.2)))
    dip_size = quality.b1_dip * (1.0 if protocol.field_t > 2 else 0.25)
    dip = 1 - dip_size * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 0.18)
    correction = coil**-quality.correction
    level = float(np.median(coil[np.abs(depth - half[1] / 2) < half[1] / 3]))
    return Acquisition(
        seed=seed,
        sigma=level / quality.snr,
        coil=(coil * dip).astype(np.float32),
        correction=correction.astype(np.float32),
        window=_window(protocol, quality),
        ghost=_ghost(rng, protocol, quality),
        gamma=quality.gamma,
        scale=quality.scale,
    )


def acquire(picture: Floats, how: Acquisition, index: int) -> Floats:
    """Image of one slice. The noise depends on the study and the slice index only.

    Noise enters before the k-space window and before the intensity correction: it is coloured as the image
    is, and stronger where the correction lifts the signal.
    """
    from scipy import fft

    rng = stream(how.seed, f"noise-{index}")
    noise = rng.standard_normal((2, *picture.shape), dtype=np.float32) * np.float32(
        how.sigma * _gain(how.window)
    )
    raw = np.empty(picture.shape, dtype=np.complex64)
    raw.real = picture * how.coil + noise[0]
    raw.imag = noise[1]
    space = fft.fft2(raw, overwrite_x=True)
    space *= how.window
    if how.ghost is not None:
        space *= how.ghost
    image = np.abs(fft.ifft2(space, overwrite_x=True)) * how.correction
    if how.gamma != 1:
        image = np.maximum(image, 1e-6) ** np.float32(how.gamma)
    return (image * np.float32(how.scale)).astype(np.float32)


def _gain(window: Floats) -> float:
    """Factor on white noise so that its sd is 1 after the window."""
    return 1 / float(np.sqrt(np.mean(window.astype(np.float64) ** 2)))


def _window(protocol: Protocol, quality: Quality) -> Floats:
    """Acquired part of k-space with raised-cosine edges, times the transfer of the point spread."""
    axes = []
    for count, acquired in zip((protocol.rows, protocol.columns), protocol.acquired_matrix, strict=True):
        frequency = np.abs(np.fft.fftfreq(count))
        edge = 0.5 * acquired / count
        ramp = 0.12 * edge
        inside = 0.5 * (1 + np.cos(np.pi * np.clip((frequency - edge + ramp) / ramp, 0, 1)))
        axes.append(inside * np.exp(-2 * (np.pi * quality.psf_px * frequency) ** 2))
    return np.outer(axes[0], axes[1]).astype(np.float32)


def _ghost(rng: np.random.Generator, protocol: Protocol, quality: Quality) -> Complex | None:
    """Modulation of the phase-encoding lines that repeats the body at plus and minus a shift."""
    phases = rng.uniform(0, 2 * np.pi, 2)
    if quality.ghost <= 0:
        return None
    is_column = protocol.phase_direction == "COL"
    count = protocol.rows if is_column else protocol.columns
    line = np.fft.fftfreq(count) * count
    turn = 2 * np.pi * quality.ghost_shift * line
    wave = 1 + quality.ghost * (np.exp(1j * (turn + phases[0])) + np.exp(1j * (phases[1] - turn)))
    modulated: Complex = wave.astype(np.complex64).reshape((-1, 1) if is_column else (1, -1))
    return modulated
