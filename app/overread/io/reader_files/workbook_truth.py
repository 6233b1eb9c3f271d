"""The sheet TRUTH of a JAFROC workbook: cases, lesions, and who read what."""

from __future__ import annotations

from dataclasses import dataclass, field

from overread.core.reader_data import Paradigm
from overread.io.reader_files.faults import quoted
from overread.io.reader_files.sheets import Sheet
from overread.io.reader_files.values import is_empty, name_of, number_of, whole_of

PARADIGMS: dict[str, Paradigm] = {"ROC": "roc", "FROC": "froc", "LROC": "lroc"}
MOST_OFF = 0.01
"""Weights of a case that add to 1 within this are brought to it; beyond, somebody has made a mistake."""


@dataclass(slots=True)
class TruthCase:
    """A case: weights of its lesions, none of a healthy one; readers and conditions that it was read by and under.

    ``row`` is the last of its rows.
    """

    row: int
    weights: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    readers: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TruthSheet:
    """What the sheet says; ``paradigm`` is None in the old layout, which names neither it nor the readers."""

    cases: dict[int, TruthCase]
    paradigm: Paradigm | None

    @property
    def readers(self) -> tuple[str, ...]:
        """All readers, in the order of the sheet."""
        return tuple(dict.fromkeys(name for case in self.cases.values() for name in case.readers))

    @property
    def conditions(self) -> tuple[str, ...]:
        """All conditions, in the order of the sheet."""
        return tuple(dict.fromkeys(name for case in self.cases.values() for name in case.conditions))


def read_truth_sheet(sheet: Sheet) -> TruthSheet:
    """Cases and lesions of a workbook.

    Raises
    ------
    ReaderFileError
        The row and what is wrong there.
    """
    columns = [
        sheet.need(t, *n) for t, *n in (("CaseID", "caseid"), ("LesionID", "lesionid"), ("Weight", "weight", "weights"))
    ]
    who = [sheet.column("readerid"), sheet.column("modalityid", "treatmentid")]
    paradigm = _paradigm(sheet)
    cases: dict[int, TruthCase] = {}
    for row, cells in sheet.rows:
        if all(is_empty(cells[column]) for column in columns):
            continue
        number = whole_of(cells[columns[0]], "CaseID", row, sheet.place)
        lesion = whole_of(cells[columns[1]], "LesionID", row, sheet.place)
        weight = number_of(cells[columns[2]], "Weight", row, sheet.place)
        if weight < 0:
            raise sheet.place.refuse("weights", f"Weight is {weight:g}, below 0", row)
        named = [] if paradigm is None else [_names(cells, column, row, sheet) for column in who]
        _add(cases, number, lesion, weight, row, named, sheet)
    if not cases:
        raise sheet.place.refuse("empty", "it lists no cases")
    for number, case in cases.items():
        case.weights = _scaled(number, case, sheet)
        if paradigm in ("roc", "lroc") and len(case.weights) > 1:
            reason = f"case {number} has {len(case.weights)} lesions; {str(paradigm).upper()} knows one"
            raise sheet.place.refuse("several_lesions", reason, case.row)
    return TruthSheet(cases, paradigm)


def _paradigm(sheet: Sheet) -> Paradigm | None:
    column = sheet.column("paradigm")
    if column is None:
        if sheet.column("readerid") is not None:
            raise sheet.place.refuse("no_column", "it has no column Paradigm", 1)
        return None
    sheet.need("ReaderID", "readerid")
    sheet.need("ModalityID", "modalityid", "treatmentid")
    stated = [(row, cells[column]) for row, cells in sheet.rows if not is_empty(cells[column])]
    row, cell = stated[0] if stated else (2, None)
    word = "" if cell is None else str(cell).strip().upper()
    if word not in PARADIGMS:
        raise sheet.place.refuse("paradigm", f"Paradigm {quoted(word)} is not ROC, FROC or LROC", row)
    if any("X-MOD" in str(cell).upper() for _, cell in stated[1:2]):
        raise sheet.place.refuse("design", "modalities that are crossed with each other are not read", stated[1][0])
    return PARADIGMS[word]


def _names(cells: tuple[object, ...], column: int | None, row: int, sheet: Sheet) -> tuple[str, ...]:
    assert column is not None
    title = "ReaderID" if column == sheet.column("readerid") else "ModalityID"
    names = tuple(part.strip() for part in name_of(cells[column], title, row, sheet.place).split(","))
    if not all(names):
        raise sheet.place.refuse("empty_cell", f"{title} has an empty name", row)
    return names


def _add(
    cases: dict[int, TruthCase],
    number: int,
    lesion: int,
    weight: float,
    row: int,
    named: list[tuple[str, ...]],
    sheet: Sheet,
) -> None:
    """One row; lesions of a case are numbered from 1 on without a gap."""
    known = cases.get(number)
    if known is None:
        known = cases[number] = TruthCase(row)
        if named:
            known.readers, known.conditions = named
    elif lesion == 0 and not known.weights:
        raise sheet.place.refuse("duplicate", f"case {number} is listed twice", row)
    elif lesion == 0 or not known.weights:
        raise sheet.place.refuse("truth_conflict", f"case {number} is listed with and without a lesion", row)
    elif named and (set(known.readers), set(known.conditions)) != (set(named[0]), set(named[1])):
        raise sheet.place.refuse("truth_conflict", f"case {number} has other readers or modalities above", row)
    known.row = row
    if lesion == 0:
        return
    if lesion != len(known.weights) + 1:
        reason = f"LesionID goes from {len(known.weights)} to {lesion} for case {number}"
        raise sheet.place.refuse("lesion_order", reason, row)
    known.weights.append(weight)
    known.rows.append(row)


def _scaled(number: int, case: TruthCase, sheet: Sheet) -> list[float]:
    """Weights that add to 1; all of them 0 means equal ones."""
    if not case.weights:
        return []
    total = sum(case.weights)
    if total == 0:
        return [1 / len(case.weights)] * len(case.weights)
    if abs(total - 1) > MOST_OFF + 1e-12:
        rows = f"rows {', '.join(map(str, case.rows[:-1]))} and {case.rows[-1]}" if len(case.rows) > 1 else "this row"
        reason = f"weights of case {number} add to {total:g}, not 1 ({rows})"
        raise sheet.place.refuse("weights", reason, case.row)
    return case.weights if abs(total - 1) < 1e-12 else [weight / total for weight in case.weights]
