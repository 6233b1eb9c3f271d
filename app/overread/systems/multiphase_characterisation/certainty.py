"""How sure a call is: how much dropout moves it, and what such a sureness was worth on validation studies.

References
----------
Wang (SEEDS 2.4): 100 dropout passes for each region, variance of the predicted probabilities [A: summed over the
classes], mean over the regions, 1 less that; the bare number is never shown alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError
from overread.core.reading import Confidence

AGGREGATES = ("sum", "mean", "max")
SAMPLES, RATE, SEED = 100, 0.2, 2020


def variance_of(samples: NDArray[np.float64], aggregate: str = "sum") -> float:
    """Variance of class probabilities (regions, passes, classes): over the passes, then the classes, then the mean.

    Parameters
    ----------
    aggregate
        What becomes of the classes: ``sum``, ``mean`` or ``max``.
    """
    if aggregate not in AGGREGATES:
        raise ValueError(f"classes are brought together by {', '.join(AGGREGATES)}, not {aggregate!r}")
    each = samples.var(axis=1)
    classes: NDArray[np.float64] = getattr(each, aggregate)(axis=1)
    return float(classes.mean())


def aggregate_of(table: Mapping[str, Any], bundle_name: str) -> str:
    """The rule in a manifest's ``[confidence]`` table.

    Raises
    ------
    BundleError
        It is none that is known.
    """
    name = str(table.get("aggregate", AGGREGATES[0]))
    if name not in AGGREGATES:
        why = f"its confidence is brought together by {name!r}, which this version does not know"
        raise BundleError(f"The bundle {bundle_name} cannot run", why, "Install the bundle again")
    return name


def confidence_of(variance: float, table: Mapping[str, Any], trained_on: str) -> Confidence:
    """The confidence with words that say what was kept at it, and how much of that was right.

    Parameters
    ----------
    table
        The manifest's ``[confidence]``: ``validation`` holds for each validation study its confidence and 1 or 0 for
        right or wrong. Without it only the number is told.
    """
    value = 1 - variance
    method = "1 less the mean variance of the class probabilities over dropout passes"
    studies = np.asarray(table.get("validation", []), dtype=np.float64).reshape(-1, 2)
    if not len(studies):
        return Confidence(value, "What such a confidence was worth has not been measured.", method)
    noun = f"validation {trained_on}" if trained_on == "phantoms" else "validation studies"
    kept = studies[studies[:, 0] >= value]
    if not len(kept):
        return Confidence(value, f"Surer than on any of {len(studies)} {noun}.", method)
    share, right = len(kept) / len(studies), float(kept[:, 1].mean())
    words = (
        f"At least as sure on {share:.0%} of {len(studies)} {noun}, of which {right:.0%} were called right; "
        f"of all {float(studies[:, 1].mean()):.0%}."
    )
    return Confidence(value, words, method)
