"""Tables of an evaluation that are no metrics: confusion, baseline, logistic regression, calibration, benefit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.classes.answers import Answers
from overread.evaluation.classes.case import ClassCase
from overread.evaluation.rows import number
from overread.stats.baseline import CategoryRow, GroupTest, NumberRow, category_row, number_row
from overread.stats.decision_curve import decision_curve
from overread.stats.logistic import LogisticFit, logistic_regression
from overread.stats.multiclass import confusion
from overread.stats.reliability import reliability

Table = dict[str, Any]
"""``head``: names of the columns; ``rows``: cells, text, number or null; ``remark``: what must be known to read it."""
THRESHOLDS = np.arange(0.05, 0.96, 0.05)
"""Threshold probabilities of the printed decision curve."""
SIGNS = ("artery", "halo", "difference")


def confusion_table(answers: Answers, names: Sequence[str]) -> Table:
    """Counts: a row for each true class, a column for each called one and for the cases without an answer."""
    counts = confusion(answers.truth, answers.calls, len(names)).astype(int).tolist()
    rows = [[name, *row] for name, row in zip(names, counts, strict=True)]
    return _table(("true class", *names, "no region"), rows, "Rows are true classes, columns what was called.")


def baseline_table(cases: Sequence[ClassCase], names: Sequence[str]) -> Table:
    """Who is in the set, by true class, with a test of no difference; only what the truth states."""
    groups = {name: [case for case in cases if case.label == name] for name in names}
    groups = {name: members for name, members in groups.items() if members}

    def numbers(fact: str) -> dict[str, list[float]]:
        return {g: [_as_number(case.facts.get(fact)) for case in members] for g, members in groups.items()}

    rows: list[list[Any]] = [["patients", *(str(len(members)) for members in groups.values()), "", None]]
    for word, values in (
        ("age, years", numbers("age_y")),
        ("largest diameter, mm", {g: [case.diameter_mm for case in m] for g, m in groups.items()}),
        ("lesions", {g: [float(len(case.lesions)) for case in m] for g, m in groups.items()}),
        ("AFP, ng/ml", numbers("afp_ng_ml")),
    ):
        if np.isfinite(np.concatenate([np.asarray(v) for v in values.values()])).any():
            rows.append(_number_cells(number_row(word, values)))
    for word, fact in (("sex", "sex"), ("Child-Pugh", "child_pugh"), ("HBsAg", "hbsag"), ("HCV", "hcv")):
        rows += _category_cells(word, {g: [case.facts.get(fact) for case in m] for g, m in groups.items()})
    for sign in SIGNS:
        found = {g: [None if c.largest is None else c.largest.signs.get(sign) for c in m] for g, m in groups.items()}
        rows += _category_cells(f"sign: {sign}", found)
    types = {g: [None if case.largest is None else case.largest.type for case in m] for g, m in groups.items()}
    rows += _category_cells("type of the largest lesion", types)
    remark = (
        "Numbers: median (quartiles), Kruskal-Wallis. Categories: count (share), chi-square or Fisher's exact test."
    )
    return _table(("property", *groups, "test", "p"), rows, remark)


def logistic_table(cases: Sequence[ClassCase], positive: str, published: Mapping[str, str]) -> Table | None:
    """Logistic regression of the label on the seven facts, of the cases of which all are known; None without any.

    Parameters
    ----------
    published
        Factor -> what the paper printed for it.
    """
    everybody = len(cases)
    cases = [case for case in cases if not any(value is None for value in case.facts.values())]
    if not cases:
        return None
    columns: dict[str, NDArray[np.float64]] = {
        "sex male": np.array([case.facts["sex"] == "male" for case in cases], dtype=np.float64),
        "age, years": np.array([case.facts["age_y"] for case in cases], dtype=np.float64),
        "diameter, cm": np.array([case.facts["diameter_mm"] / 10 for case in cases], dtype=np.float64),
        "AFP, ng/ml": np.array([case.facts["afp_ng_ml"] for case in cases], dtype=np.float64),
        "Child-Pugh B": np.array([case.facts["child_pugh"] == "B" for case in cases], dtype=np.float64),
        "Child-Pugh C": np.array([case.facts["child_pugh"] == "C" for case in cases], dtype=np.float64),
        "HBsAg": np.array([case.facts["hbsag"] for case in cases], dtype=np.float64),
        "HCV": np.array([case.facts["hcv"] for case in cases], dtype=np.float64),
    }
    constant = [name for name, values in columns.items() if np.ptp(values) == 0]
    varying = {name: values for name, values in columns.items() if name not in constant}
    outcome = np.array([case.label == positive for case in cases], dtype=np.float64)
    if not varying:
        return None
    fit = logistic_regression(np.stack(list(varying.values()), axis=1), outcome, list(varying))
    remark = _logistic_remark(fit, constant, everybody - len(cases))
    rows = [
        [
            c.name,
            number(c.coefficient, 6),
            number(c.error, 6),
            number(c.odds_ratio.value),
            number(c.odds_ratio.low),
            number(c.odds_ratio.high),
            number(c.p),
            published.get(c.name, ""),
        ]
        for c in fit.coefficients
    ]
    head = ("factor", "coefficient", "standard error", "odds ratio", "low", "high", "p", "paper, patients")
    return _table(head, rows, remark)


def calibration_table(said: NDArray[np.float64], came_true: NDArray[np.bool_], what: str) -> Table:
    """Ten bins of equal width: what was said, what came true."""
    bins = reliability(said, came_true)
    rows = [
        [f"{low:.1f} to {high:.1f}", int(count), number(mean), number(share)]
        for low, high, count, mean, share in zip(
            bins.edges[:-1], bins.edges[1:], bins.counts, bins.said, bins.came_true, strict=True
        )
    ]
    return _table(("bin", "cases", "mean said", "share that came true"), rows, f"Probability of {what}.")


def benefit_table(said: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> Table:
    """Net benefit at threshold probabilities, against treating all and none."""
    curve = decision_curve(said, is_positive, THRESHOLDS)
    rows = [
        [round(float(t), 2), number(m), number(a), "yes" if useful else "no"]
        for t, m, a, useful in zip(curve.thresholds, curve.model, curve.treat_all, curve.is_useful, strict=True)
    ]
    remark = "Treating nobody has a net benefit of 0. The score is taken as the probability that it may not be."
    return _table(("threshold", "system", "treat all", "better than both"), rows, remark)


def _table(head: Sequence[str], rows: list[list[Any]], remark: str) -> Table:
    return {"head": list(head), "rows": rows, "remark": remark}


def _logistic_remark(fit: LogisticFit, constant: Sequence[str], incomplete: int) -> str:
    parts = [f"{fit.cases} cases, {fit.events} positive; maximum likelihood with a constant, Wald intervals"]
    if incomplete:
        parts.append(f"{incomplete} more left out, of whom not all facts are known")
    if not fit.has_converged:
        parts.append(f"no fit: {fit.problem}")
    if constant:
        parts.append(f"left out because all cases have the same value: {', '.join(constant)}")
    parts.append("Child-Pugh is set against A; the paper printed a coefficient for each of A, B and C")
    return "; ".join(parts) + "."


def _number_cells(row: NumberRow) -> list[Any]:
    cells = [f"{c.median:.1f} ({c.lower_quartile:.1f} to {c.upper_quartile:.1f})" for c in row.cells.values()]
    return [row.name, *cells, _test(row.test), number(row.test.p)]


def _category_cells(name: str, groups: dict[str, list[Any]]) -> list[list[Any]]:
    """One line a level; of yes and no only the yes. Nothing where nobody knows."""
    words = {g: [None if v is None else _word(v) for v in values] for g, values in groups.items()}
    if all(v is None for values in words.values() for v in values):
        return []
    row: CategoryRow = category_row(name, words)
    levels = [level for level in row.levels if level != "no"] or list(row.levels)
    lines: list[list[Any]] = []
    for level in levels:
        cells = [f"{row.counts[g][level]} ({_percent(row.share(g, level))})" for g in groups]
        is_first = level == levels[0]
        test = [_test(row.test), number(row.test.p)] if is_first else ["", None]
        lines.append([f"{name}: {level}", *cells, *test])
    return lines


def _word(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _test(test: GroupTest) -> str:
    return f"{test.method} ({test.note})" if test.note else test.method


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"


def _as_number(value: Any) -> float:
    return math.nan if value is None else float(value)
