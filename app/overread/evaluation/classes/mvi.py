"""mvi-prediction counted as Liu counted, beside the best that anybody can do on the digital liver."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from overread.core.signs import three_signs
from overread.evaluation.classes.answers import (
    Answers,
    at_point,
    below_all,
    binary_rows,
    no_region_rows,
    patient_answers,
    probability_rows,
)
from overread.evaluation.classes.case import SYSTEM, ClassCase
from overread.evaluation.classes.subsets import STRATA, TWO_CM, subsets_of
from overread.evaluation.rows import Heading, Patients, Row, area_rows, find_row, make_row, share_rows
from overread.phantom import SITES
from overread.phantom.ceiling import ceilings
from overread.phantom.mvi import factors_of, log_odds

POSITIVE = "mvi+"
SIGN_NAMES = ("artery", "halo", "difference")
THREE_SIGNS, THREE_SEEN = "three signs (from the truth)", "three signs (those that the image shows)"
EXACT_ODDS = "exact odds (all facts, the signs that the image shows)"
CEILINGS = {
    "signs": "signs alone",
    "clinical": "facts with the diameter",
    "image": "image (signs and diameter)",
    "everything": "image and facts",
}
"""Columns of PHANTOM 6.3 that a model's inputs correspond to."""
CEILING_OF = {"image": "image", "image-factors": "everything", "svm-factors": "clinical", "svm-both": "everything"}
"""By what a variant looks at; of another the highest."""
CEILING_SEEN, CEILING_SHOWN = "ceiling, every sign seen", "ceiling, signs as far as the image shows them"
CEILING_DRAWS = 100_000
PREVALENCE = 0.31
"""Of the internal site; a constant that moves no rank."""
Flags = NDArray[np.bool_]


def mvi_rows(
    name: str, cases: Sequence[ClassCase], names: Sequence[str], points: Mapping[str, float], people: Patients
) -> list[Row]:
    """All rows: the system, the exact odds and the three signs on the same cases, and the ceilings."""
    answers = patient_answers(cases, names, people)
    ratings = patient_ratings(cases)
    rows: list[Row] = []
    for subset, chosen in {"all": np.ones(len(cases), dtype=np.bool_), **_subsets(cases)}.items():
        heading, part = Heading("patient", name, subset), answers.where(chosen)
        rows += _rating_rows(heading, ratings[chosen], part, names, points, people)
        rows += no_region_rows(heading, part, people)
        rows += _known_signs_rows(subset, cases, part, chosen, names, people)
    return rows + _slice_rows(name, cases, points, people) + _ceiling_rows(cases)


def patient_ratings(cases: Sequence[ClassCase]) -> NDArray[np.float64]:
    """Suspicion of invasion (n,): the highest slice; NaN without an answer."""
    found = [case.answers[SYSTEM] for case in cases]
    return np.array([a.rating if a.is_answered and a.rating is not None else np.nan for a in found], dtype=np.float64)


def signs_of(case: ClassCase, *, only_seen: bool) -> dict[str, bool] | None:
    """The three signs of the largest lesion; None where the truth does not tell them."""
    lesion = case.largest
    if lesion is None or not all(sign in lesion.signs for sign in SIGN_NAMES):
        return None
    return {s: bool(lesion.signs[s]) and not (only_seen and s in lesion.hidden) for s in SIGN_NAMES}


def _subsets(cases: Sequence[ClassCase]) -> dict[str, Flags]:
    return {**subsets_of(cases, TWO_CM), **subsets_of(cases, STRATA)}


def _rating_rows(
    heading: Heading,
    ratings: NDArray[np.float64],
    part: Answers,
    names: Sequence[str],
    points: Mapping[str, float],
    people: Patients,
) -> list[Row]:
    truth = part.truth == names.index(POSITIVE)
    rows = area_rows(heading, below_all(ratings), truth, part.patient, people)
    for point, threshold in points.items():
        at = at_point(heading, point)
        rows += binary_rows(at, "", truth, ratings >= threshold, ratings < threshold, part, people)
    known = np.isfinite(ratings)
    said, came_true, patient = ratings[known], truth[known], part.patient[known]
    if said.size == 0:
        return rows
    return rows + probability_rows(heading, said, came_true, (said - came_true) ** 2, patient, people)


def _slice_rows(name: str, cases: Sequence[ClassCase], points: Mapping[str, float], people: Patients) -> list[Row]:
    """Slices with a region; each has its patient's label."""
    scores = [np.array(case.answers[SYSTEM].slice_scores, dtype=np.float64) for case in cases]
    counts = [s.size for s in scores]
    values = np.concatenate(scores)
    if values.size == 0:
        return []
    truth = np.repeat(np.array([case.label == POSITIVE for case in cases]), counts)
    patient = np.repeat(people.of_case, counts)
    heading = Heading("slice", name)
    rows = area_rows(heading, values, truth, patient, people)
    for point, threshold in points.items():
        is_right = (values >= threshold) == truth
        for metric, chosen in (("sensitivity", truth), ("specificity", ~truth), ("accuracy", np.ones_like(truth))):
            rows += share_rows(at_point(heading, point), metric, is_right[chosen], patient[chosen], people, "slices")
    return rows


def _known_signs_rows(
    subset: str, cases: Sequence[ClassCase], part: Answers, chosen: Flags, names: Sequence[str], people: Patients
) -> list[Row]:
    """What the truth's own signs and facts would give on these very cases."""
    here = [case for case, is_in in zip(cases, chosen, strict=True) if is_in]
    truth = part.truth == names.index(POSITIVE)
    rows: list[Row] = []
    for reader, only_seen in ((THREE_SIGNS, False), (THREE_SEEN, True)):
        signs = [signs_of(case, only_seen=only_seen) for case in here]
        if any(s is None for s in signs):
            return rows
        called = np.array([three_signs(*s.values()) for s in signs if s is not None], dtype=np.bool_)
        rows += binary_rows(Heading("patient", reader, subset), "", truth, called, ~called, part, people)
    odds = [_odds(case) for case in here]
    if not any(math.isnan(value) for value in odds):
        heading = Heading("patient", EXACT_ODDS, subset)
        rows += area_rows(heading, np.array(odds), truth, part.patient, people)
    return rows


def _odds(case: ClassCase) -> float:
    """Exact log-odds of a phantom; NaN where a fact or a sign is not known."""
    seen = signs_of(case, only_seen=True)
    if (
        not case.is_phantom
        or case.site not in SITES["ct-mvi"]
        or seen is None
        or any(value is None for value in case.facts.values())
    ):
        return math.nan
    return log_odds(case.facts, seen, site=case.site, prevalence=PREVALENCE)


def _ceiling_rows(cases: Sequence[ClassCase]) -> list[Row]:
    """The best area that anybody can reach by what is looked at, for each site (PHANTOM 6.3)."""
    sites = sorted({case.site for case in cases})
    if not all(case.is_phantom and case.site in SITES["ct-mvi"] for case in cases):
        return []
    rows = []
    for site in sites:
        subset = "all" if len(sites) == 1 else f"site {site}"
        for words, areas in (
            (CEILING_SEEN, _ceilings(site, False, None)),
            (CEILING_SHOWN, _ceilings(site, True, None)),
        ):
            rows += [_ceiling_row(f"{words}: {CEILINGS[key]}", subset, areas[key]) for key in CEILINGS]
    for name, (low, high) in STRATA.items():
        if len(sites) == 1:
            area = _ceilings(sites[0], True, (low, min(high, 1e3)))["image"]
            rows.append(_ceiling_row(f"{CEILING_SHOWN}: {CEILINGS['image']}", name, area))
    return rows


def ceiling_share_rows(rows: Sequence[Row], name: str, variant: str) -> list[Row]:
    """How much of what can be reached at all is reached: (area - 0.5) / (ceiling - 0.5), where both are known.

    Parameters
    ----------
    rows
        Those of ``mvi_rows``.
    variant
        What it looks at says which ceiling is its own.

    References
    ----------
    PHANTOM 6.3, with every sign seen.
    """
    found = []
    for best in (r for r in rows if r["reader"] == own_ceiling(variant)):
        own = find_row(rows, reader=name, metric="roc-auc", level="patient", subset=best["subset"])
        if own is None or own["value"] is None or best["value"] is None:
            continue
        span = best["value"] - 0.5
        interval = [float("nan") if limit is None else (limit - 0.5) / span for limit in own["ci"]]
        heading = Heading("patient", name, best["subset"])
        value = (own["value"] - 0.5) / span
        found.append(make_row(heading, "share-of-ceiling", value, (interval[0], interval[1]), own["method"], own["n"]))
    return found


def own_ceiling(variant: str) -> str:
    """The reader whose rows are the ceiling of a variant, by what the variant looks at."""
    return f"{CEILING_SEEN}: {CEILINGS[CEILING_OF.get(variant, 'everything')]}"


def _ceiling_row(reader: str, subset: str, area: float) -> Row:
    method = f"Monte Carlo, {CEILING_DRAWS:,} draws a class"
    nothing = (float("nan"), float("nan"))
    return make_row(Heading("patient", reader, subset), "roc-auc", area, nothing, method, {"draws": CEILING_DRAWS})


@cache
def _ceilings(site: str, is_visible: bool, within_mm: tuple[float, float] | None) -> dict[str, float]:
    return ceilings(factors_of(site), is_visible=is_visible, count=CEILING_DRAWS, within_mm=within_mm)
