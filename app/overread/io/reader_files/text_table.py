"""Lines of text files by whoever made them: any usual encoding, separator and decimal sign."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from overread.io.atomic import write_atomically
from overread.io.reader_files.faults import Place, quoted

MOST_BYTES = 1 << 30
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class TextTable:
    """Rows of a text file with their line numbers; ``header`` in lower case."""

    place: Place
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    decimal_comma: bool

    def column(self, *names: str) -> int | None:
        """Place of the first of these columns that is there."""
        return next((self.header.index(name) for name in names if name in self.header), None)

    def need(self, *names: str) -> int:
        """Place of a column that must be there, under any of its names."""
        found = self.column(*names)
        if found is None:
            raise self.place.refuse("no_column", f"it has no column {names[0]}", 1)
        return found


def read_text(path: Path, place: Place) -> str:
    """The text of a file: UTF-8 or UTF-16 by its mark, else UTF-8, else Windows Western.

    Raises
    ------
    ReaderFileError
        It is missing, too large, empty or no text.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise place.refuse("too_large", f"it is larger than {MOST_BYTES >> 20} MB", remedy="Check the path")
        raw = path.read_bytes()
    except OSError as problem:
        raise unreadable(place, problem) from problem
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    if not text.strip():
        raise place.refuse("empty", "the file is empty")
    if "\0" in text:
        raise place.refuse("not_text", "it is no text", remedy="Give a text file, a workbook or a folder")
    return text


def unreadable(place: Place, problem: OSError) -> Exception:
    """What to raise for a file that the system does not hand out."""
    if isinstance(problem, FileNotFoundError):
        return place.refuse("missing", "there is no such file", remedy="Check the path")
    return place.refuse(
        "unreadable", (problem.strerror or "the system cannot read it").lower(), remedy="Check the path"
    )


def separator_of(line: str) -> str:
    """The sign between the fields of a header: semicolon, tab or comma."""
    return max((";", "\t", ","), key=line.count)


def fields_of(text: str, separator: str, place: Place) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line number and fields without blanks of every line that is not empty; empty fields at the end are left out."""
    lines = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    try:
        for line in lines:
            fields = [field.strip() for field in line]
            while fields and not fields[-1]:
                fields.pop()
            if fields:
                yield lines.line_num, tuple(fields)
    except csv.Error as problem:
        raise place.refuse("not_csv", f"it is no table ({problem})", lines.line_num) from problem


def read_table(path: Path, sheet: str | None = None) -> TextTable:
    """A text file whose first line names its columns.

    Raises
    ------
    ReaderFileError
        See ``read_text``; or a line has more fields than the first, or a column stands there twice.
    """
    place = Place(path if sheet is None else path.parent, sheet)
    text = read_text(path, place)
    separator = separator_of(next(line for line in text.splitlines() if line.strip()))
    lines = fields_of(text, separator, place)
    _, names = next(lines)
    header = tuple(name.lower() for name in names)
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise place.refuse("columns", f"the column {quoted(twice)} stands there twice", 1)
    rows = []
    for row, fields in lines:
        if len(fields) > len(header):
            raise place.refuse("columns", f"it has {len(fields)} fields, the first line {len(header)}", row)
        rows.append((row, fields + ("",) * (len(header) - len(fields))))
    return TextTable(place, header, tuple(rows), separator != ",")


def write_table(path: Path, header: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    """Write a table with commas, in UTF-8.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 without half-written files.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """

    def write(beside: Path) -> None:
        beside.write_text(text, encoding="utf-8", newline="\n")

    write_atomically(path, write)
