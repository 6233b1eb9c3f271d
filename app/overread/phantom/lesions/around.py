"""What surrounds a lesion: perfusion wedges, oedema, the dark HBP band, dilated ducts, the halo of CT."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from overread.phantom.lesions.material import Bench, liver_like
from overread.phantom.lesions.parts import ALL_ROUND, Gate, Part, Shell, Tubes, Wedge
from overread.phantom.lesions.shape import Point, Shape
from overread.phantom.tissues import Tissue

HILUM: Point = (-28.0, -34.0, 6.0)
"""The portal bifurcation in patient mm (PHANTOM 1): branches run away from it."""


def surroundings(bench: Bench, shape: Shape) -> tuple[Part, ...]:
    """Parts to paint before the lesion, none of which belongs to its mask."""
    parts: list[Part] = []
    if bench.has("thad"):
        parts.append(_perfusion(bench, shape))
    if bench.sketch.type == "abscess":
        parts.append(_oedema(bench, bench.made.get(f"lesion{bench.number}/thad")))
    if bench.has("hbp-band"):
        parts.append(_band(bench))
    if bench.has("halo"):
        parts.append(_halo(bench, shape))
    if bench.has("ducts"):
        parts.append(_ducts(bench))
    return tuple(parts)


def outward(centre: Point) -> NDArray[np.float64]:
    """Unit vector away from the portal bifurcation: towards the capsule, along the branches."""
    away = np.array(centre) - np.array(HILUM)
    length = float(np.linalg.norm(away))
    unit: NDArray[np.float64] = away / length if length > 1 else np.array([-1.0, 0.0, 0.0])
    return unit


def _perfusion(bench: Bench, shape: Shape) -> Part:
    """Transient arterial enhancement: a wedge with straight borders in .6, else a rounded zone (PHANTOM 4.1)."""
    name = bench.keep("thad", _perfused(bench))
    if bench.rng.random() >= 0.6 and bench.sketch.type != "abscess":
        width = bench.draw(0.4, 0.8) * min(bench.radius, 25) + 4
        return Shell(name, width, -2.0, ALL_ROUND, bench.draw(2, 4), 0.12 * width)
    half = np.radians(bench.draw(10, 30))
    axis = outward(bench.centre) + bench.rng.normal(0, 0.25, 3)
    axis /= np.linalg.norm(axis)
    back = float(bench.draw(0.5, 0.9) * shape.radius / np.tan(half))
    ax, ay, az = axis.tolist()
    far = back + shape.radius + bench.draw(35, 70)
    apex = (-ax * back, -ay * back, -az * back)
    return Wedge(name, apex, (ax, ay, az), float(half), (back * 0.92, far), bench.draw(2, 4))


def _perfused(bench: Bench) -> Tissue:
    """Liver with more arterial enhancement (PHANTOM 3.2, THAD); in .12 with less uptake."""
    tissue = liver_like(bench, uptake=1.0 if bench.rng.random() > 0.12 else bench.draw(0.6, 0.85))
    ranges = ((0.6, 1.6), (0.8, 2.0), (0.0, 0.3)) if bench.is_extracellular else ((0.3, 0.9), (0.4, 1.2), (0.0, 0.15))
    strength = bench.rng.random()
    a, b, c = (low + strength * (high - low) for low, high in ranges)
    e0, e1, e2, e3, e4 = tissue.enhancement
    h0, h1, h2, h3 = tissue.hounsfield
    rise = 14 + 16 * strength
    return replace(tissue, enhancement=(e0 + a, e1 + b, e2 + c, e3, e4), hounsfield=(h0, h1 + rise, h2 + 3, h3))


def _oedema(bench: Bench, perfused: Tissue | None) -> Part:
    """5-15 mm of parenchyma with a quarter more T2 signal (PHANTOM 4.2); on CT the outer ring of a double target."""
    tissue = liver_like(bench, t1=1.08, t2=1.12, uptake=0.8)
    drop = bench.draw(8, 16) if bench.rng.random() < 0.3 else 2.0
    h0, h1, h2, h3 = tissue.hounsfield
    tissue = replace(tissue, hounsfield=(h0 - 0.5 * drop, h1 - drop, h2 - drop, h3 - 0.4 * drop), adc=tissue.adc * 1.1)
    if perfused is not None:
        tissue = replace(tissue, enhancement=perfused.enhancement, hounsfield=perfused.hounsfield)
    width = min(bench.draw(5, 15), 1.2 * bench.radius)
    return Shell(bench.keep("oedema", tissue), width, -2.0, ALL_ROUND, 0.6 * width, 0.15 * width)


def _band(bench: Bench) -> Part:
    """Wedge or band of parenchyma beside the tumour that takes up less in the hepatobiliary phase."""
    gate: Gate = ALL_ROUND if bench.rng.random() < 0.3 else (bench.draw(-np.pi, np.pi), bench.draw(0.9, 2.2))
    width = bench.draw(3, 9)
    tissue = liver_like(bench, uptake=bench.draw(0.35, 0.6))
    return Shell(bench.keep("band", tissue), width, -2.0, gate, bench.draw(2, 4), 0.2 * width)


def _halo(bench: Bench, shape: Shape) -> Part:
    """A hypodense rim of 1.5 mm or more over at least half of the circumference (PHANTOM 6.2)."""
    liver = bench.liver.hounsfield
    drop = bench.draw(20, 34)
    base = replace(
        liver_like(bench), hounsfield=(liver[0] - 0.4 * drop, liver[1] - drop, liver[2] - 0.8 * drop, liver[3] - 4)
    )
    share = bench.draw(0.55, 1.15)
    gate: Gate = ALL_ROUND if share >= 1 else (bench.draw(-np.pi, np.pi), float(np.pi * share))
    return Shell(bench.keep("halo", base), bench.draw(1.8, 3.2) + 0.4 * shape.margin_mm, -2.0, gate, 0.8, 0.25)


def _ducts(bench: Bench) -> Part:
    """Dilated bile ducts upstream, 3-6 mm wide, branching towards the capsule."""
    rng = bench.own("ducts")
    axis = outward(bench.centre)
    start = np.array(bench.centre) + axis * 0.7 * bench.radius
    pieces: list[NDArray[np.float64]] = []
    for _ in range(int(rng.integers(2, 5))):
        heading = axis + rng.normal(0, 0.45, 3) * (1, 1, 0.5)
        _grow(pieces, start, heading / np.linalg.norm(heading), float(rng.uniform(1.5, 3.0)), rng, 2)
    return Tubes("bile", np.concatenate(pieces))


def _grow(
    pieces: list[NDArray[np.float64]],
    start: NDArray[np.float64],
    heading: NDArray[np.float64],
    radius: float,
    rng: np.random.Generator,
    generations: int,
) -> None:
    """One winding duct in tapered pieces, then its two daughters."""
    path, radii = [start], [radius]
    for _ in range(int(rng.integers(3, 6))):
        heading = heading + rng.normal(0, 0.22, 3)
        heading /= np.linalg.norm(heading)
        path.append(path[-1] + heading * float(rng.uniform(4, 6)))
        radii.append(radii[-1] * 0.93)
    ends = np.concatenate([np.array(path), np.array(radii)[:, None]], axis=1)
    pieces.append(np.concatenate([ends[:-1], ends[1:]], axis=1))
    if generations > 0 and radii[-1] > 0.8:
        for _ in range(2):
            turn = heading + rng.normal(0, 0.5, 3)
            _grow(pieces, path[-1], turn / np.linalg.norm(turn), radii[-1] * 0.75, rng, generations - 1)
