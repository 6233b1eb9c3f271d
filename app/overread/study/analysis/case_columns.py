"""What a folder of ours says of cases and lesions beside what statistics of readers take: for the baseline table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.reader_data import ReaderData
from overread.io.reader_files.folder_lesions import LESIONS
from overread.io.reader_files.folder_tables import CASES
from overread.io.reader_files.text_table import TextTable, read_table

NO_PROPERTY = ("case", "truth", "category", "patient", "folder", "roles", "label", "split")
"""Columns that say who a case is, not what it is like."""
MOST_LEVELS = 12
"""A text with more values than this is no property of which shares can be printed."""


@dataclass(frozen=True, slots=True)
class Background:
    """Properties of cases by name, then by case ("" unknown); sizes of lesions in mm by case and lesion."""

    properties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    diameters: Mapping[tuple[str, str], float] = field(default_factory=dict)
    has_decimal_comma: bool = False

    def sizes_mm(self, data: ReaderData) -> NDArray[np.float64]:
        """(l,) sizes of a study's lesions, NaN for unknown."""
        assert data.lesions is not None
        keys = [(data.cases[k], name) for name, k in zip(data.lesions.ids, data.lesions.case, strict=True)]
        return np.array([self.diameters.get(key, math.nan) for key in keys], dtype=np.float64)


def read_background(path: Path) -> Background:
    """The other columns of cases.csv and the sizes in lesions.csv; nothing of any other kind of file.

    Raises
    ------
    ReaderFileError
        A file cannot be read.
    """
    if not (path / CASES).is_file():
        return Background()
    cases = read_table(path / CASES, CASES)
    case = cases.need("case")
    wanted = [(n, name) for n, name in enumerate(cases.header) if name and name not in NO_PROPERTY]
    properties = {name: {row[case]: row[n] for _, row in cases.rows} for n, name in wanted}
    return Background(properties, _diameters(path), cases.decimal_comma)


def as_number(text: str, has_decimal_comma: bool = False) -> float:
    """A number as it stands in a cell; NaN for an empty cell and for words."""
    try:
        value = float(text.replace(",", ".") if has_decimal_comma else text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _diameters(path: Path) -> dict[tuple[str, str], float]:
    if not (path / LESIONS).is_file():
        return {}
    table: TextTable = read_table(path / LESIONS, LESIONS)
    case, lesion, size = table.need("case"), table.need("lesion"), table.column("diameter_mm")
    if size is None:
        return {}
    return {(row[case], row[lesion]): as_number(row[size], table.decimal_comma) for _, row in table.rows}
