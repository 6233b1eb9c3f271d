"""Small made-up studies of every kind, with ties, unmarked cases, missing readings and several lesions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from overread.core.reader_data import Choices, FalseMarks, Lesions, Paradigm, ReaderData


def study(
    seed: int,
    paradigm: Paradigm = "roc",
    healthy: int = 5,
    diseased: int = 5,
    readers: int = 2,
    conditions: int = 2,
    levels: int = 4,
    missing: float = 0.0,
    unmarked: float = 0.3,
) -> ReaderData:
    """A study with ``levels`` ratings from 0 on, cases in a random order.

    Parameters
    ----------
    missing, unmarked
        Share of the readings that were not made, and of lesions, places and cases without a mark.
    """
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(healthy + diseased) < diseased)
    shape = (conditions, readers, truth.size)
    names = tuple(f"{n}" for n in range(truth.size))
    sides = tuple(f"c{n}" for n in range(conditions)), tuple(f"r{n}" for n in range(readers))
    was_read = rng.random(shape) >= missing

    def rated(size: tuple[int, ...], gain: float = 0.0) -> np.ndarray:
        values = np.minimum(rng.integers(0, levels, size) + gain * rng.integers(0, 2, size), levels - 1)
        return np.where(rng.random(size) < unmarked, -np.inf, values)

    if paradigm == "roc":
        ratings = np.minimum(rng.integers(0, levels, shape) + truth, levels - 1).astype(np.float64)
        return ReaderData("roc", *sides, names, truth, np.where(was_read, ratings, np.nan))
    if paradigm == "lroc":
        correct = np.where(was_read & truth, rated(shape, 1), -np.inf)
        incorrect = np.where(was_read, rated(shape), -np.inf)
        ratings = np.where(was_read, np.maximum(correct, incorrect), np.nan)
        correct, incorrect = (np.where(was_read, part, np.nan) for part in (correct, incorrect))
        return ReaderData("lroc", *sides, names, truth, ratings, correct, incorrect)
    owner = np.repeat(np.flatnonzero(truth), rng.integers(1, 4, diseased))
    weight = rng.integers(1, 5, owner.size).astype(np.float64)
    weight /= np.bincount(owner, weight, truth.size)[owner]
    ids = tuple(str(n - int(np.searchsorted(owner, k))) for n, k in enumerate(owner))
    on_lesions = np.where(was_read[..., owner], rated((*shape[:2], owner.size), 1), np.nan)
    counts = np.where(was_read, rng.integers(0, 3, shape), 0)
    where = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0)
    marks = FalseMarks(*where.T, rng.integers(0, levels, len(where)).astype(np.float64))
    ratings = np.full(shape, -np.inf)
    np.maximum.at(ratings, (marks.condition, marks.reader, marks.case), marks.rating)
    for n, k in enumerate(owner):
        ratings[..., k] = np.fmax(ratings[..., k], on_lesions[..., n])
    ratings = np.where(was_read, ratings, np.nan)
    return ReaderData("froc", *sides, names, truth, ratings, None, None, Lesions(ids, owner, weight), on_lesions, marks)


def with_choices(data: ReaderData, seed: int, classes: int = 3) -> ReaderData:
    """The same study with calls among classes: the first is of the healthy, the others are diseases; -1 no call."""
    rng = np.random.default_rng(seed)
    truth = np.where(data.is_diseased, rng.integers(1, classes, len(data.cases)), 0)
    called = np.where(rng.random(data.ratings.shape) < 0.5, truth, rng.integers(-1, classes, data.ratings.shape))
    called = np.where(data.was_read, called, -1)
    confidence = np.where(data.was_read, rng.random(data.ratings.shape), np.nan)
    return replace(data, choices=Choices(("none", "HCC", "ICC", "other")[:classes], truth, called, confidence))
