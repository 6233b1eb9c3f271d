"""ROC ratings as rows of reader, condition, case: what ``.imrmc`` and Iowa files hold, and how it becomes our data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from overread.core.reader_data import ReaderData
from overread.io.reader_files.faults import Place, quoted
from overread.io.reader_files.values import text_of_number


class RocRows:
    """Ratings as they come, one row after the other; readers, conditions and cases in the order of their coming."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rating: dict[tuple[str, str, str], float] = {}

    def add(self, reader: str, condition: str, case: str, rating: float, row: int) -> None:
        """One rating; a second one of the same reading is refused."""
        reading = (condition, reader, case)
        if reading in self._rating:
            reason = f"reader {quoted(reader)} rates case {quoted(case)} under {quoted(condition)} twice"
            raise self._place.refuse("duplicate", reason, row)
        self._rating[reading] = rating

    def data(self, truth: Mapping[str, bool]) -> ReaderData:
        """All ratings of the cases of ``truth``, in its order."""
        if not self._rating:
            raise self._place.refuse("no_readings", "it holds no ratings")
        conditions = tuple(dict.fromkeys(condition for condition, _, _ in self._rating))
        readers = tuple(dict.fromkeys(reader for _, reader, _ in self._rating))
        cases = tuple(truth)
        of_condition, of_reader, of_case = (
            {name: n for n, name in enumerate(ids)} for ids in (conditions, readers, cases)
        )
        ratings = np.full((len(conditions), len(readers), len(cases)), np.nan)
        for (condition, reader, case), rating in self._rating.items():
            ratings[of_condition[condition], of_reader[reader], of_case[case]] = rating
        return ReaderData("roc", conditions, readers, cases, np.array(list(truth.values())), ratings)


def rating_rows(data: ReaderData) -> Iterator[tuple[str, str, int, str]]:
    """Reader, condition, place of the case and rating of every reading, the highest of all marks of a case.

    Programs that subtract ratings cannot hold minus infinity: a case without a mark is rated 1 below the lowest.
    """
    finite = data.ratings[np.isfinite(data.ratings)]
    lowest = float(finite.min()) - 1 if len(finite) else 0.0
    if len(finite) and lowest == finite.min():
        lowest = float(np.nextafter(lowest, -math.inf))
    for j, reader in enumerate(data.readers):
        for i, condition in enumerate(data.conditions):
            for k in np.flatnonzero(data.was_read[i, j]):
                rating = float(data.ratings[i, j, k])
                yield reader, condition, int(k), text_of_number(max(rating, lowest))
