"""From maps to candidates: peaks on each slice, runs of slices, one score and one place per candidate.

References
----------
DESIGN section 5; the paper leaves all of this open [A: findings.*].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.reading import Mark

PLACE_SHARE = 0.8
"""A peak's place is the centroid of its cells above this share of its height [A]."""
PEAK_SHARE = 0.6
"""Further local maxima count from this share of the slice's maximum [A]."""
EXTENT_SHARE = 0.5
"""The activation extent covers a peak's cells from this share of its height [A]."""
PEAK_DISTANCE_CELLS = 2
LINK_MM = 15.0
MOST_CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Peak:
    """One peak of one slice: its score, its place (mm) and its activation extent (mm; None without activation)."""

    k: int
    score: float
    height: float
    centre_mm: tuple[float, float, float]
    extent_mm: float | None
    integral: float


def sigmoid(logit: float) -> float:
    """Softmax over two classes, of the difference of their logits."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


def find_peaks(k: int, score: float, activation: NDArray[np.float32], affine: Affine) -> list[Peak]:
    """Peaks of slice k, the highest first.

    Parameters
    ----------
    score
        The slice's score: the strongest peak carries it, a weaker one its share by height.
    activation
        Map of the slice in logits (cell rows, cell columns).
    affine
        Place of the cell centres: indices (column, row, k) to mm.
    """
    top = float(activation.max())
    peaks: list[Peak] = []
    for row, column in _local_maxima(activation, top):
        height = float(activation[row, column])
        centroid = _centroid(activation, row, column, height)
        x, y, z = affine.to_mm((k, *centroid)).tolist()
        share = height / top if top > 0 else 1.0
        extent, integral = _extent(activation, row, column, affine) if height > 0 else (None, 0.0)
        peaks.append(Peak(k, score * share, height, (x, y, z), extent, integral))
    return peaks


def group_peaks(peaks_by_slice: Sequence[Sequence[Peak]], floor: float, link_mm: float) -> list[list[Peak]]:
    """Runs of consecutive slices whose peaks, all at or above the floor, stay within ``link_mm`` of each other.

    The distance is measured within the slice plane: peaks of neighbouring slices are compared after taking out
    the step from slice to slice.
    """
    finished: list[list[Peak]] = []
    open_runs: list[list[Peak]] = []
    for peaks in peaks_by_slice:
        above = [p for p in peaks if p.score >= floor]
        pairs = sorted(
            (_in_plane_distance(run[-1], peak), r, p) for r, run in enumerate(open_runs) for p, peak in enumerate(above)
        )
        continued: dict[int, int] = {}
        for distance, r, p in pairs:
            if distance <= link_mm and r not in continued and p not in continued.values():
                continued[r] = p
        finished += [run for r, run in enumerate(open_runs) if r not in continued]
        kept = [[*open_runs[r], above[p]] for r, p in continued.items()]
        open_runs = kept + [[peak] for p, peak in enumerate(above) if p not in continued.values()]
    return finished + open_runs


def to_marks(runs: Sequence[Sequence[Peak]], volume: str, most: int = MOST_CANDIDATES) -> tuple[Mark, ...]:
    """Candidates, the highest score first; ties by the larger map integral, then the lower slice."""
    marks = []
    for run in runs:
        best = max(run, key=lambda p: (p.score, p.integral, -p.k))
        mark = Mark(
            id="",
            centre_mm=best.centre_mm,
            score=best.score,
            extent_mm=best.extent_mm,
            volume=volume,
            peak_slice=best.k,
            slices=tuple(p.k for p in run),
            category="hcc",
        )
        marks.append((-best.score, -sum(p.integral for p in run), best.k, mark))
    marks.sort(key=lambda item: item[:3])
    return tuple(replace(item[3], id=f"C{n + 1}") for n, item in enumerate(marks[:most]))


def _local_maxima(activation: NDArray[np.float32], top: float) -> list[tuple[int, int]]:
    """Cells that no neighbour exceeds, from 60 % of the top, at least two cells apart, the highest first."""
    padded = np.pad(activation, 1, constant_values=-np.inf)
    rows, columns = activation.shape
    around = np.max(
        [padded[r : r + rows, c : c + columns] for r in range(3) for c in range(3) if (r, c) != (1, 1)], axis=0
    )
    limit = PEAK_SHARE * top if top > 0 else top
    candidates = np.argwhere((activation >= around) & (activation >= limit))
    order = sorted(candidates.tolist(), key=lambda rc: (-float(activation[rc[0], rc[1]]), rc))
    chosen: list[tuple[int, int]] = []
    for row, column in order:
        if all(max(abs(row - r), abs(column - c)) >= PEAK_DISTANCE_CELLS for r, c in chosen):
            chosen.append((row, column))
    return chosen


def _centroid(activation: NDArray[np.float32], row: int, column: int, height: float) -> tuple[float, float]:
    """Centroid, weighted by activation, of the peak's connected cells above 80 % of its height."""
    if height <= 0:
        return float(row), float(column)
    region = _region(activation, row, column, PLACE_SHARE * height)
    rows, columns = np.nonzero(region)
    weights = activation[rows, columns].astype(np.float64)
    return float((rows * weights).sum() / weights.sum()), float((columns * weights).sum() / weights.sum())


def _extent(activation: NDArray[np.float32], row: int, column: int, affine: Affine) -> tuple[float, float]:
    """Diameter (mm) of the circle with the area of the peak's cells above 50 % of its height, and their sum."""
    cells = _region(activation, row, column, EXTENT_SHARE * float(activation[row, column]))
    _, step_row, step_column = affine.spacing_mm
    area = int(np.count_nonzero(cells)) * step_row * step_column
    return 2 * math.sqrt(area / math.pi), float(activation[cells].sum())


def _region(activation: NDArray[np.float32], row: int, column: int, level: float) -> NDArray[np.bool_]:
    """Cells at or above ``level`` that hang together with the given one by edges."""
    high = activation >= level
    region = np.zeros_like(high)
    front = [(row, column)]
    while front:
        r, c = front.pop()
        if 0 <= r < high.shape[0] and 0 <= c < high.shape[1] and high[r, c] and not region[r, c]:
            region[r, c] = True
            front += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
    return region


def _in_plane_distance(one: Peak, other: Peak) -> float:
    """Distance across the z step of neighbouring axial slices, mm."""
    return math.dist(one.centre_mm[:2], other.centre_mm[:2])
