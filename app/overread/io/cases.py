"""The list of cases (cases.csv) and the truth of each (truth.json), CONTRACT section 5."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from overread.core.errors import InputError
from overread.core.roles import ROLE_NAMES
from overread.core.truth import Truth
from overread.io.atomic import write_atomically, write_json

COLUMNS = ("case", "patient", "site", "split", "folder", "roles", "label", "truth")
SPLITS = ("train", "validation", "test", "")
MOST_BYTES = 64 << 20
_REMEDY = "Correct the line, or write the list again"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case: whose it is, where its images lie, which volume plays which role, what is true.

    ``roles`` maps a role (``t1-hbp``, ``dwi:800``) to the id of a volume. ``truth`` is None for an unlabelled case.
    """

    case: str
    patient: str
    site: str
    split: str
    folder: Path
    roles: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    truth: Path | None = None


def read_cases(csv_path: Path) -> list[CaseRow]:
    """Read a list of cases; folders and truths are relative to the list.

    Raises
    ------
    InputError
        The list is missing, has not the right columns, or a line of it is wrong: the line's number is named.
    """
    path = Path(csv_path)
    rows: list[CaseRow] = []
    reader = csv.DictReader(io.StringIO(_text_of(path, "list of cases")))
    missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
    if missing:
        raise InputError(f"{path.name} cannot be used as a list of cases", f"it has no column {', '.join(missing)}",
                         f"Its first line must be {','.join(COLUMNS)}")
    seen: set[str] = set()
    try:
        for values in reader:
            row = _row(values, path, reader.line_num)
            if row.case in seen:
                raise _wrong(path, reader.line_num, f"the case {row.case} is listed twice")
            seen.add(row.case)
            rows.append(row)
    except csv.Error as problem:
        raise _wrong(path, reader.line_num, f"it is no CSV ({problem})") from problem
    return rows


def write_cases(csv_path: Path, rows: Iterable[CaseRow]) -> None:
    """Write a list of cases; paths below the list's folder are written relative to it, with slashes.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    path = Path(csv_path)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        roles = ";".join(f"{role}={volume}" for role, volume in sorted(row.roles.items()))
        truth = "" if row.truth is None else _relative(row.truth, path.parent)
        writer.writerow([row.case, row.patient, row.site, row.split, _relative(row.folder, path.parent), roles,
                         row.label, truth])
    write_atomically(path, lambda beside: _write_text(beside, text.getvalue()))


def read_truth(path: Path) -> Truth:
    """Read the truth of one case.

    Raises
    ------
    InputError
        It is missing, no JSON, or no truth of a schema this version knows.
    """
    try:
        document = json.loads(_text_of(Path(path), "truth"))
    except (json.JSONDecodeError, RecursionError) as problem:
        raise InputError(f"{Path(path).name} cannot be used as a truth", "it is no JSON", "Make it again") from problem
    if not isinstance(document, dict):
        raise InputError(f"{Path(path).name} cannot be used as a truth", "it is no JSON object", "Make it again")
    return Truth.from_json(document)


def write_truth(path: Path, truth: Truth) -> None:
    """Write the truth of one case.

    Raises
    ------
    StorageError
        See ``write_atomically``.
    """
    write_json(Path(path), truth.to_json())


def _row(values: Mapping[str | None, object], path: Path, line: int) -> CaseRow:
    texts = {c: str(values.get(c) or "").strip() for c in COLUMNS}
    if None in values or any(values.get(c) is None for c in COLUMNS):
        raise _wrong(path, line, f"it has not {len(COLUMNS)} fields")
    for column in ("case", "patient", "folder"):
        if not texts[column]:
            raise _wrong(path, line, f"its {column} is empty")
    if texts["split"] not in SPLITS:
        raise _wrong(path, line, f"its split is {texts['split']!r}, not train, validation or test")
    truth = texts["truth"]
    return CaseRow(
        case=texts["case"], patient=texts["patient"], site=texts["site"], split=texts["split"],
        folder=path.parent / texts["folder"], roles=_roles(texts["roles"], path, line), label=texts["label"],
        truth=path.parent / truth if truth else None)


def _roles(text: str, path: Path, line: int) -> dict[str, str]:
    roles: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        role, sign, volume = (p.strip() for p in part.partition("="))
        name, _, b_value = role.partition(":")
        if not sign or not volume:
            raise _wrong(path, line, f"the role {part!r} is not written as ROLE=VOLUME")
        if name not in ROLE_NAMES or (b_value and (name != "dwi" or not b_value.isdigit())):
            raise _wrong(path, line, f"there is no role {role!r}")
        if role in roles:
            raise _wrong(path, line, f"the role {role!r} is given twice")
        roles[role] = volume
    return roles


def _wrong(path: Path, line: int, why: str) -> InputError:
    return InputError(f"Line {line} of {path.name} cannot be used", why, _REMEDY)


def _text_of(path: Path, kind: str) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path.name} cannot be used as a {kind}", "it is far too large", "Check the path")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{path.name} cannot be used as a {kind}", "it is not UTF-8 text",
                         "Save it as UTF-8") from problem
    except OSError as problem:
        why = "there is no such file" if isinstance(problem, FileNotFoundError) else (
            problem.strerror or "the system cannot read it")
        raise InputError(f"{path.name} cannot be used as a {kind}", why, "Check the path") from problem


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(path).resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return Path(path).as_posix()


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="")
