"""The sheet ``ids`` of a JAFROC workbook of ours: what the numbers in it stand for.

Other programs want whole numbers for cases and lesions, and no commas in the names of readers and modalities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from overread.core.reader_data import Paradigm, ReaderData
from overread.io.reader_files.sheets import Sheet
from overread.io.reader_files.values import name_of
from overread.io.reader_files.workbook_truth import PARADIGMS

SHEET = "ids"
HEADER = ("kind", "number", "id")


@dataclass(frozen=True, slots=True)
class Ids:
    """Names by what stands for them: cases and readers by number, lesions by ``CASE/LESION``; in their order."""

    case: dict[str, str] = field(default_factory=dict)
    lesion: dict[str, str] = field(default_factory=dict)
    reader: dict[str, str] = field(default_factory=dict)
    condition: dict[str, str] = field(default_factory=dict)
    paradigm: dict[str, str] = field(default_factory=dict)

    def by_kind(self) -> dict[str, dict[str, str]]:
        """All of them under the words of the sheet's first column."""
        return {
            "paradigm": self.paradigm,
            "condition": self.condition,
            "reader": self.reader,
            "case": self.case,
            "lesion": self.lesion,
        }

    @property
    def stated_paradigm(self) -> Paradigm | None:
        """The paradigm of the study, which the old layout has no other place for."""
        return PARADIGMS.get(self.paradigm.get("1", "").upper())


def read_ids(sheet: Sheet | None) -> Ids:
    """Names of a sheet; none without one, or where it is somebody else's sheet of that name.

    Raises
    ------
    ReaderFileError
        A number or an id stands there twice, or a cell is empty.
    """
    ids = Ids()
    if sheet is None or sheet.header[: len(HEADER)] != HEADER:
        return ids
    kinds = ids.by_kind()
    for row, cells in sheet.rows:
        kind, number, name = (
            name_of(cell, column, row, sheet.place) for cell, column in zip(cells, HEADER, strict=False)
        )
        names = kinds.get(kind.lower())
        if names is None:
            raise sheet.place.refuse("unknown_kind", f"{kind!r} is not one of {', '.join(kinds)}", row)
        if number in names or (kind != "lesion" and name in names.values()):
            raise sheet.place.refuse("duplicate", f"the {kind} {number} or its id stands there twice", row)
        names[number] = name
    return ids


def ids_of(data: ReaderData) -> Ids:
    """Numbers for all that a workbook cannot hold as it is; whole numbers stay what they are."""
    ids = Ids(paradigm={"1": data.paradigm.upper()})
    ids.condition.update(_plain(data.conditions))
    ids.reader.update(_plain(data.readers))
    is_numbered = all(_is_number(case) for case in data.cases)
    for k, case in enumerate(data.cases):
        ids.case[case if is_numbered else str(k + 1)] = case
    if data.lesions is not None:
        numbers = list(ids.case)
        count: dict[int, int] = {}
        for name, k in zip(data.lesions.ids, data.lesions.case, strict=True):
            count[int(k)] = count.get(int(k), 0) + 1
            ids.lesion[f"{numbers[k]}/{count[int(k)]}"] = name
    return ids


def _plain(names: Sequence[str]) -> dict[str, str]:
    """Each name for itself, unless one of them holds a comma or looks like a number of another kind."""
    is_plain = all("," not in name for name in names)
    return {name if is_plain else str(n + 1): name for n, name in enumerate(names)}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and str(int(text)) == text
