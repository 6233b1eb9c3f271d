"""What an MR acquisition does to a slice: fat suppression, chemical shift, coil, k-space window, ghosts, noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lattice import Floats
from overread.phantom.layers import Labels, Layers
from overread.phantom.looks import DWI, Look, opposed_factor
from overread.phantom.noise import stream
from overread.phantom.person import Person
from overread.phantom.protocols import Protocol
from overread.phantom.quality import Quality
from overread.phantom.views import PATCH, View

Complex = NDArray[np.complex64]
FAT_SHIFT_HZ = 220.0 / 1.5
"""Distance of the main fat line from water, Hz per tesla."""
ECHO_PLANAR_SHIFT_MM = 14.0
"""Shift of fat in echo-planar images (PHANTOM 8: 8-14 px of 1.2-1.7 mm)."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Everything of one volume that turns tissue pictures into images; maps are [rows, columns]."""

    seed: int
    protocol: Protocol
    quality: Quality
    sigma: float
    coil: Floats
    correction: Floats
    window: Floats
    ghost: Complex | None
    fat_factor: complex
    fat_shift_px: float
    dome_z: float
    fat_patch_level: float
    heart: tuple[float, float, float]


def prepare(seed: int, view: View, quality: Quality, person: Person, fat_patch_level: float) -> Acquisition:
    """Maps and windows of a volume."""
    protocol = view.protocol
    rng = stream(seed, "coil")
    x, y = view.x_mm[None, :] / person.half_width, (view.y_mm[:, None] - person.middle_y) / person.half_depth
    depth = (1 - np.minimum(np.sqrt(x * x + y * y), 1.2)) * person.half_depth
    coil = 0.78 + 0.38 * np.exp(-depth / 55) * (1 + float(rng.uniform(-0.5, 0.5)) * np.clip(y, -1, 1))
    for _ in range(3):
        u, v = rng.normal(0, 1.3, 2)
        coil = coil + float(rng.normal(0, 0.045)) * np.cos(u * x + v * y + float(rng.uniform(0, 6)))
    coil = (coil / float(coil.mean())) ** quality.shading
    centre = (float(rng.normal(0.1, 0.12)), float(rng.normal(-0.35, 0.2)))
    dip_size = quality.b1_dip * (1.0 if protocol.field_t > 2 else 0.25)
    dip = 1 - dip_size * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 0.18)
    correction = coil**-quality.correction
    level = float(np.median(coil[np.abs(depth - person.half_depth / 2) < person.half_depth / 3]))
    is_mixed = not protocol.fat_suppressed
    hertz = FAT_SHIFT_HZ * protocol.field_t
    return Acquisition(
        seed=seed,
        protocol=protocol,
        quality=quality,
        sigma=level / quality.snr,
        coil=(coil * dip).astype(np.float32),
        correction=correction.astype(np.float32),
        window=_window(protocol, quality),
        ghost=_ghost(seed, protocol, quality),
        fat_factor=opposed_factor(protocol.sequence.te_ms, protocol.field_t) if is_mixed else 1.0,
        fat_shift_px=hertz / max(protocol.bandwidth_hz_per_px, 50)
        if protocol.sequence.kind != DWI
        else ECHO_PLANAR_SHIFT_MM / protocol.pixel_mm,
        dome_z=person.dome_z,
        fat_patch_level=fat_patch_level,
        heart=(24.0, person.middle_y - person.half_depth + person.fat + person.muscle + 50, person.dome_z + 18),
    )


def acquire(
    water: Floats,
    fat: Floats,
    view: View,
    how: Acquisition,
    index: int,
    *,
    noise: Mapping[float, Floats],
    labels: Labels,
    pull: Floats | None = None,
) -> Floats:
    """Image of one slice [rows, columns] from its pictures within the crop; normal liver is ``quality.scale``.

    ``pull``: see `displacement`. The noise depends on the study, the volume's role and the slice index only. It enters
    before the k-space window and before the intensity correction: it is coloured as the image is, and stronger where
    the correction lifts it.
    """
    from scipy import fft

    z = float(view.z_mm[index])
    fat = _shifted(fat, how) * _fat_left(how, view, z, noise[PATCH])
    if pull is not None:
        water, fat = (displaced(part, pull) for part in (water * _heart_loss(how, view, z), fat))
    rng = stream(how.seed, f"noise-{how.protocol.role}-{index}")
    raw = np.zeros((len(view.y_mm), len(view.x_mm)), dtype=np.complex64)
    raw[view.crop] = (water + fat * np.complex64(how.fat_factor)) * how.coil[view.crop]
    grain = rng.standard_normal((2, *raw.shape), dtype=np.float32) * np.float32(how.sigma * _gain(how.window))
    raw.real += grain[0]
    raw.imag += grain[1]
    space = fft.fft2(raw, overwrite_x=True)
    space *= how.window
    if how.ghost is not None:
        space *= how.ghost
    image = np.abs(fft.ifft2(space, overwrite_x=True)) * how.correction
    if how.quality.is_air_masked:
        image *= _body_mask(view, labels)
    if how.quality.gamma != 1:
        image = np.maximum(image, 1e-6) ** np.float32(how.quality.gamma)
    return (image * np.float32(how.quality.scale)).astype(np.float32)


def _body_mask(view: View, labels: Labels) -> Floats:
    """1 in the body and a little round it, next to 0 in the air beyond [rows, columns]."""
    from scipy import ndimage

    reach = 8.0 / view.protocol.pixel_mm
    inside = np.zeros((len(view.y_mm), len(view.x_mm)), dtype=np.float32)
    inside[view.crop] = labels > 0
    near: Floats = np.clip(4 * ndimage.gaussian_filter(inside, reach / 2, truncate=2.5), 0, 1)
    return near


def _fat_left(how: Acquisition, view: View, z: float, patches: Floats) -> Floats | np.float32:
    """Share of the fat signal that suppression leaves: more where the shim fails (dome, patches)."""
    if not how.protocol.fat_suppressed:
        return np.float32(1.0)
    rest = how.quality.fat_residual * (1 + 0.10 * patches)
    if how.quality.fat_patch > 0:
        steep = np.clip((patches - how.fat_patch_level) * 2.5, 0, 1)
        rest = rest + (how.quality.fat_patch - rest) * steep
    lift = float(np.clip((z - how.dome_z + 50) / 60, 0, 1))
    if lift > 0:
        rest = rest + 0.20 * lift * np.clip(-view.x_mm[None, view.crop[1]] / 130, 0, 1)
    result: Floats = np.maximum(rest, 0.05).astype(np.float32)
    return result


def _shifted(fat: Floats, how: Acquisition) -> Floats:
    """Fat moved along the read direction, along the phase direction in echo-planar images."""
    is_echo_planar = how.protocol.sequence.kind == DWI
    along = 0 if is_echo_planar or how.protocol.phase_direction == "ROW" else 1
    from scipy import ndimage

    shift = (how.fat_shift_px, 0.0) if along == 0 else (0.0, how.fat_shift_px)
    result: Floats = ndimage.shift(fat, shift, order=1, mode="constant")
    return result


def displacement(how: Acquisition, view: View, layers: Layers, noise: Mapping[float, Floats]) -> Floats | None:
    """How far echo-planar images are drawn along the phase direction near gas, pixels [rows, columns] of the crop.

    The same for all b-values of a series and for its label map (PHANTOM 7, 8); None for other sequences.
    """
    from scipy import ndimage

    if how.protocol.sequence.kind != DWI:
        return None
    gas = layers.render(Look({"gas": 1.0, "lung": 1.0}))[0]
    size = how.quality.distortion_mm
    pull = ndimage.gaussian_filter(gas, 9.0 / view.protocol.pixel_mm) * (6 * size)
    result: Floats = (np.clip(pull, 0, 1.5 * size) + 0.25 * size * noise[PATCH]) / view.protocol.pixel_mm
    return result


def displaced(picture: NDArray[Any], pull: Floats, *, is_label: bool = False) -> NDArray[Any]:
    """A picture or label map [rows, columns] drawn along its rows by ``pull`` pixels."""
    from scipy import ndimage

    rows = np.arange(picture.shape[0], dtype=np.float32)[:, None] + pull
    columns = np.broadcast_to(np.arange(picture.shape[1], dtype=np.float32)[None, :], picture.shape)
    return np.asarray(
        ndimage.map_coordinates(picture, np.stack([rows, columns]), order=0 if is_label else 1, mode="constant")
    )


def _heart_loss(how: Acquisition, view: View, z: float) -> Floats:
    """What the beating heart leaves of the left lobe's diffusion signal (PHANTOM 3.3)."""
    x, y = view.x_mm[None, view.crop[1]], view.y_mm[view.crop[0], None]
    hx, hy, hz = how.heart
    away = (x - hx) ** 2 + (y - hy) ** 2 + (z - hz + 40) ** 2
    strength = how.protocol.sequence.b_value / 1000 * how.quality.dwi_loss
    left: Floats = np.exp(-strength * np.exp(-away / 3600.0)).astype(np.float32)
    return left


def _gain(window: Floats) -> float:
    """Factor on white noise so that its sd is 1 after the window."""
    return 1 / float(np.sqrt(np.mean(window.astype(np.float64) ** 2)))


def _window(protocol: Protocol, quality: Quality) -> Floats:
    """Acquired part of k-space with raised-cosine edges, times the transfer of the point spread."""
    axes = []
    phase, read = protocol.acquired_matrix
    if protocol.phase_direction == "ROW":  # phase lines along the rows: the columns are the coarser axis
        scale = protocol.rows / protocol.columns
        phase, read = round(read * scale), round(phase / scale)
    for count, acquired in zip((protocol.rows, protocol.columns), (phase, read), strict=True):
        frequency = np.abs(np.fft.fftfreq(count))
        edge = 0.5 * acquired / count
        ramp = 0.12 * edge
        inside = 0.5 * (1 + np.cos(np.pi * np.clip((frequency - edge + ramp) / ramp, 0, 1)))
        axes.append(inside * np.exp(-2 * (np.pi * quality.psf_px * frequency) ** 2))
    return np.outer(axes[0], axes[1]).astype(np.float32)


def _ghost(seed: int, protocol: Protocol, quality: Quality) -> Complex | None:
    """Modulation of the phase-encoding lines that repeats the body at plus and minus a shift."""
    if quality.ghost <= 0:
        return None
    phases = stream(seed, f"ghost-{protocol.role}").uniform(0, 2 * np.pi, 2)
    is_column = protocol.phase_direction == "COL"
    count = protocol.rows if is_column else protocol.columns
    line = np.fft.fftfreq(count) * count
    turn = 2 * np.pi * quality.ghost_shift * line
    wave = 1 + quality.ghost * (np.exp(1j * (turn + phases[0])) + np.exp(1j * (phases[1] - turn)))
    modulated: Complex = wave.astype(np.complex64).reshape((-1, 1) if is_column else (1, -1))
    return modulated
