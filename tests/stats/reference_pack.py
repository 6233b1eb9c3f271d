"""The reference pack (../shared/stats): its datasets as our data, its entries, and what compares numbers with them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overread.core.reader_data import FalseMarks, Lesions, ReaderData

PACK = Path(__file__).resolve().parents[3] / "shared" / "stats"
needs_pack = pytest.mark.skipif(not PACK.is_dir(), reason="the reference pack is not beside this checkout")


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of a reference program."""

    name: str
    program: str
    call: str
    result: Any


def entries(dataset: str) -> list[Entry]:
    """All entries of reference/DATASET.json."""
    document = json.loads((PACK / "reference" / f"{dataset}.json").read_text(encoding="utf-8"))
    return [Entry(e["name"], e["program"], e["call"], e["result"]) for e in document["entries"]]


def leaves(result: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float | None]]:
    """Every numeric leaf with its path; None where the program printed NA, NaN or infinite."""
    if isinstance(result, Mapping):
        for key, value in result.items():
            yield from leaves(value, (*path, str(key)))
    elif isinstance(result, list):
        for n, value in enumerate(result):
            yield from leaves(value, (*path, str(n)))
    elif result is None or (isinstance(result, int | float) and not isinstance(result, bool)):
        yield path, result


def agree(ours: float | None, theirs: float | None, tolerance: float = 1e-9) -> bool:
    """Whether a number of ours is theirs, relatively or absolutely; no number agrees with no number only."""
    nothing = ours is None or not math.isfinite(ours)
    if theirs is None or nothing:
        return nothing and theirs is None
    return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)


def load(dataset: str) -> ReaderData:
    """A dataset of the pack; conditions, readers and cases in the order of the file."""
    document = json.loads((PACK / "datasets" / f"{dataset}.json").read_text(encoding="utf-8"))
    kind = document["paradigm"].lower()
    conditions, readers = tuple(document["modalities"]), tuple(document["readers"])
    cases = tuple(case["id"] for case in document["cases"])
    truth = np.array([bool(case["truth"]) for case in document["cases"]])
    place = tuple({name: n for n, name in enumerate(names)} for names in (conditions, readers, cases))
    shape = (len(conditions), len(readers), len(cases))
    if kind == "roc":
        ratings = np.full(shape, np.nan)
        for i, j, k, rating in document["readings"]["rows"]:
            ratings[place[0][i], place[1][j], place[2][k]] = rating
        return ReaderData("roc", conditions, readers, cases, truth, ratings)
    if kind == "lroc":
        found = {word: np.full(shape, -np.inf) for word in ("none", "correct", "incorrect")}
        for i, j, k, rating, word in document["readings"]["rows"]:
            found[word][place[0][i], place[1][j], place[2][k]] = rating
        ratings = np.maximum.reduce(list(found.values()))
        return ReaderData("lroc", conditions, readers, cases, truth, ratings, found["correct"], found["incorrect"])
    return _froc(document, conditions, readers, cases, truth, place)


def _froc(
    document: Mapping[str, Any],
    conditions: tuple[str, ...],
    readers: tuple[str, ...],
    cases: tuple[str, ...],
    truth: np.ndarray,
    place: Sequence[Mapping[str, int]],
) -> ReaderData:
    listed = [(k, lesion) for k, case in enumerate(document["cases"]) for lesion in case.get("lesions", ())]
    lesions = Lesions(
        tuple(str(lesion["id"]) for _, lesion in listed),
        np.array([k for k, _ in listed], dtype=np.intp),
        np.array([lesion["weight"] for _, lesion in listed], dtype=np.float64),
    )
    where = {(cases[k], str(lesion["id"])): n for n, (k, lesion) in enumerate(listed)}
    shape = (len(conditions), len(readers), len(cases))
    ratings = np.full(shape, -np.inf)
    on_lesions = np.full((*shape[:2], len(listed)), -np.inf)
    false = []
    for i, j, k, lesion, rating in document["marks"]["rows"]:
        at = place[0][i], place[1][j], place[2][k]
        ratings[at] = max(ratings[at], rating)
        if lesion is None:
            false.append((*at, rating))
        else:
            n = where[k, str(lesion)]
            on_lesions[at[0], at[1], n] = max(on_lesions[at[0], at[1], n], rating)
    columns = [np.array(column) for column in zip(*false, strict=True)]
    marks = FalseMarks(*(c.astype(np.intp) for c in columns[:3]), columns[3].astype(np.float64))
    return ReaderData("froc", conditions, readers, cases, truth, ratings, None, None, lesions, on_lesions, marks)
