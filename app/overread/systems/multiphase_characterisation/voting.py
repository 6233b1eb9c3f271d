"""From the boxes of five detectors to one region on a slice, and to the regions of a study that are classified.

References
----------
Wang (SEEDS 2.2): a pixel has a vote of every detector that covers it with a box; where most votes fall is the region's
place [A: the centroid of the largest connected area of them], its size and score are the means over the boxes that
cover it; of a study the most confident 48 % of regions go on [A: rounded up].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.systems.multiphase_characterisation.boxes import Boxes

CUT = 0.5
SHARE = 0.48
_HAIR = 1e-9


@dataclass(frozen=True, slots=True)
class Found:
    """A region on slice ``k``: ``centre`` row and column, ``size`` height and width in pixels of the common grid.

    ``score`` is the mean of the boxes that cover its place, ``votes`` by how many detectors it is covered.
    """

    k: int
    centre: tuple[float, float]
    size: tuple[float, float]
    score: float
    votes: int

    @property
    def edge(self) -> float:
        """Edge of the square that holds it, pixels."""
        return max(self.size)


def vote(k: int, boxes: Sequence[Boxes], shape: tuple[int, int], cut: float = CUT) -> Found | None:
    """The region of one slice, None where no box is left.

    Parameters
    ----------
    boxes
        Of each detector; in which order does not matter.
    shape
        Rows and columns of the slice.
    cut
        Boxes of a lower score are dropped.
    """
    kept = [each.at_least(cut) for each in boxes]
    votes = np.zeros(shape, dtype=np.int64)
    for each in kept:
        votes += _covered(each.edges, shape)
    most = int(votes.max())
    if most == 0:
        return None
    place = _place(votes == most)
    edges = np.concatenate([each.edges for each in kept])
    sizes, scores = np.concatenate([each.sizes for each in kept]), np.concatenate([each.scores for each in kept])
    covers = np.all((edges[:, :2] <= place + _HAIR) & (edges[:, 2:] >= place - _HAIR), axis=1)
    height, width = (math.fsum(sizes[covers, n]) / covers.sum() for n in (0, 1))
    score = math.fsum(scores[covers]) / float(covers.sum())
    return Found(k, (float(place[0]), float(place[1])), (height, width), score, most)


def most_confident(regions: Sequence[Found], share: float = SHARE) -> list[Found]:
    """The best ``share`` of regions, rounded up, in order of their slices; of equal scores the lower slice."""
    count = math.ceil(share * len(regions) - _HAIR)
    best = sorted(regions, key=lambda region: (-region.score, region.k))[:count]
    return sorted(best, key=lambda region: region.k)


def votes_of(boxes: Mapping[str, Boxes], found: Found) -> tuple[str, ...]:
    """Roles whose detector covers a region's place, in order."""
    place = np.array(found.centre)
    return tuple(
        role
        for role, each in boxes.items()
        if np.any(np.all((each.edges[:, :2] <= place + _HAIR) & (each.edges[:, 2:] >= place - _HAIR), axis=1))
    )


def _covered(edges: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels whose middle lies in a box (or on its edge)."""
    covered = np.zeros(shape, dtype=np.bool_)
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    for top, left, bottom, right in edges:
        down = (rows >= top - _HAIR) & (rows <= bottom + _HAIR)
        across = (columns >= left - _HAIR) & (columns <= right + _HAIR)
        covered |= down[:, None] & across[None, :]
    return covered


def _place(area: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Centroid of the largest connected part, of equal ones the upper left; moved onto the part where it lies off it.

    Off it, in the corner of an L for one, it need not lie in any of the boxes that made the area.
    """
    from scipy import ndimage

    parts, count = ndimage.label(area)
    largest = 1 + int(np.argmax(np.bincount(parts.ravel(), minlength=count + 1)[1:]))
    pixels = np.argwhere(parts == largest).astype(np.float64)
    centroid = pixels.mean(axis=0)
    nearest = pixels[int(np.argmin(((pixels - centroid) ** 2).sum(axis=1)))]
    is_inside = np.all(np.abs(nearest - centroid) <= 0.5 + _HAIR)
    return np.asarray(centroid if is_inside else nearest)
