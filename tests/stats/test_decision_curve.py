"""Net benefit against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overread.stats.decision_curve import decision_curve

pytestmark = pytest.mark.light

AT = [0.0, 0.05, 0.2, 0.5, 0.9]
cases = st.lists(st.tuples(st.integers(0, 20).map(lambda v: v / 20), st.booleans()), min_size=1, max_size=30)


@settings(deadline=None, max_examples=50)
@given(cases)
def test_net_benefit_is_what_counting_says(pairs: list[tuple[float, bool]]) -> None:
    curve = decision_curve([p for p, _ in pairs], [y for _, y in pairs], AT)
    for at, benefit, everyone in zip(AT, curve.model, curve.treat_all, strict=True):
        hits = sum(p >= at and y for p, y in pairs)
        false = sum(p >= at and not y for p, y in pairs)
        ill = sum(y for _, y in pairs)
        assert benefit == pytest.approx((hits - false * at / (1 - at)) / len(pairs), abs=1e-12)
        assert everyone == pytest.approx((ill - (len(pairs) - ill) * at / (1 - at)) / len(pairs), abs=1e-12)
    assert curve.model[0] == pytest.approx(curve.treat_all[0])  # at 0 everybody is called


def test_treating_all_is_worth_nothing_at_the_prevalence() -> None:
    curve = decision_curve([0.5] * 4, [True, False, False, False], [0.25])
    assert curve.treat_all[0] == pytest.approx(0)


def test_a_perfect_model_is_worth_the_prevalence_at_every_threshold() -> None:
    curve = decision_curve([1.0, 1.0, 0.0, 0.0, 0.0], [1, 1, 0, 0, 0], [0.1, 0.5, 0.9])
    assert curve.model.tolist() == pytest.approx([0.4] * 3)
    assert curve.is_useful.all()


def test_a_model_that_says_one_thing_of_all_is_never_useful() -> None:
    curve = decision_curve([0.3] * 10, [1, 1, 1] + [0] * 7, np.linspace(0.01, 0.99, 50))
    assert not curve.is_useful.any()


def test_a_weight_of_two_counts_a_case_twice() -> None:
    p, y = [0.2, 0.7, 0.6], [0, 1, 0]
    heavy, twice = decision_curve(p, y, AT, [2, 1, 1]), decision_curve([0.2, *p], [0, *y], AT)
    np.testing.assert_allclose(heavy.model, twice.model)
    np.testing.assert_allclose(heavy.treat_all, twice.treat_all)


def test_thresholds_and_scores_outside_0_to_1_are_refused() -> None:
    with pytest.raises(ValueError, match="threshold"):
        decision_curve([0.5], [1], [1.0])
    with pytest.raises(ValueError, match="a probability outside"):
        decision_curve([3.0], [1], [0.5])
