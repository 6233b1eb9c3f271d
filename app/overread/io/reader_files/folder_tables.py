"""design.toml and cases.csv of our folder."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overread.core.reader_data import Paradigm
from overread.io.reader_files.faults import Place, quoted
from overread.io.reader_files.text_table import read_table, read_text
from overread.io.reader_files.values import name_of, truth_of

CASES, DESIGN = "cases.csv", "design.toml"
NOT_READ, NO_MARK = "not-read", "unmarked"
HEALTHY_CLASSES = ("none", "normal", "healthy")
_PARADIGMS: dict[str, Paradigm] = {"roc": "roc", "lroc": "lroc", "froc": "froc", "categorical": "roc"}
_OWN_COLUMNS = ("case", "truth", "category", "patient", "folder", "roles", "label", "split")


@dataclass(frozen=True, slots=True)
class Design:
    """What design.toml says; empty where it says nothing."""

    paradigm: Paradigm | None = None
    conditions: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    no_row: str = ""


@dataclass(frozen=True, slots=True)
class CaseTable:
    """Cases with their truth, class, patient and subset, each in the order of the file."""

    is_diseased: dict[str, bool]
    category: tuple[str, ...]
    patients: tuple[str, ...]
    subsets: tuple[str, ...]
    notes: tuple[str, ...]


def read_design(path: Path) -> Design:
    """The design of a folder; an empty one without the file.

    Raises
    ------
    ReaderFileError
        It is no TOML, or a key holds what it cannot.
    """
    file = path / DESIGN
    place = Place(path, DESIGN)
    if not file.is_file():
        return Design()
    try:
        document = tomllib.loads(read_text(file, place))
    except tomllib.TOMLDecodeError as problem:
        raise place.refuse("not_toml", f"it is no TOML ({problem})") from problem
    target = document.get("target", {})
    word = document.get("paradigm")
    if word is not None and (not isinstance(word, str) or word not in _PARADIGMS):
        raise place.refuse("paradigm", f"paradigm {quoted(word)} is not {', '.join(_PARADIGMS)}")
    no_row = document.get("no_row", "")
    if no_row not in ("", NOT_READ, NO_MARK):
        raise place.refuse("no_row", f"no_row {quoted(no_row)} is not {NOT_READ} or {NO_MARK}")
    return Design(
        None if word is None else _PARADIGMS[word],
        _names(document, "conditions", place),
        _names(document, "categories", place),
        _names(target if isinstance(target, dict) else {}, "types", place),
        no_row,
    )


def _names(table: dict[str, Any], key: str, place: Place) -> tuple[str, ...]:
    names = table.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise place.refuse("design", f"{key} is no list of names")
    if len(set(names)) < len(names):
        raise place.refuse("duplicate", f"a name stands twice in {key}")
    return tuple(names)


def read_cases(path: Path, design: Design) -> CaseTable:
    """The cases of a folder; a truth that is a class means disease where the class is a target.

    Raises
    ------
    ReaderFileError
        The row and what is wrong there.
    """
    table = read_table(path / CASES, CASES)
    case, truth = table.need("case"), table.need("truth")
    category, patient = table.column("category"), table.column("patient")
    others = [n for n, name in enumerate(table.header) if name and name not in _OWN_COLUMNS]
    is_diseased: dict[str, bool] = {}
    parts: list[tuple[str, str, str]] = []
    for row, fields in table.rows:
        name = name_of(fields[case], "case", row, table.place)
        if name in is_diseased:
            raise table.place.refuse("duplicate", f"case {quoted(name)} is listed twice", row)
        word = name_of(fields[truth], "truth", row, table.place)
        is_class = word not in ("0", "1") and (bool(design.targets or design.categories) or word in HEALTHY_CLASSES)
        if is_class:
            is_diseased[name] = word in design.targets if design.targets else word not in HEALTHY_CLASSES
        else:
            is_diseased[name] = truth_of(word, "truth", row, table.place)
        of_class = fields[category] if category is not None else word if is_class else ""
        if of_class and design.categories and of_class not in design.categories:
            raise table.place.refuse("unknown_category", f"{quoted(of_class)} is not among the categories", row)
        whose = fields[patient] if patient is not None else ""
        parts.append((of_class, whose, fields[others[0]] if others else ""))
    if not is_diseased:
        raise table.place.refuse("empty", "it lists no cases")
    classes, patients, subsets = (tuple(column) for column in zip(*parts, strict=True))
    left = ", ".join(table.header[n] for n in others[1:])
    notes = (f"{CASES}: subsets are by {table.header[others[0]]}, not by {left}",) if left else ()
    whole = tuple(p or name for p, name in zip(patients, is_diseased, strict=True)) if any(patients) else ()
    return CaseTable(is_diseased, classes, whole, subsets if any(subsets) else (), notes)
