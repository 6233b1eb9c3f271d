"""From slices to the patient: sum rule, any-slice rule, and no region at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from overread.core.slices_to_patient import any_slice_above, any_slice_rule, sum_rule

pytestmark = pytest.mark.light

BENIGN, PRIMARY, METASTASIS = 0, 1, 2
MALIGNANT = (PRIMARY, METASTASIS)
vectors = st.integers(1, 12).flatmap(lambda n: arrays(np.float64, (n, 3), elements=st.integers(0, 8).map(float)))


def test_one_malignant_slice_among_many_makes_the_patient_malignant() -> None:
    slices = [[0.9, 0.05, 0.05]] * 30 + [[0.3, 0.3, 0.4]]
    any_slice, summed = any_slice_rule(slices, MALIGNANT), sum_rule(slices)
    assert any_slice is not None
    assert summed is not None
    assert any_slice.is_positive
    assert (any_slice.positive_slices, any_slice.slices, any_slice.strongest) == (1, 31, 30)
    assert summed.call == BENIGN  # the two rules differ, which is why both are told


def test_a_patient_whose_slices_are_all_benign_is_benign() -> None:
    # Primary and metastasis together outweigh benign, but the largest class of each slice is benign.
    call = any_slice_rule([[0.4, 0.3, 0.3]] * 5, MALIGNANT)
    assert call is not None
    assert not call.is_positive
    assert call.score == pytest.approx(0.6)


@pytest.mark.parametrize("nothing", [[], np.empty((0, 3))])
def test_without_a_region_there_is_no_call_under_any_rule(nothing: object) -> None:
    assert sum_rule(nothing) is None  # type: ignore[arg-type]
    assert any_slice_rule(nothing, MALIGNANT) is None  # type: ignore[arg-type]
    assert any_slice_above([], 0.5) is None


@settings(deadline=None, max_examples=50)
@given(vectors)
def test_the_rules_are_what_a_loop_over_slices_says(slices: np.ndarray) -> None:
    total, is_malignant = [0.0, 0.0, 0.0], False
    for vector in slices.tolist():
        total = [t + v for t, v in zip(total, vector, strict=True)]
        is_malignant = is_malignant or vector.index(max(vector)) in MALIGNANT
    summed, any_slice = sum_rule(slices), any_slice_rule(slices, MALIGNANT)
    assert summed is not None
    assert any_slice is not None
    assert summed.call == total.index(max(total))
    assert summed.scores == pytest.approx([t / len(slices) for t in total])
    assert any_slice.is_positive == is_malignant


@settings(deadline=None, max_examples=50)
@given(vectors, st.randoms(use_true_random=False))
def test_the_order_of_slices_decides_nothing(slices: np.ndarray, random: object) -> None:
    turned = slices[random.sample(range(len(slices)), len(slices))]  # type: ignore[attr-defined]
    first, second = any_slice_rule(slices, MALIGNANT), any_slice_rule(turned, MALIGNANT)
    assert first is not None
    assert second is not None
    assert (first.is_positive, first.score, first.positive_slices) == (
        second.is_positive,
        second.score,
        second.positive_slices,
    )
    assert sum_rule(slices).call == sum_rule(turned).call  # type: ignore[union-attr]


@settings(deadline=None, max_examples=50)
@given(vectors)
def test_more_slices_never_turn_a_malignant_patient_benign(slices: np.ndarray) -> None:
    calls = [any_slice_rule(slices[: n + 1], MALIGNANT).is_positive for n in range(len(slices))]  # type: ignore[union-attr]
    assert calls == sorted(calls)


def test_a_score_at_the_threshold_is_positive() -> None:
    call = any_slice_above([0.2, 0.5, 0.1], 0.5)
    assert call is not None
    assert (call.is_positive, call.score, call.strongest, call.positive_slices) == (True, 0.5, 1, 1)
    below = any_slice_above([0.2, 0.49], 0.5)
    assert below is not None
    assert not below.is_positive


def test_the_strongest_slice_is_one_that_is_positive() -> None:
    # By the sum of malignant classes slice 0 is higher, but its largest class is benign.
    call = any_slice_rule([[0.4, 0.3, 0.3], [0.45, 0.55, 0.0]], MALIGNANT)
    assert call is not None
    assert (call.strongest, call.is_positive) == (1, True)


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="no number"):
        sum_rule([[0.2, np.nan, 0.1]])
    with pytest.raises(ValueError, match="no number"):
        any_slice_above([np.nan], 0.5)
    with pytest.raises(ValueError, match="classes"):
        any_slice_rule([[0.5, 0.5]], (2,))
