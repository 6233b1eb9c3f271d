"""Paints lesions and what surrounds them into the layers of a slice."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from overread.phantom.lattice import Floats, Window, occupancy
from overread.phantom.layers import Layers, Maps, Mix, cut
from overread.phantom.lesions.parts import Cells, Plane, Tubes, Wedge
from overread.phantom.lesions.placement import Points
from overread.phantom.lesions.structure import Lesion
from overread.phantom.timing import Phase
from overread.phantom.vessels import draw_pieces

Noise = Mapping[float, Floats]

FINE, SMALL, LARGE, COARSE = 2.0, 6.0, 14.0, 40.0
_REACH_AROUND_MM = 18.0
_REACH_FAR_MM = 80.0


def before(
    layers: Layers,
    lesion: Lesion,
    phase: Phase,
    slab_mm: float,
    noise: Noise,
    window: Window,
    share: Floats,
    *,
    maps: Maps | None = None,
) -> None:
    """Paint what lies around a lesion: after the liver, before its vessels and all lesions. No label.

    Parameters are those of `paint_lesion`; ``maps`` are the liver's modulations over ``window``, which go on inside.
    """
    near = tuple(part for part in lesion.around if not isinstance(part, (Wedge, Tubes)))
    far = tuple(part for part in lesion.around if isinstance(part, (Wedge, Tubes)))
    for parts, reach in ((far, lesion.reach_mm + _REACH_FAR_MM), (near, lesion.reach_mm + _REACH_AROUND_MM)):
        if not parts:
            continue
        found = _plane(layers, lesion, phase, slab_mm, noise, window, reach, is_free=False)
        if found is None:
            continue
        place, inner, plane = found
        for part in parts:
            filled = part.share(plane) * share[inner]
            if float(filled.max()) > 0.01:
                is_duct = isinstance(part, Tubes)
                layers.paint(place, filled, part.tissue, None, {} if is_duct else cut(maps, inner))


def paint_lesion(
    layers: Layers,
    lesion: Lesion,
    phase: Phase,
    slab_mm: float,
    noise: Noise,
    window: Window,
    share: Floats,
    label: int,
) -> None:
    """Paint a lesion, averaged over three sub-slices; pixels at least half filled get the label.

    Parameters
    ----------
    layers
        The slice.
    lesion
        What to paint.
    phase
        When the image is taken (haemangiomas fill slowly).
    slab_mm
        Thickness of the slice.
    noise
        Unit noise [rows, columns] of the whole slice by cell size: 2, 6, 14, 40 mm.
    window, share
        Pixels around the liver, and how much of each [rows, columns] is liver. An exophytic lesion leaves it.
    label
        Its code in the label map.
    """
    found = _plane(layers, lesion, phase, slab_mm, noise, window, lesion.reach_mm, is_free=lesion.is_exophytic)
    if found is None:
        return
    place, inner, plane = found
    width = max(layers.pixel_mm, lesion.shape.margin_mm)
    first, second, third = (occupancy(depth, width) for depth in plane.depths)
    filled: Floats = (first + second + third) / np.float32(3)
    if not lesion.is_exophytic:
        filled = filled * share[inner]
    if float(filled.max()) < 0.01:
        return
    grain = plane.noise2 + np.float32(0.8) * plane.noise6 + np.float32(0.5) * plane.noise14
    maps = {"texture": np.float32(lesion.texture) * grain}
    body = lesion.body
    stuff = Mix(body.index(plane), body.tissues) if isinstance(body, Cells) else body
    layers.paint(place, filled, stuff, label, maps)
    inside = filled if width < 1.6 * layers.pixel_mm else np.maximum(2 * filled - 1, 0)
    for part in lesion.parts:
        covered = part.share(plane) * inside
        if float(covered.max()) > 0.01:
            layers.paint(place, covered, part.tissue, None, maps)


def paint_thrombus(
    layers: Layers, lesion: Lesion, pieces: Points, slab_mm: float, window: Window, share: Floats, label: int
) -> None:
    """Paint a thrombus, from `placement.thrombus_in`, over the vessels; it belongs to the lesion."""
    if len(pieces) == 0:
        return
    x, y = layers.grid(window)
    filled = draw_pieces(pieces, layers.z_mm, slab_mm, x[0], y[:, 0]) * share
    if float(filled.max()) > 0.01:
        name = lesion.body if isinstance(lesion.body, str) else lesion.body.tissues[0]
        layers.paint(window, filled, name, label)


def _plane(
    layers: Layers,
    lesion: Lesion,
    phase: Phase,
    slab_mm: float,
    noise: Noise,
    window: Window,
    reach: float,
    *,
    is_free: bool,
) -> tuple[Window, Window, Plane] | None:
    """The pixels within ``reach``, the same as part of the liver's window, and distances there; None if none are."""
    cx, cy, cz = lesion.centre
    if abs(layers.z_mm - cz) > reach + slab_mm / 2:
        return None
    box = layers.around(cx, cy, reach, reach)
    place = box if is_free else (_both(box[0], window[0]), _both(box[1], window[1]))
    if place[0].start >= place[0].stop or place[1].start >= place[1].stop:
        return None
    inner = (
        slice(place[0].start - window[0].start, place[0].stop - window[0].start),
        slice(place[1].start - window[1].start, place[1].stop - window[1].start),
    )
    x, y = layers.grid(place)
    coarse, large, small = noise[COARSE][place], noise[LARGE][place], noise[SMALL][place]
    first, second, third = (
        lesion.shape.distance(x, y, layers.z_mm + part * slab_mm, (coarse, large, small))
        for part in (-1 / 3, 0.0, 1 / 3)
    )
    plane = Plane(
        centre=lesion.centre,
        x=x - np.float32(cx),
        y=y - np.float32(cy),
        z=layers.z_mm - cz,
        slab_mm=slab_mm,
        pixel_mm=layers.pixel_mm,
        depths=(first, second, third),
        noise14=large,
        noise6=small,
        noise2=noise[FINE][place],
        seconds=phase.seconds,
    )
    return place, inner, plane


def _both(a: slice, b: slice) -> slice:
    low = max(a.start, b.start)
    return slice(low, max(min(a.stop, b.stop), low))
