"""JAFROC workbooks out, in both layouts, with whole numbers for cases and a sheet ``ids`` of what they stand for."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from overread.core.errors import InputError
from overread.core.reader_data import ReaderData
from overread.io.atomic import write_atomically
from overread.io.reader_files.roc_rows import rating_rows
from overread.io.reader_files.workbook_ids import HEADER, SHEET, Ids, ids_of

Cell = str | int | float | None
Row = Sequence[Cell]
MOST_ROWS = 1_048_576
_LONGEST_NAME = 1000
_REMEDY = "Write the folder form, which holds everything"


def write_workbook(data: ReaderData, path: Path, old_layout: bool = False) -> None:
    """Write readers' answers as RJafroc reads them.

    Reading times, calls, patients and subsets have no place in a workbook. In an LROC study a rating without a place
    is written as a place that does not hit, which counts the same.

    Raises
    ------
    InputError
        The workbook cannot hold the study: several places in one reading, readings missing in a pattern that is not
        by readers and conditions, LROC or missing readings in the old layout, too many marks.
    StorageError
        See ``write_atomically``.
    """
    ids = ids_of(data)
    _check(data, path, old_layout)
    false, true = _marks(data, ids)
    if max(len(false), len(true)) >= MOST_ROWS:
        raise _cannot(path, f"a sheet holds {MOST_ROWS - 1} marks at most")
    sheets: dict[str, list[Row]] = {
        "TRUTH": list(_truth(data, ids, old_layout)),
        "FP": [("ReaderID", "ModalityID", "CaseID", "FP_Rating"), *false],
        "TP": [("ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"), *true],
        SHEET: list(_ids_rows(ids)),
    }
    write_atomically(path, lambda beside: _save(sheets, beside))


def _check(data: ReaderData, path: Path, old_layout: bool) -> None:
    names = (*data.conditions, *data.readers, *data.cases, *(() if data.lesions is None else data.lesions.ids))
    if any(unicodedata.category(sign) in ("Cc", "Cs") or len(name) > _LONGEST_NAME for name in names for sign in name):
        raise _cannot(path, "a name is too long, or holds a control character")
    was_read = data.was_read
    if old_layout and (data.paradigm == "lroc" or not was_read.all()):
        raise _cannot(path, "the old layout knows no LROC study and no missing readings")
    if data.paradigm != "roc":
        listed = np.asarray(was_read.any(axis=1))[:, None, :] & np.asarray(was_read.any(axis=0))[None, :, :]
        holes = np.flatnonzero((listed != was_read).any(axis=(0, 1)) | ~was_read.any(axis=(0, 1)))
        if len(holes):
            why = f"case {data.cases[holes[0]]} was not read by the same readers under each of its conditions"
            raise _cannot(path, why)
    if data.correct is not None and data.incorrect is not None:
        has_both = data.is_diseased & (data.correct > -np.inf) & (data.ratings > data.correct)
        has_both |= data.is_diseased & (data.correct > -np.inf) & (data.incorrect > -np.inf)
        if has_both.any():
            case = data.cases[int(np.flatnonzero(has_both.any(axis=(0, 1)))[0])]
            raise _cannot(path, f"case {case} has two marks in one reading, of which LROC workbooks hold one")


def _cannot(path: Path, why: str) -> InputError:
    return InputError(f"{path.name} cannot be written as a JAFROC workbook", why, _REMEDY)


def _truth(data: ReaderData, ids: Ids, old_layout: bool) -> Iterator[Row]:
    header = ("CaseID", "LesionID", "Weight")
    yield header if old_layout else (*header, "ReaderID", "ModalityID", "Paradigm")
    labels = iter((data.paradigm.upper(), "FCTRL" if data.is_crossed else "SPLIT-PLOT"))
    weights: list[list[float]] = [[1.0] if is_diseased else [] for is_diseased in data.is_diseased]
    if data.lesions is not None:
        weights = [[] for _ in data.cases]
        for k, weight in zip(data.lesions.case, data.lesions.weight, strict=True):
            weights[int(k)].append(float(weight))
    for k, number in enumerate(ids.case):
        who = () if old_layout else (_listed(ids.reader, data, k, 0), _listed(ids.condition, data, k, 1))
        for lesion, weight in enumerate(weights[k], 1) if weights[k] else ((0, 0.0),):
            row = (int(number), lesion, _short(weight), *who)
            yield row if old_layout else (*row, next(labels, None))


def _listed(names: dict[str, str], data: ReaderData, case: int, axis: int) -> str:
    """Readers or conditions of a case; all of them in an ROC study, where a missing rating says the rest."""
    all_of_them = np.ones(len(names), dtype=np.bool_)
    has = all_of_them if data.paradigm == "roc" else np.asarray(data.was_read[:, :, case].any(axis=axis))
    return ", ".join(name for name, is_there in zip(names, has, strict=True) if is_there)


def _marks(data: ReaderData, ids: Ids) -> tuple[list[Row], list[Row]]:
    """Rows of FP and of TP."""
    readers, conditions, cases = list(ids.reader), list(ids.condition), [int(number) for number in ids.case]
    if data.paradigm == "roc":
        return _roc_marks(data, readers, conditions, cases)
    false: list[Row] = []
    true: list[Row] = []
    for j, reader in enumerate(readers):
        for i, condition in enumerate(conditions):
            for k, lesion, rating in _reading_marks(data, i, j):
                if lesion:
                    true.append((reader, condition, cases[k], lesion, _short(rating)))
                else:
                    false.append((reader, condition, cases[k], _short(rating)))
    return false, true


def _roc_marks(
    data: ReaderData, readers: list[str], conditions: list[str], cases: list[int]
) -> tuple[list[Row], list[Row]]:
    false: list[Row] = []
    true: list[Row] = []
    of_reader = dict(zip(data.readers, readers, strict=True))
    of_condition = dict(zip(data.conditions, conditions, strict=True))
    for reader, condition, k, text in rating_rows(data):
        who = (of_reader[reader], of_condition[condition], cases[k])
        if data.is_diseased[k]:
            true.append((*who, 1, _short(float(text))))
        else:
            false.append((*who, _short(float(text))))
    return false, true


def _reading_marks(data: ReaderData, condition: int, reader: int) -> Iterator[tuple[int, int, float]]:
    """Place of the case, number of the lesion (0 for none) and rating of every mark of one reader and condition."""
    if data.lesions is not None and data.lesion_ratings is not None and data.false_marks is not None:
        numbers = _numbers(data.lesions.case)
        on_lesions = data.lesion_ratings[condition, reader]
        for n in np.flatnonzero(np.isfinite(on_lesions)):
            yield int(data.lesions.case[n]), int(numbers[n]), float(on_lesions[n])
        for k, rating in zip(*data.false_marks.of(condition, reader), strict=True):
            yield int(k), 0, float(rating)
        return
    assert data.correct is not None
    ratings, correct = data.ratings[condition, reader], data.correct[condition, reader]
    for k in np.flatnonzero(np.isfinite(ratings)):
        is_hit = bool(data.is_diseased[k] and np.isfinite(correct[k]))
        yield int(k), int(is_hit), float(ratings[k])


def _numbers(case: np.ndarray[Any, np.dtype[np.intp]]) -> np.ndarray[Any, np.dtype[np.intp]]:
    """1, 2, ... for the lesions of each case."""
    seen: dict[int, int] = {}
    numbers = np.zeros(len(case), dtype=np.intp)
    for n, k in enumerate(case.tolist()):
        seen[k] = numbers[n] = seen.get(k, 0) + 1
    return numbers


def _ids_rows(ids: Ids) -> Iterator[Row]:
    yield HEADER
    for kind, names in ids.by_kind().items():
        for number, name in names.items():
            yield kind, number, name


def _short(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _save(sheets: dict[str, list[Row]], path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            cells = [WriteOnlyCell(sheet, value if value is None else str(value)) for value in row]
            for cell, value in zip(cells, row, strict=True):
                # a name that begins with = is no formula; a float keeps all its digits only as a text
                cell.data_type = "s" if isinstance(value, str) else "n"
            sheet.append(cells)
    book.save(path)
