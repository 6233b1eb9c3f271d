"""Obuchowski-Rockette analysis of reader figures, with the degrees of freedom of Hillis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.stats.mrmc.analysis import (
    Analysis,
    Square,
    each,
    is_share,
    line,
    overall,
    pairs,
    satterthwaite,
    settled,
    two_way,
)
from overread.stats.mrmc.covariance import CellCovariance, Components, Convention, components
from overread.stats.mrmc.rows import Generalisation, TestRow

Floats = NDArray[np.float64]
INCOMPLETE = "readings are missing without a pattern: figures and covariance are of those that were made"


def obuchowski_rockette(
    figure: str,
    values: Floats,
    covariance: CellCovariance | None,
    conditions: Sequence[str],
    readers: Sequence[str],
    generalises_to: Generalisation = "rrrc",
    convention: Convention = "own",
    level: float = 0.95,
) -> Analysis:
    """Whether conditions differ in a figure: for readers and cases at large, for these readers, or for these cases.

    Parameters
    ----------
    values
        The figure (i, j).
    covariance
        Over cases; None for ``rrfc``, which needs none.
    generalises_to
        ``rrrc``: F with Hillis' degrees of freedom, at least two readers. ``frrc``: chi square and z, one reader will
        do. ``rrfc``: F of the two-way table, at least two readers.
    convention
        The programs agree on ``rrrc``. For ``frrc`` and for the components, ``rjafroc`` counts a negative
        Cov2 - Cov3 as 0; ``mrmcaov`` and ``own`` do not: with a jackknife the variance is then exactly that of the
        readers' mean difference, and equals DeLong's for one reader. ``own`` and ``mrmcaov`` end intervals of means
        at 0 and 1.

    Returns
    -------
    Analysis
        With one condition, its mean and components alone. Numbers that cannot be told are NaN and the row says why.

    References
    ----------
    Obuchowski and Rockette 1995; Hillis 2005, 2007, 2014; stats/REFERENCE.md section 4.
    """
    _check(values, covariance, generalises_to)
    test = _Test(figure, values, covariance, tuple(conditions), tuple(readers), generalises_to, convention, level)
    return test.analysis()


def or_components(
    values: Floats, average: Components, convention: Convention = "own", squares: Mapping[str, Square] | None = None
) -> dict[str, float]:
    """Variance components of readers and of readers by conditions beside those of the error; not set to 0 when
    negative.

    Returns
    -------
    dict
        ``var_r``, ``var_tr``, ``variance``, ``cov1``, ``cov2``, ``cov3``; the first two NaN where readers are nested
        or one alone.
    """
    squares = squares or two_way(values)
    between = average.cov2 - average.cov3
    if convention == "rjafroc":
        between = max(between, 0.0)
    error = {
        "variance": average.variance,
        "cov1": average.cov1,
        "cov2": average.cov2,
        "cov3": average.cov3,
    }
    if "R" not in squares or values.shape[1] < 2:
        return {"var_r": math.nan, "var_tr": math.nan, **error}
    count = len(values)
    if count == 1:
        return {"var_r": squares["R"].ms - average.variance + average.cov2, "var_tr": math.nan, **error}
    var_tr = squares["TR"].ms - average.variance + average.cov1 + between
    var_r = squares["R"].ms - var_tr - average.variance + average.cov2 - (count - 1) * (average.cov1 - average.cov3)
    return {"var_r": var_r / count, "var_tr": var_tr, **error}


def _check(values: Floats, covariance: CellCovariance | None, generalises_to: Generalisation) -> None:
    if generalises_to == "rrfc":
        if values.shape[1] < 2:
            raise InputError("no test for readers at large", "one reader read", "Take frrc, which is for this reader")
    elif covariance is None:
        raise InputError(f"no {generalises_to} test", "there is no covariance of the cases", "Give a covariance")
    if generalises_to == "rrrc" and values.shape[1] < 2:
        raise InputError("no test for readers at large", "one reader read", "Take frrc, which is for this reader")
    if np.isnan(values).any() and (covariance is None or covariance.design != "readers in conditions"):
        raise InputError(
            "no comparison of conditions",
            "the figure of a reader cannot be told under one of them",
            "Leave the reader out, or take a figure that can be told",
        )


class _Test:
    """One run: what was given, and the averages that follow from it."""

    def __init__(
        self,
        figure: str,
        values: Floats,
        covariance: CellCovariance | None,
        conditions: tuple[str, ...],
        readers: tuple[str, ...],
        generalises_to: Generalisation,
        convention: Convention,
        level: float,
    ) -> None:
        self.values, self.level, self.to = values, level, generalises_to
        self.conditions, self.readers = conditions, readers
        self.is_cut = convention != "rjafroc" and is_share(figure)
        self.squares = two_way(values)
        self.is_nested = "R" not in self.squares
        self.average = None if covariance is None else components(covariance)
        name = None if covariance is None or generalises_to == "rrfc" else covariance.method
        note = INCOMPLETE if covariance is not None and covariance.design == "incomplete" else ""
        self.blank = TestRow(figure, "or", name, generalises_to, "", note=note)
        self.between = 0.0
        self.parts: dict[str, float] = {}
        if self.average is not None:
            self.between = self.average.cov2 - self.average.cov3
            if convention == "rjafroc":
                self.between = max(self.between, 0.0)
            self.parts = or_components(values, self.average, convention, self.squares)
        self.parts |= {f"ms_{source.lower()}": square.ms for source, square in self.squares.items() if square.df}

    def analysis(self) -> Analysis:
        many = len(self.values) > 1
        is_fixed = self.to == "frrc"
        return Analysis(
            self.squares,
            self.parts,
            self._overall() if many else None,
            self._differences(),
            each(len(self.values), self._mean),
            self._reader_differences() if is_fixed and not self.is_nested else (),
            self._reader_values() if is_fixed else (),
        )

    @property
    def per_condition(self) -> float:
        """Readers of a condition; their harmonic mean where readers are nested and unequal."""
        return float(1 / np.mean(1 / (~np.isnan(self.values)).sum(axis=1)))

    def _denominator(self) -> tuple[float, float | None]:
        """What the mean square of conditions is held against, and its degrees of freedom, None for infinite."""
        square, average, count = self.squares["TR"], self.average, self.per_condition
        if self.to == "rrfc":
            return square.ms, float(square.df)
        assert average is not None
        if self.to == "rrrc":
            denominator = square.ms + max(count * (average.cov2 - average.cov3), 0.0)
            return denominator, satterthwaite(denominator, square.ms, square.df)
        own = average.variance - average.cov1
        denominator = own + (count - 1) * self.between
        return settled(denominator, average.variance), None

    def _overall(self) -> TestRow:
        denominator, df = self._denominator()
        row = replace(self.blank, contrast="all conditions", components={**self.parts, "denominator": denominator})
        first = float(len(self.values) - 1)
        return overall(row, self.squares["T"].ms, denominator, (first,) if df is None else (first, df))

    def _differences(self) -> tuple[TestRow, ...]:
        means, rows = np.nanmean(self.values, axis=1), []
        for a, b in pairs(len(self.values)):
            denominator, df = self._denominator()
            row = replace(self.blank, contrast=f"{self.conditions[a]} - {self.conditions[b]}")
            counts = (~np.isnan(self.values[[a, b]])).sum(axis=1)
            share = float((1 / counts).sum())
            rows.append(line(row, float(means[a] - means[b]), share * denominator, df, self.level))
        return tuple(rows)

    def _mean(self, i: int) -> TestRow:
        given = self.values[i][~np.isnan(self.values[i])]
        count, average = len(given), self.average
        square = float(given.var(ddof=1)) if count > 1 else math.nan
        square = settled(square, float((given**2).sum()))
        df: float | None = None
        parts = {"ms_r": square}
        if average is not None and self.to != "rrfc":
            cov2 = float(average.condition_cov2[i])
            parts |= {"variance": float(average.condition_variance[i]), "cov2": cov2}
        if self.to == "rrfc":
            denominator, df = square, float(count - 1)
        elif self.to == "rrrc":
            denominator = square + count * max(parts["cov2"], 0.0)
            df = satterthwaite(denominator, square, count - 1)
        else:
            denominator = parts["variance"] + (count - 1) * max(parts["cov2"], 0.0)
        row = replace(self.blank, contrast=self.conditions[i], components=parts)
        return line(row, float(given.mean()), denominator / count, df, self.level, False, self.is_cut)

    def _reader_differences(self) -> tuple[TestRow, ...]:
        average, rows = self.average, []
        assert average is not None
        for j, reader in enumerate(self.readers):
            variance, cov1 = float(average.reader_variance[j]), float(average.reader_cov1[j])
            own = settled(2 * (variance - cov1), variance)
            for a, b in pairs(len(self.values)):
                row = replace(
                    self.blank,
                    contrast=f"{self.conditions[a]} - {self.conditions[b]} | {reader}",
                    components={"variance": variance, "cov1": cov1},
                )
                difference = float(self.values[a, j] - self.values[b, j])
                rows.append(line(row, difference, own, None, self.level))
        return tuple(rows)

    def _reader_values(self) -> tuple[TestRow, ...]:
        average, rows = self.average, []
        assert average is not None
        for i, j in zip(*np.nonzero(~np.isnan(self.values)), strict=True):
            row = replace(self.blank, contrast=f"{self.conditions[i]} | {self.readers[j]}")
            variance = float(average.single[i, j])
            rows.append(line(row, float(self.values[i, j]), variance, None, self.level, False, self.is_cut))
        return tuple(rows)
