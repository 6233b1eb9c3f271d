"""The level of lesions: found by size and kind at each operating point, marks per case, on what false marks lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.core.hits import MARGIN_MM
from overread.evaluation.measured import MARGINS_MM, CountedMark, Measured
from overread.evaluation.rows import Heading, Patients, Row, rate_row, share_rows
from overread.evaluation.structures import STRUCTURES, UNKNOWN
from overread.evaluation.subsets import KINDS, LESION_SIZES, in_range, sites_of

FLOOR = "floor"


def lesion_rows(name: str, cases: Sequence[Measured], points: Mapping[str, float], patients: Patients) -> list[Row]:
    """Every row of the evaluated system at this level; the floor is all its marks."""
    case_of = np.concatenate([np.full(len(c.lesions), n) for n, c in enumerate(cases)]).astype(np.intp)
    patient = patients.of_case[case_of]
    subsets = _subsets(cases, case_of)
    rows = []
    for point, threshold in {FLOOR: 0.0, **points}.items():
        found = is_found(cases, threshold)
        for subset, chosen in subsets.items():
            heading = Heading("lesion", name, subset, point)
            rows += share_rows(heading, "sensitivity", found[chosen], patient[chosen], patients, "lesions")
        for index, margin in enumerate(MARGINS_MM):
            if margin != MARGIN_MM:
                heading = Heading("lesion", name, f"margin {margin:g} mm", point)
                reached = is_found(cases, threshold, index)
                rows += share_rows(heading, "sensitivity", reached, patient, patients, "lesions")
        rows += _mark_rows(name, cases, point, threshold, patients)
    return rows


def is_found(
    cases: Sequence[Measured], threshold: float, margin: int = MARGINS_MM.index(MARGIN_MM)
) -> NDArray[np.bool_]:
    """Whether each lesion is hit by a mark at or above the threshold, case after case."""
    found = [np.isin(np.arange(len(c.lesions)), list(c.found(threshold, margin))) for c in cases]
    return np.concatenate(found).astype(np.bool_)


def _subsets(cases: Sequence[Measured], case_of: NDArray[np.intp]) -> dict[str, NDArray[np.bool_]]:
    lesions = [lesion for c in cases for lesion in c.lesions]
    diameters = np.array([lesion.diameter_mm for lesion in lesions], dtype=np.float64)
    found = {"all": np.ones(len(lesions), dtype=np.bool_)}
    found |= {label: in_range(diameters, *limits) for label, limits in LESION_SIZES.items()}
    if all(lesion.is_typical is not None and lesion.is_visible is not None for lesion in lesions):
        typical = np.array([bool(lesion.is_typical) for lesion in lesions], dtype=np.bool_)
        visible = np.array([bool(lesion.is_visible) for lesion in lesions], dtype=np.bool_)
        found |= dict(zip(KINDS, (typical, ~typical, ~visible), strict=True))
    sites = sites_of(cases)
    if len(sites) > 1:
        of_case = np.array([c.site for c in cases])
        found |= {f"site {site}": np.asarray(of_case[case_of] == site) for site in sites}
    return found


def _mark_rows(name: str, cases: Sequence[Measured], point: str, threshold: float, patients: Patients) -> list[Row]:
    """Marks per case: all, repeats, false ones, false ones of healthy cases, and false ones by what they lie on."""
    shown = [[m for m in c.marks if m.score >= threshold] for c in cases]
    healthy = np.array([not c.is_diseased for c in cases])

    def row(subset: str, metric: str, counts: NDArray[np.float64], chosen: NDArray[np.bool_]) -> Row:
        n = {"cases": int(chosen.sum()), "marks": int(counts[chosen].sum())}
        heading = Heading("lesion", name, subset, point)
        part, whole = np.where(chosen, counts, 0), chosen.astype(np.float64)
        return rate_row(heading, metric, part, whole, patients.of_case, patients, n)

    everyone = np.ones(len(cases), dtype=np.bool_)
    false = _counts(shown, _is_false)
    rows = [
        row("all", "candidates-per-case", _counts(shown, lambda _: True), everyone),
        row("all", "repeats-per-case", _counts(shown, lambda m: m.fate.kind == "repeat"), everyone),
        row("all", "false-marks-per-case", false, everyone),
    ]
    if healthy.any() and not healthy.all():
        rows.append(row("cases without a lesion", "false-marks-per-case", false, healthy))
        rows.append(row("cases with a lesion", "false-marks-per-case", false, ~healthy))
    structures = (*STRUCTURES, UNKNOWN) if any(m.structure == UNKNOWN for c in cases for m in c.marks) else STRUCTURES
    for structure in structures:
        lies_on = _counts([[m for m in marks if m.structure == structure] for marks in shown], _is_false)
        rows.append(row(f"on {structure}", "false-marks-per-case", lies_on, everyone))
    return rows


def _counts(shown: Sequence[Sequence[CountedMark]], rule: Callable[[CountedMark], bool]) -> NDArray[np.float64]:
    return np.array([sum(bool(rule(m)) for m in marks) for marks in shown], dtype=np.float64)


def _is_false(mark: CountedMark) -> bool:
    return mark.fate.kind == "false"
