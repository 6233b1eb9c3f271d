"""A system that works alone against the persons, on the same cases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from overread.core.progress import SILENT, Progress
from overread.stats.merit.cells import Cells
from overread.stats.mrmc.covariance import CellCovariance
from overread.stats.mrmc.rows import TestRow
from overread.stats.mrmc.standalone import standalone, two_treatments
from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question
from overread.study.analysis.reckoned import all_cells, test_convention

Cell = tuple[int, int]


def system_tests(
    study: Prepared, question: Question, name: str, progress: Progress = SILENT
) -> tuple[tuple[TestRow, ...], tuple[str, ...]]:
    """Tests of readers minus the system by a figure, under each condition in turn.

    Returns
    -------
    tests : tuple of TestRow
        Random readers and cases as a one-sample test (1T-RRRC) and as an ordinary comparison of two conditions in
        which the system stands in for every reader (2T-RRRC, the same p); these readers and random cases; each reader
        alone; and random readers on these cases (1T-RRFC) only where that was asked for.

    References
    ----------
    Hillis 2007 (Stat Med 26:596) section 5.3; stats/REFERENCE.md section 4 and trap 5.
    """
    if study.system is None:
        return (), ()
    cells, of_all = all_cells(study, question, name, progress)
    convention, level, known = test_convention(question), question.level, np.isfinite(cells.values)
    tests: list[TestRow] = []
    warnings: list[str] = []
    for i, condition in enumerate(study.data.conditions):
        readers = [(i, j) for j in study.people if known[i, j]]
        system = _system_cell(study.system, i, known)
        if system is None or not readers:
            continue
        covariance = _among(study, of_all, cells, [system, *readers])
        if not _is_told(covariance, [system, *readers]):
            warnings.append(
                f"{name}, {condition}: no comparison with the system, as a variance over cases cannot be told."
            )
            continue
        tail = "" if len(study.data.conditions) == 1 else f", {condition}"
        names = ("readers", f"{study.data.readers[study.system]}{tail}")
        for to in question.carried_to:
            if to != "frrc" and len(readers) < 2:
                continue
            given = None if to == "rrfc" else covariance
            row = standalone(name, cells.values, given, system, readers, to, names, convention, level).difference
            kind = {"rrrc": " (1T-RRRC)", "frrc": "", "rrfc": " (1T-RRFC)"}[to]
            tests.append(replace(row, contrast=f"{row.contrast}{kind}"))
            if to == "rrrc":
                two = two_treatments(name, cells.values, covariance, system, readers, names, convention, level)
                rows = (*((two.overall,) if two.overall else ()), *two.differences)
                tests += [replace(r, contrast=f"{names[0]} - {names[1]} (2T-RRRC)") for r in rows]
        if "frrc" in question.carried_to:
            for cell in readers:
                pair = study.data.readers[cell[1]], names[1]
                alone = standalone(name, cells.values, covariance, system, [cell], "frrc", pair, convention, level)
                tests.append(alone.difference)
    return tuple(tests), tuple(warnings)


def _among(study: Prepared, covariance: CellCovariance, cells: Cells, seats: list[Cell]) -> CellCovariance:
    """The covariance with the design of those who are compared, which may be crossed where the whole study is not."""
    read = np.array([study.data.was_read[seat][cells.cases] for seat in seats])
    return replace(covariance, design="crossed" if read.all() else covariance.design)


def _is_told(covariance: CellCovariance, seats: list[Cell]) -> bool:
    i, j = np.array(seats, dtype=np.intp).T
    return bool(np.isfinite(covariance.matrix[i[:, None], j[:, None], i[None], j[None]]).all())


def _system_cell(system: int, condition: int, known: np.ndarray) -> Cell | None:
    """The system's own figure under a condition, or the one it has where it read under one alone."""
    if known[condition, system]:
        return condition, system
    elsewhere = np.flatnonzero(known[:, system])
    return (int(elsewhere[0]), system) if elsewhere.size == 1 else None
