"""What the system says of a case beside what is there: the rows that training and evaluation count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.core.heatmap import Heatmap
from overread.core.hits import MARGIN_MM, Hit, Target, match_marks
from overread.core.reading import Mark
from overread.phantom import FIRST_LESION, POSITIVE_MM2
from overread.systems.hbp_detection.findings import find_peaks


@dataclass(frozen=True, slots=True, eq=False)
class CaseTruth:
    """Truth of one case on its volume's grid.

    ``slice_labels`` (k,): 1 positive, 0 negative, -1 neither. ``lesions``: one target each.
    """

    slice_labels: NDArray[np.int8]
    lesions: tuple[Target, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CaseResult:
    """One case read: scores (k,), truth, candidates with what became of them."""

    case: str
    scores: NDArray[np.float64]
    truth: CaseTruth
    marks: tuple[Mark, ...]
    hits: tuple[Hit, ...]
    hot_spot_mm: tuple[float, ...]

    @property
    def is_diseased(self) -> bool:
        """Whether the case holds a lesion."""
        return bool(self.truth.lesions)


def truth_of(labels: NDArray[np.uint8], affine: Affine) -> CaseTruth:
    """Truth from a label map [k, j, i] in which lesion n has the value 100 + n."""
    _, step_row, step_column = affine.spacing_mm
    areas = (labels >= FIRST_LESION).reshape(labels.shape[0], -1).sum(axis=1) * step_row * step_column
    slice_labels = np.where(areas >= POSITIVE_MM2, 1, np.where(areas > 0, -1, 0)).astype(np.int8)
    lesions = tuple(
        Target(f"L{int(code) - FIRST_LESION + 1}", affine.to_mm(np.argwhere(labels == code)))
        for code in np.unique(labels[labels >= FIRST_LESION])
    )
    return CaseTruth(slice_labels, lesions)


def compare(
    case: str, scores: NDArray[np.float64], heatmap: Heatmap, marks: Sequence[Mark], truth: CaseTruth
) -> CaseResult:
    """Set a reading beside the truth."""
    hits = match_marks([m.centre_mm for m in marks], [m.score or 0.0 for m in marks], truth.lesions, MARGIN_MM)
    return CaseResult(case, scores, truth, tuple(marks), tuple(hits), tuple(hot_spots(scores, heatmap, truth)))


def hot_spots(scores: NDArray[np.float64], heatmap: Heatmap, truth: CaseTruth) -> list[float]:
    """Distance, mm within the slice, from the map's peak to the nearest lesion voxel, for each positive slice."""
    found = []
    for k in np.flatnonzero(truth.slice_labels == 1):
        peak = find_peaks(int(k), float(scores[k]), heatmap.values[k].astype(np.float32), heatmap.affine)[0]
        on_slice = [t.voxels_mm[np.abs(heatmap.affine.to_index(t.voxels_mm)[:, 0] - k) < 0.5] for t in truth.lesions]
        voxels = np.concatenate(on_slice)
        found.append(float(np.sqrt(((voxels - np.array(peak.centre_mm)) ** 2).sum(axis=1).min())))
    return found
