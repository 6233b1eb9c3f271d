"""Cohorts of phantoms on disk: one folder a case, a cases.csv over all. A cohort that was broken off goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from overread.core.errors import InputError
from overread.core.processes import run_in_processes
from overread.core.progress import SILENT, Progress
from overread.evaluation.phantom_folder import (
    SERIES_FOLDER,
    SYNTAXES,
    TRUTH_FILE,
    CaseOrder,
    case_folder,
    make_case_folder,
)
from overread.io import CaseRow, read_cases, read_truth, write_cases
from overread.phantom import KINDS, SITES, VERSION
from overread.phantom.lesions.mix import check_range
from overread.phantom.patient import check_roles

CASES_CSV = "cases.csv"
VALIDATION_FROM, TEST_FROM = 800_000, 900_000


def orders(first: CaseOrder, count: int) -> list[CaseOrder]:
    """Cases like ``first`` with consecutive seeds.

    Raises
    ------
    InputError
        No such kind or site, no cases asked for, or numbers that make no sense.
    """
    if first.kind not in KINDS:
        raise InputError(
            f"There are no phantoms of kind {first.kind!r}",
            f"the kinds are {', '.join(KINDS)}",
            "Choose one of them with --kind",
        )
    if first.site not in SITES[first.kind]:
        raise InputError(
            f"There is no site {first.site!r} for {first.kind}",
            f"the sites are {', '.join(SITES[first.kind])}",
            "Choose one of them with --site",
        )
    if count < 1 or first.seed < 0 or not 0 <= first.normals <= 1:
        raise InputError(
            "This cohort cannot be made",
            "it needs at least one case, a seed from 0 and a share of normals between 0 and 1",
            "Correct --cases, --seed or --normals",
        )
    if first.normals > 0 and first.kind != "hbp":
        raise InputError(
            f"A cohort of {first.kind} has no normals",
            "each of its cases has a lesion by definition",
            "Leave --normals out, or make hbp cases",
        )
    if first.syntax not in SYNTAXES:
        raise InputError(
            f"Images cannot be written as {first.syntax!r}",
            f"the ways are {', '.join(SYNTAXES)}",
            "Choose one of them with --syntax",
        )
    check_range(first.diameter_mm)
    check_roles(first.kind, first.roles or None)
    return [dataclasses.replace(first, seed=first.seed + n) for n in range(count)]


def make_cohort(folder: Path, wanted: Sequence[CaseOrder], jobs: int = 2, progress: Progress = SILENT) -> Path:
    """Make the cases that are not there yet, then cases.csv; returns its path.

    Cases that the folder's cases.csv already lists stay listed: a cohort can be made in several goes.
    """
    path = folder / CASES_CSV
    rows = {row.case: row for row in (read_cases(path) if path.exists() else ())}
    missing = [order for order in wanted if not (case_folder(folder, order) / TRUTH_FILE).exists()]
    for order in wanted:
        if order not in missing:
            _check_same(order, case_folder(folder, order) / TRUTH_FILE)
    if missing:
        run_in_processes(make_case_folder, [(order, folder) for order in missing], jobs, "Making phantoms", progress)
    rows |= {order.name: _row(folder, order) for order in wanted}
    write_cases(path, [rows[name] for name in sorted(rows)])
    return path


def _check_same(order: CaseOrder, truth_file: Path) -> None:
    """Refuse to take a case that was made otherwise, or by another version, for the one ordered."""
    found = read_truth(truth_file).generator
    wanted = {"version": VERSION, "kind": order.kind, "site": order.site, "seed": order.seed, **order.as_generator()}
    other = [f"{key} {found.get(key)}" for key, value in wanted.items() if found.get(key) != value]
    if other:
        raise InputError(
            "These cases cannot be made",
            f"{truth_file.parent.name} is already there, with {', '.join(other)}",
            "Name another folder",
        )


def split_of(seed: int) -> str:
    """Which split a seed belongs to (CONTRACT section 5)."""
    return "train" if seed < VALIDATION_FROM else "validation" if seed < TEST_FROM else "test"


def _row(folder: Path, order: CaseOrder) -> CaseRow:
    target = case_folder(folder, order)
    return CaseRow(
        case=order.name,
        patient=f"p{order.seed}",
        site=order.site,
        split=split_of(order.seed),
        folder=target / SERIES_FOLDER,
        roles={},
        label=read_truth(target / TRUTH_FILE).label,
        truth=target / TRUTH_FILE,
    )
