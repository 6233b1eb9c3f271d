"""Trivial readers, for a system to stand beside: what size, count of lesions or the commonest class are worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.classes.answers import Answers, accuracy_rows, drawn_interval
from overread.evaluation.classes.case import ClassCase
from overread.evaluation.rows import BOOTSTRAP, Heading, Patients, Row, area_rows, make_row
from overread.stats.multiclass import confusion, has_class, macro_f1, resampled_confusion

MAJORITY = "always the commonest class"
DIAMETER, LESIONS = "largest diameter (from the truth)", "number of lesions (from the truth)"
REGION_AREA, AFP = "area of the circled region", "AFP"
Measure = Callable[[ClassCase], float]
OF_REGIONS: Mapping[str, Measure] = {
    DIAMETER: lambda case: case.diameter_mm,
    LESIONS: lambda case: float(len(case.lesions)),
}
OF_MVI: Mapping[str, Measure] = {
    DIAMETER: lambda case: case.diameter_mm,
    REGION_AREA: lambda case: case.region_mm2,
    AFP: lambda case: float("nan") if case.facts.get("afp_ng_ml") is None else float(case.facts["afp_ng_ml"]),
}


def measure_rows(
    measures: Mapping[str, Measure],
    cases: Sequence[ClassCase],
    targets: Mapping[str, NDArray[np.bool_]],
    people: Patients,
) -> list[Row]:
    """Area of each measure for each target, larger taken as more suspicious; below 0.5 smaller ones are.

    Parameters
    ----------
    targets
        Metric -> which cases are diseased in its sense (n,).
    """
    rows = []
    for reader, measure in measures.items():
        values = np.array([measure(case) for case in cases])
        if not np.isfinite(values).all():
            continue
        for metric, truth in targets.items():
            rows += area_rows(Heading("patient", reader), values, truth, people.of_case, people, metric)
    return rows


def majority_rows(cases: Sequence[ClassCase], names: Sequence[str], people: Patients) -> list[Row]:
    """Accuracy and macro F1 of calling every case the class that is commonest in this set."""
    truth = np.array([names.index(case.label) for case in cases], dtype=np.intp)
    calls = np.full(truth.size, int(np.bincount(truth, minlength=len(names)).argmax()), dtype=np.intp)
    nothing = np.full((truth.size, len(names)), np.nan)
    heading = Heading("patient", MAJORITY)
    answers = Answers(truth, calls, nothing, people.of_case, nothing[:, 0])
    counts = confusion(truth, calls, len(names))
    value = float(macro_f1(counts))
    resampled = resampled_confusion(truth, calls, len(names), people.of_case, people.weights)
    drawn = macro_f1(resampled, has_class(counts))
    interval = drawn_interval(drawn, people.count)
    row = make_row(heading, "macro-f1", value, interval, BOOTSTRAP, {"cases": truth.size, "patients": people.count})
    return [*accuracy_rows(heading, answers, people), row]
