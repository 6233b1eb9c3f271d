"""The part of a study that is asked about, and who in it is a person and who the system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.reader_data import ReaderData
from overread.stats.merit.figures import Convention
from overread.stats.mrmc.resampled import resampled
from overread.study.analysis.question import Question

Kind = Literal["roc", "lroc", "froc", "categorical"]
MOST_SUBSETS = 12
"""More names than this are no parts of a study, but names of cases."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Answers as they are looked at.

    Attributes
    ----------
    data
        Everybody's, under the conditions and on the cases that are asked about.
    kind
        ``categorical`` where classes were called and nothing was rated.
    people
        Places of the readers who are persons, or at least not the system.
    system
        Place of the system; None for none.
    """

    data: ReaderData
    kind: Kind
    people: tuple[int, ...]
    system: int | None
    notes: tuple[str, ...]

    @property
    def has_calls(self) -> bool:
        """Whether anybody called a class."""
        return self.data.choices is not None and bool((self.data.choices.called >= 0).any())

    @property
    def has_confidence(self) -> bool:
        """Whether anybody said how sure of an answer they were."""
        return self.data.choices is not None and bool(np.isfinite(self.data.choices.confidence).any())

    @property
    def works(self) -> NDArray[np.bool_]:
        """(i, j): who read anything under a condition."""
        return np.asarray(self.data.was_read.any(axis=2))

    @property
    def of_people(self) -> ReaderData:
        """Answers of the persons, under the conditions under which any of them read."""
        if self.system is None:
            return self.data
        conditions = np.flatnonzero(self.works[:, list(self.people)].any(axis=1))
        return self.data.take([int(i) for i in conditions], self.people)

    def subset_names(self) -> tuple[str, ...]:
        """Parts that the cases fall into; none where everything is one part, or every case its own."""
        names = sorted({name for name in self.data.subsets if name})
        return tuple(names) if 1 < len(names) <= MOST_SUBSETS else ()

    def part(self, name: str) -> Prepared:
        """The cases of one part."""
        chosen = np.flatnonzero(np.asarray(self.data.subsets) == name)
        return replace(self, data=_cases_of(self.data, chosen))


def prepare(data: ReaderData, question: Question) -> Prepared:
    """Take what is asked about.

    Raises
    ------
    InputError
        For a condition, subset or system that is not there, and where nothing is left to compare.
    """
    kind: Kind = data.paradigm
    if data.paradigm == "roc" and np.isnan(data.ratings).all():
        data, kind = _called_for_read(data), "categorical"
    notes = list(data.notes)
    if question.conditions:
        data = data.take([_place(name, data.conditions, "condition") for name in question.conditions])
    if question.subsets:
        data = _of_subsets(data, question.subsets)
    system = _place(question.standalone, data.readers, "reader") if question.standalone else None
    kept = [j for j in range(len(data.readers)) if data.was_read[:, j].any()]
    if system is not None and system not in kept:
        raise InputError(
            f"{question.standalone} cannot be compared", "it read nothing of what is asked about", "Ask about more"
        )
    if len(kept) < len(data.readers):
        gone = ", ".join(name for j, name in enumerate(data.readers) if j not in kept)
        notes.append(f"left out, without a reading of what is asked about: {gone}")
        data = data.take(readers=kept)
        system = None if system is None else kept.index(system)
    people = tuple(j for j in range(len(data.readers)) if j != system)
    if not people:
        what = "Nothing can be compared" if system is not None else "Nothing can be analysed"
        raise InputError(what, "nobody beside it read" if system is not None else "nobody read", "Ask about more")
    return Prepared(data, kind, people, system, tuple(notes))


def for_figures(question: Question, name: str) -> Convention:
    """The convention by which a figure is reckoned."""
    if name.startswith("lroc-") and question.closing is not None:
        return question.closing
    return question.convention


def _called_for_read(data: ReaderData) -> ReaderData:
    """A study of calls alone: where a class was called, or confidence stated, the case was read.

    Whoever says how sure they are of no class has read the case and found nothing to call: a miss, no missing reading.
    """
    if data.choices is None:
        raise InputError("Nothing can be analysed", "nobody gave a rating or called a class", "Check the column rating")
    was_read = (data.choices.called >= 0) | np.isfinite(data.choices.confidence)
    return replace(data, ratings=np.where(was_read, 0.0, np.nan))


def _of_subsets(data: ReaderData, names: Sequence[str]) -> ReaderData:
    for name in names:
        _place(name, tuple(dict.fromkeys(name for name in data.subsets if name)), "subset")
    return _cases_of(data, np.flatnonzero(np.isin(np.asarray(data.subsets), list(names))))


def _cases_of(data: ReaderData, chosen: NDArray[np.intp]) -> ReaderData:
    return replace(resampled(data, chosen), cases=tuple(data.cases[k] for k in chosen))


def _place(name: str, names: Sequence[str], what: str) -> int:
    if name not in names:
        there = f"there are {', '.join(names)}" if names else "there is none"
        raise InputError(f"No {what} {name} is in the study", there, f"Name a {what} of these")
    return list(names).index(name)
