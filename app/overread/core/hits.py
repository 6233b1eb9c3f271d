"""Which mark hits which lesion: one rule for people, systems and evaluation (CONTRACT section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MARGIN_MM = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A lesion to be found: its id and the centres of its mask's voxels (n, 3), mm, LPS."""

    id: str
    voxels_mm: NDArray[np.float64]

    def distance_mm(self, place: Sequence[float]) -> float:
        """Distance in 3D from a place to the nearest voxel of the mask."""
        return float(np.sqrt(((self.voxels_mm - np.asarray(place, dtype=np.float64)) ** 2).sum(axis=1).min()))


@dataclass(frozen=True, slots=True)
class Hit:
    """What became of one mark: ``hit`` (which target), ``repeat`` (of a taken target) or ``false``."""

    kind: str
    target: str | None
    distance_mm: float | None


def match_marks(
    places: Sequence[Sequence[float]], scores: Sequence[float], targets: Sequence[Target], margin_mm: float = MARGIN_MM
) -> list[Hit]:
    """Marks by falling score each take the nearest free target within the margin.

    A mark that reaches only taken targets is a repeat: neither hit nor false. Equal scores keep their order.

    Returns
    -------
    list of Hit
        In the order of ``places``.
    """
    order = sorted(range(len(places)), key=lambda n: (-scores[n], n))
    taken: set[str] = set()
    found: dict[int, Hit] = {}
    for n in order:
        reached = sorted((t.distance_mm(places[n]), t.id) for t in targets)
        reached = [(d, name) for d, name in reached if d <= margin_mm]
        free = [(d, name) for d, name in reached if name not in taken]
        if free:
            taken.add(free[0][1])
            found[n] = Hit("hit", free[0][1], free[0][0])
        elif reached:
            found[n] = Hit("repeat", reached[0][1], reached[0][0])
        else:
            found[n] = Hit("false", None, None)
    return [found[n] for n in range(len(places))]
