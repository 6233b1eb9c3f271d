"""Whether probabilities mean what they say: bins, expected calibration error, Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Probabilities in bins (b,): mean said, share that came true, cases; NaN in an empty bin.

    ``edges`` (b + 1,); a probability on an edge belongs to the bin above it, 1 to the last.
    """

    edges: Floats
    said: Floats
    came_true: Floats
    counts: NDArray[np.intp]

    @property
    def expected_error(self) -> float:
        """Mean distance of what was said from what came true, weighted by cases (ECE)."""
        return float(np.nansum(np.abs(self.said - self.came_true) * self.counts) / self.counts.sum())

    @property
    def largest_error(self) -> float:
        """Distance in the worst bin (MCE)."""
        return float(np.nanmax(np.abs(self.said - self.came_true)))


def reliability(probabilities: ArrayLike, came_true: ArrayLike, bins: int = BINS) -> Reliability:
    """Sort probabilities into ``bins`` bins of equal width and compare each with what happened.

    Parameters
    ----------
    probabilities
        0 to 1 (n,): of the disease, or of the called class (`called_class`).
    came_true
        Whether it was so (n,).

    Raises
    ------
    ValueError
        For probabilities outside 0 to 1 or that are no numbers, and without any.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks". The error depends on the number of bins: say it.
    """
    said, true = _probabilities(probabilities), np.asarray(came_true, dtype=np.float64)
    if said.shape != true.shape or said.size == 0:
        raise ValueError(f"{said.shape} probabilities, {true.shape} outcomes")
    edges = np.arange(bins + 1) / bins  # linspace puts 0.6 a hair too high, and a probability of 0.6 below it
    number = np.minimum(np.searchsorted(edges, said, side="right") - 1, bins - 1)
    counts = np.bincount(number, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(number, weights=w, minlength=bins) / counts for w in (said, true)]
    return Reliability(edges, means[0], means[1], counts.astype(np.intp))


def called_class(probabilities: ArrayLike, truth: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Probability of the largest class of each case, and whether it was that class: what ECE of several classes uses.

    Parameters
    ----------
    probabilities
        (n, classes).
    truth
        Class of each case (n,).
    """
    said = _probabilities(probabilities)
    return said.max(axis=1), said.argmax(axis=1) == np.asarray(truth, dtype=np.intp)


def brier(probabilities: ArrayLike, is_diseased: ArrayLike) -> float:
    """Mean squared distance of a probability from 0 or 1; 0 is best, 1 worst; NaN without cases.

    References
    ----------
    Brier 1950, in the form for two classes.
    """
    said, true = _probabilities(probabilities), np.asarray(is_diseased, dtype=np.float64)
    return float(np.mean((said - true) ** 2)) if said.size else float("nan")


def multiclass_brier(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Brier's score over classes: mean of sum_k (p_k - y_k)^2; 0 is best, 2 worst; NaN without cases.

    Notes
    -----
    With two classes it is twice `brier`.

    Parameters
    ----------
    probabilities
        (n, classes).
    truth
        Class of each case (n,).
    """
    said = _probabilities(probabilities)
    if said.shape[0] == 0:
        return float("nan")
    happened = np.eye(said.shape[1])[np.asarray(truth, dtype=np.intp)]
    return float(np.mean(((said - happened) ** 2).sum(axis=1)))


def _probabilities(values: ArrayLike) -> Floats:
    said = np.asarray(values, dtype=np.float64)
    if not ((said >= 0) & (said <= 1)).all():
        raise ValueError("a probability outside 0 to 1")
    return said
