"""What a study to come needs, with this one as its pilot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from overread.stats.mrmc.power import (
    MOST_CASES,
    Pilot,
    cases_for_readers,
    mrmc_power,
    readers_for_cases,
    standalone_power,
)
from overread.study.analysis.entries import Cell, Table, table
from overread.study.analysis.question import Question

COLUMNS = (
    "figure", "comparison", "generalises to", "difference", "readers", "cases", "power", "df", "noncentrality",
    "cases for 80 %", "readers for 80 %", "method",
)  # fmt: skip
MRMC = "Hillis, Obuchowski and Berbaum 2011"
STANDALONE = "Hillis 2007, components scaled to other cases"


def power_table(pilots: Mapping[tuple[str, bool], Pilot], question: Question) -> Iterator[Table]:
    """Power of the readers and each number of cases that are planned, and how many would do.

    Parameters
    ----------
    pilots
        By figure and whether the comparison is of readers with a system.
    """
    yield from table("power", COLUMNS, _rows(pilots, question))


def _rows(pilots: Mapping[tuple[str, bool], Pilot], question: Question) -> Iterator[tuple[Cell, ...]]:
    plan, alpha = question.plan, 1 - question.level
    if plan is None:
        return
    for (name, is_standalone), pilot in pilots.items():
        power = standalone_power if is_standalone else mrmc_power
        for to in question.carried_to:
            if to == "rrfc" or (to == "rrrc" and plan.readers < 2):
                continue
            need = cases_for_readers(pilot, plan.effect, plan.readers, to, alpha, is_standalone=is_standalone)
            enough: Cell = need.cases if need.cases is not None else f"over {MOST_CASES}"
            for cases in plan.cases:
                found = power(pilot, plan.effect, plan.readers, cases, to, alpha)
                who = readers_for_cases(pilot, plan.effect, cases, to, alpha, is_standalone=is_standalone)
                yield (
                    name, "readers - system" if is_standalone else "two conditions", to, plan.effect, plan.readers,
                    cases, found.power, found.df, found.noncentrality, enough, who if who is not None else "over 100",
                    STANDALONE if is_standalone else MRMC,
                )  # fmt: skip
