"""From an effect in ROC area to the effect in free-response area that planning needs, by the radiological search model.

Planners know effects as differences of ROC areas; a free-response figure of the same readers moves further. The model
says how much: a reader marks lesions that are found, and a Poisson number of places that are none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError

Floats = NDArray[np.float64]
NODES = 600
STEPS = np.arange(1, 21) / 100
"""Rises of ``mu`` over which the two areas are compared."""


@dataclass(frozen=True, slots=True)
class SearchModel:
    """A reader who searches: ``mu`` separation of lesions from noise, ``noise_marks`` mean number of noise places of a
    case, ``found`` share of the lesions that are found."""

    mu: float
    noise_marks: float
    found: float

    def __post_init__(self) -> None:
        if not (self.mu > 0 and self.noise_marks > 0 and 0 < self.found < 1):
            raise InputError(
                "no search model of these numbers",
                "separation and noise marks lie above 0, the share found between 0 and 1",
                "Take them from a fit",
            )

    def moved(self, rise: float) -> SearchModel:
        """The same reader with lesions standing out more: fewer noise places, more lesions found.

        References
        ----------
        Chakraborty 2006 (Phys Med Biol 51:3463): what is intrinsic are mu * noise_marks and -log(1 - found) / mu.
        """
        mu = self.mu + rise
        kept = -math.log1p(-self.found) / self.mu
        return SearchModel(mu, self.noise_marks * self.mu / mu, -math.expm1(-mu * kept))


def search_areas(model: SearchModel, lesions: Sequence[float]) -> tuple[float, float]:
    """Areas under the inferred ROC curve and the weighted AFROC curve, lesions of a case weighing the same.

    Parameters
    ----------
    lesions
        Share of the diseased cases with one, two, ... lesions; adds to 1.

    References
    ----------
    Chakraborty 2017, Observer Performance Methods for Diagnostic Imaging, chapter 17.
    """
    from scipy.special import ndtr

    shares = np.asarray(lesions, dtype=np.float64)
    if shares.size == 0 or (shares < 0).any() or not math.isclose(shares.sum(), 1.0, abs_tol=1e-6):
        raise InputError(
            "no areas of the search model", "shares of cases by lesions do not add to 1", "Give all shares"
        )
    node, weight = np.polynomial.legendre.leggauss(NODES)
    low, high = -9.0, model.mu + 9.0
    cut = (high - low) / 2 * node + (high + low) / 2
    above = ndtr(-cut)
    density = np.exp(-(cut**2) / 2) / math.sqrt(2 * math.pi)
    none = np.exp(-model.noise_marks * above)
    slope = model.noise_marks * density * none * weight * (high - low) / 2
    hit = model.found * ndtr(model.mu - cut)
    missed = sum(share * (1 - hit) ** (n + 1) for n, share in enumerate(shares))
    never = math.exp(-model.noise_marks)
    no_lesion = float(sum(share * (1 - model.found) ** (n + 1) for n, share in enumerate(shares)))
    roc = float((slope * (1 - none * missed)).sum()) + never * (2 - never * no_lesion) / 2
    wafroc = float((slope * hit).sum()) + never * (1 + model.found) / 2
    return roc, wafroc


def froc_effect_scale(model: SearchModel, lesions: Sequence[float]) -> tuple[float, float]:
    """By what to multiply a difference of ROC areas to have that of weighted AFROC areas, and how well that line fits.

    Returns
    -------
    tuple of float
        Slope of the line through 0 over twenty small rises of ``mu``, and its R squared.
    """
    base = np.array(search_areas(model, lesions))
    roc, wafroc = np.array([search_areas(model.moved(float(rise)), lesions) for rise in STEPS]).T
    x, y = roc - base[0], wafroc - base[1]
    slope = float(x @ y / (x @ x))
    return slope, 1 - float(((y - slope * x) ** 2).sum() / (y @ y))
