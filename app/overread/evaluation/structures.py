"""On what a false mark lies: gallbladder, vessel, heart, cyst, ..., told by the label map of the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Affine
from overread.phantom import FIRST_FINDING, FIRST_LESION, LABELS

REACH_MM = 5.0
"""A mark belongs to a structure that comes so near: half a cell of the map [A: evaluation.reach_mm]."""
OTHER_LIVER, ELSEWHERE, UNKNOWN, CYST, OTHER_FINDING = "other liver", "elsewhere", "unknown", "cyst", "other finding"
NAMED: dict[str, tuple[str, ...]] = {
    "gallbladder": ("gallbladder",),
    "vessel": ("vessel", "aorta-ivc"),
    "heart": ("heart",),
    "kidney": ("kidney",),
    "bowel": ("bowel", "stomach"),
}
"""What is told apart, after the paper's list of false positives (SEEDS 1.7) and a trial's (kidney, bowel)."""
STRUCTURES = ("gallbladder", "vessel", "heart", CYST, OTHER_FINDING, "kidney", "bowel", OTHER_LIVER, ELSEWHERE)

_NAME_OF = {LABELS[label]: name for name, labels in NAMED.items() for label in labels}
_LIVER = (LABELS["liver"], LABELS["fissure"])


def structure_at(
    place_mm: Sequence[float], labels: NDArray[np.uint8], affine: Affine, finding_types: Mapping[int, str]
) -> str:
    """The structure on which a place lies.

    Parameters
    ----------
    place_mm
        x, y, z, LPS.
    labels
        [k, j, i] in the codes of the digital liver.
    finding_types
        Code -> type of the findings in the labels.

    Returns
    -------
    str
        One of ``STRUCTURES``: the nearest named structure or finding within ``REACH_MM``; else other liver where the
        place is in the liver; else elsewhere (also outside the volume). Lesions count as liver.
    """
    k, j, i = affine.to_index(np.asarray(place_mm, dtype=np.float64))
    reach = [int(np.ceil(REACH_MM / step)) for step in affine.spacing_mm]
    low = [max(0, int(np.rint(v)) - r) for v, r in zip((k, j, i), reach, strict=True)]
    high = [min(n, int(np.rint(v)) + r + 1) for v, r, n in zip((k, j, i), reach, labels.shape, strict=True)]
    if any(a >= b for a, b in zip(low, high, strict=True)):
        return ELSEWHERE
    box = labels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    index = np.indices(box.shape).reshape(3, -1).T + np.array(low)
    distance = np.sqrt(((affine.to_mm(index) - np.asarray(place_mm)) ** 2).sum(axis=1))
    codes = box.ravel()
    is_named = np.isin(codes, list(_NAME_OF)) | ((codes >= FIRST_FINDING) & (codes < FIRST_LESION))
    near = np.flatnonzero(is_named & (distance <= REACH_MM))
    if near.size:
        code = int(codes[near[np.argmin(distance[near])]])
        return _NAME_OF.get(code) or (CYST if finding_types.get(code) == "cyst" else OTHER_FINDING)
    here = int(codes[np.argmin(distance)])
    return OTHER_LIVER if here in _LIVER or here >= FIRST_LESION else ELSEWHERE
