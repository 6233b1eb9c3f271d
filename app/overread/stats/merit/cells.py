"""What a significance test needs of a figure of merit: its value for every reader and condition, and what each case
does to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placements:
    """Means of a two-sample kernel over the other sample, for covariances by DeLong.

    ``diseased`` (i, j, k2) and ``healthy`` (i, j, k1): for each case the mean of the kernel over all cases of the
    other class; the figure is the mean of either. NaN where the case was not read.
    """

    diseased: Floats
    healthy: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A figure of merit of all readers under all conditions.

    Attributes
    ----------
    name
        As CONTRACT section 6 calls it, e.g. ``wafroc-auc``.
    values
        (i, j); NaN where it cannot be told.
    left_out
        (i, j, n): the figure without one case, for each of the n cases that can change it; NaN where a reader did not
        read the case.
    cases
        (n,) places of those cases: all, or the healthy alone, or the diseased alone.
    placements
        None where the figure is no mean of a kernel over pairs of a diseased and a healthy case.
    """

    name: str
    values: Floats
    left_out: Floats
    cases: NDArray[np.intp]
    placements: Placements | None = None
