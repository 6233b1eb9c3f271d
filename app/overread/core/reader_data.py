"""What readers answered under conditions, as statistics take it: people and systems on the same cases.

Every array is indexed [condition, reader, case]. A reading that was never made is NaN; a reading without a mark is
-inf, which is less than every rating: a tie against another unmarked one, a loss for an unmarked lesion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Paradigm = Literal["roc", "lroc", "froc"]
UNMARKED = float("-inf")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lesions:
    """The lesions of a free-response study, the lesions of a case one after the other.

    ``ids`` (l,) are unique within their case; ``case`` (l,) is its place among the cases; ``weight`` (l,) adds to 1
    in each diseased case.
    """

    ids: tuple[str, ...]
    case: NDArray[np.intp]
    weight: Floats


@dataclass(frozen=True, slots=True, eq=False)
class FalseMarks:
    """Marks on no lesion, all readers' in one list: place of condition, reader and case (m,), and rating (m,)."""

    condition: NDArray[np.intp]
    reader: NDArray[np.intp]
    case: NDArray[np.intp]
    rating: Floats

    def of(self, condition: int, reader: int) -> tuple[NDArray[np.intp], Floats]:
        """Cases and ratings of one reader's under one condition."""
        chosen = (self.condition == condition) & (self.reader == reader)
        return self.case[chosen], self.rating[chosen]


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """Calls of a class beside, or in place of, ratings.

    ``names`` (c,); ``truth`` (k,) place of each case's class; ``called`` (i, j, k), -1 for none or not read;
    ``confidence`` (i, j, k), NaN where none was given.
    """

    names: tuple[str, ...]
    truth: NDArray[np.intp]
    called: NDArray[np.intp]
    confidence: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ReaderData:
    """Readers' answers.

    Attributes
    ----------
    ratings
        (i, j, k): roc, the rating; lroc and froc, the highest of all marks of the case, -inf without any.
    correct
        (i, j, k), lroc: the rating of the place that hits, -inf without one; what healthy cases hold does not count.
    incorrect
        (i, j, k), lroc: the rating of the highest place that does not hit, -inf without one.
    lesions, lesion_ratings, false_marks
        froc: the lesions, (i, j, l) the highest rating of a mark on each, -inf unmarked, NaN where the case was not
        read; and the marks on none.
    choices
        Classes that were called; None where nobody was asked.
    seconds
        (i, j, k) reading time; None where it was not taken.
    patients
        (k,) whose cases they are: what a bootstrap draws; empty for a patient a case.
    subsets
        (k,) a name for each case, such as its site; empty without.
    """

    paradigm: Paradigm
    conditions: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    is_diseased: NDArray[np.bool_]
    ratings: Floats
    correct: Floats | None = None
    incorrect: Floats | None = None
    lesions: Lesions | None = None
    lesion_ratings: Floats | None = None
    false_marks: FalseMarks | None = None
    choices: Choices | None = None
    seconds: Floats | None = None
    patients: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        shape = (len(self.conditions), len(self.readers), len(self.cases))
        if self.ratings.shape != shape or self.is_diseased.shape != shape[2:]:
            raise ValueError(f"ratings {self.ratings.shape} and truth {self.is_diseased.shape} do not fit {shape}")
        if (self.paradigm == "lroc") != (self.correct is not None and self.incorrect is not None):
            raise ValueError("ratings of places belong to an LROC study, and to no other")
        is_whole = all(part is not None for part in (self.lesions, self.lesion_ratings, self.false_marks))
        if (self.paradigm == "froc") != is_whole:
            raise ValueError("lesions and marks belong to an FROC study, and to no other")

    @property
    def was_read(self) -> NDArray[np.bool_]:
        """(i, j, k): which readings were made."""
        return ~np.isnan(self.ratings)

    @property
    def is_crossed(self) -> bool:
        """Whether every reader read every case under every condition."""
        return bool(self.was_read.all())

    def take(self, conditions: Sequence[int] | None = None, readers: Sequence[int] | None = None) -> ReaderData:
        """Some of the conditions and readers, in the order that is given; None for all."""
        i = np.arange(len(self.conditions)) if conditions is None else np.asarray(conditions, dtype=np.intp)
        j = np.arange(len(self.readers)) if readers is None else np.asarray(readers, dtype=np.intp)

        def part(values: Floats | None) -> Floats | None:
            return None if values is None else values[np.ix_(i, j)]

        ratings = part(self.ratings)
        assert ratings is not None
        return ReaderData(
            self.paradigm,
            tuple(self.conditions[n] for n in i),
            tuple(self.readers[n] for n in j),
            self.cases,
            self.is_diseased,
            ratings,
            part(self.correct),
            part(self.incorrect),
            self.lesions,
            part(self.lesion_ratings),
            None if self.false_marks is None else _taken(self.false_marks, i, j),
            None
            if self.choices is None
            else Choices(
                self.choices.names,
                self.choices.truth,
                self.choices.called[np.ix_(i, j)],
                self.choices.confidence[np.ix_(i, j)],
            ),
            part(self.seconds),
            self.patients,
            self.subsets,
            self.notes,
        )


def _taken(marks: FalseMarks, conditions: NDArray[np.intp], readers: NDArray[np.intp]) -> FalseMarks:
    """The marks of some conditions and readers, numbered by their new places; a reader taken twice has them twice."""
    parts = []
    for new_i, i in enumerate(conditions):
        for new_j, j in enumerate(readers):
            case, rating = marks.of(int(i), int(j))
            parts.append((np.full(len(case), new_i), np.full(len(case), new_j), case, rating))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return FalseMarks(columns[0], columns[1], columns[2], columns[3])
