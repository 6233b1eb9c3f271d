"""What malignant lesions consist of: hepatocellular and cholangiocellular carcinoma, metastasis (PHANTOM 4.2, 4.3)."""

from __future__ import annotations

from dataclasses import replace
from math import erf

import numpy as np

from overread.phantom.lesions.material import (
    Bench,
    as_signed,
    at_phase,
    before_contrast,
    bright_late,
    dark_late,
    varied,
    with_diffusion,
    with_t1,
    with_t2,
)
from overread.phantom.lesions.parts import (
    ALL_ROUND,
    Balls,
    Cells,
    Gate,
    Inner,
    Part,
    Patches,
    Septa,
    Shell,
    Star,
    Tubes,
)
from overread.phantom.lesions.shape import Ball, Point
from overread.phantom.tissues import Tissue

Inside = tuple[str | Cells, tuple[Part, ...]]
"""What fills a lesion up to its border, and the parts laid over it, in order."""

_CAPSULE_HBP = 0.85
_KINDS = 8
"""Different compartments of one mosaic tumour [A]."""


def hcc(bench: Bench) -> Inside:
    """Hepatocellular carcinoma: mosaic, nodule in nodule, fat, necrosis, capsule."""
    if bench.sketch.variant == "scirrhous":
        return cholangio(bench)
    tissue = _hcc_tissue(bench)
    body: str | Cells = bench.keep("body", tissue)
    parts: list[Part] = []
    is_inner = bench.has("mosaic") and (bench.sketch.variant == "early" or bench.own("mosaic").random() < 0.25)
    if bench.has("mosaic") and not is_inner:
        body, septa = _mosaic(bench, tissue)
        parts.append(septa)
    if is_inner:
        parts += _inner_nodule(bench, tissue)
    if bench.has("fat"):
        parts += _fat_patches(bench, tissue)
    parts += _decay(bench)
    if bench.has("scar"):
        parts += scar(bench, bench.radius * 0.45)
    if bench.has("aphe-rim"):
        rim = at_phase(bench, tissue, "arterial", (1.25, 1.9))
        parts.append(Shell(bench.keep("rim", rim), 0.5, -max(1.5, bench.draw(0.12, 0.22) * bench.radius)))
    parts += delayed_spot(bench, tissue)
    parts += _target(bench, tissue)
    parts += capsule(bench)
    parts += artery(bench)
    return body, tuple(parts)


def cholangio(bench: Bench) -> Inside:
    """Cholangiocarcinoma, or an HCC that imitates one: cellular rim, fibrous centre that enhances late."""
    rim, centre = _rim_and_centre(bench, ("icc-rim", "icc-rim", "icc-rim"), ("icc-centre", "icc-centre", "icc-centre"))
    body = bench.keep("rim", rim)
    depth = bench.draw(0.15, 0.30) * bench.radius
    parts: list[Part] = []
    if _has_centre(bench):
        depth = max(depth, min(2.0, 0.45 * bench.radius))
        parts.append(
            Inner(
                bench.keep("centre", centre),
                depth,
                max(1.5, min(0.3 * bench.radius, 9.0)),
                0.10 * min(bench.radius, 30),
            )
        )
        if bench.radius > 12:
            deep = varied(bench, centre, 0.10)
            parts.append(Patches(bench.keep("strand", deep), 0.8, depth * 1.3))
    if bench.has("fat"):
        parts += _fat_patches(bench, rim)
    parts += _decay(bench)
    if bench.has("scar"):
        parts += scar(bench, bench.radius * 0.5)
    if bench.has("mosaic"):
        parts.append(_mosaic(bench, rim)[1])
    parts += capsule(bench)
    parts += artery(bench)
    return body, tuple(parts)


def metastasis(bench: Bench) -> Inside:
    """Metastasis: rim of 2-6 mm, necrotic centre in larger ones; mucinous, melanotic, neuroendocrine, calcified."""
    variant = bench.sketch.variant
    if variant in ("hypervascular", "neuroendocrine"):
        rows = ("metastasis-net", "metastasis-hypervascular", "metastasis-hypervascular")
    else:
        rows = ("metastasis-rim", "metastasis-rim", "metastasis-rim")
    rim, centre = _rim_and_centre(bench, rows, ("metastasis-rim", "metastasis-centre", "metastasis-centre"))
    if variant == "mucinous":
        mucin = bench.of_rows("mucin", "metastasis-centre", "mucin")
        centre = dark_late(bench, replace(mucin, t2_ms=mucin.t2_ms * bench.draw(0.8, 1.2)), 0.9)
    is_lively = variant in ("hypervascular", "neuroendocrine")
    is_kept = variant == "mucinous" or (is_lively and (bench.radius < 20 or bench.rng.random() < 0.6))
    width = float(np.clip(bench.draw(2, 6), 0.15 * bench.radius, 0.45 * bench.radius))
    parts: list[Part] = []
    uneven = 0.07 * min(bench.radius, 30)
    if _has_centre(bench):
        parts.append(Inner(bench.keep("centre", centre), width, max(1.2, 0.12 * bench.radius), uneven))
    if bench.radius > (6 if variant == "necrotic" else 12) and not is_kept:
        necrosis = bench.of_rows("metastasis-necrosis", "none", "metastasis-necrosis")
        necrosis = with_t2(bench, necrosis, (2.2, 4.6))
        if bench.has("dwi-target"):
            necrosis = with_diffusion(bench, necrosis, (0.7, 1.1))
        if bench.has("hbp-target"):
            necrosis = replace(necrosis, blood_ratio=0.95 * (centre.blood_ratio or 1.0))
        depth = max(bench.radius * (1 - bench.draw(0.30, 0.75)), width)
        parts.append(Inner(bench.keep("necrosis", necrosis), depth, 2.0, 2 * uneven))
    if variant == "calcified":
        grains = tuple(_ball_in(bench, 0.7, bench.draw(0.6, 1.6)) for _ in range(int(bench.rng.integers(8, 20))))
        parts.append(Balls(bench.keep("calcium", bench.of_rows("calcification", "none", "calcification")), grains, 0.5))
    if bench.has("fat"):
        parts += _fat_patches(bench, rim)
    if bench.has("scar"):
        parts += scar(bench, bench.radius * 0.5)
    if bench.has("mosaic"):
        parts.append(_mosaic(bench, rim)[1])
    parts += capsule(bench)
    return bench.keep("rim", rim), tuple(parts)


def scar(bench: Bench, reach_mm: float, hub: float = 0.12) -> list[Part]:
    """A central scar with 3-6 spokes that thin out (PHANTOM 4.1)."""
    tissue = bench.of_rows("fnh-scar", "fnh-scar", "fnh-scar")
    tissue = at_phase(bench, with_t2(bench, tissue, (1.9, 3.2)), "arterial", (0.45, 0.85))
    late = (1.05, 1.3) if bench.is_extracellular else (0.75, 0.92)
    tissue = dark_late(bench, at_phase(bench, at_phase(bench, tissue, "portal", (0.7, 0.92)), "delayed", late), 0.9)
    count = int(bench.rng.integers(3, 7))
    turn = bench.draw(0, 2 * np.pi)
    angles = tuple(turn + 2 * np.pi * (n + bench.draw(-0.42, 0.42)) / count for n in range(count))
    lengths = tuple(reach_mm * bench.draw(0.45, 1.1) for _ in range(count))
    width = float(np.clip(0.11 * bench.radius, 1.2, 4.0))
    lean = (bench.draw(-0.4, 0.4), bench.draw(-0.4, 0.4))
    return [Star(bench.keep("scar", tissue), angles, lengths, width, hub * bench.radius, lean)]


def capsule(bench: Bench) -> list[Part]:
    """A rim of 1-2.5 mm, dark on T1 and T2, that enhances late; complete in .6."""
    if not bench.has("capsule"):
        return []
    tissue = bench.of_rows("capsule", "capsule", "capsule")
    tissue = with_t1(bench, with_t2(bench, tissue, (0.65, 0.95)), (0.55, 0.78))
    tissue = at_phase(bench, at_phase(bench, tissue, "arterial", (0.6, 0.92)), "portal", (1.10, 1.28))
    tissue = at_phase(bench, tissue, "delayed", (1.18, 1.4) if bench.is_extracellular else (1.10, 1.25))
    tissue = with_diffusion(bench, dark_late(bench, tissue, _CAPSULE_HBP), (0.6, 1.1))
    gate: Gate = ALL_ROUND if bench.rng.random() < 0.6 else (bench.draw(-np.pi, np.pi), bench.draw(1.2, 2.4))
    width = min(bench.draw(1.4, 2.5), 0.3 * bench.radius)
    return [Shell(bench.keep("capsule", tissue), 0.6, -width, gate, uneven_mm=0.2)]


def artery(bench: Bench) -> list[Part]:
    """A bright tube, 1.5 mm or wider and at least twice as long, that winds inside the tumour (PHANTOM 6.2)."""
    if not bench.has("artery") or bench.radius < 5:
        return []
    tissue = bench.of_rows("blood-arterial", "arteries", "tumour-artery")
    h = list(tissue.hounsfield)
    h[1] = float(np.clip(h[1], 140, 270))
    tissue = replace(tissue, hounsfield=(h[0], h[1], h[2], h[3]), perfusion=1.0, flow=0.1)
    rng, radius = bench.own("artery"), bench.radius
    pieces: list[np.ndarray] = []
    for number in range(1 + int(radius > 14) + int(radius > 28)):
        calibre = float(rng.uniform(0.9, 1.25 + 0.015 * min(radius, 50)))
        heading = rng.normal(size=3) * (1, 1, 0.25)
        heading /= np.linalg.norm(heading)
        point = -heading * radius * (0.62 - 0.15 * number) + rng.normal(0, 0.08 * radius, 3)
        path = [point]
        for _ in range(8):
            heading = heading + rng.normal(0, 0.42, 3) * (1, 1, 0.35)
            heading /= np.linalg.norm(heading)
            step = path[-1] + heading * 0.15 * radius
            if np.linalg.norm(step) > 0.72 * radius:
                break
            path.append(step)
        if len(path) > 2:
            taper = np.linspace(calibre, max(0.75, calibre * 0.7), len(path))[:, None]
            ends = np.concatenate([np.array(path) + np.array(bench.centre), taper], axis=1)
            pieces.append(np.concatenate([ends[:-1], ends[1:]], axis=1))
    if not pieces:
        return []
    return [Tubes(bench.keep("artery", tissue), np.concatenate(pieces))]


def delayed_spot(bench: Bench, tissue: Tissue) -> list[Part]:
    """A centre that enhances late, in tumours that otherwise have none."""
    if not bench.has("delayed-centre"):
        return []
    spot = at_phase(bench, tissue, "delayed", (1.05, 1.3) if bench.is_extracellular else (0.92, 1.05))
    spot = at_phase(bench, at_phase(bench, spot, "arterial", (0.6, 0.9)), "portal", (0.7, 0.95))
    return [Inner(bench.keep("centre", spot), 0.5 * bench.radius, 0.2 * bench.radius, 0.1 * bench.radius)]


def _target(bench: Bench, tissue: Tissue) -> list[Part]:
    """The centre of a tumour that imitates a target: darker in diffusion, brighter in the hepatobiliary phase."""
    if not (bench.has("dwi-target") or bench.has("hbp-target")):
        return []
    if bench.has("dwi-target"):
        tissue = with_diffusion(bench, tissue, (0.75, 1.1))
    if bench.has("hbp-target") and tissue.blood_ratio is not None:
        tissue = replace(tissue, blood_ratio=tissue.blood_ratio * bench.draw(1.25, 1.5))
    return [Inner(bench.keep("target", tissue), 0.35 * bench.radius, 0.2 * bench.radius, 0.08 * bench.radius)]


def _hcc_tissue(bench: Bench) -> Tissue:
    """The tissue of an HCC: enhancement, washout and uptake as the sketch says."""
    is_bright = bench.has("aphe")
    kind = "hcc-hypervascular" if is_bright else "hcc-hypovascular"
    is_early = bench.sketch.variant == "early"
    tissue = bench.of_rows(
        "hcc-early" if is_early else "hcc", kind, "hcc-early" if is_early and not is_bright else kind
    )
    if bench.has("fat"):
        tissue = replace(tissue, fat=bench.draw(0.05, 0.10))
    tissue = before_contrast(bench, as_signed(bench, tissue), -20, -2)
    tissue = enhanced(bench, tissue)
    if bench.has("hbp-bright"):
        return bright_late(bench, tissue, (0.97, 1.30))
    return dark_late(bench, tissue)


def enhanced(bench: Bench, tissue: Tissue) -> Tissue:
    """Arterial, portal and delayed phase of a solid tumour by the signs ``aphe`` and ``washout``.

    Washout: the portal ratio is U(.70, .98) (PHANTOM 4.2); without it the tumour is not darker than liver. Gadoxetate
    at three minutes has reached the hepatocytes, so a tumour without uptake looks darker then in any case.
    """
    if bench.knows("aphe"):
        tissue = at_phase(bench, tissue, "arterial", (1.16, 2.2) if bench.has("aphe") else (0.72, 1.05))
    if not bench.knows("washout"):
        return tissue
    if bench.has("washout"):
        degree = _washout(bench)
        late = degree * bench.draw(0.92, 1.0) if bench.is_extracellular else degree * bench.draw(0.74, 0.88)
        tissue = at_phase(bench, tissue, "portal", (degree, degree))
        return at_phase(bench, tissue, "delayed", (late, late))
    tissue = at_phase(bench, tissue, "portal", (1.0, 1.14))
    if bench.is_extracellular or bench.has("hbp-bright"):
        return at_phase(bench, tissue, "delayed", (1.0, 1.12))
    a, b, c, d, e = tissue.enhancement
    held = replace(tissue, enhancement=(a, b, c, min(d, c), e))
    return replace(held, hounsfield=at_phase(bench, held, "delayed", (1.0, 1.12)).hounsfield)


def _washout(bench: Bench) -> float:
    """Portal ratio between .70 and .98; poorly differentiated tumours wash out more, correlation .5 (PHANTOM 4.2)."""
    height = -0.5 * bench.sketch.grade + float(np.sqrt(0.75) * bench.rng.normal())
    return 0.70 + 0.28 * 0.5 * (1 + erf(height / np.sqrt(2)))


def _rim_and_centre(
    bench: Bench, rim_rows: tuple[str, str, str], centre_rows: tuple[str, str, str]
) -> tuple[Tissue, Tissue]:
    """Cellular rim and fibrous or necrotic centre of a targetoid tumour, as the signs say."""
    rim = before_contrast(bench, as_signed(bench, bench.of_rows(*rim_rows)), -24, -4)
    centre = before_contrast(bench, as_signed(bench, bench.of_rows(*centre_rows)), -30, -8)
    if bench.has("dwi-target"):
        rim = with_diffusion(bench, rim, (1.7, 3.0))
        centre = with_diffusion(bench, centre, (0.7, 1.1))
    if bench.has("aphe"):
        rim = enhanced(bench, rim)
        centre = replace(centre, enhancement=rim.enhancement, hounsfield=rim.hounsfield)
        if bench.has("delayed-centre"):
            centre = at_phase(bench, centre, "delayed", (1.02, 1.3) if bench.is_extracellular else (0.9, 1.1))
    else:
        rim = _rim_phases(bench, rim)
        centre = _centre_phases(bench, centre)
    late = _late_factor(bench)
    rim = dark_late(bench, rim, 0.92)
    if bench.has("hbp-bright"):
        rim = bright_late(bench, rim, (0.95, 1.1))
    return rim, replace(dark_late(bench, centre), blood_ratio=(rim.blood_ratio or 1.0) * late)


def _has_centre(bench: Bench) -> bool:
    """Whether the centre differs from the rim: not in evenly hypervascular tumours, unless a sign shows it."""
    return not bench.has("aphe") or any(map(bench.has, ("dwi-target", "hbp-target", "delayed-centre")))


def _late_factor(bench: Bench) -> float:
    """How much brighter the centre is than the rim in the hepatobiliary phase: a target, or not."""
    return bench.draw(1.25, 1.6) if bench.has("hbp-target") else bench.draw(0.88, 1.08)


def _rim_phases(bench: Bench, rim: Tissue) -> Tissue:
    if bench.knows("aphe-rim", "aphe"):
        rim = at_phase(bench, rim, "arterial", (1.18, 1.9) if bench.has("aphe-rim") else (0.75, 1.04))
    if bench.has("washout-peripheral"):
        rim = at_phase(bench, rim, "portal", (0.72, 0.90))
        return at_phase(bench, rim, "delayed", (0.65, 0.86) if bench.is_extracellular else (0.55, 0.74))
    if bench.has("washout"):
        rim = at_phase(bench, rim, "portal", (0.72, 0.92))
        return at_phase(bench, rim, "delayed", (0.70, 0.92))
    rim = at_phase(bench, rim, "portal", (0.78, 1.12))
    return at_phase(bench, rim, "delayed", (0.82, 1.10) if bench.is_extracellular else (0.62, 0.95))


def _centre_phases(bench: Bench, centre: Tissue) -> Tissue:
    centre = at_phase(bench, at_phase(bench, centre, "arterial", (0.45, 0.85)), "portal", (0.5, 0.85))
    if bench.has("delayed-centre"):
        return at_phase(bench, centre, "delayed", (1.02, 1.3) if bench.is_extracellular else (0.88, 1.05))
    return at_phase(bench, centre, "delayed", (0.55, 0.86) if bench.is_extracellular else (0.5, 0.74))


def _mosaic(bench: Bench, tissue: Tissue) -> tuple[Cells, Septa]:
    """Compartments around 4 + (R / 6)^1.5 seeds with sd .12, walls of 1 mm (PHANTOM 4.2)."""
    count = min(4 + round((bench.radius / 6) ** 1.5), 44)
    seeds = _spread_seeds(bench, count, 0.95 * bench.radius)
    names = [bench.keep(f"cell{n}", varied(bench, tissue, 0.12)) for n in range(min(_KINDS, count))]
    kinds = tuple(int(k) for k in bench.rng.integers(0, len(names), count))
    wall = bench.of_rows("capsule", "capsule", "capsule")
    wall = with_t2(bench, at_phase(bench, wall, "arterial", (0.6, 0.95)), (0.7, 1.2))
    septa = Septa(bench.keep("septum", dark_late(bench, wall, _CAPSULE_HBP)), seeds, bench.draw(0.9, 1.3))
    return Cells(seeds, kinds, tuple(names)), septa


def _inner_nodule(bench: Bench, tissue: Tissue) -> list[Part]:
    """A progressed nodule of .3-.6 R inside an early one."""
    grown = bench.of_rows("hcc", "hcc-hypervascular", "hcc-hypervascular")
    grown = at_phase(bench, with_t2(bench, grown, (1.6, 2.4)), "arterial", (1.45, 2.2))
    grown = at_phase(bench, grown, "portal", (0.72, 0.92))
    size = bench.draw(0.3, 0.6) * bench.radius
    dx, dy, dz, _ = _ball_in(bench, 0.35, size)
    name = bench.keep("nodule", replace(dark_late(bench, grown, 0.85), fat=min(tissue.fat, 0.02)))
    return [Balls(name, ((dx, dy, 0.5 * dz, size),), 0.05 * size, 0.8, 0.5)]


def _fat_patches(bench: Bench, tissue: Tissue) -> list[Part]:
    """Fat in three levels where the noise is high, 8-30 % at its most (PHANTOM 4.2)."""
    most = bench.draw(0.10, 0.30)
    drop = 110 * most
    parts: list[Part] = []
    for step, level in enumerate((0.0, 0.7, 1.3)):
        share = most * (0.45, 0.75, 1.0)[step]
        h0, h1, h2, h3 = (h - drop * (0.45, 0.75, 1.0)[step] for h in tissue.hounsfield)
        rich = replace(tissue, fat=max(share, tissue.fat), t1_ms=tissue.t1_ms * 0.92, hounsfield=(h0, h1, h2, h3))
        parts.append(Patches(bench.keep(f"fat{step}", rich), level))
    return parts


def _decay(bench: Bench) -> list[Part]:
    """Necrosis in .35 of the tumours over 6 cm, with old blood in some (PHANTOM 4.2)."""
    rng = bench.own("decay")
    parts: list[Part] = []
    if bench.radius > 30 and rng.random() < 0.35:
        dead = bench.of_rows("metastasis-necrosis", "none", "hcc-necrosis")
        balls = tuple(
            _ball_in(bench, 0.35, bench.radius * bench.draw(0.16, 0.38)) for _ in range(int(rng.integers(1, 4)))
        )
        rough = 0.09 * min(bench.radius, 45)
        parts.append(Balls(bench.keep("necrosis", dead), balls, rough, 2.5, 3.0))
    if bench.radius > 10 and bench.has("t1-bright") and not bench.has("fat") and rng.random() < 0.45:
        blood = bench.of_rows("blood-old", "none", "blood-old")
        balls = (_ball_in(bench, 0.4, bench.radius * bench.draw(0.2, 0.4)),)
        parts.append(Balls(bench.keep("blood", blood), balls, 0.08 * bench.radius, 1.5, 1.0))
    return parts


def _ball_in(bench: Bench, within: float, size: float) -> Ball:
    """A ball of radius ``size`` whose centre lies within a share of the radius."""
    heading = bench.rng.normal(size=3)
    heading *= bench.radius * within * bench.rng.random() ** (1 / 3) / np.linalg.norm(heading)
    dx, dy, dz = heading.tolist()
    return dx, dy, dz, size


def _spread_seeds(bench: Bench, count: int, reach: float) -> tuple[Point, ...]:
    """Points in a ball that keep away from each other: the best of eight candidates each time."""
    points = np.zeros((0, 3))
    for _ in range(count):
        heading = bench.rng.normal(size=(8, 3))
        heading *= (reach * bench.rng.random(8) ** (1 / 3) / np.linalg.norm(heading, axis=1))[:, None]
        gap = np.linalg.norm(heading[:, None] - points[None], axis=2).min(axis=1) if len(points) else np.ones(8)
        points = np.concatenate([points, heading[[int(np.argmax(gap))]]])
    return tuple((x, y, z) for x, y, z in points.tolist())
