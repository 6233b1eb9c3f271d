"""Net benefit of acting on a probability, against acting on all and on none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DecisionCurve:
    """Net benefit at threshold probabilities (t,): of the model, and of treating all; treating none is 0."""

    thresholds: Floats
    model: Floats
    treat_all: Floats

    @property
    def is_useful(self) -> NDArray[np.bool_]:
        """Where the model does better than both treating all and treating none (t,)."""
        return np.asarray(self.model > np.maximum(self.treat_all, 0.0) + 1e-12)


def decision_curve(
    probabilities: ArrayLike, is_diseased: ArrayLike, thresholds: ArrayLike, weights: ArrayLike | None = None
) -> DecisionCurve:
    """Net benefit TP/n - FP/n x t/(1 - t) of calling at or above the probability t.

    Parameters
    ----------
    probabilities
        Calibrated ones (n,): a score that is not a probability has no net benefit.
    is_diseased
        Truth (n,).
    thresholds
        Probabilities from 0 up to, not at, 1 (t,): how likely the disease must be for a person to want treatment.
    weights
        How often each case counts (n,), for resamples; None for once.

    References
    ----------
    Vickers and Elkin 2006 (Med Decis Making 26:565).
    """
    said, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(is_diseased, dtype=bool)
    at = np.asarray(thresholds, dtype=np.float64)
    if not ((at >= 0) & (at < 1)).all():
        raise ValueError("a threshold probability outside 0 to 1")
    if not ((said >= 0) & (said <= 1)).all():
        raise ValueError("a probability outside 0 to 1")
    weight = np.ones(said.size) if weights is None else np.asarray(weights, dtype=np.float64)
    called = said[None, :] >= at[:, None]
    odds = at / (1 - at)
    with np.errstate(invalid="ignore"):
        share = weight / weight.sum()
    hits, false = called @ (share * truth), called @ (share * ~truth)
    prevalence = float((share * truth).sum())
    return DecisionCurve(at, hits - false * odds, prevalence - (1 - prevalence) * odds)
