"""What a system found, as a reader meets it: candidates in order, the operating point that hides some, the
words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overread.core.heatmap import Heatmap
from overread.core.reading import Mark, Message, Reading
from overread.viewing.class_words import map_words, summary_words
from overread.viewing.operating import OperatingScale, Point, point_words
from overread.viewing.state import State

NOT_FOR_DIAGNOSIS = "Trained on phantoms, not for diagnosis."
_WITHOUT_SCORES = ("refused", "no-region")
_NEAR_SLICES = 2
"""A candidate is drawn on the slices of its run that lie this near to its peak."""


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
        return "–" if self.mark.score is None else score_words(self.mark.score)

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
        self.scale = OperatingScale()
        self.caution = NOT_FOR_DIAGNOSIS
        self.selected: int | None = None
        self.threshold: float | None = None
        self._notes: tuple[Message, ...] = ()
        self._all: tuple[Candidate, ...] = ()
        self._scores: dict[int, float] = {}

    def show(self, reading: Reading | None, heatmap: Heatmap | None = None, *, system: str = "",
             points: Sequence[Point] = (), caution: str = NOT_FOR_DIAGNOSIS, point: str = "default",
             floor: float | None = None, notes: Sequence[str] = (), marks: Sequence[Mark] | None = None,
             volume_id: str | None = None) -> None:
        """Show another reading, or none. ``caution`` is the line that stands wherever a score stands.

        ``floor`` is the score below which the system kept nothing: the operating point goes no lower. ``notes`` say
        how this answer came about, beside what the reading itself says. ``marks`` are its marks on the slices of the
        volume that is looked at, where that is another than they were found on; ``volume_id`` leaves only the slice
        scores of that volume.
        """
        self.caution = caution
        self.reading, self.heatmap, self.system = reading, heatmap, system
        self._notes = tuple(Message("info", words) for words in notes)
        self.scale = OperatingScale.of(points, floor)
        start = self.scale.named(point) or next(iter(self.scale.points), None)
        self.threshold = start.threshold if start is not None else None
        self.selected = None
        there = (reading.marks if marks is None else marks) if reading else ()
        ordered = sorted(there, key=lambda m: -(m.score if m.score is not None else 0))
        self._all = tuple(Candidate(n, mark) for n, mark in enumerate(ordered, start=1))
        scores = reading.slices if reading else ()
        self._scores = {s.index: s.score for s in scores if volume_id in (None, s.volume)}
        self.tell("reading")

    # The operating point

    @property
    def points(self) -> tuple[Point, ...]:
        """The named stops, the most sensitive first."""
        return self.scale.points

    @property
    def point(self) -> Point | None:
        """The operating point in use: a stop, or a place between stops under the words for it."""
        if self.threshold is None:
            return None
        stop = self.scale.at(self.threshold)
        words, meaning = self.scale.place_words(self.threshold), self.scale.meaning(self.threshold)
        return stop or Point(words, self.threshold, meaning)

    def set_point(self, name: str) -> None:
        """Go to a stop."""
        stop = self.scale.named(name)
        if stop is None:
            raise ValueError(f"there is no operating point {name!r}")
        self.set_threshold(stop.threshold)

    def set_threshold(self, threshold: float) -> None:
        """Use another operating point. It hides candidates; it never regroups or renumbers them."""
        if self.threshold is None:
            return
        self.threshold = self.scale.clipped(threshold)
        if self.selected is not None and self.selected not in {c.number for c in self.candidates()}:
            self.selected = None
        self.tell("point")

    def step_point(self, by: int) -> None:
        """Go to the next stop up (1) or down (-1); nothing beyond the last."""
        stop = self.scale.beyond(self.threshold, by) if self.threshold is not None else None
        if stop is not None:
            self.set_threshold(stop.threshold)

    # Candidates and scores

    def all_candidates(self) -> tuple[Candidate, ...]:
        """Every candidate down to the floor, highest score first; numbers do not change with the operating
        point."""
        return self._all

    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates at the operating point."""
        if self.reading is None or self.threshold is None:
            return self._all
        kept = {mark.id for mark in self.reading.marks_at(self.threshold)}
        return tuple(c for c in self._all if c.mark.id in kept)

    def called_slices(self) -> frozenset[int] | None:
        """The slices whose score reaches the operating point; None where slices have no scores to compare."""
        if self.threshold is None or not self._scores:
            return None
        return frozenset(k for k, score in self._scores.items() if score >= self.threshold)

    def highest_slice(self) -> tuple[int, float] | None:
        """Index and score of the slice with the highest score, the first of several."""
        if not self._scores:
            return None
        k = max(self._scores, key=lambda index: (self._scores[index], -index))
        return k, self._scores[k]

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
        return self._scores

    # Words

    @property
    def has_scores(self) -> bool:
        """Whether there are scores to set an operating point on."""
        return self.reading is not None and self.reading.result not in _WITHOUT_SCORES

    @property
    def is_classes(self) -> bool:
        """Whether it tells classes apart rather than finding places."""
        return self.reading is not None and self.reading.result == "classes"

    def layer_words(self) -> str:
        """The system and its operating point, for the corner of the image."""
        return self.system + (f"   score ≥ {self.threshold:.2f}" if self.threshold is not None else "")

    def map_words(self) -> str:
        """What the colours of its map measure."""
        return map_words(self.reading)

    def notes(self, level: str) -> tuple[str, ...]:
        """What is said beside the result, as ``warning`` or as ``info``, nothing twice."""
        messages = (*self.reading.messages, *self._notes) if self.reading is not None else ()
        return tuple(dict.fromkeys(m.text for m in messages if m.level == level))

    def summary(self) -> str:
        """The result in a few sentences, in the words a reader may be told."""
        if self.reading is None:
            return ""
        said = [m.text for m in self.reading.messages if m.level == "refusal"]
        if self.reading.result == "refused":
            return " ".join(said)
        if self.reading.result == "no-region":
            return " ".join([f"{self.system} did not read: it was given no region to look at.", *said])
        if self.is_classes:
            return summary_words(self.system, self.reading)
        shown, hidden = len(self.candidates()), len(self._all) - len(self.candidates())
        at = f" {_at_words(self.point)}" if self.point is not None else ""
        below = f" {hidden} below it {'is' if hidden == 1 else 'are'} hidden." if hidden else ""
        if shown:
            return f"{self.system} marks {shown} {'place' if shown == 1 else 'places'}{at}.{below}"
        return " ".join(filter(None, (f"{self.system} marks nothing{at}.{below}", self._highest_words(),
                                      self._missed_words())))

    def _highest_words(self) -> str:
        highest = self.highest_slice()
        return "" if highest is None else f"Highest slice score: {score_words(highest[1])}, on slice {highest[0] + 1}."

    def _missed_words(self) -> str:
        missed = self.scale.missed_words(self.threshold) if self.threshold is not None else ""
        if missed:
            return f"That does not rule a lesion out: at this point {missed}."
        return ("That does not rule a lesion out: it marks what resembles the lesions it was trained on and "
                "misses some of them; see the model card.")


def _at_words(point: Point) -> str:
    words = point_words(point.name)
    is_stop = not words.startswith(("between ", "below ", "above "))
    return f"at the point “{words}”" if is_stop else f"at a score of {point.threshold:.2f} or more"


def score_words(score: float) -> str:
    """A score in two decimals; what only rounding would make 1 is not called 1."""
    return "> 0.99" if 0.995 <= score < 1 else f"{score:.2f}"


def slice_ranges(slices: Sequence[int]) -> str:
    """Slice indices as text, counted from 1, runs joined."""
    runs: list[list[int]] = []
    for k in sorted(set(slices)):
        if runs and k == runs[-1][1] + 1:
            runs[-1][1] = k
        else:
            runs.append([k, k])
    return ", ".join(str(a + 1) if a == b else f"{a + 1}–{b + 1}" for a, b in runs) or "–"
