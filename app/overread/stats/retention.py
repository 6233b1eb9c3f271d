"""What a metric becomes when only the cases of which the reader is most sure are kept.

Cases are kept by falling confidence and equal ones together, so that the order of the file decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.stats.estimate import Estimate, bootstrap_estimate

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Metric = Callable[[Indices], float]
SHARE = 0.7
"""The line at which Wang compares (SEEDS 2.6)."""


@dataclass(frozen=True, slots=True, eq=False)
class RetentionCurve:
    """A metric (k,) of the cases with at least ``confidences`` (k,), which are ``shares`` (k,) of all; rising share."""

    shares: Floats
    values: Floats
    confidences: Floats


@dataclass(frozen=True, slots=True)
class RetentionGain:
    """A metric of the surest cases, of all, and the first minus the second.

    ``kept`` of ``total`` cases stayed, those with at least ``confidence``: more than asked where confidences tie.
    """

    kept: int
    total: int
    confidence: float
    surest: Estimate
    everyone: Estimate
    difference: Estimate

    @property
    def helps(self) -> bool:
        """Whether the whole interval of the difference lies above 0; without an interval nothing is shown to help."""
        return self.difference.low > 0


def surest(confidence: ArrayLike, share: float = SHARE) -> Indices:
    """Indices of the surest ``share`` of the cases, in their order: the fewest that reach it with no tie broken.

    Parameters
    ----------
    confidence
        Of each case (n,). NaN: the case has none (``no-region``) and is the first to go. +inf keeps a case always.
    share
        Above 0, up to 1.
    """
    sure = _ranked(confidence)
    return np.flatnonzero(sure >= _limit(sure, share))


def retention_curve(confidence: ArrayLike, metric: Metric) -> RetentionCurve:
    """The metric at every share that can be kept without breaking a tie.

    Parameters
    ----------
    metric
        Takes indices of cases and returns a number.
    """
    sure = _ranked(confidence)
    limits = np.unique(sure)[::-1]
    kept = [np.flatnonzero(sure >= limit) for limit in limits]
    return RetentionCurve(
        np.array([index.size / sure.size for index in kept]),
        np.array([metric(index) for index in kept], dtype=np.float64),
        limits,
    )


def kept_weights(confidence: ArrayLike, share: float = SHARE) -> Floats:
    """How much of each case (n,) stays when exactly ``share`` of all is kept, ties being drawn by lot on the average.

    What an ordinal confidence needs, where the steps seldom fall on the wanted share: cases above the step that is
    cut count 1, those on it all the same part, those below 0. A metric of weighted cases is then the one expected over
    all ways to break the ties (exactly so where it is a mean, such as accuracy; nearly so for F1). Of several classes:
    `multiclass.resampled_confusion` with each case its own cluster takes such weights.

    Parameters
    ----------
    confidence, share
        As in `surest`.

    Returns
    -------
    ndarray
        Adds up to ``share`` * n.
    """
    sure = _ranked(confidence)
    limit, wanted = _limit(sure, share), share * sure.size
    above, tied = sure > limit, sure == limit
    part = (wanted - np.count_nonzero(above)) / np.count_nonzero(tied)
    return np.where(above, 1.0, np.where(tied, part, 0.0))


def retention_gain(
    confidence: ArrayLike,
    metric: Metric,
    patients: Sequence[object],
    rng: np.random.Generator,
    share: float = SHARE,
    draws: int = 2000,
    level: float = 0.95,
) -> RetentionGain:
    """Compare the surest share with all cases, with bootstrap intervals over patients.

    Parameters
    ----------
    confidence, patients
        Of each case (n,).
    metric
        Takes indices of cases (repeats allowed) and returns a number, NaN for none.
    rng
        The three intervals use the same resamples.

    Notes
    -----
    The line is drawn anew in every resample: where it falls is part of what is uncertain.
    """
    sure = _ranked(confidence)

    def of_surest(index: Indices) -> float:
        return float(metric(index[surest(sure[index], share)]))

    def of_difference(index: Indices) -> float:
        return of_surest(index) - float(metric(index))

    seed = int(rng.integers(2**63))
    estimates = [
        bootstrap_estimate(patients, statistic, np.random.default_rng(seed), draws, level)
        for statistic in (of_surest, lambda index: float(metric(index)), of_difference)
    ]
    kept = surest(sure, share)
    return RetentionGain(int(kept.size), int(sure.size), float(_limit(sure, share)), *estimates)


def _ranked(confidence: ArrayLike) -> Floats:
    values = np.asarray(confidence, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"confidences of shape {values.shape}")
    return np.where(np.isnan(values), -np.inf, values)


def _limit(sure: Floats, share: float) -> float:
    """Confidence of the last case that must stay."""
    if not 0 < share <= 1:
        raise ValueError(f"{share} is no share to keep")
    # 0.7 * 10 is a hair above 7: without the slack an eighth case would be asked for
    count = max(1, math.ceil(share * sure.size - 1e-9))
    return float(np.sort(sure)[-count])
