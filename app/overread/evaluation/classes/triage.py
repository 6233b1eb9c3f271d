"""noncontrast-triage counted as Zhen counted: three classes per image and patient, malignant or not by both rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.classes.answers import (
    Answers,
    accuracy_rows,
    at_point,
    below_all,
    binary_rows,
    class_rows,
    no_region_rows,
    patient_answers,
    region_answers,
)
from overread.evaluation.classes.case import SYSTEM, ClassCase
from overread.evaluation.classes.subsets import ONE_CM, subsets_of, types_of
from overread.evaluation.rows import Heading, Patients, Row, area_rows, find_row, make_row
from overread.stats.likelihood_ratios import LOG, TwoByTwo, limit_likelihood_ratios, log_likelihood_ratios
from overread.stats.multiclass import NO_CALL

BENIGN = "benign"
SUM_RULE, ANY_SLICE_RULE = "sum rule", "any-slice rule"
MALIGNANT = "-malignant"
Flags = NDArray[np.bool_]


def triage_rows(name: str, cases: Sequence[ClassCase], names: Sequence[str], people: Patients) -> list[Row]:
    """All rows of the evaluated system."""
    answers = patient_answers(cases, names, people)
    rows = class_rows(Heading("region", name), region_answers(cases, names, people), names, people)
    for subset, chosen in {"all": np.ones(len(cases), dtype=np.bool_), **subsets_of(cases, ONE_CM)}.items():
        heading, part = Heading("patient", name, subset), answers.where(chosen)
        rows += class_rows(heading, part, names, people) + no_region_rows(heading, part, people)
        rows += _malignant_rows(heading, cases, part, chosen, names, people)
    for subset, chosen in types_of(cases).items():
        rows += accuracy_rows(Heading("patient", name, subset), answers.where(chosen), people)
    return rows


def malignancy(answers: Answers, names: Sequence[str]) -> NDArray[np.float64]:
    """Suspicion that a case is malignant (n,): all but the benign share of its vector; NaN without an answer."""
    return np.asarray(1.0 - answers.scores[:, names.index(BENIGN)])


def any_slice_calls(cases: Sequence[ClassCase]) -> tuple[Flags, Flags]:
    """By the any-slice rule: which cases are called malignant, and which benign; neither without an answer."""
    said = [case.answers[SYSTEM].any_slice if case.answers[SYSTEM].is_answered else None for case in cases]
    return np.array([s == "malignant" for s in said]), np.array([s == BENIGN for s in said])


def endless_ratio_notes(rows: Sequence[Row]) -> list[str]:
    """Positive likelihood ratios that no number can be given for, as no benign case was called malignant."""
    notes = []
    for row in rows:
        if row["metric"] != "dlr-positive" or row["value"] is not None or not row["method"].startswith(LOG):
            continue
        at = {key: row[key] for key in ("level", "subset", "reader", "point")}
        found = {m: find_row(rows, metric=m + MALIGNANT, **at) for m in ("sensitivity", "specificity")}
        if all(part is not None and part["value"] for part in found.values()):
            notes.append(
                f"DLR+ of {row['subset']} by the {row['point']} is infinite and stands without a value: no benign case "
                "was called malignant."
            )
    return notes


def _malignant_rows(
    heading: Heading,
    cases: Sequence[ClassCase],
    part: Answers,
    chosen: Flags,
    names: Sequence[str],
    people: Patients,
) -> list[Row]:
    benign = names.index(BENIGN)
    is_malignant = part.truth != benign
    ratings = malignancy(part, names)
    ranked = below_all(ratings)
    rows = area_rows(heading, ranked, is_malignant, part.patient, people, f"roc-auc{MALIGNANT}")
    called, rejected = any_slice_calls(cases)
    rules = {
        SUM_RULE: ((part.calls != benign) & (part.calls != NO_CALL), part.calls == benign),
        ANY_SLICE_RULE: (called[chosen], rejected[chosen]),
    }
    for rule, (is_called, is_rejected) in rules.items():
        if not (is_called | is_rejected).any():
            continue
        at = at_point(heading, rule)
        rows += binary_rows(at, MALIGNANT, is_malignant, is_called, is_rejected, part, people)
        rows += _ratio_rows(at, is_malignant, is_called, is_rejected)
    return rows


def _ratio_rows(heading: Heading, is_malignant: Flags, is_called: Flags, is_rejected: Flags) -> list[Row]:
    """Both likelihood ratios with both intervals; what is neither called nor rejected counts as wrong."""
    if not is_malignant.any() or is_malignant.all():
        return []
    table = TwoByTwo.of_shares(
        int((is_malignant & is_called).sum()),
        int(is_malignant.sum()),
        int((~is_malignant & is_rejected).sum()),
        int((~is_malignant).sum()),
    )
    n = {"malignant": table.diseased, "benign": table.healthy}
    return [
        make_row(heading, metric, estimate.value, estimate.interval, estimate.method, n)
        for ratios in (log_likelihood_ratios(table), limit_likelihood_ratios(table))
        for metric, estimate in (("dlr-positive", ratios.positive), ("dlr-negative", ratios.negative))
    ]
