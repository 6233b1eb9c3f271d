"""lesions.csv of our folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from overread.core.reader_data import Lesions
from overread.io.reader_files.faults import Place, quoted
from overread.io.reader_files.text_table import TextTable, read_table
from overread.io.reader_files.values import name_of, number_of
from overread.io.reader_files.workbook_truth import MOST_OFF

LESIONS = "lesions.csv"


@dataclass(frozen=True, slots=True)
class LesionTable:
    """Lesions in the order of the cases.

    ``place`` says where in the list a lesion of a case stands; ``background`` are those of types that are no target.
    """

    names: tuple[str, ...] = ()
    case_of: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    background: frozenset[tuple[str, str]] = frozenset()

    @property
    def place(self) -> dict[tuple[str, str], int]:
        """Place of each target lesion by case and id."""
        return {key: n for n, key in enumerate(zip(self.case_of, self.names, strict=True))}

    def lesions(self, cases: Sequence[str]) -> Lesions:
        """The lesions as statistics take them."""
        place = {name: n for n, name in enumerate(cases)}
        return Lesions(
            self.names,
            np.array([place[name] for name in self.case_of], dtype=np.intp),
            np.array(self.weights, dtype=np.float64),
        )


def read_lesions(folder: Path, is_diseased: Mapping[str, bool], targets: Sequence[str]) -> LesionTable:
    """The lesions of a folder; none without the file.

    Raises
    ------
    ReaderFileError
        A lesion of a case that is not listed or is healthy, one that stands there twice, weights that do not add to 1.
    """
    if not (folder / LESIONS).is_file():
        return LesionTable()
    table = read_table(folder / LESIONS, LESIONS)
    case, lesion = table.need("case"), table.need("lesion")
    kind, weight = table.column("type"), table.column("weight")
    found: dict[str, list[tuple[str, float, int]]] = {case_name: [] for case_name in is_diseased}
    background: set[tuple[str, str]] = set()
    for row, fields in table.rows:
        of_case = name_of(fields[case], "case", row, table.place)
        own = name_of(fields[lesion], "lesion", row, table.place)
        if of_case not in is_diseased:
            raise table.place.refuse("unknown_case", f"case {quoted(of_case)} is not in the list of cases", row)
        if (of_case, own) in background or any(own == known for known, _, _ in found[of_case]):
            raise table.place.refuse(
                "duplicate", f"lesion {quoted(own)} of case {quoted(of_case)} is listed twice", row
            )
        if targets and kind is not None and fields[kind] not in targets:
            background.add((of_case, own))
            continue
        if not is_diseased[of_case]:
            raise table.place.refuse("lesion_on_normal", f"case {quoted(of_case)} is healthy but has a lesion", row)
        found[of_case].append((own, _weight(fields, weight, row, table), row))
    listed = [
        (of_case, own, w) for of_case, all_of in found.items() for own, w in _scaled(of_case, all_of, table.place)
    ]
    return LesionTable(
        tuple(own for _, own, _ in listed),
        tuple(of_case for of_case, _, _ in listed),
        tuple(w for _, _, w in listed),
        frozenset(background),
    )


def _weight(fields: tuple[str, ...], column: int | None, row: int, table: TextTable) -> float:
    """The weight of a row; 0, which stands for equal weights, where none is given."""
    if column is None or not fields[column]:
        return 0.0
    value = number_of(fields[column], "weight", row, table.place, table.decimal_comma)
    if value < 0:
        raise table.place.refuse("weights", f"the weight is {value:g}, below 0", row)
    return value


def _scaled(case: str, lesions: Sequence[tuple[str, float, int]], place: Place) -> list[tuple[str, float]]:
    """Lesions of a case with weights that add to 1."""
    total = sum(weight for _, weight, _ in lesions)
    if total == 0:
        return [(name, 1 / len(lesions)) for name, _, _ in lesions]
    if abs(total - 1) > MOST_OFF + 1e-12:
        reason = f"weights of case {quoted(case)} add to {total:g}, not 1"
        raise place.refuse("weights", reason, lesions[-1][2])
    scale = 1.0 if abs(total - 1) < 1e-12 else total
    return [(name, weight / scale) for name, weight, _ in lesions]
