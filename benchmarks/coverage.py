"""How often each significance test errs when there is nothing to find.

    python benchmarks/coverage.py [--studies 2000] [--bootstrap 200] [--seed 1] [--out coverage.json]

Draws studies in which two conditions, or readers and a system, are equally good, and counts p-values below 5 %. Each
method is held against the null that it is made for: random readers and cases, these readers, or these cases. A rate
inside the binomial interval of 5 % is marked ``yes``; the rows marked ``for comparison`` promise nothing, as they are
asked of studies that they do not generalise to. Studies that were done before are read from the file and not repeated,
so that a run can be stopped and gone on with.

Ratings follow the model of Roe and Metz 1997 (Acad Radiol 4:298): five readers, 50 healthy and 50 diseased cases, area
about 0.86, components of the cases 0.3, conditions by cases 0.3, readers by cases 0.2, error 0.2, readers 0.011, and
readers by conditions 0.011 of the ratings' variance.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from overread.core.reader_data import ReaderData
from overread.io import write_json
from overread.stats.merit.figures import figure_cells
from overread.stats.mrmc.covariance import bootstrap_covariance, cell_covariance
from overread.stats.mrmc.dbm import dbm
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette
from overread.stats.mrmc.rows import Covariance, Generalisation
from overread.stats.mrmc.single import single_reader
from overread.stats.mrmc.standalone import standalone
from overread.stats.mrmc.ustat import ustat_tests

Floats = NDArray[np.float64]
Null = Literal["rrrc", "frrc", "rrfc", "system", "system, these readers"]
READERS, CASES, SHIFT = 5, 100, 1.5
SPREAD_OF_READERS = 0.011
BOOTSTRAP_DRAWS = 200


@dataclass(frozen=True, slots=True)
class Method:
    """A test, the null it is held against, and whether it promises 5 % there."""

    name: str
    null: Null
    p_value: Callable[[ReaderData, np.random.Generator], float]
    promises: bool = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--bootstrap", type=int, default=200, help="studies for the bootstrap")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("coverage.json"))
    arguments = parser.parse_args()
    kept = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.out.is_file() else {}
    if kept.get("seed") != arguments.seed:
        kept = {"seed": arguments.seed, "p": {}}
    print(f"{'method':<44}{'studies':>8}{'not told':>9}{'rate':>8}   95 % of 5 %        inside")
    for method in METHODS:
        wanted = min(arguments.bootstrap, arguments.studies) if "bootstrap" in method.name else arguments.studies
        found = kept["p"].setdefault(method.name, [])
        while len(found) < wanted:
            found += [one(method, arguments.seed, n) for n in range(len(found), min(len(found) + 100, wanted))]
            write_json(arguments.out, kept)
        print(line(method, found[:wanted]), flush=True)


def one(method: Method, seed: int, number: int) -> float | None:
    """p of one study; studies of the same null and number are the same for every method."""
    rng = np.random.default_rng([seed, NULLS.index(method.null), number])
    p = method.p_value(null_study(method.null, seed, rng), rng)
    return None if np.isnan(p) else round(float(p), 6)


def line(method: Method, found: list[float | None]) -> str:
    """The rate at which p is below 5 %, of the studies in which there is one, and where it should lie."""
    from scipy.stats import binom

    told = [p for p in found if p is not None]
    low, high = (binom.ppf(tail, len(told), 0.05) / len(told) for tail in (0.025, 0.975))
    rate = sum(p < 0.05 for p in told) / len(told)
    inside = ("yes" if low <= rate <= high else "NO") if method.promises else "for comparison"
    numbers = f"{len(found):>8}{len(found) - len(told):>9}{rate:>8.4f}"
    return f"{method.name:<44}{numbers}   {low:.4f} to {high:.4f}   {inside}"


def null_study(null: Null, seed: int, rng: np.random.Generator) -> ReaderData:
    """A study in which nothing differs: what the null holds fixed is the same in every study of a seed."""
    fixed = np.random.default_rng([seed, 99])
    of_readers = fixed if null in ("frrc", "system, these readers") else rng
    of_cases = fixed if null == "rrfc" else rng
    truth = np.arange(CASES) < CASES // 2
    count = 1 if null.startswith("system") else 2
    readers = READERS + 1 if null.startswith("system") else READERS

    def by_class(source: np.random.Generator, variance: float, *shape: int) -> Floats:
        """A normal number for each class, spread over its cases."""
        values = np.sqrt(variance) * source.normal(size=(*shape, 2))[..., truth.astype(int)]
        return np.asarray(values, dtype=np.float64)

    between = 0.0 if null == "frrc" else SPREAD_OF_READERS
    ratings = SHIFT * truth + np.zeros((count, readers, CASES))
    ratings += by_class(of_readers, SPREAD_OF_READERS, 1, readers)
    ratings += by_class(of_readers, between, count, readers)
    # for these cases alone conditions are equal only where none suits some of them better
    of_condition = np.sqrt(0.0 if null == "rrfc" else 0.3) * rng.normal(size=(count, 1, CASES))
    difficulty = np.sqrt(0.3) * of_cases.normal(size=CASES) + of_condition
    ratings += difficulty
    ratings += np.sqrt(0.2) * rng.normal(size=(1, readers, CASES)) + np.sqrt(0.2) * rng.normal(
        size=(count, readers, CASES)
    )
    if null.startswith("system"):
        own = difficulty[0, 0] + np.sqrt(0.4) * rng.normal(size=CASES)
        ratings[0, 0] = own + system_shift(null, seed) * truth
    names = (tuple(str(n) for n in range(size)) for size in (count, readers, CASES))
    conditions, who, cases = names
    return ReaderData("roc", conditions, who, cases, truth, ratings)


def system_shift(null: Null, seed: int) -> float:
    """Makes a system as good as the readers: as their population's mean area, or as that of the study's own readers."""
    from scipy.special import ndtr, ndtri

    if null == "system":
        area = ndtr(SHIFT / np.sqrt(2 + 4 * SPREAD_OF_READERS))
    else:
        again = np.random.default_rng([seed, 99])
        first, second = (np.sqrt(SPREAD_OF_READERS) * again.normal(size=(1, READERS + 1, 2)) for _ in range(2))
        shifts = SHIFT + np.diff(first + second, axis=2)[0, 1:, 0]
        area = ndtr(shifts / np.sqrt(2)).mean()
    return float(np.sqrt(2) * ndtri(area))


def areas(data: ReaderData) -> Floats:
    """Areas (i, j)."""
    return figure_cells(data, "roc-auc").values


def by_or(to: Generalisation, method: Covariance | None) -> Callable[[ReaderData, np.random.Generator], float]:
    """p of all conditions, by Obuchowski and Rockette."""

    def p_value(data: ReaderData, rng: np.random.Generator) -> float:
        cells = figure_cells(data, "roc-auc")
        found = None
        if method == "bootstrap":
            found = bootstrap_covariance(areas, data, rng, BOOTSTRAP_DRAWS)
        elif method is not None:
            found = cell_covariance(cells, data, method)
        row = obuchowski_rockette("roc-auc", cells.values, found, data.conditions, data.readers, to).overall
        assert row is not None
        return row.p

    return p_value


def by_dbm(to: Generalisation) -> Callable[[ReaderData, np.random.Generator], float]:
    """p of all conditions, by pseudovalues."""

    def p_value(data: ReaderData, rng: np.random.Generator) -> float:
        row = dbm(figure_cells(data, "roc-auc"), data.conditions, data.readers, to).overall
        assert row is not None
        return row.p

    return p_value


def by_single(method: Covariance) -> Callable[[ReaderData, np.random.Generator], float]:
    """p of the first reader's two areas."""

    def p_value(data: ReaderData, rng: np.random.Generator) -> float:
        alone = data.take(readers=[0])
        cells = figure_cells(alone, "roc-auc")
        found = cell_covariance(cells, alone, method)
        return single_reader("roc-auc", cells.values, found, alone.conditions, "0").differences[0].p

    return p_value


def by_standalone(to: Generalisation, method: Covariance) -> Callable[[ReaderData, np.random.Generator], float]:
    """p of readers against the system, which is the first among them."""

    def p_value(data: ReaderData, rng: np.random.Generator) -> float:
        cells = figure_cells(data, "roc-auc")
        readers = [(0, n) for n in range(1, len(data.readers))]
        found = cell_covariance(cells, data, method)
        return standalone("roc-auc", cells.values, found, (0, 0), readers, to).difference.p

    return p_value


def by_ustat(data: ReaderData, rng: np.random.Generator) -> float:
    """p of the difference of two conditions, by the U-statistic."""
    names = f"{data.conditions[0]} - {data.conditions[1]}"
    return next(row.p for row in ustat_tests(data) if row.contrast == names)


NULLS: list[Null] = ["rrrc", "frrc", "rrfc", "system", "system, these readers"]
CLOSED: tuple[Covariance, ...] = ("jackknife", "delong", "unbiased")
METHODS = (
    *(Method(f"or {name} rrrc", "rrrc", by_or("rrrc", name)) for name in CLOSED),
    Method("dbm rrrc", "rrrc", by_dbm("rrrc")),
    Method("ustat rrrc", "rrrc", by_ustat),
    Method("or bootstrap rrrc", "rrrc", by_or("rrrc", "bootstrap")),
    *(Method(f"or {name} frrc", "frrc", by_or("frrc", name)) for name in CLOSED),
    Method("dbm frrc", "frrc", by_dbm("frrc")),
    Method("delong one reader", "frrc", by_single("delong")),
    Method("or jackknife one reader", "frrc", by_single("jackknife")),
    Method("or rrfc", "rrfc", by_or("rrfc", None)),
    Method("standalone jackknife rrrc", "system", by_standalone("rrrc", "jackknife")),
    Method("standalone delong rrrc", "system", by_standalone("rrrc", "delong")),
    Method("standalone jackknife frrc", "system, these readers", by_standalone("frrc", "jackknife")),
    Method("or jackknife frrc, readers at random", "rrrc", by_or("frrc", "jackknife"), promises=False),
    Method("or rrfc, cases at random", "rrrc", by_or("rrfc", None), promises=False),
    Method("standalone rrfc, cases at random", "system", by_standalone("rrfc", "jackknife"), promises=False),
)

if __name__ == "__main__":
    main()
