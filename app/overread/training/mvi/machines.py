"""Support vector machines from training patients, through scikit-learn (an extra), as plain numbers.

References
----------
Liu 2021 (SEEDS 4.3): on the factors linear, C 0.1, gamma 1, tolerance 0.001; on factors and 512 image features
radial, C 0.1, gamma 0.001, tolerance 0.1, 15 iterations.
"""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.systems.mvi_prediction.machine import SupportMachine
from overread.training.mvi.recipe import MachineRecipe

EXTRA = "overread[train]"


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A machine, whether it converged before its iterations were used up, and how many vectors hold it up."""

    machine: SupportMachine
    has_converged: bool
    support: int


def require_scikit_learn() -> None:
    """Refuse in words where the extra is absent, before anything is drawn.

    Raises
    ------
    InputError
    """
    if importlib.util.find_spec("sklearn") is None:
        raise InputError(
            "This recipe cannot be trained",
            "support vector machines are fitted by scikit-learn, which is not installed",
            f"Install it with pip install '{EXTRA}'",
        )


def fit_machine(inputs: NDArray[np.float64], labels: NDArray[np.int64], recipe: MachineRecipe) -> Fitted:
    """Fit a machine to patients.

    Parameters
    ----------
    inputs
        (patients, inputs) as they come; columns are standardised here.
    labels
        1 for MVI, 0 for none.

    Raises
    ------
    InputError
        scikit-learn is not installed.
    """
    require_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import SVC

    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    sd = np.where(spread > 1e-9, spread, 1.0)
    fitted: Any = SVC(
        kernel=recipe.kernel,
        C=recipe.C,
        gamma=recipe.gamma,
        tol=recipe.tolerance,
        max_iter=recipe.iterations or -1,
        cache_size=200,
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ConvergenceWarning)
        fitted.fit((inputs - mean) / sd, labels)
    has_converged = not any(issubclass(w.category, ConvergenceWarning) for w in said)
    if recipe.kernel == "linear":
        vectors, weights = np.asarray(fitted.coef_, dtype=np.float64), np.ones(1)
    else:
        vectors, weights = np.asarray(fitted.support_vectors_, dtype=np.float64), np.asarray(fitted.dual_coef_[0])
    gamma = recipe.gamma if recipe.kernel == "rbf" else None
    machine = SupportMachine(vectors, weights.astype(np.float64), float(fitted.intercept_[0]), mean, sd, gamma)
    return Fitted(machine, has_converged, len(fitted.support_vectors_))


def decisions(machine: SupportMachine, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a machine decides of patients (patients, inputs)."""
    return np.array([machine.decision(row) for row in inputs])
