"""Sheets of a workbook as rows of plain cells."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.io.reader_files.faults import Place
from overread.io.reader_files.text_table import unreadable
from overread.io.reader_files.values import is_empty

MOST_BYTES = 1 << 30
_NO_WORKBOOK = "Save it as an Excel workbook (.xlsx) without a password"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of a sheet that are not empty, with their numbers; ``header`` in lower case without blanks and _."""

    place: Place
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[object, ...]], ...]

    def column(self, *names: str) -> int | None:
        """Place of the first of these columns that is there."""
        return next((self.header.index(name) for name in names if name in self.header), None)

    def need(self, title: str, *names: str) -> int:
        """Place of a column that must be there; ``title`` as a person would write it."""
        found = self.column(*names)
        if found is None:
            raise self.place.refuse("no_column", f"it has no column {title}", 1)
        return found


def read_sheets(path: Path) -> dict[str, Sheet]:
    """All sheets of a workbook by name in capitals.

    Raises
    ------
    ReaderFileError
        It is no workbook (``not_xlsx``), is damaged, too large, or holds a formula, whose value nobody can vouch for.
    """
    from openpyxl import load_workbook

    place = Place(path)
    _check_archive(path, place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with path.open("rb") as file:
                book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
                return {sheet.title.strip().upper(): _sheet(sheet, path) for sheet in book.worksheets}
        except OSError as problem:
            raise unreadable(place, problem) from problem
        except _damage() as problem:
            raise place.refuse("not_xlsx", "the workbook is damaged", remedy=_NO_WORKBOOK) from problem


def _damage() -> tuple[type[Exception], ...]:
    """What comes through openpyxl from its parsers when parts of an archive are broken, missing or absurd."""
    import zlib
    from xml.etree.ElementTree import ParseError

    from openpyxl.utils.exceptions import InvalidFileException

    of_archive = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
    return (
        *of_archive,
        ParseError,
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OverflowError,
    )


def _check_archive(path: Path, place: Place) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except OSError as problem:
        raise unreadable(place, problem) from problem
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as problem:
        raise place.refuse("not_xlsx", "the file is no workbook", remedy=_NO_WORKBOOK) from problem
    if not any(entry.filename == "xl/workbook.xml" for entry in entries):
        raise place.refuse("not_xlsx", "the archive holds no workbook", remedy=_NO_WORKBOOK)
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise place.refuse("too_large", f"unpacked it is larger than {MOST_BYTES >> 20} MB", remedy="Check the path")


def _sheet(sheet: Any, path: Path) -> Sheet:
    place = Place(path, sheet.title.strip())
    sheet.reset_dimensions()
    lines = _lines(sheet, place)
    first = next(lines, (1, ()))
    header = tuple("" if is_empty(cell) else str(cell).lower().replace("_", "").replace(" ", "") for cell in first[1])
    width = len(header)
    return Sheet(place, header, tuple((row, _wide(cells, width)) for row, cells in lines))


def _lines(sheet: Any, place: Place) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Number and cells of every row that is not empty."""
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if any(cell.data_type == "f" for cell in cells):
            remedy = "Paste the values in place of the formulas and save it again"
            raise place.refuse("formula", "a cell holds a formula", number, remedy)
        values = tuple(cell.value for cell in cells)
        if not all(is_empty(value) for value in values):
            yield number, values


def _wide(cells: Sequence[object], width: int) -> tuple[object, ...]:
    return (*cells[:width], *(None,) * (width - len(cells)))
