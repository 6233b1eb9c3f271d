"""The eight moments of areas under ROC curves, and the components of variance they make.

References
----------
Gallas, Acad Radiol 2006;13:353-362. Gallas and Brown, Neural Netw 2008;21:387-397 (designs that are not crossed).
Gallas, Bandos, Samuelson and Wagner, Commun Stat Theory Methods 2009;38:2586-2603 (components).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.reader_data import ReaderData
from overread.stats.mrmc.ustat_sums import PairSums

Floats = NDArray[np.float64]
Estimate = Literal["unbiased", "biased"]
"""``unbiased`` is the U-statistic, which can be negative; ``biased`` puts the empirical distribution in the place of
the true one (a V-statistic, what a bootstrap with endless draws gives) and is as a rule too large."""

COMPONENTS = ("N", "D", "ND", "R", "NR", "DR", "RND")
"""Healthy cases, diseased cases, readers, and what they do together."""
_INCLUSION = np.array([[1, 0, 0, 0], [-1, 1, 0, 0], [-1, 0, 1, 0], [1, -1, -1, 1]], dtype=np.float64)
"""Sums over any cases, in which equal ones meet, to sums over different cases."""
_INCLUSION_OF_READERS = np.kron(np.array([[1.0, 0.0], [-1.0, 1.0]]), _INCLUSION)
_TO_COMPONENTS = np.array(
    [
        [0, 0, 0, 0, 0, 0, 1, -1],
        [0, 0, 0, 0, 0, 1, 0, -1],
        [0, 0, 0, 0, 1, -1, -1, 1],
        [0, 0, 0, 1, 0, 0, 0, -1],
        [0, 0, 1, -1, 0, 0, -1, 1],
        [0, 1, 0, -1, 0, -1, 0, 1],
        [1, -1, -1, 1, -1, 1, 1, -1],
    ],
    dtype=np.float64,
)
"""Moments to components of variance: equation 19 of Gallas and others 2009."""
_TO_COMPONENT_WEIGHTS = np.array(
    [
        [1, 0, 1, 0, 1, 0, 1, 0],
        [1, 1, 0, 0, 1, 1, 0, 0],
        [1, 0, 0, 0, 1, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 0, 0],
    ],
    dtype=np.float64,
)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What the covariance of two conditions' mean areas is made of; of one condition with itself its variance.

    Attributes
    ----------
    first, second
        Places of the conditions.
    readers, healthy, diseased
        How many there are in either condition.
    areas
        Of both conditions, the mean over readers weighted by their pairs of cases.
    numerators, denominators
        (8,) sums over any cases and readers, and their number of terms.
    biased, unbiased
        (8,) moments M1 to M8; 0 where a design holds no term.
    weights
        (8,) what each moment counts in the covariance.
    """

    first: int
    second: int
    readers: int
    healthy: int
    diseased: int
    areas: tuple[float, float]
    numerators: Floats
    denominators: Floats
    biased: Floats
    unbiased: Floats
    weights: Floats

    def covariance(self, estimate: Estimate = "unbiased") -> float:
        """Covariance of the two mean areas; the variance where both are of the same condition."""
        return float(self.weights @ self._moments(estimate))

    def components(self, estimate: Estimate = "unbiased") -> Floats:
        """(7,) components of variance in the order of ``COMPONENTS``; 0 where the design holds none."""
        parts = _TO_COMPONENTS @ self._moments(estimate)
        return np.where(self.component_weights == 0, 0.0, parts)

    @property
    def component_weights(self) -> Floats:
        """(7,) what each component counts in the covariance."""
        return np.asarray(_TO_COMPONENT_WEIGHTS @ self.weights)

    @property
    def degrees(self) -> Floats:
        """(3,) degrees of freedom of healthy cases, of diseased cases, of readers: whole numbers; infinite for none."""
        weights = self.component_weights[[0, 1, 3]]
        with np.errstate(divide="ignore"):
            return np.asarray(np.round(1 / np.where(weights == 0, 0.0, weights) - 1))

    def _moments(self, estimate: Estimate) -> Floats:
        return self.unbiased if estimate == "unbiased" else self.biased


def moments_of(data: ReaderData, sums: PairSums, first: int, second: int) -> Moments:
    """Moments of two conditions, or of one given twice."""
    products, counts = sums.products[:, first, :, second, :], sums.counts[:, first, :, second, :]
    numerators, denominators = _over_readers(products), _over_readers(counts)
    apart = _INCLUSION_OF_READERS @ denominators
    weights = apart / denominators[7] if denominators[7] > 0 else np.full(8, np.nan)
    weights[7] -= 1
    was_read = data.was_read[first] | data.was_read[second]
    is_case = was_read.any(axis=0)
    return Moments(
        first,
        second,
        int(was_read.any(axis=1).sum()),
        int((is_case & ~data.is_diseased).sum()),
        int((is_case & data.is_diseased).sum()),
        (_mean_area(sums, first), _mean_area(sums, second)),
        numerators,
        denominators,
        _ratio(numerators, denominators),
        _ratio(_INCLUSION_OF_READERS @ numerators, apart),
        weights,
    )


def reader_covariance(sums: PairSums, first: int, second: int, reader: int) -> float:
    """Covariance over random cases of one reader's areas under two conditions; the variance where they are one.

    0 where the reader read no case under both; NaN where one of the areas has no pair of cases.
    """
    numerators = sums.products[:, first, reader, second, reader]
    denominators = sums.counts[:, first, reader, second, reader]
    if denominators[3] == 0:
        return float("nan")
    apart = _INCLUSION @ denominators
    weights = apart / denominators[3]
    weights[3] -= 1
    return float(weights @ _ratio(_INCLUSION @ numerators, apart))


def _over_readers(parts: Floats) -> Floats:
    """(8,) from (4, j, j): sums over the same reader twice, then over any two."""
    return np.concatenate((np.trace(parts, axis1=1, axis2=2), parts.sum(axis=(1, 2))))


def _mean_area(sums: PairSums, condition: int) -> float:
    pairs = float(sums.pairs[condition].sum())
    return float(sums.totals[condition].sum()) / pairs if pairs > 0 else float("nan")


def _ratio(numerators: Floats, denominators: Floats) -> Floats:
    """Moments; a kind of pair that the design does not hold gives 0, as its weight is 0 too."""
    return np.divide(numerators, denominators, out=np.zeros_like(numerators), where=denominators != 0)
