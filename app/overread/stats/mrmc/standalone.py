"""A system that works alone against readers, on the same cases and by any figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.stats.mrmc.analysis import Analysis, is_share, line, satterthwaite, settled
from overread.stats.mrmc.covariance import CellCovariance, Convention
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette
from overread.stats.mrmc.rows import Generalisation, TestRow

Floats = NDArray[np.float64]
Cell = tuple[int, int]
Treatment = Literal["one", "two"]


@dataclass(frozen=True, slots=True)
class Standalone:
    """What a comparison of a system with readers gives.

    ``difference``: readers' mean minus the system. ``mean``: the readers' mean. ``system``: the system's figure.
    ``components``: of the differences, ``var_r`` (readers, from the differences' spread), ``variance`` and ``cov2``
    (error), ``ms`` (spread as observed).
    """

    difference: TestRow
    mean: TestRow
    system: TestRow
    components: dict[str, float]

    @property
    def rows(self) -> tuple[TestRow, ...]:
        """All of it."""
        return self.difference, self.mean, self.system


def standalone(
    figure: str,
    values: Floats,
    covariance: CellCovariance | None,
    system: Cell,
    readers: Sequence[Cell],
    generalises_to: Generalisation = "rrrc",
    names: tuple[str, str] = ("readers", "system"),
    convention: Convention = "own",
    level: float = 0.95,
) -> Standalone:
    """Whether readers do better or worse than a system.

    Parameters
    ----------
    values
        The figure (i, j) of all, the system among the readers.
    covariance
        Over cases, by any method; None for ``rrfc``.
    system, readers
        Places (condition, reader) in ``values``.
    generalises_to
        ``rrrc``: readers and cases at large; the readers' differences from the system are the figures of a one-sample
        Obuchowski-Rockette test. ``frrc``: these readers. ``rrfc``: these cases only; not for a claim about
        patients (REFERENCE trap 5).
    convention
        ``rjafroc`` gives the readers' mean the width of the difference's interval; ``own`` its own interval, ended at
        0 and 1.

    References
    ----------
    Hillis 2007 (Stat Med 26:596) section 5.3; stats/REFERENCE.md section 4.
    """
    if generalises_to != "frrc" and len(readers) < 2:
        raise InputError("no test for readers at large", "one reader read", "Take frrc, which is for this reader")
    own, cells = values[system], np.array([values[cell] for cell in readers])
    apart = cells - own
    blank = TestRow(
        figure,
        "standalone",
        None if covariance is None or generalises_to == "rrfc" else covariance.method,
        generalises_to,
        "",
    )
    parts = standalone_components(values, covariance, system, readers)
    variance, df = _variance(apart, parts, generalises_to)
    row = replace(blank, contrast=f"{names[0]} - {names[1]}", components=parts)
    difference = line(row, float(apart.mean()), variance, df, level)
    is_cut = convention != "rjafroc" and is_share(figure)
    blank_mean = replace(blank, contrast=names[0])
    if convention == "rjafroc" or covariance is None:
        mean = line(blank_mean, float(cells.mean()), variance, df, level, False, is_cut)
    else:
        matrix = _pick(covariance, readers)
        own_parts = _parts(cells, np.diag(matrix).mean(), _off_diagonal(matrix))
        mean = line(blank_mean, float(cells.mean()), *_variance(cells, own_parts, generalises_to), level, False, is_cut)
    of_system = math.nan if covariance is None else float(covariance.matrix[(*system, *system)])
    if generalises_to == "rrfc":
        alone = replace(blank, contrast=names[1], difference=float(own), note="the cases are taken as they are")
    else:
        alone = line(replace(blank, contrast=names[1]), float(own), of_system, None, level, False, is_cut)
    return Standalone(difference, mean, alone, parts)


def standalone_components(
    values: Floats, covariance: CellCovariance | None, system: Cell, readers: Sequence[Cell]
) -> dict[str, float]:
    """Components of the readers' differences from the system: what `power.standalone_power` plans with.

    Returns
    -------
    dict
        ``ms``; with a covariance also ``variance``, ``cov2`` and ``var_r`` = ms - variance + cov2, which may be
        negative.
    """
    apart = np.array([values[cell] - values[system] for cell in readers])
    if covariance is None:
        return _parts(apart, math.nan, math.nan)
    matrix = _pick(covariance, [system, *readers])
    against = np.hstack([-np.ones((len(readers), 1)), np.eye(len(readers))])
    moved = against @ matrix @ against.T
    return _parts(apart, float(np.diag(moved).mean()), _off_diagonal(moved))


def two_treatments(
    figure: str,
    values: Floats,
    covariance: CellCovariance,
    system: Cell,
    readers: Sequence[Cell],
    names: tuple[str, str] = ("readers", "system"),
    convention: Convention = "own",
    level: float = 0.95,
) -> Analysis:
    """The same comparison as an ordinary two-condition analysis, the system standing in for every reader.

    Returns
    -------
    Analysis
        Of random readers and cases: the readers as the first condition, the system as the second. Its F is the square
        of `standalone`'s t, its p the same.
    """
    places = [list(readers), [system] * len(readers)]
    i, j = (np.array([[cell[axis] for cell in row] for row in places]) for axis in (0, 1))
    matrix = covariance.matrix[i[:, :, None, None], j[:, :, None, None], i[None, None], j[None, None]]
    doubled = CellCovariance(covariance.method, covariance.design, matrix, covariance.count)
    labels = [f"{names[0]} {n + 1}" for n in range(len(readers))]
    found = obuchowski_rockette(figure, values[i, j], doubled, names, labels, "rrrc", convention, level)
    return Analysis(
        found.squares,
        found.components,
        None if found.overall is None else replace(found.overall, method="standalone"),
        tuple(replace(row, method="standalone") for row in found.differences),
        tuple(replace(row, method="standalone") for row in found.means),
    )


def _parts(cells: Floats, variance: float, cov2: float) -> dict[str, float]:
    square = float(cells.var(ddof=1)) if len(cells) > 1 else math.nan
    square = settled(square, float((cells**2).sum()))
    parts = {"ms": square}
    if not math.isnan(variance):
        parts |= {"variance": float(variance), "cov2": cov2, "var_r": square - float(variance) + cov2}
    return parts


def _variance(cells: Floats, parts: dict[str, float], generalises_to: Generalisation) -> tuple[float, float | None]:
    """Variance of the mean of readers' numbers, and its degrees of freedom."""
    count = len(cells)
    if generalises_to == "rrfc":
        return parts["ms"] / count, float(count - 1)
    if "variance" not in parts:
        raise InputError(f"no {generalises_to} test", "there is no covariance of the cases", "Give a covariance")
    if generalises_to == "frrc":
        return (parts["variance"] + (count - 1) * parts["cov2"]) / count, None
    denominator = parts["ms"] + max(count * parts["cov2"], 0.0)
    return denominator / count, satterthwaite(denominator, parts["ms"], count - 1)


def _pick(covariance: CellCovariance, cells: Sequence[Cell]) -> Floats:
    i, j = np.array(cells, dtype=np.intp).T
    return np.asarray(covariance.matrix[i[:, None], j[:, None], i[None], j[None]], dtype=np.float64)


def _off_diagonal(matrix: Floats) -> float:
    count = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / (count * (count - 1))) if count > 1 else 0.0
