"""One figure of merit of a study: its values with intervals, and the tests of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells
from overread.stats.merit.figures import figure_cells
from overread.stats.mrmc.analysis import Analysis, is_share, line
from overread.stats.mrmc.covariance import CellCovariance, bootstrap_covariance, cell_covariance
from overread.stats.mrmc.covariance import Convention as TestConvention
from overread.stats.mrmc.dbm import dbm
from overread.stats.mrmc.design import find_design
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette
from overread.stats.mrmc.rows import Covariance, Generalisation, TestRow
from overread.stats.mrmc.single import single_reader
from overread.stats.mrmc.ustat import UstatConvention, ustat_tests
from overread.study.analysis.defaults import AREAS
from overread.study.analysis.entries import limits, number
from overread.study.analysis.prepared import Prepared, for_figures
from overread.study.analysis.question import Question
from overread.study.analysis.unavailable import why_untold

OF_CALLS = ("accuracy", "macro-f1", "f1", "sensitivity", "specificity")
NAMES = {"or": "Obuchowski-Rockette", "dbm": "Dorfman-Berbaum-Metz", "ustat": "U-statistics", "delong": "DeLong"}


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A figure of everybody.

    Attributes
    ----------
    figures
        Rows of the document: each reader under each condition, then the mean of the persons (reader None).
    tests
        Rows of the document's tests, as they come.
    analysis
        Of the persons, two conditions and random readers and cases: what planning starts from; None without it.
    cases
        How many cases can change the figure.
    """

    figures: tuple[dict[str, Any], ...]
    tests: tuple[TestRow, ...]
    analysis: Analysis | None
    cases: int
    warnings: tuple[str, ...] = ()


def reckon(study: Prepared, question: Question, name: str, progress: Progress = SILENT) -> Reckoned:
    """Values, intervals and tests of a figure.

    Raises
    ------
    InputError
        The study does not have the figure, or the method that was asked for cannot give a test of it.
    """
    if study.kind == "categorical" and name.partition("@")[0] not in OF_CALLS:
        raise InputError(
            f"Figure of merit {name} cannot be told",
            "readers called classes and rated nothing",
            f"Choose one of {', '.join(OF_CALLS)}",
        )
    people = study.of_people
    cells = figure_cells(people, name, for_figures(question, name))
    untold = list(why_untold(cells, people))
    covariance, changed = _covariance(people, cells, question, name, progress)
    tests, means, analysis = _compared(people, cells, covariance, question)
    if not tests and not untold and len(people.conditions) > 1:
        untold.append(
            f"{name}: not every reader read under every condition; conditions are not compared "
            "(a system that read once is named by --standalone)."
        )
    rows = [*_each(study, question, name, people, cells, covariance, progress)]
    rows += [_mean_row(name, row, people) for row in means]
    return Reckoned(tuple(rows), tests, analysis, covariance.count, (*untold, *changed))


def all_cells(
    study: Prepared, question: Question, name: str, progress: Progress = SILENT
) -> tuple[Cells, CellCovariance]:
    """The figure of persons and system together, and its covariance over cases."""
    cells = figure_cells(study.data, name, for_figures(question, name))
    return cells, _covariance(study.data, cells, question, name, progress)[0]


def test_convention(question: Question) -> TestConvention:
    """The convention of the tests by analysis of variance; iMRMC has none of its own there."""
    return "own" if question.convention == "imrmc" else question.convention


def _covariance(
    data: ReaderData, cells: Cells, question: Question, name: str, progress: Progress
) -> tuple[CellCovariance, tuple[str, ...]]:
    """The covariance that is asked for, or the jackknife with a warning where a figure was not asked for by name."""
    method, changed = question.covariance, ()
    if method == "bootstrap":
        rng = np.random.default_rng(question.seed)

        def values(drawn: ReaderData) -> np.ndarray:
            return figure_cells(drawn, name, for_figures(question, name)).values

        return bootstrap_covariance(values, data, rng, question.draws, len(cells.cases), progress), changed
    if method != "jackknife" and cells.placements is None and name not in question.figures:
        return (
            cell_covariance(cells, data, "jackknife", test_convention(question)),
            (f"{name}: covariance by the jackknife, as {method} is for means over pairs of cases only.",),
        )
    return cell_covariance(cells, data, method, test_convention(question)), changed


def _compared(
    data: ReaderData, cells: Cells, covariance: CellCovariance, question: Question
) -> tuple[tuple[TestRow, ...], tuple[TestRow, ...], Analysis | None]:
    """Tests of conditions, means of conditions, and the analysis of random readers and cases where there is one."""
    name, method = cells.name, _method(data, cells.name, question)
    if method == "ustat":
        rows = ustat_tests(data, "unbiased", _ustat_convention(question), question.level)
        rows = tuple(replace(row, figure=name) for row in rows if row.generalises_to in question.carried_to)
        against = [row for row in rows if " against " in row.contrast]
        return rows, tuple(_of_condition(row, question) for row in against), _pilot(data, cells, covariance, question)
    if not _can_compare(cells, data):
        return (), (), None
    convention = test_convention(question)
    if len(data.readers) == 1:
        alone = single_reader(
            name, cells.values, covariance, data.conditions, data.readers[0], convention, question.level
        )
        return _tests_of(alone), (), None
    tests: list[TestRow] = []
    means: tuple[TestRow, ...] = ()
    for to in question.carried_to:
        found = _analysis(data, cells, covariance, question, to, method)
        means = means or found.means
        tests += _tests_of(found)
    return tuple(tests), means, _pilot(data, cells, covariance, question)


def _analysis(
    data: ReaderData, cells: Cells, covariance: CellCovariance, question: Question, to: Generalisation, method: str
) -> Analysis:
    convention = test_convention(question)
    if method == "dbm" and len(data.conditions) > 1:
        return dbm(cells, data.conditions, data.readers, to, convention, question.level)
    given = None if to == "rrfc" else covariance
    return obuchowski_rockette(
        cells.name, cells.values, given, data.conditions, data.readers, to, convention, question.level
    )


def _method(data: ReaderData, name: str, question: Question) -> str:
    if question.method == "ustat" and name not in AREAS:
        raise InputError(
            f"No U-statistic of {name}", f"they are for {' and '.join(AREAS)}", "Take the method or, or another figure"
        )
    if question.method is not None:
        return question.method
    is_incomplete = find_design(data.was_read) == "incomplete"
    wants_ustat = is_incomplete or question.convention == "imrmc"
    return "ustat" if name in AREAS and wants_ustat and len(data.readers) > 1 else "or"


def _can_compare(cells: Cells, data: ReaderData) -> bool:
    """Whether every figure is there, or every reader worked under one condition only."""
    return bool(np.isfinite(cells.values).all()) or (
        find_design(data.was_read) == "readers in conditions"
        and bool(np.isfinite(cells.values[data.was_read.any(axis=2)]).all())
    )


def _tests_of(analysis: Analysis) -> tuple[TestRow, ...]:
    """What is a test of something: all at once, pairs of conditions, pairs of one reader."""
    whole = () if analysis.overall is None else (analysis.overall,)
    return (*whole, *analysis.differences, *analysis.reader_differences)


def _of_condition(row: TestRow, question: Question) -> TestRow:
    """The mean of a condition; its interval ends at 0 and 1, where that program does not rule."""
    low, high = row.ci
    ci = row.ci if question.convention == "imrmc" else (max(low, 0.0), min(high, 1.0))
    return replace(row, contrast=row.contrast.rpartition(" against ")[0], ci=ci)


def _pilot(data: ReaderData, cells: Cells, covariance: CellCovariance, question: Question) -> Analysis | None:
    """What planning starts from: components of two conditions, all crossed."""
    is_fit = covariance.design == "crossed" and len(data.conditions) == 2 and len(data.readers) > 1
    is_told = is_fit and bool(np.isfinite(cells.values).all())
    return _analysis(data, cells, covariance, question, "rrrc", "or") if is_told else None


def _ustat_convention(question: Question) -> UstatConvention:
    return "imrmc" if question.convention == "imrmc" else "own"


def _each(
    study: Prepared,
    question: Question,
    name: str,
    people: ReaderData,
    of_people: Cells,
    covariance: CellCovariance,
    progress: Progress,
) -> Sequence[dict[str, Any]]:
    """A row for everybody who read under a condition, the system included."""
    data, cells, matrix = people, of_people, covariance
    if study.system is not None:
        data = study.data
        cells, matrix = all_cells(study, question, name, progress)
    rows = []
    for i, j in zip(*np.nonzero(data.was_read.any(axis=2)), strict=True):
        value, variance = float(cells.values[i, j]), float(matrix.matrix[i, j, i, j])
        blank = TestRow(name, "or", matrix.method, None, "")
        found = line(blank, value, variance, None, question.level, False, is_share(name))
        has_error = found.se > 0
        rows.append(
            figure_row(
                name,
                data.conditions[i],
                data.readers[j],
                value,
                found.se if has_error else math.nan,
                found.ci if has_error else (math.nan, math.nan),
                f"{error_name(matrix.method)}, normal",
                int(data.was_read[i, j][cells.cases].sum()),
            )
        )
    return rows


def _mean_row(name: str, row: TestRow, data: ReaderData) -> dict[str, Any]:
    way = f"{NAMES.get(row.method, row.method)}, {(row.generalises_to or 'frrc').upper()}"
    how = f"{way}, {error_name(row.covariance)}" if row.covariance else way
    i = data.conditions.index(row.contrast)
    count = int(data.was_read[i].any(axis=0).sum())
    return figure_row(name, row.contrast, None, row.difference, row.se, row.ci, how, count)


def error_name(covariance: Covariance | None) -> str:
    """What an error was got by, in words."""
    return {"delong": "DeLong", "unbiased": "unbiased covariance"}.get(covariance or "", covariance or "")


def figure_row(
    name: str,
    condition: str | None,
    reader: str | None,
    value: float,
    se: float,
    ci: tuple[float, float],
    method: str,
    n: int,
    subset: str | None = None,
) -> dict[str, Any]:
    """A row of the document's figures."""
    interval = limits(*ci)
    return {
        "name": name,
        "condition": condition,
        "reader": reader,
        "subset": subset,
        "value": number(value),
        "se": number(se),
        "ci": interval,
        "method": method if interval is not None else None,
        "n": n,
    }
