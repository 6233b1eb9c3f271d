"""What a system found, as a reader meets it: candidates in order, the operating point that hides some, the
words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overread.core.heatmap import Heatmap
from overread.core.reading import Mark, Reading
from overread.viewing.state import State

NOT_FOR_DIAGNOSIS = "Trained on phantoms, not for diagnosis."
RESEARCH_USE = "Research use. Not a medical device."
_NEAR_SLICES = 2
"""A candidate is drawn on the slices of its run that lie this near to its peak."""


@dataclass(frozen=True, slots=True)
class Point:
    """An operating point as offered: its threshold, and what it meant on a named test set."""

    name: str
    threshold: float
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mark with its number in the list (1 is the highest score of all)."""

    number: int
    mark: Mark

    @property
    def slices_words(self) -> str:
        """Slices counted from 1: ``41-46``, or ``41-43, 47`` with gaps."""
        peak = self.mark.peak_slice
        return slice_ranges(self.mark.slices or (() if peak is None else (peak,)))

    @property
    def extent_words(self) -> str:
        """The activation extent in mm; it is no lesion size."""
        return "–" if self.mark.extent_mm is None else f"{self.mark.extent_mm:.0f} mm"

    @property
    def score_words(self) -> str:
        """The score as written."""
        return "–" if self.mark.score is None else f"{self.mark.score:.2f}"

    def is_near(self, k: int) -> bool:
        """Whether it is drawn on slice k."""
        peak = self.mark.peak_slice
        if peak is None:
            return k in self.mark.slices
        return k == peak or (k in self.mark.slices and abs(k - peak) <= _NEAR_SLICES)


class Findings(State):
    """A system's reading of one volume. Tells ``reading``, ``point`` or ``selected``."""

    def __init__(self) -> None:
        super().__init__()
        self.reading: Reading | None = None
        self.heatmap: Heatmap | None = None
        self.system = ""
        self.points: tuple[Point, ...] = ()
        self.caution = NOT_FOR_DIAGNOSIS
        self.selected: int | None = None
        self._point = 0

    def show(self, reading: Reading | None, heatmap: Heatmap | None = None, *, system: str = "",
             points: Sequence[Point] = (), caution: str = NOT_FOR_DIAGNOSIS, point: str = "default") -> None:
        """Show another reading, or none. ``caution`` is the line that stands wherever a score stands."""
        self.caution = caution
        self.reading, self.heatmap, self.system = reading, heatmap, system
        self.points = tuple(sorted(points, key=lambda p: p.threshold))
        names = [p.name for p in self.points]
        self._point = names.index(point) if point in names else 0
        self.selected = None
        self.tell("reading")

    @property
    def point(self) -> Point | None:
        """The operating point in use."""
        return self.points[self._point] if self.points else None

    def set_point(self, name: str) -> None:
        """Use another operating point. It hides candidates, it never regroups them."""
        self._point = [p.name for p in self.points].index(name)
        if self.selected is not None and self.selected not in {c.number for c in self.candidates()}:
            self.selected = None
        self.tell("point")

    def all_candidates(self) -> tuple[Candidate, ...]:
        """Every candidate down to the floor, highest score first; numbers do not change with the operating
        point."""
        if self.reading is None:
            return ()
        marks = sorted(self.reading.marks, key=lambda m: -(m.score if m.score is not None else 0))
        return tuple(Candidate(n, mark) for n, mark in enumerate(marks, start=1))

    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates at the operating point."""
        if self.reading is None or self.point is None:
            return self.all_candidates()
        kept = {mark.id for mark in self.reading.marks_at(self.point.threshold)}
        return tuple(c for c in self.all_candidates() if c.mark.id in kept)

    def select(self, number: int | None) -> None:
        """Choose a candidate by its number. Choosing it again tells again: a jump must work every time."""
        self.selected = number
        self.tell("selected")

    def step(self, by: int) -> None:
        """Choose the next (1) or previous (-1) candidate, going round at the ends."""
        numbers = [c.number for c in self.candidates()]
        if not numbers:
            return
        if self.selected in numbers:
            self.select(numbers[(numbers.index(self.selected) + by) % len(numbers)])
        else:
            self.select(numbers[0 if by > 0 else -1])

    def candidate(self, number: int | None) -> Candidate | None:
        """The candidate with this number."""
        return next((c for c in self.all_candidates() if c.number == number), None)

    def slice_scores(self) -> dict[int, float]:
        """Score by slice index."""
        return {} if self.reading is None else {s.index: s.score for s in self.reading.slices}

    def layer_words(self) -> str:
        """The system and its operating point, for the corner of the image."""
        return self.system + (f"   score ≥ {self.point.threshold:.2f}" if self.point is not None else "")

    def summary(self) -> str:
        """The result in one or two sentences, in the words a reader may be told."""
        if self.reading is None:
            return ""
        if self.reading.result == "refused":
            return " ".join(m.text for m in self.reading.messages if m.level == "refusal")
        at = f" at the point “{point_words(self.point.name)}”" if self.point is not None else ""
        count, hidden = len(self.candidates()), len(self.all_candidates()) - len(self.candidates())
        if count == 0:
            words = (f"{self.system} marks nothing{at}. It marks what resembles the lesions it was "
                     "trained on and misses some of them: see the model card.")
        else:
            words = f"{self.system} marks {count} {'place' if count == 1 else 'places'}{at}."
        return words + (f" {hidden} below it {'is' if hidden == 1 else 'are'} hidden." if hidden else "")


def slice_ranges(slices: Sequence[int]) -> str:
    """Slice indices as text, counted from 1, runs joined."""
    runs: list[list[int]] = []
    for k in sorted(set(slices)):
        if runs and k == runs[-1][1] + 1:
            runs[-1][1] = k
        else:
            runs.append([k, k])
    return ", ".join(str(a + 1) if a == b else f"{a + 1}–{b + 1}" for a, b in runs) or "–"


def point_words(name: str) -> str:
    """Name of an operating point as shown: ``high-sensitivity`` is ``high sensitivity``."""
    return name.replace("-", " ").replace("_", " ")
