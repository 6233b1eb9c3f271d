"""Tables of calls: of classes against the truth, of a rating at or above a cut, and of who was right where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from overread.core.reader_data import ReaderData
from overread.stats import multiclass
from overread.stats.consultation import right_answers
from overread.stats.diagnostic import diagnostic
from overread.stats.estimate import Estimate
from overread.stats.likelihood_ratios import TwoByTwo
from overread.stats.mcnemar import mcnemar, mcnemar_chi_square
from overread.stats.operating_points import best_points
from overread.stats.proportions import proportion
from overread.study.analysis.defaults import number_text
from overread.study.analysis.entries import Cell, Table, cells_of, table
from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question

WHO = ("condition", "reader")
LIMITS = ("value", "low", "high", "method", "note")
MOST_PAIRED = 10
"""With more readers than this, every two of them are no table that anybody reads."""


@dataclass(frozen=True, slots=True)
class _Share:
    name: str
    hits: int
    total: int


def called_tables(study: Prepared, question: Question) -> Iterator[Table]:
    """Confusion, calls of all classes, each class and the cut as a yes-or-no test, operating points, who was right."""
    data = study.data
    if study.has_calls:
        yield from table(*_confusion(study))
        yield from table(*_of_all_classes(study, question))
    yield from table(
        "yes-or-no",
        (*WHO, "positive", "measure", "hits", "total", *LIMITS, "Wilson low", "Wilson high"),
        _yes_or_no(study, question),
    )
    if study.kind != "categorical" and data.is_diseased.any() and not data.is_diseased.all():
        yield from table("best-points", (*WHO, "rule", "threshold", "sensitivity", "specificity"), _best(study))
    if study.kind == "lroc" and question.cut is not None:
        yield from table("localised", (*WHO, "positive", "measure", "hits", "total", *LIMITS), _placed(study, question))
    if study.has_calls or question.cut is not None:
        columns = ("first", "second", "both right", "first only", "second only", "neither", "exact p", "mid p",
                   "chi square", "p of chi square", "method")  # fmt: skip
        yield from table("mcnemar", columns, _mcnemar(study, question))


def seats(study: Prepared) -> Iterator[tuple[int, int, str, str]]:
    """Everybody who works under a condition: places and names."""
    for i, j in np.argwhere(study.works):
        yield int(i), int(j), study.data.conditions[i], study.data.readers[j]


def counts_of(data: ReaderData, i: int, j: int) -> NDArray[np.float64]:
    """Table of confusion of one reader under one condition."""
    assert data.choices is not None
    read = data.was_read[i, j]
    return multiclass.confusion(data.choices.truth[read], data.choices.called[i, j, read], len(data.choices.names))


def answers(data: ReaderData, condition: int, cut: float | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who was right and who answered (readers, cases): by class where classes were called, else by the cut."""
    has_calls = data.choices is not None and bool((data.choices.called >= 0).any())
    return right_answers(data, condition, None if has_calls else cut)


def _confusion(study: Prepared) -> tuple[str, tuple[str, ...], list[tuple[Cell, ...]]]:
    choices = study.data.choices
    assert choices is not None
    rows: list[tuple[Cell, ...]] = []
    for i, j, condition, reader in seats(study):
        counts = counts_of(study.data, i, j)
        rows += [
            (condition, reader, name, *(int(c) for c in counts[k]), int(counts[k].sum()))
            for k, name in enumerate(choices.names)
        ]
    return "confusion", (*WHO, "truth", *(f"called {name}" for name in choices.names), "no call", "cases"), rows


def _of_all_classes(study: Prepared, question: Question) -> tuple[str, tuple[str, ...], list[tuple[Cell, ...]]]:
    rows: list[tuple[Cell, ...]] = []
    for i, j, condition, reader in seats(study):
        counts = counts_of(study.data, i, j)
        right, cases = int(np.trace(counts)), int(counts.sum())
        share = proportion(right, cases, question.level)
        means = [multiclass.macro_f1, multiclass.weighted_f1, multiclass.balanced_accuracy, multiclass.matthews]
        rows.append(
            (condition, reader, cases, right, share.value, share.low, share.high, *(float(m(counts)) for m in means))
        )
    columns = ("cases", "right", "accuracy", "low", "high", "macro F1", "weighted F1", "balanced accuracy", "Matthews")
    return "calls", (*WHO, *columns), rows


def _yes_or_no(study: Prepared, question: Question) -> Iterator[tuple[Cell, ...]]:
    data = study.data
    for i, j, condition, reader in seats(study):
        if study.has_calls and data.choices is not None:
            counts = counts_of(data, i, j)
            for k, name in enumerate(data.choices.names):
                for row in _measures(_against_rest(counts, k), question.level):
                    yield (condition, reader, name, *row)
        if question.cut is not None and study.kind != "categorical":
            read = data.was_read[i, j]
            called, truth = data.ratings[i, j, read] >= question.cut, data.is_diseased[read]
            square = TwoByTwo(*(int(np.count_nonzero(part)) for part in
                (called & truth, ~called & truth, called & ~truth, ~called & ~truth)))  # fmt: skip
            for row in _measures(square, question.level):
                yield (condition, reader, _cut_name(question.cut), *row)


def _measures(square: TwoByTwo, level: float) -> Iterator[tuple[Cell, ...]]:
    t, whole = square, diagnostic(square, level)
    cases = t.diseased + t.healthy
    for share in (
        _Share("sensitivity", t.true_positive, t.diseased),
        _Share("specificity", t.true_negative, t.healthy),
        _Share("positive predictive value", t.true_positive, t.true_positive + t.false_positive),
        _Share("negative predictive value", t.true_negative, t.true_negative + t.false_negative),
        _Share("accuracy", t.true_positive + t.true_negative, cases),
    ):
        exact, wilson = (proportion(share.hits, share.total, level, kind) for kind in ("exact", "wilson"))
        yield (share.name, share.hits, share.total, *cells_of(exact), wilson.low, wilson.high)
    nothing: tuple[Cell, Cell] = (None, None)
    for name, estimate in (
        ("DLR+", whole.ratios.positive),
        ("DLR-", whole.ratios.negative),
        ("odds ratio", whole.odds_ratio),
        ("Youden index", whole.youden),
        ("F1", Estimate(whole.f1, float("nan"), float("nan"), "", "an interval is a bootstrap's")),
    ):
        yield (name, *nothing, *cells_of(estimate), *nothing)


def _against_rest(counts: NDArray[np.float64], k: int) -> TwoByTwo:
    hits, called = int(counts[k, k]), int(counts[:, k].sum())
    of_class, total = int(counts[k].sum()), int(counts.sum())
    return TwoByTwo(hits, of_class - hits, called - hits, total - of_class - called + hits)


def _best(study: Prepared) -> Iterator[tuple[Cell, ...]]:
    for i, j, condition, reader in seats(study):
        read = study.data.was_read[i, j]
        truth = study.data.is_diseased[read]
        if not truth.any() or truth.all():
            continue
        for rule, words in (("youden", "Youden"), ("closest", "closest to the corner")):
            for point in best_points(study.data.ratings[i, j, read], truth, rule):  # type: ignore[arg-type]
                at: Cell = "every case" if point.threshold == -np.inf else point.threshold
                yield condition, reader, words, at, point.sensitivity, point.specificity


def _placed(study: Prepared, question: Question) -> Iterator[tuple[Cell, ...]]:
    """Readers as operating points in the LROC plane: found and placed rightly against healthy cases called."""
    data, cut = study.data, question.cut
    assert data.correct is not None
    assert cut is not None
    for i, j, condition, reader in seats(study):
        read = data.was_read[i, j]
        for measure, hits, among in (
            ("called and placed rightly", data.correct[i, j] >= cut, read & data.is_diseased),
            ("healthy but called", data.ratings[i, j] >= cut, read & ~data.is_diseased),
        ):
            part, total = int(np.count_nonzero(hits & among)), int(np.count_nonzero(among))
            share = proportion(part, total, question.level)
            yield (condition, reader, _cut_name(cut), measure, part, total, *cells_of(share))


def _mcnemar(study: Prepared, question: Question) -> Iterator[tuple[Cell, ...]]:
    """One reader under two conditions; two readers under one, and where there is a system each against it."""
    data = study.data
    right = {i: answers(data, i, question.cut) for i in range(len(data.conditions))}
    places = [(i, j) for i, j, _, _ in seats(study)]
    for (i, j), (a, b) in combinations(places, 2):
        is_pair = j == b or (i == a and (study.system in (j, b) if study.system is not None else _is_few(study)))
        if not is_pair:
            continue
        both = right[i][1][j] & right[a][1][b]
        first, second = right[i][0][j, both], right[a][0][b, both]
        only, other = int(np.count_nonzero(first & ~second)), int(np.count_nonzero(~first & second))
        test, large = mcnemar(only, other), mcnemar_chi_square(only, other)
        yield (
            f"{data.readers[j]}, {data.conditions[i]}",
            f"{data.readers[b]}, {data.conditions[a]}",
            int(np.count_nonzero(first & second)), only, other, int(np.count_nonzero(~first & ~second)),
            test.exact_p, test.mid_p, large.statistic, large.p, "McNemar: exact, mid-p, chi square",
        )  # fmt: skip


def _is_few(study: Prepared) -> bool:
    return len(study.people) <= MOST_PAIRED


def _cut_name(cut: float) -> str:
    return f"rating >= {number_text(cut)}"
