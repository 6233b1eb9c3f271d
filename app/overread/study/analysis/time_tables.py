"""Tables of reading times: of each reader, and of two conditions compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from overread.stats.times import bland_altman, paired_times, times_between
from overread.study.analysis.called_tables import seats
from overread.study.analysis.entries import Cell, Table, table
from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question

EACH = (
    "condition", "reader", "timed", "mean (s)", "SD (s)", "median (s)", "lower quartile (s)", "upper quartile (s)",
    "geometric mean (s)",
)  # fmt: skip
COMPARED = (
    "first", "second", "reader", "pairs", "ratio second / first", "low", "high", "difference (s)", "difference low",
    "difference high", "t", "df", "p", "method", "note",
)  # fmt: skip
AGREEMENT = (
    "first", "second", "pairs", "bias (ratio)", "bias low", "bias high", "lower limit", "lower limit low",
    "lower limit high", "upper limit", "upper limit low", "upper limit high", "method",
)  # fmt: skip


def time_tables(study: Prepared, question: Question) -> Iterator[Table]:
    """Seconds by reader and condition; ratios between conditions by reader and for readers at large; agreement."""
    if study.data.seconds is None:
        return
    yield from table("times", EACH, _each(study))
    if len(study.of_people.conditions) < 2:
        return
    yield from table("times-compared", COMPARED, _compared(study, question))
    yield from table("times-agreement", AGREEMENT, _agreement(study, question))


def _each(study: Prepared) -> Iterator[tuple[Cell, ...]]:
    seconds = study.data.seconds
    assert seconds is not None
    for i, j, condition, reader in seats(study):
        taken = seconds[i, j][np.isfinite(seconds[i, j])]
        if not taken.size:
            continue
        low, middle, high = (float(q) for q in np.percentile(taken, [25, 50, 75]))
        spread = float(taken.std(ddof=1)) if taken.size > 1 else None
        geometric = float(np.exp(np.log(taken).mean())) if (taken > 0).all() else None
        yield condition, reader, int(taken.size), float(taken.mean()), spread, middle, low, high, geometric


def _compared(study: Prepared, question: Question) -> Iterator[tuple[Cell, ...]]:
    people = study.of_people
    assert people.seconds is not None
    for a, b in combinations(range(len(people.conditions)), 2):
        names = people.conditions[a], people.conditions[b]
        whole = times_between(people, a, b, question.level)
        if not whole.pairs:
            continue
        ratio = whole.ratio
        nothing: tuple[Cell, ...] = (None, None, None)
        yield (
            *names, "all readers", whole.pairs, ratio.value, ratio.low, ratio.high, *nothing, whole.t, whole.df,
            whole.p, ratio.method, ratio.note,
        )  # fmt: skip
        for j, reader in enumerate(people.readers):
            own = paired_times(people.seconds[a, j], people.seconds[b, j], question.level)
            if not own.pairs:
                continue
            gap = own.difference.value, own.difference.low, own.difference.high
            limits = own.ratio.value, own.ratio.low, own.ratio.high
            yield (*names, reader, own.pairs, *limits, *gap, own.t, own.df, own.p, own.ratio.method, own.ratio.note)


def _agreement(study: Prepared, question: Question) -> Iterator[tuple[Cell, ...]]:
    people = study.of_people
    assert people.seconds is not None
    for a, b in combinations(range(len(people.conditions)), 2):
        found = bland_altman(people.seconds[a], people.seconds[b], True, question.level)
        if found.means.size < 2:
            continue
        numbers = [n for one in (found.bias, found.lower, found.upper) for n in (one.value, one.low, one.high)]
        method = "Bland and Altman, ratios; readings taken as independent"
        yield (people.conditions[a], people.conditions[b], int(found.means.size), *numbers, method)
