"""The curves of the document: operating curves, confidence retention, calibration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from overread.stats.curves import Curve
from overread.stats.merit.reader_curves import average_curve, curve_kinds, reader_curve
from overread.study.analysis.entries import number
from overread.study.analysis.prepared import Prepared
from overread.study.analysis.question import Question

KINDS = ("roc", "lroc", "froc", "afroc", "wafroc")


def operating_curves(study: Prepared, question: Question) -> Iterator[dict[str, Any]]:
    """Each reader's curve under each condition, then the mean of the persons (reader None) where there are two.

    Points are [x, y, threshold]; those of a mean have no threshold, as readers share none.
    """
    data = study.data
    if study.kind == "categorical":
        return
    for kind in curve_kinds(data):
        if kind not in KINDS:
            continue
        for i, condition in enumerate(data.conditions):
            readers = [j for j in range(len(data.readers)) if study.works[i, j]]
            for j in readers:
                curve = reader_curve(data, kind, i, j, question.lroc_closing)
                if _is_known(curve):
                    yield _entry(kind, condition, data.readers[j], curve)
            people = [j for j in readers if j in study.people]
            if len(people) > 1:
                mean = average_curve(data, kind, i, people, question.lroc_closing)
                if _is_known(mean):
                    yield _entry(kind, condition, None, mean)


def _is_known(curve: Curve) -> bool:
    return bool(np.isfinite(curve.x).all() and np.isfinite(curve.y).all())


def _entry(kind: str, condition: str, reader: str | None, curve: Curve) -> dict[str, Any]:
    has_thresholds = not np.isnan(curve.thresholds).all()
    points = [
        [float(x), float(y), number(float(t))] if has_thresholds else [float(x), float(y)]
        for x, y, t in zip(curve.x, curve.y, curve.thresholds, strict=True)
    ]
    return {"kind": kind, "condition": condition, "reader": reader, "points": points}
