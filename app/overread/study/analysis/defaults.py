"""Which figures of merit go with a study when none is named."""

from __future__ import annotations

import re

from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question

OF_CALLS = ("accuracy", "macro-f1")
AREAS = ("roc-auc", "inferred-roc-auc")
"""The figures whose variance U-statistics give."""


def figures_of(study: Prepared, question: Question) -> tuple[str, ...]:
    """Names of the figures, the first being the one that the study is about.

    ``roc-auc``; the area under the LROC curve and its height at ``fpf``, with the inferred ROC area; the weighted and
    plain AFROC areas with the inferred ROC area, by false marks on all cases where there is no healthy one; accuracy
    and macro F1 of calls; and, with a cut, sensitivity, specificity and accuracy there.
    """
    data = study.data
    names: list[str] = []
    if study.kind == "roc":
        names = ["roc-auc"]
    elif study.kind == "lroc":
        names = ["lroc-auc", f"lroc-pcl@{question.fpf:g}", "inferred-roc-auc"]
    elif study.kind == "froc":
        names = ["wafroc-auc", "afroc-auc", "inferred-roc-auc"]
        if data.is_diseased.all():
            names = ["wafroc1-auc", "afroc1-auc"]
    if study.has_calls:
        names += OF_CALLS
    if question.cut is not None and study.kind != "categorical":
        names += [f"{name}@{number_text(question.cut)}" for name in ("sensitivity", "specificity", "accuracy")]
    return tuple(names)


def asked_figures(study: Prepared, question: Question) -> tuple[str, ...]:
    """The figures that are named, a height of the LROC curve without a place put at ``fpf``; else `figures_of`."""
    named = tuple(re.sub(r"^lroc-pcl$", f"lroc-pcl@{question.fpf:g}", name) for name in question.figures)
    if named:
        return tuple(dict.fromkeys(named))
    usual = figures_of(study, question)
    areas = tuple(name for name in usual if name in AREAS)
    return areas if question.method == "ustat" and areas else usual


def number_text(value: float) -> str:
    """A number as short as it is exact."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)
