"""From the answers on slices to the answer on a patient: the sum rule and the any-slice rule.

No slice with a region is no answer (None, told as ``no-region``); it is never taken for benign.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class SumCall:
    """The called class, and the mean vector over slices (classes,) whose largest entry it is."""

    call: int
    scores: tuple[float, ...]
    slices: int


@dataclass(frozen=True, slots=True)
class AnySliceCall:
    """Whether a slice was positive, how many were of how many, and the slice that speaks most for it.

    ``score`` is the largest one of any slice: of the positive classes together, or the score given.
    """

    is_positive: bool
    score: float
    strongest: int
    positive_slices: int
    slices: int


def sum_rule(vectors: ArrayLike) -> SumCall | None:
    """Add the class vectors of all slices; the largest class is the patient's.

    Parameters
    ----------
    vectors
        Class scores (n, classes). Of equal sums the class that comes first is called.

    Returns
    -------
    SumCall or None
        None without slices.

    References
    ----------
    Zhen, SEEDS section 3.3 (a).
    """
    each = _vectors(vectors)
    if each is None:
        return None
    mean = each.mean(axis=0)
    return SumCall(int(each.sum(axis=0).argmax()), tuple(float(v) for v in mean), len(each))


def any_slice_rule(vectors: ArrayLike, positive: Collection[int]) -> AnySliceCall | None:
    """The patient is positive as soon as the largest class of one slice is, and negative only if all slices are.

    Parameters
    ----------
    vectors
        Class scores (n, classes). Of equal scores the class that comes first is the largest.
    positive
        The classes that count, such as primary and metastasis as malignant.

    Returns
    -------
    AnySliceCall or None
        None without slices.

    References
    ----------
    Zhen, SEEDS sections 3.3 (b) and 5, row 8.
    """
    each = _vectors(vectors)
    if each is None:
        return None
    wanted = sorted(set(positive))
    if not wanted or wanted[0] < 0 or wanted[-1] >= each.shape[1]:
        raise ValueError(f"classes {wanted} of {each.shape[1]}")
    return _any(np.isin(each.argmax(axis=1), wanted), each[:, wanted].sum(axis=1))


def any_slice_above(scores: ArrayLike, threshold: float) -> AnySliceCall | None:
    """The patient is positive as soon as one slice's score is at or above a threshold that was fixed before.

    Parameters
    ----------
    scores
        One score per slice (n,).

    Returns
    -------
    AnySliceCall or None
        None without slices.

    References
    ----------
    Liu, SEEDS section 4.4. The score of the patient is that of the highest slice, so that its ROC curve has the same
    points as thresholds on slices.
    """
    each = np.asarray(scores, dtype=np.float64)
    if each.size == 0:
        return None
    if each.ndim != 1 or not np.isfinite(each).all():
        raise ValueError(f"scores of slices of shape {each.shape}, or one is no number")
    return _any(each >= threshold, each)


def _any(is_positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> AnySliceCall:
    """A slice that is positive speaks before one that is not, whatever their scores."""
    strongest = int(np.lexsort((-np.arange(scores.size), scores, is_positive))[-1])
    return AnySliceCall(
        bool(is_positive.any()), float(scores.max()), strongest, int(is_positive.sum()), int(scores.size)
    )


def _vectors(vectors: ArrayLike) -> NDArray[np.float64] | None:
    each = np.asarray(vectors, dtype=np.float64)
    if each.size == 0:
        return None
    if each.ndim != 2 or not np.isfinite(each).all():
        raise ValueError(f"class vectors of shape {each.shape}, or one is no number")
    return each
