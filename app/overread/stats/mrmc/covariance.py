"""How the figures of all readers under all conditions vary together when other cases are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.core.progress import SILENT, Progress
from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells
from overread.stats.mrmc.design import Design, find_design
from overread.stats.mrmc.resampled import resampled, stratified_draws
from overread.stats.mrmc.rows import Covariance
from overread.stats.mrmc.unbiased import kernel_covariance

Floats = NDArray[np.float64]
Convention = Literal["own", "rjafroc", "mrmcaov"]
"""Where programs part: ``own`` takes over no truncation but the one of random readers and cases (see
`obuchowski_rockette`), weighs what was not read out, and keeps intervals of shares between 0 and 1."""


@dataclass(frozen=True, slots=True, eq=False)
class CellCovariance:
    """Covariance (i, j, i, j) of the figures; NaN for readers who do not work under a condition.

    ``count`` is the number of cases that can change the figure.
    """

    method: Covariance
    design: Design
    matrix: Floats
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Averages of a covariance matrix; 0 where there is no pair to average.

    ``variance`` same condition and reader; ``cov1`` other condition; ``cov2`` other reader; ``cov3`` both others.
    ``condition_variance``, ``condition_cov2`` (i,) and ``reader_variance``, ``reader_cov1`` (j,): of one alone.
    ``single`` (i, j): of one figure.
    """

    variance: float
    cov1: float
    cov2: float
    cov3: float
    condition_variance: Floats
    condition_cov2: Floats
    reader_variance: Floats
    reader_cov1: Floats
    single: Floats


def cell_covariance(
    cells: Cells, data: ReaderData, method: Covariance = "jackknife", convention: Convention = "own"
) -> CellCovariance:
    """Covariance of a figure over cases in closed form: ``jackknife``, ``delong`` or ``unbiased``.

    Parameters
    ----------
    cells
        The figure.
    data
        What it was reckoned from.
    convention
        ``mrmcaov``: a left-out case that a reader has not read leaves the figure as it is and counts among the cases,
        as that program has it. Otherwise each figure is scaled by the number of cases that its reader read.

    Raises
    ------
    InputError
        Where the figure is no mean over pairs, which two of the methods need, or has too few cases.
    """
    design = find_design(data.was_read[:, :, cells.cases])
    if method == "jackknife":
        matrix = _jackknife(cells, convention)
    elif method == "delong":
        matrix = _delong(cells)
    elif method == "unbiased":
        matrix = kernel_covariance(data, cells)
    else:
        raise InputError(f"no closed form of the covariance by {method}", "it is drawn", "Use bootstrap_covariance")
    return CellCovariance(method, design, _masked(matrix, design), len(cells.cases))


def bootstrap_covariance(
    figure: Callable[[ReaderData], Floats],
    data: ReaderData,
    rng: np.random.Generator,
    draws: int = 2000,
    count: int | None = None,
    progress: Progress = SILENT,
) -> CellCovariance:
    """Covariance of any figure by drawing cases, or the patients they come from, again and again.

    Parameters
    ----------
    figure
        Gives (i, j) of readers' data.
    rng
        Fixed by the seed that the result names.
    draws
        Resamples; the ones in which a figure cannot be told are left out.
    count
        Number of cases that can change the figure; None for all.

    Notes
    -----
    Patients with and without a diseased case are drawn apart, as studies fix how many there are of each.
    """
    values = []
    for n, chosen in enumerate(stratified_draws(data, rng, draws)):
        progress.step("resamples", n, draws)
        values.append(figure(resampled(data, chosen)))
    shape = values[0].shape
    works = data.was_read.any(axis=2).ravel()
    drawn = np.array(values).reshape(draws, -1)[:, works]
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    matrix = np.full((works.size, works.size), np.nan)
    if len(drawn) > 1:
        matrix[np.ix_(works, works)] = np.atleast_2d(np.cov(drawn, rowvar=False))
    design = find_design(data.was_read)
    return CellCovariance(
        "bootstrap", design, _masked(matrix.reshape(*shape, *shape), design), count or len(data.cases)
    )


def components(covariance: CellCovariance) -> Components:
    """The averages that tests are made of."""
    v = covariance.matrix
    conditions, readers = v.shape[:2]
    same_i = np.eye(conditions, dtype=bool)[:, None, :, None]
    same_j = np.eye(readers, dtype=bool)[None, :, None, :]
    pairs = np.broadcast_to(same_i, v.shape), np.broadcast_to(same_j, v.shape)

    def mean(i_is_same: bool, j_is_same: bool, part: tuple[slice | int, ...] = ()) -> float:
        chosen = v[part][((pairs[0] == i_is_same) & (pairs[1] == j_is_same))[part]]
        if covariance.design == "readers in conditions":
            chosen = chosen[~np.isnan(chosen)]
        return float(chosen.mean()) if chosen.size else 0.0

    everything = slice(None)
    return Components(
        mean(True, True),
        mean(False, True),
        mean(True, False),
        mean(False, False),
        np.array([mean(True, True, (i,)) for i in range(conditions)]),
        np.array([mean(True, False, (i,)) for i in range(conditions)]),
        np.array([mean(True, True, (everything, j)) for j in range(readers)]),
        np.array([mean(False, True, (everything, j)) for j in range(readers)]),
        np.einsum("ijij->ij", v),
    )


def _jackknife(cells: Cells, convention: Convention) -> Floats:
    shape = cells.values.shape
    flat = cells.left_out.reshape(-1, cells.left_out.shape[2])
    if convention == "mrmcaov":
        filled = np.where(np.isnan(flat), cells.values.reshape(-1, 1), flat)
        count = flat.shape[1]
        away = (filled - filled.mean(axis=1, keepdims=True)) * np.sqrt((count - 1) / count)
        return np.asarray((away @ away.T).reshape(*shape, *shape), dtype=np.float64)
    was_read = ~np.isnan(flat)
    count = was_read.sum(axis=1, keepdims=True)
    mean = np.where(was_read, flat, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    scale = np.sqrt((count - 1) / np.maximum(count, 1), where=count > 1, out=np.full(count.shape, np.nan))
    away = np.where(was_read, flat - mean, 0.0) * scale
    return np.asarray((away @ away.T).reshape(*shape, *shape), dtype=np.float64)


def _delong(cells: Cells) -> Floats:
    if cells.placements is None:
        raise InputError(
            f"no covariance of {cells.name} by DeLong",
            "the figure is no mean over pairs of a diseased and a healthy case",
            "Use the jackknife or the bootstrap",
        )
    shape = cells.values.shape
    total = np.zeros((cells.values.size, cells.values.size))
    for placements in (cells.placements.diseased, cells.placements.healthy):
        flat = placements.reshape(-1, placements.shape[2])
        was_read = ~np.isnan(flat)
        count = was_read.sum(axis=1, keepdims=True).astype(np.float64)
        count[count < 2] = np.nan
        mean = np.where(was_read, flat, 0.0).sum(axis=1, keepdims=True) / count
        away = np.where(was_read, flat - mean, 0.0) / np.sqrt(count * (count - 1))
        total += away @ away.T
    return np.asarray(total.reshape(*shape, *shape), dtype=np.float64)


def _masked(matrix: Floats, design: Design) -> Floats:
    """Zero where figures have no case in common by design: what is left there is noise of the estimate."""
    if design not in ("cases in readers", "cases in conditions"):
        return matrix
    own = np.eye(matrix.shape[1 if design == "cases in readers" else 0], dtype=bool)
    keep = own[None, :, None, :] if design == "cases in readers" else own[:, None, :, None]
    return np.where(keep, matrix, 0.0)
