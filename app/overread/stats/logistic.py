"""Logistic regression by maximum likelihood: coefficients, errors, odds ratios, and whether there is a fit at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.stats.estimate import Estimate

Floats = NDArray[np.float64]
INTERCEPT = "intercept"
STEPS = 100
WALD = "Wald"


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One factor: log odds ratio per unit, standard error, odds ratio with interval, z and two-sided p (Wald).

    Everything but the name is NaN when the model has no fit.
    """

    name: str
    coefficient: float
    error: float
    odds_ratio: Estimate
    z: float
    p: float


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """The model of ``events`` among ``cases``; ``problem`` says why there is none, and is empty when there is."""

    coefficients: tuple[Coefficient, ...]
    cases: int
    events: int
    log_likelihood: float
    steps: int
    problem: str = ""

    @property
    def has_converged(self) -> bool:
        """Whether the coefficients are those of the greatest likelihood."""
        return not self.problem

    def __getitem__(self, name: str) -> Coefficient:
        return next(c for c in self.coefficients if c.name == name)


def logistic_regression(
    factors: ArrayLike, outcome: ArrayLike, names: Sequence[str], intercept: bool = True, level: float = 0.95
) -> LogisticFit:
    """Fit log odds of the outcome as a weighted sum of factors, without any penalty.

    Parameters
    ----------
    factors
        (n, factors), no missing values.
    outcome
        0 or 1 (n,).
    names
        Of the factors.
    intercept
        Whether a constant is added, named ``intercept`` and put first. All indicators of one factor, such as
        Child-Pugh A, B and C, can stand together only without it: each is then the constant of its group.

    Returns
    -------
    LogisticFit
        With NaN coefficients and a ``problem`` in words where the classes are separated (Albert and Anderson 1984:
        the likelihood then has no maximum), where a factor is a sum of others, or where only one outcome came.

    Raises
    ------
    ValueError
        For missing values, an outcome that is neither 0 nor 1, or shapes that do not fit.

    References
    ----------
    Newton's method (iteratively reweighted least squares), McCullagh and Nelder 1989, section 4.4. Separation is
    found by a linear programme, Konis 2007, not guessed from large coefficients.
    """
    x, y = np.asarray(factors, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    _check(x, y, names)
    design = np.column_stack([np.ones(len(x)), x]) if intercept else x
    labels = [INTERCEPT, *names] if intercept else list(names)
    # Diameters of 3 and AFP of 100,000 in one matrix: every column is brought to the size of 1 and back.
    size = np.sqrt((design**2).mean(axis=0))
    size[size == 0] = 1.0
    scaled = design / size
    problem = _no_fit(scaled, y, labels)
    if problem:
        return _nothing(labels, y, problem)
    beta, steps = _newton(scaled, y)
    if steps == STEPS:
        return _nothing(labels, y, f"no maximum of the likelihood in {STEPS} steps", steps)
    chance = _chance(scaled @ beta)
    errors = np.sqrt(np.diag(np.linalg.inv(_information(scaled, chance)))) / size
    each = tuple(_coefficient(*row, level) for row in zip(labels, beta / size, errors, strict=True))
    return LogisticFit(each, y.size, int(y.sum()), _log_likelihood(scaled @ beta, y), steps)


def _newton(design: Floats, y: Floats) -> tuple[Floats, int]:
    """Coefficients of the greatest likelihood, and the steps it took; a step that lowers it is halved."""
    beta = np.zeros(design.shape[1])
    likelihood = _log_likelihood(design @ beta, y)
    for step in range(STEPS):
        chance = _chance(design @ beta)
        change = np.linalg.solve(_information(design, chance), design.T @ (y - chance))
        while (reached := _log_likelihood(design @ (beta + change), y)) < likelihood - 1e-12 * abs(likelihood):
            change = change / 2
        beta, likelihood = beta + change, reached
        if np.abs(change).max() < 1e-10 * max(1.0, float(np.abs(beta).max())):
            return beta, step + 1
    return beta, STEPS


def _no_fit(design: Floats, y: Floats, labels: Sequence[str]) -> str:
    """Why the likelihood has no single maximum; empty when it has."""
    if y.min() == y.max():
        return "all cases have the same outcome"
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return "a factor is a sum of the others (collinear)"
    apart = _separating(design, y)
    if apart is None:
        return ""
    involved = [name for name, weight in zip(labels, apart, strict=True) if abs(weight) > 1e-6 and name != INTERCEPT]
    return f"the outcomes are separated by {', '.join(involved) or INTERCEPT}: the odds ratio has no limit"


def _separating(design: Floats, y: Floats) -> Floats | None:
    """A direction along which no case is on the wrong side and some are on the right one; None when there is none."""
    from scipy.optimize import linprog

    signed = design * np.where(y > 0, 1.0, -1.0)[:, None]
    result = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(y.size), bounds=(-1, 1), method="highs")
    direction = np.asarray(result.x, dtype=np.float64)
    # The solver keeps its constraints to 1e-7; a true separation of columns of size 1 gains far more.
    return direction if result.status == 0 and float((signed @ direction).sum()) > 1e-5 else None


def _coefficient(name: str, value: float, error: float, level: float) -> Coefficient:
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    z = value / error
    odds = Estimate(_exp(value), _exp(value - reach), _exp(value + reach), WALD)
    return Coefficient(name, float(value), float(error), odds, float(z), math.erfc(abs(z) / math.sqrt(2)))


def _nothing(labels: Sequence[str], y: Floats, problem: str, steps: int = 0) -> LogisticFit:
    nan = math.nan
    odds = Estimate(nan, nan, nan, WALD, problem)
    each = tuple(Coefficient(name, nan, nan, odds, nan, nan) for name in labels)
    return LogisticFit(each, y.size, int(y.sum()), nan, steps, problem)


def _check(x: Floats, y: Floats, names: Sequence[str]) -> None:
    if x.ndim != 2 or y.shape != (x.shape[0],) or len(names) != x.shape[1]:
        raise ValueError(f"factors {x.shape}, outcomes {y.shape}, {len(names)} names")
    if len(x) == 0 or not np.isfinite(x).all():
        raise ValueError("no cases, or a factor is missing")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("an outcome is neither 0 nor 1")


def _chance(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))


def _information(design: Floats, chance: Floats) -> Floats:
    return np.asarray((design * (chance * (1 - chance))[:, None]).T @ design)


def _log_likelihood(logits: Floats, y: Floats) -> float:
    return float((y * logits - np.logaddexp(0, logits)).sum())


def _exp(value: float) -> float:
    return math.inf if value > 700 else math.exp(value)
