"""The tables of the reference pack: every number that R, scipy, statsmodels and scikit-learn printed for small tables.

What we compute is put into the shape in which each program printed it, then compared leaf by leaf.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.stats.reference_pack import PACK, Entry, agree, entries, leaves, needs_pack

from overread.stats import multiclass
from overread.stats.agreement import (
    cochran_q,
    cohen_kappa,
    fleiss_kappa,
    intraclass_correlations,
    pair_counts,
)
from overread.stats.contingency import CountTest, chi_square, fisher, fisher_larger, g_test
from overread.stats.corrections import corrected_p
from overread.stats.curves import roc_curve
from overread.stats.diagnostic import diagnostic
from overread.stats.estimate import Estimate
from overread.stats.likelihood_ratios import TwoByTwo
from overread.stats.mcnemar import mcnemar, mcnemar_chi_square
from overread.stats.merit.roc import roc_auc
from overread.stats.partial_auc import average_precision, mcclish, partial_auc
from overread.stats.proportions import binomial_test, clopper_pearson, proportion, wilson
from overread.stats.rank_tests import kruskal_wallis, mann_whitney, signed_rank
from overread.stats.reliability import brier

pytestmark = [pytest.mark.light, pytest.mark.shared, needs_pack]

LEFT_OUT = {
    "agresti_coull": "an interval kind that nobody asks for here",
    "jeffreys": "an interval kind that nobody asks for here",
    "normal": "an interval kind that nobody asks for here",
}
R_ROOT = 1.3e-4
"""R's fisher.test stops looking for an odds ratio t once it knows t, or 1 / t above 1, to .Machine$double.eps^0.25
(1.22e-4). So far its odds ratios and their limits are good; ours solve the same equations exactly."""


@cache
def _tables() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((PACK / "datasets" / "tables.json").read_text(encoding="utf-8"))
    return loaded


def _limits(low_high: tuple[float, float]) -> dict[str, float]:
    return {"lower": low_high[0], "upper": low_high[1]}


def _proportion(entry: Entry, words: list[str]) -> Any:
    hits, total, kind = int(words[1]), int(words[2]), words[3]
    level = float(words[4]) / 100 if len(words) > 4 else 0.95
    return _limits((wilson if kind == "wilson" else clopper_pearson)(hits, total, level))


def _mcnemar(entry: Entry, words: list[str]) -> Any:
    (_, b), (c, _) = _tables()["mcnemar"][words[1]]
    if words[2] == "exact":
        p = mcnemar(b, c).exact_p
        return {"statistic": min(b, c), "p": p} if entry.program == "statsmodels" else p
    if entry.program == "stats":
        result = mcnemar_chi_square(b, c, words[2] == "cc", "r")
        return {"chi2": result.statistic, "df": 1, "p": result.p}
    result = mcnemar_chi_square(b, c, words[-1] == "cc", "statsmodels")
    return {"statistic": result.statistic, "p": result.p}


def _fisher(entry: Entry, words: list[str]) -> Any:
    if words[1] == "rxc":
        return fisher_larger(_tables()["tablesRxC"][words[2]])
    side: Any = words[2] if len(words) > 2 else "two-sided"
    result = fisher(_tables()["tables2x2"][words[1]], side)
    if entry.program == "scipy":
        return {"odds_ratio": result.odds_ratio, "p": result.p}
    return {
        "p": result.p,
        "conditional_mle_odds_ratio": result.conditional,
        "lower": result.low,
        "upper": result.high,
    }


def _count_test(result: CountTest, statistic: str) -> Any:
    return {statistic: result.statistic, "df": result.df, "p": result.p, "expected": result.expected.tolist()}


def _chi2(entry: Entry, words: list[str]) -> Any:
    if words[1] == "2x2":
        return _count_test(chi_square(_tables()["tables2x2"][words[2]], words[3] == "yates"), "chi2")
    return _count_test(chi_square(_tables()["tablesRxC"][words[1]]), "chi2")


def _g(entry: Entry, words: list[str]) -> Any:
    return _count_test(g_test(_tables()["tablesRxC"][words[2]]), "g")


def _cohen(entry: Entry, words: list[str]) -> Any:
    table = _tables()["kappa_tables"][words[2]]
    plain, linear, square = (cohen_kappa(table, w) for w in ("none", "linear", "quadratic"))
    if entry.program == "statsmodels":
        k = {"unweighted": plain, "linear": linear, "quadratic": square}[words[3]]
        variances = {"var_kappa": k.error**2, "var_kappa0": k.null_error**2, "std_kappa": k.error}
        test = {"lower": k.low, "upper": k.high, "z": k.z, "p_two_sided": k.p}
        return {"kappa": k.value, "kappa_max": k.largest} | variances | test
    if entry.program == "vcd":
        near = square if words[-1] == "quadratic" else linear
        return {
            "unweighted": plain.value,
            "ase_unweighted": plain.error,
            "weighted": near.value,
            "ase_weighted": near.error,
        }
    theirs = cohen_kappa(table, "quadratic", convention="psych")
    rows = {"unweighted kappa": plain, "weighted kappa": theirs}
    ci = {name: {"lower": k.low, "estimate": k.value, "upper": k.high} for name, k in rows.items()}
    own = {"kappa": plain.value, "weighted_quadratic": theirs.value, "ci": ci}
    return own | {"var": plain.error**2, "var_weighted": theirs.error**2}


def _kappa_of_raters(entry: Entry, words: list[str]) -> Any:
    kinds: dict[str, Any] = {"unweighted": "none", "linear": "linear", "quadratic": "quadratic"}
    first, second = (np.array(_tables()["raters"][name]) - 1 for name in words[1:3])
    return cohen_kappa(pair_counts(first, second, 5), kinds[words[3]]).value


def _raters() -> np.ndarray:
    return np.column_stack([_tables()["raters"][name] for name in ("r1", "r2", "r3")])


def _fleiss(entry: Entry, words: list[str]) -> Any:
    kind: Any = words[3]
    counts = np.array(_tables()["fleiss"]["a"])
    if words[2] == "raters":
        counts = np.array([np.bincount(row - 1, minlength=5) for row in _raters()])
    return fleiss_kappa(counts, kind).value


def _cochran(entry: Entry, words: list[str]) -> Any:
    result = cochran_q(_raters() >= 3)
    return {"q": result.statistic, "p": result.p, "df": result.df}


def _icc(entry: Entry, words: list[str]) -> Any:
    return {
        form.name: {
            "ICC": form.value,
            "F": form.f,
            "df1": form.df[0],
            "df2": form.df[1],
            "p": form.p,
            "lower bound": form.low,
            "upper bound": form.high,
        }
        for form in intraclass_correlations(_raters())
    }


def _kruskal(entry: Entry, words: list[str]) -> Any:
    result = kruskal_wallis(_tables()["kruskal"][words[1]])
    return {"H": result.statistic, "df": result.df, "p": result.p}


def _mann_whitney(entry: Entry, words: list[str]) -> Any:
    first, second = _tables()["wilcoxon_groups"][words[1]]
    result = mann_whitney(first, second, words[2] == "exact", words[3] == "cc")
    return {"U": result.statistic, "p": result.p}


def _wilcox(entry: Entry, words: list[str]) -> Any:
    first, second = _tables()["wilcoxon_groups"][words[1]]
    if len(first) == len(second):
        # R's reader of JSON made a matrix of two groups of one length, and g[[1]], g[[2]] its two first numbers
        first, second = first[:1], second[:1]
    with_half, without = (mann_whitney(first, second, corrected=c) for c in (True, False))
    return {"W": with_half.statistic, "p_cc": with_half.p, "p_nocc": without.p}


def _signed_rank(entry: Entry, words: list[str]) -> Any:
    zeros: Any = words[3]
    first, second = _tables()["signed_rank"][words[2]]
    result = signed_rank(first, second, zeros)
    return {"W": result.statistic, "p": result.p}


def _multiple(entry: Entry, words: list[str]) -> Any:
    method: Any = words[-1].lower()
    return corrected_p(_tables()["pvalues"], method).tolist()


def _binom(entry: Entry, words: list[str]) -> Any:
    return {"p_5_of_20_half": binomial_test(5, 20), "p_12_of_30_p0.2": binomial_test(12, 30, 0.2)}


def _row(estimate: Estimate) -> dict[str, float]:
    return {"est": estimate.value, "lower": estimate.low, "upper": estimate.high}


def _diagnostic(entry: Entry, words: list[str]) -> Any:
    tp, fp, fn, tn = _tables()["diagnostic_2x2_TP_FP_FN_TN"][words[1]]
    kind: Any = words[2]
    d = diagnostic(TwoByTwo(tp, fn, fp, tn), interval=kind, convention="epir")

    def share(hits: int, total: int) -> Estimate:
        return proportion(hits, total, interval=kind)

    rows = {
        "ap": d.called,
        "tp": d.prevalence,
        "se": d.sensitivity,
        "sp": d.specificity,
        "diag.ac": d.accuracy,
        "diag.or": d.odds_ratio,
        "nndx": d.needed,
        "youden": d.youden,
        "pv.pos": d.positive_value,
        "pv.neg": d.negative_value,
        "lr.pos": d.ratios.positive,
        "lr.neg": d.ratios.negative,
        "p.rout": share(fn + tn, tp + fp + fn + tn),
        "p.rin": d.called,
        "p.tpdn": share(fp, fp + tn),
        "p.tndp": share(fn, tp + fn),
        "p.dntp": share(fp, tp + fp),
        "p.dptn": share(fn, fn + tn),
    }
    return {name: _row(estimate) for name, estimate in rows.items()}


def _confusion(entry: Entry, words: list[str]) -> Any:
    table = np.array(_tables()["confusion"][words[1]], dtype=np.float64)
    counts = np.column_stack([table, np.zeros(len(table))])
    return {
        "accuracy": float(multiclass.accuracy(counts)),
        "balanced_accuracy": float(multiclass.balanced_accuracy(counts)),
        "precision": multiclass.precision(counts).tolist(),
        "recall": multiclass.sensitivity(counts).tolist(),
        "f1": multiclass.f1(counts).tolist(),
        "macro_f1": float(multiclass.macro_f1(counts)),
        "weighted_f1": float(multiclass.weighted_f1(counts)),
        "mcc": float(multiclass.matthews(counts)),
        "kappa": cohen_kappa(table).value,
    }


def _roc(entry: Entry, words: list[str]) -> Any:
    document = json.loads((PACK / "datasets" / "handmade_roc_ties.json").read_text(encoding="utf-8"))
    truth = np.array([bool(case["truth"]) for case in document["cases"]])
    rating = np.array([row[3] for row in document["readings"]["rows"]], dtype=np.float64)
    curve = roc_curve(rating, truth)
    return {
        "fpr": curve.x.tolist(),
        "tpr": curve.y.tolist(),
        "thresholds": curve.thresholds.tolist(),
        "auc": roc_auc(rating[truth], rating[~truth]),
        "pauc_mcclish_fpr0_2": mcclish(partial_auc(rating, truth, 0.8, 1.0), 0.8, 1.0),
        "average_precision": average_precision(rating, truth),
        "brier_scaled": brier((rating - 1) / 4, truth),
    }


OURS: dict[str, Callable[[Entry, list[str]], Any]] = {
    "proportion": _proportion,
    "mcnemar": _mcnemar,
    "fisher": _fisher,
    "chi2": _chi2,
    "g": _g,
    "cohen": _cohen,
    "kappa": _kappa_of_raters,
    "fleiss": _fleiss,
    "cochran": _cochran,
    "icc": _icc,
    "kruskal": _kruskal,
    "mannwhitney": _mann_whitney,
    "wilcox": _wilcox,
    "signed": _signed_rank,
    "multiple": _multiple,
    "binom": _binom,
    "diagnostic": _diagnostic,
    "confusion": _confusion,
    "roc": _roc,
}


def _is_left_out(entry: Entry) -> bool:
    return any(word in entry.name for word in LEFT_OUT)


def _at(tree: Any, path: tuple[str, ...]) -> float | None:
    for step in path:
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]
    return None if tree is None else float(tree)


def _leaf_agrees(entry: Entry, path: tuple[str, ...], ours: float | None, theirs: float | None) -> bool:
    is_r_root = entry.program == "stats" and entry.call.startswith("{t <- fisher.test") and path != ("p",)
    if is_r_root and ours is not None and theirs is not None:
        if theirs > 1:
            ours, theirs = 1 / ours, 1 / theirs
        return math.isclose(ours, theirs, rel_tol=0, abs_tol=R_ROOT)
    return agree(ours, theirs, 1e-9)


@pytest.mark.parametrize("dataset", ["tables_python", "tables_r"])
def test_every_number_of_the_small_tables_is_ours(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    faults, compared, left_out, owned = [], 0, 0, 0
    for entry in entries(dataset):
        numbers = list(leaves(entry.result))
        owned += len(numbers)
        if _is_left_out(entry):
            left_out += len(numbers)
            continue
        words = entry.name.split("_")
        tree = OURS[words[0]](entry, words)
        for path, theirs in numbers:
            ours = _at(tree, path)
            compared += 1
            if not _leaf_agrees(entry, path, ours, theirs):
                faults.append(f"{entry.name} {entry.program} {'.'.join(path)}: {ours} {theirs}")
    with capsys.disabled():
        sys.stdout.write(f"\n{dataset}: {compared} leaves compared, {left_out} left out\n")
    assert not faults, "\n".join(faults)
    assert compared + left_out == owned
    assert compared > 300


def test_only_three_kinds_of_interval_are_left_out() -> None:
    left = {entry.name.split("_", 3)[3].rsplit("_", 1)[0] for entry in entries("tables_python") if _is_left_out(entry)}
    assert left == set(LEFT_OUT)
    assert not [entry.name for entry in entries("tables_r") if _is_left_out(entry)]


@pytest.mark.parametrize("name", ["a", "b", "c", "d"])
def test_limits_of_a_conditional_odds_ratio_solve_their_equations_where_r_stops_short(name: str) -> None:
    from scipy.stats import nchypergeom_fisher

    table = np.array(_tables()["tables2x2"][name])
    result, seen = fisher(table), int(table[0, 0])
    shape = int(table.sum()), int(table[0].sum()), int(table[:, 0].sum())
    if result.high < math.inf:
        assert nchypergeom_fisher.cdf(seen, *shape, result.high) == pytest.approx(0.025, rel=1e-6)
    if result.low > 0:
        assert nchypergeom_fisher.sf(seen - 1, *shape, result.low) == pytest.approx(0.025, rel=1e-6)
    if 0 < result.conditional < math.inf:
        assert nchypergeom_fisher.mean(*shape, result.conditional) == pytest.approx(seen, rel=1e-8)
