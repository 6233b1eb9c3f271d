"""A metric over folds: mean and empirical standard deviation, as papers print it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class FoldSummary:
    """Mean and standard deviation (divisor n - 1) over ``folds``; NaN without any, the deviation of one fold too.

    ``without`` folds had no number and are in neither. The deviation is how folds differ, not a standard error: folds
    share most of their training cases.
    """

    mean: float
    deviation: float
    folds: int
    without: int = 0

    def text(self, digits: int = 2) -> str:
        """As printed, such as ``0.68 ± 0.02``; ``-`` for what is not known."""
        mean, deviation = ("-" if np.isnan(v) else f"{v:.{digits}f}" for v in (self.mean, self.deviation))
        return f"{mean} ± {deviation}"


def over_folds(values: ArrayLike) -> FoldSummary:
    """Mean ± SD of one metric (folds,); NaN is a fold without the metric."""
    each = np.atleast_1d(np.asarray(values, dtype=np.float64))
    known = each[np.isfinite(each)]
    mean = float(known.mean()) if known.size else float("nan")
    deviation = float(known.std(ddof=1)) if known.size > 1 else float("nan")
    return FoldSummary(mean, deviation, int(known.size), int(each.size - known.size))
