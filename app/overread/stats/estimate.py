"""A figure with its interval and the way both were got."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.stats.resampling import cluster_bootstrap


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with a lower and an upper limit; NaN where there is no number, infinite where it is so.

    ``note`` says in words why a limit is missing or must not be leant on; empty when there is nothing to say.
    """

    value: float
    low: float
    high: float
    method: str
    note: str = ""

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit."""
        return self.low, self.high

    def includes(self, value: float) -> bool | None:
        """Whether the interval holds ``value``; None without an interval."""
        if math.isnan(self.low) or math.isnan(self.high):
            return None
        return self.low <= value <= self.high


def bootstrap_estimate(
    clusters: Sequence[object],
    statistic: Callable[[NDArray[np.intp]], float],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
    drawn: str = "patients",
) -> Estimate:
    """A statistic of all observations, with the percentile interval under resampling of whole clusters.

    Parameters
    ----------
    clusters
        The cluster of each observation (n,).
    statistic
        Takes indices of observations (repeats allowed) and returns a number.
    draws
        Number of resamples.
    drawn
        What the clusters are, for the name of the method.
    """
    value = float(statistic(np.arange(len(clusters))))
    low, high = cluster_bootstrap(clusters, statistic, rng, draws, level)
    note = f"no interval: fewer than two {drawn}" if math.isnan(low) and len(set(clusters)) < 2 else ""
    return Estimate(value, low, high, f"bootstrap over {drawn}, {draws} draws", note)
