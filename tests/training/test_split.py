"""Patients are divided, never their slices or studies; diseased and others apart; the same seed, the same sides."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.core.errors import InputError
from overread.training.case_split import TEST, TRAINING, VALIDATION, Member, divide, folds

PATIENTS = st.lists(
    st.tuples(st.integers(1, 3), st.booleans(), st.sampled_from(["", "", "", TRAINING, VALIDATION])),
    min_size=4,
    max_size=30,
)


def _members(patients: list[tuple[int, bool, str]]) -> list[Member]:
    return [
        Member(f"c{n}-{study}", f"p{n}", split, ill)
        for n, (studies, ill, split) in enumerate(patients)
        for study in range(studies)
    ]


@given(PATIENTS, st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_all_studies_of_a_patient_are_on_one_side_and_the_list_is_obeyed(
    patients: list[tuple[int, bool, str]], seed: int
) -> None:
    members = _members(patients)
    sides = divide(members, seed)
    assert set(sides) == {m.case for m in members}
    for member in members:
        assert sides[member.case] == (member.split or sides[member.case])
        assert len({sides[m.case] for m in members if m.patient == member.patient}) == 1
    assert sides == divide(list(reversed(members)), seed)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_both_sides_hold_both_kinds_where_there_are_two_of_each(ill: int, well: int, seed: int) -> None:
    members = _members([(1, True, "")] * ill + [(1, False, "")] * well)
    sides = divide(members, seed)
    for kind, count in ((True, ill), (False, well)):
        found = [sides[m.case] for m in members if m.is_diseased == kind]
        assert found.count(VALIDATION) == (0 if count < 2 else max(1, min(round(0.2 * count), count - 1)))


@given(PATIENTS, st.integers(2, 4), st.integers(0, 9))
@settings(max_examples=80, deadline=None)
def test_folds_divide_patients_evenly_and_each_is_in_one(
    patients: list[tuple[int, bool, str]], count: int, seed: int
) -> None:
    members = _members(patients)
    found = folds(members, count, seed)
    assert sorted(case for fold in found for case in fold) == sorted(m.case for m in members)
    of_patient = {m.patient: {n for n, fold in enumerate(found) if m.case in fold} for m in members}
    assert all(len(numbers) == 1 for numbers in of_patient.values())
    for kind in (True, False):
        names = {m.patient for m in members if m.is_diseased == kind}
        sizes = [sum(of_patient[name] == {n} for name in names) for n in range(count)]
        assert max(sizes) - min(sizes) <= 1


def test_studies_of_one_patient_on_two_sides_are_refused_by_case() -> None:
    members = [Member("a", "p", TRAINING, True), Member("b", "p", VALIDATION, True)]
    with pytest.raises(InputError, match="a, b are of one patient but on both sides"):
        divide(members, 0)


def test_a_patient_whose_other_study_is_for_the_test_is_not_drawn() -> None:
    members = [Member("a", "p", "", True), Member("b", "p", TEST, True)]
    assert divide(members, 0) == {"a": TEST, "b": TEST}


def test_more_folds_than_patients_are_refused() -> None:
    with pytest.raises(InputError, match="there are 2 patients"):
        folds([Member("a", "p", "", True), dataclasses.replace(Member("b", "q", "", False))], 3, 0)
