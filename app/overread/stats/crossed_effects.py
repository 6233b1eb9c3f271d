"""The mean of numbers that readers and cases both sway, readers and cases being samples of more.

y(j, k) = mean + reader(j) + case(k) + rest, all of them normal around 0. Of a full table everything comes in closed
form; of one with holes by restricted maximum likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
CLOSED, FITTED = "mean squares", "restricted maximum likelihood"
NONE_LEFT = 1e-6
"""A variance below this share of the rest's is none."""


@dataclass(frozen=True, slots=True)
class CrossedMean:
    """Mean over readers and cases, its variance with Satterthwaite's degrees of freedom, and the components.

    ``components``: variances ``reader``, ``case`` and ``residual``; from mean squares a negative one as it comes,
    though it counts as 0 in ``variance``.
    """

    mean: float
    variance: float
    df: float
    components: Mapping[str, float]
    method: str


def crossed_mean(values: ArrayLike) -> CrossedMean:
    """Mean and variance of a table (readers, cases), at least 2 of each; NaN where a reader has no number of a case.

    Notes
    -----
    Of a full table the variance is (MS(reader) + MS(case) - MS(rest)) / (readers x cases), which is what restricted
    maximum likelihood gives where no component is negative.

    References
    ----------
    Satterthwaite 1946; Patterson and Thompson 1971; Henderson's mixed model equations as in Searle, Casella and
    McCulloch 1992, chapter 7.
    """
    table = np.asarray(values, dtype=np.float64)
    there = np.isfinite(table)
    table = table[there.any(axis=1)][:, there.any(axis=0)]
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError(f"fewer than two readers or cases: {table.shape}")
    return _closed(table) if np.isfinite(table).all() else fitted_mean(table)


def _closed(table: Floats) -> CrossedMean:
    readers, cases = table.shape
    of_reader, of_case, rest = _mean_squares(table)
    parts = [(of_reader, readers - 1)] if of_reader > rest else []
    parts += [(of_case, cases - 1)] if of_case > rest else []
    if len(parts) != 1:
        # both added: the rest was counted twice. Neither: it is all there is
        parts.append((-rest if parts else rest, (readers - 1) * (cases - 1)))
    total = sum(part for part, _ in parts)
    df = total**2 / sum(part**2 / df for part, df in parts) if total else math.nan
    components = {"reader": (of_reader - rest) / cases, "case": (of_case - rest) / readers, "residual": rest}
    return CrossedMean(float(table.mean()), total / (readers * cases), df, components, CLOSED)


def _mean_squares(table: Floats) -> tuple[float, float, float]:
    """Of readers, cases and the rest."""
    readers, cases = table.shape
    grand, of_readers, of_cases = table.mean(), table.mean(axis=1), table.mean(axis=0)
    rest = table - of_readers[:, None] - of_cases[None, :] + grand
    return (
        cases * float(((of_readers - grand) ** 2).sum()) / (readers - 1),
        readers * float(((of_cases - grand) ** 2).sum()) / (cases - 1),
        float((rest**2).sum()) / ((readers - 1) * (cases - 1)),
    )


def fitted_mean(table: Floats) -> CrossedMean:
    """By restricted maximum likelihood, for a table with or without holes."""
    from scipy.optimize import minimize

    equations = _equations(table)
    usual = max(float(np.nanvar(table)), 1e-300)
    kept = np.array([True, True, True])
    for _ in range(3):
        start = np.full(int(kept.sum()), math.log(usual / 3))

        def loss(logs: Floats, kept: NDArray[np.bool_] = kept) -> float:
            return equations.solved(_variances(logs, kept))[0]

        limits = [(math.log(usual) - 25, math.log(usual) + 8)] * start.size
        found = minimize(loss, start, method="L-BFGS-B", bounds=limits, options={"ftol": 1e-14, "gtol": 1e-8})
        variances = _variances(found.x, kept)
        gone = kept & (variances < NONE_LEFT * variances[2])
        if not gone.any():
            break
        kept = kept & ~gone
    _, mean, variance = equations.solved(variances)
    df = _satterthwaite(equations, np.log(variances[kept]), kept)
    components = dict(zip(("reader", "case", "residual"), (float(v) for v in variances), strict=True))
    return CrossedMean(mean, variance, df, components, FITTED)


@dataclass(frozen=True, slots=True, eq=False)
class _Equations:
    """Sums of the table that Henderson's equations need: design's square (1 + j + k), its product with y, y'y, n."""

    square: Floats
    product: Floats
    total: float
    count: int
    readers: int

    def solved(self, variances: Floats) -> tuple[float, float, float]:
        """-2 log restricted likelihood (but for a constant), the mean, and its variance."""
        rest = variances[2]
        size = len(self.square)
        sizes = (self.readers, size - 1 - self.readers)
        used = np.ones(size, dtype=bool)
        used[1 : 1 + self.readers] = variances[0] > 0
        used[1 + self.readers :] = variances[1] > 0
        ratios = [rest / v if v > 0 else 0.0 for v in variances[:2]]
        matrix = self.square + np.diag(np.concatenate([[0.0], np.repeat(ratios, sizes)]))
        matrix, product = matrix[np.ix_(used, used)], self.product[used]
        solution = np.linalg.solve(matrix, np.column_stack([product, np.eye(len(matrix))[0]]))
        loss = (self.count - 1) * math.log(rest) + float(np.linalg.slogdet(matrix)[1])
        loss -= sum(n * math.log(ratio) for n, ratio in zip(sizes, ratios, strict=True) if ratio)
        loss += (self.total - float(product @ solution[:, 0])) / rest
        return loss, float(solution[0, 0]), float(solution[0, 1] * rest)


def _equations(table: Floats) -> _Equations:
    there = np.isfinite(table)
    y = np.where(there, table, 0.0)
    counts = there.astype(np.float64)
    readers, cases = table.shape
    square = np.zeros((1 + readers + cases, 1 + readers + cases))
    square[0, 0] = counts.sum()
    square[0, 1 : 1 + readers] = square[1 : 1 + readers, 0] = counts.sum(axis=1)
    square[0, 1 + readers :] = square[1 + readers :, 0] = counts.sum(axis=0)
    square[1 : 1 + readers, 1 + readers :] = counts
    square[1 + readers :, 1 : 1 + readers] = counts.T
    square += np.diag(np.concatenate([[0.0], counts.sum(axis=1), counts.sum(axis=0)]))
    product = np.concatenate([[y.sum()], y.sum(axis=1), y.sum(axis=0)])
    return _Equations(square, product, float((y**2).sum()), int(there.sum()), readers)


def _variances(logs: Floats, kept: NDArray[np.bool_]) -> Floats:
    variances = np.zeros(3)
    variances[kept] = np.exp(logs)
    return variances


def _satterthwaite(equations: _Equations, logs: Floats, kept: NDArray[np.bool_], step: float = 1e-3) -> float:
    """2 / Var(log of the variance), by the delta method: curvature of the likelihood and slope of the log variance."""
    size, moves = logs.size, np.eye(logs.size) * step

    def at(shift: Floats) -> tuple[float, float]:
        loss, _, variance = equations.solved(_variances(logs + shift, kept))
        return loss / 2, math.log(variance)

    slope = np.array([(at(move)[1] - at(-move)[1]) / (2 * step) for move in moves])
    curvature = np.array(
        [
            [
                (at(moves[a] + moves[b])[0] - at(moves[a] - moves[b])[0])
                - (at(moves[b] - moves[a])[0] - at(-moves[a] - moves[b])[0])
                for b in range(size)
            ]
            for a in range(size)
        ]
    ) / (4 * step**2)
    return float(2 / (slope @ np.linalg.solve(curvature, slope)))
