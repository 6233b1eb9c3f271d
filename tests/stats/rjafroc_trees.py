"""Our significance results in the shape that RJafroc prints, to be compared leaf by leaf."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.stats.reference_pack import Entry, load

from overread.core.reader_data import ReaderData
from overread.stats.merit.cells import Cells
from overread.stats.merit.figures import figure_cells
from overread.stats.mrmc.analysis import Analysis, two_way
from overread.stats.mrmc.covariance import CellCovariance, Components, cell_covariance, components
from overread.stats.mrmc.dbm import dbm, dbm_components, pseudovalues, single_squares, three_way
from overread.stats.mrmc.obuchowski_rockette import obuchowski_rockette, or_components
from overread.stats.mrmc.rows import Generalisation, TestRow
from overread.stats.mrmc.standalone import standalone, two_treatments

Tree = dict[str, Any]
RJAFROC_FIGURES = {
    "Wilcoxon": "roc-auc",
    "HrAuc": "inferred-roc-auc",
    "AFROC": "afroc-auc",
    "AFROC1": "afroc1-auc",
    "wAFROC": "wafroc-auc",
    "wAFROC1": "wafroc1-auc",
    "HrSe": "hr-se",
    "HrSp": "hr-sp",
    "MaxLLF": "maxllf",
    "MaxNLF": "maxnlf",
    "MaxNLFAllCases": "maxnlf-all",
}
DATASETS = {
    "dataset02": "vandyke_roc",
    "dataset03": "franken_roc",
    "dataset04": "fed_froc",
    "HF": "handmade_froc",
    "datasetCadLroc": "cad_lroc",
    "datasetCadSimuFroc": "cad_froc_sim",
}


def rjafroc_tree(entry: Entry) -> Any:
    """What we have for one run of RJafroc."""
    call = entry.call
    data = _rjafroc_data(call)
    if call.startswith("StCadVsRad"):
        return _cad_tree(call, data)
    found = re.search(r"FOM='(\w+)'", call)
    figure = RJAFROC_FIGURES[found[1]] if found else "wafroc-auc"
    if data.paradigm != "roc" and figure == "roc-auc":
        figure = "inferred-roc-auc"
    cells = figure_cells(data, figure, "rjafroc")
    trt, rdr = _rjafroc_names(call, data)
    if call.startswith("{x <- UtilPseudoValues"):
        order = np.argsort(data.is_diseased[cells.cases], kind="stable")
        return {
            "jk": _numbered(cells.left_out[:, :, order].tolist()),
            "pseudovalues": _numbered(pseudovalues(cells)[:, :, order].tolist()),
        }
    if call.startswith("UtilORVarComp"):
        return _or_anova(cells, cell_covariance(cells, data), trt, rdr)
    if call.startswith(("UtilDBMVarComp", "UtilMeanSquares")):
        return _dbm_anova(cells, trt, rdr) if "DBMVarComp" in call else _mean_squares(cells)
    to = _generalisation(call)
    average = components(cell_covariance(cells, data))
    tree: Tree = {"FOMs": _foms(cells, trt, rdr)}
    if "method='OR'" in call:
        covariance = cell_covariance(cells, data)
        ours = obuchowski_rockette(figure, cells.values, covariance, trt, rdr, to, "rjafroc")
        tree["ANOVA"] = _or_anova(cells, covariance, trt, rdr)
        tree[to.upper()] = _or_tests(ours, average, trt, rdr, to, len(cells.cases))
    else:
        ours = dbm(cells, trt, rdr, to, "rjafroc")
        tree["ANOVA"] = _dbm_anova(cells, trt, rdr)
        tree[to.upper()] = _dbm_tests(ours, trt, rdr)
    return tree


def _numbered(values: Any) -> Any:
    """Lists within lists as tables that are numbered from 1."""
    if not isinstance(values, list):
        return values
    return {str(n + 1): _numbered(value) for n, value in enumerate(values)}


def _rjafroc_data(call: str) -> ReaderData:
    name = next(name for name in DATASETS if re.search(rf"\b{name}\b", call))
    data = load(DATASETS[name])
    chosen = re.search(r"DfExtractDataset\(\w+, trts=c\(([\d,]+)\)", call)
    return data.take(conditions=[int(n) - 1 for n in chosen[1].split(",")]) if chosen else data


def _rjafroc_names(call: str, data: ReaderData) -> tuple[list[str], list[str]]:
    if "dataset02" in call:
        return [f"trt{n}" for n in range(2)], [f"rdr{n}" for n in range(5)]
    if "dataset03" in call:
        return [f"trtTREAT{n}" for n in data.conditions], [f"rdrREADER_{n}" for n in data.readers]
    if "DfFroc2Roc" in call:
        return [f"trt{n + 1}" for n in range(len(data.conditions))], [f"rdr{n + 1}" for n in range(len(data.readers))]
    return [f"trt{n}" for n in data.conditions], [f"rdr{n}" for n in data.readers]


def _generalisation(call: str) -> Generalisation:
    found = re.search(r"RRRC|FRRC|RRFC", call)
    assert found is not None
    return found[0].lower()  # type: ignore[return-value]


def _foms(cells: Cells, trt: Sequence[str], rdr: Sequence[str]) -> Tree:
    means = cells.values.mean(axis=1)
    return {
        "foms": {t: dict(zip(rdr, row.tolist(), strict=True)) for t, row in zip(trt, cells.values, strict=True)},
        "trtMeans": {t: {"Estimate": float(mean)} for t, mean in zip(trt, means, strict=True)},
        "trtMeanDiffs": {
            f"{trt[a]}-{trt[b]}": {"Estimate": float(means[a] - means[b])}
            for a in range(len(trt))
            for b in range(a + 1, len(trt))
        },
    }


def _or_anova(cells: Cells, covariance: CellCovariance, trt: Sequence[str], rdr: Sequence[str]) -> Tree:
    average, squares = components(covariance), two_way(cells.values)
    ours = or_components(cells.values, average, "rjafroc")
    names = {"VarR": "var_r", "VarTR": "var_tr", "Cov1": "cov1", "Cov2": "cov2", "Cov3": "cov3", "Var": "variance"}
    rows = cells.values.var(axis=1, ddof=1)
    columns = cells.values.var(axis=0, ddof=1)
    return {
        "TRanova": {name: {"SS": s.ss, "DF": s.df, "MS": s.ms} for name, s in squares.items()},
        "VarCom": {
            name: {
                "Estimates": ours[key],
                "Rhos": ours[key] / ours["variance"] if key.startswith("cov") else None,
            }
            for name, key in names.items()
        },
        "IndividualTrt": {
            t: {
                "DF": len(rdr) - 1,
                "msREachTrt": rows[n],
                "varEachTrt": average.condition_variance[n],
                "cov2EachTrt": average.condition_cov2[n],
            }
            for n, t in enumerate(trt)
        },
        "IndividualRdr": {
            r: {
                "DF": len(trt) - 1,
                "msTEachRdr": columns[n],
                "varEachRdr": average.reader_variance[n],
                "cov1EachRdr": average.reader_cov1[n],
            }
            for n, r in enumerate(rdr)
        },
    }


def _dbm_anova(cells: Cells, trt: Sequence[str], rdr: Sequence[str]) -> Tree:
    values = pseudovalues(cells)
    squares, single = three_way(values), single_squares(values)
    parts = dbm_components(squares, values.shape)  # type: ignore[arg-type]
    i, j, k = values.shape
    names = ("VarR", "VarC", "VarTR", "VarTC", "VarRC", "VarErr")

    def table(df: int, labels: Sequence[str], numbers: Any) -> Tree:
        return {"DF": df, **dict(zip(labels, numbers, strict=True))}

    return {
        "TRCanova": {
            name: {"SS": s.ss, "DF": s.df, "MS": None if name == "Total" else s.ms} for name, s in squares.items()
        },
        "VarCom": {name: {"Estimates": value} for name, value in zip(names, parts.values(), strict=True)},
        "IndividualTrt": {
            "msR": table(j - 1, trt, single.condition_r),
            "msC": table(k - 1, trt, single.condition_c),
            "msRC": table((j - 1) * (k - 1), trt, single.condition_rc),
        },
        "IndividualRdr": {
            "msT": table(i - 1, rdr, single.reader_t),
            "msC": table(k - 1, rdr, single.reader_c),
            "msTC": table((i - 1) * (k - 1), rdr, single.reader_tc),
        },
    }


def _mean_squares(cells: Cells) -> Tree:
    values = pseudovalues(cells)
    single = single_squares(values)
    return {
        **{f"ms{name}": s.ms for name, s in three_way(values).items()},
        "msCSingleT": single.condition_c.tolist(),
        "msCSingleR": single.reader_c.tolist(),
    }


def _interval(row: TestRow) -> Tree:
    return {"CILower": row.ci[0], "CIUpper": row.ci[1]}


def _df(row: TestRow) -> float:
    return row.df[-1] if row.df else math.inf


def _t(row: TestRow) -> Tree:
    return {
        "Estimate": row.difference,
        "StdErr": row.se,
        "DF": _df(row),
        "t": row.statistic,
        "PrGTt": row.p,
        **_interval(row),
    }


def _z(row: TestRow) -> Tree:
    return {"Estimate": row.difference, "StdErr": row.se, "z": row.statistic, "PrGTz": row.p, **_interval(row)}


def _named(trt: Sequence[str], rows: Sequence[TestRow], shape: Any, head: str = "") -> Tree:
    names = [f"{head}{trt[a]}-{trt[b]}" for a in range(len(trt)) for b in range(a + 1, len(trt))]
    return {name: shape(row) for name, row in zip(names, rows, strict=True)}


def _by_reader(trt: Sequence[str], rdr: Sequence[str], rows: Sequence[TestRow], shape: Any) -> Tree:
    size = len(trt) * (len(trt) - 1) // 2
    tree: Tree = {}
    for n, r in enumerate(rdr):
        tree |= _named(trt, rows[n * size : (n + 1) * size], shape, f"{r}::")
    return tree


def _or_tests(
    ours: Analysis, average: Components, trt: Sequence[str], rdr: Sequence[str], to: Generalisation, cases: int
) -> Tree:
    whole = ours.overall
    assert whole is not None
    square, error = ours.squares["T"], whole.components["denominator"]
    means = {
        t: {"Estimate": row.difference, "StdErr": row.se, **_interval(row)}
        for t, row in zip(trt, ours.means, strict=True)
    }
    if to == "frrc":
        for mean in means.values():
            mean["DF"] = cases - 1
        return {
            "FTests": {
                "Treatment": {"MS": square.ms, "Chisq": whole.statistic, "DF": square.df, "p": whole.p},
                "Error": {"MS": error, "Chisq": None, "DF": None, "p": None},
            },
            "ciDiffTrt": _named(trt, ours.differences, _z),
            "ciAvgRdrEachTrt": means,
            "ciDiffTrtEachRdr": _by_reader(trt, rdr, ours.reader_differences, _z),
            "IndividualRdrVarCov1": {
                r: {"varEachRdr": average.reader_variance[n], "cov1EachRdr": average.reader_cov1[n]}
                for n, r in enumerate(rdr)
            },
        }
    for row, mean in zip(ours.means, means.values(), strict=True):
        mean["DF"] = _df(row)
    tree = {"ciDiffTrt": _named(trt, ours.differences, _t), "ciAvgRdrEachTrt": means}
    if to == "rrfc":
        first = {"DF": square.df, "MS": square.ms, "F": whole.statistic, "p": whole.p}
        rest = {"DF": ours.squares["TR"].df, "MS": error, "F": None, "p": None}
        return tree | {"FTests": {"T": first, "TR": rest}}
    for row, mean in zip(ours.means, means.values(), strict=True):
        mean["Cov2"] = row.components["cov2"]
    return tree | {"FTests": _f_tests(whole, square.df, square.ms)}


def _f_tests(whole: TestRow, df: int, square: float) -> Tree:
    return {
        "Treatment": {"DF": df, "MS": square, "FStat": whole.statistic, "p": whole.p},
        "Error": {"DF": whole.df[1], "MS": whole.components["denominator"], "FStat": None, "p": None},
    }


def _dbm_tests(ours: Analysis, trt: Sequence[str], rdr: Sequence[str]) -> Tree:
    whole = ours.overall
    assert whole is not None
    tree: Tree = {
        "FTests": _f_tests(whole, ours.squares["T"].df, ours.squares["T"].ms),
        "ciDiffTrt": _named(trt, ours.differences, _t),
        "ciAvgRdrEachTrt": {t: _t(row) for t, row in zip(trt, ours.means, strict=True)},
    }
    if ours.reader_differences:
        tree["ciDiffTrtEachRdr"] = _by_reader(trt, rdr, ours.reader_differences, _t)
    return tree


def _cad_tree(call: str, data: ReaderData) -> Tree:
    found = re.search(r"FOM='(\w+)'(?:, FPFValue=([\d.]+))?, method='(\w+)-(\w+)'", call)
    assert found is not None
    name, fpf = found[1], found[2]
    figure = {"PCL": f"lroc-pcl@{fpf}", "ALROC": f"lroc-auc@{fpf}", "Wilcoxon": "inferred-roc-auc"}.get(name)
    cells = figure_cells(data, figure or RJAFROC_FIGURES[name], "rjafroc")
    covariance = cell_covariance(cells, data)
    readers = [(0, n) for n in range(1, len(data.readers))]
    to = _generalisation(call)
    tree: Tree = {"fomCAD": cells.values[0, 0], "fomRAD": cells.values[0, 1:].tolist()}
    ours = standalone(cells.name, cells.values, covariance, (0, 0), readers, to, convention="rjafroc")
    row, parts = ours.difference, ours.components
    tree |= {"avgRadFom": ours.mean.difference, "avgDiffFom": row.difference}
    if found[3] == "2T":
        return tree | _two_treatment_tree(cells, covariance, readers)
    tree |= {
        "CIAvgRadFom": list(ours.mean.ci),
        "CIAvgRad": list(ours.mean.ci),
        "CIAvgDiffFom": list(row.ci),
        "varR": parts["ms"],
        "Tstat": row.statistic,
        "df": _df(row),
        "pval": row.p,
    }
    return tree | ({} if to == "rrfc" else {"varError": parts["variance"], "cov2": parts["cov2"]})


def _two_treatment_tree(cells: Cells, covariance: CellCovariance, readers: Sequence[tuple[int, int]]) -> Tree:
    ours = two_treatments(cells.name, cells.values, covariance, (0, 0), readers, convention="rjafroc")
    whole, parts = ours.overall, ours.components
    assert whole is not None
    return {
        "varDiffFom": cells.values[0, 1:].var(ddof=1),
        "ciDiffFom": {"trt2-trt1": _t(ours.differences[0])},
        "ciAvgRdrEachTrt": {
            name: {
                "Estimate": row.difference,
                "StdErr": row.se,
                "DF": _df(row),
                **_interval(row),
                "Cov2": row.components["cov2"],
            }
            for name, row in zip(("trt2", "trt1"), ours.means, strict=True)
        },
        "varR": parts["var_r"],
        "varTR": parts["var_tr"],
        "cov1": parts["cov1"],
        "cov2": parts["cov2"],
        "cov3": parts["cov3"],
        "varError": parts["variance"],
        "FStat": whole.statistic,
        "ndf": whole.df[0],
        "df": whole.df[1],
        "pval": whole.p,
    }
