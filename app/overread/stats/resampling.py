"""Bootstrap over clusters: patients are drawn, their slices and lesions come along."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


def cluster_bootstrap(
    clusters: Sequence[object],
    statistic: Callable[[NDArray[np.intp]], float],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a statistic under resampling of whole clusters.

    Parameters
    ----------
    clusters
        The cluster (patient) of each observation.
    statistic
        Takes indices of observations (repeats allowed) and returns a number; NaN draws are left out.
    draws
        Number of resamples.

    Returns
    -------
    tuple of float
        Lower and upper limit; NaN when fewer than two clusters are there.
    """
    names, inverse = np.unique(np.asarray(clusters).astype(str), return_inverse=True)
    if names.size < 2:
        return float("nan"), float("nan")
    order = np.argsort(inverse, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    values = np.empty(draws)
    for n in range(draws):
        chosen = rng.integers(0, names.size, names.size)
        values[n] = statistic(np.concatenate([members[c] for c in chosen]))
    values = values[np.isfinite(values)]
    if values.size == 0:
        return float("nan"), float("nan")
    tail = 50 * (1 - level)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
