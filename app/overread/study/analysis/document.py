"""The document `overread.analysis/1`: everything that is said of a study, in one place."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from overread import __version__
from overread.core.progress import SILENT, Progress
from overread.core.reader_data import ReaderData
from overread.stats.corrections import corrected_p
from overread.stats.mrmc.power import Pilot
from overread.stats.mrmc.rows import TestRow
from overread.study.analysis import unavailable
from overread.study.analysis.against_system import system_tests
from overread.study.analysis.agreement_tables import agreement_tables
from overread.study.analysis.baseline_table import baseline_table
from overread.study.analysis.called_tables import called_tables
from overread.study.analysis.case_columns import Background
from overread.study.analysis.changed_tables import changed_tables
from overread.study.analysis.confidence_tables import calibration_curves, confidence_tables, retention_curves
from overread.study.analysis.curve_entries import operating_curves
from overread.study.analysis.defaults import asked_figures
from overread.study.analysis.entries import Cell, Table, table
from overread.study.analysis.power_table import power_table
from overread.study.analysis.prepared import Prepared, prepare
from overread.study.analysis.question import Question
from overread.study.analysis.reckoned import Reckoned, reckon
from overread.study.analysis.time_tables import time_tables

SCHEMA = "overread.analysis/1"
LIBRARIES = ("numpy", "scipy")
FIXED_CASES = "rrfc takes the cases as they are: its p-values say nothing about other patients and are not the result."


def analyse(
    data: ReaderData,
    question: Question,
    background: Background | None = None,
    progress: Progress = SILENT,
    is_whole: bool = True,
) -> dict[str, Any]:
    """Everything that is asked of readers' answers.

    Parameters
    ----------
    data
        Answers of any paradigm.
    background
        Properties of the cases and sizes of the lesions, where they are known.
    is_whole
        False leaves out what no terminal shows: figures of subsets, curves, and tables beside the main ones.

    Returns
    -------
    dict
        Valid against ``resources/schemas/analysis.schema.json``.

    Raises
    ------
    InputError
        Something is asked that the study does not have, or a method that cannot give it.
    Cancelled
        The person asked to stop.
    """
    study = prepare(data, question)
    figures, tests, warnings = [], list[TestRow](), list(study.notes)
    pilots: dict[tuple[str, bool], Pilot] = {}
    names = asked_figures(study, question)
    for n, name in enumerate(names):
        progress.step("figures of merit", n, len(names))
        found = reckon(study, question, name, progress)
        against, untold = system_tests(study, question, name, progress)
        figures += [*found.figures, *(_of_subsets(study, question, name) if is_whole else ())]
        tests += [*found.tests, *against]
        warnings += [*found.warnings, *untold]
        if question.plan is not None:
            pilots |= _pilots(name, found, against)
    warnings += unavailable.of_tests(tests)
    if any(row.generalises_to == "rrfc" for row in tests):
        warnings.append(FIXED_CASES)
    if question.plan is not None and not pilots:
        warnings.append(
            "No power table: it takes a pilot of two readers or more, crossed, with two conditions or a system."
        )
    tables = [
        *_settings(study, question, names),
        *(_described(study, question, background or Background(), progress) if is_whole else ()),
        *time_tables(study, question),
        *_corrected(tests),
        *power_table(pilots, question),
    ]
    return {
        "schema": SCHEMA,
        "software": software(),
        "seed": question.seed,
        "dataset": _dataset(study),
        "figures": figures,
        "tests": [row.as_entry() for row in tests],
        "curves": list(_curves(study, question)) if is_whole else [],
        "tables": [one.as_entry() for one in tables],
        "warnings": warnings,
    }


def software() -> dict[str, str]:
    """Versions of what did the sums."""
    return {"overread": __version__, **{name: importlib.metadata.version(name) for name in LIBRARIES}}


def _described(study: Prepared, question: Question, background: Background, progress: Progress) -> Iterator[Table]:
    """Tables of calls, agreement, changes, confidence and of the cases."""
    yield from called_tables(study, question)
    yield from agreement_tables(study, question)
    yield from changed_tables(study, question, background)
    yield from confidence_tables(study, question, progress)
    yield from baseline_table(study, background)


def _curves(study: Prepared, question: Question) -> Iterator[dict[str, Any]]:
    yield from operating_curves(study, question)
    yield from retention_curves(study, question)
    yield from calibration_curves(study)


def _dataset(study: Prepared) -> dict[str, Any]:
    data = study.data
    return {
        "paradigm": study.kind,
        "conditions": list(data.conditions),
        "readers": list(data.readers),
        "cases": len(data.cases),
        "cases_with_disease": int(data.is_diseased.sum()),
        "lesions": None if data.lesions is None else len(data.lesions.ids),
        "crossed": study.of_people.is_crossed,
    }


def _settings(study: Prepared, question: Question, names: Sequence[str]) -> Iterator[Table]:
    """What was asked, and the rules by which it was answered."""
    method = question.method or "chosen: or; ustat where readings of areas are missing; standalone for a system"
    rows: list[tuple[Cell, ...]] = [
        ("figures", ", ".join(names)),
        ("method", method),
        ("covariance", question.covariance),
        ("generalises to", ", ".join(question.carried_to)),
        ("convention", question.convention),
        ("closing of LROC curves", question.lroc_closing),
        ("level", question.level),
        ("seed", question.seed),
        ("resamples", question.draws),
    ]
    if study.system is not None:
        rows.append(("standalone system", study.data.readers[study.system]))
    if question.cut is not None:
        rows.append(("cut: called from this rating on", question.cut))
    if study.has_calls or question.cut is not None:
        rows.append(("right answers", "by class" if study.has_calls else "by the cut, wherever the place is"))
    if question.subsets:
        rows.append(("cases of", ", ".join(question.subsets)))
    yield from table("settings", ("setting", "value"), rows)


def _of_subsets(study: Prepared, question: Question, name: str) -> Iterator[dict[str, Any]]:
    """The figure in each part of the cases; no tests, as parts are many."""
    for part in study.subset_names():
        some = study.part(part)
        if _has_no_class(some):
            continue
        for row in reckon(some, question, name).figures:
            yield {**row, "subset": part}


def _has_no_class(study: Prepared) -> bool:
    is_diseased = study.data.is_diseased
    return study.kind != "categorical" and (bool(is_diseased.all()) or not is_diseased.any())


def _pilots(name: str, found: Reckoned, against: Sequence[TestRow]) -> dict[tuple[str, bool], Pilot]:
    """Components to plan with: of two conditions, and of readers against the system."""
    pilots: dict[tuple[str, bool], Pilot] = {}
    if found.analysis is not None and _is_told(found.analysis.components):
        pilots[name, False] = Pilot.of(found.analysis.components, found.cases)
    row = next((row for row in against if row.generalises_to == "rrrc" and "var_r" in row.components), None)
    if row is not None and _is_told(row.components):
        pilots[name, True] = Pilot.of(row.components, found.cases)
    return pilots


def _is_told(components: Mapping[str, float]) -> bool:
    return all(np.isfinite(value) for value in components.values())


def _corrected(tests: Sequence[TestRow]) -> Iterator[Table]:
    """Holm's p-values where three or more pairs of conditions are compared at once."""
    pairs = [
        row for row in tests
        if row.contrast != "all conditions" and " - " in row.contrast and "|" not in row.contrast
        and row.method != "standalone" and np.isfinite(row.p)
    ]  # fmt: skip

    def family(row: TestRow) -> tuple[str, str, str]:
        return row.figure, row.method, row.generalises_to or ""

    rows: list[tuple[Cell, ...]] = []
    for key, members in groupby(sorted(pairs, key=family), key=family):
        together = list(members)
        if len(together) > 2:
            corrected = corrected_p([row.p for row in together], "holm")
            rows += [(*key, row.contrast, row.p, float(p)) for row, p in zip(together, corrected, strict=True)]
    yield from table("corrected", ("figure", "method", "generalises to", "contrast", "p", "p after Holm"), rows)
