"""multiphase-characterisation counted as Wang counted: classes, LROC of HCC, lesions found, worth of confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from overread.evaluation.classes.answers import (
    Answers,
    accuracy_rows,
    class_rows,
    drawn_interval,
    is_plain,
    no_region_rows,
    patient_answers,
    region_answers,
)
from overread.evaluation.classes.case import SYSTEM, TRUE_REGIONS, Answer, ClassCase
from overread.evaluation.classes.subsets import TWO_CM, subsets_of, types_of
from overread.evaluation.rows import BOOTSTRAP, Heading, Patients, Row, make_row, rate_row, share_rows
from overread.evaluation.subsets import in_range
from overread.stats.curves import Curve
from overread.stats.merit.lroc import lroc_auc, lroc_curve
from overread.stats.multiclass import accuracy, confusion, has_class, macro_f1
from overread.stats.operating_points import sensitivity_at
from overread.stats.retention import SHARE, RetentionGain, retention_gain, surest

SOUGHT = "hcc"
SPECIFICITY = 0.8
"""At which Wang reads off the sensitivity (SEEDS 2.6)."""
WITH_REGION = "cases with a region"
LARGEST_SCORE = "largest class score as confidence"
_LROC_METRICS = (f"lroc-auc-{SOUGHT}", f"sensitivity-{SOUGHT}-at-80-specificity")
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def multiphase_rows(
    name: str, cases: Sequence[ClassCase], names: Sequence[str], people: Patients
) -> tuple[list[Row], bool | None, list[str]]:
    """All rows, whether confidence helps (None where nothing can be said), and notes in words."""
    rows: list[Row] = []
    for way, reader in ((SYSTEM, name), (TRUE_REGIONS, f"{name}, {TRUE_REGIONS}")):
        if not all(way in case.answers for case in cases):
            continue
        answers = patient_answers(cases, names, people, way)
        everyone = {"all": np.ones(len(cases), dtype=np.bool_), **subsets_of(cases, TWO_CM)}
        for subset, chosen in everyone.items():
            heading, part = Heading("patient", reader, subset), answers.where(chosen)
            rows += class_rows(heading, part, names, people) + no_region_rows(heading, part, people)
            if way == SYSTEM and SOUGHT in names:
                rows += _lroc_rows(heading, cases, answers, chosen, names.index(SOUGHT), people)
        for subset, chosen in types_of(cases).items():
            rows += accuracy_rows(Heading("patient", reader, subset), answers.where(chosen), people)
        rows += class_rows(Heading("region", reader), region_answers(cases, names, people, way), names, people)
    rows += _lesion_rows(name, cases, people)
    answers = patient_answers(cases, names, people)
    confident, helps, notes = _confidence_rows(name, answers, names, people)
    if SOUGHT in names:
        confident += _retained_lroc_rows(name, cases, answers, names.index(SOUGHT), people)
    return rows + confident, helps, notes + _not_localised(cases)


def lroc_of(cases: Sequence[ClassCase], answers: Answers, sought: int, *, is_strict: bool) -> Curve:
    """LROC of one class against the others. Strict: a case counts only where the first region lies on a target."""
    found = has_true_first(cases) if is_strict else answers.is_answered
    return lroc_curve(answers.scores[:, sought], answers.truth == sought, found)


def has_true_first(cases: Sequence[ClassCase]) -> Flags:
    """Whether the region with the highest score lies on a target lesion; of equal ones the lower slice."""
    return np.array([_first_fate(case.answers[SYSTEM]) in ("hit", "repeat") for case in cases], dtype=np.bool_)


def class_metrics(answers: Answers, count: int) -> dict[str, Callable[[NDArray[np.intp]], float]]:
    """Accuracy and macro F1 of chosen answers: what is looked at against the share that is kept.

    Macro F1 is the mean over the classes of all these answers, however few are chosen: a class that goes as a whole
    is not forgiven.
    """
    there = has_class(confusion(answers.truth, answers.calls, count))

    def of(figure: Callable[[Floats], Floats]) -> Callable[[NDArray[np.intp]], float]:
        return lambda index: float(figure(confusion(answers.truth[index], answers.calls[index], count)))

    return {"accuracy": of(accuracy), "macro-f1": of(lambda counts: macro_f1(counts, there))}


def _first_fate(answer: Answer) -> str:
    if not answer.regions:
        return "none"
    return min(answer.regions, key=lambda r: (-r.score, r.slice if r.slice is not None else 0)).fate


def _lroc_rows(
    heading: Heading, cases: Sequence[ClassCase], answers: Answers, chosen: Flags, sought: int, people: Patients
) -> list[Row]:
    part = answers.where(chosen)
    is_sought = part.truth == sought
    if not is_sought.any() or is_sought.all():
        return []
    first = has_true_first(cases)[chosen]
    plain = is_plain(part)
    n = {"positive": int(is_sought.sum()), "negative": int((~is_sought).sum())}
    rows: list[Row] = []
    for suffix, found in (("", part.is_answered), ("-strict", first)):
        counts = {**n, "localised": int((found & is_sought).sum())}
        value = _lroc_figures(part, sought, found, np.ones(is_sought.size))
        drawn = np.array([_lroc_figures(part, sought, found, weights[part.patient]) for weights in people.weights])
        for k, metric in enumerate(_LROC_METRICS):
            interval = drawn_interval(drawn[:, k], int(np.unique(part.patient).size))
            rows.append(make_row(heading, metric + suffix, value[k], interval, BOOTSTRAP, counts))
    rows += share_rows(heading, "first-region-on-a-lesion", first, part.patient, people, "cases", plain)
    return rows


def _lroc_figures(part: Answers, sought: int, found: Flags, weights: Floats) -> tuple[float, float]:
    """Area, and sensitivity at the wanted specificity, when each case counts so often."""
    curve = lroc_curve(part.scores[:, sought], part.truth == sought, found, weights)
    return lroc_auc(curve), sensitivity_at(curve, SPECIFICITY)


def _retained_lroc_rows(
    name: str, cases: Sequence[ClassCase], answers: Answers, sought: int, people: Patients
) -> list[Row]:
    """Area and sensitivity of the LROC of the surest cases; the line is drawn anew in every resample."""
    if not (np.isfinite(answers.confidence) & answers.is_answered).any():
        return []
    first, everyone = has_true_first(cases), np.arange(answers.truth.size)

    def of_surest(index: NDArray[np.intp]) -> list[float]:
        kept = index[surest(answers.confidence[index])]
        is_sought = answers.truth[kept] == sought
        if not is_sought.any() or is_sought.all():
            return [float("nan")] * 4
        found = answers.is_answered[kept], first[kept]
        curves = [lroc_curve(answers.scores[kept, sought], is_sought, flags) for flags in found]
        return [figure for curve in curves for figure in (lroc_auc(curve), sensitivity_at(curve, SPECIFICITY))]

    value = of_surest(everyone)
    drawn = np.array([of_surest(np.repeat(everyone, w[people.of_case].astype(np.intp))) for w in people.weights])
    kept = surest(answers.confidence)
    n = {"kept": kept.size, "cases": everyone.size, "positive": int((answers.truth[kept] == sought).sum())}
    rows = []
    for k, (metric, suffix) in enumerate((m, s) for s in ("", "-strict") for m in _LROC_METRICS):
        interval = drawn_interval(drawn[:, k], people.count)
        heading = Heading("patient", name)
        rows.append(make_row(heading, f"{metric}{suffix}-at-70-retained", value[k], interval, BOOTSTRAP, n))
    return rows


def _lesion_rows(name: str, cases: Sequence[ClassCase], people: Patients) -> list[Row]:
    """Target lesions that a region lies on, and regions beside all of them, by the one rule of hits."""
    found, diameter, kind, patient = [], [], [], []
    for number, case in zip(people.of_case, cases, strict=True):
        reached = {r.lesion for r in case.answers[SYSTEM].regions if r.fate == "hit"}
        for n, lesion in enumerate(case.lesions):
            found.append(n in reached)
            diameter.append(lesion.diameter_mm)
            kind.append(lesion.type)
            patient.append(int(number))
    is_found, sizes, who = np.array(found, dtype=np.bool_), np.array(diameter), np.array(patient, dtype=np.intp)
    subsets = {"all": np.ones(is_found.size, dtype=np.bool_)}
    subsets |= {
        f"lesion {label.removeprefix('largest lesion ')}": in_range(sizes, *span) for label, span in TWO_CM.items()
    }
    subsets |= {f"type {t}": np.array([k == t for k in kind]) for t in sorted({k for k in kind if k is not None})}
    rows = []
    for subset, chosen in subsets.items():
        heading = Heading("lesion", name, subset)
        rows += share_rows(heading, "sensitivity", is_found[chosen], who[chosen], people, "lesions")
    fates = [[r.fate for r in case.answers[SYSTEM].regions] for case in cases]
    everyone = np.ones(len(cases))
    for metric, wanted in (("regions-per-case", None), ("false-regions-per-case", "false")):
        counts = np.array([len(f) if wanted is None else f.count(wanted) for f in fates], dtype=np.float64)
        total = {"cases": len(cases), "regions": int(counts.sum())}
        rows.append(rate_row(Heading("lesion", name), metric, counts, everyone, people.of_case, people, total))
    return rows


def _confidence_rows(
    name: str, answers: Answers, names: Sequence[str], people: Patients
) -> tuple[list[Row], bool | None, list[str]]:
    """What the surest 70 % gain, of all cases and of those with a region; only the latter have a confidence."""
    known = np.isfinite(answers.confidence) & answers.is_answered
    if known.sum() < 2:
        return [], None, ["No case has a confidence: nothing can be said of what it is worth."]
    rows: list[Row] = []
    localised = answers.where(known)
    gains = {}
    for metric in class_metrics(localised, len(names)):
        gains[WITH_REGION, metric] = _gain(localised, metric, len(names), people)
        gains["all", metric] = gains[WITH_REGION, metric] if known.all() else _gain(answers, metric, len(names), people)
    for (subset, metric), gain in gains.items():
        rows += _gain_rows(Heading("patient", name, subset), metric, gain)
    right = class_metrics(localised, len(names))["accuracy"]
    plain = retention_gain(localised.scores.max(axis=1), right, list(localised.patient), people.rng())
    rows += _gain_rows(Heading("patient", LARGEST_SCORE, WITH_REGION), "accuracy", plain)
    both = [gains[WITH_REGION, metric] for metric in ("accuracy", "macro-f1")]
    return rows, all(gain.helps for gain in both), [_words_of(*both)]


def _gain(answers: Answers, metric: str, count: int, people: Patients) -> RetentionGain:
    statistic = class_metrics(answers, count)[metric]
    return retention_gain(answers.confidence, statistic, list(answers.patient), people.rng())


def _gain_rows(heading: Heading, metric: str, gain: RetentionGain) -> list[Row]:
    n = {"kept": gain.kept, "cases": gain.total}
    parts = {f"{metric}-at-70-retained": gain.surest, f"{metric}-at-70-retained-minus-all": gain.difference}
    return [make_row(heading, m, e.value, e.interval, BOOTSTRAP, n) for m, e in parts.items()]


def _words_of(right: RetentionGain, mean_f1: RetentionGain) -> str:
    found = (
        f"Of the {SHARE:.0%} most confident cases with a region {100 * right.surest.value:.1f} % are called rightly, "
        f"of all {100 * right.everyone.value:.1f} %: {_points(right)} points; mean F1 {_points(mean_f1)}"
    )
    if right.helps and mean_f1.helps:
        return f"{found}. Confidence helps."
    if right.difference.high < 0 and mean_f1.difference.high < 0:
        return f"{found}. Confidence misleads here."
    return f"{found}. Not both intervals lie above 0: confidence is not shown to help."


def _points(gain: RetentionGain) -> str:
    value, low, high = (100 * v for v in (gain.difference.value, *gain.difference.interval))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _not_localised(cases: Sequence[ClassCase]) -> list[str]:
    missed = [case for case in cases if not case.answers[SYSTEM].is_answered]
    if not missed:
        return ["In every case at least one region was found."]
    by_label = ", ".join(
        f"{label} {sum(case.label == label for case in missed)}" for label in sorted({case.label for case in missed})
    )
    words = f"Not localised: {len(missed)} of {len(cases)} cases ({by_label})"
    return [f"{words}; each is a miss of its own class and charged to no other. They are not in the calibration."]
