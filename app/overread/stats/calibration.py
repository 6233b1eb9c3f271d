"""From scores to probabilities that mean what they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

RIDGE = 1e-2


def logit(probability: ArrayLike) -> np.ndarray:
    """log(p / (1 - p)), with p kept off 0 and 1."""
    p = np.clip(np.asarray(probability, dtype=np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(p / (1 - p)))


def logistic_recalibration(scores: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """Intercept and slope of a logistic regression of labels on the logit of the scores.

    Parameters
    ----------
    scores
        Ratings between 0 and 1.
    labels
        1 diseased, 0 healthy.

    Notes
    -----
    A ridge of 0.01 on the slope keeps it finite when the classes part completely.

    References
    ----------
    Cox 1958, "Two further applications of a model for binary regression".
    """
    x, y = logit(scores), np.asarray(labels, dtype=np.float64)
    design = np.column_stack([np.ones_like(x), x])
    penalty = np.diag([0.0, RIDGE])
    beta = np.array([0.0, 1.0])
    for _ in range(100):
        p = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (y - p) - penalty @ beta
        hessian = (design * (p * (1 - p))[:, None]).T @ design + penalty + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[0]), float(beta[1])
