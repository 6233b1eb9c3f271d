"""Support vector machines as plain numbers: what a trained one needs to decide, without the library that trained it.

References
----------
Liu 2021 (SEEDS 4.3): a linear machine on the factors, one with a radial kernel on factors and image features.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import BundleError

KERNELS = ("linear", "rbf")
PREFIX = "svm."
_TENSORS = ("vectors", "coefficients", "intercept", "mean", "sd")


@dataclass(frozen=True, slots=True, eq=False)
class SupportMachine:
    """A machine for two classes.

    Parameters
    ----------
    vectors
        Support vectors (n, inputs), standardised; of a linear machine the one normal vector of its plane (1, inputs).
    coefficients
        (n,): weight of each; of a linear machine 1.
    intercept
        Added to the sum.
    mean, sd
        (inputs,): what inputs are standardised with.
    gamma
        Of the radial kernel; None is the linear one.
    """

    vectors: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    intercept: float
    mean: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    sd: NDArray[np.float64] = field(default_factory=lambda: np.ones(0))
    gamma: float | None = None

    def __post_init__(self) -> None:
        inputs = self.vectors.shape[-1]
        shapes = (self.coefficients.shape, self.mean.shape, self.sd.shape)
        if self.vectors.ndim != 2 or shapes != ((len(self.vectors),), (inputs,), (inputs,)):
            raise ValueError("vectors, coefficients, mean and sd do not go together")
        if not (self.sd > 0).all() or not math.isfinite(self.intercept):
            raise ValueError("sd or intercept cannot be")

    @property
    def inputs(self) -> int:
        """How many numbers it takes."""
        return int(self.vectors.shape[1])

    def decision(self, inputs: NDArray[np.float64]) -> float:
        """Signed distance from the border, above 0 for MVI, of one patient's numbers (inputs,)."""
        x = (np.asarray(inputs, dtype=np.float64) - self.mean) / self.sd
        if self.gamma is None:
            return float(self.vectors @ x @ self.coefficients + self.intercept)
        kernel = np.exp(-self.gamma * ((self.vectors - x) ** 2).sum(axis=1))
        return float(kernel @ self.coefficients + self.intercept)

    def tensors(self) -> dict[str, NDArray[np.float64]]:
        """As a bundle's weights hold them."""
        values = (self.vectors, self.coefficients, np.array([self.intercept]), self.mean, self.sd)
        return {PREFIX + name: np.ascontiguousarray(value) for name, value in zip(_TENSORS, values, strict=True)}


def machine_from(path: Path, table: Mapping[str, object], inputs: int, bundle_name: str) -> SupportMachine:
    """The machine in a bundle's weights.

    Parameters
    ----------
    table
        The manifest's ``[svm]``: ``kernel``, and ``gamma`` of a radial one.
    inputs
        How many numbers the bundle will give it.

    Raises
    ------
    BundleError
        The weights hold no such machine.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(path)
        vectors, coefficients, intercept, mean, sd = (
            np.asarray(stored[PREFIX + name], dtype=np.float64) for name in _TENSORS
        )
        if table["kernel"] not in KERNELS:
            raise ValueError("its kernel is not known")
        gamma = float(str(table["gamma"])) if table["kernel"] == "rbf" else None
        machine = SupportMachine(vectors, coefficients, float(intercept[0]), mean, sd, gamma)
        if machine.inputs != inputs:
            raise ValueError("it takes another number of inputs")
        return machine
    except (SafetensorError, OSError, KeyError, IndexError, ValueError) as problem:
        raise BundleError(
            f"The bundle {bundle_name} cannot run", "its weights hold no machine of its kind", "Install it again"
        ) from problem
