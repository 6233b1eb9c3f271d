"""Readers' data of cases that were drawn with replacement."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from overread.core.reader_data import Choices, FalseMarks, Lesions, ReaderData

Places = NDArray[np.intp]


def stratified_draws(data: ReaderData, rng: np.random.Generator, draws: int) -> Iterator[Places]:
    """Places of cases, drawn by patient: as many patients with a diseased case, and as many without, as there are."""
    names = data.patients or data.cases
    _, patient = np.unique(np.asarray(names).astype(str), return_inverse=True)
    members = [np.flatnonzero(patient == n) for n in range(patient.max() + 1)]
    is_diseased = np.array([data.is_diseased[m].any() for m in members])
    strata = [np.flatnonzero(is_diseased), np.flatnonzero(~is_diseased)]
    for _ in range(draws):
        chosen = [rng.choice(stratum, len(stratum)) for stratum in strata if len(stratum)]
        yield np.concatenate([members[n] for n in np.concatenate(chosen)])


def resampled(data: ReaderData, chosen: Places) -> ReaderData:
    """Some cases, a case that comes twice being two cases with the same readings."""
    lesions, lesion_ratings, false_marks = data.lesions, data.lesion_ratings, data.false_marks
    if lesions is not None and lesion_ratings is not None and false_marks is not None:
        of, case = _expanded(lesions.case, chosen)
        lesions = Lesions(tuple(lesions.ids[n] for n in of), case, lesions.weight[of])
        lesion_ratings = lesion_ratings[:, :, of]
        of, case = _expanded(false_marks.case, chosen)
        false_marks = FalseMarks(false_marks.condition[of], false_marks.reader[of], case, false_marks.rating[of])
    choices = data.choices
    if choices is not None:
        choices = Choices(
            choices.names, choices.truth[chosen], choices.called[:, :, chosen], choices.confidence[:, :, chosen]
        )
    return ReaderData(
        data.paradigm,
        data.conditions,
        data.readers,
        tuple(f"{data.cases[k]}#{n}" for n, k in enumerate(chosen)),
        data.is_diseased[chosen],
        data.ratings[:, :, chosen],
        None if data.correct is None else data.correct[:, :, chosen],
        None if data.incorrect is None else data.incorrect[:, :, chosen],
        lesions,
        lesion_ratings,
        false_marks,
        choices,
        None if data.seconds is None else data.seconds[:, :, chosen],
        tuple(data.patients[k] for k in chosen) if data.patients else (),
        tuple(data.subsets[k] for k in chosen) if data.subsets else (),
        data.notes,
    )


def _expanded(owner: Places, chosen: Places) -> tuple[Places, Places]:
    """For things that belong to cases: which of them come, and the new place of their case."""
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], chosen, side="left")
    count = np.searchsorted(owner[order], chosen, side="right") - start
    case = np.repeat(np.arange(len(chosen)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return order[np.repeat(start, count) + within], case
