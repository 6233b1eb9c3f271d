"""A figure in parts of the cases: by site, size or kind, and how far two parts lie apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.stats.estimate import Estimate
from overread.stats.resampling import cluster_bootstrap

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Subgroup:
    """A figure in a part of the cases, and that minus the figure of all other cases; NaN where nothing is left."""

    name: str
    cases: int
    value: Estimate
    from_others: Estimate


def subgroups(
    names: Sequence[str],
    patients: Sequence[object],
    statistic: Callable[[Indices], float],
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
) -> Mapping[str, Subgroup]:
    """A statistic of every named part, with percentile intervals from resampling patients.

    Parameters
    ----------
    names
        The part of each case (n,); empty for none.
    patients
        Whose it is (n,).
    statistic
        Takes indices of cases (repeats allowed) and returns a number, NaN for none.

    Notes
    -----
    Intervals of parts do not say whether they differ: ``from_others`` does. No p-values: parts are many.
    """
    labels = np.asarray(names).astype(str)
    if labels.shape != (len(patients),):
        raise ValueError(f"{labels.shape} names of {len(patients)} cases")
    method = f"bootstrap over patients, {draws} draws"

    def of(index: Indices) -> float:
        return float(statistic(index)) if index.size else math.nan

    found = {}
    for name in sorted(set(labels.tolist()) - {""}):

        def inside(index: Indices, name: str = name) -> float:
            return of(index[labels[index] == name])

        def apart(index: Indices, name: str = name) -> float:
            return inside(index) - of(index[labels[index] != name])

        everyone = np.arange(labels.size)
        seed = int(rng.integers(2**63))
        estimates = [
            Estimate(
                each(everyone),
                *cluster_bootstrap(patients, each, np.random.default_rng(seed), draws, level),
                method,
            )
            for each in (inside, apart)
        ]
        found[name] = Subgroup(name, int(np.count_nonzero(labels == name)), *estimates)
    return found
