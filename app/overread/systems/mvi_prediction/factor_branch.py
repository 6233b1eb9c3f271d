"""The clinical facts' share of the logits, in plain numbers: no network has to run again when a fact changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class FactorBranch:
    """A dense layer over the facts, ReLU, and the facts' columns of the last layer.

    Parameters
    ----------
    weight, bias
        (units, factors) and (units,) of the dense layer.
    last
        (2, units): columns of the last layer that belong to the units.
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    last: NDArray[np.float64]

    def logits(self, facts: NDArray[np.float64]) -> NDArray[np.float64]:
        """What facts (n, factors) or (factors,) add to the image's logits: (n, 2) or (2,)."""
        units = np.maximum(facts @ self.weight.T + self.bias, 0.0)
        share: NDArray[np.float64] = units @ self.last.T
        return share
