"""By what the figures are told apart: sizes and kinds of lesions, sites."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.measured import Measured

SLICE_SIZES = {"up to 12 mm": (0.0, 12.0), "12 to 20 mm": (12.0, 20.0), "over 20 mm": (20.0, np.inf)}
LESION_SIZES = {"up to 1.2 cm": (0.0, 12.0), "1.2 to 2 cm": (12.0, 20.0), "over 2 cm": (20.0, np.inf)}
"""Each takes its upper limit in, not its lower one."""
KINDS = ("typical lesions", "atypical lesions", "lesions as bright as the liver")
"""Typical: dark in the hepatobiliary phase. The third are those whose contrast to the liver is under 10 %; they may
be of either of the first two kinds."""


def in_range(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """Above ``low``, at most ``high``."""
    return np.asarray((values > low) & (values <= high))


def sites_of(cases: Sequence[Measured]) -> list[str]:
    """Where the cases come from."""
    return sorted({c.site for c in cases if c.site})
