"""Metrics as rows of one form: level, subset, reader, operating point, metric, value, interval, method, n."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from overread.stats.delong import area_interval, delong
from overread.stats.merit.roc import cluster_pairs
from overread.stats.proportions import clopper_pearson
from overread.stats.resampling import auc_bootstrap, cluster_bootstrap, cluster_weights, ratio_bootstrap

DRAWS = 2000
BOOTSTRAP = f"bootstrap over patients, {DRAWS} draws"
EXACT = "Clopper-Pearson"
DELONG = "DeLong"
AS_INDEPENDENT = "; {} taken as independent"
Floats = NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heading:
    """What a row is about: level, subset, reader, and the operating point where there is one."""

    level: str
    reader: str
    subset: str = "all"
    point: str | None = None


class Patients:
    """The patients of a test set, and how often each comes in every resample: drawn once, used by every row.

    Parameters
    ----------
    patient_of_case
        Of each case; several cases may be of one patient.
    seed
        Of the bootstrap.
    """

    def __init__(self, patient_of_case: Sequence[str], seed: int) -> None:
        names, numbers = np.unique(np.asarray(patient_of_case), return_inverse=True)
        self.of_case: NDArray[np.intp] = numbers.astype(np.intp)
        self.count, self.seed = int(names.size), seed

    @cached_property
    def weights(self) -> Floats:
        """(draws, patients)."""
        return cluster_weights(self.count, self.rng(), DRAWS)

    def rng(self) -> np.random.Generator:
        """A generator that always begins at the seed."""
        return np.random.default_rng(self.seed)


def area_rows(
    heading: Heading,
    values: Floats,
    is_diseased: NDArray[np.bool_],
    patient: NDArray[np.intp],
    patients: Patients,
    metric: str = "roc-auc",
) -> list[Row]:
    """Area under the ROC curve, with DeLong's interval and with that of a bootstrap over patients; none of one class.

    Parameters
    ----------
    values, is_diseased, patient
        Rating, truth and number of the patient of each slice or case (n,).
    """
    if is_diseased.all() or not is_diseased.any():
        return []
    n = {
        "positive": int(is_diseased.sum()),
        "negative": int((~is_diseased).sum()),
        "patients": int(np.unique(patient).size),
    }
    areas = delong(values[is_diseased], values[~is_diseased])
    value = float(areas.values[0])
    unit = "" if heading.level == "patient" else AS_INDEPENDENT.format(f"{heading.level}s")
    rows = [make_row(heading, metric, value, area_interval(value, float(areas.covariance[0, 0])), DELONG + unit, n)]
    pairs = cluster_pairs(values, is_diseased, patient, patients.count)
    interval = auc_bootstrap(
        pairs,
        np.bincount(patient[is_diseased], minlength=patients.count).astype(np.float64),
        np.bincount(patient[~is_diseased], minlength=patients.count).astype(np.float64),
        patients.weights,
    )
    return [*rows, make_row(heading, metric, value, interval, BOOTSTRAP, n)]


def share_rows(
    heading: Heading,
    metric: str,
    is_right: NDArray[np.bool_],
    patient: NDArray[np.intp],
    patients: Patients,
    unit: str,
    is_plain: bool = False,
) -> list[Row]:
    """A proportion with the exact interval and with that of a bootstrap over patients; nothing of nothing.

    Parameters
    ----------
    is_right, patient
        One per slice, lesion or case that the proportion is of (n,).
    unit
        What is counted: ``slices``, ``lesions``, ``cases``.
    is_plain
        Each patient comes once: the exact interval alone says it all.
    """
    right, total = int(is_right.sum()), int(is_right.size)
    if total == 0:
        return []
    value = right / total
    n = {unit: total, "right": right, "patients": int(np.unique(patient).size)}
    exact = clopper_pearson(right, total)
    rows = [make_row(heading, metric, value, exact, EXACT + ("" if is_plain else AS_INDEPENDENT.format(unit)), n)]
    if is_plain:
        return rows
    return [*rows, rate_row(heading, metric, is_right, np.ones(total), patient, patients, n)]


def rate_row(
    heading: Heading,
    metric: str,
    part: ArrayLike,
    whole: ArrayLike,
    patient: NDArray[np.intp],
    patients: Patients,
    n: dict[str, int],
) -> Row:
    """A ratio of sums, such as marks per case, with the interval of a bootstrap over patients."""
    parts, wholes = (
        np.bincount(patient, weights=np.asarray(v, dtype=np.float64), minlength=patients.count).astype(np.float64)
        for v in (part, whole)
    )
    value = parts.sum() / wholes.sum() if wholes.sum() else float("nan")
    return make_row(heading, metric, value, ratio_bootstrap(parts, wholes, patients.weights), BOOTSTRAP, n)


def median_row(
    heading: Heading, metric: str, values: Floats, patient: NDArray[np.intp], patients: Patients, n: dict[str, int]
) -> Row:
    """A median with the interval of a bootstrap over patients."""
    if values.size == 0:
        return make_row(heading, metric, float("nan"), (float("nan"), float("nan")), BOOTSTRAP, n)

    def median(index: NDArray[np.intp]) -> float:
        return float(np.median(values[index]))

    return make_row(
        heading,
        metric,
        float(np.median(values)),
        cluster_bootstrap(list(patient), median, patients.rng(), DRAWS),
        BOOTSTRAP,
        n,
    )


def make_row(
    heading: Heading, metric: str, value: float, interval: tuple[float, float], method: str, n: dict[str, int]
) -> Row:
    """A row of CONTRACT section 5, with the reader and the operating point beside; unknown is None."""
    return {
        "level": heading.level,
        "subset": heading.subset,
        "reader": heading.reader,
        "point": heading.point,
        "metric": metric,
        "value": number(value),
        "ci": [number(limit) for limit in interval],
        "method": method,
        "n": n,
    }


def number(value: float, digits: int = 4) -> float | None:
    """Rounded for print; None where there is no number."""
    return None if not np.isfinite(value) else round(float(value), digits)


def find_row(rows: Sequence[Row], method: str = BOOTSTRAP, **wanted: object) -> Row | None:
    """The first row with these entries, by the method where there is a choice."""
    found = [r for r in rows if all(r[key] == value for key, value in wanted.items())]
    return next((r for r in found if r["method"].startswith(method)), found[0] if found else None)
