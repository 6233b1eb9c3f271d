"""What is wrong with a file of readers' answers, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from overread.core.errors import InputError
from overread.io.text import clean

_LONGEST_QUOTE = 40
REMEDY = "Correct the file and read it again"


@dataclass(frozen=True, slots=True)
class FileFault:
    """Where a file is wrong.

    Attributes
    ----------
    fault
        A word for programs, such as ``weights`` or ``unknown_case``.
    reason
        What is wrong there, for people.
    row
        Line of the file or sheet, the header being row 1; None where the fault is of the whole file.
    sheet
        Sheet of a workbook, or file of a folder; None elsewhere.
    """

    fault: str
    reason: str
    row: int | None = None
    sheet: str | None = None

    @property
    def sentence(self) -> str:
        """Place and reason together."""
        place = "" if self.row is None else f"row {self.row}"
        if self.sheet is not None:
            place = f"{place} of {self.sheet}" if place else self.sheet
        return f"{place}: {self.reason}" if place else self.reason


class ReaderFileError(InputError):
    """A file of readers' answers that cannot be used; ``detail`` says where and why."""

    def __init__(self, path: Path, detail: FileFault, remedy: str = REMEDY) -> None:
        super().__init__(f"{clean(path.name) or 'The file'} cannot be used", detail.sentence, remedy)
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (self.what, self.detail, self.remedy)


def _again(what: str, detail: FileFault, remedy: str) -> ReaderFileError:
    """The error as it comes out of another process."""
    error = ReaderFileError(Path("."), detail, remedy)
    error.what = what
    error.args = (what, error.why, error.remedy)
    return error


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or a sheet of it, whose rows are being read."""

    path: Path
    sheet: str | None = None

    def refuse(self, fault: str, reason: str, row: int | None = None, remedy: str = REMEDY) -> ReaderFileError:
        """The error to raise."""
        return ReaderFileError(self.path, FileFault(fault, reason, row, self.sheet), remedy)


def quoted(value: object) -> str:
    """What stands in a cell, short and safe to print."""
    text = clean(str(value)) or ""
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…")
