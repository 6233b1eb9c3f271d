"""Calls among several classes: table of confusion, shares of each class against the rest, areas.

A table of counts has a row per true class and a column per called class, and one column more for the cases without a
call (``no-region``): those are misses of their class and are never charged to another. Leading axes are resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.stats.delong import area_interval, delong
from overread.stats.estimate import Estimate
from overread.stats.proportions import proportion

Floats = NDArray[np.float64]
NO_CALL = -1
"""The call of a case that got none."""


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class against the rest; ``f1`` is NaN for a class that neither came nor was called."""

    name: str
    cases: int
    calls: int
    sensitivity: Estimate
    specificity: Estimate
    f1: float


def confusion(truth: ArrayLike, calls: ArrayLike, classes: int) -> Floats:
    """Counts (classes, classes + 1): rows true class, columns called class, last column without a call.

    Parameters
    ----------
    truth
        Class of each case (n,), 0 to ``classes`` - 1.
    calls
        Called class (n,), or ``NO_CALL``.

    Raises
    ------
    ValueError
        For a class that is not there, or arrays of different lengths.
    """
    true, called = _checked(truth, calls, classes)
    counts = np.zeros((classes, classes + 1))
    np.add.at(counts, (true, called), 1)
    return counts


def resampled_confusion(
    truth: ArrayLike, calls: ArrayLike, classes: int, clusters: ArrayLike, weights: Floats
) -> Floats:
    """The table under every resample of whole clusters (draws, classes, classes + 1).

    Parameters
    ----------
    clusters
        Number of the cluster (patient) of each case (n,).
    weights
        Resamples (draws, clusters) from `resampling.cluster_weights`.
    """
    true, called = _checked(truth, calls, classes)
    by_cluster = np.zeros((weights.shape[1], classes, classes + 1))
    np.add.at(by_cluster, (np.asarray(clusters, dtype=np.intp), true, called), 1)
    return np.asarray(np.tensordot(weights, by_cluster, axes=1), dtype=np.float64)


def accuracy(counts: Floats) -> Floats:
    """Share of all cases called rightly (...); NaN without cases."""
    with np.errstate(invalid="ignore"):
        return np.asarray(_right(counts).sum(axis=-1) / counts.sum(axis=(-1, -2)))


def sensitivity(counts: Floats) -> Floats:
    """Share of each class called rightly (..., classes); NaN for a class without cases."""
    with np.errstate(invalid="ignore"):
        return np.asarray(_right(counts) / counts.sum(axis=-1))


def specificity(counts: Floats) -> Floats:
    """Share of the other classes not called this one (..., classes); NaN where there is no other case."""
    others = counts.sum(axis=(-1, -2))[..., None] - counts.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(1 - _false(counts) / others)


def f1(counts: Floats) -> Floats:
    """2 TP / (2 TP + FP + FN) of each class (..., classes); NaN for a class that neither came nor was called."""
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * _right(counts) / (counts.sum(axis=-1) + counts[..., :-1].sum(axis=-2)))


def macro_f1(counts: Floats, among: ArrayLike | None = None) -> Floats:
    """Plain mean of the classes' F1 (...).

    Parameters
    ----------
    among
        Over which classes (classes,) the mean is, as ``has_class`` says it of a whole set: the mean of a part of the
        set, or of a resample, then is over the same classes, and one that has dropped out of it counts with 0. None:
        over those that came or were called, of each table by itself.

    Notes
    -----
    A class with calls and no case counts with 0. Of a whole set this is scikit-learn's rule when it is not told the
    labels; of a part with ``among`` its rule when it is told them.
    """
    each = f1(counts)
    known = np.isfinite(each)
    meant = known if among is None else np.asarray(among, dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known & meant, each, 0).sum(axis=-1) / meant.sum(axis=-1))


def precision(counts: Floats) -> Floats:
    """Share of the calls of each class that are right (..., classes); NaN for a class never called."""
    with np.errstate(invalid="ignore"):
        return np.asarray(_right(counts) / counts[..., :-1].sum(axis=-2))


def negative_value(counts: Floats) -> Floats:
    """Share of the cases not called each class that are not of it (..., classes); NaN where all are called it."""
    calls = counts[..., :-1].sum(axis=-2)
    missed = counts.sum(axis=-1) - _right(counts)
    with np.errstate(invalid="ignore"):
        return np.asarray(1 - missed / (counts.sum(axis=(-1, -2))[..., None] - calls))


def balanced_accuracy(counts: Floats) -> Floats:
    """Plain mean of the sensitivities of the classes that came (...)."""
    return np.asarray(np.nanmean(sensitivity(counts), axis=-1))


def weighted_f1(counts: Floats) -> Floats:
    """Mean of the classes' F1, each counting as often as it came (...)."""
    cases = counts.sum(axis=-1)
    each = np.where(cases > 0, f1(counts), 0)
    with np.errstate(invalid="ignore"):
        return np.asarray((each * cases).sum(axis=-1) / cases.sum(axis=-1))


def matthews(counts: Floats) -> Floats:
    """Correlation of truth and call (...): 1 all right, 0 what chance gives; NaN where either never varies.

    References
    ----------
    Matthews 1975; for several classes Gorodkin 2004. Cases without a call are a call of their own.
    """
    cases, calls = counts.sum(axis=-1), counts.sum(axis=-2)
    total = cases.sum(axis=-1)
    spread = (total**2 - (cases**2).sum(axis=-1)) * (total**2 - (calls**2).sum(axis=-1))
    with np.errstate(invalid="ignore"):
        return np.asarray(
            (_right(counts).sum(axis=-1) * total - (cases * calls[..., :-1]).sum(axis=-1)) / np.sqrt(spread)
        )


def has_class(counts: Floats) -> NDArray[np.bool_]:
    """Which classes came or were called (..., classes)."""
    return np.asarray(counts.sum(axis=-1) + counts[..., :-1].sum(axis=-2) > 0)


def class_figures(counts: Floats, names: Sequence[str], level: float = 0.95) -> tuple[ClassFigures, ...]:
    """Each class against the rest, with exact intervals.

    Parameters
    ----------
    counts
        One table (classes, classes + 1).
    names
        Of the classes, in the table's order.
    """
    if len(names) != counts.shape[0]:
        raise ValueError(f"{len(names)} names for {counts.shape[0]} classes")
    right, cases, false = _right(counts), counts.sum(axis=-1), _false(counts)
    others, calls, each = counts.sum() - cases, counts[:, :-1].sum(axis=0), f1(counts)
    return tuple(
        ClassFigures(
            name,
            int(cases[k]),
            int(calls[k]),
            proportion(int(right[k]), int(cases[k]), level),
            proportion(int(others[k] - false[k]), int(others[k]), level),
            float(each[k]),
        )
        for k, name in enumerate(names)
    )


def one_vs_rest_areas(scores: ArrayLike, truth: ArrayLike, level: float = 0.95) -> tuple[Estimate, ...]:
    """Area under the ROC curve of each class's score, the other classes taken as healthy, with DeLong's interval.

    Parameters
    ----------
    scores
        (n, classes). A row of NaN is a case without an answer: it ranks below all others for every class, a miss
        of its own class.
    truth
        Class of each case (n,).

    Returns
    -------
    tuple of Estimate
        NaN for a class without cases, or of which all cases are.
    """
    values, true = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.intp)
    if values.ndim != 2 or values.shape[0] != true.size:
        raise ValueError(f"scores {values.shape} of {true.size} cases")
    ranked = np.where(np.isnan(values), -np.inf, values)
    return tuple(_area(ranked[true == k, k], ranked[true != k, k], level) for k in range(values.shape[1]))


def _area(diseased: Floats, healthy: Floats, level: float) -> Estimate:
    areas = delong(diseased, healthy)
    value, variance = float(areas.values[0]), float(areas.covariance[0, 0])
    low, high = area_interval(value, variance, level)
    if np.isnan(value):
        note = "one side has no case"
    else:
        note = "no interval: the ratings do not vary" if np.isnan(low) else ""
    return Estimate(value, low, high, "DeLong, one against the rest", note)


def _right(counts: Floats) -> Floats:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _false(counts: Floats) -> Floats:
    """Cases of other classes called this one (..., classes)."""
    return np.asarray(counts[..., :-1].sum(axis=-2) - _right(counts))


def _checked(truth: ArrayLike, calls: ArrayLike, classes: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    true, called = np.asarray(truth, dtype=np.intp), np.asarray(calls, dtype=np.intp)
    if true.shape != called.shape or true.ndim != 1:
        raise ValueError(f"{true.shape} truths, {called.shape} calls")
    if ((true < 0) | (true >= classes)).any() or ((called < NO_CALL) | (called >= classes)).any():
        raise ValueError(f"a class outside 0 to {classes - 1}")
    return true, np.where(called == NO_CALL, classes, called)
