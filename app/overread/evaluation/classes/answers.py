"""Answers of one reader as arrays, and the rows that every system of classes has: confusion, areas, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.classes.case import SYSTEM, ClassCase
from overread.evaluation.rows import (
    BOOTSTRAP,
    Heading,
    Patients,
    Row,
    area_rows,
    make_row,
    rate_row,
    share_rows,
)
from overread.stats.multiclass import NO_CALL, confusion, f1, has_class, macro_f1, resampled_confusion
from overread.stats.reliability import called_class, reliability
from overread.stats.resampling import percentile_interval

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """n answers, of cases or of regions.

    ``truth`` (n,) class; ``calls`` (n,) class or ``NO_CALL``; ``scores`` (n, classes), a row of NaN without an answer;
    ``patient`` (n,) number of the patient; ``confidence`` (n,), NaN where there is none.
    """

    truth: NDArray[np.intp]
    calls: NDArray[np.intp]
    scores: Floats
    patient: NDArray[np.intp]
    confidence: Floats

    def where(self, chosen: Flags) -> Answers:
        """Only the chosen ones."""
        return Answers(
            self.truth[chosen],
            self.calls[chosen],
            self.scores[chosen],
            self.patient[chosen],
            self.confidence[chosen],
        )

    @property
    def is_answered(self) -> Flags:
        """Which have a vector."""
        return np.asarray(np.isfinite(self.scores).all(axis=1))

    @property
    def ranked(self) -> Floats:
        """Scores in which what has no answer ranks below all others."""
        return below_all(self.scores)

    @property
    def is_right(self) -> Flags:
        """Which are called rightly."""
        return np.asarray(self.calls == self.truth)


def below_all(scores: Floats) -> Floats:
    """Probabilities with NaN, of what has no answer, moved below every other; a finite value, for curves."""
    return np.where(np.isnan(scores), -1.0, scores)


def patient_answers(cases: Sequence[ClassCase], names: Sequence[str], people: Patients, way: str = SYSTEM) -> Answers:
    """One answer a case."""
    answers = [case.answers[way] for case in cases]
    nothing = {name: float("nan") for name in names}
    vectors = [nothing if a.classes is None or not a.is_answered else a.classes for a in answers]
    return Answers(
        np.array([names.index(case.label) for case in cases], dtype=np.intp),
        np.array([_number(a.category if a.is_answered else None, names) for a in answers], dtype=np.intp),
        np.array([[float(v[name]) for name in names] for v in vectors], dtype=np.float64).reshape(-1, len(names)),
        people.of_case,
        np.array([np.nan if a.confidence is None else a.confidence for a in answers], dtype=np.float64),
    )


def region_answers(cases: Sequence[ClassCase], names: Sequence[str], people: Patients, way: str = SYSTEM) -> Answers:
    """One answer for each region that lies on a target lesion; its true class is the case's."""
    truth, scores, patient = [], [], []
    for number, case in zip(people.of_case, cases, strict=True):
        for region in case.answers[way].regions:
            if region.classes is None or region.fate == "false":
                continue
            truth.append(names.index(case.label))
            scores.append([float(region.classes[name]) for name in names])
            patient.append(int(number))
    vectors = np.array(scores, dtype=np.float64).reshape(-1, len(names))
    calls = vectors.argmax(axis=1) if len(vectors) else np.zeros(0)
    return Answers(
        np.array(truth, dtype=np.intp),
        calls.astype(np.intp),
        vectors,
        np.array(patient, dtype=np.intp),
        np.full(len(vectors), np.nan),
    )


def class_rows(heading: Heading, answers: Answers, names: Sequence[str], people: Patients) -> list[Row]:
    """Accuracy, each class against the rest, macro F1, areas and calibration; an answer without a call is a miss."""
    rows = [*accuracy_rows(heading, answers, people), *_one_vs_rest_rows(heading, answers, names, people)]
    for k, name in enumerate(names):
        of_class = answers.truth == k
        rows += area_rows(heading, answers.ranked[:, k], of_class, answers.patient, people, f"roc-auc-{name}")
    return rows + calibration_rows(heading, answers, people)


def accuracy_rows(heading: Heading, answers: Answers, people: Patients) -> list[Row]:
    """Share called rightly."""
    is_right, patient = answers.is_right, answers.patient
    return share_rows(heading, "accuracy", is_right, patient, people, unit_of(heading), is_plain(answers))


def calibration_rows(heading: Heading, answers: Answers, people: Patients) -> list[Row]:
    """Expected calibration error of the called class, and Brier's score over the classes; of the answered ones."""
    known = answers.where(answers.is_answered)
    if known.truth.size == 0:
        return []
    said, came_true = called_class(known.scores, known.truth)
    squares = ((known.scores - np.eye(known.scores.shape[1])[known.truth]) ** 2).sum(axis=1)
    return probability_rows(heading, said, came_true, squares, known.patient, people)


def probability_rows(
    heading: Heading,
    said: Floats,
    came_true: Flags,
    squares: Floats,
    patient: NDArray[np.intp],
    people: Patients,
) -> list[Row]:
    """Expected calibration error of probabilities, and the mean of squared distances from what happened (Brier).

    Parameters
    ----------
    said, came_true, squares, patient
        Of each observation (n,), n at least 1.
    """
    n = {unit_of(heading): said.size, "patients": int(np.unique(patient).size)}
    bins = reliability(said, came_true)
    number = np.minimum(np.searchsorted(bins.edges, said, side="right") - 1, bins.counts.size - 1)
    gaps = np.zeros((people.count, bins.counts.size))
    np.add.at(gaps, (patient, number), said - came_true)
    sizes = np.bincount(patient, minlength=people.count)
    with np.errstate(invalid="ignore"):
        drawn = np.abs(people.weights @ gaps).sum(axis=1) / (people.weights @ sizes)
    interval = drawn_interval(drawn, n["patients"])
    return [
        make_row(heading, "ece", bins.expected_error, interval, BOOTSTRAP, n),
        rate_row(heading, "brier", squares, np.ones(squares.size), patient, people, n),
    ]


def drawn_interval(values: Floats, patients: int) -> tuple[float, float]:
    """Middle 95 % of a figure over resamples; none of one patient, or where it never varies and would claim to know."""
    low, high = percentile_interval(values)
    return (low, high) if patients > 1 and high > low else (float("nan"), float("nan"))


def no_region_rows(heading: Heading, answers: Answers, people: Patients) -> list[Row]:
    """Share of the cases without an answer."""
    nothing = answers.calls == NO_CALL
    return share_rows(heading, "no-region", nothing, answers.patient, people, unit_of(heading), is_plain(answers))


def binary_rows(
    heading: Heading,
    suffix: str,
    is_diseased: Flags,
    is_called: Flags,
    is_rejected: Flags,
    answers: Answers,
    people: Patients,
) -> list[Row]:
    """Sensitivity, specificity and accuracy of one call; what is neither called nor rejected is wrong either way."""
    patient, unit, plain = answers.patient, unit_of(heading), is_plain(answers)
    is_right = np.where(is_diseased, is_called, is_rejected)
    parts = {"sensitivity": is_diseased, "specificity": ~is_diseased, "accuracy": np.ones_like(is_diseased)}
    return [
        row
        for metric, part in parts.items()
        for row in share_rows(heading, metric + suffix, is_right[part], patient[part], people, unit, plain)
    ]


def unit_of(heading: Heading) -> str:
    """What is counted at a level."""
    return {"patient": "cases", "region": "regions", "slice": "slices", "lesion": "lesions"}[heading.level]


def is_plain(answers: Answers) -> bool:
    """Whether every patient comes once, so that the exact interval says it all."""
    return bool(np.unique(answers.patient).size == answers.patient.size)


def _one_vs_rest_rows(heading: Heading, answers: Answers, names: Sequence[str], people: Patients) -> list[Row]:
    rows = []
    unit, plain = unit_of(heading), is_plain(answers)
    counts = confusion(answers.truth, answers.calls, len(names))
    drawn = resampled_confusion(answers.truth, answers.calls, len(names), answers.patient, people.weights)
    many = int(np.unique(answers.patient).size)
    for k, name in enumerate(names):
        part, called = answers.truth == k, answers.calls == k
        for metric, of, right in (("sensitivity", part, called), ("specificity", ~part, ~called)):
            rows += share_rows(heading, f"{metric}-{name}", right[of], answers.patient[of], people, unit, plain)
        n = {"positive": int(part.sum()), "called": int(called.sum()), unit: int(part.size)}
        if part.any():
            interval = drawn_interval(f1(drawn)[:, k], many)
            rows.append(make_row(heading, f"f1-{name}", float(f1(counts)[k]), interval, BOOTSTRAP, n))
    interval = drawn_interval(macro_f1(drawn, has_class(counts)), many)
    n = {unit: int(answers.truth.size), "patients": int(np.unique(answers.patient).size)}
    return [*rows, make_row(heading, "macro-f1", float(macro_f1(counts)), interval, BOOTSTRAP, n)]


def at_point(heading: Heading, point: str) -> Heading:
    """The same heading at a named point or rule."""
    return replace(heading, point=point)


def _number(category: str | None, names: Sequence[str]) -> int:
    return names.index(category) if category in names else NO_CALL
