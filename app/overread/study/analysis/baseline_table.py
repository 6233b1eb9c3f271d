"""What the cases are like, by group: the table at the head of a paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from overread.stats.baseline import GroupTest, category_row, number_row
from overread.study.analysis.case_columns import MOST_LEVELS, Background, as_number
from overread.study.analysis.entries import Cell, Table, table
from overread.study.analysis.prepared import Prepared


def baseline_table(study: Prepared, background: Background) -> Iterator[Table]:
    """Every property of the cases by class, or by whether they are diseased; one line a number, one a level."""
    groups = _groups(study)
    if not background.properties or len(groups) < 1:
        return
    rows = [row for name, of in background.properties.items() for row in _rows(name, of, groups, background)]
    columns = ("property", "level", *(f"{name} (n = {len(cases)})" for name, cases in groups.items()),
               "statistic", "p", "method", "note")  # fmt: skip
    yield from table("baseline", columns, rows)


def _groups(study: Prepared) -> dict[str, list[str]]:
    data = study.data
    if study.has_calls and data.choices is not None:
        named = {name: np.flatnonzero(data.choices.truth == n) for n, name in enumerate(data.choices.names)}
    else:
        named = {"healthy": np.flatnonzero(~data.is_diseased), "diseased": np.flatnonzero(data.is_diseased)}
    return {name: [data.cases[k] for k in places] for name, places in named.items() if places.size}


def _rows(
    name: str, of_case: Mapping[str, str], groups: Mapping[str, Sequence[str]], background: Background
) -> Iterator[tuple[Cell, ...]]:
    texts = {group: [of_case.get(case, "") for case in cases] for group, cases in groups.items()}
    known = [text for values in texts.values() for text in values if text]
    numbers = {
        group: np.array([as_number(text, background.has_decimal_comma) for text in values])
        for group, values in texts.items()
    }
    if known and all(np.isfinite(as_number(text, background.has_decimal_comma)) for text in known):
        found = number_row(name, numbers)
        cells = [
            f"{c.median:.4g} ({c.lower_quartile:.4g} to {c.upper_quartile:.4g}); {c.mean:.4g} +- {c.deviation:.3g}"
            f"{_missing(c.missing)}"
            if c.known
            else "unknown"
            for c in found.cells.values()
        ]
        yield (name, "median (quartiles); mean +- SD", *cells, *_test(found.test))
    elif known and len(set(known)) <= MOST_LEVELS:
        counted = category_row(name, {group: [text or None for text in values] for group, values in texts.items()})
        blank: tuple[Cell, ...] = (None, None, "", "")
        for n, level in enumerate(counted.levels):
            shares = [
                f"{counted.counts[group][level]} ({100 * counted.share(group, level):.1f} %)"
                f"{_missing(counted.missing[group]) if n == 0 else ''}"
                if counted.known[group]
                else "unknown"
                for group in groups
            ]
            yield (name, level, *shares, *(_test(counted.test) if n == 0 else blank))


def _missing(count: int) -> str:
    return f"; {count} unknown" if count else ""


def _test(test: GroupTest) -> tuple[Cell, ...]:
    return test.statistic, test.p, test.method, test.note
