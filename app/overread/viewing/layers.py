"""The readings of a study beside each other: which of them are seen, whose map lies over the image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from overread.core.study import Volume
from overread.viewing.findings import Candidate
from overread.viewing.linking import place_in
from overread.viewing.results import Result, Results, marks_on
from overread.viewing.viewport import Viewport


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A reading among those that concern a volume.

    ``rank`` picks its shape and colour, ``is_chosen`` says that table, strip and map are its own, ``reads_it`` that
    the volume is among those it read: others are seen through the frame of reference.
    """

    result: Result
    letter: str
    rank: int
    is_shown: bool
    is_chosen: bool
    reads_it: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate as a view draws it: shown (row, column), whether this is the slice it is strongest on.

    ``rank`` picks the shape and colour of its system; ``letter`` is empty while no other system has read.
    ``is_of_panel``: it is of the reading that the panel shows.
    """

    candidate: Candidate
    row: float
    column: float
    is_peak: bool
    is_chosen: bool
    rank: int = 0
    letter: str = ""
    is_of_panel: bool = True


class Layers:
    """Which systems a reader has hidden, and where each one's operating point was left."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._hidden: set[str] = set()
        self.thresholds: dict[tuple[tuple[str, ...], str], float] = {}

    def is_shown(self, system: str) -> bool:
        """Whether marks and map of a system may be drawn."""
        return system not in self._hidden

    def set_shown(self, system: str, shown: bool) -> bool:
        """Show or hide a system; whether that changed anything."""
        if shown == self.is_shown(system):
            return False
        (self._hidden.discard if shown else self._hidden.add)(system)
        return True

    def of(self, volume: Volume, chosen: Result | None, neighbours: Iterable[str]) -> list[Layer]:
        """The layers of a volume, by letter.

        Parameters
        ----------
        chosen
            The reading that is worked with.
        neighbours
            Ids of the volumes in its frame of reference.
        """
        near = set(neighbours)
        found = []
        for result in self._results.all():
            reads_it = volume.id in result.volumes
            if reads_it or result.home in near:
                letter, rank = self._results.letter(result.system), self._results.rank(result.system)
                is_chosen = chosen is not None and result.key == chosen.key
                found.append(Layer(result, letter, rank, self.is_shown(result.system), is_chosen, reads_it))
        return found

    def candidates(self, result: Result, volume: Volume) -> list[Candidate]:
        """The candidates of a reading at the operating point it was left at, on the slices of a volume."""
        reading = result.reading
        if reading is None:
            return []
        ordered = sorted(marks_on(reading.marks, volume), key=lambda m: -(m.score if m.score is not None else 0))
        start = next((p.threshold for p in result.points if p.name == "default"), None)
        limit = self.thresholds.get(result.key, start)
        return [
            Candidate(n, mark)
            for n, mark in enumerate(ordered, start=1)
            if limit is None or mark.score is None or mark.score >= limit
        ]


def placed_on(candidate: Candidate, viewport: Viewport, source: Volume) -> tuple[float, float, bool] | None:
    """Where a candidate of a volume lies on the slice of a view: row, column, whether it is strongest there."""
    if viewport.volume is None or viewport.volume.id != source.id:
        return place_in(viewport, candidate.mark.centre_mm, source)
    point = viewport.shown_point(candidate.mark.centre_mm)
    if point is None or not candidate.is_near(viewport.slice):
        return None
    return point[0], point[1], viewport.slice == candidate.mark.peak_slice
