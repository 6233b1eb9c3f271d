"""``.imrmc`` files: free text, the line BEGIN DATA:, then lines of reader, case, modality and score.

Lines of the reader ``truth`` say which cases are diseased. Reference: DIDSR iMRMC, its input file.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from overread.core.reader_data import ReaderData
from overread.io.reader_files.faults import Place, quoted
from overread.io.reader_files.roc_rows import RocRows, rating_rows
from overread.io.reader_files.text_table import fields_of, read_text, separator_of, write_text
from overread.io.reader_files.values import name_of, number_of, truth_of

BEGIN = "BEGIN DATA:"
_TRUTH = "truth"
_COLUMNS = ("reader", "case", "modality", "score")


def read_imrmc(path: Path) -> ReaderData:
    """Ratings of an ``.imrmc`` file.

    Raises
    ------
    ReaderFileError
        The row and what is wrong there.
    """
    place = Place(path)
    lines = read_text(path, place).splitlines()
    begin = next((n for n, line in enumerate(lines) if line.strip().upper().startswith(BEGIN)), None)
    if begin is None:
        raise place.refuse("no_begin_data", f"the line {BEGIN} is missing")
    body = "\n" * (begin + 1) + "\n".join(lines[begin + 1 :])
    separator = separator_of(next((line for line in lines[begin + 1 :] if line.strip()), ","))
    truth: dict[str, bool] = {}
    readings: list[tuple[int, tuple[str, ...]]] = []
    for row, fields in fields_of(body, separator, place):
        if len(fields) != len(_COLUMNS):
            raise place.refuse("columns", f"it has {len(fields)} fields, not reader, case, modality and score", row)
        if fields[0].lower() == _TRUTH:
            _add_truth(truth, fields, row, place)
        else:
            readings.append((row, fields))
    if not truth:
        raise place.refuse("no_truth", "it has no line of truth")
    rows = RocRows(place)
    for row, fields in readings:
        reader, case, condition = (name_of(f, c, row, place) for f, c in zip(fields[:3], _COLUMNS[:3], strict=True))
        if case not in truth:
            raise place.refuse("no_truth", f"case {quoted(case)} has a reading but no line of truth", row)
        rows.add(reader, condition, case, number_of(fields[3], "score", row, place, separator != ","), row)
    return rows.data(truth)


def write_imrmc(data: ReaderData, path: Path) -> None:
    """Write the ratings of all cases; of several marks the highest, of none 1 below the lowest of all.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    text = io.StringIO()
    healthy, diseased = int((~data.is_diseased).sum()), int(data.is_diseased.sum())
    text.write(f"Readers' ratings\nNR: {len(data.readers)}\nN0: {healthy}\nN1: {diseased}\n")
    text.write(f"NM: {len(data.conditions)}\n{BEGIN}\n")
    writer = csv.writer(text, lineterminator="\n")
    for case, is_diseased in zip(data.cases, data.is_diseased, strict=True):
        writer.writerow((_TRUTH, case, _TRUTH, int(is_diseased)))
    for reader, condition, k, rating in rating_rows(data):
        writer.writerow((reader, data.cases[k], condition, rating))
    write_text(path, text.getvalue())


def _add_truth(truth: dict[str, bool], fields: tuple[str, ...], row: int, place: Place) -> None:
    case = name_of(fields[1], "case", row, place)
    is_diseased = truth_of(fields[3], "the truth", row, place)
    if case in truth:
        raise place.refuse("duplicate", f"the truth of case {quoted(case)} stands there twice", row)
    truth[case] = is_diseased
