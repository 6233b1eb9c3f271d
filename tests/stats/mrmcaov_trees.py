"""Our significance results in the shape that MRMCaov prints, to be compared leaf by leaf."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from tests.stats.reference_pack import Entry, load

from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells
from overread.stats.merit.figures import figure_cells
from overread.stats.mrmc.analysis import Analysis, two_way
from overread.stats.mrmc.covariance import CellCovariance, cell_covariance, components
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette, or_components
from overread.stats.mrmc.rows import Covariance, Generalisation, TestRow
from overread.stats.mrmc.single import single_reader

Tree = dict[str, Any]


def mrmcaov_tree(entry: Entry, dataset: str) -> Any:
    """What we have for one run of MRMCaov."""
    call = entry.call
    data = _mrmcaov_data(entry, dataset)
    method: Covariance = "jackknife"
    for word in ("DeLong", "unbiased"):
        if f"cov={word}" in call:
            method = word.lower()  # type: ignore[assignment]
    figure, metric = _mrmcaov_figure(call)
    cells = figure_cells(data, figure, "mrmcaov")
    covariance = cell_covariance(cells, data, method, "mrmcaov")
    if call.startswith("{x <-"):
        labels = [f"{i}.{j}" for i in data.conditions for j in data.readers]
        matrix = covariance.matrix.reshape(len(labels), -1)
        return {a: dict(zip(labels, row.tolist(), strict=True)) for a, row in zip(labels, matrix, strict=True)}
    if call.startswith("summary(stmc"):
        only = single_reader(figure, cells.values, covariance, data.conditions, "1", "mrmcaov").means[0]
        return [only.difference, only.se, *only.ci]
    to: Generalisation = "rrfc" if "fixed(case)" in call else "frrc" if "fixed(reader)" in call else "rrrc"
    if call.startswith("srmc"):
        ours = single_reader(figure, cells.values, covariance, data.conditions, "1", "mrmcaov")
        tree = _mrmcaov_frame(cells, covariance, data, metric, is_single=True)
        return tree | _mrmcaov_tests(ours, "frrc", is_single=True)
    ours = obuchowski_rockette(figure, cells.values, covariance, data.conditions, data.readers, to, "mrmcaov")
    tree = _mrmcaov_frame(cells, covariance, data, metric) | _mrmcaov_tests(ours, to)
    if to == "frrc":
        tree["reader_means"] = {
            str(n + 1): {metric: row.difference, "StdErr": row.se, "CI": _limits(row)}
            for n, row in enumerate(ours.reader_values)
        }
    return tree


def _mrmcaov_data(entry: Entry, dataset: str) -> ReaderData:
    data = load(dataset)
    if chosen := re.search(r"reader=='(\w+)'", entry.call):
        data = data.take(readers=[data.readers.index(chosen[1])])
    if chosen := re.search(r"treatment=='(\w+)'", entry.call):
        data = data.take(conditions=[data.conditions.index(chosen[1])])
    if chosen := re.search(r"empirical_auc\(truth, (s100b|ndka|wfns)\)", entry.call):
        data = data.take(conditions=[data.conditions.index(chosen[1])])
    if "case2" in entry.call:
        return _nested(data, 1)
    return _nested(data, 0) if "case3" in entry.call else data


def _nested(data: ReaderData, axis: int) -> ReaderData:
    """Every reader (1) or condition (0) given the same cases under names of their own."""
    times = data.ratings.shape[axis]
    count = len(data.cases)
    ratings = np.full((*data.ratings.shape[:2], times * count), np.nan)
    for n in range(times):
        part = (slice(None), n) if axis == 1 else (n,)
        ratings[(*part, ..., slice(n * count, (n + 1) * count))] = data.ratings[part]
    names = tuple(f"{n}.{case}" for n in range(times) for case in data.cases)
    return replace(data, cases=names, is_diseased=np.tile(data.is_diseased, times), ratings=ratings)


def _mrmcaov_figure(call: str) -> tuple[str, str]:
    found = re.search(r"(empirical_\w+|binary_\w+)\(", call)
    assert found is not None
    metric = found[1]
    if partial := re.search(r"partial='(\w+)', min=([\d.]+), max=([\d.]+), normalize=(\w+)", call):
        name = "partial-auc" + ("-sens" if partial[1] == "sensitivity" else "")
        name += "-normalised" if partial[4] == "TRUE" else ""
        return f"{name}@{partial[2]}-{partial[3]}", metric
    number = re.search(r"(?:spec=|sens=|slope=|>= )([\d.]+)", call)
    if number is None:
        return "roc-auc", metric
    base = {
        "empirical_sens": "sens",
        "empirical_spec": "spec",
        "empirical_eu": "expected-utility",
        "binary_sens": "sensitivity",
        "binary_spec": "specificity",
    }[metric]
    return f"{base}@{number[1]}", metric


DESIGNS = {"crossed": 1, "cases in readers": 2, "cases in conditions": 3}


def _mrmcaov_frame(
    cells: Cells, covariance: CellCovariance, data: ReaderData, metric: str, is_single: bool = False
) -> Tree:
    squares, average = two_way(cells.values), components(covariance)
    ours = or_components(cells.values, average, "mrmcaov")
    tree: Tree = {
        "design": 2 if is_single else DESIGNS[covariance.design],
        "reader_metrics": {str(n + 1): {metric: value} for n, value in enumerate(cells.values.ravel().tolist())},
        "aov": {},
        "vcov_comps": {},
    }
    # the table that it prints for one reader, and uses nowhere, divides by i - 1/2 where i - 1 is due
    share = (len(cells.values) - 1) / (len(cells.values) - 0.5) if is_single else 1.0
    for word in ("treatment", "modality"):
        for name, source in ((word, "T"), ("reader", "R"), (f"{word}:reader", "TR")):
            s = squares[source]
            tree["aov"][name] = {"Df": s.df, "Sum Sq": s.ss * share, "Mean Sq": s.ms * share if s.df else 0.0}
        tree["vcov_comps"][f"{word}:reader"] = {"Estimate": ours["var_tr"], "Correlation": None}
    tree["vcov_comps"]["reader"] = {"Estimate": ours["var_r"], "Correlation": None}
    tree["vcov_comps"]["Error"] = {"Estimate": average.variance, "Correlation": None}
    for name in ("cov1", "cov2", "cov3"):
        tree["vcov_comps"][name.capitalize()] = {"Estimate": ours[name], "Correlation": ours[name] / average.variance}
    return tree


def _limits(row: TestRow) -> Tree:
    return {"Lower": row.ci[0], "Upper": row.ci[1]}


def _mrmcaov_tests(ours: Analysis, to: Generalisation, is_single: bool = False) -> Tree:
    word = "z" if to == "frrc" else "t"

    def difference(row: TestRow) -> Tree:
        return {
            "Estimate": row.difference,
            "StdErr": row.se,
            "df": _df(row),
            "CI": _limits(row),
            word: row.statistic,
            "p-value": row.p,
        }

    def numbered(rows: Sequence[TestRow], shape: Any) -> Tree:
        return {str(n + 1): shape(row) for n, row in enumerate(rows)}

    tree: Tree = {"test_diffs": numbered(ours.differences, difference)}
    if is_single:
        means = numbered(ours.means, lambda row: {"StdErr": row.se, "CI": _limits(row)})
        for row, mean in zip(ours.means, means.values(), strict=True):
            mean["empirical_auc"] = row.difference
        return tree | {"reader_means": means}
    names: Mapping[str, str] = {"ms_r": "MS(R)", "variance": "Var(Error)", "cov2": "Cov2"}
    tree["test_means"] = numbered(
        ours.means,
        lambda row: {
            "Estimate": row.difference,
            "StdErr": row.se,
            "df": _df(row),
            "CI": _limits(row),
            **{names[key]: value for key, value in row.components.items()},
        },
    )
    if to == "frrc":
        tree["reader_test_diffs"] = numbered(ours.reader_differences, difference)
    whole = ours.overall
    assert whole is not None
    parts = whole.components
    tree["test_equality"] = {
        "1": {
            "MS(T)": parts["ms_t"],
            "MS(T:R)": parts["ms_tr"],
            **{name: parts.get(name.lower()) for name in ("Cov1", "Cov2", "Cov3")},
            "Denominator": parts["denominator"],
            "X2" if to == "frrc" else "F": whole.statistic,
            "df" if to == "frrc" else "df1": whole.df[0],
            "df2": _df(whole),
            "p-value": whole.p,
        }
    }
    return tree


def _df(row: TestRow) -> float:
    return row.df[-1] if row.df else math.inf
