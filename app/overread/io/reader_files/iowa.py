"""Tables with a row per rating: reader, treatment, case, truth, rating. The Iowa programs and MRMCaov read such."""

from __future__ import annotations

from pathlib import Path

from overread.core.reader_data import ReaderData
from overread.io.reader_files.faults import quoted
from overread.io.reader_files.roc_rows import RocRows, rating_rows
from overread.io.reader_files.text_table import TextTable, read_table, write_table
from overread.io.reader_files.values import name_of, number_of, truth_of

HEADER = ("reader", "treatment", "case", "truth", "rating")
NAMES = (
    ("reader", "readerid", "reader_id"),
    ("treatment", "modality", "modalityid", "condition", "test"),
    ("case", "caseid", "case_id", "patient"),
    ("truth", "status", "disease"),
    ("rating", "score", "confidence"),
)
"""The columns, and under which names else they come."""


def read_iowa(path: Path) -> ReaderData:
    """Ratings of a table with commas, semicolons or tabs; with semicolons and tabs also with decimal commas.

    Raises
    ------
    ReaderFileError
        The row and what is wrong there.
    """
    table = read_table(path)
    columns = [table.need(*names) for names in NAMES]
    truth: dict[str, bool] = {}
    rows = RocRows(table.place)
    for row, fields in table.rows:
        cells = [fields[column] for column in columns]
        reader, condition, case = (name_of(c, n, row, table.place) for c, n in zip(cells[:3], HEADER[:3], strict=True))
        is_diseased = truth_of(cells[3], "truth", row, table.place)
        if truth.setdefault(case, is_diseased) != is_diseased:
            reason = f"the truth of case {quoted(case)} is {int(is_diseased)} here and {int(not is_diseased)} above"
            raise table.place.refuse("truth_conflict", reason, row)
        rows.add(reader, condition, case, number_of(cells[4], "rating", row, table.place, table.decimal_comma), row)
    return rows.data(truth)


def is_iowa(table: TextTable) -> bool:
    """Whether the columns are those of such a table."""
    return all(table.column(*names) is not None for names in NAMES)


def write_iowa(data: ReaderData, path: Path) -> None:
    """Write the ratings of all cases; of several marks the highest, of none 1 below the lowest of all.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    truth = [str(int(is_diseased)) for is_diseased in data.is_diseased]
    rows = ((reader, condition, data.cases[k], truth[k], rating) for reader, condition, k, rating in rating_rows(data))
    write_table(path, HEADER, rows)
