"""The level of patients: who has a lesion anywhere; one rating a case, the highest of its slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from overread.evaluation.measured import SYSTEM, Measured
from overread.evaluation.rows import Heading, Patients, Row, area_rows, share_rows
from overread.evaluation.subsets import sites_of


def patient_rows(name: str, cases: Sequence[Measured], points: Mapping[str, float], patients: Patients) -> list[Row]:
    """Every row of the evaluated system at this level."""
    rows = _block(Heading("patient", name), cases, np.arange(len(cases)), points, patients)
    sites = sites_of(cases)
    for site in sites if len(sites) > 1 else ():
        here = np.flatnonzero([c.site == site for c in cases])
        rows += _block(Heading("patient", name, f"site {site}"), cases, here, points, patients)
    return rows


def other_reader_rows(names: Sequence[str], cases: Sequence[Measured], patients: Patients) -> list[Row]:
    """Areas of the trivial readers and of the control, by their highest slice."""
    rows = []
    truth = np.array([c.is_diseased for c in cases])
    for name in names:
        ratings = np.array([c.rating(name) for c in cases])
        rows += area_rows(Heading("patient", name), ratings, truth, patients.of_case, patients)
    return rows


def _block(
    heading: Heading,
    cases: Sequence[Measured],
    chosen: np.ndarray,
    points: Mapping[str, float],
    patients: Patients,
) -> list[Row]:
    ratings = np.array([cases[n].rating(SYSTEM) for n in chosen])
    truth = np.array([cases[n].is_diseased for n in chosen])
    patient = patients.of_case[chosen]
    is_plain = patients.count == len(cases)
    rows = area_rows(heading, ratings, truth, patient, patients)
    for point, threshold in points.items():
        at = replace(heading, point=point)
        is_right = (ratings >= threshold) == truth
        for metric, part in (("sensitivity", truth), ("specificity", ~truth), ("accuracy", np.ones_like(truth))):
            rows += share_rows(at, metric, is_right[part], patient[part], patients, "cases", is_plain)
    return rows
