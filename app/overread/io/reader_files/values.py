"""Cells of tables made by people, as numbers and names."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, time, timedelta

from overread.io.reader_files.faults import Place, quoted

_NUMBER = re.compile(r"[+-]?(\d+([.]\d*)?|[.]\d+)([eE][+-]?\d+)?")
_NO_MARK = frozenset(("-inf", "-infinity"))


def is_empty(cell: object) -> bool:
    """Whether nothing stands in a cell; blanks are nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def name_of(cell: object, column: str, row: int, place: Place) -> str:
    """A cell as a name: whole numbers without a decimal point, texts without blanks at the ends."""
    if is_empty(cell):
        raise place.refuse("empty_cell", f"{column} is empty", row)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date | datetime | time | timedelta):
        raise place.refuse("date", f"{column} is a date, {quoted(cell)}", row)
    return str(cell).strip()


def number_of(cell: object, column: str, row: int, place: Place, decimal_comma: bool = False) -> float:
    """A cell as a finite number, or minus infinity for no mark.

    Raises
    ------
    ReaderFileError
        It is empty (``empty_cell``), a date, a text, NaN or infinite (``not_number``).
    """
    if is_empty(cell):
        raise place.refuse("empty_cell", f"{column} is empty", row)
    if isinstance(cell, date | datetime | time | timedelta):
        raise place.refuse("not_number", f"{column} is a date, not a number", row)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        number = float(cell)
    else:
        text = str(cell).strip()
        if text.lower() in _NO_MARK:
            return -math.inf
        text = text.replace(",", ".") if decimal_comma and text.count(",") == 1 and "." not in text else text
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise place.refuse("not_number", f"{column} is {quoted(cell)}, not a number", row)
    return number


def whole_of(cell: object, column: str, row: int, place: Place) -> int:
    """A cell as a whole number, 0 or above.

    Raises
    ------
    ReaderFileError
        It is empty (``empty_cell``) or no whole number (``not_integer``).
    """
    if is_empty(cell):
        raise place.refuse("empty_cell", f"{column} is empty", row)
    if isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell) and cell == int(cell) >= 0:
        return int(cell)
    if isinstance(cell, str) and cell.strip().isascii() and cell.strip().isdigit() and len(cell.strip()) < 16:
        return int(cell)
    raise place.refuse("not_integer", f"{column} is {quoted(cell)}, not a whole number", row)


def truth_of(cell: object, column: str, row: int, place: Place) -> bool:
    """A cell that says healthy (0) or diseased (1)."""
    text = name_of(cell, column, row, place)
    if text not in ("0", "1"):
        raise place.refuse("truth_value", f"{column} is {quoted(text)}, not 0 or 1", row)
    return text == "1"


def text_of_number(value: float) -> str:
    """A number as written to a file: the shortest text that is read as the same; whole numbers without a point."""
    if value == -math.inf:
        return "-inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
