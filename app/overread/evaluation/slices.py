"""The level of slices: area, sensitivity, specificity and accuracy; per site, per size, typical and atypical apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.measured import SYSTEM, Measured
from overread.evaluation.rows import Heading, Patients, Row, area_rows, median_row, rate_row, share_rows
from overread.evaluation.subsets import KINDS, SLICE_SIZES, in_range, sites_of

WITHIN_MM = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """All slices that count, (n,) each: rating, truth, patient, case, size of the lesion and what kind it is."""

    values: NDArray[np.float64]
    is_positive: NDArray[np.bool_]
    patient: NDArray[np.intp]
    case: NDArray[np.intp]
    diameter_mm: NDArray[np.float64]
    is_typical: NDArray[np.bool_]
    is_visible: NDArray[np.bool_]
    knows_kinds: bool

    def where(self, chosen: NDArray[np.bool_]) -> Slices:
        """Some of them."""
        arrays = ("values", "is_positive", "patient", "case", "diameter_mm", "is_typical", "is_visible")
        return replace(self, **{name: getattr(self, name)[chosen] for name in arrays})


def collect(cases: Sequence[Measured], patients: Patients, reader: str = SYSTEM) -> Slices:
    """The slices of all cases but those that count as neither."""
    counts = [c.slice_labels >= 0 for c in cases]

    def joined(parts: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
        return np.concatenate([part[keep] for part, keep in zip(parts, counts, strict=True)])

    def flags(parts: Sequence[NDArray[np.bool_] | None]) -> NDArray[np.bool_]:
        known = [np.ones(keep.size, bool) if p is None else p for p, keep in zip(parts, counts, strict=True)]
        return joined(known).astype(np.bool_)

    number = [np.full(c.slice_labels.size, n) for n, c in enumerate(cases)]
    case = joined(number).astype(np.intp)
    return Slices(
        joined([c.scores[reader] for c in cases]).astype(np.float64),
        joined([c.slice_labels for c in cases]) == 1,
        patients.of_case[case],
        case,
        joined([c.diameter_mm for c in cases]).astype(np.float64),
        flags([c.is_typical for c in cases]),
        flags([c.is_visible for c in cases]),
        all(c.is_typical is not None and c.is_visible is not None for c in cases),
    )


def slice_rows(name: str, cases: Sequence[Measured], points: Mapping[str, float], patients: Patients) -> list[Row]:
    """Every row of the evaluated system at this level."""
    slices = collect(cases, patients)
    rows = _block(Heading("slice", name), slices, points, patients)
    sites = sites_of(cases)
    for site in sites if len(sites) > 1 else ():
        here = np.array([c.site == site for c in cases])[slices.case]
        rows += _block(Heading("slice", name, f"site {site}"), slices.where(here), points, patients)
    for subset, is_member in _positive_subsets(slices).items():
        chosen = slices.where(~slices.is_positive | is_member)
        heading = Heading("slice", name, subset)
        rows += area_rows(heading, chosen.values, chosen.is_positive, chosen.patient, patients)
        rows += _sensitivity(heading, chosen, points, patients)
    return rows + placement_rows(name, cases, points.get("default"), patients)


def other_reader_rows(names: Sequence[str], cases: Sequence[Measured], patients: Patients) -> list[Row]:
    """Areas of the trivial readers and of the control."""
    rows = []
    for name in names:
        slices = collect(cases, patients, name)
        rows += area_rows(Heading("slice", name), slices.values, slices.is_positive, slices.patient, patients)
    return rows


def placement_rows(name: str, cases: Sequence[Measured], threshold: float | None, patients: Patients) -> list[Row]:
    """How near to a lesion the map is hottest, on all positive slices and on the called ones, and what luck gives."""
    number = np.concatenate([np.full(c.placement.slices.size, n) for n, c in enumerate(cases)]).astype(np.intp)
    distance = np.concatenate([c.placement.distance_mm for c in cases])
    chance = np.concatenate([c.placement.chance for c in cases])
    called = [c.scores[SYSTEM][c.placement.slices] >= (0 if threshold is None else threshold) for c in cases]
    patient = patients.of_case[number]
    rows = []
    for subset, chosen in {"positive": np.ones(distance.size, bool), "called": np.concatenate(called)}.items():
        heading = Heading("slice", name, subset, "default" if subset == "called" else None)
        who = patient[chosen]
        n = {"slices": int(chosen.sum()), "patients": int(np.unique(who).size)}
        rows.append(median_row(heading, "hot-spot-mm-median", distance[chosen], who, patients, n))
        rows += share_rows(heading, "hot-spot-within-15-mm", distance[chosen] <= WITHIN_MM, who, patients, "slices")
        known = chosen & np.isfinite(chance)
        luck = replace(heading, reader="a random point in the liver")
        if known.any():
            n = {"slices": int(known.sum()), "patients": int(np.unique(patient[known]).size)}
            rows.append(
                rate_row(
                    luck,
                    "hot-spot-within-15-mm",
                    chance[known],
                    np.ones(int(known.sum())),
                    patient[known],
                    patients,
                    n,
                )
            )
    return rows


def _block(heading: Heading, slices: Slices, points: Mapping[str, float], patients: Patients) -> list[Row]:
    rows = area_rows(heading, slices.values, slices.is_positive, slices.patient, patients)
    for point, threshold in points.items():
        at = replace(heading, point=point)
        is_right = (slices.values >= threshold) == slices.is_positive
        for metric, chosen in (
            ("sensitivity", slices.is_positive),
            ("specificity", ~slices.is_positive),
            ("accuracy", np.ones_like(slices.is_positive)),
        ):
            rows += share_rows(at, metric, is_right[chosen], slices.patient[chosen], patients, "slices")
    return rows


def _sensitivity(heading: Heading, slices: Slices, points: Mapping[str, float], patients: Patients) -> list[Row]:
    rows = []
    chosen = slices.where(slices.is_positive)
    for point, threshold in points.items():
        at = replace(heading, point=point)
        rows += share_rows(at, "sensitivity", chosen.values >= threshold, chosen.patient, patients, "slices")
    return rows


def _positive_subsets(slices: Slices) -> dict[str, NDArray[np.bool_]]:
    """Which positive slices belong to a size or a kind of lesion."""
    found = {
        f"lesion on the slice {label}": slices.is_positive & in_range(slices.diameter_mm, *limits)
        for label, limits in SLICE_SIZES.items()
    }
    if slices.knows_kinds:
        kinds = (slices.is_typical, ~slices.is_typical, ~slices.is_visible)
        found |= {name: slices.is_positive & flag for name, flag in zip(KINDS, kinds, strict=True)}
    return found
