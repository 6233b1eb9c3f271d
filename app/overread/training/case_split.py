"""Who trains and who validates: patients are divided, never their slices, before anything is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from overread.core.errors import InputError

Patient = TypeVar("Patient", str, int)
TRAINING, VALIDATION, TEST = "train", "validation", "test"
VALIDATION_SHARE = 0.2
"""Of the patients that the list leaves open [A]; the paper has 15 % of its images for it."""


@dataclass(frozen=True, slots=True)
class Member:
    """A case as the division sees it: whose it is, where the list puts it ('' for nowhere), whether it is diseased."""

    case: str
    patient: str
    split: str
    is_diseased: bool


def divide(members: Sequence[Member], seed: int, share: float = VALIDATION_SHARE) -> dict[str, str]:
    """The side of each case, ``train``, ``validation`` or ``test``: as the list says, else drawn by patient.

    Patients that the list leaves open are drawn with the seed, diseased and others apart, so that both sides hold
    both where there are as many. A patient with one study on a side has all of them there.

    Raises
    ------
    InputError
        The list has studies of one patient on two sides.
    """
    sides: dict[str, str] = {}
    for member in members:
        if member.split and sides.setdefault(member.patient, member.split) != member.split:
            cases = [m.case for m in members if m.patient == member.patient]
            raise InputError(
                "These cases cannot be trained on",
                f"{', '.join(cases[:5])} are of one patient but on both sides of the split",
                "Give all studies of a patient one split",
            )
    has_validation = VALIDATION in sides.values()
    for diseased in (True, False):
        names = [p for p, ill in _diseased(members).items() if ill == diseased and p not in sides]
        count = 0 if has_validation else _share_of(len(names), share)
        for n, name in enumerate(_shuffled(names, seed, diseased)):
            sides[name] = VALIDATION if n < count else TRAINING
    return {member.case: sides[member.patient] for member in members}


def folds(members: Sequence[Member], count: int, seed: int) -> list[frozenset[str]]:
    """Cases of each of ``count`` folds: patients, diseased and others apart, dealt round in an order of the seed.

    Raises
    ------
    InputError
        There are fewer than two folds, or fewer patients than folds.
    """
    diseased = _diseased(members)
    strata = [_shuffled([p for p, is_ill in diseased.items() if is_ill == ill], seed, ill) for ill in (True, False)]
    fold_of = dealt(strata, count)
    return [frozenset(m.case for m in members if fold_of[m.patient] == n) for n in range(count)]


def dealt(strata: Sequence[Sequence[Patient]], count: int) -> dict[Patient, int]:
    """The fold of each patient: one after the other, stratum by stratum, they are dealt round.

    Raises
    ------
    InputError
        There are fewer than two folds, or fewer patients than folds.
    """
    patients = [patient for stratum in strata for patient in stratum]
    if count < 2 or count > len(patients):
        raise InputError(
            f"{count} folds cannot be made",
            f"there are {len(patients)} patients, and it takes two folds at least and a patient for each",
            "Choose another number with --folds",
        )
    return {patient: n % count for n, patient in enumerate(patients)}


def _diseased(members: Sequence[Member]) -> Mapping[str, bool]:
    """Patients in order, and whether any of their studies is diseased."""
    found: dict[str, bool] = {}
    for member in members:
        found[member.patient] = found.get(member.patient, False) or member.is_diseased
    return found


def _shuffled(names: Sequence[str], seed: int, stratum: bool) -> list[str]:
    rng = np.random.default_rng([seed, 31, int(stratum)])
    ordered = sorted(names)
    return [ordered[int(n)] for n in rng.permutation(len(ordered))]


def _share_of(count: int, share: float) -> int:
    """A share of a number, at least one of two or more, never all."""
    return min(max(round(share * count), 1), count - 1) if count > 1 else 0
