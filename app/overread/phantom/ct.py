"""From painted attenuation to CT slices in HU: sharpness, noise, artefacts, and what surrounds the patient.

PHANTOM 3.4, 8 and 9. Everything drawn here depends on the study's seed and the slice, never on the lesions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.phantom.ct_noise import (
    KERNELS,
    VENDOR_KERNELS,
    NoiseField,
    Rays,
    apply_filter,
    coloured,
    line_pairs,
    local_sd,
    mtf_filter,
    noise_field,
    nps_filter,
    rays_from,
)
from overread.phantom.ct_quality import CtQuality, draw_ct_quality
from overread.phantom.ct_surround import Gown, arms, bodies_of_metal, gown, superellipse, table
from overread.phantom.lattice import Floats
from overread.phantom.noise import stream

__all__ = ["KERNELS", "VENDOR_KERNELS", "CtAcquisition", "CtQuality", "acquire_ct", "draw_ct_quality", "prepare_ct"]

Hounsfield = NDArray[np.int16]
Point = tuple[float, float, float]

LOWEST, HIGHEST = -1024, 3071
"""Range of twelve stored bits at the usual rescale intercept."""

STREAK_DECAY_MM = 60
"""PHANTOM 3.4."""

METAL_DECAY_MM = 30
"""Small clips reach less far than bone [A]."""


@dataclass(frozen=True, slots=True)
class CtAcquisition:
    """Everything of one study that turns pictures into slices; maps are [rows, columns]."""

    seed: int
    role: str
    """Of the volume: phases have noise of their own."""
    quality: CtQuality
    x_mm: Floats
    y_mm: Floats
    spacing_mm: float
    padding: int
    sd: Floats
    """HU."""
    noise: NoiseField
    mtf: Floats
    inside: NDArray[np.bool_]
    """The reconstruction circle."""
    body: NDArray[np.bool_]
    """Where gas is bowel gas, on every fourth pixel."""
    shade: Floats
    """Cupping, HU."""
    band: Floats
    band_z_mm: float
    surround: Floats
    """Table and arms, as (HU + 1000) / 1000."""
    gown: Gown
    spine: tuple[Rays, ...]
    metal: tuple[Point, ...]
    spokes: tuple[Floats, ...]
    stretch: Floats
    """How far the rows [rows] move between the two halves of a respiratory step, mm."""


def prepare_ct(
    seed: int,
    quality: CtQuality,
    x_mm: Floats,
    y_mm: Floats,
    *,
    half: tuple[float, float],
    middle_y: float,
    spacing_mm: float | None = None,
    padding: int = LOWEST,
    metal_at: Point | None = None,
    role: str = "",
) -> CtAcquisition:
    """Maps, filters and surroundings of a study.

    Parameters
    ----------
    x_mm, y_mm
        Positions of columns and rows, ascending, square pixels.
    half, middle_y
        Half the width and depth of the trunk, and the height of its middle.
    spacing_mm
        Distance of slices; the thickness if not given.
    padding
        Value outside the reconstruction circle.
    metal_at
        Where clips or the tip of a drain lie; near the gallbladder fossa if not given.
    """
    rng = stream(seed, "ct-scanner")
    pixel_mm = float(x_mm[1] - x_mm[0])
    shape = (len(y_mm), len(x_mm))
    x, y = x_mm[None, :] / half[0], (y_mm[:, None] - middle_y) / half[1]
    radius = np.sqrt(x * x + y * y)
    middle = (float(x_mm.mean()), float(y_mm.mean()))
    circle = (x_mm[None, :] - middle[0]) ** 2 + (y_mm[:, None] - middle[1]) ** 2
    metal = bodies_of_metal(stream(seed, "ct-metal"), quality.clips, quality.drain, metal_at)
    sources = [(-21.0, 26.0), (21.0, 26.0)]
    if quality.arms_down:
        sources += [(side * (half[0] + 42), middle_y + 12) for side in (-1, 1)]
    return CtAcquisition(
        seed=seed,
        role=role,
        quality=quality,
        x_mm=x_mm,
        y_mm=y_mm,
        spacing_mm=spacing_mm or quality.thickness_mm,
        padding=padding,
        sd=local_sd(radius) * np.float32(quality.noise_sd),
        noise=noise_field(
            nps_filter(shape, pixel_mm, quality.nps_peak, quality.nps_floor),
            x_mm,
            y_mm,
            half=(half[0] + (40 if quality.arms_down else 0), half[1]),
            middle_y=middle_y,
        ),
        mtf=mtf_filter(shape, pixel_mm, quality.mtf50),
        inside=circle <= (0.5 * pixel_mm * min(shape)) ** 2,
        body=(superellipse(x, y) < 0.85)[::4, ::4],
        shade=(quality.cupping_hu * np.clip(1 - radius**2, 0, 1)).astype(np.float32),
        band=_band(x_mm, y_mm, quality.band_hu),
        band_z_mm=float(rng.uniform(0, 50)),
        surround=_surround(seed, quality, x_mm, y_mm, half, middle_y),
        gown=gown(stream(seed, "ct-gown"), x_mm, y_mm, half, middle_y, quality.folds),
        spine=tuple(rays_from(x_mm, y_mm, source, STREAK_DECAY_MM, 12) for source in sources),
        metal=metal,
        spokes=tuple(60 * line_pairs(rng, int(rng.integers(10, 21)), (0.03, 0.09), both_ways=True) for _ in metal),
        stretch=(quality.step_mm * np.clip((middle_y + half[1] - y_mm) / (2 * half[1]), 0, 1)).astype(np.float32),
    )


def _surround(
    seed: int, quality: CtQuality, x_mm: Floats, y_mm: Floats, half: tuple[float, float], middle_y: float
) -> Floats:
    """Table and arms, where there are some."""
    found = np.zeros((len(y_mm), len(x_mm)), dtype=np.float32)
    if quality.table:
        found = np.maximum(found, table(stream(seed, "ct-table"), x_mm, y_mm, middle_y + half[1]))
    if quality.arms_down:
        found = np.maximum(found, arms(stream(seed, "ct-arms"), x_mm, y_mm, half, middle_y))
    return found


def acquire_ct(picture: Floats, how: CtAcquisition, index: int, z_mm: float) -> Hounsfield:
    """CT slice [rows, columns] in HU of a painted picture (HU + 1000) / 1000, 0 outside the body."""
    quality = how.quality
    seen = picture
    if quality.step_z_mm is not None and 0 <= z_mm - quality.step_z_mm < how.spacing_mm:
        seen = _double(seen, how)
    scene = np.maximum(seen, how.surround)
    how.gown.drape(scene, z_mm)
    near = [n for n, at in enumerate(how.metal) if abs(z_mm - at[2]) < 2 + quality.thickness_mm / 2]
    for n in near:
        _insert(scene, how, how.metal[n])
    image = apply_filter(scene, how.mtf)
    image -= 1
    image *= 1000
    image += how.shade
    if quality.band_hu > 0:
        image += how.band * np.float32(np.exp(-(((z_mm - how.band_z_mm) / 25) ** 2)))
    for n in near:
        rays = rays_from(how.x_mm, how.y_mm, how.metal[n][:2], METAL_DECAY_MM, 1.5)
        image[rays.rows, rays.columns] += how.spokes[n][rays.angle] * (rays.fade / np.float32(len(near) ** 0.5))
    _add_streaks(image, picture, how, index)
    white = stream(how.seed, f"ct-noise-{how.role}-{index}").standard_normal(picture.shape, dtype=np.float32)
    image += coloured(white, how.noise) * how.sd
    np.clip(np.rint(image, out=image), LOWEST, HIGHEST, out=image)
    image[~how.inside] = how.padding
    return image.astype(np.int16)


def _add_streaks(image: Floats, picture: Floats, how: CtAcquisition, index: int) -> None:
    """Faint pairs of lines from the spine, the arms and the ends of gas-fluid levels."""
    if how.quality.streaks == 0:
        return
    rng = stream(how.seed, f"ct-streaks-{how.role}-{index}")
    gas = [rays_from(how.x_mm, how.y_mm, end, STREAK_DECAY_MM, 4) for end in _gas_ends(picture, how)]
    sources = [*how.spine, *gas]
    counts = rng.multinomial(how.quality.streaks, np.full(len(sources), 1 / len(sources)))
    for rays, count in zip(sources, counts.tolist(), strict=True):
        lines = np.float32(how.quality.streak_hu) * line_pairs(rng, count, (0.008, 0.03), both_ways=False)
        image[rays.rows, rays.columns] += lines[rays.angle] * rays.fade


def _gas_ends(picture: Floats, how: CtAcquisition) -> Iterator[tuple[float, float]]:
    """Both ends of the lowest row of the two largest pockets of bowel gas; lung is denser than that."""
    from scipy import ndimage

    pockets, count = ndimage.label((picture[::4, ::4] < 0.06) & how.body)
    sizes = np.bincount(pockets.ravel(), minlength=count + 1)[1:]
    for pocket in np.argsort(-sizes, kind="stable")[:2].tolist():
        if sizes[pocket] < 10:
            return
        rows, columns = np.nonzero(pockets == pocket + 1)
        lowest = columns[rows == rows.max()]
        for column in (int(lowest.min()), int(lowest.max())):
            yield float(how.x_mm[4 * column]), float(how.y_mm[4 * int(rows.max())])


def _double(picture: Floats, how: CtAcquisition) -> Floats:
    """Half the projections before a breath, half after: the front of the body is seen twice."""
    pixel_mm = float(how.y_mm[1] - how.y_mm[0])
    at = np.clip(np.arange(len(how.y_mm)) + how.stretch / pixel_mm, 0, len(how.y_mm) - 1.001)
    low = at.astype(np.int64)
    share = (at - low).astype(np.float32)[:, None]
    moved = picture[low] * (1 - share) + picture[low + 1] * share
    result: Floats = 0.5 * (picture + moved)
    return result


def _insert(scene: Floats, how: CtAcquisition, at: Point) -> None:
    """Metal of 2 mm, far above 2000 HU."""
    columns, rows = np.abs(how.x_mm - at[0]) < 4, np.abs(how.y_mm - at[1]) < 4
    x, y = how.x_mm[columns][None, :] - at[0], how.y_mm[rows][:, None] - at[1]
    pixel_mm = float(how.x_mm[1] - how.x_mm[0])
    share = np.clip(0.5 + (1.2 - np.hypot(x / 2, y)) / pixel_mm, 0, 1)
    part = scene[np.ix_(rows, columns)]
    scene[np.ix_(rows, columns)] = part + share * (5.0 - part)


def _band(x_mm: Floats, y_mm: Floats, depth_hu: float) -> Floats:
    """Dark band from the spine to the stomach, HU."""
    start, end = np.array([8.0, 14.0]), np.array([58.0, -42.0])
    length = float(np.hypot(*(end - start)))
    u, v = (end - start) / length
    x, y = x_mm[None, :] - start[0], y_mm[:, None] - start[1]
    along, across = (u * x + v * y) / length, v * x - u * y
    ends = np.clip(8 * np.minimum(along + 0.1, 1.1 - along), 0, 1)
    result: Floats = (-depth_hu * ends * np.exp(-((across / 9) ** 2))).astype(np.float32)
    return result
