"""Tables of how readers agree: kappa of two and of all, on classes, on calls at a cut, and on ordinal ratings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from overread.stats.agreement import Weights, cochran_q, cohen_kappa, fleiss_kappa, pair_counts
from overread.study.analysis.called_tables import answers
from overread.study.analysis.entries import Cell, Table, table
from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question

Places = NDArray[np.intp]
MOST_STEPS = 10
"""A rating of more steps than this is no ordinal scale on which exact agreement means anything."""
ORDERED: tuple[Weights, ...] = ("none", "linear", "quadratic")
KAPPA = ("condition", "answers", "first", "second", "weights", "cases", "kappa", "low", "high", "p", "method")
FLEISS = ("condition", "answers", "readers", "cases", "kappa", "low", "high", "p", "method")
COCHRAN = ("condition", "readers", "cases", "Q", "df", "p", "method")


def agreement_tables(study: Prepared, question: Question) -> Iterator[Table]:
    """Cohen's kappa of every two readers, Fleiss' of all who read the same cases, Cochran's Q of who was right."""
    kinds = list(_answers(study, question))
    if kinds and len(study.data.readers) > 1:
        yield from table("kappa", KAPPA, (row for kind in kinds for row in _pairs(study, question, *kind)))
        yield from table("fleiss", FLEISS, (row for kind in kinds for row in _all(study, question, *kind)))
    if len(study.data.readers) > 1 and (study.has_calls or question.cut is not None):
        yield from table("cochran", COCHRAN, _cochran(study, question))


def _answers(study: Prepared, question: Question) -> Iterator[tuple[str, Places, int, bool]]:
    """Kinds of answers: name, class (i, j, k) with -1 for none, number of classes, whether they have an order."""
    data = study.data
    if study.has_calls and data.choices is not None:
        yield "classes", data.choices.called, len(data.choices.names), False
    if study.kind == "categorical":
        return
    if question.cut is not None:
        called = np.where(data.was_read, data.ratings >= question.cut, -1).astype(np.intp)
        yield "calls at the cut", called, 2, False
    steps = np.unique(data.ratings[data.was_read])
    if 2 < steps.size <= MOST_STEPS:
        step = np.searchsorted(steps, np.where(data.was_read, data.ratings, steps[0]))
        yield "ratings", np.where(data.was_read, step, -1).astype(np.intp), int(steps.size), True


def _pairs(
    study: Prepared, question: Question, kind: str, called: Places, classes: int, is_ordered: bool
) -> Iterator[tuple[Cell, ...]]:
    for i, condition in enumerate(study.data.conditions):
        for a, b in combinations(np.flatnonzero(study.works[i]), 2):
            both = (called[i, a] >= 0) & (called[i, b] >= 0)
            if not both.any():
                continue
            counts = pair_counts(called[i, a, both], called[i, b, both], classes)
            for weights in ORDERED if is_ordered else ORDERED[:1]:
                found = cohen_kappa(counts, weights, question.level)
                names = study.data.readers[a], study.data.readers[b]
                numbers = int(both.sum()), found.value, found.low, found.high, found.p
                yield (condition, kind, *names, weights, *numbers, "Cohen, normal")


def _all(
    study: Prepared, question: Question, kind: str, called: Places, classes: int, is_ordered: bool
) -> Iterator[tuple[Cell, ...]]:
    for i, condition in enumerate(study.data.conditions):
        readers = np.flatnonzero(study.works[i])
        there = (called[i, readers] >= 0).all(axis=0)
        if len(readers) < 3 or not there.any():
            continue
        counts = (called[i, readers][:, there, None] == np.arange(classes)).sum(axis=0)
        found = fleiss_kappa(counts, level=question.level)
        yield (
            condition, kind, len(readers), int(there.sum()), found.value, found.low, found.high, found.p,
            "Fleiss; interval over cases (Gwet)",
        )  # fmt: skip


def _cochran(study: Prepared, question: Question) -> Iterator[tuple[Cell, ...]]:
    for i, condition in enumerate(study.data.conditions):
        readers = np.flatnonzero(study.works[i])
        right, answered = answers(study.data, i, question.cut)
        there = answered[readers].all(axis=0)
        if len(readers) < 2 or not there.any():
            continue
        found = cochran_q(right[readers][:, there].T)
        yield (
            condition,
            len(readers),
            int(there.sum()),
            found.statistic,
            found.df,
            found.p,
            "Cochran's Q of being right",
        )
