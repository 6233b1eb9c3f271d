"""Tables of what a second condition did to answers, and of what one found that another missed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from overread.stats.consultation import Consultations, consultations, consultations_between, found_by, found_lesions
from overread.study.analysis.called_tables import seats
from overread.study.analysis.case_columns import Background
from overread.study.analysis.entries import Cell, Table, table
from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question

CHANGED = (
    "of", "before", "after", "reader", "kept right", "lost", "gained", "kept wrong",
    "negative consultation ratio", "low", "high", "lost share", "gained share", "p", "method",
)  # fmt: skip


def changed_tables(study: Prepared, question: Question, background: Background) -> Iterator[Table]:
    """Answers and findings gained and lost between conditions; lesions by who found them."""
    if len(study.data.conditions) > 1:
        yield from table("consultations", CHANGED, _changed(study, question))
    if study.kind == "froc":
        columns = ("first", "second", "found by", "lesions", "mean size (mm)", "SD (mm)")
        yield from table("found-by", columns, _found(study, background))


def _changed(study: Prepared, question: Question) -> Iterator[tuple[Cell, ...]]:
    data = study.data
    people = study.of_people
    for a, b in combinations(range(len(people.conditions)), 2):
        names = people.conditions[a], people.conditions[b]
        if study.has_calls or question.cut is not None:
            rng = np.random.default_rng(question.seed)
            cut = None if study.has_calls else question.cut
            each, together = consultations_between(people, a, b, rng, cut, question.draws, question.level)
            for reader, found in each.items():
                yield _row("answers", names, reader, found)
            yield _row("answers", names, "all readers", together)
    if study.kind != "froc" or data.lesions is None:
        return
    for a, b in combinations(range(len(people.conditions)), 2):
        for j, reader in enumerate(people.readers):
            both = people.was_read[a, j] & people.was_read[b, j]
            there = both[data.lesions.case]
            first, second = found_lesions(people, a, j)[there], found_lesions(people, b, j)[there]
            yield _row(
                "lesions", (people.conditions[a], people.conditions[b]), reader,
                consultations(first, second, question.level),
            )  # fmt: skip


def _row(of: str, names: tuple[str, str], reader: str, found: Consultations) -> tuple[Cell, ...]:
    ratio = found.negative_ratio
    method = f"{ratio.method}; p exact McNemar" if np.isfinite(found.p) else ratio.method
    counts = found.kept_right, found.lost, found.gained, found.kept_wrong
    shares = ratio.value, ratio.low, ratio.high, found.lost_share.value, found.gained_share.value
    return (of, *names, reader, *counts, *shares, found.p, method)


def _found(study: Prepared, background: Background) -> Iterator[tuple[Cell, ...]]:
    """Readers against the system where there is one; else each reader under two conditions."""
    data = study.data
    assert data.lesions is not None
    sizes = background.sizes_mm(data)
    places = list(seats(study))
    for (i, j, first, one), (a, b, second, other) in combinations(places, 2):
        is_pair = i == a and study.system in (j, b) if study.system is not None else j == b
        if not is_pair:
            continue
        there = (data.was_read[i, j] & data.was_read[a, b])[data.lesions.case]
        groups = found_by(found_lesions(data, i, j)[there], found_lesions(data, a, b)[there], sizes[there])
        for words, group in (
            ("both", groups.both), ("first only", groups.first_only),
            ("second only", groups.second_only), ("neither", groups.neither),
        ):  # fmt: skip
            yield (f"{one}, {first}", f"{other}, {second}", words, group.count, group.mean_mm, group.deviation_mm)
