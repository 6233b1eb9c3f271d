"""What seeing a system's output did to answers: gained and lost, and what one found that another missed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.core.errors import InputError
from overread.core.reader_data import UNMARKED, ReaderData
from overread.stats.estimate import Estimate
from overread.stats.mcnemar import mcnemar
from overread.stats.proportions import proportion
from overread.stats.resampling import cluster_weights, ratio_bootstrap

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Consultations:
    """Answers before and after a system's output was shown.

    Attributes
    ----------
    kept_right, lost, gained, kept_wrong
        Counts: right and right, right and then wrong, wrong and then right, wrong and wrong.
    negative_ratio
        Negative consultations among those that mattered: lost of lost + gained [A: the papers do not define it].
    lost_share, gained_share
        Lost of those right before; gained of those wrong before.
    p
        Exact McNemar test of lost against gained; of several readers together NaN, their answers on a case being
        no separate ones.
    """

    kept_right: int
    lost: int
    gained: int
    kept_wrong: int
    negative_ratio: Estimate
    lost_share: Estimate
    gained_share: Estimate
    p: float


@dataclass(frozen=True, slots=True)
class Found:
    """Some lesions: how many, and their mean size with its deviation (divisor n - 1) over those of known size."""

    count: int
    mean_mm: float
    deviation_mm: float


@dataclass(frozen=True, slots=True)
class FoundBy:
    """Lesions by who found them."""

    both: Found
    first_only: Found
    second_only: Found
    neither: Found


def consultations(right_before: ArrayLike, right_after: ArrayLike, level: float = 0.95) -> Consultations:
    """Count one reader's answers, or findings, that changed.

    Parameters
    ----------
    right_before, right_after
        (n,): whether each case was answered rightly, or each lesion found, without and with the system's output.
    """
    before, after = _flags(right_before, right_after)
    counts = _changes(before, after)
    kept, lost, gained, wrong = counts
    return Consultations(
        *counts,
        proportion(lost, lost + gained, level),
        proportion(lost, kept + lost, level),
        proportion(gained, gained + wrong, level),
        mcnemar(lost, gained).exact_p,
    )


def consultations_of_readers(
    right_before: ArrayLike,
    right_after: ArrayLike,
    patients: Sequence[object],
    rng: np.random.Generator,
    was_read: ArrayLike | None = None,
    draws: int = 2000,
    level: float = 0.95,
) -> Consultations:
    """The same over several readers, with intervals from resampling patients: readers share their cases.

    Parameters
    ----------
    right_before, right_after
        (readers, n).
    patients
        Whose each case or lesion is (n,).
    was_read
        (readers, n), which were answered both times; None for all.
    """
    before, after = _flags(right_before, right_after)
    there = np.ones(before.shape, dtype=bool) if was_read is None else np.asarray(was_read, dtype=bool)
    names, number = np.unique(np.asarray(list(patients)).astype(str), return_inverse=True)
    parts = [(before & after), (before & ~after), (~before & after), (~before & ~after)]
    kept, lost, gained, wrong = (
        np.asarray(np.bincount(number, (part & there).sum(axis=0), names.size), dtype=np.float64) for part in parts
    )
    weights = cluster_weights(names.size, rng, draws)

    def share(some: Floats, of: Floats) -> Estimate:
        whole = float(of.sum())
        low, high = ratio_bootstrap(some, of, weights, level)
        value = float(some.sum()) / whole if whole else math.nan
        return Estimate(value, low, high, f"bootstrap over patients, {draws} draws")

    return Consultations(
        int(kept.sum()),
        int(lost.sum()),
        int(gained.sum()),
        int(wrong.sum()),
        share(lost, lost + gained),
        share(lost, kept + lost),
        share(gained, gained + wrong),
        math.nan,
    )


def right_answers(data: ReaderData, condition: int, at: float | None = None) -> tuple[Flags, Flags]:
    """Which cases readers answered rightly under a condition, and which they answered (readers, cases).

    Parameters
    ----------
    at
        A rating of at least this calls the case diseased. None: the classes that were called; a case read without
        a call is wrong.

    Raises
    ------
    InputError
        When no classes were called and no rating is given to cut at.
    """
    if at is not None:
        ratings = data.ratings[condition]
        return np.asarray((ratings >= at) == data.is_diseased) & ~np.isnan(ratings), ~np.isnan(ratings)
    if data.choices is None:
        raise InputError(
            "Answers cannot be called right or wrong",
            "readers gave ratings and called no class",
            "Give the rating from which a case counts as positive",
        )
    called = data.choices.called[condition]
    return np.asarray(called == data.choices.truth), data.was_read[condition] | (called >= 0)


def consultations_between(
    data: ReaderData,
    before: int,
    after: int,
    rng: np.random.Generator,
    at: float | None = None,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[Mapping[str, Consultations], Consultations]:
    """Each reader's changed answers between two conditions, and those of all; only cases answered both times count.

    Parameters
    ----------
    before, after
        Places of the conditions, e.g. unaided and aided.
    at
        As in `right_answers`.
    """
    (first, read_first), (second, read_second) = (right_answers(data, n, at) for n in (before, after))
    both = read_first & read_second
    of_readers = {
        name: consultations(first[j, both[j]], second[j, both[j]], level) for j, name in enumerate(data.readers)
    }
    patients = data.patients or data.cases
    return of_readers, consultations_of_readers(first, second, patients, rng, both, draws, level)


def found_lesions(data: ReaderData, condition: int, reader: int, at_least: float = UNMARKED) -> Flags:
    """Which lesions (l,) of a free-response study a reader marked with at least a rating; by default with any."""
    if data.lesion_ratings is None:
        raise ValueError(f"a {data.paradigm} study has no lesions")
    ratings = data.lesion_ratings[condition, reader]
    return np.asarray((ratings >= at_least) & (ratings > UNMARKED))


def found_by(first: ArrayLike, second: ArrayLike, sizes_mm: ArrayLike) -> FoundBy:
    """Lesions that one of two found and the other missed, with their sizes.

    Parameters
    ----------
    first, second
        (l,): whether each found each lesion.
    sizes_mm
        (l,), NaN for unknown.
    """
    a, b = _flags(first, second)
    sizes = np.asarray(sizes_mm, dtype=np.float64)
    if sizes.shape != a.shape:
        raise ValueError(f"{sizes.shape} sizes of {a.shape} lesions")
    return FoundBy(*(_found(sizes[group]) for group in (a & b, a & ~b, ~a & b, ~a & ~b)))


def _found(sizes: Floats) -> Found:
    known = sizes[np.isfinite(sizes)]
    mean = float(known.mean()) if known.size else math.nan
    return Found(int(sizes.size), mean, float(known.std(ddof=1)) if known.size > 1 else math.nan)


def _changes(before: Flags, after: Flags) -> tuple[int, int, int, int]:
    parts = (before & after, before & ~after, ~before & after, ~before & ~after)
    kept, lost, gained, wrong = (int(np.count_nonzero(part)) for part in parts)
    return kept, lost, gained, wrong


def _flags(first: ArrayLike, second: ArrayLike) -> tuple[Flags, Flags]:
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape:
        raise ValueError(f"{a.shape} and {b.shape} answers are no pairs")
    return a, b
