"""JAFROC workbooks, both layouts: sheets TRUTH, FP (or NL) and TP (or LL), a row per mark.

The new layout's TRUTH also names readers, modalities and the paradigm. A lesion or case without a row has no mark; in
an ROC study a rating without a row was not given.

References
----------
Chakraborty, Observer Performance Methods for Diagnostic Imaging, 2017, and RJafroc's ``DfReadDataFile``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overread.core.reader_data import UNMARKED, FalseMarks, Floats, Lesions, Paradigm, ReaderData
from overread.io.reader_files.faults import Place, quoted
from overread.io.reader_files.sheets import Sheet, read_sheets
from overread.io.reader_files.values import name_of, number_of, whole_of
from overread.io.reader_files.workbook_ids import SHEET, Ids, read_ids
from overread.io.reader_files.workbook_truth import TruthSheet, read_truth_sheet

_NAMES = (("TRUTH",), ("FP", "NL"), ("TP", "LL"))


@dataclass(frozen=True, slots=True)
class _Mark:
    """A row of FP (``lesion`` 0) or TP."""

    row: int
    reader: str
    condition: str
    case: int
    lesion: int
    rating: float


@dataclass(frozen=True, slots=True)
class _Marks:
    """Rows of a sheet and where they stand."""

    place: Place
    marks: tuple[_Mark, ...]


def read_workbook(path: Path) -> ReaderData:
    """Readers' answers of a JAFROC workbook.

    Raises
    ------
    ReaderFileError
        Sheet, row and what is wrong there.
    """
    sheets = read_sheets(path)
    truth_sheet, fp_sheet, tp_sheet = (_needed(path, sheets, *names) for names in _NAMES)
    ids = read_ids(sheets.get(SHEET.upper()))
    truth = read_truth_sheet(truth_sheet)
    false, true = _marks(fp_sheet, truth, with_lesion=False), _marks(tp_sheet, truth, with_lesion=True)
    paradigm = truth.paradigm or ids.stated_paradigm or _guessed(truth, false, true)
    rows = (*true.marks, *false.marks)
    readers = truth.readers or tuple(ids.reader) or _sorted({mark.reader for mark in rows})
    conditions = truth.conditions or tuple(ids.condition) or _sorted({mark.condition for mark in rows})
    if not readers or not conditions:
        raise Place(path).refuse("no_readings", "it holds no marks")
    return _Builder(truth, paradigm, readers, conditions, ids).data(false, true)


def _needed(path: Path, sheets: dict[str, Sheet], *names: str) -> Sheet:
    sheet = next((sheets[name] for name in names if name in sheets), None)
    if sheet is None:
        raise Place(path).refuse("no_sheet", f"it has no sheet {names[0]}")
    return sheet


def _marks(sheet: Sheet, truth: TruthSheet, with_lesion: bool) -> _Marks:
    """Rows of FP or TP, each of a case, a lesion and a reader that TRUTH knows."""
    kind = "TP" if with_lesion else "FP"
    reader = sheet.need("ReaderID", "readerid")
    condition = sheet.need("ModalityID", "modalityid", "treatmentid")
    case = sheet.need("CaseID", "caseid")
    lesion = sheet.need("LesionID", "lesionid") if with_lesion else -1
    rating = next((n for n, title in enumerate(sheet.header) if title.endswith("rating")), None)
    if rating is None:
        raise sheet.place.refuse("no_column", f"it has no column {kind}_Rating", 1)
    marks = []
    for row, cells in sheet.rows:
        mark = _Mark(
            row,
            name_of(cells[reader], "ReaderID", row, sheet.place),
            name_of(cells[condition], "ModalityID", row, sheet.place),
            whole_of(cells[case], "CaseID", row, sheet.place),
            whole_of(cells[lesion], "LesionID", row, sheet.place) if with_lesion else 0,
            number_of(cells[rating], f"{kind}_Rating", row, sheet.place),
        )
        _check(mark, truth, with_lesion, sheet.place)
        marks.append(mark)
    return _Marks(sheet.place, tuple(marks))


def _check(mark: _Mark, truth: TruthSheet, with_lesion: bool, place: Place) -> None:
    case = truth.cases.get(mark.case)
    if case is None:
        raise place.refuse("unknown_case", f"case {mark.case} is not in TRUTH", mark.row)
    if case.readers and mark.reader not in case.readers:
        raise place.refuse("unknown_reader", f"reader {quoted(mark.reader)} is not listed in TRUTH", mark.row)
    if case.conditions and mark.condition not in case.conditions:
        raise place.refuse("unknown_modality", f"modality {quoted(mark.condition)} is not listed in TRUTH", mark.row)
    if with_lesion and not case.weights:
        raise place.refuse("tp_on_normal", f"case {mark.case} has no lesion", mark.row)
    if with_lesion and not 1 <= mark.lesion <= len(case.weights):
        reason = f"lesion {mark.lesion} of case {mark.case} is not in TRUTH, which has 1 to {len(case.weights)}"
        raise place.refuse("unknown_lesion", reason, mark.row)


def _guessed(truth: TruthSheet, false: _Marks, true: _Marks) -> Paradigm:
    """Paradigm of the old layout: ROC where every reader has one rating of each case, in the sheet of its class."""
    readings = {(mark.reader, mark.condition) for part in (false, true) for mark in part.marks}
    per_case = {(m.reader, m.condition, m.case) for m in (*false.marks, *true.marks)}
    is_single = all(len(case.weights) <= 1 for case in truth.cases.values())
    is_apart = all(not truth.cases[mark.case].weights for mark in false.marks)
    count = len(readings) * len(truth.cases)
    return "roc" if is_single and is_apart and len(per_case) == count == len(false.marks) + len(true.marks) else "froc"


def _sorted(names: set[str]) -> tuple[str, ...]:
    """Numbers by value, then texts."""
    return tuple(sorted(names, key=lambda n: (not re.fullmatch(r"\d+", n), int(n) if n.isdigit() else 0, n)))


class _Builder:
    """Puts marks into arrays."""

    def __init__(
        self, truth: TruthSheet, paradigm: Paradigm, readers: Sequence[str], conditions: Sequence[str], ids: Ids
    ) -> None:
        self._truth, self._paradigm, self._ids = truth, paradigm, ids
        self._conditions = {name: n for n, name in enumerate(conditions)}
        self._readers = {name: n for n, name in enumerate(readers)}
        self._cases = {number: n for n, number in enumerate(truth.cases)}
        counts = [len(case.weights) for case in truth.cases.values()]
        self._first = np.concatenate(([0], np.cumsum(counts)))[:-1].astype(np.intp)
        self._case = np.repeat(np.arange(len(counts)), counts).astype(np.intp)
        self._shape = (len(conditions), len(readers), len(counts))
        self._diseased = np.array(counts) > 0

    def data(self, false: _Marks, true: _Marks) -> ReaderData:
        """The whole study."""
        if self._paradigm == "roc":
            return self._made(self._roc(false, true))
        if self._paradigm == "lroc":
            correct, incorrect = self._lroc(false, true)
            return self._made(np.maximum(correct, incorrect), correct, incorrect)
        ratings, on_lesions = self._of_lesions(true)
        places = np.array([self._at(mark) for mark in false.marks], dtype=np.intp).reshape(-1, 3)
        rated = np.array([mark.rating for mark in false.marks], dtype=np.float64)
        np.maximum.at(ratings, tuple(places.T), rated)
        marks = FalseMarks(places[:, 0], places[:, 1], places[:, 2], rated)
        return self._made(ratings, lesions=self._lesions(), lesion_ratings=on_lesions, false_marks=marks)

    def _made(
        self,
        ratings: Floats,
        correct: Floats | None = None,
        incorrect: Floats | None = None,
        lesions: Lesions | None = None,
        lesion_ratings: Floats | None = None,
        false_marks: FalseMarks | None = None,
    ) -> ReaderData:
        return ReaderData(
            self._paradigm,
            tuple(self._ids.condition.get(name, name) for name in self._conditions),
            tuple(self._ids.reader.get(name, name) for name in self._readers),
            tuple(self._ids.case.get(str(number), str(number)) for number in self._cases),
            self._diseased,
            ratings,
            correct,
            incorrect,
            lesions,
            lesion_ratings,
            false_marks,
        )

    def _at(self, mark: _Mark) -> tuple[int, int, int]:
        return self._conditions[mark.condition], self._readers[mark.reader], self._cases[mark.case]

    def _unmarked(self) -> Floats:
        """(i, j, k): -inf where TRUTH lists the reading, NaN elsewhere."""
        values = np.full(self._shape, UNMARKED)
        for k, case in enumerate(self._truth.cases.values()):
            if case.readers:
                listed = np.zeros(self._shape[:2], dtype=np.bool_)
                rows, columns = [self._conditions[c] for c in case.conditions], [self._readers[r] for r in case.readers]
                listed[np.ix_(rows, columns)] = True
                values[~listed, k] = np.nan
        return values

    def _roc(self, false: _Marks, true: _Marks) -> Floats:
        ratings = np.full(self._shape, np.nan)
        for part in (false, true):
            for mark in part.marks:
                at = self._at(mark)
                if part is false and self._diseased[at[2]]:
                    reason = f"case {mark.case} has a lesion; an ROC rating of it belongs to TP"
                    raise part.place.refuse("fp_on_diseased", reason, mark.row)
                if not np.isnan(ratings[at]):
                    raise part.place.refuse("duplicate", self._twice(mark), mark.row)
                ratings[at] = mark.rating
        return ratings

    def _lroc(self, false: _Marks, true: _Marks) -> tuple[Floats, Floats]:
        correct, incorrect = self._unmarked(), self._unmarked()
        seen: dict[tuple[int, int, int], str] = {}
        for part, target in ((false, incorrect), (true, correct)):
            for mark in part.marks:
                at = self._at(mark)
                if at in seen:
                    reason = f"LROC case {mark.case} has a second mark of reader {mark.reader}, the first in {seen[at]}"
                    raise part.place.refuse("two_marks", reason, mark.row)
                seen[at] = f"row {mark.row} of {part.place.sheet}"
                target[at] = mark.rating
        return correct, incorrect

    def _of_lesions(self, true: _Marks) -> tuple[Floats, Floats]:
        """Ratings of cases and of lesions by the marks on lesions alone."""
        ratings = self._unmarked()
        on_lesions = ratings[:, :, self._case]
        for mark in true.marks:
            i, j, k = self._at(mark)
            lesion = self._first[k] + mark.lesion - 1
            if on_lesions[i, j, lesion] > UNMARKED:
                raise true.place.refuse("duplicate", self._twice(mark), mark.row)
            on_lesions[i, j, lesion] = mark.rating
            ratings[i, j, k] = max(ratings[i, j, k], mark.rating)
        return ratings, on_lesions

    def _lesions(self) -> Lesions:
        numbered = [
            (f"{number}/{n}", str(n), weight)
            for number, case in self._truth.cases.items()
            for n, weight in enumerate(case.weights, 1)
        ]
        names = tuple(self._ids.lesion.get(key, plain) for key, plain, _ in numbered)
        return Lesions(names, self._case, np.array([weight for _, _, weight in numbered], dtype=np.float64))

    def _twice(self, mark: _Mark) -> str:
        what = f"lesion {mark.lesion} of case {mark.case}" if self._paradigm == "froc" else f"case {mark.case}"
        return f"reader {mark.reader} rates {what} under {mark.condition} twice"
