"""One reader under several conditions, or one figure alone: nothing can be said of readers at large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from overread.stats.mrmc.analysis import Analysis, line, overall, pairs
from overread.stats.mrmc.covariance import CellCovariance, Convention
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette
from overread.stats.mrmc.rows import Method

Floats = NDArray[np.float64]


def single_reader(
    figure: str,
    values: Floats,
    covariance: CellCovariance,
    conditions: Sequence[str],
    reader: str,
    convention: Convention = "own",
    level: float = 0.95,
) -> Analysis:
    """Whether one reader's figures differ between conditions, for these cases' population.

    Parameters
    ----------
    values
        The figure (i, 1).
    convention
        ``own``: each difference has the variance of its own two figures, as in DeLong's test, and all conditions are
        compared by the whole matrix (chi square of Wald). ``mrmcaov`` and ``rjafroc``: one pooled variance for every
        pair. With two conditions they agree.

    Returns
    -------
    Analysis
        ``method`` is ``delong`` where the covariance is DeLong's, else ``or``; with one condition the figure and its
        interval alone, in ``means``.
    """
    pooled = obuchowski_rockette(figure, values, covariance, conditions, [reader], "frrc", convention, level)
    if convention != "own":
        return pooled
    method: Method = "delong" if covariance.method == "delong" else "or"
    matrix, column = covariance.matrix[:, 0, :, 0], values[:, 0]
    rows = []
    for row, (a, b) in zip(pooled.differences, pairs(len(values)), strict=True):
        variance = float(matrix[a, a] + matrix[b, b] - 2 * matrix[a, b])
        tiny = 1e-12 * float(matrix[a, a] + matrix[b, b])
        variance = 0.0 if abs(variance) <= tiny else variance
        blank = replace(row, method=method, note="")
        rows.append(line(blank, float(column[a] - column[b]), variance, None, level))
    whole = pooled.overall
    if whole is not None:
        contrasts = np.eye(len(values))[:-1] - np.eye(len(values))[1:]
        inner = contrasts @ matrix @ contrasts.T
        blank = replace(whole, method=method, statistic=np.nan, p=np.nan, df=(), note="")
        whole = overall(blank, _wald(contrasts @ column, inner), 1.0, (float(len(values) - 1),))
        whole = replace(whole, components=pooled.components) if np.isfinite(whole.statistic) else whole
    means = tuple(replace(row, method=method) for row in pooled.means)
    return Analysis(pooled.squares, pooled.components, whole, tuple(rows), means)


def _wald(differences: Floats, covariance: Floats) -> float:
    """Chi square per degree of freedom; NaN where the covariance is singular."""
    if not np.isfinite(covariance).all() or np.linalg.eigvalsh(covariance).min() <= 1e-12 * np.trace(covariance):
        return float("nan")
    return float(differences @ np.linalg.solve(covariance, differences)) / len(differences)
