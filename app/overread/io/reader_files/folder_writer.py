"""Our folder of readers' answers out: the one form that holds everything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from overread.core.reader_data import ReaderData
from overread.io.reader_files.folder_lesions import LESIONS
from overread.io.reader_files.folder_marks import RATINGS
from overread.io.reader_files.folder_tables import CASES, DESIGN, NOT_READ
from overread.io.reader_files.text_table import write_table, write_text
from overread.io.reader_files.values import text_of_number

LESION_COLUMNS = ("case", "lesion", "type", "x_mm", "y_mm", "z_mm", "diameter_mm", "weight")
PLACE_COLUMNS = ("mark", "x_mm", "y_mm", "z_mm", "lesion")
RATING_COLUMNS = ("reader", "condition", "case", *PLACE_COLUMNS, "rating", "category", "confidence", "time_s")
THE_LESION = "1"
"""Name of the lesion of a case in an LROC study, of which only that it was hit is kept."""

_Mark = tuple[str, str, str]
"""Number of the mark, id of the lesion, rating; empty for none."""


def write_folder(data: ReaderData, path: Path) -> None:
    """Write cases.csv, lesions.csv, ratings.csv and design.toml; places of marks and lesions are not known here.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    write_table(path / CASES, *_cases(data))
    if data.paradigm != "roc":
        write_table(path / LESIONS, LESION_COLUMNS, _lesions(data))
    write_table(path / RATINGS, RATING_COLUMNS, _ratings(data))
    write_text(path / DESIGN, _design(data))


def _design(data: ReaderData) -> str:
    import tomli_w

    design: dict[str, Any] = {
        "schema": "overread.study/1",
        "paradigm": data.paradigm,
        "conditions": list(data.conditions),
        "categories": [] if data.choices is None else list(data.choices.names),
        "no_row": NOT_READ,
    }
    return tomli_w.dumps(design)


def _cases(data: ReaderData) -> tuple[tuple[str, ...], Iterator[Sequence[str]]]:
    columns: dict[str, Sequence[str]] = {
        "case": data.cases,
        "truth": [str(int(is_diseased)) for is_diseased in data.is_diseased],
    }
    if data.choices is not None:
        columns["category"] = [data.choices.names[n] for n in data.choices.truth]
    if data.patients:
        columns["patient"] = data.patients
    if data.subsets:
        columns["subset"] = data.subsets
    return tuple(columns), zip(*columns.values(), strict=True)


def _lesions(data: ReaderData) -> Iterator[Sequence[str]]:
    if data.lesions is None:
        for case, is_diseased in zip(data.cases, data.is_diseased, strict=True):
            if is_diseased:
                yield case, THE_LESION, "", "", "", "", "", "1"
        return
    for name, k, weight in zip(data.lesions.ids, data.lesions.case, data.lesions.weight, strict=True):
        yield data.cases[k], name, "", "", "", "", "", text_of_number(float(weight))


def _ratings(data: ReaderData) -> Iterator[Sequence[str]]:
    for j, reader in enumerate(data.readers):
        for i, condition in enumerate(data.conditions):
            of_case = _marks(data, i, j)
            for k, case in enumerate(data.cases):
                marks, said = of_case.get(k, []), _said(data, i, j, k)
                if not marks and not any(said[:2]) and (data.paradigm == "roc" or np.isnan(data.ratings[i, j, k])):
                    continue
                for n, (mark, lesion, rating) in enumerate(marks or [("", "", "")]):
                    rest = said if n == 0 else ("", "", "")
                    yield reader, condition, case, mark, "", "", "", lesion, rating, *rest


def _said(data: ReaderData, i: int, j: int, k: int) -> tuple[str, str, str]:
    """Category, confidence and time of a reading."""
    category = confidence = ""
    if data.choices is not None:
        called = int(data.choices.called[i, j, k])
        category = data.choices.names[called] if called >= 0 else ""
        confidence = _text(data.choices.confidence[i, j, k])
    return category, confidence, "" if data.seconds is None else _text(data.seconds[i, j, k])


def _text(value: float) -> str:
    return "" if math.isnan(value) else text_of_number(float(value))


def _marks(data: ReaderData, i: int, j: int) -> dict[int, list[_Mark]]:
    """The marks of one reader under one condition by case."""
    marks: dict[int, list[_Mark]] = {}

    def add(case: int, lesion: str, rating: float, has_place: bool = True) -> None:
        of_case = marks.setdefault(case, [])
        of_case.append((str(len(of_case) + 1) if has_place else "", lesion, text_of_number(float(rating))))

    ratings = data.ratings[i, j]
    if data.lesions is not None and data.lesion_ratings is not None and data.false_marks is not None:
        for n in np.flatnonzero(np.isfinite(data.lesion_ratings[i, j])):
            add(int(data.lesions.case[n]), data.lesions.ids[n], data.lesion_ratings[i, j, n])
        for k, rating in zip(*data.false_marks.of(i, j), strict=True):
            add(int(k), "", rating)
    elif data.correct is not None and data.incorrect is not None:
        hits = np.where(data.is_diseased, data.correct[i, j], -math.inf)
        for k in np.flatnonzero(np.isfinite(ratings)):
            if np.isfinite(hits[k]):
                add(int(k), THE_LESION, hits[k])
            if np.isfinite(data.incorrect[i, j, k]):
                add(int(k), "", data.incorrect[i, j, k])
            if ratings[k] > max(hits[k], data.incorrect[i, j, k]):
                add(int(k), "", ratings[k], has_place=False)
    else:
        for k in np.flatnonzero(~np.isnan(ratings)):
            add(int(k), "", ratings[k], has_place=False)
    return marks
