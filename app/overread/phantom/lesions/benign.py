"""What benign lesions consist of: cyst, haemangioma, FNH, abscess, nodules of cirrhosis, focal fat.

PHANTOM 4.2 and 4.3.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from overread.phantom.lesions.material import (
    Bench,
    Range,
    as_signed,
    at_phase,
    before_contrast,
    bright_late,
    dark_late,
    liver_like,
    with_diffusion,
    with_t1,
    with_t2,
)
from overread.phantom.lesions.parts import ALL_ROUND, Balls, Filling, Inner, Level, Part, Patches, Sheets, Shell
from overread.phantom.lesions.shape import Ball, Point
from overread.phantom.lesions.tumours import Inside, capsule, enhanced, scar

FLASH_UP_TO_MM = 15.0
"""Haemangiomas up to this diameter may fill at once (PHANTOM 4.2)."""
_STEATOSIS: Range = (0.10, 0.25)


def cyst(bench: Bench) -> Inside:
    """Fluid without enhancement; thin septa, a level of protein or blood where the sketch has one."""
    fluid = bench.of_rows("cyst", "none", "cyst")
    if bench.has("t1-bright"):
        fluid = replace(with_t1(bench, fluid, (1.05, 1.7)), t2_ms=fluid.t2_ms * 0.6)
    if bench.has("dwi-bright"):
        fluid = with_diffusion(bench, fluid, (1.5, 2.4))
    parts: list[Part] = []
    if bench.has("level"):
        heavy = bench.of_rows("protein-fluid", "none", "protein-fluid")
        parts.append(Level(bench.keep("sediment", heavy), bench.draw(-0.1, 0.4) * bench.radius, 0.0))
    if bench.has("septa"):
        count = int(bench.rng.integers(1, 3))
        normals = bench.rng.normal(size=(count, 3)) * (1, 1, 0.4)
        normals /= np.linalg.norm(normals, axis=1)[:, None]
        wall = bench.of_rows("capsule", "capsule", "capsule")
        offsets = tuple(bench.draw(-0.4, 0.4) * bench.radius for _ in range(count))
        parts.append(Sheets(bench.keep("septum", wall), tuple(_points(normals)), offsets, bench.draw(0.7, 1.2)))
    if bench.has("capsule"):
        parts += capsule(bench)
    return bench.keep("body", fluid), tuple(parts)


def haemangioma(bench: Bench) -> Inside:
    """Slow blood: fills from nodules at the rim; flash type at once; hyalinised type never."""
    variant = bench.sketch.variant
    wanted = (2.1, 3.1) if bench.has("t2-moderate") and not bench.has("t2-marked") else (3.1, 6.0)
    pooled = with_t2(bench, bench.of_rows("haemangioma", "haemangioma", "haemangioma"), wanted)
    if bench.knows("t1-dark"):
        pooled = with_t1(bench, pooled, (0.6, 0.92))
    if bench.knows("dwi-bright"):
        pooled = with_diffusion(bench, pooled, (1.4, 2.6) if bench.has("dwi-bright") else (0.8, 1.2))
    if bench.has("hbp-dark") and not bench.is_extracellular:
        pooled = at_phase(bench, pooled, "hbp", (0.40, 0.85))
    if variant == "hyalinised":
        return _hyalinised(bench)
    empty = bench.of_rows("haemangioma", "haemangioma-unfilled", "haemangioma-unfilled")
    pooled = before_contrast(bench, pooled, -22, -6)
    h0, shift = pooled.hounsfield[0], pooled.hounsfield[0] - empty.hounsfield[0]
    bare = (h0, *(h + shift for h in empty.hounsfield[1:]))
    empty = replace(pooled, enhancement=empty.enhancement, hounsfield=(bare[0], bare[1], bare[2], bare[3]))
    parts: list[Part] = []
    if variant == "flash" or bench.has("aphe"):
        body = bench.keep("body", at_phase(bench, pooled, "arterial", (1.5, 3.5)))
    else:
        body = bench.keep("body", empty)
        tau = float(np.clip(60 + 6.5 * bench.radius * bench.draw(0.5, 1.5), 60, 400))
        if bench.knows("delayed-centre"):
            tau = min(tau, 110.0) if bench.has("delayed-centre") else max(tau, 240.0)
        full = bench.keep("pool", at_phase(bench, pooled, "arterial", (1.5, 4.0)))
        parts.append(Filling(full, _rim_nodules(bench), bench.radius, tau))
    if bench.has("hbp-target") and not bench.is_extracellular:
        late = at_phase(bench, pooled, "hbp", (0.85, 0.98))
        depth, soft = 0.5 * bench.radius, 0.2 * bench.radius
        a, b, c, d, _ = empty.enhancement
        middle = bench.keep("middle", replace(empty, enhancement=(a, b, c, d, late.enhancement[4])))
        parts.append(Inner(middle, depth, soft))
    if bench.has("scar"):
        parts += scar(bench, 0.45 * bench.radius, hub=0.2)
    return body, tuple(parts)


def hyperplasia(bench: Bench) -> Inside:
    """Focal nodular hyperplasia: strong even arterial enhancement, then like liver; takes up the agent; a scar."""
    tissue = as_signed(bench, bench.of_rows("fnh", "fnh", "fnh"))
    if bench.knows("aphe"):
        tissue = at_phase(bench, tissue, "arterial", (1.45, 2.4) if bench.has("aphe") else (0.9, 1.06))
    if bench.has("washout"):
        tissue = enhanced(bench, tissue)
    else:
        tissue = at_phase(bench, at_phase(bench, tissue, "portal", (1.0, 1.16)), "delayed", (0.99, 1.10))
    parts: list[Part] = []
    if bench.has("hbp-dark"):
        tissue = dark_late(bench, tissue)
    else:
        tissue = bright_late(bench, tissue, (0.97, 1.22))
        if bench.has("hbp-target"):
            poor = bright_late(bench, tissue, (0.66, 0.82))
            depth = bench.draw(0.25, 0.4) * bench.radius
            parts.append(Inner(bench.keep("middle", poor), depth, 0.25 * bench.radius, 0.06 * bench.radius))
    if bench.has("fat"):
        rich = replace(tissue, fat=bench.draw(0.08, 0.2))
        parts.append(Patches(bench.keep("fat", rich), 0.3))
    if bench.has("scar"):
        parts += scar(bench, bench.radius * bench.draw(0.6, 0.8))
    parts += capsule(bench)
    return bench.keep("body", tissue), tuple(parts)


def abscess(bench: Bench) -> Inside:
    """A cluster of 3-12 locules of pus in an enhancing wall (PHANTOM 4.1); gas in front where the sketch has it."""
    wall = bench.of_rows("abscess-wall", "abscess-wall", "abscess-wall")
    if bench.knows("t2-moderate", "t2-marked"):
        wall = with_t2(bench, wall, (1.35, 2.3))
    if bench.knows("aphe-rim", "aphe"):
        wall = at_phase(bench, wall, "arterial", (1.2, 1.7) if bench.has("aphe-rim") else (0.8, 1.05))
    wall = at_phase(bench, wall, "portal", (0.92, 1.2))
    wall = at_phase(bench, wall, "delayed", (1.0, 1.2) if bench.is_extracellular else (0.8, 1.0))
    wall = dark_late(bench, wall)
    pus = bench.of_rows("abscess-core", "none", "abscess-core")
    if bench.knows("t2-moderate", "t2-marked"):
        pus = with_t2(bench, pus, (2.9, 5.5) if bench.has("t2-marked") else (1.5, 2.6))
    if bench.knows("t1-dark", "t1-bright"):
        pus = with_t1(bench, pus, (1.05, 1.3) if bench.has("t1-bright") else (0.45, 0.8))
    if bench.knows("dwi-bright"):
        pus = with_diffusion(bench, pus, (2.0, 4.5) if bench.has("dwi-bright") else (0.7, 1.15))
    if bench.has("dwi-target"):
        wall, pus = with_diffusion(bench, wall, (1.7, 2.6)), with_diffusion(bench, pus, (0.8, 1.15))
    is_cluster = bench.sketch.variant != "single" and bench.radius > 5
    count = int(np.clip(round(bench.radius / 3 * bench.draw(0.8, 1.4)), 4, 12)) if is_cluster else 1
    locules = tuple(_locule(bench, count) for _ in range(count))
    if is_cluster:
        locules = ((0.0, 0.0, 0.0, 0.42 * bench.radius), *locules)
    limit = float(np.clip(bench.draw(2.5, 5), 1.2, 0.22 * bench.radius + 1))
    core = Balls(bench.keep("pus", pus), locules, 0.05 * bench.radius, 1.6, limit)
    parts: list[Part] = [core]
    if not is_cluster:
        parts.append(Inner(core.tissue, max(limit, 0.30 * bench.radius), 2.5, 0.06 * bench.radius))
    if bench.has("gas"):
        bubbles = tuple((dx * 0.7, -abs(dy) - 0.2 * bench.radius, dz, 0.25 * s) for dx, dy, dz, s in locules[:5])
        parts += [Balls("gas", bubbles, 0.3, 0.0, limit), Level("gas", -0.62 * bench.radius, limit, is_front=True)]
    if bench.has("capsule"):
        rim = replace(at_phase(bench, wall, "delayed", (1.1, 1.3)), t2_ms=wall.t2_ms * 0.8)
        parts.append(Shell(bench.keep("capsule", rim), 0.5, -min(2.5, 0.3 * bench.radius), ALL_ROUND))
    return bench.keep("wall", wall), tuple(parts)


def nodule(bench: Bench) -> Inside:
    """Regenerative or dysplastic nodule: the liver's tissue with T1, T2 and uptake of its own."""
    is_dysplastic = bench.sketch.type == "dysplastic-nodule"
    spread = 0.15 if is_dysplastic else 0.06
    row = "dysplastic-nodule" if is_dysplastic else "regenerative-nodule"
    if bench.sketch.variant == "siderotic":
        row = "siderotic-nodule"
    tissue = bench.of_rows(row, "none", "none")
    like = liver_like(bench)
    rise = np.exp(bench.rng.normal(0, spread, 4)) * ((0.95, 0.9, 0.95, 0.9) if is_dysplastic else (1.0,) * 4)
    uptake = bench.draw(0.3, 1.0) if is_dysplastic else bench.draw(0.90, 1.15)
    a, b, c, d, e = (v * f for v, f in zip(like.enhancement, [*rise.tolist(), uptake], strict=True))
    fat = bench.draw(0.08, 0.20) if bench.has("fat") else 0.3 * bench.liver.fat
    shift = float(bench.rng.normal(2, 3))
    h0, h1, h2, h3 = (h + shift for h in like.hounsfield)
    tissue = replace(
        tissue, perfusion=0.15, takes_up=True, fat=fat, enhancement=(a, b, c, d, e), hounsfield=(h0, h1, h2, h3)
    )
    tissue = as_signed(bench, tissue)
    if bench.has("aphe"):
        tissue = at_phase(bench, tissue, "arterial", (1.16, 1.6))
    if bench.has("washout"):
        tissue = enhanced(bench, tissue)
    if bench.has("hbp-dark"):
        tissue = dark_late(bench, tissue) if is_dysplastic else bright_late(bench, tissue, (0.7, 0.88))
    elif bench.has("hbp-bright"):
        tissue = bright_late(bench, tissue, (0.96, 1.18))
    return bench.keep("body", tissue), tuple(capsule(bench))


def focal_fat(bench: Bench) -> Inside:
    """Focal fat, or a spared island in a fatty liver: nothing but the fat differs from the liver (PHANTOM 4.1)."""
    change = bench.draw(*_STEATOSIS)
    if bench.sketch.variant == "focal-sparing":
        fat = max(bench.liver.fat - change, 0.01)
    else:
        fat = min(bench.liver.fat + change, 0.5)
    step = 110 * (bench.liver.fat - fat)
    h0, h1, h2, h3 = (h + step for h in bench.liver.hounsfield)
    return bench.keep("body", replace(bench.liver, fat=fat, hounsfield=(h0, h1, h2, h3))), ()


def _hyalinised(bench: Bench) -> Inside:
    """A haemangioma turned to scar: hardly enhances; its T2 is less long."""
    tissue = bench.of_rows("haemangioma", "haemangioma-unfilled", "haemangioma-unfilled")
    tissue = with_t2(bench, tissue, (1.5, 2.6) if bench.has("t2-moderate") else (2.6, 3.6))
    h = tissue.hounsfield
    tissue = replace(tissue, hounsfield=(h[0], h[1], h[1] + 4, h[1] + 8))
    if bench.knows("dwi-bright"):
        tissue = with_diffusion(bench, tissue, (1.3, 2.0) if bench.has("dwi-bright") else (0.8, 1.2))
    return bench.keep("body", tissue), ()


def _rim_nodules(bench: Bench) -> tuple[Ball, ...]:
    """Nodules at the rim, unevenly spaced, so many that a plane shows 2-6; no ring."""
    count = int(bench.rng.integers(4, 12))
    balls: list[Ball] = []
    for _ in range(count):
        heading = bench.rng.normal(size=3) * (1, 1, 0.8)
        heading /= np.linalg.norm(heading)
        size = float(np.clip(bench.draw(0.12, 0.34) * bench.radius, 1.5, 9))
        dx, dy, dz = (heading * (bench.radius - 0.3 * size)).tolist()
        balls.append((dx, dy, dz, size))
    return tuple(balls)


def _locule(bench: Bench, count: int) -> Ball:
    """One chamber of an abscess: .2-.5 R, within .65 R of the centre."""
    size = bench.draw(0.28, 0.5) if count > 1 else bench.draw(0.6, 0.75)
    heading = bench.rng.normal(size=3) * (1, 1, 0.6)
    heading *= (0.62 if count > 1 else 0.1) * bench.radius * bench.rng.random() ** 0.5 / np.linalg.norm(heading)
    dx, dy, dz = heading.tolist()
    return dx, dy, dz, size * bench.radius


def _points(rows: np.ndarray) -> list[Point]:
    return [(a, b, c) for a, b, c in rows.tolist()]
