"""ratings.csv of our folder: marks, ratings, calls and times."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from overread.core.reader_data import UNMARKED, Choices, FalseMarks, Floats, Paradigm, ReaderData
from overread.io.reader_files.faults import quoted
from overread.io.reader_files.folder_lesions import LesionTable
from overread.io.reader_files.folder_tables import CaseTable, Design
from overread.io.reader_files.text_table import TextTable, read_table
from overread.io.reader_files.values import name_of, number_of

RATINGS = "ratings.csv"
_SURE_OF = ("healthy", "diseased")
"""Classes where readers said how sure they are, but not of what."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A rating; ``lesion`` is the place of what it hits in the list of lesions, -1 for none."""

    rating: float
    lesion: int
    has_place: bool


@dataclass(slots=True)
class _Reading:
    """All rows of one reader, condition and case; ``row`` is the first."""

    row: int
    marks: list[_Mark] = field(default_factory=list)
    is_unmarked: bool = False
    said: dict[str, str] = field(default_factory=dict)


_Readings = dict[tuple[str, str, str], _Reading]
Counts = Callable[[_Mark], bool]


def read_marks(
    folder: Path, paradigm: Paradigm, cases: CaseTable, lesions: LesionTable, design: Design, no_row_is_unmarked: bool
) -> ReaderData:
    """The study, with the answers of ratings.csv.

    Parameters
    ----------
    no_row_is_unmarked
        Whether a reading without a row was made and has no mark; else it was not made.

    Raises
    ------
    ReaderFileError
        The row and what is wrong there.
    """
    table = read_table(folder / RATINGS, RATINGS)
    readings = _Rows(table, paradigm, cases, lesions, design.conditions).read()
    if not readings:
        raise table.place.refuse("no_readings", "it holds no ratings")
    conditions = design.conditions or tuple(dict.fromkeys(condition for condition, _, _ in readings))
    readers = tuple(dict.fromkeys(reader for _, reader, _ in readings))
    return _Study(table, paradigm, cases, lesions, conditions, readers, readings).data(design, no_row_is_unmarked)


class _Rows:
    """Checks rows one after the other and puts them together by reading."""

    def __init__(
        self, table: TextTable, paradigm: Paradigm, cases: CaseTable, lesions: LesionTable, conditions: Sequence[str]
    ) -> None:
        self._table, self._paradigm, self._cases, self._conditions = table, paradigm, cases, conditions
        self._lesion, self._background = lesions.place, lesions.background
        self._who = [table.need(name) for name in ("condition", "reader", "case")]
        optional = ("rating", "mark", "x_mm", "lesion", "category", "confidence", "time_s")
        self._column = {name: table.column(name) for name in optional}

    def read(self) -> _Readings:
        """All readings by condition, reader and case."""
        readings: _Readings = {}
        for row, fields in self._table.rows:
            condition, reader, case = (
                name_of(fields[column], name, row, self._table.place)
                for column, name in zip(self._who, ("condition", "reader", "case"), strict=True)
            )
            if case not in self._cases.is_diseased:
                raise self._refuse("unknown_case", f"case {quoted(case)} is not in the list of cases", row)
            if self._conditions and condition not in self._conditions:
                raise self._refuse("unknown_condition", f"condition {quoted(condition)} is not in the design", row)
            reading = readings.setdefault((condition, reader, case), _Reading(row))
            self._add(reading, case, fields, row)
        return readings

    def _refuse(self, fault: str, reason: str, row: int) -> Exception:
        return self._table.place.refuse(fault, reason, row)

    def _field(self, fields: Sequence[str], name: str) -> str:
        column = self._column[name]
        return "" if column is None else fields[column]

    def _number(self, fields: Sequence[str], name: str, row: int) -> float:
        return number_of(self._field(fields, name), name, row, self._table.place, self._table.decimal_comma)

    def _add(self, reading: _Reading, case: str, fields: Sequence[str], row: int) -> None:
        for name in ("category", "confidence", "time_s"):
            said = self._field(fields, name)
            if said and name != "category":
                self._number(fields, name, row)
            if said and reading.said.setdefault(name, said) != said:
                raise self._refuse("conflict", f"{name} is {quoted(said)} here and another in row {reading.row}", row)
        if self._field(fields, "rating"):
            self._add_mark(reading, case, fields, row)
        elif self._field(fields, "lesion") or self._field(fields, "mark"):
            raise self._refuse("empty_cell", "rating is empty", row)
        elif reading.marks or reading.is_unmarked:
            raise self._refuse("duplicate", f"the reading of row {reading.row} has a row without a mark too", row)
        elif self._paradigm == "roc" and not {"category", "confidence"} & reading.said.keys():
            raise self._refuse("empty_cell", "rating is empty", row)
        else:
            reading.is_unmarked = True

    def _add_mark(self, reading: _Reading, case: str, fields: Sequence[str], row: int) -> None:
        if reading.is_unmarked or (self._paradigm == "roc" and reading.marks):
            raise self._refuse("duplicate", f"the reading stands in row {reading.row} already", row)
        rating = self._number(fields, "rating", row)
        if rating == UNMARKED and self._paradigm != "roc":
            raise self._refuse("not_number", "a mark needs a rating that is a number", row)
        hit = self._field(fields, "lesion")
        has_place = bool(hit or self._field(fields, "mark") or self._field(fields, "x_mm"))
        reading.marks.append(_Mark(rating, self._hit(case, hit, row) if self._paradigm != "roc" else -1, has_place))

    def _hit(self, case: str, lesion: str, row: int) -> int:
        if not lesion or (case, lesion) in self._background:
            return -1
        if not self._cases.is_diseased[case]:
            raise self._refuse("tp_on_normal", f"case {quoted(case)} has no lesion", row)
        if (case, lesion) not in self._lesion:
            raise self._refuse("unknown_lesion", f"case {quoted(case)} has no lesion {quoted(lesion)}", row)
        return self._lesion[case, lesion]


class _Study:
    """Puts readings into arrays."""

    def __init__(
        self,
        table: TextTable,
        paradigm: Paradigm,
        cases: CaseTable,
        lesions: LesionTable,
        conditions: tuple[str, ...],
        readers: tuple[str, ...],
        readings: _Readings,
    ) -> None:
        self._table, self._paradigm, self._cases, self._lesions = table, paradigm, cases, lesions
        self._conditions, self._readers = conditions, readers
        names = (conditions, readers, tuple(cases.is_diseased))
        self._shape = (len(names[0]), len(names[1]), len(names[2]))
        place = [{name: n for n, name in enumerate(part)} for part in names]
        self._readings = {(place[0][i], place[1][j], place[2][k]): r for (i, j, k), r in readings.items()}

    def data(self, design: Design, no_row_is_unmarked: bool) -> ReaderData:
        """The whole study."""
        nothing = np.full(self._shape, UNMARKED if no_row_is_unmarked else math.nan)
        notes = self._cases.notes
        if no_row_is_unmarked and not design.no_row:  # nobody has said that a reader without any row read there
            there = {at[:2] for at in self._readings}
            for i, j in sorted(set(np.ndindex(self._shape[:2])) - there):
                nothing[i, j] = math.nan
                words = f"{self._readers[j]} has no row under {self._conditions[i]} and counts as not having read there"
                notes = (*notes, words)
        silent = int((nothing == UNMARKED).sum()) - sum(bool(nothing[at] == UNMARKED) for at in self._readings)
        if silent:
            notes = (*notes, f"{silent} readings have no row and count as made without a mark")
        for at, reading in self._readings.items():
            if reading.is_unmarked and self._paradigm != "roc":
                nothing[at] = UNMARKED
        ratings = self._highest(nothing, lambda mark: True)
        is_lroc, is_froc = self._paradigm == "lroc", self._paradigm == "froc"
        read = np.where(np.isnan(ratings), math.nan, UNMARKED)
        lesions = self._lesions.lesions(tuple(self._cases.is_diseased)) if is_froc else None
        return ReaderData(
            self._paradigm,
            self._conditions,
            self._readers,
            tuple(self._cases.is_diseased),
            np.array(list(self._cases.is_diseased.values())),
            ratings,
            self._highest(read, lambda mark: mark.lesion >= 0) if is_lroc else None,
            self._highest(read, lambda mark: mark.lesion < 0 and mark.has_place) if is_lroc else None,
            lesions,
            None if lesions is None else self._on_lesions(read[:, :, lesions.case]),
            self._false_marks() if is_froc else None,
            self._choices(design.categories),
            self._numbers("time_s"),
            self._cases.patients,
            self._cases.subsets,
            notes,
        )

    def _highest(self, nothing: Floats, counts: Counts) -> Floats:
        """(i, j, k) highest rating of the marks that count."""
        values = nothing.copy()
        for at, reading in self._readings.items():
            rated = [mark.rating for mark in reading.marks if counts(mark)]
            if rated:
                values[at] = max(rated)
        return values

    def _on_lesions(self, values: Floats) -> Floats:
        for (i, j, _), reading in self._readings.items():
            for mark in reading.marks:
                if mark.lesion >= 0:
                    values[i, j, mark.lesion] = max(values[i, j, mark.lesion], mark.rating)
        return values

    def _false_marks(self) -> FalseMarks:
        rows = [
            (*at, mark.rating) for at, reading in self._readings.items() for mark in reading.marks if mark.lesion < 0
        ]
        places = np.array([row[:3] for row in rows], dtype=np.intp).reshape(-1, 3)
        return FalseMarks(
            places[:, 0], places[:, 1], places[:, 2], np.array([row[3] for row in rows], dtype=np.float64)
        )

    def _numbers(self, name: str) -> Floats | None:
        """(i, j, k) of what was said once in a reading; None where nobody said it."""
        values = np.full(self._shape, math.nan)
        for at, reading in self._readings.items():
            if name in reading.said:
                text = reading.said[name]
                values[at] = number_of(text, name, reading.row, self._table.place, self._table.decimal_comma)
        return None if np.isnan(values).all() else values

    def _choices(self, stated: tuple[str, ...]) -> Choices | None:
        confidence = self._numbers("confidence")
        calls = {at: r.said["category"] for at, r in self._readings.items() if "category" in r.said}
        if confidence is None and not calls:
            return None
        called = np.full(self._shape, -1, dtype=np.intp)
        unsaid = np.full(self._shape, math.nan)
        if not calls and not any(self._cases.category):
            truth = np.array([int(is_diseased) for is_diseased in self._cases.is_diseased.values()], dtype=np.intp)
            return Choices(_SURE_OF, truth, called, unsaid if confidence is None else confidence)
        names = stated or tuple(dict.fromkeys((*filter(None, self._cases.category), *calls.values())))
        without = next((c for c, of in zip(self._cases.is_diseased, self._cases.category, strict=True) if not of), None)
        if without is not None:
            reason = f"classes were called, but case {quoted(without)} has no category in the list of cases"
            raise self._table.place.refuse("no_truth", reason)
        for at, name in calls.items():
            if name not in names:
                row = self._readings[at].row
                raise self._table.place.refuse("unknown_category", f"{quoted(name)} is not among the categories", row)
            called[at] = names.index(name)
        truth = np.array([names.index(name) for name in self._cases.category], dtype=np.intp)
        return Choices(names, truth, called, unsaid if confidence is None else confidence)
