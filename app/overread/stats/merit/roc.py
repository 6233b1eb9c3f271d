"""ROC figures of merit of plain ratings."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def roc_auc(diseased: ArrayLike, healthy: ArrayLike) -> float:
    """Area under the empirical ROC curve: P(diseased > healthy) + P(equal) / 2.

    Parameters
    ----------
    diseased, healthy
        Ratings of the two classes, higher is more suspicious. Ties count half.

    Returns
    -------
    float
        NaN when a class is empty.
    """
    positive = np.asarray(diseased, dtype=np.float64)
    negative = np.sort(np.asarray(healthy, dtype=np.float64))
    if positive.size == 0 or negative.size == 0:
        return float("nan")
    below = np.searchsorted(negative, positive, side="left")
    not_above = np.searchsorted(negative, positive, side="right")
    return float((below + not_above).sum() / (2.0 * positive.size * negative.size))
