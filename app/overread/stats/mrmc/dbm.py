"""Dorfman-Berbaum-Metz analysis: an analysis of variance of jackknife pseudovalues, with the degrees of freedom of
Hillis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overread.core.errors import InputError
from overread.stats.merit.cells import Cells
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
from overread.stats.mrmc.covariance import Convention
from overread.stats.mrmc.rows import Generalisation, TestRow

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SingleSquares:
    """Mean squares of one condition (``r``, ``c``, ``rc``, each (i,)) and of one reader (``t``, ``c``, ``tc``, each
    (j,)) alone."""

    condition_r: Floats
    condition_c: Floats
    condition_rc: Floats
    reader_t: Floats
    reader_c: Floats
    reader_tc: Floats


def pseudovalues(cells: Cells) -> Floats:
    """Pseudovalues (i, j, n) of each case, shifted so that their mean is the figure.

    References
    ----------
    Dorfman, Berbaum and Metz 1992; Hillis, Berbaum and Metz 2008 for the shift.
    """
    count = cells.left_out.shape[2]
    raw = count * cells.values[:, :, None] - (count - 1) * cells.left_out
    return np.asarray(raw - raw.mean(axis=2, keepdims=True) + cells.values[:, :, None], dtype=np.float64)


def three_way(values: Floats) -> dict[str, Square]:
    """Analysis of variance of (i, j, k): conditions T, readers R, cases C, their products and ``Total``."""
    i, j, k = values.shape
    scale = float((values**2).sum())
    grand = values.mean()
    t, r, c = (values.mean(axis=axes) - grand for axes in ((1, 2), (0, 2), (0, 1)))
    tr = values.mean(axis=2) - grand - t[:, None] - r[None, :]
    tc = values.mean(axis=1) - grand - t[:, None] - c[None, :]
    rc = values.mean(axis=0) - grand - r[:, None] - c[None, :]
    effects = t[:, None, None] + r[None, :, None] + c[None, None, :] + tr[:, :, None] + tc[:, None, :] + rc[None]
    sums = {
        "T": (j * k * (t**2).sum(), i - 1),
        "R": (i * k * (r**2).sum(), j - 1),
        "C": (i * j * (c**2).sum(), k - 1),
        "TR": (k * (tr**2).sum(), (i - 1) * (j - 1)),
        "TC": (j * (tc**2).sum(), (i - 1) * (k - 1)),
        "RC": (i * (rc**2).sum(), (j - 1) * (k - 1)),
        "TRC": (((values - grand - effects) ** 2).sum(), (i - 1) * (j - 1) * (k - 1)),
        "Total": (((values - grand) ** 2).sum(), i * j * k - 1),
    }
    return {name: Square(settled(float(ss), scale), df) for name, (ss, df) in sums.items()}


def single_squares(values: Floats) -> SingleSquares:
    """Mean squares within each condition and each reader of pseudovalues (i, j, k)."""
    by_condition = [two_way(part) for part in values]
    by_reader = [two_way(values[:, j]) for j in range(values.shape[1])]

    def of(tables: list[dict[str, Square]], source: str) -> Floats:
        return np.array([table[source].ms for table in tables])

    return SingleSquares(
        of(by_condition, "T"),
        of(by_condition, "R"),
        of(by_condition, "TR"),
        of(by_reader, "T"),
        of(by_reader, "R"),
        of(by_reader, "TR"),
    )


def dbm_components(squares: dict[str, Square], shape: tuple[int, int, int]) -> dict[str, float]:
    """Variance components of pseudovalues from their table; not set to 0 when negative."""
    i, j, k = shape
    ms = {name: square.ms for name, square in squares.items()}
    error = ms["TRC"]
    return {
        "var_r": (ms["R"] - ms["TR"] - ms["RC"] + error) / (i * k),
        "var_c": (ms["C"] - ms["TC"] - ms["RC"] + error) / (i * j),
        "var_tr": (ms["TR"] - error) / k,
        "var_tc": (ms["TC"] - error) / j,
        "var_rc": (ms["RC"] - error) / i,
        "var_error": error,
    }


def dbm(
    cells: Cells,
    conditions: Sequence[str],
    readers: Sequence[str],
    generalises_to: Generalisation = "rrrc",
    convention: Convention = "own",
    level: float = 0.95,
) -> Analysis:
    """Whether conditions differ in a figure, by the analysis of variance of pseudovalues.

    For random readers and cases it gives what Obuchowski and Rockette's gives with the jackknife, also where readers
    alone are random; for fixed readers it has an F with (i - 1)(n - 1) degrees of freedom in place of chi square.

    Parameters
    ----------
    cells
        The figure, of at least two conditions, two readers and two cases, all crossed.
    convention
        ``own`` ends intervals of means at 0 and 1, and gives the differences of one reader the degrees of freedom of
        their mean square, (i - 1)(n - 1); ``rjafroc`` gives them n - 1.

    References
    ----------
    Dorfman, Berbaum and Metz 1992; Hillis, Berbaum and Metz 2008 (Acad Radiol 15:647).
    """
    if min(cells.left_out.shape) < 2:
        raise InputError("no analysis by pseudovalues", "it takes two conditions, readers and cases", "Use method or")
    if np.isnan(cells.left_out).any():
        raise InputError(
            "no analysis by pseudovalues", "a reading is missing or a figure cannot be told", "Use method or or ustat"
        )
    return _Dbm(cells, tuple(conditions), tuple(readers), generalises_to, convention, level).analysis()


class _Dbm:
    """One run: the tables and what follows from them."""

    def __init__(
        self,
        cells: Cells,
        conditions: tuple[str, ...],
        readers: tuple[str, ...],
        generalises_to: Generalisation,
        convention: Convention,
        level: float,
    ) -> None:
        values = pseudovalues(cells)
        self.cells, self.level, self.to = cells, level, generalises_to
        self.conditions, self.readers, self.shape = conditions, readers, values.shape
        self.squares, self.single = three_way(values), single_squares(values)
        self.parts = dbm_components(self.squares, values.shape)
        self.convention = convention
        self.is_cut = convention != "rjafroc" and is_share(cells.name)
        name = None if generalises_to == "rrfc" else "jackknife"
        self.blank = TestRow(cells.name, "dbm", name, generalises_to, "")  # type: ignore[arg-type]

    def analysis(self) -> Analysis:
        return Analysis(
            self.squares,
            self.parts,
            self._overall(),
            self._differences(),
            each(self.shape[0], self._mean),
            self._reader_differences() if self.to == "frrc" else (),
        )

    def _denominator(self) -> tuple[float, float]:
        tr, tc, trc = (self.squares[name] for name in ("TR", "TC", "TRC"))
        if self.to == "rrfc":
            return tr.ms, float(tr.df)
        if self.to == "frrc":
            return tc.ms, float(tc.df)
        denominator = tr.ms + max(tc.ms - trc.ms, 0.0)
        return denominator, satterthwaite(denominator, tr.ms, tr.df)

    def _overall(self) -> TestRow:
        denominator, df = self._denominator()
        row = replace(self.blank, contrast="all conditions", components={**self.parts, "denominator": denominator})
        return overall(row, self.squares["T"].ms, denominator, (float(self.shape[0] - 1), df))

    def _differences(self) -> tuple[TestRow, ...]:
        denominator, df = self._denominator()
        means, rows = self.cells.values.mean(axis=1), []
        for a, b in pairs(self.shape[0]):
            row = replace(self.blank, contrast=f"{self.conditions[a]} - {self.conditions[b]}")
            variance = 2 * denominator / (self.shape[1] * self.shape[2])
            rows.append(line(row, float(means[a] - means[b]), variance, df, self.level))
        return tuple(rows)

    def _mean(self, i: int) -> TestRow:
        r, c, rc = (float(v[i]) for v in (self.single.condition_r, self.single.condition_c, self.single.condition_rc))
        _, j, k = self.shape
        if self.to == "rrfc":
            denominator, df = r, float(j - 1)
        elif self.to == "frrc":
            denominator, df = c, float(k - 1)
        else:
            denominator = r + max(c - rc, 0.0)
            df = satterthwaite(denominator, r, j - 1)
        row = replace(self.blank, contrast=self.conditions[i], components={"ms_r": r, "ms_c": c, "ms_rc": rc})
        mean = float(self.cells.values[i].mean())
        return line(row, mean, denominator / (j * k), df, self.level, False, self.is_cut)

    def _reader_differences(self) -> tuple[TestRow, ...]:
        i, _, k = self.shape
        df = float(k - 1 if self.convention == "rjafroc" else (i - 1) * (k - 1))
        rows = []
        for j, reader in enumerate(self.readers):
            square = float(self.single.reader_tc[j])
            for a, b in pairs(i):
                row = replace(
                    self.blank,
                    contrast=f"{self.conditions[a]} - {self.conditions[b]} | {reader}",
                    components={"ms_tc": square},
                )
                difference = float(self.cells.values[a, j] - self.cells.values[b, j])
                rows.append(line(row, difference, 2 * square / k, df, self.level))
        return tuple(rows)
