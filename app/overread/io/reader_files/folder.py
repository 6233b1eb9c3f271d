"""Our folder of readers' answers: cases.csv, lesions.csv, ratings.csv and design.toml.

``cases.csv``   case, truth (0, 1, or a class); may have category (the class), patient, and a column of subsets.
``lesions.csv`` case, lesion; may have type and weight. Of a ``[target]`` in the design only those types count.
``ratings.csv`` reader, condition, case, rating: a row per mark, or one without a rating for "read, no mark"; may have
                mark, x_mm, y_mm, z_mm (where it is), lesion (which it hits), category, confidence, time_s.
``design.toml`` paradigm, conditions, categories, ``[target] types``, and ``no_row``: what a reading without a row is,
                ``not-read`` (the rule in ROC studies) or ``unmarked`` (the rule where marks have places; there a reader
                without any row under a condition did not read under it, unless this key says so).
"""

from __future__ import annotations

from pathlib import Path

from overread.core.reader_data import ReaderData
from overread.io.reader_files.faults import Place, quoted
from overread.io.reader_files.folder_lesions import LESIONS, LesionTable, read_lesions
from overread.io.reader_files.folder_marks import RATINGS, read_marks
from overread.io.reader_files.folder_tables import CASES, NO_MARK, NOT_READ, CaseTable, read_cases, read_design


def is_folder(path: Path) -> bool:
    """Whether a folder holds readers' answers of our form."""
    return (path / CASES).is_file() and (path / RATINGS).is_file()


def read_folder(path: Path) -> ReaderData:
    """Readers' answers of a folder of ours.

    Raises
    ------
    ReaderFileError
        File, row and what is wrong there.
    """
    design = read_design(path)
    cases = read_cases(path, design)
    lesions = read_lesions(path, cases.is_diseased, design.targets)
    paradigm = design.paradigm or ("froc" if lesions.names else "roc")
    if paradigm == "froc":
        _check_lesions(path, cases, lesions)
    no_row = design.no_row or (NOT_READ if paradigm == "roc" else NO_MARK)
    return read_marks(path, paradigm, cases, lesions, design, no_row == NO_MARK)


def _check_lesions(path: Path, cases: CaseTable, lesions: LesionTable) -> None:
    """In an FROC study every diseased case has a lesion; that no other has is seen while the lesions are read."""
    has = set(lesions.case_of)
    without = next((name for name, is_diseased in cases.is_diseased.items() if is_diseased and name not in has), None)
    if without is not None:
        raise Place(path, LESIONS).refuse("no_lesion", f"case {quoted(without)} is diseased but has no lesion")
