"""Can printed figures be counts? A check of a paper's table of several classes against whole numbers of cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SLACK = 1e-9
"""A figure just between two prints may have been rounded either way."""


@dataclass(frozen=True, slots=True)
class PrintedClass:
    """One class against the rest: how many cases it has, and its figures as printed, e.g. ``0.50``."""

    name: str
    cases: int
    sensitivity: str
    specificity: str
    f1: str


@dataclass(frozen=True, slots=True)
class Margins:
    """True and false positives of each class that would print the figures."""

    true_positives: tuple[int, ...]
    false_positives: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """What a check found.

    Attributes
    ----------
    faults
        A sentence for each figure that no whole numbers give; empty where all can be counts.
    margins
        All true and false positives that give the other figures; empty where they contradict each other.
    tables
        How many tables of three by three have such margins; None for another number of classes.
    """

    faults: tuple[str, ...]
    margins: tuple[Margins, ...]
    tables: int | None


def check_printed(classes: Sequence[PrintedClass], accuracy: str, macro_f1: str) -> Consistency:
    """Search all whole numbers for tables of confusion that print these figures.

    Every case is called one of the classes. A figure that cannot be by itself is named and left out of what follows;
    then a class's F1 that does not go with its sensitivity and specificity; then, if nothing is left, the accuracy or
    the macro F1 without which something would be.

    Parameters
    ----------
    classes
        At least two.
    accuracy, macro_f1
        As printed.
    """
    total = sum(one.cases for one in classes)
    faults: list[str] = []
    pairs = [_pairs(one, total - one.cases, faults) for one in classes]
    right: str | None = accuracy
    if not _hits(accuracy, total):
        faults.append(_no_share(accuracy, total))
        right = None
    margins = tuple(_margins(classes, pairs, total, right, macro_f1))
    if not margins:
        for name, printed, without in (
            ("macro F1", macro_f1, (right, None)),
            ("accuracy", accuracy, (None, macro_f1)),
        ):
            margins = tuple(_margins(classes, pairs, total, *without))
            if margins:
                faults.append(f"no table that gives the other figures has {name} {printed}")
                break
        else:
            faults.append("the figures of the classes go with no table")
    tables = sum(_fillings(classes, each) for each in margins) if len(classes) == 3 else None
    return Consistency(tuple(faults), margins, tables)


def prints_as(value: float, printed: str) -> bool:
    """Whether a number, rounded either way where it lies just between, is printed so."""
    decimals = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10.0**-decimals + SLACK


def _hits(printed: str, total: int) -> list[int]:
    return [k for k in range(total + 1) if prints_as(k / total, printed)]


def _no_share(printed: str, total: int) -> str:
    return f"{printed} is not k/{total}"


def _pairs(one: PrintedClass, others: int, faults: list[str]) -> list[tuple[int, int]]:
    """True and false positives of a class that go with its own three figures, without those that cannot be."""
    hits = _hits(one.sensitivity, one.cases)
    if not hits:
        faults.append(f"{_no_share(one.sensitivity, one.cases)} (sensitivity of {one.name})")
        hits = list(range(one.cases + 1))
    rejected = _hits(one.specificity, others)
    if not rejected:
        faults.append(f"{_no_share(one.specificity, others)} (specificity of {one.name})")
        rejected = list(range(others + 1))
    pairs = [(tp, others - k) for tp in hits for k in rejected]
    fitting = [(tp, fp) for tp, fp in pairs if prints_as(_f1(tp, fp, one.cases), one.f1)]
    if not fitting:
        faults.append(f"no counts with the sensitivity and specificity of {one.name} give its F1 {one.f1}")
    return fitting or pairs


def _margins(
    classes: Sequence[PrintedClass],
    pairs: Sequence[Sequence[tuple[int, int]]],
    total: int,
    accuracy: str | None,
    macro_f1: str | None,
) -> Iterator[Margins]:
    for chosen in itertools.product(*pairs):
        right, wrong = sum(tp for tp, _ in chosen), sum(fp for _, fp in chosen)
        if right + wrong != total or (accuracy is not None and not prints_as(right / total, accuracy)):
            continue
        each = [_f1(tp, fp, one.cases) for (tp, fp), one in zip(chosen, classes, strict=True)]
        if macro_f1 is not None and not prints_as(sum(each) / len(each), macro_f1):
            continue
        missed = [one.cases - tp for (tp, _), one in zip(chosen, classes, strict=True)]
        # what a class misses must be called something else: a table off the diagonal exists exactly then (Hall)
        if all(m + fp <= wrong for m, (_, fp) in zip(missed, chosen, strict=True)):
            yield Margins(tuple(tp for tp, _ in chosen), tuple(fp for _, fp in chosen))


def _fillings(classes: Sequence[PrintedClass], margins: Margins) -> int:
    """Tables of three by three with these margins: one cell off the diagonal is free."""
    missed = [one.cases - tp for one, tp in zip(classes, margins.true_positives, strict=True)]
    false = margins.false_positives
    ways = 0
    for first_as_second in range(missed[0] + 1):
        third_as_second = false[1] - first_as_second
        third_as_first = missed[2] - third_as_second
        second_as_first = false[0] - third_as_first
        second_as_third = missed[1] - second_as_first
        ways += min(third_as_second, third_as_first, second_as_first, second_as_third) >= 0
    return ways


def _f1(tp: int, fp: int, cases: int) -> float:
    return 2 * tp / (tp + fp + cases) if tp + fp + cases else 0.0
